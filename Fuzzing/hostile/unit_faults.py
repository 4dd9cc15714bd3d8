"""Faults of what is encrypted: slots, units under other tags or numbers, and the seal."""

import random
import struct

from conformance_cases.encryption import BLOCK, CHUNK, EMPTY, SECTION, SLOT

from hostile.faults import flip
from hostile.image import Image, checksum

SMALL = (0, 1, 2, 9, 10, 11, 12, 16, 17, 21, 33, 2**31)  # costs that take no long time


def units(image: Image) -> list[tuple[int, int]]:
    """The class and number of each unit."""
    sections = [
        (SECTION, i) for i, (t, _) in enumerate(image.sections) if t not in (b"KEYS", b"DATA")
    ]
    chunks = [(CHUNK, i) for i in range(len(image.chunks()))]
    return sections + chunks + [(BLOCK, i) for i in range(len(image.blocks()))]


def unit(image: Image, r: random.Random) -> None:
    """A unit's stored bytes under a right checksum: changed, cut, or under another number."""
    found = units(image)
    if not image.secret or not found:
        return
    chosen, other = r.choice(found), r.choice(found)
    kind, seed = r.randrange(4), r.getrandbits(32)

    def change(plain: bytes, stored: bytes) -> bytes:
        changed = bytearray(stored)
        if kind == 0:
            return stored[: random.Random(seed).randrange(len(stored) + 1)]
        if kind == 1:
            return image.unit(*other, plain) if other != chosen else plain
        flip(changed, random.Random(seed), 0 if kind == 2 else len(stored) - 16)
        return bytes(changed)

    image.tampered[chosen] = change


def slot(image: Image, r: random.Random) -> None:
    """A field of a slot, mostly under a right checksum, or slots that were erased."""
    data = image[b"KEYS"]
    count = (len(data) - 32) // SLOT
    if not image.secret or count < 1:
        return
    at = 32 + SLOT * r.randrange(count)
    match r.randrange(6):
        case 0:
            data[at : at + SLOT] = EMPTY
        case 1:
            data[32:] = bytes(len(data) - 32)
        case 2 | 3:
            struct.pack_into("<I", data, at + 4 * r.randrange(4), r.choice(SMALL))
        case _:
            flip(data, r, at + 16, at + SLOT - 8)
    if r.random() < 0.9 and any(data[at : at + SLOT]):
        struct.pack_into("<Q", data, at + 120, checksum(bytes(data[at : at + 120])))


def keys(image: Image, r: random.Random) -> None:
    """Fields of KEYS before its slots, or another number of slots."""
    data = image[b"KEYS"]
    if not image.secret or len(data) < 32:
        return
    match r.randrange(4):
        case 0:
            struct.pack_into("<I", data, 0, r.choice((0, 1, 2, 2**32 - 1)))
        case 1:
            struct.pack_into("<I", data, 4, r.choice((0, 1, 2, 16, 17, 2**32 - 1)))
        case 2:
            flip(data, r, 24, 32)
        case _:
            data += EMPTY
            if r.random() < 0.7:
                struct.pack_into("<I", data, 4, (len(data) - 32) // SLOT)


def seal(image: Image, r: random.Random) -> None:
    """The seal of another header or directory."""
    if image.secret:
        image.has_seal = False
        flip(image[b"KEYS"], r, 8, 24)
