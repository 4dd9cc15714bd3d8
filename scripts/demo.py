#!/usr/bin/env python3
"""The main job on a real model and a real text, with the figures that this machine gives."""

import json
import os
import pathlib
import shlex
import subprocess
import sys
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ["QFILTERS_CACHE"])
BINARY = ROOT / ".build" / "release" / "qfilters"
MODEL = CACHE / "SmolLM2-135M-Instruct.Q4_1.gguf"
WORK = CACHE / "demo"
ESSAY = "worked.txt"
ESSAY_CHARACTERS = 28_000
QUESTION = "What is this essay about?"
FACT = "Which language did I learn on the IBM 1401?"
WAYS = {
    "decompressed": ["--decompressed"],
    "×2": ["--compression", 2],
    "×8": ["--compression", 8],
    "×32": ["--compression", 32],
}
CALIBRATION = ["--sequences", "8", "--length", "2048"]


def say(text: str = "") -> None:
    print(text, flush=True)


def step(title: str) -> None:
    say(f"\n── {title} " + "─" * (76 - len(title)))


def run(*arguments: object) -> dict:
    names = [str(word).replace(f"{WORK}/", "").replace(f"{CACHE}/", "") for word in arguments]
    words = [shlex.quote(name) for name in names]
    if len(words) > 20:  # a corpus: its first file stands for all
        words[12:] = ["…"]
    say(
        textwrap.fill(
            "$ qfilters " + " ".join(words),
            80,
            subsequent_indent="    ",
            break_long_words=False,
            break_on_hyphens=False,
        )
    )
    done = subprocess.run([BINARY, *map(str, arguments), "--json"], stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(done.returncode)
    return json.loads(done.stdout)


def answer(name: str, result: dict) -> None:
    say(
        textwrap.fill(
            f"{name}: {result['text'].strip()}", 80, initial_indent="  ", subsequent_indent="    "
        )
    )


def megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"


def document() -> pathlib.Path:
    """The essay up to the last whole paragraph that leaves room for a question in the context."""
    text = (CACHE / "essays" / ESSAY).read_text()[:ESSAY_CHARACTERS]
    path = WORK / "essay.txt"
    path.write_text(text[: text.rindex("\n")].strip())
    return path


def main() -> None:
    WORK.mkdir(exist_ok=True)
    filters, snapshot, essay = WORK / "smollm2.qfilt", WORK / "essay.kvsnap", document()

    step("1. Q-Filters: which direction does each head look for?")
    corpus = sorted((CACHE / "essays").glob("*.txt"))[::2]
    made = run("precompute", "--model", MODEL, *CALIBRATION, "--out", filters, "--corpus", *corpus)
    say(f"{made['tokens']} tokens in {made['seconds']:.1f} s. Done once for a model.")

    step("2. Prefill a long document once, and keep its KV cache")
    source = ("--model", MODEL, "--filters", filters, "--prompt-file", essay)
    saved = run("prefill", *source, "--chat", "--out", snapshot)
    say(
        f"{saved['tokens']} tokens prefilled in {saved['prefillSeconds']:.1f} s, "
        f"written in {saved['writeSeconds']:.2f} s:"
    )
    say(f"{megabytes(saved['bytes'])} in the file, {megabytes(saved['cacheBytes'])} in memory.")

    step("3. Ask, from the snapshot")
    rows = {}
    ask = ("--model", MODEL, "--prompt", QUESTION, "--max-tokens", 60)
    for name, option in WAYS.items():
        rows[name] = run("resume", snapshot, *ask, *option)
        answer(name, rows[name])
    fact = run("resume", snapshot, *ask[:2], "--prompt", FACT, *ask[4:], "--compression", 8)
    answer("a fact, from ×8", fact)

    step("4. The same without a snapshot: a second prefill")
    whole = WORK / "question.txt"
    whole.write_text(essay.read_text() + "\n\n" + QUESTION)
    again = run("generate", "--model", MODEL, "--chat", "--prompt-file", whole, "--max-tokens", 60)
    answer("prefilled again", again)
    same = (
        "the same tokens as" if again["ids"] == rows["decompressed"]["ids"] else "OTHER TOKENS THAN"
    )
    say(f"The decompressed snapshot gave {same} the second prefill.")

    step("What it saves")
    table(saved, again, rows)
    say(f"\nKernels: {again['kernels']}, OpenBLAS {again['blas']}. Files are in {WORK}.")


def table(saved: dict, again: dict, rows: dict[str, dict]) -> None:
    first = again["prefillSeconds"]
    say(
        f"{'':16}{'read':>10}{'KV cache':>12}{'pairs':>10}{'load':>10}"
        f"{'first token':>14}{'faster':>9}"
    )
    say(
        f"{'second prefill':16}{'':>10}{megabytes(saved['cacheBytes']):>12}{'':>20}"
        f"{first:>12.2f} s{'1×':>9}"
    )
    for name, row in rows.items():
        say(
            f"{name:16}{megabytes(row['bytesRead']):>10}{megabytes(row['cacheBytes']):>12}"
            f"{row['pairs']:>10}"
            f"{row['loadSeconds']:>8.3f} s{row['firstTokenSeconds']:>12.3f} s"
            f"{first / row['firstTokenSeconds']:>8.0f}×"
        )


main()
