#!/usr/bin/env python3
"""Whether spec/reader.py and the program agree on hostile files: on exit code and on the digest of every tensor.

    "$(scripts/python)" Fuzzing/agree.py RUNS [SEED]       # RUNS files; without SEED, others each time
    "$(scripts/python)" Fuzzing/agree.py --only RUN SEED   # one of them again; its files stay in .build-fuzz/agree

Each run takes a fixture, valid or not, or a snapshot of random shape, with all that it continues, and puts one or two
faults into it or into a parent, as a hostile writer would: with every checksum that stands above the fault put right again, of header,
directory, sections, chunks, and of what frames decode to. Both readers then answer for the file, for all that it
stores or for some ×N. Releases of libzstd do not all refuse the same malformed frames: where the program's and Python's
differ on a frame, one of the readers may refuse the file, but both never read different bytes. The program is QFILTERS_BINARY, or else .build/release/qfilters.
"""

import collections
import contextlib
import ctypes
import hashlib
import io
import json
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

import numpy as np
import xxhash
import zstandard

ROOT = pathlib.Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures" / "conformance"
FOUND = ROOT / ".build-fuzz" / "agree"
PROGRAM = os.environ.get("QFILTERS_BINARY", str(ROOT / ".build/release/qfilters"))
LARGEST = 40_000
NUMBERS = [0, 1, 2, 3, 5, 6, 7, 8, 63, 64, 65, 4096, 8192, 2**16, 2**31 - 1, 2**31, 2**32 - 1]
RATIOS = ["1", "2", "3", "4", "5", "7", "8", "9", "16", "64", "100", "4294967295", "0", "4294967296", "abc"]
ZSTD = ctypes.CDLL("libzstd.so.1")
ZSTD.ZSTD_decompress.restype = ctypes.c_size_t
STREAMS = {1: 4, 2: 4, 3: 2, 4: 2, 5: 5, 6: 5, 7: 4}

sys.path[:0] = [str(ROOT / "spec"), str(ROOT / "fixtures" / "generate")]
sys.dont_write_bytecode = True
import reader  # noqa: E402
from conformance_chains import Link, child  # noqa: E402
from conformance_files import Snapshot  # noqa: E402


def checksum(data: bytes) -> int:
    return xxhash.xxh64_intdigest(data, seed=0)


# ---- A file taken apart, and put together with right checksums ----


