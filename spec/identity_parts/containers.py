# SPDX-License-Identifier: CC0-1.0
"""Keys and tensors of GGUF, safetensors and JSON files, checked against the files' lengths."""

import dataclasses
import json
import math
import pathlib
import struct
from collections.abc import Iterator

import numpy as np

from .fields import Keys, NoModel, intact

JSON_BYTES = 1 << 28


@dataclasses.dataclass
class Tensor:
    path: pathlib.Path
    offset: int
    shape: tuple[int, ...]  # outermost first
    kind: int | str  # its number in GGUF, or what else safetensors calls it

    def data(self, length: int) -> Iterator[bytes]:
        """All bytes in order, those of `length` values at once, of a type that has a digest."""
        values, size = BLOCKS[self.kind]
        count = math.prod(self.shape)
        with Input(self.path) as file:
            file.file.seek(self.offset)
            for start in range(0, count, length):
                yield file.take(min(length, count - start) // values * size)


# Section 3.1.1: number -> values and bytes of a block
BLOCKS = {0: (1, 4), 1: (1, 2), 30: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24)}
BLOCKS |= {8: (32, 34), 20: (32, 18), 10: (256, 84), 11: (256, 110), 12: (256, 144)}
BLOCKS |= {13: (256, 176), 14: (256, 210)}
SAFETENSORS = {"F32": 0, "F16": 1, "BF16": 30}


def length_of(tensor: Tensor) -> int | None:
    """How many bytes it has in its file; None if that depends on a type that has no digest."""
    if tensor.kind not in BLOCKS:
        return None
    values, size = BLOCKS[tensor.kind]
    intact(math.prod(tensor.shape[-1:]) % values == 0, tensor.path, "a row ends within a block")
    return math.prod(tensor.shape) // values * size


class Input:
    """A file that is read in order, and never past its end."""

    def __init__(self, path: pathlib.Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(f"{path}: there is no such file")
        self.path, self.file = path, path.open("rb")
        self.left = path.stat().st_size

    def __enter__(self) -> "Input":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def take(self, count: int) -> bytes:
        intact(count <= self.left, self.path, "the file ends too early")
        self.left -= count
        data = self.file.read(count)
        intact(len(data) == count, self.path, "the file ends too early")
        return data

    def number(self, form: str) -> int | float | bool:
        return struct.unpack("<" + form, self.take(struct.calcsize(form)))[0]

    def string(self) -> bytes:
        return self.take(self.number("Q"))

    def name(self) -> str:
        try:
            return self.string().decode()
        except UnicodeDecodeError:
            raise NoModel(f"{self.path.name}: a name is not UTF-8") from None


def read_json(path: pathlib.Path) -> Keys:
    with Input(path) as file:
        intact(file.left <= JSON_BYTES, path, "the file is too long")
        return parsed(path, file.take(file.left))


def parsed(path: pathlib.Path, data: bytes) -> Keys:
    try:
        keys = json.loads(data.decode(), object_pairs_hook=unique, parse_constant=no_constant)
        if rb"\ud" in data.lower():
            json.dumps(keys, ensure_ascii=False).encode()  # No half of a surrogate pair.
    except (ValueError, RecursionError):
        raise NoModel(f"{path.name}: this is no JSON, or has a key twice") from None
    intact(isinstance(keys, dict), path, "this is no JSON object")
    return keys


def unique(members: list[tuple[str, object]]) -> Keys:
    keys = dict(members)
    if len(keys) < len(members):
        raise ValueError
    return keys


def no_constant(name: str) -> float:
    raise ValueError(name)  # NaN and Infinity


NUMBERS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
STRING, ARRAY = 8, 9


def gguf_value(file: Input) -> object:
    kind = file.number("I")
    if kind == STRING:
        return file.name()
    if kind in NUMBERS:
        return file.number(NUMBERS[kind])
    intact(kind == ARRAY, file.path, f"there is no type {kind} of values")
    kind, count = file.number("I"), file.number("Q")
    if kind == STRING:
        intact(count <= file.left // 8, file.path, "the file ends too early")
        return [file.string() for _ in range(count)]
    intact(kind in NUMBERS, file.path, f"there is no type {kind} of elements")
    size = struct.calcsize("<" + NUMBERS[kind])
    return np.frombuffer(file.take(count * size), np.dtype(NUMBERS[kind]).newbyteorder("<"))


def gguf_tensor(file: Input) -> tuple[str, Tensor]:
    name, dimensions = file.name(), file.number("I")
    intact(1 <= dimensions <= 4, file.path, f"{name} has {dimensions} dimensions")
    shape = tuple(file.number("Q") for _ in range(dimensions))[::-1]
    intact(all(shape), file.path, f"{name} has no elements")
    return name, Tensor(file.path, 0, shape, file.number("I"))


def read_gguf(path: pathlib.Path) -> tuple[Keys, dict[str, Tensor]]:
    """Keys and tensors of one file; tensors lie within it."""
    keys: Keys = {}
    tensors: dict[str, Tensor] = {}
    with Input(path) as file:
        intact(file.take(4) == b"GGUF", path, "this is no GGUF")
        intact(file.number("I") == 3, path, "this is no GGUF of version 3")
        tensor_count, key_count = file.number("Q"), file.number("Q")
        for _ in range(key_count):
            name = file.name()
            intact(name not in keys, path, f"the key {name} occurs twice")
            keys[name] = gguf_value(file)
        offsets = []
        for _ in range(tensor_count):
            name, tensor = gguf_tensor(file)
            intact(name not in tensors, path, f"the tensor {name} occurs twice")
            tensors[name] = tensor
            offsets.append(file.number("Q"))
        size, start = path.stat().st_size, file.file.tell()
    alignment = keys.get("general.alignment", 32)
    is_power = isinstance(alignment, int) and alignment > 0 and alignment & (alignment - 1) == 0
    intact(is_power and alignment <= 1 << 20, path, "the alignment is wrong")
    start = -(-start // alignment) * alignment
    for tensor, offset in zip(tensors.values(), offsets, strict=True):
        tensor.offset = start + offset
        end = tensor.offset + (length_of(tensor) or 0)
        intact(end <= size, path, "a tensor ends after the file")
    return keys, tensors


def read_safetensors(path: pathlib.Path) -> dict[str, Tensor]:
    with Input(path) as file:
        length = file.number("Q")
        intact(length <= JSON_BYTES, path, "the header is too long")
        header, left = parsed(path, file.take(length)), file.left
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            begin, end = entry["data_offsets"]
            shape, kind = tuple(entry["shape"]), str(entry["dtype"])
        except (KeyError, TypeError, ValueError):
            raise NoModel(f"{path.name}: {name} is described wrongly") from None
        numbers = (*shape, begin, end)
        intact(
            all(type(n) is int and n >= 0 for n in numbers), path, f"{name} is described wrongly"
        )
        intact(begin <= end <= left, path, f"{name} ends after the file")
        tensor = Tensor(path, 8 + length + begin, shape, SAFETENSORS.get(kind, kind))
        intact(length_of(tensor) in (None, end - begin), path, f"{name} has another length")
        tensors[name] = tensor
    return tensors
