#!/usr/bin/env python3
"""Counts who finds a sentence in a long text, the whole cache or recall at ×32: the tables of
docs/recall.md.

    scripts/research/recall_table.py QFILTERS MODEL.gguf BANK.qfilt ESSAYS OUT

The classic needle at 2,048 and 7,500 tokens, ten depths each, and four other facts at 2,048, 4,096
and 7,500 tokens, seven depths each. OUT keeps every measurement; a run that was ended continues
where it was.
"""

import argparse
import json
import pathlib
import subprocess

CLASSIC = ("classic", None, None, None, "2048,7500", 10)
OTHERS = [
    (
        "lighthouse",
        "The keeper of the lighthouse at Cape Ormond is called Tobias Wren.",
        "Who is the keeper of the lighthouse at Cape Ormond?",
        "Tobias Wren",
    ),
    (
        "recipe",
        "Grandmother's secret ingredient for the plum cake was a spoon of cardamom.",
        "What was grandmother's secret ingredient for the plum cake?",
        "cardamom",
    ),
    (
        "train",
        "The night train to Valdoria leaves from platform seventeen.",
        "From which platform does the night train to Valdoria leave?",
        "seventeen",
    ),
    (
        "museum",
        "The oldest painting in the Halden museum shows a blue heron.",
        "What does the oldest painting in the Halden museum show?",
        "heron",
    ),
]


def found(
    command: list, name: str, needle, question, answer, lengths: str, depths: int, out: pathlib.Path
) -> dict:
    out.mkdir(parents=True, exist_ok=True)
    options = (
        [] if needle is None else ["--needle", needle, "--question", question, "--answer", answer]
    )
    subprocess.run(
        [
            *command,
            *options,
            "--lengths",
            lengths,
            "--depths",
            str(depths),
            "--compressions",
            "32",
            "--methods",
            "full,recall",
            "--out",
            out / name,
            "--json",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    counts: dict = {}
    for cell in json.loads((out / name / "needle.json").read_text(encoding="utf-8"))["cells"]:
        row = counts.setdefault(cell["method"], {})
        row.setdefault(cell["length"], []).append(cell["found"])
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name in ("qfilters", "model", "bank", "essays", "out"):
        parser.add_argument(name)
    given = parser.parse_args()
    command = [
        given.qfilters,
        "evaluate",
        "needle",
        "--model",
        given.model,
        "--filters",
        given.bank,
        "--haystack",
        given.essays,
    ]
    print("| needle | method | found | by length |\n| --- | --- | --- | --- |")
    for row in [CLASSIC, *((*other, "2048,4096,7500", 7) for other in OTHERS)]:
        for method, lengths in found(command, *row, pathlib.Path(given.out)).items():
            cells = [cell for cells in lengths.values() for cell in cells]
            by_length = ", ".join(
                f"{sum(cells)}/{len(cells)}" for _, cells in sorted(lengths.items())
            )
            print(
                f"| {row[0]} | {method} | {sum(cells)} of {len(cells)} | {by_length} |", flush=True
            )


main()
