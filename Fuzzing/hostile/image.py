"""A file of the container, taken apart, and put together with right checksums, tags and seal."""

import hashlib
import struct
from collections.abc import Callable

import xxhash
from conformance_cases.encryption import BLOCK, BLOCKS, CHUNK, SEAL, SECTION
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

# How many streams a chunk of each codec has.
STREAMS = {1: 4, 2: 4, 3: 2, 4: 2, 5: 5, 6: 5, 7: 4, 9: 1, 10: 1, 11: 34}
UNSUMMED = (b"KEYS", b"DATA")

Sections = list[list]  # a type and its bytes each
Unit = Callable[[int, int, bytes], bytes]  # of a class, a number and bytes


def checksum(data: bytes) -> int:
    return xxhash.xxh64_intdigest(data, seed=0)


class Image:
    """A file of the container: header, sections, and of a snapshot its chunks. If `secret` opens an
    encrypted one, sections, chunks, blocks and their tables are as in one that is not encrypted."""

    def __init__(self, data: bytes, secret: bytes | None = None) -> None:
        self.data = None  # bytes that no longer follow from the rest
        self.secret, self.has_seal = None, True
        # Other stored bytes of a unit, by its class and number; gets its plain and stored bytes.
        self.tampered: dict[tuple[int, int], Callable[[bytes, bytes], bytes]] = {}
        self.header = bytearray(data[:64])
        count = min(struct.unpack_from("<I", data, 40)[0], 64, (len(data) - 64) // 32)
        self.sections: Sections = []
        for index in range(count):
            type_, _, offset, length, _ = struct.unpack_from("<4sIQQQ", data, 64 + 32 * index)
            self.sections.append([type_, bytearray(data[offset : offset + min(length, len(data))])])
        if secret and self.sections[0][0] == b"KEYS":
            self.open(secret)

    def __getitem__(self, type_: bytes) -> bytearray:
        return next((data for t, data in self.sections if t == type_), bytearray())

    def open(self, secret: bytes) -> None:
        """Decrypts all units, if they are authentic."""
        cipher, stored = AESGCM(secret), self.sections
        try:
            self.sections = converted(stored, lambda *unit: cipher.decrypt(*nonce(*unit), None))
            convert_pieces(self, lambda *unit: cipher.decrypt(*nonce(*unit), None))
            self.secret = secret
        except InvalidTag:
            self.sections = stored

    def stored(self) -> Sections:
        """The sections as a file has them."""
        if not self.secret:
            return self.sections
        plain, self.sections = self.sections, [[t, bytearray(data)] for t, data in self.sections]
        convert_pieces(self, self.unit)
        stored, self.sections = converted(self.sections, self.unit), plain
        return stored

    def unit(self, class_: int, number: int, plain: bytes) -> bytes:
        stored = AESGCM(self.secret).encrypt(*nonce(class_, number, plain), None)
        change = self.tampered.get((class_, number))
        return change(plain, stored) if change else stored

    def chunks(self) -> list[tuple[int, int, int]]:
        """Each chunk's entry in CHNK, its start and its end in DATA, as far as both go."""
        return self.pieces(self[b"CHNK"], 0, 0)

    def blocks(self) -> list[tuple[int, int, int]]:
        """Each block's entry in BLKS, its start and its end in DATA, as far as both go."""
        table = self[b"BLKS"]
        counts = 36 + int.from_bytes(table[32:36], "little")
        if len(table) < counts + 8:
            return []
        groups, blocks = struct.unpack_from("<II", table, counts)
        start = max((end for _, _, end in self.chunks()), default=0)
        return self.pieces(table, counts + 8 + 4 * (groups + blocks), start)

    def pieces(self, table: bytearray, first: int, start: int) -> list[tuple[int, int, int]]:
        """The pieces of DATA from `start` on, whose entries are in a table from `first` on."""
        found = []
        for entry in range(first, len(table) - 23, 24):
            end = start + struct.unpack_from("<Q", table, entry)[0]
            if end > len(self[b"DATA"]):
                break
            found.append((entry, start, end))
            start = end
        return found

    def replace(self, table: bytes, entry: int, start: int, end: int, piece: bytes) -> None:
        """Puts in other bytes of DATA, with length and checksum in their entry of a table."""
        self[b"DATA"][start:end] = piece
        struct.pack_into("<QQ", self[table], entry, len(piece), checksum(piece))

    def encoded(self) -> bytes:
        if self.data is not None:
            return self.data
        body, entries, sections = bytearray(), b"", self.stored()
        start = 64 + 32 * len(sections)
        for type_, data in sections:
            body += bytes(-(start + len(body)) % 64)
            expected = 0 if type_ in UNSUMMED else checksum(bytes(data))
            entries += struct.pack("<4sIQQQ", type_, 0, start + len(body), len(data), expected)
            body += data
        header = bytearray(self.header)
        struct.pack_into("<QI", header, 32, start + len(body), len(sections))
        return self.sealed(header, entries, bytes(body))

    def sealed(self, header: bytearray, entries: bytes, body: bytes) -> bytes:
        """The file with right checksums of header and directory, and the right seal."""
        struct.pack_into("<Q", header, 48, checksum(entries))
        struct.pack_into("<Q", header, 56, checksum(bytes(header[:56])))
        head, keys = bytes(header) + entries, -len(header + entries) % 64
        if self.secret and self.has_seal and entries[:4] == b"KEYS" and len(body) >= keys + 24:
            seal = AESGCM(self.secret).encrypt(*nonce(SEAL, 0, b""), head)
            body = body[: keys + 8] + seal + body[keys + 24 :]
        return head + body

    def digest(self) -> bytes:
        """By which a child names it."""
        data, keys = self.encoded(), self[b"KEYS"] if self.secret else b""
        start = -(-(64 + 32 * len(self.sections)) // 64) * 64
        last = dict(self.stored()).get(b"DATA", b"")
        return hashlib.sha256(
            data[:start] + data[start + len(keys) : len(data) - len(last)]
        ).digest()


def nonce(class_: int, number: int, data: bytes) -> tuple[bytes, bytes]:
    """A unit's nonce and its bytes."""
    return struct.pack("<IQ", class_, number), data


def converted(sections: Sections, unit: Unit) -> Sections:
    """The sections, each of them that is a unit encrypted or decrypted."""
    return [
        [type_, data if type_ in UNSUMMED else bytearray(unit(SECTION, index, bytes(data)))]
        for index, (type_, data) in enumerate(sections)
    ]


def convert_pieces(image: Image, unit: Unit) -> None:
    """Encrypts or decrypts chunks and blocks in place. A wrong checksum stays wrong."""
    found = ((CHUNK, b"CHNK", image.chunks()), (BLOCK, b"BLKS", image.blocks()))
    old, new, done = image[b"DATA"], bytearray(), 0
    for class_, type_, pieces in found:
        table = image[type_]
        for number, (entry, start, end) in enumerate(pieces):
            piece, done = bytes(old[start:end]), end
            _, expected, codec = struct.unpack_from("<QQI", table, entry)
            other = piece if class_ == CHUNK and codec == BLOCKS else unit(class_, number, piece)
            is_wrong = expected != checksum(piece)
            struct.pack_into("<QQ", table, entry, len(other), checksum(other) ^ is_wrong)
            new += other
    old[:] = new + old[done:]
