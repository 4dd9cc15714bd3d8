#!/usr/bin/env python3
"""Measures this project against what people use today, interleaved, and prints one table.

    Benchmarks/run.py [--lengths 1,512,2048,8000] [--rounds 3] [--decode 32] [--peers NAME,...]
                   [--snapshot 8000] [--calibration 4x2048]

Model file and text are the same, and each program has two cores and two threads. A round runs every
peer once at every length, so that what else the machine does affects all of them. The table shows
medians over rounds, and this project's ratio to each peer. The second table is about snapshots of
--snapshot tokens, and about calibration; ratios above 1 speak for this project. Needs `make build`
and `scripts/fetch.py`. Peers are installed into the cache folder once, which takes long: llama.cpp
is compiled, with and without OpenBLAS."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import snapshots
from environment import ROOT, command, requirements, script

PEERS = [
    "llama.cpp",
    "llama.cpp+fa",
    "llama.cpp+blas",
    "llama.cpp+blas+fa",
    "torch-f32",
    "torch-bf16",
]


def text_of(
    tokens: int, model: pathlib.Path, essays: pathlib.Path, folder: pathlib.Path
) -> pathlib.Path:
    """The longest beginning of the essays with at most that many tokens; a file next to it has
    their ids."""
    whole = b"\n\n".join(path.read_bytes() for path in sorted(essays.glob("*.txt")))
    whole = whole[: 6 * tokens].decode(errors="ignore")
    path = folder / f"{tokens}.txt"
    low, high = 1, len(whole)
    while high - low > 1:
        middle = (low + high) // 2
        path.write_text(whole[:middle])
        ids = command("tokenize", "--model", model, "--file", path)["ids"]
        low, high = (middle, high) if len(ids) <= tokens else (low, middle)
    path.write_text(whole[:low])
    ids = command("tokenize", "--model", model, "--file", path)["ids"]
    path.with_suffix(".json").write_text(json.dumps(ids))
    return path


def ours(model: pathlib.Path, text: pathlib.Path, decoded: int) -> dict:
    result = command(
        "generate", "--model", model, "--prompt-file", text, "--max-tokens", decoded + 1
    )
    return {
        "prefill": result["promptTokens"] / result["prefillSeconds"],
        "decode": (len(result["ids"]) - 1) / result["decodeSeconds"],
        "about": f"kernels {result['kernels']}, OpenBLAS {result['blas']}",
    }


def peer(
    name: str, cache: pathlib.Path, model: pathlib.Path, text: pathlib.Path, decoded: int
) -> dict:
    ids = text.with_suffix(".json")
    if name.startswith("llama.cpp"):
        return script(
            "llama.py", cache, model, ids, decoded, "+fa" in name, with_blas="+blas" in name
        )
    precision = {"torch-f32": "float32", "torch-bf16": "bfloat16"}[name]
    return script("torch_model.py", cache, model, ids, decoded, precision)


# The first two that this process may use; what it starts inherits them.
CORES = sorted(os.sched_getaffinity(0))[:2]


def table(results: dict[tuple[str, int], list[dict]], lengths: list[int], names: list[str]) -> None:
    for phase in ["prefill", "decode"]:
        print(f"\n{phase}, tokens/s (this project's ratio to it)")
        print(
            f"{'tokens' if phase == 'prefill' else 'depth':>8}"
            + "".join(f"{name:>22}" for name in names)
        )
        for length in lengths:
            if phase == "prefill" and length < 16:
                continue  # that is decoding
            medians = {
                n: statistics.median(run[phase] for run in results[n, length]) for n in names
            }
            cells = [f"{medians[n]:.1f} ({medians[names[0]] / medians[n]:.2f})" for n in names]
            print(f"{length:>8}" + "".join(f"{cell:>22}" for cell in cells))


def describe(
    results: dict[tuple[str, int], list[dict]], names: list[str], lengths: list[int]
) -> None:
    processor = next(
        line.partition(": ")[2]
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    print(f"{processor}, {len(CORES)} cores; {', '.join(requirements())}")
    for name in names if lengths else []:
        print(f"{name}: {results[name, lengths[0]][0]['about']}")
    if lengths:
        table(results, lengths, names)
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--lengths", default="1,512,2048,8000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--decode", type=int, default=32)
    parser.add_argument("--snapshot", type=int, default=8000)
    parser.add_argument("--calibration", default="4x2048")
    parser.add_argument("--peers", default=",".join(PEERS))
    options = parser.parse_args()
    os.sched_setaffinity(0, CORES)
    cache = pathlib.Path(
        subprocess.run(
            [ROOT / "scripts/fetch.py"], check=True, capture_output=True, text=True
        ).stdout.strip()
    )
    model = cache / "SmolLM2-135M-Instruct.Q4_1.gguf"
    lengths = [int(length) for length in options.lengths.split(",") if length]
    peers = [name for name in options.peers.split(",") if name]
    names = ["qfilters", *peers]
    results: dict[tuple[str, int], list[dict]] = {}
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        sequences, calibrated = map(int, options.calibration.split("x"))
        needed = {*lengths, options.snapshot, sequences * calibrated}
        texts = {n: text_of(n, model, cache / "essays", place) for n in needed if n}
        for number in range(options.rounds):
            for length in lengths:
                for name in names:
                    run = (
                        ours(model, texts[length], options.decode)
                        if name == "qfilters"
                        else peer(name, cache, model, texts[length], options.decode)
                    )
                    results.setdefault((name, length), []).append(run)
                    print(
                        f"bench: {name}, {length}, round {number + 1}: {run['prefill']:.1f} "
                        f"{run['decode']:.1f}",
                        file=sys.stderr,
                    )
        describe(results, names, lengths)
        decoding = [
            statistics.median(run["decode"] for run in runs)
            for (name, length), runs in results.items()
            if name.startswith("llama.cpp") and length == options.snapshot
        ]
        rows = snapshots.Rows(
            model, cache, place, texts.get(options.snapshot), max(decoding, default=0)
        )
        if options.snapshot:
            rows.measure(options.rounds)
        if 2048 in texts:
            rows.measure_peak(texts[2048])
        if sequences:
            rows.measure_calibration(texts[sequences * calibrated], sequences, calibrated)
    rows.print()


main()
