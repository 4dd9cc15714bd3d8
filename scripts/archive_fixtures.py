#!/usr/bin/env python3
"""Writes dist/kvsnap-fixtures-VERSION.tar.gz: the fixtures, the specification and its readers, for
people who do not have the repository. If the version is a draft, its name has "-draft" at the end.

usage: archive_fixtures.py VERSION      what scripts/lint/check_frozen.py --print-version prints

Equal files give equal bytes: names are sorted, and times, owners and modes are fixed. What git does
not track, or would not, is left out. So are the tests of the programs, which need other fixtures.
"""

import gzip
import io
import pathlib
import re
import subprocess
import sys
import tarfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("fixtures/conformance", "spec")
TESTS = re.compile(r"spec/test_\w+\.py")
README = """# Conformance fixtures of the container format for KV caches

{status}.

- `spec/format.md` is the specification, `spec/README.md` says where to begin.
- `fixtures/conformance` has the files. `valid.json` and `invalid.json` say what a
  reader must answer to each.
- `spec/run_fixtures.py` runs a reader through them. It needs Python 3.11, and no package:

      python3 spec/run_fixtures.py -- READER

  `spec/conformance.md` says how READER is called, and what it answers. To see it work with the
  reader in Python:

      python3 -m pip install --requirement spec/requirements.txt
      python3 spec/run_fixtures.py -- python3 spec/reader.py

- {frozen}

All of it, programs included, is dedicated to the public domain by CC0 1.0 (`spec/LICENSE`,
`fixtures/conformance/LICENSE`).
"""
DRAFT = "The version is a draft: files and answers may still change. Say which archive you used."
FROZEN = """The files are frozen. To compare them with the list:

      cd fixtures/conformance && sha256sum --check --ignore-missing frozen-{version}.sha256"""


def status(version: str, text: str) -> tuple[str, bool]:
    """The line of the specification that has the version, and whether it is a draft."""
    line = re.search(rf"(?m)^Version {re.escape(version)}, .*$", text)
    if not line:
        raise ValueError(f"spec/format.md does not say that it is version {version}")
    return line.group(), line.group().endswith("draft")


def contents(root: pathlib.Path, version: str) -> tuple[str, dict[str, tuple[bytes, bool]]]:
    """The archive's name, the bytes of each file by its name, and whether it can be executed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *FOLDERS],
        cwd=root, check=True, capture_output=True, text=True,
    )  # fmt: skip
    found = {}
    for name in filter(None, listed.stdout.split("\0")):
        path = root / name
        if path.is_file() and not TESTS.fullmatch(name):
            found[name] = (path.read_bytes(), bool(path.stat().st_mode & 0o100))
    line, is_draft = status(version, found["spec/format.md"][0].decode())
    frozen = DRAFT if is_draft else FROZEN.format(version=version)
    readme = README.format(status=line, frozen=frozen).encode()
    name = f"kvsnap-fixtures-{version}" + ("-draft" if is_draft else "")
    return name, found | {"README.md": (readme, False)}


def archive(files: dict[str, tuple[bytes, bool]], folder: str) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(files):
            data, is_program = files[name]
            # A new entry has time 0, owner 0 and no owner's name.
            entry = tarfile.TarInfo(f"{folder}/{name}")
            entry.size, entry.mode = len(data), 0o755 if is_program else 0o644
            tar.addfile(entry, io.BytesIO(data))
    return gzip.compress(plain.getvalue(), compresslevel=9, mtime=0)


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 64
    try:
        name, files = contents(ROOT, sys.argv[1])
    except ValueError as error:
        print(f"archive_fixtures: {error}", file=sys.stderr)
        return 1
    data = archive(files, name)
    path = ROOT / "dist" / f"{name}.tar.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    print(f"{path.relative_to(ROOT)}: {len(files)} files, {len(data)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
