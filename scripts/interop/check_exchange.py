#!/usr/bin/env python3
"""Shows that caches survive the way from other engines and to them.

    "$(scripts/python exchange)" scripts/interop/check_exchange.py QFILTERS FOLDER MODEL.gguf …

QFILTERS is the command. FOLDER keeps the models' weights in float32, which are made once. For each
model and engine, in three directions:

- in: the engine reads a text and saves what it holds; `import` makes a snapshot of that, and
  `resume --decompressed` must give the engine's own next tokens;
- out: `prefill` makes a snapshot, `export` the engine's file, and the engine must give the tokens
  of `resume`;
- back: the engine's file becomes a snapshot and a file again, and the engine must give the tokens
  that it gave before.

Engines round differently, so weights and caches are float32 where tokens of two engines are
compared. With the file's own quantised weights, llama.cpp rounds its activations to 8 bits. There
only the way back is judged: the numbers must be the same ones. The exit code is 1 if a token
differs.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import typing

import safetensors.numpy
from exchange_engines import F16, MLX, Engine, Llama, Transformers, version
from exchange_models import float_folder, float_gguf

TOKENS = 32
SHORT, LONG = 3, 12  # repetitions of the text
TEXT = (
    "A lighthouse keeper wrote one line in his book on every evening of forty years. Most lines "
    "were about the weather, and a few were about ships. When he retired, the harbour master asked "
    "for the book, because nobody else had seen the coast for as long. "
)
PROMPT = " On the first page he read:"


class Command:
    def __init__(self, path: str):
        self.path = shutil.which(path) or path

    def __call__(self, *arguments: object) -> dict:
        done = subprocess.run(
            [self.path, *map(str, arguments), "--json"], capture_output=True, text=True
        )
        if done.returncode:
            sys.exit(f"{' '.join(map(str, arguments))}: {done.stderr}")
        return json.loads(done.stdout)


class Check:
    """All directions of one model, in a folder."""

    def __init__(
        self, command: Command, model: pathlib.Path, folder: pathlib.Path, repetitions: int
    ):
        self.command, self.model, self.folder = command, model, folder
        self.text = folder / "text.txt"
        text = (TEXT * repetitions).strip()
        self.text.write_text(text)
        self.snapshot = folder / "context.kvsnap"
        self.prefill("f32")
        (folder / "whole.txt").write_text(text + PROMPT)
        whole = self.ids("whole.txt")
        text = self.ids("text.txt")
        self.prompt = whole[len(text) :]
        if text + self.prompt != whole:
            sys.exit("the prompt changes the text's last token; choose another one")
        # With begin-of-text, where the model has it.
        tensors = safetensors.numpy.load_file(self.exported(Transformers))
        self.tokens = tensors["tokens"].tolist()

    def ids(self, name: str) -> list[int]:
        return self.command("tokenize", "--model", self.model, "--file", self.folder / name)["ids"]

    def prefill(self, precision: str) -> None:
        self.command(
            "prefill", "--model", self.model, "--method", "k-norm", "--prompt-file", self.text,
            "--precision", precision, "--out", self.snapshot, "--force",
        )  # fmt: skip

    def imported(self, file: pathlib.Path) -> float:
        """Makes the snapshot of a file; how far it is from what the model computes."""
        return self.command(
            "import", file, "--model", self.model, "--method", "k-norm",
            "--out", self.snapshot, "--force",
        )["difference"]  # fmt: skip

    def exported(self, engine) -> pathlib.Path:
        file = self.folder / f"exported.{engine.ending}"
        model = [] if engine.format == "safetensors" else ["--model", self.model]
        self.command("export", self.snapshot, file, "--format", engine.format, *model, "--force")
        return file

    def resumed(self) -> list[int]:
        return self.command(
            "resume", self.snapshot, "--model", self.model, "--prompt", PROMPT,
            "--max-tokens", TOKENS, "--decompressed",
        )["ids"]  # fmt: skip

    def run(self, engine, make, precision: str, directions: str):
        """The number of equal tokens, and the difference that import found, by direction."""
        if "in" in directions or "back" in directions:
            first = make()
            first.feed(self.tokens)
            file = self.folder / f"own.{engine.ending}"
            first.save(file, self.tokens)
            own = first.continued(self.prompt, TOKENS)
            difference = self.imported(file)
        if "in" in directions:
            yield "in", equal(self.resumed(), own), difference
        if "back" in directions:
            second = make()
            second.load(self.exported(engine))
            yield "back", equal(second.continued(self.prompt, TOKENS), own), difference
        if "out" in directions:
            self.prefill(precision)
            third = make()
            third.load(self.exported(engine))
            yield "out", equal(third.continued(self.prompt, TOKENS), self.resumed()), None


def equal(found: list[int], expected: list[int]) -> int:
    """The number of first tokens that are equal."""
    pairs = zip(found, expected, strict=True)
    return next((index for index, (a, b) in enumerate(pairs) if a != b), len(expected))


class Run(typing.NamedTuple):
    """An engine, how it is made, the model that the command takes, and what is judged."""

    numbers: str
    engine: type[Engine]
    make: typing.Callable[[], Engine]
    model: pathlib.Path
    precision: str
    directions: str
    repetitions: int = SHORT


def runs(model: pathlib.Path, cache: pathlib.Path) -> list[Run]:
    whole, folder = float_gguf(model, cache), float_folder(model, cache)

    def session():
        return Llama(whole, session=True)

    every = "in back out"
    both = [
        Run("f32 cache", Llama, lambda: Llama(whole), whole, "f32", every),
        Run("f32 cache, session", Llama, session, whole, "f32", "in"),
        Run("f16 cache", Llama, lambda: Llama(whole, F16), whole, "f16", every),
        Run("f16 cache, quantised", Llama, lambda: Llama(model, F16), model, "f16", "back"),
        Run("f32 cache", MLX, lambda: MLX(folder), whole, "f32", every),
        Run("f32 cache", Transformers, lambda: Transformers(folder), whole, "f32", every),
    ]
    # A text longer than the window: a sequence holds only the window's pairs, a session all.
    return both + [
        Run("f32 cache, long, session", Llama, session, whole, "f32", "in back", LONG),
        Run("f32 cache, long", Llama, lambda: Llama(whole), whole, "f32", "out", LONG),
        Run("f32 cache, long", MLX, lambda: MLX(folder), whole, "f32", every, LONG),
    ]


def main() -> None:
    command, cache = Command(sys.argv[1]), pathlib.Path(sys.argv[2]).absolute()
    cache.mkdir(exist_ok=True)
    print("| engine | model | numbers | direction | equal tokens | greatest difference |")
    print("| --- | --- | --- | --- | --- | --- |")
    isEqual = True
    for model in map(pathlib.Path, sys.argv[3:]):
        for run in runs(model.absolute(), cache):
            with tempfile.TemporaryDirectory() as folder:
                check = Check(command, run.model, pathlib.Path(folder), run.repetitions)
                for direction, count, difference in check.run(
                    run.engine, run.make, run.precision, run.directions
                ):
                    isEqual = isEqual and count == TOKENS
                    off = "" if difference is None else f"{difference:.1e}"
                    print(
                        f"| {version(run.engine)} | {model.stem} | {run.numbers} | {direction} "
                        f"| {count} of {TOKENS} | {off} |",
                        flush=True,
                    )
    sys.exit(0 if isEqual else 1)


if __name__ == "__main__":
    main()
