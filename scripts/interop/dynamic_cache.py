"""Turns a snapshot into a transformers DynamicCache with spec/reader.py.

    from dynamic_cache import load
    cache, tokens, next_position = load("context.kvsnap")
    model(new_ids, past_key_values=cache, position_ids=...)

The cache is the whole one; of a snapshot that continues others, the cache of the whole chain, whose
files lie in one folder. Keys are stored after RoPE in transformers' own layout, so nothing is
rotated; the first new token has position `next_position`. Needs what `scripts/python interop`
installs."""

import pathlib

import numpy as np
import reader
import torch
import transformers


def load(path: str | pathlib.Path, dtype: torch.dtype = torch.float32):
    """The cache, the token ids [tokens], and the position of the next token."""
    kind, snapshot = reader.read_file(pathlib.Path(path), [])
    if kind != "snapshot":
        raise ValueError(f"{path}: a {kind}, not a snapshot")
    tensors = snapshot.tensors(1)
    cache = transformers.DynamicCache()
    for layer in range(snapshot.layers):
        names = [f"layer{layer}.head{head}" for head in range(snapshot.heads)]
        if any(len(tensors[f"{name}.positions"]) != snapshot.n for name in names):
            raise ValueError(f"{path}: not the whole cache")
        stacked = [
            torch.stack([element(tensors[f"{name}.{tensor}"], codec) for name in names])[None].to(
                dtype
            )
            for tensor, codec in zip(("keys", "values"), snapshot.codecs[1:], strict=True)
        ]
        cache.update(*stacked, layer)
    return cache, torch.from_numpy(tensors["tokens"].astype(np.int64)), snapshot.n


def element(values: np.ndarray, codec: int) -> torch.Tensor:
    """A tensor of a cache's elements; those of type 4 are the upper halves of binary32s."""
    tensor = torch.from_numpy(np.array(values.view("<i2") if codec == 4 else values))
    return tensor.view(torch.bfloat16) if codec == 4 else tensor
