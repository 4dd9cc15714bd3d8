# SPDX-License-Identifier: CC0-1.0
"""Section 3.1.2: what config.json says of the architecture."""

from .architecture import Shape, attention_scale, limited, windows_of
from .fields import Keys, filled, is_zero, need, real, shown, truth, whole

# What transformers takes for absent keys, by model_type.
HEADS, SHARE = "heads", "share"
TYPES = ("llama", "mistral", "qwen2", "qwen3", "olmo2", "phi3", "gemma2", "gemma3_text")
DEFAULTS = {
    "hidden_size": (4096, 4096, 4096, 4096, 4096, 3072, 2304, 2304),
    "intermediate_size": (11008, 14336, 22016, 22016, 11008, 8192, 9216, 9216),
    "num_hidden_layers": (32, 32, 32, 32, 32, 32, 26, 26),
    "num_attention_heads": (32, 32, 32, 32, 32, 32, 8, 8),
    "num_key_value_heads": (HEADS, 8, 32, 32, HEADS, HEADS, 4, 4),
    "head_dim": (SHARE, SHARE, SHARE, 128, SHARE, SHARE, 256, 256),
    "vocab_size": (32000, 32000, 151936, 151936, 50304, 32064, 256000, 262208),
    "max_position_embeddings": (2048, 131072, 32768, 32768, 2048, 4096, 8192, 131072),
    "original_max_position_embeddings": (None, None, None, None, None, 4096, None, None),
    "rms_norm_eps": (1e-6, 1e-6, 1e-6, 1e-6, 1e-5, 1e-5, 1e-6, 1e-6),
    "sliding_window": (None, 4096, 4096, 4096, None, None, 4096, 4096),
    "use_sliding_window": (None, None, False, False, None, None, None, None),
    "max_window_layers": (None, None, 28, 28, None, None, None, None),
    "sliding_window_pattern": (None, None, None, None, None, None, None, 6),
    "query_pre_attn_scalar": (None, None, None, None, None, None, 256, 256),
    "attn_logit_softcapping": (None, None, None, None, None, None, 50, None),
    "final_logit_softcapping": (None, None, None, None, None, None, 30, None),
}
NONE = ("sliding_window", "attn_logit_softcapping", "final_logit_softcapping")


def language_model(config: Keys) -> Keys:
    """The text_config of a gemma3, completed by the outer object; ids of tokens the other way."""
    inner = config.get("text_config")
    inner = {} if inner is None else inner
    need(isinstance(inner, dict), "text_config is no object")
    ids = {k: v for k, v in config.items() if k.endswith("_token_id") and v is not None}
    return config | inner | ids | {"model_type": "gemma3_text"}


def completed(config: Keys) -> Keys:
    """The keys of config.json and those that it lacks. What is null or none is not among them."""
    if config.get("model_type") == "gemma3":
        config = language_model(config)
    kind = config.get("model_type")
    need(kind in TYPES, f"version 1 does not know the model_type {shown(kind)}")
    keys = dict(config)
    for name in never_null(kind):
        need(keys.get(name, 0) is not None, f"{name} is null")
    for name, row in DEFAULTS.items():
        usual = row[TYPES.index(kind)]
        value = keys.get(name, usual)
        is_read = usual is not None or name in NONE
        if name in keys and value is None and is_read:
            is_computed = usual in (HEADS, SHARE)
            is_computed |= kind in QWEN and name == "num_key_value_heads"
            need(name in NONE or is_computed, f"{name} is null")
            value = {"num_key_value_heads": HEADS, "head_dim": SHARE}.get(name)
        if value == HEADS:
            value = whole(keys, "num_attention_heads")
        if value == SHARE:
            value = whole(keys, "hidden_size") // whole(keys, "num_attention_heads")
        keys[name] = value
    return filled(keys)


def never_null(kind: str) -> list[str]:
    names = ["rope_theta", "hidden_act", "tie_word_embeddings"]
    names += ["hidden_activation"] if kind in GEMMA else []
    return names + (["rope_local_base_freq"] if kind == "gemma3_text" else [])


