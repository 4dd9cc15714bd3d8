"""Random snapshots: shapes, types, tiers, budgets, precisions and contents."""

import random
import struct

import numpy as np
from conformance_cases.coded import Block, CodedSnapshot
from conformance_cases.encoding import FP8, PRIVATE, Q8_0, floats, frame, rounded, smaller, store
from conformance_cases.snapshot import Snapshot
from conformance_cases.transform import Transform

PLAIN, QUANTISED = (2, 3, 4), (5, 6)
TYPES = (*PLAIN, *FP8, Q8_0)
RATIOS = (1, 2, 3, 4, 5, 7, 8, 16, 64, 2**32 - 1)
EXTREMES = (0x7E01, 0xFFFF, 0x7C00, 0xFC00, 1, 0x8000, 0x7C01, 0x7FC00001, 0xFF800000, 0x3C00)
LIMITS = {2: 65504, 3: 65504, 4: 65280}  # the greatest of each type that binary16 holds


class Random(Snapshot):
    """Its numbers have any magnitude where a tier is quantised. Chunks in private codecs are any
    bytes."""

    def random_pairs(self, random_, values, layer: int) -> list[np.ndarray]:
        stored = {codec for tier in range(len(self.ratios)) for codec in self.stored(tier)}
        self.finite = not stored.isdisjoint(QUANTISED)
        pairs = super().random_pairs(random_, None if self.finite else values, layer)
        for tensor, codec in enumerate(self.codecs[1:]):
            if self.finite and codec in PLAIN:
                scale = 10.0 ** random_.integers(-8, 6, pairs[tensor].shape[1])
                numbers = (floats(pairs[tensor], codec) - random_.integers(3)) * scale
                limited = np.clip(numbers, -LIMITS[codec], LIMITS[codec]).astype("<f4")
                pairs[tensor] = rounded(limited, codec)
        return pairs

    def chunk(self, tier: int, layer: int, tensor: int) -> bytes:
        if self.codec(tier, tensor) < PRIVATE:
            return super().chunk(tier, layer, tensor)
        place = (tier * self.layers + layer) * 3 + tensor
        return bytes(range(place % 256)) if place % 3 else b""


def shape(r: random.Random) -> dict:
    """What all links of a chain have in common: options of a snapshot."""
    codecs = r.choice(PLAIN), r.choice(PLAIN)
    if r.random() < 0.35:
        codecs = r.choice(TYPES), r.choice(TYPES)

    def length(codec: int) -> int:
        return 32 * r.choice((1, 1, 2)) if codec == Q8_0 else r.randint(1, 6)

    layers, heads = r.choice((1, 1, 2, 2, 3, 5)), r.choice((1, 1, 2, 3))
    if r.random() < 0.02:
        layers, heads = r.choice(((20, 1), (1, 17)))
    rows = [(heads, *map(length, codecs))] * layers
    if r.random() < 0.3:
        rows = [(r.randint(1, heads), *map(length, codecs)) for _ in range(layers)]
        rows = [row if r.random() < 0.7 else (0, 0, 0) for row in rows]
        rows[r.randrange(layers)] = heads, *map(length, codecs)
    heads, key, value = map(max, zip(*rows, strict=True))
    return {
        "layers": layers,
        "heads": heads,
        "key": key,
        "value": value,
        "codecs": codecs,
        "shapes": rows if len(set(rows)) > 1 else None,
        "layout": r.choice((1,) * 9 + (PRIVATE, 2**32 - 1)),
    }


def tokens(r: random.Random) -> int:
    return r.choice((0, 1, 2, 3, 4, 5, 8, 8, 13, 13, 20, 20, 33, r.randrange(70), r.randrange(140)))


def there(common: dict) -> np.ndarray:
    """[layers][heads]: 1 for a head that is there."""
    rows = common["shapes"] or [(common["heads"],)] * common["layers"]
    return np.array([[head < row[0] for head in range(common["heads"])] for row in rows], int)


