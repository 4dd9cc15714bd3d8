"""A file of the container, taken apart, and put together with right checksums."""

import hashlib
import struct

import xxhash

# How many streams a chunk of each codec has.
STREAMS = {1: 4, 2: 4, 3: 2, 4: 2, 5: 5, 6: 5, 7: 4}


def checksum(data: bytes) -> int:
    return xxhash.xxh64_intdigest(data, seed=0)


class Image:
    """A file of the container: header, sections, and of a snapshot its chunks."""

    def __init__(self, data: bytes, secret: bytes | None = None) -> None:
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
        body, entries = bytearray(), b""
        start = 64 + 32 * len(self.sections)
        for type_, data in self.sections:
            body += bytes(-(start + len(body)) % 64)
            entries += struct.pack(
                "<4sIQQQ",
                type_,
                0,
                start + len(body),
                len(data),
                0 if type_ == b"DATA" else checksum(bytes(data)),
            )
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
