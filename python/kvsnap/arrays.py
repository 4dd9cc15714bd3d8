"""Arrays of numpy and tensors of torch, on any device, as memory of the library's."""

from typing import Any, NamedTuple

import numpy as np

from kvsnap.errors import NotStoredError

CODES = {"float32": 2, "float16": 3, "bfloat16": 4}


class Memory(NamedTuple):
    """Contiguous elements in the processor's memory."""

    address: int
    shape: tuple[int, ...]
    dtype: str
    """float32, float16 or bfloat16"""
    size: int
    """Bytes."""
    owner: Any
    """What keeps the memory alive."""


def memory(array: Any, dtype: str | None = None) -> Memory:
    """The elements of an array, converted to a dtype if one is given.

    bfloat16 in numpy is that of ml_dtypes; other unsigned integers are no numbers of a cache."""
    if type(array).__module__.partition(".")[0] == "torch":
        return _of_tensor(array, dtype)
    array = np.asarray(array)
    if dtype not in (None, array.dtype.name):
        if dtype == "bfloat16":
            raise NotStoredError("numpy has no bfloat16; give tensors of torch")
        array = array.astype(dtype)
    array = np.ascontiguousarray(array)
    _check(array.dtype.name)
    return Memory(array.ctypes.data, array.shape, array.dtype.name, array.nbytes, array)


def _of_tensor(tensor: Any, dtype: str | None) -> Memory:
    import torch

    wanted = tensor.dtype if dtype is None else getattr(torch, dtype)
    tensor = tensor.detach().to(device="cpu", dtype=wanted).contiguous()
    name = str(wanted).removeprefix("torch.")
    _check(name)
    return Memory(tensor.data_ptr(), tuple(tensor.shape), name, tensor.nbytes, tensor)


def _check(dtype: str) -> None:
    if dtype not in CODES:
        raise NotStoredError(f"a cache has one of {', '.join(CODES)}, not {dtype}")
