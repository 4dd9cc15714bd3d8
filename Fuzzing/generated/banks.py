"""Random filter banks and calibration statistics."""

import random

import numpy as np
from conformance_cases.container import sha256
from conformance_cases.contents import bank, head_filters, quality, sequences, statistics
from conformance_cases.linear import linear_score, pair_sums, rope

from generated.ancillary import ancillary, later
from generated.case import Answer, Case

EXTREMES = {"<f4": (3.4028235e38, 1e-45), "<f8": (1.7976931348623157e308, 5e-324)}


def numbers(r: random.Random, count: int, dtype: str) -> np.ndarray:
    """Finite ones, some of them extremes."""
    source = np.random.default_rng(r.getrandbits(32))
    found = source.normal(size=count) * 10.0 ** source.integers(-30, 30, count)
    for special in (*EXTREMES[dtype], -EXTREMES[dtype][0], -0.0):
        if count and r.random() < 0.3:
            found[r.randrange(count)] = special
    return found.astype(dtype)


def unit(r: random.Random) -> float:
    return r.choice((0, 1, r.random()))


def wide(r: random.Random) -> float:
    """A number of magnitude 2⁶⁴ at most."""
    return r.choice((2.0**64, -(2.0**64), 1e-45, -0.0, r.gauss(0, 1)))


def turns(r: random.Random, layers: int, key: int) -> bytes:
    """A section rope."""
    return rope(
        layers,
        r.randint(0, key // 2),
        r.choice((0, 4096, 2**32 - 1)),
        r.choice((2.0**-64, 2.0**64, r.uniform(0.1, 2))),
        [r.choice((0, 1, 16, 2**32 - 1)) for _ in range(layers)],
        [r.choice((2.0**-64, 2.0**64, 1, r.random() + 0.1)) for _ in range(layers)],
        [r.choice((0, 2.0**32, r.random())) for _ in range(r.randint(1, 9))],
    )


def members(r: random.Random) -> tuple[bytes, int]:
    """A section seqs, and how many tokens its members have."""
    count, length = r.randint(1, 40), r.choice((1, 250, 2**24))
    chosen = r.getrandbits(count) if r.random() < 0.9 else 0
    section = sequences(count, length, chosen.to_bytes((count + 7) // 8, "little"))
    return section, chosen.bit_count() * length


def filters(r: random.Random) -> Case:
    layers, heads, length = r.randint(1, 4), r.randint(1, 4), r.randint(1, 9)
    queries, options = heads * r.randint(1, 3), later(r)
    if r.random() < 0.5:
        figures = [f(r) for _ in range(9) for f in (unit, lambda r: abs(wide(r)), unit)]
        options["quality"] = quality(layers, queries, figures)
    if r.random() < 0.5:
        options["sequences"] = members(r)[0]
    if r.random() < 0.5:
        weights = [wide(r) for _ in range(30)]
        options["of_heads"] = head_filters(layers, queries, length, weights)
    if r.random() < 0.5:
        weights = [wide(r) for _ in range(30)]
        figures = [
            (r.choice((0, 2**53, 1.5)), wide(r), abs(wide(r)), unit(r), 0) for _ in range(heads)
        ]
        options["line"] = linear_score(layers, heads, length, r.randint(1, 5), weights, figures)
        options["rope"] = turns(r, layers, length)
    values = numbers(r, layers * heads * length, "<f4")
    options["change"] = ancillary(r, b"FILT")
    file = bank(layers, heads, length, values=values, **options)
    return Case({"bank.qfilt": file}, Answer(0, {"filters": sha256(values.tobytes())}))


def sums(r: random.Random) -> Case:
    layers, heads, length = r.randint(1, 3), r.randint(1, 3), r.randint(1, 5)
    queries, options = heads * r.randint(1, 3), later(r)
    options["tokens"] = r.choice((0, 1, 1000, 2**53))
    if r.random() < 0.5:
        options["sequences"], options["tokens"] = members(r)
    if r.random() < 0.4:
        windows = [r.choice((0, 16)) for _ in range(layers)]
        value, pairs = r.randint(1, 4), r.randrange(5)
        options["pair"] = pair_sums(layers, heads, length, value, windows, pairs)
        options["rope"] = turns(r, layers, length)
    of_queries = numbers(r, layers * queries * length, "<f8")
    triangle = length * (length + 1) // 2
    grams = numbers(r, layers * queries * triangle, "<f8").reshape(-1, triangle)
    for row in range(length):
        place = row * (row + 3) // 2
        grams[:, place] = np.abs(grams[:, place])
    options["change"] = ancillary(r, b"STAT")
    file = statistics(layers, queries, heads, length, sums=of_queries, grams=grams, **options)
    tensors = {"sums": sha256(of_queries.tobytes()), "grams": sha256(grams.tobytes())}
    return Case({"statistics.qstat": file}, Answer(0, tensors))