class Image:
    """A file of the container: header, sections, and of a snapshot its chunks."""

    def __init__(self, data: bytes) -> None:
        self.data = None  # bytes that no longer follow from the rest
        self.header = bytearray(data[:64])
        count = min(struct.unpack_from("<I", data, 40)[0], 64, (len(data) - 64) // 32)
        self.sections = []
        for index in range(count):
            type_, _, offset, length, _ = struct.unpack_from("<4sIQQQ", data, 64 + 32 * index)
            self.sections.append([type_, bytearray(data[offset : offset + min(length, len(data))])])

    def __getitem__(self, type_: bytes) -> bytearray:
        return next((data for t, data in self.sections if t == type_), bytearray())

    def chunks(self) -> list[tuple[int, int, int]]:
        """Each chunk's entry in CHNK, its start and its end in DATA, as far as both go."""
        table, found, start = self[b"CHNK"], [], 0
        for entry in range(0, len(table) - 23, 24):
            end = start + struct.unpack_from("<Q", table, entry)[0]
            if end > len(self[b"DATA"]):
                break
            found.append((entry, start, end))
            start = end
        return found

    def replace_chunk(self, entry: int, start: int, end: int, chunk: bytes) -> None:
        """Puts in other bytes with their checksum."""
        self[b"DATA"][start:end] = chunk
        struct.pack_into("<QQ", self[b"CHNK"], entry, len(chunk), checksum(chunk))

    def encoded(self) -> bytes:
        if self.data is not None:
            return self.data
        body, entries = bytearray(), b""
        start = 64 + 32 * len(self.sections)
        for type_, data in self.sections:
            body += bytes(-(start + len(body)) % 64)
            entries += struct.pack("<4sIQQQ", type_, 0, start + len(body), len(data),
                                   0 if type_ == b"DATA" else checksum(bytes(data)))
            body += data
        header = bytearray(self.header)
        struct.pack_into("<QI", header, 32, start + len(body), len(self.sections))
        return sealed(header, entries, bytes(body))

    def digest(self) -> bytes:
        """By which a child names it."""
        data = self.encoded()
        return hashlib.sha256(data[: len(data) - len(self[b"DATA"])]).digest()


def sealed(header: bytearray, entries: bytes, body: bytes) -> bytes:
    struct.pack_into("<Q", header, 48, checksum(entries))
    struct.pack_into("<Q", header, 56, checksum(bytes(header[:56])))
    return bytes(header) + entries + body


# ---- Faults ----


def flip(data: bytearray, r: random.Random, start=0, end=None) -> None:
    end = len(data) if end is None else end
    if start < end:
        data[r.randrange(start, end)] ^= 1 << r.randrange(8)


def field(data: bytearray, r: random.Random) -> None:
    """Another number in a field of 32 or 64 bits, mostly one of the first."""
    width = r.choice((4, 4, 4, 8))
    if len(data) < width:
        return
    at = 4 * r.randrange(min(len(data) // 4, r.choice((4, 16, 10**9)))) if len(data) >= 8 else 0
    at = min(at, len(data) - width)
    old = int.from_bytes(data[at : at + width], "little")
    new = r.choice([old + 1, old - 1, 2 * old, old // 2, r.choice(NUMBERS), r.choice(NUMBERS)])
    data[at : at + width] = (new % 2 ** (8 * width)).to_bytes(width, "little")


def resize(data: bytearray, r: random.Random) -> None:
    if r.random() < 0.5 and data:
        del data[-r.randrange(1, min(len(data), 33) + 1) :]
    else:
        data += bytes(r.randrange(256) * r.randrange(2) for _ in range(r.choice((1, 4, 8, 32))))


def raw(image: Image, r: random.Random) -> None:
    """Damage that no checksum covers up."""
    data = bytearray(image.encoded())
    r.choice((flip, flip, resize))(data, r)
    image.data = bytes(data)


def layout(image: Image, r: random.Random) -> None:
    """A field of the header or directory."""
    data = bytearray(image.encoded())
    end = 64 + 32 * struct.unpack_from("<I", data, 40)[0]
    header, entries = data[:64], data[64:end]
    if r.random() < 0.5:
        at = r.choice((8, 12, 14, 16, 24, 32, 40, 44))
        part = header[at : at + 4]
        r.choice((flip, field))(part, r)
        header[at : at + 4] = part
    else:
        at = 32 * r.randrange(max(1, len(entries) // 32))
        part = entries[at : at + 32]
        r.choice((flip, field))(part, r)
        entries[at : at + 32] = part
    image.data = sealed(header, bytes(entries), bytes(data[end:]))


def order(image: Image, r: random.Random) -> None:
    """Sections that are missing, twice, in another order, or unknown."""
    sections = image.sections
    index = r.randrange(len(sections))
    match r.randrange(5):
        case 0: del sections[index]
        case 1: sections.insert(r.randrange(len(sections) + 1), [sections[index][0], sections[index][1][:]])
        case 2: sections.insert(r.randrange(len(sections)), sections.pop(index))
        case 3: sections.insert(r.randrange(len(sections) + 1), [r.choice((b"nEWs", b"aBCD")), bytearray(b"new")])
        case _: sections[index][0] = r.choice((b"NEWS", b"nEWs", b"DATA", b"TOKN", b"prov", b"head"))


def unknown(image: Image, r: random.Random) -> None:
    """An unknown section whose checksum is wrong."""
    image.sections.insert(max(0, len(image.sections) - 1), [b"nEWs", bytearray(b"new")])
    data = bytearray(image.encoded())
    index = len(image.sections) - 2
    data[64 + 32 * index + 24] ^= 1
    end = 64 + 32 * len(image.sections)
    image.data = sealed(data[:64], bytes(data[64:end]), bytes(data[end:]))


def section(image: Image, r: random.Random) -> None:
    """The content of a section that is not DATA."""
    found = [data for type_, data in image.sections if type_ != b"DATA"]
    if found:
        r.choice((flip, field, field, field, resize))(r.choice(found), r)


def identity(image: Image, r: random.Random) -> None:
    data = image[b"IDEN"]
    if r.random() < 0.2:
        data[128:] = bytes(len(data[128:]))
    else:
        flip(data, r, 0, min(len(data), 128))


def tokens(image: Image, r: random.Random) -> None:
    flip(image[b"TOKN"], r)


def parent(image: Image, r: random.Random) -> None:
    """What a child says of its parent, or a child that there was none of."""
    data = image[b"PRNT"]
    if not data:
        image.sections.insert(1, [b"PRNT", bytearray(32) + struct.pack("<QI", 1, 1) + b"x"])
        return
    match r.randrange(3):
        case 0: flip(data, r, 0, 32)
        case 1: struct.pack_into("<Q", data, 32, r.choice((0, 1, 2, 19, 20, 21, 69, 70, 71, 2**63)))
        case _: data[40:] = struct.pack("<I", 6) + r.choice((b"absent", b"folder", b"../xxx", b"\xff\xfe\xfd.kv", b"a\0bcde"))


def damage(image: Image, r: random.Random) -> None:
    """A byte of DATA, as it comes."""
    flip(image[b"DATA"], r)


def chunk(image: Image, r: random.Random) -> None:
    """A chunk's stored bytes, under a right checksum."""
    found = image.chunks()
    if found:
        entry, start, end = r.choice(found)
        data = bytearray(image[b"DATA"][start:end])
        r.choice((flip, flip, field, resize))(data, r)
        image.replace_chunk(entry, start, end, bytes(data))


def content(image: Image, r: random.Random) -> None:
    """What a stream decodes to, stored anew, under right checksums."""
    found = image.chunks()
    if not found:
        return
    entry, start, end = r.choice(found)
    data, count = bytes(image[b"DATA"][start:end]), STREAMS.get(struct.unpack_from("<I", image[b"CHNK"], entry + 16)[0], 4)
    if len(data) < 4 * count:
        return
    at, streams = 4 * count, []
    for length in struct.unpack_from(f"<{count}I", data):
        stored = data[at : at + length]
        with contextlib.suppress(zstandard.ZstdError):
            stored = zstandard.ZstdDecompressor().decompress(stored, max_output_size=1 << 22)
        streams.append(bytearray(stored))
        at += length
    for _ in range(r.choice((1, 1, 4))):
        r.choice((flip, flip, field))(r.choice(streams), r)
    stored, decoded = [], b""
    for stream in streams:
        packed = frame(bytes(stream), r) if stream else b""
        if len(packed) < len(stream) and r.random() < 0.8:
            stored.append(packed)
            decoded += stream
        else:
            stored.append(bytes(stream))
    if decoded and r.random() < 0.9:
        stored.append(struct.pack("<Q", checksum(decoded)))
    image.replace_chunk(entry, start, end, struct.pack(f"<{count}I", *map(len, stored[:count])) + b"".join(stored))


def frame(data: bytes, r: random.Random) -> bytes:
    return zstandard.ZstdCompressor(
        level=r.choice((1, 1, 3, 19)), write_checksum=r.random() < 0.2, write_content_size=r.random() < 0.9).compress(data)


FAULTS = {raw: 2, layout: 2, order: 2, unknown: 1, section: 6, identity: 2, tokens: 1, parent: 2, damage: 2, chunk: 4, content: 4}


def replaced(names: list[str], r: random.Random, folder: pathlib.Path) -> str:
    """Something else under a parent's name."""
    path = folder / r.choice(names)
    path.unlink()
    match r.randrange(5):
        case 0 | 1: return f"{path.name} is not there"
        case 2: path.mkdir()
        case 3: path.write_bytes(b"no file of this format")
        case _: shutil.copy(r.choice(SOURCES)[0], path)
    return f"{path.name} is something else"


# ---- Runs ----


def sources() -> list[tuple[pathlib.Path, list[pathlib.Path], float]]:
    """Each fixture with its parents, nearest first, and how often it is taken."""
    manifest, found = json.loads((FIXTURES / "manifest.json").read_text(encoding="utf-8")), []
    for group, weight in (("valid", 4.0), ("invalid", 0.3)):
        for case in manifest[group]:
            path = FIXTURES / case["file"]
            if "insertZeros" not in case and 64 <= path.stat().st_size <= LARGEST:
                parents = [FIXTURES / entry["file"] for entry in case.get("parents", [])]
                kind = 4 if parents else 2 if path.suffix == ".kvsnap" else 0.7
                found.append((path, parents, weight * kind))
    return found


SOURCES = sources()


def made(r: random.Random) -> list[tuple[str, bytes]]:
    """A valid snapshot, or a chain, of random shape, codecs and tiers; the last link first."""
    shape = dict(layers=r.randrange(1, 4), heads=r.randrange(1, 4), key=r.randrange(1, 6), value=r.randrange(1, 6),
                 codecs=(r.choice((2, 3, 4)), r.choice((2, 3, 4))))
    link, n = None, r.randrange(150)
    for index in range(r.choice((1, 1, 2, 3)) if n else 1):
        first = r.randint(1, n) if link else 0
        n = max(first, n + r.randrange(-20, 100)) if link else n
        link = made_link(f"made-{index}", link, first, n, shape, r)
    return [(each.name, each.file) for each in reversed(link.links())]


def made_link(name: str, before: Link | None, first: int, n: int, shape: dict, r: random.Random) -> Link:
    ratios = sorted(r.sample((1, 2, 3, 4, 5, 8, 16, 64, 2**32 - 1), r.randrange(1, 6)), reverse=True)
    random_ = np.random.default_rng(r.randrange(2**16))
    cells = (shape["layers"], shape["heads"])
    counts = np.diff(np.sort(random_.integers(0, n - first + 1, (len(ratios), *cells)), 0), axis=0, prepend=0)
    # A cache of any bits, or one whose tiers may all be quantised.
    quantised = r.random() < 0.5
    stored = [r.choice(((5, 5), (6, 5), (5, 6), (6, 6), (None, 5), (6, None))) if quantised else (None, None) for _ in ratios]
    options = dict(**shape, ratios=ratios, floors=random_.integers(0, n - first + 1, cells), counts=r.choice((None, counts)),
                   seed=r.randrange(2**16), window=r.randrange(9), scorer=r.randrange(1, 8), stored=stored.__getitem__)
    return child(before, name, first, n, **options) if before else Link(name, Snapshot(n=n, **options))


def make(seed: str, index: int, folder: pathlib.Path) -> tuple[pathlib.Path, str | None, list[str]]:
    """Writes the files of a run; gives the one to read, the compression, and what was done."""
    r = random.Random(f"{seed}/{index}")
    if r.random() < 0.2:
        files = made(r)
    else:
        path, parents, _ = r.choices(SOURCES, [weight for _, _, weight in SOURCES])[0]
        files = [(file.name, file.read_bytes()) for file in (path, *parents)]
    names, images = [name for name, _ in files], [Image(data) for _, data in files]
    done = names[:1]
    (folder / "folder").mkdir()
    # A snapshot of random shape is read as it is, too.
    for _ in range(r.choice((0, 1, 2) if names[0].startswith("made") else (1, 1, 2))):
        target = 0 if len(names) == 1 or r.random() < 0.6 else r.randrange(1, len(names))
        fault = r.choices(list(FAULTS), list(FAULTS.values()))[0]
        if images[target].sections and images[target].data is None:
            fault(images[target], r)
            done.append(f"{fault.__name__} in {names[target]}")
    # From the root on, so that a child names what its parent became.
    relinks = r.random() < 0.7
    for image, before in reversed(list(zip(images, images[1:]))):
        if relinks and image.data is None and len(image[b"PRNT"]) >= 32:
            image[b"PRNT"][:32] = before.digest()
    for name, image in zip(names, images):
        (folder / name).write_bytes(image.encoded())
    if len(names) > 1 and r.random() < 0.08:
        done.append(replaced(names[1:], r, folder))
    return folder / names[0], r.choice(RATIOS) if r.random() < 0.4 else None, done


def tensors(output: str) -> dict[str, str]:
    return {name: digest for digest, _, name in (line.partition(" ") for line in output.replace("  ", " ").splitlines())}


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
        result = subprocess.run([PROGRAM, "verify", *arguments], capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        return "no answer within a minute", {}
    return result.returncode, tensors(result.stdout) if result.returncode == 0 else {}


def frames(image: Image) -> Iterator[bytes]:
    """The streams of all chunks that begin as a zstd frame does."""
    for entry, start, end in image.chunks():
        data, count = bytes(image[b"DATA"][start:end]), STREAMS.get(struct.unpack_from("<I", image[b"CHNK"], entry + 16)[0], 4)
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
    """Whether the two releases of libzstd do not agree on a frame: only one takes it, or they make different bytes of it."""
    images = [Image(path.read_bytes()) for path in folder.glob("*.kvsnap") if path.is_file() and path.stat().st_size >= 64]
    return any(by_python(frame) != by_system(frame) for image in images for frame in frames(image))


def run(job: tuple[str, int]) -> tuple[int, int | str, list[str], str | None]:
    """One run: its number, the reader's exit code, what was done, and how they disagree."""
    seed, index = job
    with tempfile.TemporaryDirectory(prefix="agree-") as name:
        path, compression, done = make(seed, index, pathlib.Path(name))
        arguments = ["--digests", *(["--compression", compression] if compression else []), str(path)]
        (status, mine), (other, theirs) = by_reader(arguments), by_program(arguments)
        problem = None
        if {status, other} in ({0, 65}, {64, 65}) and libraries_differ(pathlib.Path(name)):
            # A malformed frame that one library refuses is no fault of either reader.
            status = "malformed frame"
        elif status != other:
            problem = f"reader.py {status}, the program {other}"
        elif mine != theirs:
            problem = f"other tensors: {sorted(n for n in mine.keys() | theirs.keys() if mine.get(n) != theirs.get(n))[:4]}"
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
    print(f"{', '.join(done)}: {problem or f'both {status}'}; the files are in {FOUND / str(index)}")
    return 1 if problem else 0


def main() -> int:
    if len(sys.argv) == 4 and sys.argv[1] == "--only":
        return only(sys.argv[3], int(sys.argv[2]))
    if len(sys.argv) not in (2, 3):
        print(__doc__, file=sys.stderr)
        return 64
    runs, seed = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else str(random.randrange(10**9))
    print(f"agree: seed {seed}", flush=True)
    statuses, problems = collections.Counter(), 0
    with multiprocessing.Pool() as pool:
        for index, status, done, problem in pool.imap_unordered(run, ((seed, i) for i in range(runs)), chunksize=8):
            statuses[status] += 1
            if problem:
                problems += 1
                print(f"{problem}: {', '.join(done)}; again: Fuzzing/agree.py --only {index} {seed}", flush=True)
    counts = ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items(), key=str))
    print(f"agree: {runs} files; exit codes {counts}; {problems} disagreements")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
