"""Conversations that continue from the store."""

import json
import pathlib
import random
import subprocess
import time

from forms import error
from server import Server, patient, serving
from talk import cached, question, reply, said, streamed, turn

KEYS = ("first-key-of-the-test", "second-key-of-the-test")


def converse(server: Server, turns: int, seed: int, key: str = "none") -> list:
    """The answers of a conversation, each turn of which continues the one before."""
    chance, client = random.Random(seed), server.client(key)
    messages, answers = [], []
    for _ in range(turns):
        messages.append(turn("user", question(chance)))
        answers.append(reply(client, messages))
        messages.append(turn("assistant", answers[-1].choices[0].message.content))
    return answers


def check_tokens(answers: list) -> None:
    """Each turn computes what is new: what was asked and answered before comes from the store."""
    for before, answer in zip(answers, answers[1:], strict=False):
        usage = before.usage
        least, most = usage.prompt_tokens, usage.prompt_tokens + usage.completion_tokens
        # Another spelling of the answer may have other tokens.
        assert least <= cached(answer) <= most, (least, cached(answer), most)
        assert answer.qfilters["problem"] is None


def check_conversations(program: str, folder: pathlib.Path, turns: int = 20) -> None:
    """With a store, answers are token by token those without one, also after a restart."""
    store = folder / "conversations"
    models = {"tiny": patient(folder)}
    with serving(program, "--exact", models=models) as plain:
        expected = converse(plain, turns, seed=1)
        assert all(cached(answer) == 0 for answer in expected)
        assert all(answer.qfilters["saved"] is None for answer in expected)
    options = ("--exact", "--store", str(store))
    with serving(program, *options, models=models) as server:
        answers = converse(server, turns, seed=1)
        assert [said(a) for a in answers] == [said(a) for a in expected]
        assert cached(answers[0]) == 0
        check_tokens(answers)
        check_growth(store)
        names = [context["name"] for context in server.json("GET", "/api/contexts")["contexts"]]
        assert len(names) == turns
    with serving(program, *options, models=models) as server:
        again = converse(server, turns, seed=1)
        assert [said(a) for a in again] == [said(a) for a in expected]
        assert all(cached(a) == a.usage.prompt_tokens - 1 for a in again)
        assert len(list(store.glob("*.kvsnap"))) == turns


