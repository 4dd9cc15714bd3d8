#!/usr/bin/env python3
"""What a context costs as it grows: time, memory and bytes, as a Markdown table with exponents.

    Benchmarks/cost.py [--demo 512,1024,...,8192] [--long 8192,...,131072]

The demo model in its whole context, and a tiny random llama (fixtures/models/tiny-llama-q8_0.gguf)
in a context that no small model has. The exponent e of a column says that it grew like tokens^e
over the upper half of the lengths. Needs `make build` and `scripts/fetch.py`."""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import tempfile

from environment import BINARY, ROOT, command, script

QUESTION = "What is this about?"
DECODED = 17
COLUMNS = [
    "prefill s",
    "peak MB",
    "cache MB",
    "file MB",
    "write s",
    "load s",
    "first token s",
    "×32 first s",
    "decode ms",
    "×32 decode ms",
]


def with_peak(*arguments: object) -> tuple[dict, int]:
    """A command's result and the most memory that it held, in bytes."""
    process = subprocess.Popen([BINARY, *map(str, arguments), "--json"], stdout=subprocess.PIPE)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return json.loads(output), usage.ru_maxrss * 1024


def text_of(tokens: int, model: pathlib.Path, essays: str, path: pathlib.Path) -> None:
    """Writes a text of about that many tokens: the essays, repeated where they end."""
    path.write_text(essays[:20_000])
    a_token = 20_000 / len(command("tokenize", "--model", model, "--file", path)["ids"])
    length = int((tokens - 64) * a_token)
    path.write_text((essays * (length // len(essays) + 1))[:length])
    while len(command("tokenize", "--model", model, "--file", path)["ids"]) > tokens - 64:
        length = int(length * 0.99)
        path.write_text(path.read_text()[:length])


def row(
    model: pathlib.Path, filters: pathlib.Path, text: pathlib.Path, folder: pathlib.Path
) -> tuple[int, list[float]]:
    snapshot = folder / "cost.kvsnap"
    written, peak = with_peak(
        "prefill", "--model", model, "--filters", filters, "--prompt-file", text, "--out", snapshot
    )
    first, decode = {}, {}
    for how in [("--decompressed",), ("--compression", 32)]:
        runs = [
            command(
                "resume",
                snapshot,
                "--model",
                model,
                "--prompt",
                QUESTION,
                "--max-tokens",
                DECODED,
                *how,
            )
            for _ in range(3)
        ]
        first[how] = runs
        decode[how] = [1000 * run["decodeSeconds"] / max(1, len(run["ids"]) - 1) for run in runs]
    whole, compressed = first.values()

    def median(runs, key):
        return statistics.median(run[key] for run in runs)

    return written["tokens"], [
        written["prefillSeconds"],
        peak / 1e6,
        written["cacheBytes"] / 1e6,
        written["bytes"] / 1e6,
        written["writeSeconds"],
        median(whole, "loadSeconds"),
        median(whole, "firstTokenSeconds"),
        median(compressed, "firstTokenSeconds"),
        *(statistics.median(values) for values in decode.values()),
    ]


def exponent(rows: list[tuple[int, list[float]]], column: int) -> float:
    upper = rows[len(rows) // 2 :] if len(rows) > 3 else rows
    logarithms = [
        (math.log(tokens), math.log(max(values[column], 1e-9))) for tokens, values in upper
    ]
    return statistics.linear_regression(*zip(*logarithms, strict=True)).slope


def table(title: str, rows: list[tuple[int, list[float]]]) -> None:
    print(f"\n{title}\n\n| tokens | " + " | ".join(COLUMNS) + " |")
    print("| ---: " * (len(COLUMNS) + 1) + "|")
    for tokens, values in rows:
        print(
            f"| {tokens:,} | "
            + " | ".join(f"{value:.3g}" if value < 1000 else f"{value:.0f}" for value in values)
            + " |"
        )
    if len(rows) > 1:
        print(
            "| exponent | "
            + " | ".join(f"{exponent(rows, c):.2f}" for c in range(len(COLUMNS)))
            + " |",
            flush=True,
        )


def measure(
    title: str, model: pathlib.Path, lengths: list[int], essays: str, folder: pathlib.Path
) -> None:
    filters, text = folder / "cost.qfilt", folder / "cost.txt"
    text_of(1300, model, essays, text)
    command(
        "precompute",
        "--model",
        model,
        "--sequences",
        2,
        "--length",
        512,
        "--out",
        filters,
        "--corpus",
        text,
    )
    rows = []
    for length in lengths:
        text_of(length, model, essays, text)
        rows.append(row(model, filters, text, folder))
    table(title, rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--demo", default="512,1024,2048,4096,8192")
    parser.add_argument("--long", default="8192,16384,32768,65536,131072")
    options = parser.parse_args()
    cache = pathlib.Path(
        subprocess.run(
            [ROOT / "scripts/fetch.py"], check=True, capture_output=True, text=True
        ).stdout.strip()
    )
    essays = "\n\n".join(path.read_text() for path in sorted((cache / "essays").glob("*.txt")))
    demo, long = (
        [int(n) for n in lengths.split(",") if n] for lengths in (options.demo, options.long)
    )
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        if demo:
            measure(
                "SmolLM2-135M-Instruct, Q4_1",
                cache / "SmolLM2-135M-Instruct.Q4_1.gguf",
                demo,
                essays,
                folder,
            )
        if long:
            model = folder / "long.gguf"
            script(
                "long_context.py",
                cache,
                ROOT / "fixtures/models/tiny-llama-q8_0.gguf",
                model,
                max(long) + 64,
            )
            measure("A tiny random llama: 3 layers, 2 KV heads of 16", model, long, essays, folder)


main()
