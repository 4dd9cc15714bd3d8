# SPDX-License-Identifier: CC0-1.0
"""Section 3.1: the files of a model that is in several."""

import pathlib

import numpy as np

from .containers import Tensor, read_gguf, read_json
from .fields import Keys, intact


def split_place(keys: Keys, path: pathlib.Path) -> tuple[int, ...]:
    """The number of a part, how many there are, and how many tensors all have."""
    values = [keys.get(f"split.{name}") for name in ("no", "count", "tensors.count")]
    is_known = all(type(value) is int and 0 <= value <= 1 << 30 for value in values)
    intact(is_known and values[1] < 100_000, path, "this does not say which part it is")
    return tuple(values)


def read_parts(path: pathlib.Path) -> tuple[Keys, dict[str, Tensor], list[pathlib.Path]]:
    """Keys of the first part, and tensors and files of all parts."""
    keys, tensors = read_gguf(path)
    paths = [path]
    if "split.count" not in keys:
        return keys, tensors, paths
    place = split_place(keys, path)
    count, first = place[1], f"-00001-of-{place[1]:05}.gguf"
    if count < 2:
        return keys, tensors, paths
    is_first = place[0] == 0 and path.name.endswith(first)
    intact(is_first, path, "this is not the first part")
    for number in range(2, count + 1):
        part = path.with_name(path.name.removesuffix(first) + f"-{number:05}-of-{count:05}.gguf")
        own_keys, own_tensors = read_gguf(part)
        is_next = split_place(own_keys, part) == (number - 1, *place[1:])
        intact(is_next, part, "this is no such part")
        for key in own_keys.keys() & keys.keys() - {"split.no", "general.alignment"}:
            is_same = np.array_equal(own_keys[key], keys[key])
            intact(is_same, part, f"{key} is another than in the first part")
        intact(not own_tensors.keys() & tensors.keys(), part, "parts hold the same tensor")
        tensors |= own_tensors
        paths.append(part)
    intact(len(tensors) == place[2], path, "parts hold another number of tensors")
    return keys, tensors, paths


def weight_files(path: pathlib.Path) -> dict[pathlib.Path, set[str] | None]:
    """Those that transformers reads: one file, or the shards of the index with their tensors."""
    one, index = path / "model.safetensors", path / "model.safetensors.index.json"
    if one.exists() or not index.exists():
        return {one: None}
    places = read_json(index).get("weight_map")
    is_map = isinstance(places, dict) and places
    intact(is_map and all(isinstance(n, str) for n in places.values()), index, "no shard is named")
    shards: dict[pathlib.Path, set[str] | None] = {}
    for tensor, name in sorted(places.items(), key=lambda item: item[1]):
        is_own = name.endswith(".safetensors") and "/" not in name and "\0" not in name
        intact(is_own, index, "a shard is in another folder, or no .safetensors")
        shards.setdefault(path / name, set()).add(tensor)
    return shards
