#!/usr/bin/env python3
"""Counts who finds a sentence in a long text, the whole cache or recall at ×32: the tables of
docs/recall.md.

    scripts/research/recall_table.py QFILTERS MODEL.gguf BANK.qfilt ESSAYS OUT \\
      [--facts held-out | chosen-on | NAME,…] [--lengths 1000,…] [--depths 5]

Each fact is asked for twice: the model answers freely, or continues an answer that was begun. OUT
keeps every measurement; a run that was ended continues where it was.
"""

import argparse
import json
import pathlib
import subprocess
from typing import NamedTuple


class Fact(NamedTuple):
    """A hidden sentence, the question, what a right answer holds, and how an answer may begin."""

    name: str
    needle: str
    question: str
    answer: str
    begin: str


CHOSEN_ON = [
    Fact(
        "classic",
        "The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park on a "
        "sunny day.",
        "What is the best thing to do in San Francisco?",
        "Dolores Park",
        "The best thing to do in San Francisco is",
    ),
    Fact(
        "lighthouse",
        "The keeper of the lighthouse at Cape Ormond is called Tobias Wren.",
        "Who is the keeper of the lighthouse at Cape Ormond?",
        "Tobias Wren",
        "The keeper of the lighthouse at Cape Ormond is",
    ),
    Fact(
        "recipe",
        "Grandmother's secret ingredient for the plum cake was a spoon of cardamom.",
        "What was grandmother's secret ingredient for the plum cake?",
        "cardamom",
        "Grandmother's secret ingredient for the plum cake was",
    ),
    Fact(
        "train",
        "The night train to Valdoria leaves from platform seventeen.",
        "From which platform does the night train to Valdoria leave?",
        "seventeen",
        "The night train to Valdoria leaves from platform",
    ),
    Fact(
        "museum",
        "The oldest painting in the Halden museum shows a blue heron.",
        "What does the oldest painting in the Halden museum show?",
        "heron",
        "The oldest painting in the Halden museum shows",
    ),
]
HELD_OUT = [
    Fact(
        "comet",
        "The astronomer Ilse Brandt named her comet after a baker in Lyngby.",
        "After whom did the astronomer Ilse Brandt name her comet?",
        "baker",
        "The astronomer Ilse Brandt named her comet after",
    ),
    Fact(
        "vault",
        "The code of the vault under the Marrow Street bank is 4917.",
        "What is the code of the vault under the Marrow Street bank?",
        "4917",
        "The code of the vault under the Marrow Street bank is",
    ),
    Fact(
        "dog",
        "The dog that won the Kestrel Cup was a greyhound named Biscuit.",
        "What was the name of the dog that won the Kestrel Cup?",
        "Biscuit",
        "The name of the dog that won the Kestrel Cup was",
    ),
    Fact(
        "tea",
        "Mr. Okafor always drinks his tea with a slice of ginger.",
        "What does Mr. Okafor always drink his tea with?",
        "ginger",
        "Mr. Okafor always drinks his tea with",
    ),
    Fact(
        "bridge",
        "The bridge at Tarnwood was painted turquoise in memory of a flood.",
        "Which colour was the bridge at Tarnwood painted?",
        "turquoise",
        "The bridge at Tarnwood was painted",
    ),
    Fact(
        "violin",
        "The stolen violin was found in a laundry basket in Bergen.",
        "Where was the stolen violin found?",
        "laundry basket",
        "The stolen violin was found in",
    ),
    Fact(
        "society",
        "The secret society of clockmakers meets every Thursday at midnight.",
        "When does the secret society of clockmakers meet?",
        "Thursday",
        "The secret society of clockmakers meets every",
    ),
    Fact(
        "island",
        "The smallest island of the Perrin group is home to nineteen goats.",
        "What is the smallest island of the Perrin group home to?",
        "goats",
        "The smallest island of the Perrin group is home to",
    ),
]
METHODS = ("full", "recall")


def measure(command: list, fact: Fact, is_begun: bool, out: pathlib.Path) -> dict:
    """Measures one fact.

    Returns: for each length and method, whether the answer was found at each depth.
    """
    folder = out / (fact.name + ("-begun" if is_begun else ""))
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--needle", fact.needle, "--question", fact.question, "--answer", fact.answer]
    if is_begun:
        options += ["--begin", fact.begin]
    subprocess.run(
        [*command, *options, "--compressions", "32", "--methods", ",".join(METHODS)]
        + ["--out", folder, "--json"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    found: dict = {}
    for cell in json.loads((folder / "needle.json").read_text(encoding="utf-8"))["cells"]:
        found.setdefault((cell["length"], cell["method"]), []).append(cell["found"])
    return found


def row(name: str, is_begun: bool, found: dict) -> str:
    """A line of the table: for each length, found by the whole cache and by recall."""
    lengths = sorted({length for length, _ in found})
    cells = [
        " → ".join(str(sum(found[length, method])) for method in METHODS) for length in lengths
    ]
    total = [sum(sum(found[length, method]) for length in lengths) for method in METHODS]
    count = sum(len(found[length, METHODS[0]]) for length in lengths)
    cells.append(f"{total[0]} → {total[1]} of {count}")
    return f"| {name} | {'begun' if is_begun else 'free'} | " + " | ".join(cells) + " |"


def table(command: list, facts: list, out: pathlib.Path) -> None:
    """Prints a line for each fact as soon as it is measured, then sums and columns that lose."""
    sums: dict = {False: {}, True: {}}
    lost = []
    for fact in facts:
        for is_begun in (False, True):
            found = measure(command, fact, is_begun, out)
            print(row(fact.name, is_begun, found), flush=True)
            for (length, method), cells in found.items():
                sums[is_begun].setdefault((length, method), []).extend(cells)
                if method == METHODS[1] and sum(cells) < sum(found[length, METHODS[0]]):
                    lost.append(f"{fact.name} {'begun' if is_begun else 'free'} {length}")
    for is_begun, found in sums.items():
        print(row("all", is_begun, found))
    print(f"\nColumns in which recall finds less: {', '.join(lost) or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name in ("qfilters", "model", "bank", "essays", "out"):
        parser.add_argument(name)
    parser.add_argument("--facts", default="held-out")
    parser.add_argument("--lengths", default="1000,2000,4000,6000,7500")
    parser.add_argument("--depths", default="5")
    given = parser.parse_args()
    names = given.facts.split(",")
    groups = {"held-out": HELD_OUT, "chosen-on": CHOSEN_ON}
    facts = groups.get(given.facts) or [fact for fact in CHOSEN_ON + HELD_OUT if fact.name in names]
    command = [given.qfilters, "evaluate", "needle", "--model", given.model]
    command += ["--filters", given.bank, "--haystack", given.essays]
    command += ["--lengths", given.lengths, "--depths", given.depths]
    lengths = sorted(int(length) for length in given.lengths.split(","))
    print("| fact | answer | " + " | ".join(f"{length:,}" for length in lengths) + " | all |")
    print("| --- " * (len(lengths) + 3) + "|")
    table(command, facts, pathlib.Path(given.out))


main()