def check_growth(store: pathlib.Path) -> None:
    """The store grows with new pairs alone, and each is written at most twice."""
    sizes = sorted(file.stat().st_size for file in store.glob("*.kvsnap"))
    usual = sizes[len(sizes) // 2]
    # A file also holds the ids of all tokens, four bytes each.
    assert sum(sizes) < 2 * len(sizes) * usual, sizes


def check_restarts(program: str, folder: pathlib.Path, turns: int = 20) -> None:
    """A conversation goes through a restart between all its turns, and some servers are killed."""
    store, models = folder / "restarts", {"tiny": patient(folder)}
    with serving(program, "--exact", models=models) as plain:
        expected = converse(plain, turns, seed=3)
    chance, messages, before = random.Random(3), [], None
    for index in range(turns):
        server = Server(program, "--exact", "--store", str(store), models=models)
        try:
            messages.append(turn("user", question(chance)))
            answer = reply(server.client(), messages)
            assert said(answer) == said(expected[index]), (index, said(answer))
            messages.append(turn("assistant", answer.choices[0].message.content))
            assert before is None or cached(answer) >= before.usage.prompt_tokens
            before = answer
            if index % 3 == 2:
                server.kill()
            else:
                server.stop()
        finally:
            server.close()
    assert not [name for name in store.iterdir() if name.suffix != ".kvsnap"]


def check_curl(program: str, folder: pathlib.Path, turns: int = 20) -> None:
    """curl converses, too."""
    models = {"tiny": patient(folder)}
    with serving(program, "--exact", models=models) as plain:
        expected = converse(plain, turns, seed=4)
    store = folder / "curl"
    with serving(program, "--exact", "--store", str(store), models=models) as server:
        chance, messages, least = random.Random(4), [], 0
        for answer in expected:
            messages.append(turn("user", question(chance)))
            body = {"model": "tiny", "messages": messages, "max_tokens": 4}
            command = ["curl", "--silent", "--show-error", "--fail-with-body", "--json", "@-"]
            got = subprocess.run(
                [*command, server.address + "/v1/chat/completions"],
                input=json.dumps(body).encode(),
                check=True,
                capture_output=True,
            )
            got = json.loads(got.stdout)
            text = got["choices"][0]["message"]["content"]
            assert text == answer.choices[0].message.content
            # An answer that begins with a line break changes the spelling of what comes before it.
            assert got["usage"]["prompt_tokens_details"]["cached_tokens"] >= least - 2
            least = got["usage"]["prompt_tokens"]
            messages.append(turn("assistant", text))


def check_branches(program: str, folder: pathlib.Path) -> None:
    """Two ends of one conversation share its beginning."""
    with serving(program, "--exact", "--store", str(folder / "branches")) as server:
        client = server.client()
        root = [turn("system", "words of the cache"), turn("user", "what forgets the question")]
        first = reply(client, root)
        root.append(turn("assistant", first.choices[0].message.content))
        for end in ("2048", "cafe"):
            answer = reply(client, [*root, turn("user", end)])
            assert cached(answer) >= first.usage.prompt_tokens
        edited = [root[0], turn("user", "what forgets the cafe")]
        assert 0 < cached(reply(client, edited)) < first.usage.prompt_tokens
        contexts = server.json("GET", "/api/contexts")["contexts"]
        parents = [context["parent"] for context in contexts]
        assert parents.count(first.qfilters["saved"]) >= 2, contexts
        saved = first.qfilters["saved"]
        assert server.ask("DELETE", f"/api/contexts/{saved}")[0] == 409
        path = f"/api/contexts/{saved.replace('~', '%7E')}?children=true"
        assert len(server.json("DELETE", path)["removed"]) == len(contexts)
        assert server.json("GET", "/api/contexts")["contexts"] == []


def check_documents(program: str, folder: pathlib.Path) -> None:
    """A document is prepared, asked about at ×1, ×2 and by recall, shown, drawn and removed."""
    with serving(program, "--store", str(folder / "documents")) as server:
        text = " ".join(question(random.Random(seed)) for seed in range(40))
        body = {"model": "tiny", "name": "book", "text": text}
        status, headers, content = server.ask("POST", "/api/documents", body)
        assert status == 200 and headers["content-type"].startswith("text/event-stream")
        events = [json.loads(e.removeprefix("data: ")) for e in content.decode().split("\n\n") if e]
        assert events[0]["phase"] == "prefill" and events[-1]["document"]["name"] == "book"
        document = events[-1]["document"]
        assert document["kind"] == "document" and document["tokens"] == document["own_tokens"]
        assert server.ask("POST", "/api/documents", body)[0] == 409
        for mode in ({}, {"compression": 2}, {"recall": 2}):
            extra = {"document": "book", **mode}
            text, _, usage, qfilters = streamed(
                server.client(), [turn("user", "what")], extra_body=extra
            )
            assert usage.prompt_tokens_details.cached_tokens >= document["tokens"] - 2, usage
            assert qfilters["saved"] and not qfilters["problem"]
        turns = server.json("GET", "/api/contexts/book/text")["turns"]
        assert turns[-1]["role"] == "user" and "cache" in turns[-1]["text"]
        status, headers, content = server.ask("GET", "/api/contexts/book/heatmap")
        assert status == 200 and headers["content-type"] == "image/svg+xml"
        assert content.startswith(b"<svg")
        metrics = server.metrics()
        listed = server.json("GET", "/api/contexts")
        assert metrics["qfilters_store_bytes"] == listed["bytes"] > 0
        assert metrics['qfilters_requests_total{status="409"}'] == 1
        assert metrics["qfilters_cached_tokens_total"] > 0
        assert metrics["process_resident_memory_bytes"] > 1e6


def check_keys(program: str, folder: pathlib.Path) -> None:
    """Two keys never see each other's contexts, and without a key there is nothing."""
    keys = folder / "keys"
    keys.write_text("# of the test\n\n" + "\n".join(KEYS) + "\n")
    store = folder / "tenants"
    with serving(program, "--store", str(store), "--api-keys", str(keys)) as server:
        one, other = (converse(server, 2, seed=5, key=key) for key in KEYS)
        assert [said(a) for a in one] == [said(a) for a in other]
        assert cached(other[0]) == 0
        listed = [server.json("GET", "/api/contexts", key=key)["contexts"] for key in KEYS]
        assert [len(contexts) for contexts in listed] == [2, 2]
        body = {"model": "tiny", "name": "book", "text": "cache of words"}
        assert server.ask("POST", "/api/documents", body, key=KEYS[0])[0] == 200
        for method, path in [
            ("GET", "/api/contexts/book/text"),
            ("GET", "/api/contexts/book/heatmap"),
            ("DELETE", "/api/contexts/book"),
        ]:
            assert server.ask(method, path, key=KEYS[1])[0] == 404
        ask = [turn("user", "what")]
        unknown = error(lambda: reply(server.client(KEYS[1]), ask, extra_body={"document": "book"}))
        assert unknown[0] == 404
        counts = [server.metrics(key)["qfilters_store_bytes"] for key in KEYS]
        assert counts[0] > counts[1] > 0
        assert "process_resident_memory_bytes" not in server.metrics(KEYS[0])
        for key in ("", "first-key-of-the-tes", KEYS[0] + "x", "é" * 16):
            headers = {"Authorization": f"Bearer {key}".encode()} if key else {}
            for path in ("/v1/models", "/api/contexts", "/metrics"):
                status, _, content = server.ask("GET", path, headers=headers)
                assert status == 401 and b"invalid_api_key" in content
        assert server.ask("GET", "/")[0] == 200 and server.ask("GET", "/health")[0] == 200
        assert sorted(len(folder.name) for folder in store.iterdir()) == [32, 32]
        assert not any(key in server.errors() for key in KEYS)


def check_limit(program: str, folder: pathlib.Path) -> None:
    """The store stays within its limit, and an answer that finds no room is an answer."""
    store = folder / "limit"
    options = ("--store", str(store), "--limit", "200K")
    with serving(program, *options, models={"tiny": patient(folder)}) as server:
        for seed in range(12):
            answers = converse(server, 2, seed=100 + seed)
            assert all(answer.choices[0].message.content is not None for answer in answers)
            # Files may share blocks with none; their sizes count.
            size = sum(file.stat().st_size for file in store.glob("*.kvsnap"))
            assert size <= 200_000 * 1.5, size
        text = " ".join(question(random.Random(seed)) for seed in range(300))
        body = {"model": "tiny", "name": "big", "text": text}
        status, _, content = server.ask("POST", "/api/documents", body)
        assert b'"error"' in content and status in (200, 413), content
        assert not (store / "big.kvsnap").exists()


def repeat(program: str, folder: pathlib.Path, minutes: float) -> None:
    """Conversations, restarts and branches in a row; each round in a store of its own."""
    end, rounds = time.monotonic() + 60 * minutes, 0
    while time.monotonic() < end:
        part = folder / f"round-{rounds}"
        part.mkdir()
        check_conversations(program, part)
        check_restarts(program, part)
        check_branches(program, part)
        rounds += 1
    print(f"test-serve: {rounds} rounds", flush=True)
