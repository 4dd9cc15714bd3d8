# SPDX-License-Identifier: CC0-1.0
"""Section 3.1.3: what config.json says of RoPE."""

import math

import numpy as np

from .architecture import Shape
from .fields import Keys, filled, is_zero, need, real, shown, truth, whole, word
from .rope import Rope, Scaling, llama3_factors, mag, new_rope, yarn_factors

PARAMETERS = (
    "rope_type",
    "type",
    "rope_theta",
    "partial_rotary_factor",
    "factor",
    "low_freq_factor",
    "high_freq_factor",
    "short_factor",
    "long_factor",
    "attention_factor",
    "beta_fast",
    "beta_slow",
    "mscale",
    "mscale_all_dim",
    "truncate",
    "original_max_position_embeddings",
    "attn_factor",
    "finetuned",
)


def object_of(keys: Keys, name: str, known: tuple[str, ...]) -> Keys:
    """An object with no other keys than these; an absent one is empty. Null is absent, but that of
    `truncate` is false."""
    value = keys.get(name)
    value = {} if value is None else value
    need(isinstance(value, dict), f"{name} is no object")
    need(value.get("rope_theta", 0) is not None, f"rope_theta of {name} is null")
    is_exact = "truncate" in value and value["truncate"] is None
    own = filled(value) | ({"truncate": False} if is_exact else {})
    other = next((key for key in own if key not in known), None)
    need(other is None, f"{name} has {other}, which version 1 does not know")
    return own


def config_ropes(keys: Keys, shape: Shape) -> list[Rope]:
    """From completed keys."""
    is_twice = "rope_parameters" in keys and "rope_scaling" in keys
    need(not is_twice, "rope_scaling is given next to rope_parameters")
    scaling = object_of(keys, "rope_scaling", PARAMETERS)
    if shape.name != "gemma3":
        parameters = object_of(keys, "rope_parameters", PARAMETERS)
        return [config_rope(keys, shape, scaling or parameters, 10_000)]
    both = object_of(keys, "rope_parameters", ("full_attention", "sliding_attention"))
    scaling = scaling or object_of(both, "full_attention", PARAMETERS)
    ropes = [config_rope(keys, shape, scaling, 1_000_000)]
    if any(shape.windows):
        local = {k: v for k, v in keys.items() if k != "rope_theta"}
        if "rope_local_base_freq" in keys:
            local["rope_theta"] = keys["rope_local_base_freq"]
        scaling = object_of(both, "sliding_attention", PARAMETERS)
        ropes.append(config_rope(local, shape, scaling, 10_000))
    return ropes


def config_rope(keys: Keys, shape: Shape, parameters: Keys, default: int) -> Rope:
    bases = {real(keys, "rope_theta") for keys in (keys, parameters) if "rope_theta" in keys}
    need(len(bases) < 2, "rope_theta is given twice")
    share = "partial_rotary_factor"
    share = real(parameters if share in parameters else keys, share, 1)
    is_known = share == 1 or (shape.name == "phi3" and share < 1)
    need(is_known, "RoPE turns another part of each head")
    rope = new_rope(math.floor(shape.key * share), bases.pop() if bases else default, shape.key)
    kind = word(parameters, "rope_type", parameters.get("type", "default"))
    if kind in ("longrope", "su") or (kind == "yarn" and "long_factor" in parameters):
        longrope(rope, keys, parameters)
    elif kind == "yarn":
        yarn(rope, keys, parameters)
    elif kind == "dynamic":
        rope.scaling, rope.context = kind, whole(keys, "max_position_embeddings")
        rope.numbers = [real(parameters, "factor")]
        need(rope.numbers[0] >= 1, "the factor of RoPE is less than 1")
    elif kind == "linear":
        rope.divide([real(parameters, "factor")] * (rope.dimensions // 2))
    elif kind == "llama3":
        low, high = real(parameters, "low_freq_factor"), real(parameters, "high_freq_factor")
        scaling = Scaling(kind, real(parameters, "factor"), first_context(keys, parameters))
        rope.divide(llama3_factors(rope, scaling, low, high))
    else:
        need(kind == "default", f"version 1 does not know the scaling {shown(kind)} of RoPE")
    return rope


def first_context(keys: Keys, parameters: Keys) -> int:
    name = "original_max_position_embeddings"
    if name in keys or name in parameters:
        return whole(keys if name in keys else parameters, name, least=2)
    return whole(keys, "max_position_embeddings", least=2)


def yarn(rope: Rope, keys: Keys, parameters: Keys) -> None:
    context = first_context(keys, parameters)
    factor = real(parameters, "factor", whole(keys, "max_position_embeddings") / context)
    scaling = Scaling("yarn", factor, context)
    scaling.fast, scaling.slow = real(parameters, "beta_fast", 32), real(parameters, "beta_slow", 1)
    scaling.is_whole = truth(parameters, "truncate", True)
    rope.magnitude = yarn_magnitude(parameters, factor)
    rope.divide(yarn_factors(rope, scaling))


def yarn_magnitude(parameters: Keys, factor: float) -> float:
    """Rounded to f32."""
    if "attention_factor" in parameters:
        return real(parameters, "attention_factor")
    given = {k: v for k, v in parameters.items() if not is_zero(v)}
    if "mscale" in given and "mscale_all_dim" in given:
        scale, all_scale = real(given, "mscale"), real(given, "mscale_all_dim")
        return float(np.float32(mag(factor, scale) / mag(factor, all_scale)))
    return float(np.float32(mag(factor)))


def longrope(rope: Rope, keys: Keys, parameters: Keys) -> None:
    rope.scaling, rope.context = "longrope", first_context(keys, parameters)
    for name in ("short_factor", "long_factor"):
        factors, count = parameters.get(name), rope.dimensions // 2
        is_list = isinstance(factors, list) and len(factors) == count
        need(is_list, f"{name} has no number for each pair")
        rope.numbers += [real({name: factor}, name) for factor in factors]
    if "factor" in parameters:
        stretch = real(parameters, "factor")
    else:
        stretch = whole(keys, "max_position_embeddings") / rope.context
    if "attention_factor" in parameters:
        rope.magnitude = real(parameters, "attention_factor")
    elif stretch > 1:
        root = math.sqrt(1 + math.log(stretch) / math.log(rope.context))
        rope.magnitude = float(np.float32(root))
