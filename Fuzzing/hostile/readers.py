"""The three readers: the program, spec/reader.py and spec/reader.c, and what each answers."""

import contextlib
import io
import os
import pathlib
import subprocess
import sys
from typing import NamedTuple

import reader

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("QFILTERS_BINARY", str(ROOT / ".build/release/qfilters"))
COMPILED = ROOT / ".build-fuzz" / "reader"
SECONDS = 60


class Answer(NamedTuple):
    """An exit code, or what happened instead, and the SHA-256 of each tensor if that is 0."""

    exit_code: int | str
    tensors: dict[str, str]


def missing_program() -> str | None:
    is_there = os.access(PROGRAM, os.X_OK)
    return None if is_there else f"the program {PROGRAM} is not there; `make build` makes it."


def compile_reader() -> str | None:
    """Makes the reader in C if it is older than its source; gives what is missing."""
    result = subprocess.run([ROOT / "scripts" / "reader-c"], capture_output=True, text=True)
    return result.stderr.strip() if result.returncode else None


def tensors(output: str) -> dict[str, str]:
    lines = (line.split(maxsplit=1) for line in output.splitlines())
    return {name: digest for digest, name in lines}


def by_python(arguments: list[str]) -> Answer:
    """The answer of spec/reader.py, within this process."""
    sys.argv, output = ["reader.py", *arguments], io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
        try:
            status = reader.main()
        except SystemExit as error:
            status = error.code
        except Exception as error:  # noqa: BLE001
            status = f"{type(error).__name__}: {error}"
    return Answer(status, tensors(output.getvalue()) if status == 0 else {})


def started(command: list[str]) -> subprocess.Popen:
    # Without close_fds a process starts in less time.
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        close_fds=False,
    )


def answer_of(process: subprocess.Popen) -> Answer:
    try:
        output, _ = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return Answer("no answer within a minute", {})
    status = process.returncode
    return Answer(status, tensors(output.decode()) if status == 0 else {})


def answers(arguments: list[str]) -> dict[str, Answer]:
    """Those of all three."""
    others = {
        "the program": started([PROGRAM, "verify", *arguments]),
        "reader.c": started([str(COMPILED), *arguments]),
    }
    found = {"reader.py": by_python(arguments)}
    return found | {name: answer_of(process) for name, process in others.items()}
