#!/usr/bin/env python3
# SPDX-License-Identifier: CC0-1.0
"""An independent reader of the container format, version 1, written from format.md alone.

    python reader.py FILE [--compression N] [--key-file KEY]... [--tensors OUT.npz] [--digests]

Checks every rule of the specification and prints what the file holds; with --tensors it also writes
the decoded tensors, with --digests it prints the SHA-256 of each instead (conformance.md). A
snapshot that continues another is read with its whole chain, whose files are in its folder, as are
the transforms that code them. Each KEY is tried as a key file and as a passphrase. Exits with 65
and one sentence when a rule is broken; conformance.md has the other exit codes, and the order of
the checks. Section numbers in the comments are those of format.md.

Needs the packages of requirements.txt.
"""

import argparse
import hashlib
import hmac
import itertools
import mmap
import pathlib
import re
import struct
import sys
from collections.abc import Sequence

import numpy as np
import xxhash
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MAGIC = bytes.fromhex("894b56510d0a1a0a")
SECTIONS = {
    b"SNAP": "KEYS IDEN FILE PRNT CONT SHAP SCAL TOKN TIER CHNK BLKS meta prov DATA",
    b"FILT": "IDEN FILT qual seqs head rope line meta prov",
    b"STAT": "IDEN STAT seqs rope pair meta prov",
    b"TRAN": "IDEN TRAN CODE BASE rope mtrc meta prov",
    b"TSUM": "IDEN SUMS seqs rope meta prov",
}
KINDS = {kind: types.encode().split() for kind, types in SECTIONS.items()}
# Sections with an upper-case letter that a file may be without.
OPTIONAL = (b"KEYS", b"FILE", b"PRNT", b"SHAP", b"SCAL", b"BLKS")
UNSUMMED = (b"KEYS", b"DATA")  # What they hold has checksums of its own.
ENCRYPTED = 1  # Section 2.1: the required feature.
PRIVATE = 2**31  # Section 2.4: numbers from here on are anybody's.
# Lower-case sections that a file of a kind must have.
REQUIRED = {b"TRAN": (b"rope", b"mtrc"), b"TSUM": (b"seqs", b"rope")}
# Section 5.5: codec -> (element type, planes). Elements of 4 are the upper halves of binary32s.
POSITIONS, INT8, INT4, GAPS, BLOCKS, E4M3, E5M2, Q8_0 = 1, 5, 6, 7, 8, 9, 10, 11
PLAIN, FP8 = (2, 3, 4), (E4M3, E5M2)
CODECS = {
    POSITIONS: ("<u4", 4),
    2: ("<f4", 4),
    3: ("<f2", 2),
    4: ("<u2", 2),
    GAPS: ("<u4", 4),
    E4M3: ("u1", 1),
    E5M2: ("u1", 1),
    Q8_0: ("V34", 34),
}
TYPES = (*PLAIN, *FP8, Q8_0)  # Types of keys and values.
BLOCK = 32  # Numbers in an element of Q8_0.
SCORERS = (
    "nothing",
    "Q-Filters",
    "K-norm",
    "Streaming-LLM",
    "SnapKV",
    "Expected Attention",
    "KeyDiff",
    "random",
    "KVzip",
    "linear",
)
BANKED = (1, 9)  # Scorers whose scores come from a filter bank.
NONE = 0  # The scorer of pairs that are not ranked.
GROUP = 64
LANES, DIGITS = 32, 35  # Section 11.4; tables 0 … 34 are those of CODE, 35 is that of digits.
TENSORS = ("positions", "keys", "values")
DIGESTS = ("weights", "architecture", "RoPE", "tokenizer")
LINKS = 1024
MAXIMUM = 2**31 - 1
ZSTD_MAGIC = bytes.fromhex("28b52ffd")
SEAL, SECTION, CHUNK, BLOCK_OF_TRANSFORM = range(4)  # Section 12.1: classes of units.
TAG = 16
META_NAME = re.compile(rb"[a-z0-9_-]+(\.[a-z0-9_-]+)+")


# An unknown ancillary section: its name, bytes and checksum, and its place in the directory.
Unknown = tuple[str, memoryview, int, int]


class NotStored(Exception):
    """The file is valid and does not hold what was asked for."""


class Refused(Exception):
    """The file breaks a rule; the first word is the section's name."""


class OtherModel(Exception):
    """A chain of several models' files."""


class NotThere(Exception):
    """A parent or a transform is not there, or what a private codec means."""


class NoKey(Exception):
    """No key opens the file."""


def need(condition: bool, section: str, problem: str) -> None:
    if not condition:
        raise Refused(f"{section}: {problem}")


def checksum(data: memoryview) -> int:
    return xxhash.xxh64_intdigest(data, seed=0)


def align64(x: int) -> int:
    return (x + 63) // 64 * 64


