#!/usr/bin/env python3
"""Shows that two builds of the program write the same files, byte for byte, and print the same
JSON.

    scripts/compare_builds.py OLD NEW [--help-texts] [--models NAME,...]

Runs every command of each build on SmolLM2 and on tiny models of fixtures/models, on the widest
kernels and on the portable ones, with two threads. Compared are exit codes, all files that are
written, and what is printed as JSON, but for the times in it. Standard error is for people, and not
compared. --help-texts also compares the help of every command.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
# Keys of the JSON whose values are times, or follow from them.
TIMES = re.compile(r"seconds$|Seconds$|Speed$|^perSecond$")
KERNELS = (None, "plain")
PRECISIONS = ("f16", "bf16", "f32", "int8", "int4", "8:int8,int4", "keys=int8,values=int4")
# Each has what others lack: all kinds of blocks, windows, long RoPE, norms of keys, a folder.
TINY = ("tiny-llama-mixed.gguf", "tiny-gemma3.gguf", "tiny-phi3.gguf", "tiny-qwen3", "tiny-mistral")
METHODS = ("k-norm", "streaming-llm", "snapkv", "expected-attention", "keydiff", "random")
# In memory, where there is such a folder: every file is flushed.
SCRATCH = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
QUESTION = "What is this about?"

Step = tuple[str, ...]


def steps(model: str, length: int) -> list[Step]:
    """Every command with its options; files are named from the folder where it runs."""
    use = ("--model", model)
    corpus = ("--corpus", "corpus.txt", "--sequences", "2", "--length", str(length))
    document = (*use, "--prompt-file", "document.txt")
    filters = ("--filters", "bank.qfilt")
    ask = (*use, "--prompt", QUESTION, "--max-tokens", "8")
    found: list[Step] = [
        ("precompute", *use, *corpus, "--out", "bank.qfilt"),
        *(
            ("precompute", *use, *corpus, "--shard", f"{n}/2", "--out", f"{n}.qstat")
            for n in (1, 2)
        ),
        ("merge", "1.qstat", "2.qstat", "--out", "merged.qfilt"),
        ("merge", "1.qstat", "2.qstat", "--out", "merged.qstat"),
        ("compare", "bank.qfilt", "merged.qfilt"),
        ("export", "bank.qfilt", "hub"),
        ("tokenize", *use, "--file", "document.txt"),
        ("generate", *document, "--max-tokens", "8"),
        (
            "generate",
            *document,
            "--chat",
            "--max-tokens",
            "8",
            "--temperature",
            "0.8",
            "--seed",
            "3",
        ),
        ("generate", *document, *filters, "--budget", "32", "--window", "8", "--max-tokens", "8"),
    ]
    for index, precision in enumerate(PRECISIONS):
        options = ("--precision", precision, "--out", f"precision-{index}.kvsnap")
        found.append(("prefill", *document, *filters, *options))
        found.append(("resume", f"precision-{index}.kvsnap", *ask, "--compression", "4"))
    for method in METHODS:
        options = ("--method", method, "--compression", "2", "--out", f"{method}.kvsnap")
        found.append(("prefill", *document, *options))
        found.append(("resume", f"{method}.kvsnap", *ask, "--compression", "8"))
    return found + chain_steps(use, document, filters, ask)


def chain_steps(use: Step, document: Step, filters: Step, ask: Step) -> list[Step]:
    """A conversation of two turns, and all that can be made of it."""
    return [
        ("prefill", *document, *filters, "--chat", "--out", "root.kvsnap"),
        ("resume", "root.kvsnap", *ask, *filters, "--save", "first.kvsnap"),
        ("resume", "first.kvsnap", *ask, *filters, "--save", "second.kvsnap"),
        ("resume", "second.kvsnap", *ask, "--decompressed", "--export", "resumed.safetensors"),
        ("resume", "root.kvsnap", *ask, "--recall", "4"),
        ("resume", "root.kvsnap", *ask, "--recall", "4", "--reach", "64"),
        ("resume", "root.kvsnap", *ask, *filters, "--budget", "32", "--window", "8"),
        ("recompress", "second.kvsnap", "--out", "merged.kvsnap"),
        ("recompress", "root.kvsnap", "--compression", "4", "--out", "quarter.kvsnap"),
        ("recompress", "root.kvsnap", "--precision", "int8", "--out", "eight.kvsnap"),
        ("recompress", "root.kvsnap", "--method", "k-norm", "--out", "ranked.kvsnap"),
        ("export", "second.kvsnap", "chain.safetensors"),
        ("export", "root.kvsnap", "eighth.safetensors", "--compression", "8"),
        ("show", "second.kvsnap", *use),
        ("inspect", "bank.qfilt"),
        ("inspect", "1.qstat"),
        ("inspect", "second.kvsnap"),
        ("inspect", "merged.kvsnap"),
        ("inspect", "merged.kvsnap", "--heatmap", "heatmap.svg"),
        ("verify", "bank.qfilt", "merged.qstat", "second.kvsnap", "merged.kvsnap", "eight.kvsnap"),
        ("verify", "second.kvsnap", "--digests"),
        ("verify", "root.kvsnap", "--digests", "--compression", "4"),
    ]  # fmt: skip


def without_times(value: object) -> object:
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if not TIMES.search(key)}
        return {key: without_times(item) for key, item in kept.items()}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def printed(output: bytes) -> str:
    """The JSON without times, its keys in their order; other output as it is."""
    text = output.decode(errors="replace")
    try:
        return json.dumps(without_times(json.loads(text)))
    except ValueError:
        return text


def digests(folder: pathlib.Path) -> dict[str, str]:
    """Every file of a folder that is no link."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def run(program: pathlib.Path, step: Step, folder: pathlib.Path, kernels: str | None):
    """The exit code, and what was printed."""
    environment = {k: v for k, v in os.environ.items() if k != "QFILTERS_KERNELS"}
    environment |= {"OPENBLAS_NUM_THREADS": "2", "LC_ALL": "C.UTF-8"}
    if kernels:
        environment["QFILTERS_KERNELS"] = kernels
    form = () if "--digests" in step else ("--json",)
    done = subprocess.run(
        [program, *step, *form], cwd=folder, env=environment, capture_output=True, timeout=300
    )
    return done.returncode, printed(done.stdout)


