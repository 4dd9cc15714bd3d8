# SPDX-License-Identifier: CC0-1.0
"""Section 3.1.3: RoPE."""

import dataclasses
import hashlib
import math
import struct

import numpy as np

from .architecture import Shape
from .blocks import pieces
from .containers import Tensor
from .fields import Keys, f32, need, or_zero, real, text, u32, whole, word


@dataclasses.dataclass
class Rope:
    dimensions: int
    base: float
    scaling: str = "none"
    magnitude: float = 1.0
    context: int = 0
    numbers: list[float] = dataclasses.field(default_factory=list)  # what follows as f32

    def record(self) -> bytes:
        record = text(self.scaling) + u32(self.dimensions) + struct.pack("<d", self.base)
        if self.scaling != "none" or self.magnitude != 1:
            record += f32(self.magnitude)
        if self.scaling in ("dynamic", "longrope"):
            record += u32(self.context)
        return record + np.array(self.numbers, "<f4").tobytes()

    def divide(self, factors: list[float]) -> None:
        """Factors that are all 1 are none."""
        if any(factor != 1 for factor in factors):
            self.scaling, self.numbers = "factors", factors


@dataclasses.dataclass
class Scaling:
    """The parameters of a formula, from either kind of model file."""

    kind: str
    factor: float
    context: int
    fast: float = 32.0
    slow: float = 1.0
    is_whole: bool = True  # `truncate`


def llama3_factors(rope: Rope, scaling: Scaling, low: float, high: float) -> list[float]:
    """Each step is rounded to f32, as numpy does with two f32s."""
    f, c, lo, hi = (np.float32(x) for x in (scaling.factor, scaling.context, low, high))
    need(lo < hi, "low_freq_factor is not less than high_freq_factor")
    one, factors = np.float32(1), []
    for i in range(rope.dimensions // 2):
        exponent = np.float32(2 * i) / np.float32(rope.dimensions)
        freq = one / np.float32(rope.base ** float(exponent))
        wave = (one / freq) * np.float32(2 * math.pi)
        smooth = ((one / wave) * c - lo) / (hi - lo)
        if wave < c / hi:
            factors.append(1.0)
        elif wave > c / lo:
            factors.append(float(f))
        else:
            factors.append(float(one / ((one - smooth) / f + smooth)))
    return factors


def yarn_factors(rope: Rope, scaling: Scaling) -> list[float]:
    s = scaling
    need(rope.base != 1, "the base of yarn is 1")

    def pair(turns: float) -> float:
        turned = math.log(s.context / (2 * math.pi * turns))
        return rope.dimensions * turned / (2 * math.log(rope.base))

    first, last = pair(s.fast), pair(s.slow)
    if s.is_whole:
        first, last = math.floor(first), math.ceil(last)
    first, last = max(first, 0), min(last, rope.dimensions - 1)
    if first == last:
        last += 0.001
    ramps = [min(max((i - first) / (last - first), 0), 1) for i in range(rope.dimensions // 2)]
    return [float(np.float32(1 / (ramp / s.factor + 1 - ramp))) for ramp in ramps]


def mag(factor: float, scale: float = 1.0) -> float:
    return 0.1 * scale * math.log(factor) + 1 if factor > 1 else 1.0


def new_rope(dimensions: int, base: float, key: int) -> Rope:
    fits = dimensions % 2 == 0 and 2 <= dimensions <= key
    need(fits, f"RoPE of {dimensions} dimensions does not fit a head")
    return Rope(dimensions, base)


def tensor_factors(tensors: dict[str, Tensor], name: str, rope: Rope) -> list[float]:
    tensor = tensors.get(name)
    count = rope.dimensions // 2
    need(tensor and tensor.shape == (count,), f"{name} has no number for each pair")
    need(tensor.kind == 0, f"{name} is not in F32")
    factors = [float(value) for piece in pieces(tensor) for value in piece]
    need(all(0 < f < math.inf for f in factors), f"{name} has a factor that is no valid number")
    return factors


FREQS, SHORT, LONG = (f"rope_{n}.weight" for n in ("freqs", "factors_short", "factors_long"))


def gguf_ropes(keys: Keys, tensors: dict[str, Tensor], shape: Shape) -> list[Rope]:
    """The RoPE, and that of layers with a window in gemma3."""
    dimensions = whole(keys, "rope.dimension_count", shape.key)
    need(shape.name != "llama" or dimensions == shape.key, "RoPE does not turn a whole head")
    rope = new_rope(dimensions, real(keys, "rope.freq_base", 10_000), shape.key)
    kind = word(keys, "rope.scaling.type", "linear")
    factor = or_zero(keys, "rope.scaling.factor") or or_zero(keys, "rope.scale_linear") or 1.0
    if kind == "linear":
        rope.divide([factor] * (dimensions // 2))
    elif kind == "yarn":
        gguf_yarn(rope, keys, factor)
    else:
        need(kind in ("none", "longrope"), f"version 1 does not know the scaling {kind!r} of RoPE")
    has_long = {SHORT, LONG} & tensors.keys()
    if kind == "longrope" or has_long:
        need(rope.scaling == "none", "a GGUF has factors of longrope and another scaling of RoPE")
        numbers = [f for name in (SHORT, LONG) for f in tensor_factors(tensors, name, rope)]
        rope.scaling, rope.context, rope.numbers = "longrope", gguf_context(keys), numbers
    if FREQS in tensors:
        need(rope.scaling == "none", "a GGUF has rope_freqs and another scaling of RoPE")
        rope.divide(tensor_factors(tensors, FREQS, rope))
    own = or_zero(keys, "rope.scaling.attn_factor") or 1.0
    rope.magnitude = float(np.float32(rope.magnitude) * np.float32(own))
    if shape.name != "gemma3" or not any(shape.windows):
        return [rope]
    return [rope, new_rope(dimensions, real(keys, "rope.freq_base_swa", 10_000), shape.key)]


def gguf_yarn(rope: Rope, keys: Keys, factor: float) -> None:
    need(or_zero(keys, "rope.scaling.yarn_ext_factor") in (None, 1), "yarn_ext_factor is not 1")
    scaling = Scaling("yarn", factor, gguf_context(keys))
    scaling.fast = or_zero(keys, "rope.scaling.yarn_beta_fast") or 32
    scaling.slow = or_zero(keys, "rope.scaling.yarn_beta_slow") or 1
    rope.divide(yarn_factors(rope, scaling))
    usual, own = mag(factor), or_zero(keys, "rope.scaling.yarn_attn_factor")
    rope.magnitude = own if own and abs(own * usual - 1) > 1e-6 else usual


def gguf_context(keys: Keys) -> int:
    own = "rope.scaling.original_context_length"
    return whole(keys, own if own in keys else "context_length", least=2)


def rope_digest(ropes: list[Rope]) -> str:
    """A local RoPE follows wherever there is one, even if it is the same."""
    records = [rope.record() for rope in ropes]
    return hashlib.sha256(text("local").join(records)).hexdigest()
