"""Fields, keys and errors. Section numbers here and in the other files are those of format.md."""

import pathlib
import struct

import numpy as np

GREATEST = 2**32 - 1
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


def whole(keys: Keys, name: str, default: object = None, least: int = 1) -> int:
    """A whole number; without a default it must be there, and null is none."""
    value = keys.get(name, default)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    need(is_whole and least <= value <= GREATEST, f"{name} is {shown(value)}, and no valid number")
    return value


def real(keys: Keys, name: str, default: object = None) -> float:
    """A real number as the nearest f32 (section 3.1); null is none."""
    value = keys.get(name, default)
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    need(is_real and abs(value) < 3.4e38, f"{name} is {shown(value)}, and no valid number")
    return float(np.float32(value))


def positive(keys: Keys, name: str, default: object = None) -> float:
    value = real(keys, name, default)
    need(value > 0, f"{name} is {shown(value)}, and no valid number")
    return value


def truth(keys: Keys, name: str, default: bool) -> bool:
    value = keys.get(name, default)
    need(isinstance(value, bool), f"{name} is {shown(value)}, and neither true nor false")
    return value


def word(keys: Keys, name: str, default: str | None = None) -> str:
    value = keys.get(name, default)
    need(isinstance(value, str), f"{name} is {shown(value)}, and no word")
    return value


def numbers(keys: Keys, name: str) -> list[float]:
    """A list of numbers of a GGUF; an absent one is empty."""
    value = keys.get(name, np.zeros(0))
    is_list = isinstance(value, np.ndarray) and value.dtype != np.bool_
    need(is_list and np.isfinite(value).all(), f"{name} is no list of numbers")
    return value.tolist()


def shown(value: object) -> str:
    return "absent" if value is None else repr(value)[:40]


def filled(keys: object) -> Keys:
    """The keys of an object that are not null; anything else has none."""
    return {k: v for k, v in keys.items() if v is not None} if isinstance(keys, dict) else {}
