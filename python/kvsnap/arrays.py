"""Arrays of numpy and tensors of torch, on any device, as memory of the library's."""

from typing import Any, NamedTuple

import numpy as np

from kvsnap.errors import NotStoredError

TOO_WIDE = "numbers beyond the ±65504 of float16: write float32 or bfloat16"
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
    if array.dtype.kind != "f":
        raise NotStoredError(f"keys, values and scores are floating-point, not {array.dtype}")
    if dtype not in (None, array.dtype.name):
        if dtype == "bfloat16":
            raise NotStoredError("numpy has no bfloat16; give tensors of torch")
        with np.errstate(over="ignore"):
            wide, array = array, array.astype(dtype)
        if dtype == "float16" and np.isfinite(wide).all() and not np.isfinite(array).all():
            raise NotStoredError(TOO_WIDE)
    array = np.ascontiguousarray(array, array.dtype.newbyteorder("="))
    _check(array.dtype.name)
    return Memory(array.ctypes.data, array.shape, array.dtype.name, array.nbytes, array)


def shape_of(array: Any) -> tuple[int, ...]:
    """The shape of an array, of a tensor, or of a list of them."""
    return tuple(array.shape if hasattr(array, "shape") else np.shape(array))


def token_ids(tokens: Any) -> np.ndarray:
    """Token ids [tokens] from a sequence, an array or a tensor, also with a batch of one."""
    if type(tokens).__module__.partition(".")[0] == "torch":
        tokens = tokens.detach().cpu()
    ids = np.asarray(tokens if hasattr(tokens, "__array__") else list(tokens))
    if ids.ndim == 2 and len(ids) == 1:
        ids = ids[0]
    is_empty = ids.size == 0
    fits = ids.ndim == 1 and (is_empty or ids.dtype.kind in "iu")
    if not fits or not is_empty and (ids.min() < 0 or ids.max() >= 1 << 32):
        raise NotStoredError("tokens are one sequence of ids from 0 to 4294967295")
    return ids.astype(np.uint32)


def _of_tensor(tensor: Any, dtype: str | None) -> Memory:
    import torch

    wanted = tensor.dtype if dtype is None else getattr(torch, dtype)
    if not tensor.is_floating_point():
        raise NotStoredError(f"keys, values and scores are floating-point, not {tensor.dtype}")
    wide, tensor = tensor, tensor.detach().to(device="cpu", dtype=wanted).contiguous()
    if wanted == torch.float16 and wide.dtype != wanted and not torch.isfinite(tensor).all():
        raise NotStoredError(TOO_WIDE)
    name = str(wanted).removeprefix("torch.")
    _check(name)
    return Memory(tensor.data_ptr(), tuple(tensor.shape), name, tensor.nbytes, tensor)


def _check(dtype: str) -> None:
    if dtype not in CODES:
        raise NotStoredError(f"a cache has one of {', '.join(CODES)}, not {dtype}")
