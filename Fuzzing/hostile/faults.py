"""Faults of a hostile writer, who corrects the checksums above them."""

import contextlib
import random
import struct

import zstandard
from reader import ZSTD_MAGIC

from hostile.image import STREAMS, Image, checksum

NUMBERS = [*range(14), 63, 64, 65, 4096, 8192, 2**16, 2**31 - 1, 2**31, 2**32 - 1]


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


def extreme(data: bytearray, r: random.Random) -> None:
    """A byte that begins infinities, no numbers, negative or great ones."""
    if data:
        data[r.randrange(len(data))] = r.choice((0, 0x7C, 0x7E, 0x7F, 0x80, 0xFC, 0xFF))


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
    """A field of the header or directory; sometimes the seal is that of the old ones."""
    data = bytearray(image.encoded())
    image.has_seal = r.random() < 0.7
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
    image.data = image.sealed(header, bytes(entries), bytes(data[end:]))


def order(image: Image, r: random.Random) -> None:
    """Sections that are missing, twice, in another order, or unknown."""
    sections = image.sections
    index = r.randrange(len(sections))
    match r.randrange(5):
        case 0:
            del sections[index]
        case 1:
            sections.insert(
                r.randrange(len(sections) + 1), [sections[index][0], sections[index][1][:]]
            )
        case 2:
            sections.insert(r.randrange(len(sections)), sections.pop(index))
        case 3:
            sections.insert(
                r.randrange(len(sections) + 1), [r.choice((b"nEWs", b"aBCD")), bytearray(b"new")]
            )
        case _:
            sections[index][0] = r.choice((b"NEWS", b"nEWs", b"DATA", b"TOKN", b"prov", b"head"))


def unknown(image: Image, r: random.Random) -> None:
    """An unknown section whose checksum is wrong."""
    image.sections.insert(max(0, len(image.sections) - 1), [b"nEWs", bytearray(b"new")])
    data = bytearray(image.encoded())
    index = len(image.sections) - 2
    data[64 + 32 * index + 24] ^= 1
    end = 64 + 32 * len(image.sections)
    image.data = image.sealed(data[:64], bytes(data[64:end]), bytes(data[end:]))


def section(image: Image, r: random.Random) -> None:
    """The content of a section that is not DATA."""
    found = [data for type_, data in image.sections if type_ != b"DATA"]
    if found:
        r.choice((flip, extreme, field, field, field, resize))(r.choice(found), r)


def tokens(image: Image, r: random.Random) -> None:
    flip(image[b"TOKN"], r)


def parent(image: Image, r: random.Random) -> None:
    """What a child says of its parent."""
    data = image[b"PRNT"]
    if len(data) < 40:
        return
    match r.randrange(3):
        case 0:
            flip(data, r, 0, 32)
        case 1:
            first = struct.unpack_from("<Q", data, 32)[0]
            struct.pack_into("<Q", data, 32, r.choice((0, 1, first - 1, first + 1, 2**63)) % 2**64)
        case _:
            data[40:] = struct.pack("<I", 6) + r.choice(
                (b"absent", b"folder", b"../xxx", b"\xff\xfe\xfd.kv", b"a\0bcde")
            )


def damage(image: Image, r: random.Random) -> None:
    """A byte of DATA, as it comes, or its length."""
    r.choice((flip, flip, resize))(image[b"DATA"], r)


def chunk(image: Image, r: random.Random) -> None:
    """A chunk's stored bytes, under a right checksum."""
    piece(image, b"CHNK", image.chunks(), r)


def block(image: Image, r: random.Random) -> None:
    """A block's stored bytes, under a right checksum."""
    piece(image, b"BLKS", image.blocks(), r)


def entry(image: Image, r: random.Random) -> None:
    """A field of a chunk's or block's entry in its table."""
    tables = [image[b"CHNK"]] * len(image.chunks()) + [image[b"BLKS"]] * len(image.blocks())
    places = [at for at, _, _ in image.chunks() + image.blocks()]
    if places:
        index = r.randrange(len(places))
        table, at = tables[index], places[index]
        part = table[at : at + 24]
        r.choice((field, field, extreme))(part, r)
        table[at : at + 24] = part


def piece(image: Image, table: bytes, found: list[tuple[int, int, int]], r: random.Random) -> None:
    if found:
        entry, start, end = r.choice(found)
        data = bytearray(image[b"DATA"][start:end])
        r.choice((flip, flip, field, resize))(data, r)
        image.replace(table, entry, start, end, bytes(data))


def frame_header(image: Image, r: random.Random) -> None:
    """A bit in the first bytes of a frame, under a right checksum of the chunk."""
    found = []
    for entry, start, end in image.chunks():
        at = image[b"DATA"].find(ZSTD_MAGIC, start, end)
        if at >= 0:
            found.append((entry, start, end, at))
    if found:
        entry, start, end, at = r.choice(found)
        data = image[b"DATA"][start:end]
        flip(data, r, at - start + r.choice((0, 4, 4)), min(at - start + 14, len(data)))
        image.replace(b"CHNK", entry, start, end, bytes(data))


def content(image: Image, r: random.Random) -> None:
    """What a stream decodes to, stored anew, under right checksums."""
    found = image.chunks()
    if not found:
        return
    entry, start, end = r.choice(found)
    data, count = (
        bytes(image[b"DATA"][start:end]),
        STREAMS.get(struct.unpack_from("<I", image[b"CHNK"], entry + 16)[0], 4),
    )
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
        r.choice((flip, extreme, field))(r.choice(streams), r)
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
    packed = struct.pack(f"<{count}I", *map(len, stored[:count])) + b"".join(stored)
    image.replace(b"CHNK", entry, start, end, packed)


def frame(data: bytes, r: random.Random) -> bytes:
    return zstandard.ZstdCompressor(
        level=r.choice((1, 1, 3, 19)),
        write_checksum=r.random() < 0.2,
        write_content_size=r.random() < 0.9,
    ).compress(data)
