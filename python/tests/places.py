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


def qfilters(*arguments: object) -> bytes:
    """What the command prints."""
    if not pathlib.Path(COMMAND).exists():
        raise unittest.SkipTest(f"there is no {COMMAND}: make build")
    done = subprocess.run([COMMAND, *map(str, arguments)], check=True, capture_output=True)
    return done.stdout


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