class Fields:
    """Reads fields of one section in order; the section must end where they end."""

    def __init__(self, section: str, data: memoryview) -> None:
        self.section, self.data, self.at = section, data, 0

    def take(self, count: int) -> memoryview:
        need(0 <= count <= len(self.data) - self.at, self.section, "ends too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def u32(self) -> int:
        return struct.unpack("<I", self.take(4))[0]

    def u64(self) -> int:
        return struct.unpack("<Q", self.take(8))[0]

    def integer(self, name: str, low: int, high: int) -> int:
        """An i32."""
        value = struct.unpack("<i", self.take(4))[0]
        need(low <= value <= high, self.section, f"{name} is {value}")
        return value

    def u32s(self, count: int) -> np.ndarray:
        return np.frombuffer(self.take(4 * count), "<u4").astype(np.int64)

    def f64s(self, count: int) -> np.ndarray:
        values = np.frombuffer(self.take(8 * count), "<f8")
        need(bool(np.isfinite(values).all()), self.section, "a number is not finite")
        return values

    def f32s(self, count: int, low: float) -> np.ndarray:
        """Numbers from `low` to 2⁶⁴."""
        values = np.frombuffer(self.take(4 * count), "<f4")
        inside = (values >= low) & (values <= 2.0**64)
        need(bool(inside.all()), self.section, "a number out of range")
        return values

    def size(self, name: str, low: int, high: int) -> int:
        value = self.u32()
        need(low <= value <= high, self.section, f"{name} is {value}")
        return value

    def zeros(self, count: int) -> None:
        need(not any(self.take(count)), self.section, "reserved bits")

    def text(self, least: int, most: int) -> bytes:
        """UTF-8."""
        text = bytes(self.take(self.size("length of a text", least, most)))
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(f"{self.section}: not UTF-8") from None
        return text

    def file_name(self) -> str:
        """Section 5.7: the name of a file in the same folder."""
        name = bytes(self.take(self.size("length of the name", 1, 255)))
        is_path = b"/" in name or b"\0" in name or name in (b".", b"..")
        need(not is_path, self.section, "not a file's name")
        try:
            return name.decode("utf-8")
        except UnicodeDecodeError:
            raise Refused(f"{self.section}: the name is not UTF-8") from None

    def end(self) -> None:
        need(self.at == len(self.data), self.section, "bytes too many")


class Cipher:
    """Section 12: opens the units of an encrypted snapshot."""

    def __init__(self, section: memoryview, keys: Sequence[bytes], head: memoryview) -> None:
        """`head` is what the seal is of: header and directory."""
        fields = Fields("KEYS", section)
        need(fields.u32() == 1, "KEYS", "an unknown cipher")
        count = fields.size("slots", 1, 16)
        seal = bytes(fields.take(TAG))
        fields.zeros(8)
        slots = [Slot(fields.take(128)) for _ in range(count)]
        fields.end()
        if not any(slot.kind for slot in slots):
            raise NoKey("KEYS: all keys were destroyed, so nobody can read the file")
        opened = (slot.opened(key) for slot in slots for key in keys)
        data_key = next((key for key in opened if key), None)
        if data_key is None:
            raise NoKey("KEYS: the file is encrypted, and no key opens it")
        self.cipher = AESGCM(data_key)
        need(self.plain(SEAL, 0, seal, head) is not None, "KEYS", "header or directory changed")

    def plain(self, kind: int, number: int, stored: bytes, extra=None) -> bytes | None:
        """A unit's plain bytes, or None if its tag is another's."""
        try:
            return self.cipher.decrypt(struct.pack("<IQ", kind, number), stored, extra)
        except InvalidTag:
            return None

    def unit(self, kind: int, number: int, stored: memoryview, where: str) -> memoryview:
        need(len(stored) >= TAG, where, "shorter than a tag")
        plain = self.plain(kind, number, bytes(stored))
        need(plain is not None, where, "not authentic")
        return memoryview(plain)


class Slot:
    """Section 12.2."""

    def __init__(self, data: memoryview) -> None:
        fields = Fields("KEYS", data)
        self.head, self.kind = bytes(data[:48]), fields.u32()
        if self.kind == 0:
            fields.zeros(124)
            return
        found = int.from_bytes(data[120:], "little")
        need(found == checksum(data[:120]), "KEYS", "checksum of a slot")
        if self.kind > 2:
            return
        ranges = ((0, 0), (0, 0), (0, 0)) if self.kind == 1 else ((10, 20), (1, 32), (1, 16))
        names = ("cost", "r", "p")
        cost, self.r, p = (fields.size(n, *x) for n, x in zip(names, ranges, strict=True))
        self.n, self.p = 1 << cost, p
        is_small = 128 * self.r * self.n <= 2**28 and self.r * p * self.n <= 2**22
        need(is_small and (cost < 16 or self.r > 1), "KEYS", "a cost of scrypt beyond the limits")
        self.salt, self.wrapped = bytes(fields.take(32)), bytes(fields.take(32 + TAG))
        fields.zeros(24)

    def opened(self, key: bytes) -> bytes | None:
        """The data key, if that is the key."""
        phrase = key.removesuffix(b"\n")
        if self.kind == 1 and 32 <= len(key) <= 65536:
            slot_key = hmac.digest(self.salt, key, "sha256")
        elif self.kind == 2 and 1 <= len(phrase) <= 1024:
            cost = {"n": self.n, "r": self.r, "p": self.p, "maxmem": 2**29}
            slot_key = hashlib.scrypt(phrase, salt=self.salt, dklen=32, **cost)
        else:
            return None
        try:
            return AESGCM(slot_key).decrypt(bytes(12), self.wrapped, self.head)
        except InvalidTag:
            return None


def read_container(
    data: memoryview, keys: Sequence[bytes], wanted: bytes | None
) -> tuple[bytes, dict[bytes, memoryview], list[Unknown], Cipher | None]:
    """Section 2: the kind, the sections by type, and what is still to be checked."""
    need(len(data) >= 64, "header", "the file is too short")
    need(data[:8] == MAGIC, "header", "not a file of this format")
    version, oldest, required, _, size, count, reserved, directory_sum, header_sum = struct.unpack(
        "<HHQQQIIQQ", data[12:64]
    )
    need(checksum(data[:56]) == header_sum, "header", "checksum mismatch")
    need(1 <= oldest <= version, "header", "oldest reader is beyond the version, or 0")
    need(oldest <= 1, "header", f"needs a reader of version {oldest}")
    need(required in (0, ENCRYPTED), "header", f"unknown required features {required:#x}")
    kind = bytes(data[8:12])
    need(kind in KINDS, "header", f"unknown kind {kind!r}")
    need(wanted in (None, kind), "header", f"not of the kind {wanted!r}")
    need(not required or kind == b"SNAP", "header", "encrypted, and no snapshot")
    need(size == len(data), "header", "the file's size differs")
    need(1 <= count <= 64 and reserved == 0, "header", "impossible section count, or reserved bits")
    directory_end = 64 + 32 * count
    need(directory_end <= len(data), "directory", "beyond the end of the file")
    directory = data[64:directory_end]
    need(checksum(directory) == directory_sum, "directory", "checksum mismatch")
    entries = read_directory(kind, data, directory, directory_end)
    is_encrypted = b"KEYS" in entries
    need(is_encrypted == bool(required), "directory", "KEYS and its feature bit, one alone")
    need(not is_encrypted or next(iter(entries)) == b"KEYS", "directory", "KEYS is not first")
    cipher = Cipher(entries[b"KEYS"][0], keys, data[:directory_end]) if is_encrypted else None
    sections, unknown = {}, []
    for index, (type_, (section, expected)) in enumerate(entries.items()):
        name = type_.decode("latin1")
        if type_ not in KINDS[kind]:
            unknown.append((name, section, expected, index))
        elif type_ in UNSUMMED:
            sections[type_] = section
        else:
            need(checksum(section) == expected, name, "checksum mismatch")
            sections[type_] = cipher.unit(SECTION, index, section, name) if cipher else section
    return kind, sections, unknown, cipher


def read_directory(
    kind: bytes, data: memoryview, directory: memoryview, end: int
) -> dict[bytes, tuple[memoryview, int]]:
    """Section 2.2: each section and its checksum, in order."""
    sections: dict[bytes, tuple[memoryview, int]] = {}
    for type_, reserved, offset, length, expected in struct.iter_unpack("<4sIQQQ", directory):
        name = type_.decode("latin1")
        need(type_.isalpha() and type_.isascii() and reserved == 0, "directory", f"entry {name!r}")
        need(type_ not in sections, "directory", f"{name} twice")
        need(type_ in KINDS[kind] or type_[:1].islower(), "directory", f"unknown section {name}")
        need(offset == align64(end), "directory", f"{name} does not follow the section before")
        need(
            length <= len(data) - offset if offset <= len(data) else False,
            "directory",
            f"{name} is beyond the end of the file",
        )
        need(not any(data[end:offset]), "padding", f"not zero before {name}")
        has_sum = type_ not in UNSUMMED or type_ not in KINDS[kind]
        need(has_sum or expected == 0, "directory", f"{name} has a checksum of its own")
        sections[type_] = data[offset : offset + length], expected
        end = offset + length
    need(end == len(data), "directory", "the last section does not end the file")
    known = [type_ for type_ in sections if type_ in KINDS[kind]]
    wanted = [
        type_
        for type_ in KINDS[kind]
        if type_ in sections
        or (type_[:1].isupper() and type_ not in OPTIONAL)
        or type_ in REQUIRED.get(kind, ())
    ]
    need(known == wanted, "directory", "a section is missing or out of order")
    need(b"DATA" not in sections or list(sections)[-1] == b"DATA", "directory", "DATA is not last")
    return sections


def check_unknown(unknown: list[Unknown], cipher: Cipher | None = None) -> None:
    for name, section, expected, index in unknown:
        need(checksum(section) == expected, name, "checksum mismatch")
        if cipher:
            cipher.unit(SECTION, index, section, name)


def check_provenance(section: memoryview) -> None:
    """Section 3.2. No reader needs it, but what is there must be text."""
    need(len(section) <= 1 << 20, "prov", "longer than 1 MiB")
    try:
        bytes(section).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("prov: not UTF-8") from None


def check_metadata(section: memoryview) -> None:
    """Section 3.4."""
    need(len(section) <= 1 << 20, "meta", "longer than 1 MiB")
    fields, before = Fields("meta", section), b""
    for _ in range(fields.size("entries", 1, 256)):
        name = fields.text(3, 255)
        need(name > before, "meta", "names that do not ascend")
        need(META_NAME.fullmatch(name) is not None, "meta", "not a name")
        fields.text(0, 1 << 20)
        before = name
    fields.end()


def read_filters(sections: dict[bytes, memoryview]) -> np.ndarray:
    """Section 4.1: [layers][KV heads][head dimension]."""
    fields = Fields("FILT", sections[b"FILT"])
    shape = (
        fields.size("layers", 1, 4096),
        fields.size("KV heads", 1, 4096),
        fields.size("head dimension", 1, 8192),
    )
    need(fields.u32() == 0, "FILT", "reserved bits")
    filters = np.frombuffer(fields.take(4 * shape[0] * shape[1] * shape[2]), "<f4").reshape(shape)
    fields.end()
    need(bool(np.isfinite(filters).all()), "FILT", "a filter is not finite")
    queries = None
    if b"qual" in sections:
        queries = check_quality(Fields("qual", sections[b"qual"]), shape[0], shape[1])
    if b"seqs" in sections:
        read_sequences(Fields("seqs", sections[b"seqs"]))
    if b"head" in sections:
        check_heads(Fields("head", sections[b"head"]), *shape, queries)
    if b"line" in sections:
        check_linear_score(sections, *shape)
    need((b"line" in sections) == (b"rope" in sections), "rope", "it belongs to line")
    return filters


def cache_shape(fields: Fields) -> tuple[tuple[int, int, int, int], int]:
    """Section 4.7: layers, KV heads, key and value length; and the number of features."""
    layers, heads = fields.size("layers", 1, 4096), fields.size("KV heads", 1, 4096)
    keys, values = fields.size("key length", 1, 8192), fields.size("value length", 1, 8192)
    features = heads * (keys + values + 4) + 4
    need(features + heads <= 65536, fields.section, "too many features and targets")
    return (layers, heads, keys, values), features


def check_linear_score(
    sections: dict[bytes, memoryview], layers: int, heads: int, length: int
) -> None:
    """Section 4.8."""
    fields = Fields("line", sections[b"line"])
    shape, features = cache_shape(fields)
    need(shape[:3] == (layers, heads, length), "line", "another shape than FILT")
    weights = np.frombuffer(fields.take(4 * layers * heads * features), "<f4")
    need(bool((np.abs(weights) <= 2.0**64).all()), "line", "a weight is not finite, or too great")
    for _ in range(layers * heads):
        pairs, mean, deviation, explained, zero = struct.unpack("<dfffI", fields.take(24))
        need(0 <= pairs <= 2**53, "line", "an impossible number of pairs")
        need(abs(mean) <= 2.0**64 and 0 <= deviation <= 2.0**64, "line", "a figure out of range")
        need(0 <= explained <= 1 and zero == 0, "line", "a figure out of range, or reserved bits")
    fields.end()
    check_rope(sections, layers, length)


def check_rope(
    sections: dict[bytes, memoryview], layers: int, length: int
) -> list[tuple[np.float32, np.ndarray]]:
    """Section 4.6: each layer's magnitude and frequencies."""
    need(b"rope" in sections, "directory", "no section rope")
    fields = Fields("rope", sections[b"rope"])
    need(fields.size("layers", 1, 4096) == layers, "rope", "another number of layers")
    planes = fields.size("planes", 0, 4096)
    need(2 * planes <= length, "rope", "more planes than a key has")
    fields.u32()
    scale = struct.unpack("<f", fields.take(4))[0]
    need(2.0**-64 <= scale <= 2.0**64, "rope", "a scale out of range")
    turns = []
    for _ in range(layers):
        fields.u32()
        numbers = np.frombuffer(fields.take(4 + 4 * planes), "<f4")
        need(2.0**-64 <= numbers[0] <= 2.0**64, "rope", "a magnitude out of range")
        inside = (numbers[1:] >= 0) & (numbers[1:] <= 2.0**32)
        need(bool(inside.all()), "rope", "a frequency out of range")
        turns.append((numbers[0], numbers[1:]))
    fields.end()
    return turns


def check_quality(fields: Fields, layers: int, heads: int) -> int:
    """Section 4.3: the number of query heads."""
    need(fields.u32() == layers, "qual", "another number of layers than FILT")
    queries = fields.size("query heads", 1, 4096)
    need(queries % heads == 0, "qual", "query heads are no multiple of KV heads")
    figures = np.frombuffer(fields.take(12 * layers * queries), "<f4").reshape(-1, 3)
    fields.end()
    need(
        bool((np.isfinite(figures) & (figures >= 0)).all()),
        "qual",
        "a figure is not finite, or negative",
    )
    need(bool((figures[:, [0, 2]] <= 1).all()), "qual", "a figure is greater than 1")
    return queries


def check_heads(fields: Fields, layers: int, heads: int, length: int, known: int | None) -> None:
    """Section 4.5."""
    need(fields.u32() == layers, "head", "another number of layers than FILT")
    queries = fields.size("query heads", 1, 4096)
    need(queries % heads == 0, "head", "query heads are no multiple of KV heads")
    need(known in (None, queries), "head", "another number of query heads than qual")
    filters = np.frombuffer(fields.take(4 * layers * queries * length), "<f4")
    fields.end()
    need(bool((np.abs(filters) <= 2.0**64).all()), "head", "a filter is not finite, or too great")


def read_sequences(fields: Fields) -> int:
    """Section 4.4: how many tokens the members have."""
    fields.take(32)
    count, length = (
        fields.size("sequences", 1, 2**24),
        fields.size("tokens in a sequence", 1, 2**24),
    )
    members = np.unpackbits(np.frombuffer(fields.take((count + 7) // 8), "u1"), bitorder="little")
    fields.end()
    need(not members[count:].any(), "seqs", "a sequence beyond the last")
    return int(members.sum()) * length


def read_statistics(sections: dict[bytes, memoryview]) -> dict[str, np.ndarray]:
    """Section 4.2: sums [layers][query heads][D], grams [layers][query heads][D·(D+1)/2]."""
    fields = Fields("STAT", sections[b"STAT"])
    layers, queries = fields.size("layers", 1, 4096), fields.size("query heads", 1, 4096)
    heads, length = fields.size("KV heads", 1, 4096), fields.size("head dimension", 1, 8192)
    need(queries % heads == 0, "STAT", "query heads are no multiple of KV heads")
    tokens = fields.u64()
    need(tokens <= 2**53, "STAT", "too many tokens")
    sums = fields.f64s(layers * queries * length).reshape(layers, queries, length)
    triangle = length * (length + 1) // 2
    grams = fields.f64s(layers * queries * triangle).reshape(layers, queries, triangle)
    fields.end()
    diagonal = [i * (i + 3) // 2 for i in range(length)]
    need(bool((grams[..., diagonal] >= 0).all()), "STAT", "a diagonal element is negative")
    if b"seqs" in sections:
        summed = read_sequences(Fields("seqs", sections[b"seqs"]))
        need(
            summed == tokens, "seqs", f"sequences of {summed} tokens where the sums are of {tokens}"
        )
    if b"pair" in sections:
        check_pair_sums(sections, layers, heads, length)
    need((b"pair" in sections) == (b"rope" in sections), "rope", "it belongs to pair")
    return {"sums": sums, "grams": grams}


def check_pair_sums(
    sections: dict[bytes, memoryview], layers: int, heads: int, length: int
) -> None:
    """Section 4.7."""
    fields = Fields("pair", sections[b"pair"])
    shape, features = cache_shape(fields)
    need(shape[:3] == (layers, heads, length), "pair", "another shape than STAT")
    columns = features + heads
    grams = fields.f64s(layers * columns * (columns + 1) // 2).reshape(layers, -1)
    fields.end()
    diagonal = [i * (i + 3) // 2 for i in range(columns)]
    need(bool((grams[:, diagonal] >= 0).all()), "pair", "a diagonal element is negative")
    check_rope(sections, layers, length)


class Snapshot:
    """Section 5."""

    def __init__(
        self,
        sections: dict[bytes, memoryview],
        unknown: list[Unknown],
        cipher: Cipher | None = None,
    ) -> None:
        """Checks all but the chunks and unknown sections."""
        self.data, self.unknown, self.cipher = sections[b"DATA"], unknown, cipher
        self.tag = TAG if cipher else 0
        self.files = None
        if b"FILE" in sections:
            self.files = bytes(sections[b"FILE"])
            check_files(Fields("FILE", sections[b"FILE"]))
        self.read_identity(Fields("IDEN", sections[b"IDEN"]))
        self.read_context(Fields("CONT", sections[b"CONT"]))
        self.read_shapes(sections)
        self.read_scales(sections)
        self.first, self.parent, self.name = 0, None, None
        if b"PRNT" in sections:
            self.read_parent(Fields("PRNT", sections[b"PRNT"]))
        self.own = self.n - self.first
        tokens = Fields("TOKN", sections[b"TOKN"])
        self.tokens = tokens.u32s(self.n)
        tokens.end()
        self.read_tiers(Fields("TIER", sections[b"TIER"]))
        is_plain = all(codec in PLAIN for codec in self.codecs[1:])
        need(is_plain or b"BLKS" not in sections, "CHNK", "codec 8 of another type")
        self.coded = (
            Blocks(self, Fields("BLKS", sections[b"BLKS"])) if b"BLKS" in sections else None
        )
        self.read_chunks(Fields("CHNK", sections[b"CHNK"]))

    def read_identity(self, fields: Fields) -> None:
        """Section 3.1."""
        self.identity, self.bank = bytes(fields.take(128)), bytes(fields.take(32))
        self.trust = fields.size("trust", 0, 1)
        need(fields.u32() == 0, "IDEN", "reserved bits")
        fields.end()
        digests = [any(self.identity[i : i + 32]) for i in range(0, 128, 32)]
        need(all(digests) or not any(digests), "IDEN", "some digests are zeros")
        self.has_values = all(digests)
        need(self.has_values or self.files is not None, "IDEN", "no digests, and no FILE")

    def read_context(self, fields: Fields) -> None:
        self.layers = fields.size("layers", 1, 4096)
        self.heads = fields.size("KV heads", 1, 4096)
        self.lengths = (1, fields.size("key length", 1, 8192), fields.size("value length", 1, 8192))
        self.n = fields.u64()
        need(self.n <= MAXIMUM, "CONT", f"{self.n} tokens")
        need(fields.u64() == self.n, "CONT", "the next position is not the number of tokens")
        self.form, self.layout = fields.u32(), fields.u32()
        need(self.form <= 2 or self.form >= PRIVATE, "CONT", f"prompt form is {self.form}")
        need(self.layout == 1 or self.layout >= PRIVATE, "CONT", f"key layout is {self.layout}")
        self.codecs = (1, fields.u32(), fields.u32())
        for codec, length in zip(self.codecs[1:], self.lengths[1:], strict=True):
            need(codec in TYPES, "CONT", f"a type is {codec}")
            need(codec != Q8_0 or length % BLOCK == 0, "CONT", "a part of a block of Q8_0")
        fields.end()

    def read_shapes(self, sections: dict[bytes, memoryview]) -> None:
        """Section 5.9: KV heads, key and value length of each layer."""
        most = (self.heads, *self.lengths[1:])
        self.shapes = [most] * self.layers
        if b"SHAP" not in sections:
            return
        fields = Fields("SHAP", sections[b"SHAP"])
        self.shapes = [tuple(row) for row in fields.u32s(3 * self.layers).reshape(-1, 3).tolist()]
        fields.end()
        for shape in self.shapes:
            is_right = all(1 <= x <= y for x, y in zip(shape, most, strict=True))
            need(is_right or shape == (0, 0, 0), "SHAP", f"a layer's shape is {shape}")
            for codec, length in zip(self.codecs[1:], shape[1:], strict=True):
                need(codec != Q8_0 or length % BLOCK == 0, "SHAP", "a part of a block of Q8_0")
        greatest = tuple(map(max, zip(*self.shapes, strict=True)))
        need(greatest == most, "SHAP", "not the greatest shapes that CONT has")
        need(len(set(self.shapes)) > 1, "SHAP", "all layers are alike")
        need(b"BLKS" not in sections, "SHAP", "together with BLKS")

    def read_scales(self, sections: dict[bytes, memoryview]) -> None:
        """Section 5.10."""
        is_fp8 = [codec in FP8 for codec in self.codecs[1:]]
        need((b"SCAL" in sections) == any(is_fp8), "SCAL", "without FP8, or FP8 without it")
        if not any(is_fp8):
            return
        fields = Fields("SCAL", sections[b"SCAL"])
        scales = fields.f32s(2 * self.layers * self.heads, 2.0**-149)
        fields.end()
        for layer, (heads, *_) in enumerate(self.shapes):
            of_layer = scales.reshape(self.layers, self.heads, 2)[layer]
            is_one = bool((of_layer[heads:] == 1).all())
            need(is_one, "SCAL", "a scale of a head that is not there")
            for tensor in (0, 1):
                is_right = is_fp8[tensor] or bool((of_layer[:, tensor] == 1).all())
                need(is_right, "SCAL", "a scale of what is not FP8")

    def length(self, layer: int, tensor: int) -> int:
        """Section 5.5: elements of a layer's position, key or value."""
        length = (1, *self.shapes[layer][1:])[tensor]
        return length // BLOCK if self.codecs[tensor] == Q8_0 else length

    def opened(self, kind: int, number: int, stored: memoryview, where: str) -> memoryview:
        """What a chunk or block has, which may be encrypted."""
        return self.cipher.unit(kind, number, stored, where) if self.cipher else stored

    def read_parent(self, fields: Fields) -> None:
        """Section 5.7."""
        self.parent, self.first = bytes(fields.take(32)), fields.u64()
        need(1 <= self.first <= self.n, "PRNT", f"the first position is {self.first}")
        self.name = fields.file_name()
        fields.end()

    def read_tiers(self, fields: Fields) -> None:
        scorer = fields.u32()
        is_known = scorer < len(SCORERS)
        self.scorer = SCORERS[scorer] if is_known else f"scorer {scorer}"
        need(
            not is_known or (scorer in BANKED) == any(self.bank),
            "TIER",
            f"ranked by {self.scorer} with a filter bank, or without one",
        )
        self.sinks, self.window = fields.u32(), fields.u32()
        count = fields.size("tier count", 1, 64)
        self.ratios = [int(ratio) for ratio in fields.u32s(count)]
        need(
            all(a > b for a, b in itertools.pairwise(self.ratios)) and self.ratios[-1] >= 1,
            "TIER",
            "ratios do not decrease",
        )
        heads = self.layers * self.heads
        self.floors = fields.u32s(heads).reshape(self.layers, self.heads)
        need(bool((self.floors <= self.own).all()), "TIER", "a floor exceeds the tokens")
        self.is_ranked = scorer != NONE
        is_plain = self.ratios == [1] and not (self.sinks or self.window or self.floors.any())
        need(self.is_ranked or is_plain, "TIER", "ratios, sinks or floors of what is not ranked")
        self.counts = fields.u32s(count * heads).reshape(count, self.layers, self.heads)
        need(bool((self.counts.sum(0) <= self.own).all()), "TIER", "more pairs than tokens")
        fields.end()
        for layer, (there, *_) in enumerate(self.shapes):
            is_there = self.floors[layer, there:].any() or self.counts[:, layer, there:].any()
            need(not is_there, "TIER", "a floor or pairs of a head that is not there")
            longest = max(self.length(layer, tensor) for tensor in range(3))
            widest = int(self.counts[:, layer].sum(1).max()) * longest
            need(widest <= MAXIMUM, "TIER", "a chunk of too many elements")

    def by_position(self, tier: int) -> bool:
        """Section 5.3: ×1 after ×2."""
        return tier > 0 and self.ratios[tier - 1 : tier + 1] == [2, 1]

    def parameters(self, pairs: int, layer: int, tensor: int) -> int:
        """Section 5.6: how many scales a head's pairs have."""
        return -(-pairs // GROUP) * self.length(layer, 1) if tensor == 1 else pairs

    def streams(self, tier: int, layer: int, tensor: int, codec: int) -> list[int]:
        """Section 5.5: the decoded length of each stream."""
        counts = [int(count) for count in self.counts[tier, layer]]
        elements = sum(counts) * self.length(layer, tensor)
        if codec == BLOCKS or codec >= PRIVATE:
            return []
        if codec in CODECS:
            return [elements] * CODECS[codec][1]
        scales = sum(self.parameters(count, layer, tensor) for count in counts)
        return [elements if codec == INT8 else (elements + 1) // 2] + 4 * [scales]

    def read_chunks(self, fields: Fields) -> None:
        self.chunks, at = {}, 0
        for tier in range(len(self.ratios)):
            allowed = [self.allowed(tier, tensor) for tensor in range(3)]
            for layer in range(self.layers):
                for tensor in range(3):
                    stored, expected = fields.u64(), fields.u64()
                    codec, reserved = fields.u32(), fields.u32()
                    is_coded = "with" if self.coded else "without"
                    problem = f"codec {codec} {is_coded} BLKS, or reserved bits"
                    is_right = min(codec, PRIVATE) in allowed[tensor] and reserved == 0
                    need(is_right and self.agree(tier, layer, tensor, codec), "CHNK", problem)
                    lengths = self.streams(tier, layer, tensor, codec)
                    least, most = self.stored_lengths(codec, lengths)
                    need(least <= stored <= most, "CHNK", "impossible stored length")
                    self.chunks[tier, layer, tensor] = (at, stored, expected, codec, lengths)
                    at += stored
        fields.end()
        if self.coded:
            at = self.coded.placed(at)
        need(at == len(self.data), "CHNK", "chunks, and blocks of BLKS, do not fill DATA")

    def allowed(self, tier: int, tensor: int) -> set[int]:
        """Section 5.4: the codecs of a tensor; PRIVATE means all private ones."""
        if tensor == 0:
            return {GAPS if self.by_position(tier) else POSITIONS}
        if self.coded:
            return {BLOCKS}
        codec = self.codecs[tensor]
        return {codec, PRIVATE} | ({INT8, INT4} if codec in PLAIN else set())

    def agree(self, tier: int, layer: int, tensor: int, codec: int) -> bool:
        """A tensor of a tier has one codec in all layers."""
        return layer == 0 or self.chunks[tier, 0, tensor][3] == codec

    def stored_lengths(self, codec: int, lengths: list[int]) -> tuple[int, int]:
        """The least and the greatest stored length of a chunk of such streams."""
        if codec == BLOCKS:
            return 0, 0
        least = 4 * len(lengths) + self.tag
        return least, 2**64 if codec >= PRIVATE else least + sum(lengths) + 8

    def is_private(self, tiers: int) -> bool:
        """Whether one of the first tiers has a private codec."""
        return any(chunk[3] >= PRIVATE for (t, *_), chunk in self.chunks.items() if t < tiers)

    def unpacked(self, tier: int, layer: int, tensor: int) -> tuple[int, list[np.ndarray], str]:
        """Section 5.5: a chunk's codec and its streams, decoded."""
        at, stored, expected, codec, decoded = self.chunks[tier, layer, tensor]
        where = f"DATA: tier {tier}, layer {layer}, {TENSORS[tensor]}"
        raw = self.data[at : at + stored]
        need(checksum(raw) == expected, where, "checksum mismatch")
        if codec == BLOCKS:
            return codec, [], where
        raw = self.opened(CHUNK, (tier * self.layers + layer) * 3 + tensor, raw, where)
        if codec >= PRIVATE:
            return codec, [], where
        at, stored = 4 * len(decoded), len(raw)
        lengths = struct.unpack_from(f"<{len(decoded)}I", raw)
        has_frames = any(length < size for length, size in zip(lengths, decoded, strict=True))
        need(at + sum(lengths) + 8 * has_frames == stored, where, "lengths do not add up")
        streams, unpacked = [], xxhash.xxh64(seed=0)
        for length, size in zip(lengths, decoded, strict=True):
            need(length <= size, where, "a stream longer than its content")
            stream = raw[at : at + length]
            if length < size:
                stream = unpack(stream, size, where)
                unpacked.update(stream)
            streams.append(np.frombuffer(stream, np.uint8))
            at += length
        if has_frames:
            need(
                unpacked.intdigest() == struct.unpack_from("<Q", raw, at)[0],
                where,
                "the decoded bytes have another checksum",
            )
        return codec, streams, where

    def chunk(self, tier: int, layer: int, tensor: int) -> list[np.ndarray]:
        """Each head's elements in the cache's own type, [pairs][length]."""
        codec, streams, where = self.unpacked(tier, layer, tensor)
        if codec == BLOCKS or codec >= PRIVATE:
            return []
        if codec not in CODECS:
            return self.restored(tier, layer, tensor, codec, streams, where)
        elements = np.stack(streams, -1).reshape(-1).view(CODECS[codec][0])
        heads, at, length = [], 0, self.length(layer, tensor)
        for count in self.counts[tier, layer, : self.shapes[layer][0]].tolist():
            part = elements[at : at + count * length]
            heads.append(
                part.reshape(length, count).T if tensor == 1 else part.reshape(count, length)
            )
            at += count * length
        if codec == GAPS:
            heads = [np.cumsum(head.astype(np.uint64) + 1, axis=0) - 1 for head in heads]
        return heads

    def restored(
        self, tier: int, layer: int, tensor: int, codec: int, streams: list[np.ndarray], where: str
    ) -> list[np.ndarray]:
        """Section 5.6: minimum + code · scale."""
        codes = streams[0]
        if codec == INT4:
            codes = np.stack([codes & 15, codes >> 4], -1).reshape(-1)
            elements = int(self.counts[tier, layer].sum()) * self.length(layer, tensor)
            need(not codes[elements:].any(), where, "a code too many")
        scales, minima = (np.stack(streams[i : i + 2], -1).reshape(-1).view("<f2") for i in (1, 3))
        need(
            bool(np.isfinite(scales).all() and not np.signbit(scales).any()),
            where,
            "an impossible scale",
        )
        need(bool(np.isfinite(minima).all()), where, "a minimum that is not finite")
        heads, at, first, length = [], 0, 0, self.length(layer, tensor)
        for count in self.counts[tier, layer, : self.shapes[layer][0]].tolist():
            part = codes[at : at + count * length].reshape(count, length).astype("<f4")
            size = self.parameters(count, layer, tensor)
            factors = []
            for numbers in (scales, minima):
                numbers = numbers[first : first + size].astype("<f4")
                rows = (
                    numbers.reshape(-1, length).repeat(GROUP, 0)[:count]
                    if tensor == 1
                    else numbers[:, None]
                )
                factors.append(rows)
            heads.append(
                narrowed(
                    np.clip(factors[1] + part * factors[0], -65504, 65504), self.codecs[tensor]
                )
            )
            at, first = at + count * length, first + size
        return heads

    def kept(self, ratio: int, layer: int, head: int) -> tuple[int, int]:
        """Section 5.3: how many tiers to read, and how many pairs of the ranking to keep."""
        if ratio > 1 and not self.is_ranked:
            raise NotStored(f"the pairs are not ranked, so only ×1 is in the file, not ×{ratio}")
        tier = next((t for t, r in enumerate(self.ratios) if r <= ratio), None)
        if tier is None:
            raise NotStored(f"×{ratio} is not in the file, only ×{self.ratios[-1]} and more")
        floor, counts = int(self.floors[layer, head]), self.counts[:, layer, head]
        stored = int(counts[: tier + 1].sum())
        if tier == 0:
            share, before = floor, min(floor, stored)
        else:
            share = max(self.own // self.ratios[tier - 1], floor)
            before = int(counts[:tier].sum())
        rise = self.own // self.ratios[tier] - share
        if self.ratios[tier] == ratio or rise <= 0:
            return tier + 1, stored
        part = max(0, self.own // ratio - share)
        return tier + 1, before + (stored - before) * part // rise

    def layer(self, layer: int, tiers: int) -> list[list[np.ndarray]]:
        """For each head: positions, keys, values of the first tiers, best first."""
        parts = [[[], [], []] for _ in range(self.shapes[layer][0])]
        for tier in range(tiers):
            for tensor in range(3):
                for head, pairs in enumerate(self.chunk(tier, layer, tensor)):
                    parts[head][tensor].append(pairs)
        heads = [[np.concatenate(tensor) for tensor in head if tensor] for head in parts]
        for head, (positions, *_) in enumerate(heads):
            where = f"DATA: layer {layer}, head {head}"
            need(bool((positions < self.n).all()), where, "a position beyond the tokens")
            need(bool((positions >= self.first).all()), where, "a position of the parent's")
            need(len(np.unique(positions)) == len(positions), where, "a position twice")
        return heads

    def pairs(self, ratio: int, layer: int, end: int) -> list[list[np.ndarray]]:
        """For each head: positions, keys, values of what ×ratio keeps before a position, in order
        of position."""
        tiers, result = self.kept(ratio, layer, 0)[0], []
        for head, tensors in enumerate(self.layer(layer, tiers)):
            positions = tensors[0][: self.kept(ratio, layer, head)[1], 0]
            order = np.argsort(positions, kind="stable")
            order = order[positions[order] < end]
            result.append([tensor[order] for tensor in tensors])
            if self.coded:
                own = positions[order].astype(np.int64) - self.first
                pairs = self.coded.pairs[layer * self.heads + head]
                result[head] += [tensor[own] for tensor in pairs]
        return result

    def check(self) -> None:
        """All that is left: chunks and unknown sections."""
        check_unknown(self.unknown, self.cipher)
        for layer in range(self.layers):
            self.layer(layer, len(self.ratios))
        if self.coded:
            self.coded.check()


class Blocks:
    """Section 5.8: keys and values in blocks of a transform."""

    def __init__(self, snapshot: Snapshot, fields: Fields) -> None:
        """Checks all but the blocks themselves."""
        self.snapshot, self.pairs = snapshot, []
        self.digest, self.name = bytes(fields.take(32)), fields.file_name()
        heads = snapshot.layers * snapshot.heads
        groups, blocks = fields.size("groups", 1, heads), fields.size("blocks", 0, snapshot.own)
        self.heads = fields.u32s(groups).tolist()
        need(min(self.heads) > 0 and sum(self.heads) == heads, "BLKS", "groups of other heads")
        self.counts = fields.u32s(blocks).tolist()
        inside = all(1 <= count <= 256 for count in self.counts)
        need(inside and sum(self.counts) == snapshot.own, "BLKS", "blocks of other positions")
        self.entries = [
            self.entry(fields, group, count) for group in self.heads for count in self.counts
        ]
        fields.end()
        is_whole = snapshot.ratios[-1] == 1 and (snapshot.counts.sum(0) == snapshot.own).all()
        need(bool(is_whole), "CHNK", "blocks of BLKS without all pairs")

    def entry(self, fields: Fields, heads: int, count: int) -> tuple[int, int, int, int]:
        """Stored length, checksum, kind and step."""
        stored, expected, kind = fields.u64(), fields.u64(), fields.size("kind", 0, 1)
        step = fields.integer("step", -200 * kind, 200 * kind)
        plain = stored - self.snapshot.tag
        is_right = plain >= 140 + count if kind else plain == sum(self.sizes(heads, count))
        need(is_right, "BLKS", f"a block of {stored} bytes")
        return stored, expected, kind, step

    def sizes(self, heads: int, count: int) -> list[int]:
        """The bytes of each head's keys and values in a block of kind 0."""
        lengths, codecs = self.snapshot.lengths, self.snapshot.codecs
        return heads * [count * lengths[i] * CODECS[codecs[i]][1] for i in (1, 2)]

    def placed(self, at: int) -> int:
        """Notes where in DATA the blocks are, the first of them at `at`; gives their end."""
        *self.starts, end = itertools.accumulate((entry[0] for entry in self.entries), initial=at)
        need(end < 2**64, "BLKS", "lengths that overflow")
        return end

    def block(self, index: int) -> tuple[memoryview, str]:
        stored, expected = self.entries[index][:2]
        group, number = divmod(index, len(self.counts))
        where, at = f"DATA: group {group}, block {number}", self.starts[index]
        raw = self.snapshot.data[at : at + stored]
        need(checksum(raw) == expected, where, "checksum mismatch")
        return self.snapshot.opened(BLOCK_OF_TRANSFORM, index, raw, where), where

    def check(self) -> None:
        for index in range(len(self.entries)):
            self.block(index)

    def missing(self) -> NotThere:
        digest = f"{self.digest.hex()[:16]}…"
        return NotThere(
            f"BLKS: its transform {self.name!r} of digest {digest} is not in the folder"
        )

    def find(self, folder: pathlib.Path, transforms: "dict[str, Transform]") -> None:
        """Reads the transform if it is not among those that were read already."""
        if self.name not in transforms:
            transforms[self.name] = read_transform(folder / self.name, self)
        snapshot, transform = self.snapshot, transforms[self.name]
        if transform.digest != self.digest:
            raise self.missing()
        shape = (snapshot.layers, snapshot.heads, *snapshot.lengths[1:])
        need(transform.shape == shape, "BLKS", "a transform of another shape")
        need(
            [x.heads for x in transform.groups] == self.heads, "BLKS", "a transform of other groups"
        )
        self.transform = transform

    # Products may become infinite: then they are limited, or no numbers.
    @np.errstate(over="ignore", invalid="ignore")
    def decode(self) -> None:
        """Fills `pairs`: for each head, counted through all layers, its keys and values by
        position."""
        snapshot, transform = self.snapshot, self.transform
        ends, types = list(itertools.accumulate(self.counts)), snapshot.codecs[1:]
        for index, group in enumerate(transform.groups):
            heads = [
                [np.empty((snapshot.own, length), CODECS[codec][0]) for length, codec in tensors]
                for tensors in [list(zip(snapshot.lengths[1:], types, strict=True))] * group.heads
            ]
            for number, end in enumerate(ends):
                start = end - self.counts[number]
                decoded = self.decoded(index * len(ends) + number, transform, group, start, end)
                for head, tensors in zip(heads, decoded, strict=True):
                    for tensor, part in zip(head, tensors, strict=True):
                        tensor[start:end] = part
            self.pairs += heads

    def decoded(
        self, index: int, transform: "Transform", group: "Group", start: int, end: int
    ) -> list[list[np.ndarray]]:
        """Each head's keys and values in the cache's own types."""
        (raw, where), snapshot = self.block(index), self.snapshot
        _, _, kind, step = self.entries[index]
        if kind == 0:
            sizes = self.sizes(group.heads, end - start)
            ends = list(itertools.accumulate(sizes))
            types = [CODECS[codec][0] for codec in snapshot.codecs[1:]] * group.heads
            parts = [
                np.frombuffer(raw[at - size : at], type_).reshape(end - start, -1)
                for at, size, type_ in zip(ends, sizes, types, strict=True)
            ]
            return [parts[i : i + 2] for i in range(0, len(parts), 2)]
        vectors = transform.vectors(group, step, Fields(where, raw), end - start)
        positions, heads = np.arange(start, end) + snapshot.first, []
        for number, vector in enumerate(np.split(vectors, group.heads, axis=1), group.first):
            keys, values = np.split(vector, [snapshot.lengths[1]], axis=1)
            keys = transform.turned(keys, number // snapshot.heads, positions)
            heads.append(
                [
                    narrowed(limited(part), codec)
                    for part, codec in zip((keys, values), snapshot.codecs[1:], strict=True)
                ]
            )
        return heads


class Coder:
    """Section 11.4, with the tables of section 11.2."""

    def __init__(self, section: memoryview) -> None:
        fields = Fields("CODE", section)
        frequencies = np.zeros((DIGITS + 1, 256), np.int64)
        stored = np.frombuffer(fields.take(2 * DIGITS * 256), "<u2").reshape(DIGITS, 256)
        fields.end()
        frequencies[:DIGITS], frequencies[DIGITS, 128:132] = stored, 1024
        need(bool((frequencies.sum(1) == 4096).all()), "CODE", "frequencies do not add up to 4,096")
        need(int(frequencies.max()) < 4096, "CODE", "a frequency of 4,096")
        need(int(frequencies[:DIGITS, 0].min()) > 0, "CODE", "a table without an escape")
        before = np.cumsum(frequencies, axis=1) - frequencies
        repeats = frequencies.reshape(-1)
        # By table and slot: the symbol, its frequency, and slot less the frequencies before it.
        self.symbols = np.repeat(np.tile(np.arange(-128, 128), DIGITS + 1), repeats)
        self.frequencies = np.repeat(repeats, repeats)
        self.offsets = np.tile(np.arange(4096), DIGITS + 1) - np.repeat(before.reshape(-1), repeats)

    def integers(
        self, fields: Fields, deviations: np.ndarray, tokens: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Rows of integers, [deviations][tokens], and the offsets of the tokens. The fields end
        with them."""
        tables, where = deviations.astype(np.int64) + 16, fields.section
        digits = np.maximum(0, tables - 13) // 8
        count, escapes = fields.u32(), fields.u32()
        planes = len(tables) + int(digits.sum())
        need(count <= planes * tokens, where, f"{count} words")
        need(escapes <= len(tables) * tokens, where, f"{escapes} escapes")
        states = fields.u32s(LANES)
        need(bool((states >= 1 << 16).all()), where, "a state below 2¹⁶")
        packed = np.frombuffer(fields.take(tokens), np.uint8).astype(np.int64)
        words = np.frombuffer(fields.take(2 * count), "<u2").astype(np.int64)
        escaped = np.frombuffer(fields.take(2 * escapes), "<i2")
        fields.end()
        lanes = Lanes(self, states, words, where)
        shifts = (packed & 15) - 8 + (packed >> 4)
        result = np.empty((len(tables), tokens), np.int64)
        low = np.zeros(result.shape, np.int64)
        own = {int(base): np.clip(base + shifts, 0, 34) << 12 for base in set(tables - 8 * digits)}
        of_digits = np.full(tokens, DIGITS << 12)
        for row, (table, number) in enumerate(zip(tables, digits, strict=True)):
            lanes.plane(own[int(table - 8 * number)], result[row])
            for _ in range(number):
                digit = np.empty(tokens, np.int64)
                lanes.plane(of_digits, digit)
                low[row] = low[row] * 4 + digit
        lanes.end()
        is_escape = result == -128
        need(int(is_escape.sum()) == escapes, where, "escapes are left or missing")
        result[is_escape] = escaped
        middle = np.where(digits > 0, 1 << np.maximum(2 * digits - 1, 0), 0)
        result = (result << (2 * digits)[:, None]) + low - middle[:, None]
        need(bool((result == result.astype(np.int16)).all()), where, "an integer of over 16 bits")
        return result.astype(np.int16), packed >> 4


class Lanes:
    """The states of interleaved rANS, and the words that are left."""

    def __init__(self, coder: Coder, states: np.ndarray, words: np.ndarray, where: str) -> None:
        self.coder, self.states, self.words, self.where, self.at = coder, states, words, where, 0

    def plane(self, tables: np.ndarray, result: np.ndarray) -> None:
        """One symbol for each token; `tables` has 4,096 times the number of each token's table."""
        coder, tokens = self.coder, len(result)
        for first in range(0, tokens, LANES):
            x = self.states[: tokens - first]
            index = (x & 4095) + tables[first : first + LANES]
            result[first : first + LANES] = coder.symbols[index]
            x >>= 12
            x *= coder.frequencies[index]
            x += coder.offsets[index]
            small = (x < 1 << 16).nonzero()[0]
            if small.size:
                end = self.at + small.size
                need(end <= len(self.words), self.where, "a word is missing")
                x[small] = x[small] << 16 | self.words[self.at : end]
                self.at = end

    def end(self) -> None:
        need(self.at == len(self.words), self.where, "words are left")
        need(bool((self.states == 1 << 16).all()), self.where, "a state is not 2¹⁶ at the end")


class Group:
    """Section 11.1: consecutive heads that are coded together, the first of them being `first`."""

    def __init__(self, fields: Fields, first: int, left: int, length: int) -> None:
        self.first, self.heads = first, fields.size("heads of a group", 1, left)
        size = self.heads * length
        need(size <= 65536, "TRAN", "a vector of too many elements")
        self.components = fields.size("components", 1, size)
        self.mean, self.scale = fields.f32s(size, -(2.0**64)), fields.f32s(size, 2.0**-149)
        deviations = np.frombuffer(fields.take(4 * self.components), "<i4")
        is_right = (np.abs(deviations) <= 200).all() and (deviations[1:] <= deviations[:-1]).all()
        need(bool(is_right), "TRAN", "deviations out of range, or growing")
        self.deviations = deviations.astype(np.int64)

    def read_basis(self, fields: Fields, coder: Coder, step: int) -> None:
        """Section 11.2: [components][up to 256 elements] for each run of elements."""
        shifts = np.maximum(0, 4 - np.maximum(0, self.deviations - step + 3) // 4)
        self.runs = []
        for start in range(0, len(self.mean), 256):
            deviations = np.frombuffer(fields.take(self.components), np.int8)
            inside = bool(((deviations >= -16) & (deviations <= 60)).all())
            need(inside, "BASE", "a deviation out of range")
            coded = Fields("BASE", fields.take(fields.u32()))
            count = min(256, len(self.mean) - start)
            integers, offsets = coder.integers(coded, deviations, count)
            need(not offsets.any(), "BASE", "an offset")
            elements = integers.astype(np.int64) << shifts[:, None]
            is_narrow = bool((elements == elements.astype(np.int16)).all())
            need(is_narrow, "BASE", "an element of over 16 bits")
            self.runs.append(elements.astype(np.int16))


class Transform:
    """Section 11."""

    def __init__(self, sections: dict[bytes, memoryview], unknown: list[Unknown]) -> None:
        """Checks all but unknown sections."""
        self.unknown = unknown
        fields = Fields("TRAN", sections[b"TRAN"])
        layers, heads = fields.size("layers", 1, 4096), fields.size("KV heads", 1, 4096)
        keys, values = fields.size("key length", 1, 8192), fields.size("value length", 1, 8192)
        self.shape = (layers, heads, keys, values)
        self.steps = [fields.integer("step", -200, 200) for _ in range(3)]
        self.groups, left = [], layers * heads
        for _ in range(fields.size("groups", 1, layers * heads)):
            self.groups.append(Group(fields, layers * heads - left, left, keys + values))
            left -= self.groups[-1].heads
        need(left == 0, "TRAN", "a head is in no group")
        fields.end()
        self.coder = Coder(sections[b"CODE"])
        self.turns = check_rope(sections, layers, keys)
        self.check_metric(Fields("mtrc", sections[b"mtrc"]))
        fields = Fields("BASE", sections[b"BASE"])
        for group in self.groups:
            group.read_basis(fields, self.coder, self.steps[0])
        fields.end()
        digest = hashlib.sha256()
        for type_ in (b"TRAN", b"CODE", b"BASE", b"rope"):
            digest.update(sections[type_])
        self.digest = digest.digest()

    def check_metric(self, fields: Fields) -> None:
        """Section 11.5."""
        layers, heads, keys, values = self.shape
        triangle = values * (values + 1) // 2
        need(len(fields.data) == 4 * layers * heads * (keys + triangle), "mtrc", "wrong length")
        for _ in range(layers * heads):
            fields.f32s(keys, 2.0**-149)
            fields.f32s(triangle, -(2.0**64))

    def tensors(self) -> dict[str, np.ndarray]:
        result = {}
        for index, group in enumerate(self.groups):
            basis = np.concatenate(group.runs, axis=1)
            parts = {"mean": group.mean, "scale": group.scale, "basis": basis.astype("<i2")}
            result |= {f"group{index}.{name}": part for name, part in parts.items()}
        return result

    def vectors(self, group: Group, step: int, fields: Fields, tokens: int) -> np.ndarray:
        """Section 11.3: [tokens][elements]."""
        finest = fields.size("finest", 0, 15)
        is_left_out = group.deviations < step - finest - 8
        count = int(is_left_out.argmax()) if is_left_out.any() else group.components
        deviations = np.maximum(group.deviations[:count] - step, -16)
        need(not (deviations > 60).any(), fields.section, "a deviation of over 60")
        factors, offsets = self.coder.integers(fields, deviations, tokens)
        need(int(offsets.max()) <= finest, fields.section, "an offset greater than the finest")
        steps = np.array([2.0 ** ((step - int(offset)) / 4) for offset in offsets], "<f4")
        steps, factors, runs = steps[:, None] / np.float32(2**14), factors.T.astype("<f8"), []
        for start, run in zip(range(0, len(group.mean), 256), group.runs, strict=True):
            # At most 2¹⁶ products of 31 bits: exact, and then modulo 2³².
            sums = (factors @ run[:count].astype("<f8")).astype(np.int64).astype(np.int32)
            part = slice(start, start + 256)
            runs.append(group.mean[part] + (group.scale[part] * steps) * sums.astype("<f4"))
        return np.concatenate(runs, axis=1)

    def turned(self, keys: np.ndarray, layer: int, positions: np.ndarray) -> np.ndarray:
        """Section 4.6, in the arithmetic of section 5.8."""
        magnitude, frequencies = self.turns[layer]
        angles = (positions[:, None].astype("<f4") * frequencies.astype("<f4")).astype("<f8")
        cos, sin = (f(angles).astype("<f4") * magnitude for f in (np.cos, np.sin))
        x, y, rest = np.split(keys, [len(frequencies), 2 * len(frequencies)], axis=1)
        return np.concatenate([x * cos - y * sin, y * cos + x * sin, rest], axis=1)


def read_sums(sections: dict[bytes, memoryview]) -> np.ndarray:
    """Section 11.6: the bytes of the section."""
    fields = Fields("SUMS", sections[b"SUMS"])
    layers, heads = fields.size("layers", 1, 4096), fields.size("KV heads", 1, 4096)
    keys, values = fields.size("key length", 1, 8192), fields.size("value length", 1, 8192)
    for name in ("positions", "probes"):
        need(fields.u64() <= 2**53, "SUMS", f"too many {name}")
    count = layers * heads
    need(8 * count <= len(sections[b"SUMS"]), "SUMS", "fewer sums than heads")
    groups = -(-count // max(1, 2048 // (keys + values)))
    ends = [count * i // groups for i in range(groups + 1)]
    for start, end in itertools.pairwise(ends):
        length = (end - start) * (keys + values)
        fields.f64s(length)
        grams = fields.f64s(length * (length + 1) // 2)
        diagonal = np.arange(length) * (np.arange(length) + 3) // 2
        need(bool((grams[diagonal] >= 0).all()), "SUMS", "a diagonal element is negative")
    noise = fields.f64s(count * (keys + 2))
    need(bool((noise >= 0).all()), "SUMS", "a sum of squares is negative")
    outputs = np.frombuffer(fields.take(2 * count * values * (values + 1)), "<f4")
    need(bool(np.isfinite(outputs).all()), "SUMS", "an output is not finite")
    fields.end()
    read_sequences(Fields("seqs", sections[b"seqs"]))
    check_rope(sections, layers, keys)
    return np.frombuffer(sections[b"SUMS"], "u1")


class Chain:
    """Section 5.7: a snapshot and those that it continues, which lie in its folder."""

    def __init__(self, path: pathlib.Path, last: Snapshot, keys: Sequence[bytes]) -> None:
        self.folder, self.links = path.parent, [last]
        while self.links[0].parent is not None:
            child = self.links[0]
            need(len(self.links) < LINKS, "PRNT", f"a chain of more than {LINKS} files")
            self.links.insert(0, read_parent(path.parent / child.name, child, keys))
        pairs = list(itertools.pairwise(self.links))
        for parent, child in reversed(pairs):
            check_rules(child, parent)
        for parent, child in reversed(pairs):
            check_identity(child, parent)
        for link in self.links:
            link.check()
        self.layers, self.heads, self.codecs = last.layers, last.heads, last.codecs
        self.n, self.tokens, self.scorer, self.ratios = (
            last.n,
            last.tokens,
            last.scorer,
            last.ratios,
        )
        self.ends = [
            min([link.first for link in self.links[i + 1 :]], default=last.n)
            for i in range(len(self.links))
        ]

    def tensors(self, ratio: int | None) -> dict[str, np.ndarray]:
        """What a compression keeps, each head in order of position; without one, all that is
        stored."""
        tiers = [link.kept(ratio or link.ratios[-1], 0, 0)[0] for link in self.links]
        for link, count in zip(self.links, tiers, strict=True):
            if link.is_private(count):
                raise NotThere("CHNK: pairs in a private codec, which this reader does not know")
        transforms: dict[str, Transform] = {}
        coded = [link.coded for link in self.links if link.coded]
        for blocks in coded:
            blocks.find(self.folder, transforms)
        for blocks in coded:
            blocks.decode()
        result = {"tokens": self.tokens.astype("<u4")}
        for layer in range(self.layers):
            links = [
                link.pairs(ratio or link.ratios[-1], layer, end)
                for link, end in zip(self.links, self.ends, strict=True)
            ]
            for head in range(self.links[-1].shapes[layer][0]):
                positions, keys, values = (
                    np.concatenate(parts)
                    for parts in zip(*(link[head] for link in links), strict=True)
                )
                for name, tensor in zip(
                    TENSORS, (positions[:, 0].astype("<u4"), keys, values), strict=True
                ):
                    result[f"layer{layer}.head{head}.{name}"] = tensor
        return result


def check_files(fields: Fields) -> None:
    """Section 3.3."""
    entries = []
    for _ in range(fields.size("entries", 1, 4096)):
        role = fields.u32()
        fields.zeros(4)
        entries.append((role, bytes(fields.take(32))))
    fields.end()
    need(all(a < b for a, b in itertools.pairwise(entries)), "FILE", "entries do not ascend")
    need(any(role == 1 for role, _ in entries), "FILE", "no weights")


def snapshot_digest(data: memoryview, snapshot: Snapshot) -> bytes:
    """Section 5.7: of all bytes before DATA but those of KEYS."""
    digest, at = hashlib.sha256(), 0
    if snapshot.cipher:
        at = align64(64 + 32 * int.from_bytes(data[40:44], "little"))
        digest.update(data[:at])
        at += 32 + 128 * int.from_bytes(data[at + 4 : at + 8], "little")
    digest.update(data[at : len(data) - len(snapshot.data)])
    return digest.digest()


def read_parent(path: pathlib.Path, child: Snapshot, keys: Sequence[bytes]) -> Snapshot:
    """Section 5.7: the parent, if it is the one that the child continues."""
    if not path.is_file():
        raise NotThere(
            f"PRNT: its parent {child.name!r} of digest {child.parent.hex()[:16]}… "
            "is not in the folder"
        )
    data = map_file(path)
    try:
        _, parent = read(data, keys, b"SNAP")
        assert isinstance(parent, Snapshot)
        is_parent = snapshot_digest(data, parent) == child.parent
        need(is_parent, "PRNT", "not the parent, which has another digest")
    except (Refused, NoKey) as error:
        raise type(error)(f"{error} (in {child.name!r}, named as the parent)") from None
    return parent


def read_transform(path: pathlib.Path, blocks: Blocks) -> Transform:
    """Section 5.8: what is under the name of the transform by which a snapshot is coded."""
    if not path.is_file():
        raise blocks.missing()
    try:
        _, transform = read(map_file(path), (), b"TRAN")
        assert isinstance(transform, Transform)
    except Refused as error:
        raise Refused(f"{error} (in {blocks.name!r}, named as the transform)") from None
    return transform


def check_rules(child: Snapshot, parent: Snapshot) -> None:
    """Section 5.7: what a child and its parent agree in, but their model."""
    need(
        child.first <= parent.n,
        "PRNT",
        f"the first position is {child.first} in a parent of {parent.n} tokens",
    )
    shape = (parent.layers, parent.heads, parent.lengths, parent.codecs, parent.layout)
    need(
        (child.layers, child.heads, child.lengths, child.codecs, child.layout) == shape,
        "CONT",
        "another shape, type or layout than the parent's",
    )
    need(child.shapes == parent.shapes, "SHAP", "other shapes of layers than the parent's")
    need(child.trust >= parent.trust, "IDEN", "trust 0 where the parent's is 1")
    form = parent.form if parent.form == 0 or parent.form >= PRIVATE else 2
    need(
        child.form == form,
        "CONT",
        f"prompt form {child.form} where the parent's is {parent.form}",
    )
    need(
        bool((child.tokens[: child.first] == parent.tokens[: child.first]).all()),
        "TOKN",
        "other tokens than the parent's",
    )


def check_identity(child: Snapshot, parent: Snapshot) -> None:
    if not (child.has_values and parent.has_values):
        is_same = child.files is not None and child.files == parent.files
        if not is_same and not child.trust:
            raise OtherModel(f"FILE: the parent {child.name!r} is not proven to be of this model")
        return
    for i, name in enumerate(DIGESTS):
        if child.identity[32 * i : 32 * i + 32] != parent.identity[32 * i : 32 * i + 32]:
            raise OtherModel(f"the parent {child.name!r} has another {name} digest")


def limited(values: np.ndarray) -> np.ndarray:
    """Section 5.8: what is not a number becomes 65504."""
    values = np.where(np.isnan(values), np.float32(65504), values)
    return np.clip(values, np.float32(-65504), np.float32(65504))


def narrowed(values: np.ndarray, codec: int) -> np.ndarray:
    """Rounds binary32s to the nearest element of a cache, ties to even."""
    if codec != 4:
        return values.astype(CODECS[codec][0])
    bits = values.view("<u4").astype(np.uint64)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")


def unpack(frame: memoryview, elements: int, where: str) -> bytes:
    """One zstd frame of exactly that content, which says so itself before anything is allocated."""
    need(bytes(frame[:4]) == ZSTD_MAGIC, where, "not a zstd frame")
    need(elements <= 2**20 + 64 * len(frame), where, "a zstd frame that expands too much")
    try:
        parameters = zstandard.get_frame_parameters(frame)
        need(
            parameters.content_size == elements and parameters.dict_id == 0,
            where,
            "a zstd frame of another size",
        )
        need(parameters.window_size <= 2**27, where, "a zstd frame of too wide a window")
        check_blocks(frame, parameters, where)
        decoder = zstandard.ZstdDecompressor().decompressobj()
        plane = decoder.decompress(frame)
    except zstandard.ZstdError as error:
        raise Refused(f"{where}: {error}") from None
    need(
        decoder.eof and not decoder.unused_data and len(plane) == elements,
        where,
        "not one whole zstd frame",
    )
    return plane


def check_blocks(frame: memoryview, parameters: zstandard.FrameParameters, where: str) -> None:
    """No Block_Size beyond the greatest that the window allows (RFC 8878, 3.1.1.2)."""
    at, last = zstandard.frame_header_size(frame), 0
    while not last:
        need(at + 3 <= len(frame), where, "not one whole zstd frame")
        header = int.from_bytes(frame[at : at + 3], "little")
        last, is_run, size = header & 1, header >> 1 & 3 == 1, header >> 3
        need(size <= min(parameters.window_size, 2**17), where, "a zstd block that is too large")
        at += 3 + (1 if is_run else size)


def map_file(path: pathlib.Path) -> memoryview:
    if path.exists() and not path.is_file():
        raise OSError(f"not a regular file: {path}")
    with path.open("rb") as file:
        empty = path.stat().st_size == 0
        return memoryview(b"" if empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def read(
    data: memoryview, keys: Sequence[bytes] = (), wanted: bytes | None = None
) -> tuple[str, Snapshot | Transform | dict[str, np.ndarray]]:
    """Checks all of a file but what `Snapshot.check` does and unknown sections of transforms; gives
    its kind, and the snapshot, the transform or the tensors. The file is of the kind `wanted`."""
    kind, sections, unknown, cipher = read_container(data, keys, wanted)
    need(len(sections[b"IDEN"]) == (168 if kind == b"SNAP" else 128), "IDEN", "wrong length")
    check_provenance(sections.get(b"prov", memoryview(b"")))
    if b"meta" in sections:
        check_metadata(sections[b"meta"])
    if kind == b"SNAP":
        return "snapshot", Snapshot(sections, unknown, cipher)
    if kind == b"TRAN":
        return "transform", Transform(sections, unknown)
    check_unknown(unknown)
    if kind == b"TSUM":
        return "sums for a transform", {"sums": read_sums(sections)}
    if kind == b"FILT":
        return "filter bank", {"filters": read_filters(sections)}
    return "statistics", read_statistics(sections)


def read_file(
    path: pathlib.Path, keys: Sequence[bytes]
) -> tuple[str, Chain | dict[str, np.ndarray]]:
    """Checks all of a file, and of all that a snapshot continues."""
    kind, content = read(map_file(path), keys)
    if isinstance(content, Transform):
        check_unknown(content.unknown)
        return kind, content.tensors()
    return kind, Chain(path, content, keys) if isinstance(content, Snapshot) else content


class Parser(argparse.ArgumentParser):
    def error(self, message: str):
        self.exit(64, f"{message}\n")


def ratio(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) < 2**32):
        raise argparse.ArgumentTypeError(f"{text!r} is no integer from 1 to 2³² − 1")
    return int(text)


STATUS = {NotStored: 64, Refused: 65, NotThere: 66, OSError: 66, NoKey: 77, OtherModel: 78}


def main() -> int:
    parser = Parser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument(
        "--compression", type=ratio, help="only what ×N keeps; else all that is stored"
    )
    parser.add_argument(
        "--key-file", type=pathlib.Path, action="append", default=[], help="opens encrypted files"
    )
    parser.add_argument(
        "--tensors", type=pathlib.Path, help="write the decoded tensors here (.npz)"
    )
    parser.add_argument("--digests", action="store_true", help="print each tensor's SHA-256")
    options = parser.parse_args()
    try:
        kind, content = read_file(options.file, [path.read_bytes() for path in options.key_file])
        tensors = content
        if isinstance(content, Chain):
            kind += (
                f" of {content.n} tokens, {content.layers} layers, {content.heads} KV heads, "
                f"ranked by {content.scorer}, ×{', ×'.join(map(str, content.ratios))}; "
                f"files of the chain: {len(content.links)}"
            )
            tensors = (
                content.tensors(options.compression) if options.tensors or options.digests else {}
            )
    except tuple(STATUS) as error:
        print(f"{options.file}: {error}", file=sys.stderr)
        return next(status for kind, status in STATUS.items() if isinstance(error, kind))
    if options.tensors:
        np.savez(options.tensors, **tensors)
    if options.digests:
        for name, tensor in tensors.items():
            print(hashlib.sha256(np.ascontiguousarray(tensor)).hexdigest(), "", name)
    else:
        print(f"{options.file}: {kind}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
