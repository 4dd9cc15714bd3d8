#!/usr/bin/env python3
# SPDX-License-Identifier: CC0-1.0
"""Runs a reader through the conformance fixtures, as conformance.md says; needs nothing but Python.

    python run_fixtures.py [--fixtures FOLDER] [--only TEXT] -- READER [ARGUMENT]...

The reader is called as READER --digests [--compression N] [--key-file KEY]… FILE. Each wrong answer
is a line with what the reader wrote. --only takes the fixtures whose name has TEXT in it. The exit
code is 0 if every answer is right, and 1 if not.
"""

import argparse
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import NamedTuple

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 60


class Check(NamedTuple):
    """One call: of the entry, for ×N or all that is stored, and what it must answer."""

    entry: dict
    compression: int | None
    exit_code: int
    tensors: dict[str, str]

    def __str__(self) -> str:
        return self.entry["file"] + (f", ×{self.compression}" if self.compression else "")


def entries(manifest: pathlib.Path) -> list[dict]:
    return json.loads(manifest.read_text(encoding="utf-8"))["fixtures"]


def checks(folder: pathlib.Path) -> Iterator[Check]:
    for entry in entries(folder / "valid.json"):
        for read in entry["reads"]:
            yield Check(entry, read["compression"], 0, read["tensors"])
        for compression in entry.get("notStored", []):
            yield Check(entry, compression, 64, {})
    for entry in entries(folder / "invalid.json"):
        yield Check(entry, entry.get("compression"), entry.get("exitCode", 65), {})


def damaged(folder: pathlib.Path, entry: dict) -> str | None:
    """The first of the fixture's files that is not what the manifest says."""
    for each in [entry, *entry.get("parents", []), *entry.get("keys", [])]:
        path = folder / each["file"]
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != each["sha256"]:
            return each["file"]
    return None


def with_zeros(path: pathlib.Path, zeros: dict, copy: pathlib.Path) -> pathlib.Path:
    """A sparse copy with the zeros that the committed file leaves out."""
    data, at = path.read_bytes(), zeros["at"]
    with copy.open("wb") as file:
        file.write(data[:at])
        file.seek(at + zeros["count"])
        file.write(data[at:])
        file.truncate(len(data) + zeros["count"])
    return copy


def problem(check: Check, code: int, output: str) -> str | None:
    """What is wrong with an answer."""
    if code != check.exit_code:
        return f"exit code {code} instead of {check.exit_code}"
    if code != 0:
        return None
    lines = [line.split(maxsplit=1) for line in output.splitlines()]
    if any(len(line) != 2 for line in lines):
        return "a line is not a digest and a name"
    tensors = {name: digest for digest, name in lines}
    if len(lines) != len(tensors):
        return "a tensor twice"
    for name in sorted(tensors.keys() | check.tensors.keys()):
        if name not in tensors:
            return f"no tensor {name}"
        if name not in check.tensors:
            return f"a tensor {name}, which the file does not hold"
        if tensors[name] != check.tensors[name]:
            return f"another content of {name}"
    return None


def run(check: Check, folder: pathlib.Path, reader: list[str], work: pathlib.Path) -> str | None:
    """What is wrong with the reader's answer, with what it wrote."""
    if name := damaged(folder, check.entry):
        return f"the fixture {name} itself is damaged or missing"
    path = folder / check.entry["file"]
    if zeros := check.entry.get("insertZeros"):
        path = with_zeros(path, zeros, work / path.name)
    options = ["--digests"]
    if check.compression is not None:
        options += ["--compression", str(check.compression)]
    for key in check.entry.get("keys", []):
        options += ["--key-file", str(folder / key["file"])]
    try:
        answer = subprocess.run(
            [*reader, *options, str(path)], capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {SECONDS} s"
    finally:
        if path.parent == work:
            path.unlink()
    output = answer.stdout.decode("utf-8", "replace")
    found = problem(check, answer.returncode, output)
    if found is None:
        return None
    rule = f" (rule: {check.entry['rule']})" if "rule" in check.entry else ""
    said = answer.stderr.decode("utf-8", "replace").strip().splitlines()
    return found + rule + (f": {said[-1]}" if said else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--fixtures", type=pathlib.Path, default=HERE.parent / "fixtures" / "conformance"
    )
    parser.add_argument("--only", default="", metavar="TEXT")
    parser.add_argument("reader", nargs="+", help="the command, after --")
    options = parser.parse_args()
    if shutil.which(options.reader[0]) is None:
        parser.error(f"there is no program {options.reader[0]}")
    chosen = [each for each in checks(options.fixtures) if options.only in each.entry["file"]]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for check in chosen:
            found = run(check, options.fixtures, options.reader, pathlib.Path(folder))
            if found is not None:
                wrong += 1
                print(f"{check}: {found}", flush=True)
    command = " ".join(options.reader)
    print(f"{len(chosen) - wrong} of {len(chosen)} checks passed: {command}")
    # No check at all proves nothing.
    return 1 if wrong or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