def tiers(r: random.Random, common: dict, own: int, whole: bool) -> dict:
    """Ratios, floors, counts, sinks and window; all pairs are there if `whole`."""
    ratios = sorted(r.sample(RATIOS, r.choice((1, 2, 2, 3, 5))), reverse=True)
    kind = r.random()
    if kind < 0.2:
        ratios = [64, 32, 16, 8, 4, 2, 1]
    elif kind < 0.21:
        ratios = list(range(64, 0, -1))
    if whole:
        ratios[-1] = 1
    source, heads = np.random.default_rng(r.getrandbits(32)), there(common)
    counts = floors = None
    if r.random() < 0.5:
        cells = (len(ratios), *heads.shape)
        totals = np.sort(source.integers(0, own + 1, cells), 0)
        totals[-1] = own if whole or r.random() < 0.3 else totals[-1]
        counts = np.diff(totals, axis=0, prepend=0) * heads
    if r.random() < 0.5:
        floors = source.integers(0, own + 1, heads.shape) * heads
    few = (0, 1, 2, 3, 9, 2**32 - 1)
    return {
        "ratios": ratios,
        "counts": counts,
        "floors": floors,
        "sinks": r.choice(few),
        "window": r.choice(few),
    }


def unranked(r: random.Random, common: dict, own: int, whole: bool) -> dict:
    """Tiers of scorer 0."""
    found = tiers(r, common, own, whole)
    counts = found["counts"]
    if counts is not None:
        counts = counts.sum(0, keepdims=True)
    none = there(common) * 0
    return {"ratios": [1], "counts": counts, "floors": none, "sinks": 0, "window": 0}


def precisions(r: random.Random, common: dict, count: int) -> list[tuple[int | None, int | None]]:
    """The codecs of each tier's keys and values; None is the cache's own type."""
    kind = r.random()

    def codec(of: int) -> int | None:
        if kind < 0.4 and of in PLAIN:
            return r.choice((None, 5, 6))
        if kind > 0.94:
            return r.choice((None, PRIVATE, 2**32 - 1))
        return None

    return [tuple(map(codec, common["codecs"])) for _ in range(count)]


def scorer(r: random.Random) -> int:
    if r.random() < 0.8:
        return r.randrange(10)
    return r.choice((10, 12, PRIVATE - 1, PRIVATE, 2**32 - 1))


def windowed(packed: bytes, size: int, descriptor: int) -> bytes:
    """A frame whose header has a window, as frames of great contents do, and a size of 32 bits."""
    flags, old = packed[4], 1 << (packed[4] >> 6)
    header = bytes([0x80 | flags & 4, descriptor]) + struct.pack("<I", size)
    return packed[:4] + header + packed[5 + old :]


def packed(r: random.Random):
    """How a stream is stored: as it is, or as a frame if that is smaller."""
    level, has_sum, descriptor = r.choice((1, 3, 19)), r.random() < 0.5, r.choice((56, 61, 80))

    def plain(plane: bytes) -> bytes:
        return smaller(frame(plane, level, write_checksum=has_sum), plane)

    def with_window(plane: bytes) -> bytes:
        found = frame(plane, level, write_checksum=has_sum)
        return smaller(windowed(found, len(plane), descriptor), plane)

    return r.choice((store, plain, with_window, lambda plane: plane))


def contents(r: random.Random, common: dict, own: int, whole: bool) -> dict:
    """Options of a snapshot of `own` pairs in each head, but for its place in a chain."""
    ranked_by = scorer(r)
    options = (tiers if ranked_by else unranked)(r, common, own, whole)
    values = r.choice((None, [r.choice((*EXTREMES, r.getrandbits(32))) for _ in range(7)]))
    pack = packed(r)
    return {**options, "scorer": ranked_by, "values": values, "pack": pack} | {
        "seed": r.getrandbits(32)
    }


def snapshot(r: random.Random, common: dict, first: int, n: int) -> Snapshot:
    options = contents(r, common, n - first, r.random() < 0.3)
    stored = precisions(r, common, len(options["ratios"]))
    return Random(n=n, first=first, stored=stored.__getitem__, **common, **options)


def coded(r: random.Random, common: dict, first: int, n: int, t: Transform, name: str) -> Snapshot:
    """One whose keys and values are in blocks of a transform."""
    options, own, runs = contents(r, common, n - first, True), n - first, []
    while sum(runs) < own:
        runs.append(min(own - sum(runs), r.choice((1, 7, 31, 32, 33, 256))))
    highest = max(int(group.deviations[0]) for group in t.groups)
    step = r.randint(max(-200, highest - r.choice((20, 60))), highest + 12)
    kinds, source = [r.random() < 0.3 for _ in range(len(t.groups) * len(runs))], r.getrandbits(32)

    def change(block: Block, index: int, number: int, random_) -> None:
        if kinds[index * len(runs) + number]:
            block.kind = 0
        elif source & 1:
            block.spread(random_, int(random_.integers(16)))

    options |= {key: common[key] for key in ("codecs", "layout")}
    return CodedSnapshot(t, name, runs, step, change, first=first, **options)
