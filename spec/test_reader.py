#!/usr/bin/env python3
"""Damages a small file in every way that changes one byte or its length, and fails unless reader.py
rejects every result within 1 s and 64 MiB.

    python test_reader.py FILE...
"""

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


def read(data: bytes) -> None:
    _, content = reader.read(memoryview(data))
    if isinstance(content, reader.Snapshot):
        content.check()


def is_refused(data: bytes) -> bool:
    try:
        read(data)
    except reader.Refused:
        return True
    return False


def check(path: pathlib.Path) -> list[str]:
    data = path.read_bytes()
    read(data)
    problems, count = [], 0
    tracemalloc.start()
    for name, damaged in damages(data):
        tracemalloc.reset_peak()
        before, start = tracemalloc.get_traced_memory()[0], time.monotonic()
        if not is_refused(damaged):
            problems.append(f"{path}: {name}: accepted")
        if time.monotonic() - start > TIME_LIMIT:
            problems.append(f"{path}: {name}: slow")
        if tracemalloc.get_traced_memory()[1] - before > MEMORY_LIMIT:
            problems.append(f"{path}: {name}: too much memory")
        count += 1
    print(f"{path}: {count} damaged files, {count - len(problems)} rejected")
    return problems


def main() -> int:
    problems = [problem for path in sys.argv[1:] for problem in check(pathlib.Path(path))]
    print("\n".join(problems), end="")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
