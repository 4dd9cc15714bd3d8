"""Faults of what one section says: shapes, scales, files, metadata, identity, trust; and sections
that belong to other files."""

import random
import struct

from conformance_cases.container import u32

from hostile.faults import NUMBERS, flip
from hostile.image import Image

KNOWN = b"KEYS IDEN FILE PRNT CONT SHAP SCAL TOKN TIER CHNK BLKS meta prov DATA".split()
FLOATS = (0.0, -0.0, 1.0, -1.0, 2.0**64, 2.0**65, 2.0**-149, float("inf"), float("nan"), 0.5)


def identity(image: Image, r: random.Random) -> None:
    """A digest of values, or that of the filter bank: zeros, or another one."""
    data, at = image[b"IDEN"], 32 * r.randrange(5)
    if len(data) < at + 32:
        return
    match r.randrange(4):
        case 0:
            data[at : at + 32] = bytes(32)
        case 1:
            data[:128] = bytes(128)
        case _:
            flip(data, r, at, at + 32)


def trust(image: Image, r: random.Random) -> None:
    """The fields after the digests."""
    data = image[b"IDEN"]
    if len(data) >= 168:
        data[160:168] = u32(r.choice((0, 1, 1, 2)), r.choice((0, 0, 1)))


def shapes(image: Image, r: random.Random) -> None:
    """A number of a layer's shape, all of it, or that of its neighbour."""
    data = image[b"SHAP"]
    at = 12 * r.randrange(max(1, len(data) // 12))
    if len(data) < at + 12:
        return
    match r.randrange(4):
        case 0:
            data[at : at + 12] = bytes(12)
        case 1:
            data[at : at + 12] = data[:12]
        case _:
            place = at + 4 * r.randrange(3)
            data[place : place + 4] = u32(r.choice((0, 1, 2, 3, 4, 31, 32, 64, 4097)))


def scales(image: Image, r: random.Random) -> None:
    data = image[b"SCAL"]
    if len(data) >= 4:
        struct.pack_into("<f", data, 4 * r.randrange(len(data) // 4), r.choice(FLOATS))


def model_files(image: Image, r: random.Random) -> None:
    """An entry of FILE: another role, the reserved field, or exchanged with its neighbour."""
    data = image[b"FILE"]
    count = (len(data) - 4) // 40
    if count < 1:
        return
    at = 4 + 40 * r.randrange(count)
    match r.randrange(4):
        case 0:
            struct.pack_into("<I", data, at, r.choice(NUMBERS))
        case 1:
            struct.pack_into("<I", data, at + 4, r.choice((1, 2**31)))
        case 2:
            data[4:44], data[at : at + 40] = data[at : at + 40], data[4:44]
        case _:
            flip(data, r, at + 8, at + 40)


def metadata(image: Image, r: random.Random) -> None:
    """A character of meta, mostly of its first name."""
    data = image[b"meta"]
    end = min(len(data), r.choice((20, 20, 10**9)))
    if end > 8:
        data[r.randrange(8, end)] = r.choice(b"a.AZ09-_ /\x00\x7f\x80\xff")


def foreign(image: Image, r: random.Random) -> None:
    """A section that the file should not have, in its place."""
    there = [type_ for type_, _ in image.sections]
    type_ = r.choice(KNOWN)
    if type_ in there:
        return
    lengths = (0, 4, 8, 12 * r.randrange(4), 40, 44, 160)
    content = bytearray(r.choice((r.randbytes, bytes))(r.choice(lengths)))
    if content and r.random() < 0.5:
        content[:4] = b"\1\0\0\0"
    order = KNOWN.index(type_)
    before = [i for i, t in enumerate(there) if t in KNOWN and KNOWN.index(t) < order]
    image.sections.insert(max(before, default=-1) + 1, [type_, content])
