# SPDX-License-Identifier: CC0-1.0
"""Section 3.1.1: which tensors a model has, and their digest."""

import hashlib
import re
import struct
from collections.abc import Callable

import numpy as np

from .architecture import Shape
from .blocks import PIECE, pieces
from .containers import BLOCKS, Tensor
from .fields import need, text, u32

TRANSFORMERS = {
    "output": "lm_head",
    "token_embd": "embed_tokens",
    "output_norm": "norm",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_qkv": "self_attn.qkv_proj",
    "attn_q_norm": "self_attn.q_norm",
    "attn_k_norm": "self_attn.k_norm",
    "attn_output": "self_attn.o_proj",
    "post_attention_norm": "post_attention_layernorm",
    "post_ffw_norm": "post_feedforward_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def layer_tensors(shape: Shape) -> dict[str, tuple[int, ...]]:
    """Tensors of each layer, by their names in GGUF, with their shapes."""
    e, f, q, k = shape.embedding, shape.feed_forward, shape.heads, shape.kv_heads
    rows = {"attn_q": q * shape.key, "attn_k": k * shape.key, "attn_v": k * shape.value}
    tensors = {"attn_output.weight": (e, q * shape.value), "ffn_down.weight": (e, f)}
    if shape.name == "phi3":
        tensors |= {"attn_qkv.weight": (sum(rows.values()), e), "ffn_up.weight": (2 * f, e)}
    else:
        tensors |= {f"{name}.weight": (count, e) for name, count in rows.items()}
        tensors |= {"ffn_gate.weight": (f, e), "ffn_up.weight": (f, e)}
    if shape.name == "qwen2":
        tensors |= {f"{name}.bias": (count,) for name, count in rows.items()}
    if shape.name in ("qwen3", "gemma3"):
        tensors |= {"attn_q_norm.weight": (shape.key,), "attn_k_norm.weight": (shape.key,)}
    if shape.name == "olmo2":
        names = ("attn_q", "attn_k")
        tensors |= {f"{name}_norm.weight": (rows[name],) for name in names}
    else:
        tensors |= {"attn_norm.weight": (e,), "ffn_norm.weight": (e,)}
    if shape.name == "olmo2" or shape.is_gemma:
        tensors |= {"post_attention_norm.weight": (e,), "post_ffw_norm.weight": (e,)}
    return tensors


def all_tensors(shape: Shape) -> dict[str, tuple[int, ...]]:
    """Tensors of the whole model but for `output`."""
    e = shape.embedding
    tensors = {"token_embd.weight": (shape.vocabulary, e), "output_norm.weight": (e,)}
    for layer in range(shape.layers):
        tensors |= {f"blk.{layer}.{name}": size for name, size in layer_tensors(shape).items()}
    return tensors


def transformers_name(name: str, architecture: str) -> str:
    """The name in a folder, without what it begins with there."""
    place, stem, ending = re.fullmatch(r"(blk\.\d+\.|)(\w+)(\.\w+)", name).groups()
    own = TRANSFORMERS.get(stem)
    if stem == "ffn_norm":
        is_gemma = architecture.startswith("gemma")
        own = "pre_feedforward_layernorm" if is_gemma else "post_attention_layernorm"
    if stem == "ffn_up" and architecture == "phi3":
        own = "mlp.gate_up_proj"
    return place.replace("blk", "layers") + own + ending


def checked(tensors: dict[str, Tensor], shape: Shape) -> dict[str, Tensor]:
    """The tensors, if they are those of the table in its shapes."""
    expected = all_tensors(shape)
    for name in expected:
        need(name in tensors, f"the tensor {name} is missing")
    if "output.weight" in tensors:
        expected["output.weight"] = expected["token_embd.weight"]
    for name, tensor in tensors.items():
        need(name in expected, f"the tensor {name} is not in the table of section 3.1.1")
        need(tensor.kind in BLOCKS, f"the type {tensor.kind} of {name} has no digest in version 1")
        need(tensor.shape == expected[name], f"the tensor {name} has the shape {tensor.shape}")
    return tensors


Change = Callable[[np.ndarray], np.ndarray]


def tensor_digest(tensor: Tensor, change: Change | None, length: int) -> bytes:
    digest = hashlib.sha256()
    for piece in pieces(tensor, length):
        digest.update((change(piece) if change else piece).astype("<f4").tobytes())
    return digest.digest()


def half_split(key: int) -> Change:
    """Puts the interleaved rows of one head back."""
    return lambda piece: piece.reshape(key // 2, 2, -1).swapaxes(0, 1).reshape(-1)


def one_added(piece: np.ndarray) -> np.ndarray:
    return piece + np.float32(1)


def weights_digest(tensors: dict[str, Tensor], shape: Shape, is_gguf: bool) -> str:
    records = {}
    for name, tensor in tensors.items():
        change, length = None, PIECE
        if is_gguf and shape.name == "llama" and name.endswith(("attn_q.weight", "attn_k.weight")):
            need(shape.key % 2 == 0, "the key length is odd")
            change, length = half_split(shape.key), shape.key * shape.embedding
        if not is_gguf and shape.is_gemma and name.endswith("norm.weight"):
            change = one_added
        dimensions = struct.pack(f"<{len(tensor.shape)}Q", *tensor.shape)
        head = u32(len(tensor.shape)) + dimensions
        records[name] = head + tensor_digest(tensor, change, length)
    if records.get("output.weight") == records["token_embd.weight"]:
        del records["output.weight"]
    names = sorted(records, key=str.encode)
    return hashlib.sha256(b"".join(text(name) + records[name] for name in names)).hexdigest()
