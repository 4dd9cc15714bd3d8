#!/usr/bin/env python3
"""Whether three readers agree on random files: the program, spec/reader.py and spec/reader.c.

    "$(scripts/python)" Fuzzing/agree.py generated|mutated RUNS [SEED]
    "$(scripts/python)" Fuzzing/agree.py generated|mutated --only RUN SEED

The first makes RUNS files; without SEED, others each time. The second makes one of them again, and
leaves its files in .build-fuzz/agree.

*generated* makes valid files of every kind with all that they need, and asks for all that they
store or for some ×N. The generator knows the exit code and the digest of every tensor. Each reader
must give this answer.

*mutated* takes a generated file or a fixture, and puts one to three faults into it or into what it
continues, as a hostile writer would: every checksum above the fault is made right again, and every
tag and seal of what is encrypted. The readers must agree on the exit code and on every digest.
Releases of libzstd reject different malformed frames. Where the program's and Python's differ on a
frame, reader.py may give another exit code, but no reader reads other bytes.

The program is QFILTERS_BINARY, or else .build/release/qfilters."""

import collections
import multiprocessing
import pathlib
import random
import shlex
import shutil
import sys
import tempfile
import time

from generated.case import Case
from generated.files import generate
from hostile.files import mutate
from hostile.frames import libraries_differ
from hostile.readers import ROOT, Answer, answers, compile_reader, missing_program

FOUND = ROOT / ".build-fuzz" / "agree"
MAKERS = {"generated": generate, "mutated": mutate}
# Files in memory, where there is such a folder: most of a run is starting programs and files.
MEMORY = "/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None
MALFORMED = "malformed frame"


def difference(one: str, mine: Answer, other: str, theirs: Answer) -> str | None:
    """How two answers differ."""
    if mine.exit_code != theirs.exit_code:
        return f"{one} {mine.exit_code}, {other} {theirs.exit_code}"
    names = mine.tensors.keys() | theirs.tensors.keys()
    others = sorted(n for n in names if mine.tensors.get(n) != theirs.tensors.get(n))
    return f"{one} and {other} read other tensors: {others[:4]}" if others else None


def judged(case: Case, folder: pathlib.Path) -> tuple[int | str, str | None]:
    """An exit code, and how the answers differ."""
    found = answers(case.write(folder))
    mine, program = found["reader.py"], found["the program"]
    problem = difference("the program", program, "reader.c", found["reader.c"])
    if case.expected:
        pairs = ((name, answer, "expected", case.expected) for name, answer in found.items())
        problem = next((text for pair in pairs if (text := difference(*pair))), None)
    elif not problem and (problem := difference("reader.py", mine, "the program", program)):
        codes = {mine.exit_code, program.exit_code}
        is_frame = 65 in codes and codes < {0, 64, 65, 66}
        if is_frame and libraries_differ(folder, case.secrets):
            # A malformed frame that one library rejects is no fault of a reader.
            return MALFORMED, None
    return mine.exit_code, problem


def run(job: tuple[str, str, int]) -> tuple[int, int | str, str, str | None]:
    """One run: its number, the exit code, what was done, and how the readers disagree."""
    kind, seed, index = job
    try:
        case = MAKERS[kind](seed, index)
    except Exception as error:  # noqa: BLE001
        return index, "no file", "", f"{type(error).__name__}: {error}"
    with tempfile.TemporaryDirectory(prefix="agree-", dir=MEMORY) as name:
        status, problem = judged(case, pathlib.Path(name))
    if problem:
        keep(case, FOUND / str(index))
    return index, status, ", ".join(case.about), problem


def keep(case: Case, folder: pathlib.Path) -> None:
    """Leaves the files of a case in a folder, with the arguments of its call."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "call").write_text(shlex.join(case.write(folder)) + "\n")


def only(kind: str, index: int, seed: str) -> int:
    case = MAKERS[kind](seed, index)
    keep(case, FOUND / str(index))
    with tempfile.TemporaryDirectory(prefix="agree-", dir=MEMORY) as name:
        status, problem = judged(case, pathlib.Path(name))
    print(f"{', '.join(case.about)}: {problem or f'all {status}'}")
    print(f"the call: {(FOUND / str(index) / 'call').read_text().strip()}")
    return 1 if problem else 0


def many(kind: str, runs: int, seed: str) -> int:
    print(f"agree: {kind}, seed {seed}", flush=True)
    statuses, problems, start = collections.Counter(), 0, time.monotonic()
    with multiprocessing.Pool() as pool:
        jobs = ((kind, seed, i) for i in range(runs))
        for index, status, done, problem in pool.imap_unordered(run, jobs, chunksize=8):
            statuses[status] += 1
            if problem:
                problems += 1
                again = f"Fuzzing/agree.py {kind} --only {index} {seed}"
                print(f"{problem}: {done}; again: {again}", flush=True)
    counts = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items(), key=str))
    rate = runs / (time.monotonic() - start)
    print(f"agree: {runs} files, {rate:.0f} a second; {counts}; {problems} disagreements")
    return 1 if problems else 0


def main() -> int:
    words = sys.argv[1:]
    if len(words) not in (2, 3, 4) or words[0] not in MAKERS:
        print(__doc__, file=sys.stderr)
        return 64
    if missing := missing_program() or compile_reader():
        print(f"agree: {missing}", file=sys.stderr)
        return 69
    if words[1] == "--only":
        return only(words[0], int(words[2]), words[3])
    seed = words[2] if len(words) > 2 else str(random.randrange(10**9))
    return many(words[0], int(words[1]), seed)


if __name__ == "__main__":
    sys.exit(main())
