# SPDX-License-Identifier: CC0-1.0
"""Section 3.1.1: the values of tensors, dequantised."""

from collections.abc import Iterator

import numpy as np

from .containers import BLOCKS, Tensor
from .fields import need

PIECE = 1 << 20  # How many values are hashed at once.
IQ4_NL = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)


def half(field: np.ndarray) -> np.ndarray:
    """Scales x or minima y, one for each block."""
    return np.ascontiguousarray(field).view("<f2").astype(np.float32)


def bits(field: np.ndarray, parts: int, width: int) -> np.ndarray:
    """The field is cut into equal parts; each gives the low `width` bits of all its bytes, then the
    next ones."""
    shifts = np.arange(0, 8, width, dtype=np.uint8)[:, None]
    split = field.reshape(len(field), parts, 1, -1) >> shifts & (1 << width) - 1
    return split.reshape(len(field), -1)


def halves(blocks: np.ndarray, kind: int) -> np.ndarray:
    """Types with one scale for a block of 32."""
    x, at = half(blocks[:, :2]), 4 if kind in (3, 7) else 2
    if kind == 8:
        return x * blocks[:, 2:].view(np.int8).astype(np.float32)
    v = bits(blocks[:, -16:], 1, 4)
    if kind in (6, 7):
        # A bit for each value, in the order of the values.
        v = v | np.unpackbits(blocks[:, at : at + 4], axis=1, bitorder="little") << 4
    if kind in (3, 7):
        return x * v.astype(np.float32) + half(blocks[:, 2:4])
    if kind == 20:
        return x * np.array(IQ4_NL, np.float32)[v]
    return x * (v.astype(np.float32) - (8 if kind == 2 else 16))


def six_bits(p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scales and minima of Q4_K and Q5_K."""
    first, second, third = p[:, :4], p[:, 4:8], p[:, 8:]
    s = np.concatenate([first & 63, third & 15 | first >> 6 << 4], axis=1)
    u = np.concatenate([second & 63, third >> 4 | second >> 6 << 4], axis=1)
    return s, u


def parts(blocks: np.ndarray, kind: int) -> np.ndarray:
    """Types with scales for the parts of a block of 256: x · s · v − y · u."""
    y = u = None
    if kind == 10:
        p, v = blocks[:, :16], bits(blocks[:, 16:80], 2, 2)
        x, y, s, u = half(blocks[:, 80:82]), half(blocks[:, 82:84]), p & 15, p >> 4
    elif kind == 11:
        p, v = blocks[:, 96:108], bits(blocks[:, 32:96], 2, 2) | bits(blocks[:, :32], 1, 1) << 2
        x, s = half(blocks[:, 108:]), bits(p[:, :8], 1, 4) | bits(p[:, 8:], 1, 2) << 4
        s, v = s.astype(np.int8) - 32, v.astype(np.int8) - 4
    elif kind == 14:
        v = bits(blocks[:, :128], 2, 4) | bits(blocks[:, 128:192], 2, 2) << 4
        x, s, v = half(blocks[:, 208:]), blocks[:, 192:208].view(np.int8), v.astype(np.int8) - 32
    else:
        x, y, (s, u) = half(blocks[:, :2]), half(blocks[:, 2:4]), six_bits(blocks[:, 4:16])
        v = bits(blocks[:, -128:], 4, 4)
        if kind == 13:
            v = v | bits(blocks[:, 16:48], 1, 1) << 4
    scale = x * s.astype(np.float32)
    values = scale[:, :, None] * v.reshape(len(v), s.shape[1], -1).astype(np.float32)
    if y is not None:
        values -= (y * u.astype(np.float32))[:, :, None]
    return values.reshape(len(v), -1)


def decoded(data: bytes, kind: int) -> np.ndarray:
    """Values of whole blocks as f32."""
    if kind == 0:
        return np.frombuffer(data, "<f4")
    if kind == 1:
        return np.frombuffer(data, "<f2").astype(np.float32)
    if kind == 30:
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    values, size = BLOCKS[kind]
    blocks = np.frombuffer(data, np.uint8).reshape(-1, size)
    with np.errstate(all="ignore"):  # Scales of hostile files are infinite.
        return (halves if values == 32 else parts)(blocks, kind).reshape(-1)


def pieces(tensor: Tensor, length: int = PIECE) -> Iterator[np.ndarray]:
    """All values in order, `length` at once: a multiple of 256, or of a row."""
    need(tensor.kind in BLOCKS, f"the type {tensor.kind} of a tensor has no digest in version 1")
    for data in tensor.data(length):
        yield decoded(data, tensor.kind)
