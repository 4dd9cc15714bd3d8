"""The generator: a seed and a number give a case."""

import random

from generated import banks, transforms
from generated.case import Case
from generated.chains import chain

KINDS = {
    chain: 0.76,
    banks.filters: 0.07,
    banks.sums: 0.07,
    transforms.alone: 0.05,
    transforms.sums: 0.05,
}


def generate(seed: str, index: int) -> Case:
    r = random.Random(f"{seed}/{index}")
    while True:
        kind = r.choices(list(KINDS), list(KINDS.values()))[0]
        try:
            case = kind(r)
            if kind is not chain:
                # Neither ×N nor a key changes what is read of other kinds of file.
                case.compression = r.choice((None, None, "1", "7"))
                case.keys = r.choice(({}, {}, {"any.key": bytes(40)}))
            case.about = [repr(next(iter(case.files)))]
            return case
        except AssertionError:
            # A cosine whose last digit depends on the library (conformance_cases/coded.py).
            continue
