# SPDX-License-Identifier: CC0-1.0
"""Section 3.1.2: the architecture, and what a GGUF says of it."""

import dataclasses
import hashlib
import math
from collections.abc import Callable

import numpy as np

from .containers import Tensor
from .fields import Keys, f32, is_zero, need, or_zero, real, shown, text, u32, whole, word

ARCHITECTURES = ("llama", "qwen2", "qwen3", "olmo2", "phi3", "gemma2", "gemma3")


@dataclasses.dataclass
class Shape:
    """Section 3.1.2; numbers that the model does not have are None."""

    name: str
    layers: int
    embedding: int
    feed_forward: int
    heads: int
    kv_heads: int
    key: int
    value: int
    vocabulary: int
    epsilon: float
    windows: list[int] = dataclasses.field(default_factory=list)
    attention_scale: float | None = None
    attention_cap: float | None = None
    logit_cap: float | None = None

    @property
    def is_gemma(self) -> bool:
        return self.name in ("gemma2", "gemma3")


def architecture_digest(shape: Shape) -> str:
    s, record = shape, text(shape.name)
    record += u32(s.layers, s.embedding, s.feed_forward, s.heads, s.kv_heads, s.key, s.value)
    record += u32(s.vocabulary) + f32(s.epsilon)
    if any(s.windows):
        record += text("windows") + u32(*s.windows)
    if s.name == "qwen2":
        record += text("projection_biases")
    if s.name in ("qwen3", "olmo2", "gemma3"):
        record += text("query_key_norm") + u32(2 if s.name == "olmo2" else 1)
    if s.name == "olmo2" or s.is_gemma:
        record += text("norm_place") + u32(1 if s.name == "olmo2" else 2)
    if s.is_gemma:
        record += text("activation") + text("gelu_tanh")
        if s.embedding != 1:
            record += text("embedding_scale") + f32(math.sqrt(s.embedding))
    for name in ("attention_scale", "attention_cap", "logit_cap"):
        if (value := getattr(s, name)) is not None:
            record += text(name) + f32(value)
    return hashlib.sha256(record).hexdigest()


def attention_scale(number: float, key: int) -> float | None:
    """The root is rounded to f32, then the quotient."""
    return None if number == key else float(np.float32(1) / np.float32(math.sqrt(number)))


def windows_of(length: int, has: Callable[[int], object], layers: int) -> list[int]:
    return [length if has(layer) else 0 for layer in range(layers)]


# Keys after the architecture's name. By any other one that is not 0 a model computes something that
# version 1 has no trait for.
EACH = (
    "block_count",
    "context_length",
    "embedding_length",
    "feed_forward_length",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.value_length",
    "attention.layer_norm_rms_epsilon",
    "rope.dimension_count",
    "rope.freq_base",
    "rope.scale_linear",
    "rope.scaling.type",
    "rope.scaling.factor",
    "rope.scaling.attn_factor",
    "rope.scaling.original_context_length",
    "vocab_size",
    "rope.scaling.finetuned",
    "tensor_data_layout",
)
SOME = {
    "attention.sliding_window": ("llama", "phi3", "gemma2", "gemma3"),
    "final_logit_softcapping": ("gemma2", "gemma3"),
    "attn_logit_softcapping": ("gemma2",),
    "rope.freq_base_swa": ("gemma3",),
}
YARN = tuple(f"rope.scaling.yarn_{n}_factor" for n in ("ext", "attn"))
YARN += tuple(f"rope.scaling.yarn_beta_{n}" for n in ("fast", "slow"))
REAL = (
    *YARN,
    "attention.layer_norm_rms_epsilon",
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "rope.freq_base",
    "rope.freq_base_swa",
    "rope.scale_linear",
    "rope.scaling.factor",
    "rope.scaling.attn_factor",
)


def closed(keys: Keys, name: str) -> None:
    known = EACH + tuple(key for key, names in SOME.items() if name in names)
    known += YARN if word(keys, "rope.scaling.type", "linear") == "yarn" else ()
    for other in keys.get("", {}):
        is_known = other in known or is_zero(keys[other])
        need(is_known, f"{other} is something that version 1 does not know")
        is_typed = other not in REAL or is_zero(keys[other]) or isinstance(keys[other], float)
        need(is_typed, f"{other} is {shown(keys[other])}, and no real number")


def gguf_shape(keys: Keys, tensors: dict[str, Tensor]) -> Shape:
    """From the keys that follow the architecture's name, and those that are complete."""
    name = word(keys, "general.architecture")
    need(name in ARCHITECTURES, f"version 1 does not know the architecture {shown(name)}")
    closed(keys, name)
    layers, embedding = whole(keys, "block_count"), whole(keys, "embedding_length")
    heads = whole(keys, "attention.head_count")
    whole(keys, "context_length")
    need("token_embd.weight" in tensors, "the tensor token_embd.weight is missing")
    rows, entries = tensors["token_embd.weight"].shape[0], keys.get("tokenizer.ggml.tokens")
    need(isinstance(entries, list), "tokenizer.ggml.tokens is no list of tokens")
    shape = Shape(
        name,
        layers,
        embedding,
        whole(keys, "feed_forward_length"),
        heads,
        whole(keys, "attention.head_count_kv", heads),
        whole(keys, "attention.key_length", embedding // heads),
        whole(keys, "attention.value_length", embedding // heads),
        min(rows, len(entries)),
        real(keys, "attention.layer_norm_rms_epsilon", 1e-5),
    )
    limited(shape)
    has = {
        "llama": lambda layer: True,
        "phi3": lambda layer: True,
        "gemma2": lambda layer: layer % 2 == 0,
        "gemma3": lambda layer: (layer + 1) % 6,
    }.get(name, lambda layer: False)
    length = keys.get("attention.sliding_window", 0)
    length = 0 if is_zero(length) else whole(keys, "attention.sliding_window")
    shape.windows = windows_of(length, has, layers)
    if shape.is_gemma:
        if (name, layers) in (("gemma2", 46), ("gemma3", 62)):
            shape.attention_scale = attention_scale(embedding // heads, shape.key)
        if name == "gemma2":
            shape.attention_cap = or_zero(keys, "attn_logit_softcapping") or 50.0
        default = 30.0 if name == "gemma2" else None
        shape.logit_cap = or_zero(keys, "final_logit_softcapping") or default
    return shape


def limited(shape: Shape) -> None:
    """The ranges of section 3.1.2."""
    s = shape
    need(max(s.layers, s.heads, s.kv_heads) <= 4096, "the model has too many layers or heads")
    need(s.heads % s.kv_heads == 0, "KV heads do not divide the query heads")
    need(s.embedding <= 1 << 16 and s.feed_forward <= 1 << 18, "the model is too large")
    need(2 <= s.key <= 8192 and s.key % 2 == 0, f"heads have the key length {s.key}")
    need(1 <= s.value <= 8192, f"heads have the value length {s.value}")
    need(1 <= s.vocabulary <= 1 << 20, f"the vocabulary has {s.vocabulary} tokens")
