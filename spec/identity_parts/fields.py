# SPDX-License-Identifier: CC0-1.0
"""Fields, keys and errors. Section numbers here and in the other files are those of format.md."""

import math
import pathlib
import struct

import numpy as np

Keys = dict[str, object]


class NoModel(Exception):
    """The file is damaged, or no model."""


class NoValues(Exception):
    """The model has no identity by values."""


def need(condition: object, problem: str) -> None:
    if not condition:
        raise NoValues(problem)


def intact(condition: object, path: pathlib.Path, problem: str) -> None:
    if not condition:
        raise NoModel(f"{path.name}: {problem}")


# Section 1


def u32(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def f32(value: float) -> bytes:
    return struct.pack("<f", value)


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return u32(len(data)) + data


# Section 3.1: numbers


def whole(
    keys: Keys, name: str, default: object = None, least: int = 1, greatest: int = 2**30
) -> int:
    """A whole number in its range; without a default it must be there."""
    value = keys.get(name, default)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    need(is_whole and least <= value <= greatest, f"{name} is {shown(value)}, and no valid number")
    return value


def rounded(value: object) -> float:
    """The nearest f32 of a number, by way of the nearest f64; anything else is no number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return math.nan
    try:
        with np.errstate(over="ignore"):
            return float(np.float32(float(value)))
    except OverflowError:
        return math.inf


def real(keys: Keys, name: str, default: object = None) -> float:
    """A positive real number; without a default it must be there."""
    value = keys.get(name, default)
    number = rounded(value)
    is_valid = 0 < number < math.inf
    need(is_valid, f"{name} is {shown(value)}, and no valid number")
    return number


def is_zero(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == 0


def or_zero(keys: Keys, name: str) -> float | None:
    """A positive real number, or none if it is absent or 0."""
    return None if is_zero(keys.get(name, 0)) else real(keys, name)


def truth(keys: Keys, name: str, default: bool) -> bool:
    value = keys.get(name, default)
    need(isinstance(value, bool), f"{name} is {shown(value)}, and neither true nor false")
    return value


def word(keys: Keys, name: str, default: str | None = None) -> str:
    value = keys.get(name, default)
    need(isinstance(value, str), f"{name} is {shown(value)}, and no word")
    return value


def numbers(keys: Keys, name: str, kinds: tuple[str, ...]) -> list[float]:
    """A list of numbers of a GGUF, of one of these types; an absent one is empty."""
    value = keys.get(name, np.zeros(0, kinds[0]))
    need(isinstance(value, np.ndarray) and value.dtype in kinds, f"{name} is no list of numbers")
    return value.tolist()


def shown(value: object) -> str:
    return "absent" if value is None else repr(value)[:40]


def filled(keys: object) -> Keys:
    """The keys of an object that are not null; anything else has none."""
    return {k: v for k, v in keys.items() if v is not None} if isinstance(keys, dict) else {}
