#!/usr/bin/env python3
# SPDX-License-Identifier: CC0-1.0
"""Computes both identities of a model from its files, written from format.md alone.

    python identity.py MODEL [--json] [--files]

MODEL is a GGUF (one file, or the first part of several) or a folder as transformers writes it. The
four digests of section 3.1 and the entries of section FILE (section 3.3) are printed; with --files
the latter alone, which is cheap. Where a model has no identity by values, one sentence says why.
Exits with 65 and one sentence if the file is no model, with 66 if a file is missing, and with 64 if
it is called wrongly. Section numbers in the comments are those of format.md.

As a module: identity.values(path) and identity.files(path). Needs numpy, and identity_parts, which
has a file for each of the digests.
"""

import argparse
import json
import sys

from identity_parts.fields import NoModel, NoValues
from identity_parts.models import (
    DIGESTS,
    ROLES,
    Folder,
    Gguf,
    files,
    files_of,
    opened,
    values,
    values_of,
)

__all__ = ["DIGESTS", "ROLES", "Folder", "Gguf", "NoModel", "NoValues", "files", "values"]


class Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        self.exit(64, f"identity.py: {message}\n")


def report(path: str, only_files: bool) -> dict[str, object]:
    model, result = opened(path), {}
    if not only_files:
        try:
            result["values"] = values_of(model)
        except NoValues as problem:
            result |= {"values": None, "why": f"{path}: no identity by values: {problem}"}
    return result | {"files": files_of(model)}


def show(result: dict[str, object]) -> None:
    for name, digest in (result.get("values") or {}).items():
        print(f"{'RoPE' if name == 'rope' else name:13}  {digest}")
    if "why" in result:
        print(result["why"])
    for entry in result["files"]:
        print(f"{entry['role']} {ROLES[entry['role']]:21}  {entry['name']}  {entry['sha256']}")


def main() -> int:
    arguments = Arguments(description="Computes both identities of a model from its files.")
    arguments.add_argument("model", metavar="MODEL", help="a GGUF, or a folder")
    arguments.add_argument("--json", action="store_true", help="print one JSON object")
    arguments.add_argument(
        "--files", action="store_true", help="compute the identity by files alone"
    )
    options = arguments.parse_args()
    try:
        result = report(options.model, options.files)
    except NoModel as problem:
        print(f"identity.py: {problem}", file=sys.stderr)
        return 65
    except OSError as problem:
        print(f"identity.py: {problem}", file=sys.stderr)
        return 66
    if options.json:
        print(json.dumps(result))
    else:
        show(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