# Keys of config.json by which a model computes something that version 1 has no trait for, but in
# these models.
GEMMA = ("gemma2", "gemma3_text")
QWEN = ("qwen2", "qwen3")
OTHER_SETTINGS = {
    "attention_bias": (),
    "mlp_bias": (),
    "use_qk_norm": (),
    "clip_qkv": (),
    "rope_interleaved": (),
    "use_bidirectional_attention": (),
    "num_experts": (),
    "num_local_experts": (),
    "embedding_multiplier": (),
    "attention_multiplier": (),
    "residual_multiplier": (),
    "logit_scale": (),
    "logits_scaling": (),
    "quantization_config": (),
    "sliding_window": ("mistral", "phi3", *QWEN, *GEMMA),
    "layer_types": ("mistral", "phi3", *QWEN, *GEMMA),
    "use_sliding_window": QWEN,
    "query_pre_attn_scalar": GEMMA,
    "attn_logit_softcapping": GEMMA,
    "final_logit_softcapping": GEMMA,
    "rope_local_base_freq": ("gemma3_text",),
}


def config_windows(keys: Keys, layers: int) -> list[int]:
    kind = keys["model_type"]
    if kind in ("llama", "olmo2"):
        return []
    length = whole(keys, "sliding_window", 0, 0)
    if kind in QWEN:
        first = whole(keys, "max_window_layers", least=0, greatest=1 << 16)
        has = windows_of(1, lambda layer: layer >= first, layers)
    elif kind == "gemma2":
        has = windows_of(1, lambda layer: layer % 2 == 0, layers)
    elif kind == "gemma3_text":
        every = whole(keys, "sliding_window_pattern", greatest=4096)
        has = windows_of(1, lambda layer: (layer + 1) % every, layers)
    else:
        has = [1] * layers
    kinds = keys.get("layer_types")
    if kinds is not None:
        need(isinstance(kinds, list) and len(kinds) == layers, "layer_types has another length")
        known = ("sliding_attention", "full_attention")
        need(all(k in known for k in kinds), "layer_types has a type that version 1 does not know")
        has = [int(k == "sliding_attention") for k in kinds]
    must = kinds is not None or kind in GEMMA
    need(length or not (must and any(has)), "layers have a window without a length")
    is_used = truth(keys, "use_sliding_window", False) if kind in QWEN else True
    return [length * h * is_used for h in has]


def config_shape(keys: Keys) -> Shape:
    """From completed keys."""
    kind = keys["model_type"]
    gemma = kind in GEMMA
    for other, allowed in OTHER_SETTINGS.items():
        is_off = keys.get(other, False) is False or is_zero(keys[other])
        need(is_off or kind in allowed, f"{other} is something that version 1 does not know")
    usual = "gelu_pytorch_tanh" if gemma else "silu"
    activation = keys.get("hidden_activation" if gemma else "hidden_act", usual)
    need(activation == usual, f"version 1 does not know the activation {shown(activation)}")
    key = whole(keys, "head_dim")
    whole(keys, "max_position_embeddings")
    shape = Shape(
        {"mistral": "llama", "gemma3_text": "gemma3"}.get(kind, kind),
        whole(keys, "num_hidden_layers"),
        whole(keys, "hidden_size"),
        whole(keys, "intermediate_size"),
        whole(keys, "num_attention_heads"),
        whole(keys, "num_key_value_heads"),
        key,
        key,
        whole(keys, "vocab_size"),
        real(keys, "rms_norm_eps"),
    )
    limited(shape)
    shape.windows = config_windows(keys, shape.layers)
    if gemma:
        shape.attention_scale = attention_scale(real(keys, "query_pre_attn_scalar"), key)
        for name in ("attention_cap", "logit_cap"):
            own = {"attention_cap": "attn", "logit_cap": "final"}[name] + "_logit_softcapping"
            if own in keys:
                setattr(shape, name, real(keys, own))
    return shape