class Comparison:
    """Runs steps with both programs, and counts what is equal."""

    def __init__(self, old: pathlib.Path, new: pathlib.Path) -> None:
        self.programs = (old, new)
        self.outputs = self.files = self.failing = 0
        self.differences: list[str] = []

    def model(self, path: pathlib.Path, kernels: str | None, texts: tuple[str, str], length: int):
        where = f"{path.name}, {kernels or 'widest'}"
        with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
            folders = [pathlib.Path(scratch) / name for name in ("old", "new")]
            for folder in folders:
                folder.mkdir()
                (folder / path.name).symlink_to(path)
                for name, text in zip(("corpus.txt", "document.txt"), texts, strict=True):
                    (folder / name).write_text(text, encoding="utf-8")
            for step in steps(path.name, length):
                results = [
                    run(program, step, folder, kernels)
                    for program, folder in zip(self.programs, folders, strict=True)
                ]
                self.compare(f"{where}: {' '.join(step)}", *results)
            found = [digests(folder) for folder in folders]
        for name in sorted(found[0].keys() | found[1].keys()):
            self.files += 1
            if found[0].get(name) != found[1].get(name):
                self.differ(f"{where}: the file {name} differs")

    def compare(self, what: str, old: tuple[int, str], new: tuple[int, str]) -> None:
        self.outputs += 1
        self.failing += old[0] != 0
        if old[0] != new[0]:
            self.differ(f"{what}: exit codes {old[0]} and {new[0]}")
        elif old[1] != new[1]:
            self.differ(f"{what}: prints\n  {old[1][:500]}\n  {new[1][:500]}")

    def differ(self, what: str) -> None:
        self.differences.append(what)
        print(what, flush=True)

    def help_texts(self) -> None:
        """The help of every command that either program has."""
        paths = set()
        for program in self.programs:
            dump = subprocess.run([program, "--experimental-dump-help"], capture_output=True)
            paths |= set(commands(json.loads(dump.stdout)["command"], ()))
        for path in sorted(paths):
            for option in ("--help", "--help-hidden"):
                texts = [
                    subprocess.run([program, *path, option], capture_output=True, text=True)
                    for program in self.programs
                ]
                results = [(text.returncode, text.stdout) for text in texts]
                self.compare(" ".join((*path, option)), *results)


def commands(command: dict, path: tuple[str, ...]):
    yield path
    for each in command.get("subcommands", []):
        if each["commandName"] != "help":
            yield from commands(each, (*path, each["commandName"]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=lambda name: pathlib.Path(name).resolve(strict=True))
    parser.add_argument("new", type=lambda name: pathlib.Path(name).resolve(strict=True))
    parser.add_argument("--help-texts", action="store_true", help="compare these, too")
    parser.add_argument("--models", help="models of fixtures/models, or SmolLM2; default: some")
    given = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    fetched = subprocess.run(
        [ROOT / "scripts/fetch.py"], check=True, capture_output=True, text=True
    )
    cache = pathlib.Path(fetched.stdout.strip())
    essay = (cache / "essays" / "worked.txt").read_text(encoding="utf-8")
    chosen = given.models.split(",") if given.models else ["SmolLM2", *TINY]
    comparison = Comparison(given.old, given.new)
    for name in chosen:
        is_real = name == "SmolLM2"
        path = cache / MODEL if is_real else ROOT / "fixtures" / "models" / name
        texts = (essay[:8000], essay[8000:10_000]) if is_real else (essay[:1500], essay[1500:1900])
        for kernels in KERNELS:
            comparison.model(path, kernels, texts, 256 if is_real else 128)
        print(f"compare_builds: {name} is done", file=sys.stderr)
    if given.help_texts:
        comparison.help_texts()
    print(
        f"{comparison.outputs} outputs ({comparison.failing} of failing commands) and "
        f"{comparison.files} files compared; {len(comparison.differences)} differ"
    )
    return 1 if comparison.differences or not comparison.outputs else 0


if __name__ == "__main__":
    sys.exit(main())
