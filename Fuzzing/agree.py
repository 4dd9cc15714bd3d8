#!/usr/bin/env python3
"""Whether spec/reader.py and the program agree on hostile files: on exit code and on the digest of
every tensor.

    "$(scripts/python)" Fuzzing/agree.py RUNS [SEED]
    "$(scripts/python)" Fuzzing/agree.py --only RUN SEED

The first makes RUNS files; without SEED, others each time. The second makes one of them again, and
leaves its files in .build-fuzz/agree.

Each run takes a fixture, valid or not, or a snapshot of random shape, with all that it continues.
It puts one or two faults into it or into a parent, as a hostile writer would: every checksum above
the fault is made right again, of header, directory, sections and chunks, and of what frames decode
to. Both readers then answer for the file, for all that it stores or for some ×N. Releases of
libzstd reject different malformed frames. Where the program's and Python's differ on a frame, one
of the readers may reject the file, but they never read different bytes. The program is
QFILTERS_BINARY, or else .build/release/qfilters."""

import collections
import contextlib
import ctypes
import io
import multiprocessing
import os
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator

import reader
import zstandard
from hostile.files import ROOT, make
from hostile.image import STREAMS, Image

FOUND = ROOT / ".build-fuzz" / "agree"
PROGRAM = os.environ.get("QFILTERS_BINARY", str(ROOT / ".build/release/qfilters"))
ZSTD = ctypes.CDLL("libzstd.so.1")
ZSTD.ZSTD_decompress.restype = ctypes.c_size_t


def tensors(output: str) -> dict[str, str]:
    return {
        name: digest
        for digest, _, name in (
            line.partition(" ") for line in output.replace("  ", " ").splitlines()
        )
    }


def by_reader(arguments: list[str]) -> tuple[int | str, dict[str, str]]:
    sys.argv, output = ["reader.py", *arguments], io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
        try:
            status = reader.main()
        except SystemExit as error:
            status = error.code
        except Exception as error:  # noqa: BLE001
            status = f"{type(error).__name__}: {error}"
    return status, tensors(output.getvalue()) if status == 0 else {}


def by_program(arguments: list[str]) -> tuple[int | str, dict[str, str]]:
    try:
        result = subprocess.run(
            [PROGRAM, "verify", *arguments], capture_output=True, text=True, timeout=60
        )
    except subprocess.TimeoutExpired:
        return "no answer within a minute", {}
    return result.returncode, tensors(result.stdout) if result.returncode == 0 else {}


def frames(image: Image) -> Iterator[bytes]:
    """The streams of all chunks that begin as a zstd frame does."""
    for entry, start, end in image.chunks():
        data, count = (
            bytes(image[b"DATA"][start:end]),
            STREAMS.get(struct.unpack_from("<I", image[b"CHNK"], entry + 16)[0], 4),
        )
        at = 4 * count
        for length in struct.unpack_from(f"<{count}I", data) if at <= len(data) else ():
            if data[at : at + 4] == reader.ZSTD_MAGIC:
                yield data[at : at + length]
            at += length


def by_python(frame: bytes) -> bytes | None:
    try:
        return zstandard.ZstdDecompressor().decompressobj().decompress(frame)
    except zstandard.ZstdError:
        return None


def by_system(frame: bytes) -> bytes | None:
    """The library that the program is linked with."""
    target = ctypes.create_string_buffer(1 << 20)
    length = ZSTD.ZSTD_decompress(target, len(target), frame, len(frame))
    return target.raw[:length] if length <= len(target) else None


def libraries_differ(folder: pathlib.Path) -> bool:
    """Whether the two releases of libzstd do not agree on a frame: only one takes it, or they make
    different bytes of it."""
    images = [
        Image(path.read_bytes())
        for path in folder.glob("*.kvsnap")
        if path.is_file() and path.stat().st_size >= 64
    ]
    return any(by_python(frame) != by_system(frame) for image in images for frame in frames(image))


def run(job: tuple[str, int]) -> tuple[int, int | str, list[str], str | None]:
    """One run: its number, the reader's exit code, what was done, and how they disagree."""
    seed, index = job
    with tempfile.TemporaryDirectory(prefix="agree-") as name:
        path, compression, done = make(seed, index, pathlib.Path(name))
        arguments = [
            "--digests",
            *(["--compression", compression] if compression else []),
            str(path),
        ]
        (status, mine), (other, theirs) = by_reader(arguments), by_program(arguments)
        problem = None
        if {status, other} in ({0, 65}, {64, 65}) and libraries_differ(pathlib.Path(name)):
            # A malformed frame that one library rejects is no fault of either reader.
            status = "malformed frame"
        elif status != other:
            problem = f"reader.py {status}, the program {other}"
        elif mine != theirs:
            names = mine.keys() | theirs.keys()
            others = sorted(n for n in names if mine.get(n) != theirs.get(n))
            problem = f"other tensors: {others[:4]}"
        if problem:
            keep(index, pathlib.Path(name))
        return index, status, done + ([f"×{compression}"] if compression else []), problem


def keep(index: int, folder: pathlib.Path) -> None:
    shutil.rmtree(FOUND / str(index), ignore_errors=True)
    shutil.copytree(folder, FOUND / str(index))


def only(seed: str, index: int) -> int:
    with tempfile.TemporaryDirectory(prefix="agree-") as name:
        make(seed, index, pathlib.Path(name))
        keep(index, pathlib.Path(name))
    _, status, done, problem = run((seed, index))
    print(
        f"{', '.join(done)}: {problem or f'both {status}'}; the files are in {FOUND / str(index)}"
    )
    return 1 if problem else 0


def main() -> int:
    if len(sys.argv) == 4 and sys.argv[1] == "--only":
        return only(sys.argv[3], int(sys.argv[2]))
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 64
    runs, seed = (
        int(sys.argv[1]),
        sys.argv[2] if len(sys.argv) > 2 else str(random.randrange(10**9)),
    )
    print(f"agree: seed {seed}", flush=True)
    statuses, problems = collections.Counter(), 0
    with multiprocessing.Pool() as pool:
        for index, status, done, problem in pool.imap_unordered(
            run, ((seed, i) for i in range(runs)), chunksize=8
        ):
            statuses[status] += 1
            if problem:
                problems += 1
                print(
                    f"{problem}: {', '.join(done)}; again: Fuzzing/agree.py --only {index} {seed}",
                    flush=True,
                )
    counts = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items(), key=str))
    print(f"agree: {runs} files; exit codes {counts}; {problems} disagreements")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
