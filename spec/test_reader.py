#!/usr/bin/env python3
# SPDX-License-Identifier: CC0-1.0
"""Damages a small file in every way that changes one byte or its length, and fails unless reader.py
rejects every result within 1 s and 64 MiB.

    python test_reader.py [--key-file KEY] FILE...
"""

import argparse
import pathlib
import sys
import time
import tracemalloc

import reader

TIME_LIMIT, MEMORY_LIMIT = 1.0, 64 << 20


def damages(data: bytes):
    """Every single-byte change by each of 8 bits and by all of them, and every truncation."""
    for at in range(len(data)):
        for mask in (1, 2, 4, 8, 16, 32, 64, 128, 255):
            changed = bytearray(data)
            changed[at] ^= mask
            yield f"byte {at} ^ {mask}", bytes(changed)
    for length in range(len(data)):
        yield f"cut at {length}", data[:length]


def read(data: bytes, keys: list[bytes]) -> None:
    _, content = reader.read(memoryview(data), keys)
    if isinstance(content, reader.Snapshot):
        content.check()


def is_refused(data: bytes, keys: list[bytes]) -> bool:
    try:
        read(data, keys)
    except (reader.Refused, reader.NoKey):
        return True
    return False


def check(path: pathlib.Path, keys: list[bytes]) -> list[str]:
    data = path.read_bytes()
    read(data, keys)
    problems, count = [], 0
    tracemalloc.start()
    for name, damaged in damages(data):
        tracemalloc.reset_peak()
        before, start = tracemalloc.get_traced_memory()[0], time.monotonic()
        if not is_refused(damaged, keys):
            problems.append(f"{path}: {name}: accepted")
        if time.monotonic() - start > TIME_LIMIT:
            problems.append(f"{path}: {name}: slow")
        if tracemalloc.get_traced_memory()[1] - before > MEMORY_LIMIT:
            problems.append(f"{path}: {name}: too much memory")
        count += 1
    print(f"{path}: {count} damaged files, {count - len(problems)} rejected")
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--key-file", type=pathlib.Path, action="append", default=[])
    parser.add_argument("files", type=pathlib.Path, nargs="+", metavar="FILE")
    options = parser.parse_args()
    keys = [path.read_bytes() for path in options.key_file]
    problems = [problem for path in options.files for problem in check(path, keys)]
    print("\n".join(problems), end="")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
