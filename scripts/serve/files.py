"""Keys and filter banks that a server is started with."""

import json
import pathlib
import subprocess

from server import OTHER, TINY, serving
from stores import converse
from talk import cached, said


def check_encryption(program: str, folder: pathlib.Path) -> None:
    """With a key file nothing of a store can be read without it, and no answer changes."""
    key = folder / "key"
    key.write_bytes(bytes(range(64)))
    store = ("--exact", "--store", str(folder / "secret"))
    with serving(program, "--exact") as plain:
        expected = [said(answer) for answer in converse(plain, 3, seed=9)]
    for known in (0, 1):
        with serving(program, *store, "--key-file", str(key)) as server:
            answers = converse(server, 3, seed=9)
            assert [said(answer) for answer in answers] == expected
            assert (cached(answers[0]) > 0) == bool(known)
    with serving(program, *store) as server:
        listed = server.json("GET", "/api/contexts")
        assert listed["contexts"] == [] and len(listed["problems"]) == 3
        assert str(folder) not in json.dumps(listed)
        answers = converse(server, 1, seed=9)
        assert said(answers[0]) == expected[0] and cached(answers[0]) == 0
        # Nothing was set aside: the files are as good as before.
        assert server.json("GET", "/api/contexts")["quarantined"] == 0


def check_filters(program: str, folder: pathlib.Path) -> None:
    """A bank ranks the contexts of its model, and of no other."""
    command, bank = pathlib.Path(program).with_name("qfilters"), folder / "tiny.qfilt"
    corpus = folder / "corpus.txt"
    corpus.write_text("The cache remembers what the question forgets. " * 400)
    options = ["--corpus", corpus, "--sequences", "2", "--length", "64", "--out", bank]
    subprocess.run([command, "precompute", "--model", TINY, *options], check=True, text=True)
    store, models = folder / "ranked", {"tiny": TINY, "other": OTHER}
    filters = ("--filters", f"tiny={bank}")
    with serving(program, "--store", str(store), *filters, models=models) as server:
        body = {"model": "tiny", "name": "book", "text": "cache of words " * 20}
        assert server.ask("POST", "/api/documents", body)[0] == 200
        assert converse(server, 2, seed=4)
    shown = subprocess.run(
        [command, "inspect", store / "book.kvsnap", "--json"], check=True, capture_output=True
    )
    assert b"Q-Filters" in shown.stdout or b"qfilters" in shown.stdout.lower(), shown.stdout
    filters = ("--filters", f"other={bank}")
    with serving(program, *filters, models=models) as server:
        body = {"model": "other", "prompt": "a", "max_tokens": 1}
        status, _, content = server.ask("POST", "/v1/completions", body)
        assert status == 400 and str(folder) not in content.decode(), content
