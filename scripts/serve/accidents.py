"""Accidents that happen to a server and its store; see scripts/soak-serve."""

import argparse
import os
import pathlib
import random
import shutil
import subprocess
import threading

import openai
from server import OTHER, TINY, Server, patient, serving
from talk import cached, question, reply, streamed, turn


def check_kills(options: argparse.Namespace, folder: pathlib.Path) -> str:
    """A server is killed at random moments: no answer is wrong, and none that ended is lost."""
    chance, store = random.Random(11), folder / "store"
    models = {"tiny": patient(folder)}
    messages, answers, last, kept = [], [], 0, 0
    ask = question(chance)
    for _ in range(options.kills):
        server = Server(options.server, "--exact", "--store", str(store), models=models)
        try:
            timer = threading.Timer(chance.uniform(0, 0.08), server.process.kill)
            timer.start()
            text, _, usage, _ = streamed(server.client(), [*messages, turn("user", ask)], tokens=8)
            # The usage is the last thing that comes, after the turn was saved.
            assert usage is not None
            assert usage.prompt_tokens_details.cached_tokens >= last
            last, kept = usage.prompt_tokens, kept + 1
            answers.append((ask, text))
            messages += [turn("user", ask), turn("assistant", text)]
            ask = question(chance)
        except (openai.APIError, OSError, AssertionError) as error:
            if isinstance(error, AssertionError) and error.args:
                raise
        finally:
            timer.cancel()
            timer.join()
            server.kill()
            server.close()
        if store.exists():
            subprocess.run(
                [options.program, "store", "verify", "--store", store],
                check=True,
                stdout=subprocess.DEVNULL,
            )
    with serving(options.server, "--exact", models=models) as plain:
        so_far = []
        for asked, text in answers:
            so_far.append(turn("user", asked))
            expected = reply(plain.client(), so_far, tokens=8).choices[0].message.content
            assert text == expected, (asked, text, expected)
            so_far.append(turn("assistant", text))
    files = len(list(store.glob("*.kvsnap")))
    return f"{options.kills} kills, {kept} answers, all right; {files} valid snapshots"


def check_exchanged_weights(options: argparse.Namespace, folder: pathlib.Path) -> str:
    """Another model's weights come to the same path while the server runs."""
    model, store = folder / "model.gguf", folder / "store"
    shutil.copy(TINY, model)
    ask = [turn("user", " ".join(["words of the cache"] * 12))]
    with serving(options.server, "--store", str(store), models={"tiny": model}) as server:
        first = reply(server.client(), ask)
        assert cached(reply(server.client(), ask)) > 0
        shutil.copy(OTHER, folder / "new")
        os.replace(folder / "new", model)
        second = reply(server.client(), ask)
        assert cached(second) == 0, second.usage
        assert cached(reply(server.client(), ask)) > 0
        contexts = server.json("GET", "/api/contexts")["contexts"]
    assert first.qfilters["saved"] != second.qfilters["saved"]
    return f"nothing old was used; the store has {len(contexts)} snapshots of two models"


def check_full_disk(options: argparse.Namespace, folder: pathlib.Path) -> str:
    """The store is on a disk of 300 kB."""
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], check=True)
    try:
        said, saved, problems = 0, 0, set()
        chance = random.Random(1)
        models = {"tiny": patient(folder)}
        with serving(options.server, "--store", str(disk), models=models) as server:
            for _ in range(30):
                answer = reply(server.client(), [turn("user", question(chance, 40))])
                said += answer.choices[0].message.content is not None
                saved += answer.qfilters["saved"] is not None
                problems.add(answer.qfilters["problem"])
        assert said == 30 and 0 < saved < 30, (said, saved)
        assert len(list(disk.glob("*.kvsnap"))) == saved
        assert len(list(disk.iterdir())) == saved
        subprocess.run(
            [options.program, "store", "verify", "--store", disk],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        problems.discard(None)
        return f"30 answers, {saved} saved; {sorted(problems)[0]!r}"
    finally:
        subprocess.run(["umount", disk], check=True)
