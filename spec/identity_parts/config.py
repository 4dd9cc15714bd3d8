"""Section 3.1.2: what config.json says of the architecture."""

from .architecture import Shape, attention_scale, limited, windows_of
from .fields import Keys, need, positive, real, shown, truth, whole

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


def completed(config: Keys) -> Keys:
    """The keys of config.json and those that it lacks. What is none is not among them."""
    if config.get("model_type") == "gemma3":
        inner = config.get("text_config")
        need(isinstance(inner, dict), "text_config is no object")
        config = config | inner | {"model_type": "gemma3_text"}
    kind = config.get("model_type")
    need(kind in TYPES, f"version 1 does not know the model_type {shown(kind)}")
    keys = dict(config)
    for name, row in DEFAULTS.items():
        usual = row[TYPES.index(kind)]
        value = keys.get(name, usual)
        is_read = usual is not None or name in NONE
        if name in keys and value is None and is_read:
            is_computed = usual in (HEADS, SHARE)
            is_computed |= kind in ("qwen2", "qwen3") and name == "num_key_value_heads"
            need(name in NONE or is_computed, f"{name} is null")
            value = {"num_key_value_heads": HEADS, "head_dim": SHARE}.get(name)
        if value == HEADS:
            value = whole(keys, "num_attention_heads")
        if value == SHARE:
            value = whole(keys, "hidden_size") // whole(keys, "num_attention_heads")
        keys[name] = value
        if value is None:
            del keys[name]
    return keys


# Keys of config.json by which a model computes something that version 1 has no trait for.
OTHER_SETTINGS = (
    "attention_bias",
    "mlp_bias",
    "use_bidirectional_attention",
    "quantization_config",
    "num_experts",
    "num_local_experts",
    "embedding_multiplier",
    "attention_multiplier",
    "residual_multiplier",
    "logits_scaling",
)


def config_windows(keys: Keys, layers: int) -> list[int]:
    kind = keys["model_type"]
    length = 0 if kind in ("llama", "olmo2") else whole(keys, "sliding_window", 0, 0)
    if kind in ("qwen2", "qwen3"):
        first = whole(keys, "max_window_layers", least=0)
        if not truth(keys, "use_sliding_window", False):
            return [0] * layers
        has = windows_of(1, lambda layer: layer >= first, layers)
    elif kind == "gemma2":
        has = windows_of(1, lambda layer: layer % 2 == 0, layers)
    elif kind == "gemma3_text":
        every = whole(keys, "sliding_window_pattern")
        has = windows_of(1, lambda layer: (layer + 1) % every, layers)
    else:
        has = [1] * layers
    if (kinds := keys.get("layer_types")) is not None:
        need(isinstance(kinds, list) and len(kinds) == layers, "layer_types has another length")
        known = ("sliding_attention", "full_attention")
        need(all(k in known for k in kinds), "layer_types has a type that version 1 does not know")
        has = [int(k == "sliding_attention") for k in kinds]
    must = kinds is not None or kind in ("gemma2", "gemma3_text")
    need(length or not (must and any(has)), "layers have a window without a length")
    return [length * h for h in has]


def config_shape(keys: Keys) -> Shape:
    """From completed keys."""
    kind = keys["model_type"]
    gemma = kind in ("gemma2", "gemma3_text")
    for other in OTHER_SETTINGS:
        need(not keys.get(other), f"{other} is something that version 1 does not know")
    usual = "gelu_pytorch_tanh" if gemma else "silu"
    activation = keys.get("hidden_activation" if gemma else "hidden_act", usual)
    need(activation == usual, f"version 1 does not know the activation {shown(activation)}")
    key = whole(keys, "head_dim")
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
        positive(keys, "rms_norm_eps"),
    )
    limited(shape)
    shape.windows = config_windows(keys, shape.layers)
    if gemma:
        shape.attention_scale = attention_scale(real(keys, "query_pre_attn_scalar"), key)
        for name in ("attention_cap", "logit_cap"):
            own = {"attention_cap": "attn", "logit_cap": "final"}[name] + "_logit_softcapping"
            if own in keys:
                setattr(shape, name, positive(keys, own))
    return shape
