#!/usr/bin/env python3
"""Counts who finds a sentence in a long text, the whole cache or other caches: the tables of
docs/recall.md and docs/results.md.

    scripts/research/needle_table.py QFILTERS MODEL.gguf BANK.qfilt ESSAYS[,ESSAYS…] OUT \\
      [--facts proof | held-out | chosen-on | NAME,…] [--lengths 1000,…] [--depths 5] \\
      [--caches recall×32,q-filters×8,…] [--answers free,begun]

Facts take the folders of essays in turn. Each fact is asked for twice: the model answers freely,
or continues an answer that was begun. Sentences at the very beginning and end of a text do not
count, because every cache keeps them. OUT keeps every measurement; a run that was ended continues
where it was.
"""

import argparse
import json
import pathlib
import subprocess

from needle_facts import CHOSEN_ON, HELD_OUT, PROOF, Fact

WHOLE = "full×1"


def runs(caches: list) -> dict:
    """Compressions → the methods that are measured at all of them, in one run."""
    compressions: dict = {}
    for cache in caches:
        method, compression = cache.split("×")
        compressions.setdefault(method, []).append(compression)
    runs: dict = {}
    for method, at in compressions.items():
        runs.setdefault(",".join(at), []).append(method)
    return runs


def measure(command: list, fact: Fact, caches: list, is_begun: bool, out: pathlib.Path) -> dict:
    """Measures one fact.

    Returns: for each length and cache, whether the answer was found at each depth.
    """
    folder = out / (fact.name + ("-begun" if is_begun else ""))
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--needle", fact.needle, "--question", fact.question, "--answer", fact.answer]
    if is_begun:
        options += ["--begin", fact.begin]
    for compressions, methods in runs(caches).items():
        subprocess.run(
            [*command, *options, "--compressions", compressions]
            + ["--methods", ",".join(["full", *methods]), "--out", folder, "--json"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    found: dict = {}
    for cell in json.loads((folder / "needle.json").read_text(encoding="utf-8"))["cells"]:
        if 0 < cell["depth"] < 1:
            cache = f"{cell['method']}×{cell['compression']}"
            found.setdefault((cell["length"], cache), []).append(cell["found"])
    return found


def row(name: str, is_begun: bool, found: dict, caches: list) -> str:
    """A line of the table: for each length, found by the whole cache and by the others."""
    lengths = sorted({length for length, _ in found})
    cells = [" → ".join(str(sum(found[length, cache])) for cache in caches) for length in lengths]
    total = [sum(sum(found[length, cache]) for length in lengths) for cache in caches]
    count = sum(len(found[length, WHOLE]) for length in lengths)
    cells.append(" → ".join(map(str, total)) + f" of {count}")
    return f"| {name} | {'begun' if is_begun else 'free'} | " + " | ".join(cells) + " |"


def table(command: list, essays: list, facts: list, given: argparse.Namespace) -> None:
    """Prints a line for each fact as soon as it is measured, then sums and columns that lose."""
    caches = given.caches.split(",")
    answers = [answer == "begun" for answer in given.answers.split(",")]
    sums: dict = {is_begun: {} for is_begun in answers}
    lost = []
    for index, fact in enumerate(facts):
        folder = ["--haystack", essays[index % len(essays)]]
        for is_begun in answers:
            found = measure(command + folder, fact, caches, is_begun, pathlib.Path(given.out))
            print(row(fact.name, is_begun, found, [WHOLE, *caches]), flush=True)
            for (length, cache), cells in found.items():
                sums[is_begun].setdefault((length, cache), []).extend(cells)
                if sum(cells) < sum(found[length, WHOLE]):
                    lost.append(f"{fact.name} {'begun' if is_begun else 'free'} {length} {cache}")
    for is_begun, found in sums.items():
        print(row("all", is_begun, found, [WHOLE, *caches]))
    print(f"\nColumns in which a cache finds less than the whole: {', '.join(lost) or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name in ("qfilters", "model", "bank", "essays", "out"):
        parser.add_argument(name)
    parser.add_argument("--facts", default="held-out")
    parser.add_argument("--lengths", default="1000,2000,4000,6000,7500")
    parser.add_argument("--depths", default="5")
    parser.add_argument("--caches", default="recall×32")
    parser.add_argument("--answers", default="free,begun")
    given = parser.parse_args()
    names = given.facts.split(",")
    groups = {"proof": PROOF, "held-out": HELD_OUT, "chosen-on": CHOSEN_ON}
    facts = groups.get(given.facts) or [
        fact for fact in CHOSEN_ON + HELD_OUT + PROOF if fact.name in names
    ]
    command = [given.qfilters, "evaluate", "needle", "--model", given.model]
    command += ["--filters", given.bank, "--lengths", given.lengths, "--depths", given.depths]
    lengths = sorted(int(length) for length in given.lengths.split(","))
    print("| fact | answer | " + " | ".join(f"{length:,}" for length in lengths) + " | all |")
    print("| --- " * (len(lengths) + 3) + "|")
    table(command, given.essays.split(","), facts, given)


main()
