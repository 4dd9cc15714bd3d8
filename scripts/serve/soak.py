"""Long checks of a server, run by hand; see scripts/soak-serve.

Prints one line for each check, with its figures; docs/server.md has those of the last run.
"""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import accidents
import openai
from server import Server, serving
from talk import cached, question, reply, streamed, turn

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


def resident(server: Server) -> float:
    """Megabytes of memory."""
    pages = int(pathlib.Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def prepared(options: argparse.Namespace, server: Server, tokens: int) -> dict:
    """A stored document of about so long a text."""
    essays = sorted((options.cache / "essays").glob("*.txt"))
    text = "\n\n".join(essay.read_text() for essay in essays)[: int(tokens * 4.35)]
    body = {"model": "smol", "name": "book", "text": text}
    status, _, content = server.ask("POST", "/api/documents", body)
    last = json.loads(content.decode().strip().split("\n\n")[-1].removeprefix("data: "))
    assert status == 200 and "document" in last, content[-500:]
    return last["document"]


def check_first_token(options: argparse.Namespace, folder: pathlib.Path) -> str:
    """The first token of a prepared document through the server, and by resume."""
    store, model = folder / "store", options.cache / MODEL
    with serving(options.server, "--store", str(store), models={"smol": model}) as server:
        document = prepared(options, server, 7500)
        served, resumed, inner = [], [], []
        for index in range(options.repeats):
            ask = f"What does the author say about number {index}?"
            start = time.monotonic()
            stream = server.client().chat.completions.create(
                model="smol",
                messages=[turn("user", ask)],
                max_tokens=4,
                stream=True,
                extra_body={"document": "book", "compression": 8},
            )
            for chunk in stream:
                if chunk.choices and chunk.choices[0].delta.content:
                    served.append(time.monotonic() - start)
                    break
            for chunk in stream:
                extra = getattr(chunk, "qfilters", None)
                if extra:
                    inner.append(extra["first_token_seconds"])
            command = [options.program, "resume", store / "book.kvsnap", "--model", model]
            command += ["--prompt", ask, "--compression", "8", "--max-tokens", "4", "--json"]
            result = subprocess.run(command, check=True, capture_output=True)
            resumed.append(json.loads(result.stdout)["firstTokenSeconds"])
        parts = [statistics.median(values) * 1000 for values in (served, inner, resumed)]
        assert parts[0] - parts[2] <= 30, parts
        return (
            f"{document['tokens']} tokens at ×8: {parts[0]:.0f} ms to the client "
            f"({parts[1]:.0f} ms in the server), resume {parts[2]:.0f} ms"
        )


def check_load(options: argparse.Namespace, folder: pathlib.Path) -> str:
    """Many clients at once: nothing is lost, memory stays level, and nobody waits for too long."""
    store, model = folder / "store", options.cache / MODEL
    waits: list[list[float]] = [[] for _ in range(options.clients)]
    failures: list[str] = []
    with serving(
        options.server, "--store", str(store), "--limit", "2G", models={"smol": model}
    ) as server:
        prepared(options, server, 2000)
        end = time.monotonic() + 60 * options.minutes

        def client(index: int) -> None:
            chance, own = random.Random(index), server.client()
            while time.monotonic() < end:
                start = time.monotonic()
                try:
                    streamed(
                        own,
                        [turn("user", f"{question(chance, 4)}?")],
                        tokens=8,
                        model="smol",
                        extra_body={"document": "book", "compression": 8},
                    )
                except Exception as error:  # noqa: BLE001
                    failures.append(repr(error))
                waits[index].append(time.monotonic() - start)

        threads = [threading.Thread(target=client, args=(i,)) for i in range(options.clients)]
        for thread in threads:
            thread.start()
        time.sleep(min(60, 20 * options.minutes))
        early, peak = resident(server), 0.0
        while time.monotonic() < end:
            time.sleep(1)
            peak = max(peak, resident(server))
        for thread in threads:
            thread.join()
        late = resident(server)
    every = [wait for own in waits for wait in own]
    assert not failures, failures[:3]
    middle, most = statistics.median(every), max(every)
    counts = [len(own) for own in waits]
    assert most < 3 * middle, (middle, most)
    assert late < early * 1.3 + 50, (early, late)
    return (
        f"{len(every)} answers for {options.clients} clients in {options.minutes:g} minutes, none "
        f"lost; {min(counts)} to {max(counts)} for each; wait {middle:.2f} s in the middle, "
        f"{most:.2f} s at most; memory {early:.0f} MB after the first part, {late:.0f} MB at the "
        f"end, {peak:.0f} MB at most"
    )


def check_keys_in_time(options: argparse.Namespace, folder: pathlib.Path) -> str:
    """What another key has in the store makes no answer faster."""
    keys, model = folder / "keys", options.cache / MODEL
    names = ["first-key-of-the-test", "second-key-of-the-test"]
    keys.write_text("\n".join(names) + "\n")
    essay = (options.cache / "essays/worked.txt").read_text()
    times: dict[str, list[float]] = {"own": [], "others": [], "nobody": []}
    with serving(
        options.server,
        "--store",
        str(folder / "store"),
        "--api-keys",
        str(keys),
        models={"smol": model},
    ) as server:
        one, other = (server.client(key) for key in names)

        def first_token(client: openai.OpenAI, text: str) -> tuple[float, int]:
            answer = reply(client, [turn("user", text)], tokens=1, model="smol")
            return answer.qfilters["first_token_seconds"], cached(answer)

        for index in range(options.repeats):
            part = f"{index} {essay[index * 900 : index * 900 + 4000]}"
            nobody = first_token(one, part)
            others = first_token(other, part)
            own = first_token(one, part)
            assert (nobody[1], others[1]) == (0, 0) and own[1] > 500
            for name, value in (("nobody", nobody), ("others", others), ("own", own)):
                times[name].append(value[0])
    middle = {name: statistics.median(values) * 1000 for name, values in times.items()}
    assert middle["own"] < middle["others"] / 3
    assert abs(middle["others"] - middle["nobody"]) < 0.25 * middle["nobody"], middle
    return ", ".join(f"{name} {value:.0f} ms" for name, value in middle.items())


def main() -> int:
    parser = argparse.ArgumentParser(prog="soak-serve", description=__doc__)
    parser.add_argument("server")
    parser.add_argument("program")
    parser.add_argument("cache", type=pathlib.Path)
    parser.add_argument("--only", default="", help="the part of a name that a check must have")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10, help="how long the load lasts")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    for name, check in [*vars(accidents).items(), *globals().items()]:
        if name.startswith("check_") and options.only in name:
            with tempfile.TemporaryDirectory(prefix="soak-") as folder:
                print(f"{name}: {check(options, pathlib.Path(folder))}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
