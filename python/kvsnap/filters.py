"""Filter banks (.qfilt) as arrays."""

import ctypes
import os
from typing import Any, Self

import numpy as np

from kvsnap._library import LIBRARY, FilterShape, check, encoded
from kvsnap.arrays import memory
from kvsnap.errors import NotStoredError
from kvsnap.model_identity import DIGESTS, Identity, identity


class Filters:
    """A model's filters, one for each layer and KV head, which rank pairs of its caches.

    The pairs whose keys have the highest products with their filter stay longest."""

    def __init__(self, array: Any, model: Any):
        """Filters of one's own.

        array is [layers, KV heads, key length], of numpy or of torch. model is an `Identity`, or
        what `kvsnap.identity` takes: a transformers model, a folder, a GGUF."""
        self.array = np.asarray(memory(array, "float32").owner).copy()
        """[layers, KV heads, key length] float32"""
        self.identity = model if isinstance(model, Identity) else identity(model)
        """The model's"""
        if self.array.ndim != 3:
            raise NotStoredError(f"filters are [layers, KV heads, length], not {self.array.shape}")
        if self.identity.values is None:
            raise NotStoredError(self.identity.why or "the model has no identity by values")

    @classmethod
    def open(cls, path: str | os.PathLike) -> Self:
        """Reads a filter bank and checks all that ranks pairs; `kvsnap.verify` checks every byte.
        Only its filters are handed out."""
        name, shape = encoded(path, "path"), FilterShape()
        check(LIBRARY.kvsnap_read_filters(name, ctypes.byref(shape), None, 0))
        array = np.empty((shape.layers, shape.kv_heads, shape.head_length), np.float32)
        target = ctypes.byref(shape), array.ctypes.data, array.size
        check(LIBRARY.kvsnap_read_filters(name, *target))
        digests = bytes(shape.identity)
        values = {name: digests[32 * i : 32 * i + 32] for i, name in enumerate(DIGESTS)}
        return cls(array, Identity(values))

    def save(self, path: str | os.PathLike) -> int:
        """Writes a filter bank, whole or not at all, and gives its size in bytes.

        It has filters alone: every head then keeps as many pairs as the others. A bank that
        `qfilters precompute` made also gives heads their budgets."""
        array = np.ascontiguousarray(self.array, np.float32)
        if array.ndim != 3:
            raise NotStoredError(f"filters are [layers, KV heads, length], not {array.shape}")
        digests = (ctypes.c_uint8 * 128)(*self.identity.digests)
        shape, size = FilterShape(*array.shape, digests), ctypes.c_uint64()
        source = ctypes.byref(shape), array.ctypes.data, array.size, ctypes.byref(size)
        check(LIBRARY.kvsnap_write_filters(encoded(path, "path"), *source))
        return size.value

    def to_kvpress(self):
        """What kvpress' QFilterPress has as `q_filters`: a tensor of torch, with the hub's sign."""
        import torch

        return torch.from_numpy(-self.array)

    @classmethod
    def from_kvpress(cls, filters: Any, model: Any) -> Self:
        """From a QFilterPress that has loaded its filters, or from their tensor. They say nothing
        of their model, so it is given as to `Filters`."""
        tensor = getattr(filters, "q_filters", filters)
        if tensor is None:
            raise NotStoredError("the press has no filters before it has seen its model")
        bank = cls(tensor, model)
        np.negative(bank.array, out=bank.array)
        return bank

    def __repr__(self) -> str:
        layers, heads, length = self.array.shape
        return f"<kvsnap.Filters: {layers} layers, {heads} KV heads, length {length}>"
