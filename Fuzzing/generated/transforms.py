"""Random transforms, and sums for one."""

import random

import numpy as np
from conformance_cases.container import sha256
from conformance_cases.sums import Sums
from conformance_cases.transform import Transform

from generated.ancillary import ancillary, later
from generated.banks import members, turns
from generated.case import Answer, Case


def parts(r: random.Random, count: int) -> list[int]:
    """Positive numbers that add up to `count`."""
    ends = sorted(r.sample(range(1, count), r.randrange(min(count, 4)))) + [count]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def sizes(r: random.Random) -> tuple[int, int, int, int]:
    """Layers, KV heads, key and value length."""
    # A long vector has several runs of elements.
    key = r.randint(1, 8) if r.random() < 0.97 else r.randint(120, 300)
    return r.randint(1, 3), r.randint(1, 3), key, r.randint(1, 6)


def transform(r: random.Random, layers: int, heads: int, key: int, value: int) -> Transform:
    groups, step = parts(r, layers * heads), r.randint(-60, 40)
    return Transform(
        layers,
        heads,
        key,
        value,
        groups,
        [r.randint(1, min(6, count * (key + value))) for count in groups],
        (step, step + r.randrange(9), step + r.randrange(20)),
        r.getrandbits(32),
        r.randint(0, key // 2),
        [r.choice((0, 16)) for _ in range(layers)],
        [r.choice((1, 0.75, r.uniform(0.5, 2))) for _ in range(layers)],
        [r.choice((0, 1, r.uniform(0, 3))) for _ in range(r.randint(1, 9))],
    )


def written(r: random.Random, t: Transform) -> bytes:
    return t.file(change=ancillary(r, b"TRAN"), **later(r))


def alone(r: random.Random) -> Case:
    t = transform(r, *sizes(r))
    return Case({"transform.qtrans": written(r, t)}, Answer(0, t.digests()))


def sums(r: random.Random) -> Case:
    layers, heads, key, value = r.randint(1, 3), r.randint(1, 3), r.randint(1, 5), r.randint(1, 4)
    counts = [r.choice((0, 1, 1000, 2**53)) for _ in range(2)]
    s = Sums(layers, heads, key, value, *counts, r.getrandbits(32))
    s.rope, of_recipe = turns(r, layers, key), members(r)[0]
    for group in s.groups:
        group[0] *= np.float64(10.0) ** r.randint(-300, 300)
    others = ancillary(r, b"TSUM")

    def change(sections: dict[bytes, bytes]) -> None:
        sections[b"seqs"] = of_recipe
        others(sections)

    file = s.file(change=change, **later(r))
    return Case({"sums.qtsum": file}, Answer(0, {"sums": sha256(s.section())}))
