#!/usr/bin/env python3
"""Size against divergence for every precision: docs/precision-tables.md, and the picture of
docs/precision.md.

    scripts/research/precision_evidence.py QFILTERS MODEL BANK.qfilt TRANSFORM.qtrans OUT \\
      essay=ESSAYS.txt code=CODE.txt … [--lengths 2000,7500] [--contexts 6] \\
      [--peers OUT/peers.json] [--plot PICTURE.svg]

Cuts each text into contexts, each followed by 384 tokens. Every context is written in each
precision, and `qfilters evaluate snapshots` compares what the files predict: of the text that
follows, and of a passage from the first third of the context, which a model can only look up. OUT
keeps every measurement; a run that was ended continues where it was. --peers adds what
precision_peers.py measured on the same contexts.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
from collections.abc import Callable

from precision_plot import PLAIN, TRANSFORMS, picture

CONTINUATION = 384
# The figures of a table, and their digits.
COLUMNS = (("smaller", 1), ("divergence", 5), ("loss", 4), ("lookedUp", 5))
# Characters after a context, which surely have that many tokens.
REST = 12 * CONTINUATION


def run(given: argparse.Namespace, *arguments: object) -> dict:
    """The JSON that a command prints."""
    command = [given.qfilters, *map(str, arguments), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def pieces(given: argparse.Namespace, path: pathlib.Path, length: int) -> list[tuple[str, str]]:
    """Contexts of about that many tokens, and what follows each."""
    text = path.read_text(encoding="utf-8", errors="ignore")
    ids = run(given, "tokenize", "--model", given.model, "--file", path)["ids"]
    size = int(length * len(text) / len(ids))
    starts = range(0, len(text) - size - REST, size + REST)
    return [
        (text[at : at + size], text[at + size : at + size + REST])
        for at in list(starts)[: given.contexts]
    ]


def fitted(given: argparse.Namespace, context: str, length: int) -> str:
    """The end of a context that has about that many tokens, and surely not many more."""
    path = given.out / "context.txt"
    for _ in range(3):
        path.write_text(context, encoding="utf-8")
        count = len(run(given, "tokenize", "--model", given.model, "--file", path)["ids"])
        if count <= 1.03 * length:
            break
        context = context[-int(len(context) * length / count) :]
    return context


def measure(given: argparse.Namespace, context: str, rest: str) -> dict:
    """The size of each precision's file, its divergence and −ln p, on one context."""
    folder = given.out
    (folder / "context.txt").write_text(context, encoding="utf-8")
    prefill = ["prefill", "--model", given.model, "--filters", given.bank]
    prefill += ["--prompt-file", folder / "context.txt"]
    names = ["f16", *PLAIN, *TRANSFORMS]
    paths = [folder / f"{index}.kvsnap" for index in range(len(names))]
    tokens = run(given, *prefill, "--out", paths[0])["tokens"]
    for name, path in zip(names[1:], paths[1:], strict=True):
        if name in PLAIN:
            run(given, "recompress", paths[0], "--precision", name, "--out", path)
        else:
            transform = ["--precision", name, "--transform", given.transform]
            run(given, *prefill, *transform, "--out", path)
    rows = compared(given, paths, rest)
    passage = context[len(context) // 5 : len(context) // 5 + REST]
    again = compared(given, paths, "\n\n" + passage)
    for path in paths:
        path.unlink()
    loss = rows[0]["negativeLogLikelihood"]
    raw = rows[0]["cacheBytes"]
    return {
        "tokens": tokens,
        "precisions": {
            name: {
                "smaller": raw / row["bytes"],
                "divergence": row["divergence"],
                "loss": row["negativeLogLikelihood"] - loss,
                "lookedUp": other["divergence"],
            }
            for name, row, other in zip(names, rows, again, strict=True)
        },
    }


def compared(given: argparse.Namespace, paths: list[pathlib.Path], text: str) -> list[dict]:
    """What each file predicts of a text after the context, against the first file."""
    file = given.out / "rest.txt"
    file.write_text(text, encoding="utf-8")
    options = ["--model", given.model, "--transform", given.transform, "--file", file]
    options += ["--continuation", CONTINUATION]
    return run(given, "evaluate", "snapshots", *paths, *options)["snapshots"]


def measured(
    given: argparse.Namespace, file: pathlib.Path, measure: Callable[[str, str], dict]
) -> dict:
    """All measurements, which the file keeps: kind → length → contexts.

    `measure` takes a context and what follows it."""
    results = json.loads(file.read_text()) if file.exists() else {}
    for length in map(int, given.lengths.split(",")):
        for text in given.texts:
            kind, path = text.split("=", 1)
            done = results.setdefault(kind, {}).setdefault(str(length), [])
            for context, rest in pieces(given, pathlib.Path(path), length)[len(done) :]:
                done.append(measure(fitted(given, context, length), rest))
                file.write_text(json.dumps(results, indent=1))
                print(kind, length, len(done), flush=True)
    return results


def add_peers(results: dict, peers: dict) -> None:
    """Adds other codings to the same contexts, except what both measured."""
    for kind, lengths in peers.items():
        for length, contexts in lengths.items():
            own = results.get(kind, {}).get(length, [])
            for context, other in zip(own, contexts, strict=False):
                assert context["tokens"] == other["tokens"], (kind, length)
                for name, row in other["precisions"].items():
                    context["precisions"].setdefault(name, row)


def spread(values: list[float], digits: int) -> str:
    if not values:
        return ""
    mean, least, most = statistics.mean(values), min(values), max(values)
    return f"{mean:.{digits}f} ({least:.{digits}f} … {most:.{digits}f})"


def table(results: dict) -> None:
    for kind, lengths in results.items():
        for length, contexts in lengths.items():
            print(f"\n### {kind}, about {int(length):,} tokens\n")
            print("| precision | contexts | smaller | KL | change in −ln p | KL, looked up |")
            print("| --- | --- | --- | --- | --- | --- |")
            names = dict.fromkeys(name for context in contexts for name in context["precisions"])
            for name in names:
                found = [context["precisions"] for context in contexts]
                rows = [precisions[name] for precisions in found if name in precisions]
                cells = [
                    spread([row[key] for row in rows if key in row], digits)
                    for key, digits in COLUMNS
                ]
                print(f"| `{name}` | {len(rows)} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name in ("qfilters", "model", "bank", "transform"):
        parser.add_argument(name)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("texts", nargs="+")
    parser.add_argument("--lengths", default="2000,7500")
    parser.add_argument("--contexts", type=int, default=6)
    parser.add_argument("--peers", type=pathlib.Path)
    parser.add_argument("--plot", type=pathlib.Path)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    results = measured(
        given, given.out / "measured.json", lambda context, rest: measure(given, context, rest)
    )
    if given.peers:
        add_peers(results, json.loads(given.peers.read_text()))
    table(results)
    if given.plot:
        given.plot.write_text(picture(results), encoding="utf-8")


if __name__ == "__main__":
    main()
