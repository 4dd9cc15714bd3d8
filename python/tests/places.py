"""Where tests find fixtures, the command and real models."""

import os
import pathlib
import subprocess
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
MODELS = REPOSITORY / "fixtures/models"
SNAPSHOTS = REPOSITORY / "fixtures/conformance/valid"
COMMAND = os.environ.get("QFILTERS_BINARY", REPOSITORY / ".build/release/qfilters")


def folders() -> list[pathlib.Path]:
    """Tiny models as transformers writes them."""
    return sorted(config.parent for config in MODELS.glob("*/config.json"))


def real_model(name: str) -> pathlib.Path:
    """A model of `scripts/fetch.py --for-tests`."""
    if "QFILTERS_CACHE" not in os.environ:
        raise unittest.SkipTest("QFILTERS_CACHE does not say where real models are")
    return pathlib.Path(os.environ["QFILTERS_CACHE"]) / name


def qfilters(*arguments: object, kernels: str | None = None) -> bytes:
    """What the command prints; it computes with these kernels, or the processor's widest."""
    if not pathlib.Path(COMMAND).exists():
        raise unittest.SkipTest(f"there is no {COMMAND}: make build")
    environment = os.environ | ({"QFILTERS_KERNELS": kernels} if kernels else {})
    command = [COMMAND, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, env=environment).stdout


def precomputed(
    folder: str | os.PathLike,
    model: pathlib.Path,
    corpus: str,
    sequences: int,
    length: int,
    *options: str,
) -> pathlib.Path:
    """A filter bank of the model."""
    document, bank = pathlib.Path(folder, "corpus.txt"), pathlib.Path(folder, "bank.qfilt")
    document.write_text(corpus)
    size = "--sequences", sequences, "--length", length
    files = "--model", model, "--corpus", document, "--out", bank
    qfilters("precompute", *files, *size, *options)
    return bank


def prefilled(folder: str, model: pathlib.Path, text: str) -> pathlib.Path:
    """A snapshot of the text whose heads have budgets of their own."""
    document, snapshot = (pathlib.Path(folder, f"{model.name}.{end}") for end in ("txt", "kvsnap"))
    document.write_text(text)
    options = (
        "--prompt-file",
        document,
        "--out",
        snapshot,
        "--method",
        "kvzip",
        "--precision",
        "f32",
    )
    qfilters("prefill", "--model", model, *options)
    return snapshot
