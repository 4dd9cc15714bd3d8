"""Section 3.1.3: RoPE."""

import dataclasses
import hashlib
import math
import struct

import numpy as np

from .architecture import Shape
from .blocks import pieces
from .containers import Tensor
from .fields import Keys, f32, filled, need, real, shown, text, truth, u32, whole, word


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
    need(0 < lo < hi and f > 0, "the parameters of llama3 are no valid numbers")
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
    is_valid = min(s.factor, s.fast, s.slow) > 0 and rope.base != 1
    need(is_valid, "the parameters of yarn are no valid numbers")

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
    need(base > 0, f"the base {base} of RoPE is no valid number")
    return Rope(dimensions, base)


def tensor_factors(tensors: dict[str, Tensor], name: str, rope: Rope) -> list[float]:
    tensor = tensors.get(f"{name}.weight")
    need(tensor and tensor.shape == (rope.dimensions // 2,), f"{name} has no number for each pair")
    return [float(value) for piece in pieces(tensor) for value in piece]


def gguf_ropes(keys: Keys, tensors: dict[str, Tensor], shape: Shape) -> list[Rope]:
    """The RoPE, and that of layers with a window, if they have another one."""
    dimensions = whole(keys, "rope.dimension_count", shape.key)
    need(shape.name != "llama" or dimensions == shape.key, "RoPE does not turn a whole head")
    rope = new_rope(dimensions, real(keys, "rope.freq_base", 10_000), shape.key)
    kind = word(keys, "rope.scaling.type", "linear")
    factor = real(keys, "rope.scaling.factor", 0) or real(keys, "rope.scale_linear", 0) or 1.0
    has_freqs, has_long = (f"rope_{n}.weight" in tensors for n in ("freqs", "factors_long"))
    is_plain = kind == "none" or (kind == "linear" and factor == 1)
    is_one = not has_freqs or (is_plain and not has_long)
    need(is_one, "a GGUF has rope_freqs and another scaling of RoPE")
    need(real(keys, "rope.scaling.yarn_ext_factor", 0) in (0, 1), "yarn_ext_factor is not 1")
    if has_freqs:
        rope.divide(tensor_factors(tensors, "rope_freqs", rope))
    elif kind == "longrope" or (has_long and is_plain):
        rope.scaling, rope.context = "longrope", gguf_context(keys)
        for name in ("rope_factors_short", "rope_factors_long"):
            rope.numbers += tensor_factors(tensors, name, rope)
    elif kind == "yarn":
        fast = real(keys, "rope.scaling.yarn_beta_fast", 32)
        slow = real(keys, "rope.scaling.yarn_beta_slow", 1)
        rope.divide(yarn_factors(rope, Scaling(kind, factor, gguf_context(keys), fast, slow)))
        usual, own = mag(factor), real(keys, "rope.scaling.yarn_attn_factor", 0)
        rope.magnitude = own if own and abs(own * usual - 1) > 1e-6 else usual
    elif kind == "linear":
        need(factor > 0, "the factor of RoPE is no valid number")
        rope.divide([factor] * (dimensions // 2))
    else:
        need(kind == "none", f"version 1 does not know the scaling {shown(kind)} of RoPE")
    own = real(keys, "rope.scaling.attn_factor", 0) or 1.0
    rope.magnitude = float(np.float32(rope.magnitude) * np.float32(own))
    if shape.name != "gemma3" or not any(shape.windows):
        return [rope]
    local = new_rope(dimensions, real(keys, "rope.freq_base_swa", 10_000), shape.key)
    return [rope, local]


def gguf_context(keys: Keys) -> int:
    if "rope.scaling.original_context_length" in keys:
        return whole(keys, "rope.scaling.original_context_length")
    return whole(keys, "context_length")


def rope_parameters(value: object) -> Keys:
    """A null is absent, but that of `truncate` is false."""
    is_null = isinstance(value, dict) and value.get("truncate", True) is None
    return filled(value) | ({"truncate": False} if is_null else {})


def config_ropes(keys: Keys, shape: Shape) -> list[Rope]:
    """From completed keys."""
    given = [keys[k] for k in ("rope_parameters", "rope_scaling") if keys.get(k) is not None]
    need(len(given) < 2, "rope_scaling is given next to rope_parameters")
    parameters = rope_parameters(given[0] if given else {})
    if shape.name != "gemma3":
        return [config_rope(keys, shape, parameters, 10_000)]
    local = parameters.get("sliding_attention")
    if "full_attention" in parameters:
        parameters = rope_parameters(parameters["full_attention"])
    ropes = [config_rope(keys, shape, parameters, 1_000_000)]
    if any(shape.windows):
        if local is None:
            base = real(keys, "rope_local_base_freq", 10_000)
            ropes.append(new_rope(shape.key, base, shape.key))
        else:
            own = {k: v for k, v in keys.items() if k != "rope_theta"}
            ropes.append(config_rope(own, shape, rope_parameters(local), 10_000))
    return ropes


def config_yarn_magnitude(parameters: Keys, factor: float) -> float:
    """Rounded to f32."""
    if "attention_factor" in parameters:
        return real(parameters, "attention_factor")
    scale, all_scale = real(parameters, "mscale", 0), real(parameters, "mscale_all_dim", 0)
    if scale and all_scale:
        return float(np.float32(mag(factor, scale) / mag(factor, all_scale)))
    return float(np.float32(mag(factor)))


def config_longrope(rope: Rope, parameters: Keys, context: int, longest: int) -> Rope:
    rope.scaling, rope.context = "longrope", context
    for name in ("short_factor", "long_factor"):
        factors, count = parameters.get(name), rope.dimensions // 2
        is_list = isinstance(factors, list) and len(factors) == count
        need(is_list, f"{name} has no number for each pair")
        rope.numbers += [real({name: factor}, name) for factor in factors]
    stretch = real(parameters, "factor", longest / context)
    if "attention_factor" in parameters:
        rope.magnitude = real(parameters, "attention_factor")
    elif stretch > 1:
        need(context > 1, "the first context of RoPE is no valid number")
        root = math.sqrt(1 + math.log(stretch) / math.log(context))
        rope.magnitude = float(np.float32(root))
    return rope


def config_rope(keys: Keys, shape: Shape, parameters: Keys, default: int) -> Rope:
    bases = {real(keys, "rope_theta") for keys in (keys, parameters) if "rope_theta" in keys}
    need(len(bases) < 2, "rope_theta is given twice")
    base = bases.pop() if bases else default
    share = "partial_rotary_factor"
    share = real(parameters if share in parameters else keys, share, 1)
    need(share == 1 or shape.name == "phi3", "RoPE turns a part of each head")
    rope = new_rope(math.floor(shape.key * share), base, shape.key)
    kind = word(parameters, "rope_type", parameters.get("type", "default"))
    need("mrope_section" not in parameters, "version 1 does not know M-RoPE")
    need(not any(k.endswith("_attention") for k in parameters), "layers differ in their RoPE")
    longest = whole(keys, "max_position_embeddings")
    first = "original_max_position_embeddings"
    context = whole(keys if first in keys else parameters, first, longest)
    is_long = kind in ("longrope", "su") or (kind == "yarn" and "long_factor" in parameters)
    if kind == "default":
        return rope
    if is_long:
        return config_longrope(rope, parameters, context, longest)
    factor = real(parameters, "factor", longest / context if kind == "yarn" else None)
    need(factor > 0, "the factor of RoPE is no valid number")
    scaling = Scaling(kind, factor, context)
    if kind == "dynamic":
        rope.scaling, rope.context, rope.numbers = kind, longest, [factor]
    elif kind == "linear":
        rope.divide([factor] * (rope.dimensions // 2))
    elif kind == "llama3":
        low, high = real(parameters, "low_freq_factor"), real(parameters, "high_freq_factor")
        rope.divide(llama3_factors(rope, scaling, low, high))
    elif kind == "yarn":
        scaling.fast = real(parameters, "beta_fast", 32)
        scaling.slow = real(parameters, "beta_slow", 1)
        scaling.is_whole = truth(parameters, "truncate", True)
        rope.magnitude = config_yarn_magnitude(parameters, factor)
        rope.divide(yarn_factors(rope, scaling))
    else:
        need(kind == "none", f"version 1 does not know the scaling {shown(kind)} of RoPE")
    return rope


def rope_digest(ropes: list[Rope]) -> str:
    """A local RoPE follows wherever there is one, even if it is the same."""
    records = [rope.record() for rope in ropes]
    return hashlib.sha256(text("local").join(records)).hexdigest()
