#!/usr/bin/env python3
"""Computes both identities of a model from its files, written from format.md alone.

    python identity.py MODEL [--json] [--files]

MODEL is a GGUF (one file, or the first part of several) or a folder as transformers writes it. The
four digests of section 3.1 and the entries of section FILE (section 3.3) are printed; with --files
the latter alone, which is cheap. Where a model has no identity by values, one sentence says why.
Exits with 65 and one sentence if the file is no model, with 66 if a file is missing, and with 64 if
it is called wrongly. Section numbers in the comments are those of format.md.

As a module: identity.values(path) and identity.files(path). Needs numpy.
"""

import argparse
import dataclasses
import hashlib
import itertools
import json
import math
import pathlib
import re
import struct
import sys
from collections.abc import Callable, Iterator

import numpy as np

ROLES = {1: "weights", 2: "config.json", 3: "tokenizer.json", 4: "tokenizer_config.json"}
DIGESTS = ("weights", "architecture", "rope", "tokenizer")
PIECE = 1 << 20  # How many values are hashed at once.
JSON_BYTES = 1 << 28
GREATEST = 2**32 - 1
Keys = dict[str, object]


class NoModel(Exception):
    """The file is damaged, or no model."""


class NoValues(Exception):
    """The model has no identity by values."""


def need(condition: object, problem: str) -> None:
    if not condition:
        raise NoValues(problem)


def intact(condition: object, path: pathlib.Path, problem: str) -> None:
    if not condition:
        raise NoModel(f"{path.name}: {problem}")


# Section 1: fields


def u32(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}I", *values)


def f32(value: float) -> bytes:
    return struct.pack("<f", value)


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return u32(len(data)) + data


def whole(keys: Keys, name: str, default: object = None, least: int = 1) -> int:
    """A whole number; without a default it must be there, and null is none."""
    value = keys.get(name, default)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    need(is_whole and least <= value <= GREATEST, f"{name} is {shown(value)}, and no valid number")
    return value


def real(keys: Keys, name: str, default: object = None) -> float:
    """A real number as the nearest f32 (section 3.1); null is none."""
    value = keys.get(name, default)
    is_real = isinstance(value, int | float) and not isinstance(value, bool)
    need(is_real and abs(value) < 3.4e38, f"{name} is {shown(value)}, and no valid number")
    return float(np.float32(value))


def positive(keys: Keys, name: str, default: object = None) -> float:
    value = real(keys, name, default)
    need(value > 0, f"{name} is {shown(value)}, and no valid number")
    return value


def truth(keys: Keys, name: str, default: bool) -> bool:
    value = keys.get(name, default)
    need(isinstance(value, bool), f"{name} is {shown(value)}, and neither true nor false")
    return value


def shown(value: object) -> str:
    return "absent" if value is None else repr(value)[:40]


def filled(keys: object) -> Keys:
    """The keys of an object that are not null; anything else has none."""
    return {k: v for k, v in keys.items() if v is not None} if isinstance(keys, dict) else {}


# Tensors in files


@dataclasses.dataclass
class Tensor:
    path: pathlib.Path
    offset: int
    shape: tuple[int, ...]  # outermost first
    kind: int | str  # its number in GGUF, or what else safetensors calls it


# Section 3.1.1: number -> values and bytes of a block
BLOCKS = {0: (1, 4), 1: (1, 2), 30: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24)}
BLOCKS |= {8: (32, 34), 20: (32, 18), 10: (256, 84), 11: (256, 110), 12: (256, 144)}
BLOCKS |= {13: (256, 176), 14: (256, 210)}
SAFETENSORS = {"F32": 0, "F16": 1, "BF16": 30}


def length_of(tensor: Tensor) -> int | None:
    """How many bytes it has in its file; None if that depends on a type that has no digest."""
    if tensor.kind not in BLOCKS:
        return None
    values, size = BLOCKS[tensor.kind]
    intact(math.prod(tensor.shape[-1:]) % values == 0, tensor.path, "a row ends within a block")
    return math.prod(tensor.shape) // values * size


class Input:
    """A file that is read in order, and never past its end."""

    def __init__(self, path: pathlib.Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(f"{path}: there is no such file")
        self.path, self.file = path, path.open("rb")
        self.left = path.stat().st_size

    def __enter__(self) -> "Input":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def take(self, count: int) -> bytes:
        intact(count <= self.left, self.path, "the file ends too early")
        self.left -= count
        data = self.file.read(count)
        intact(len(data) == count, self.path, "the file ends too early")
        return data

    def number(self, form: str) -> int | float | bool:
        return struct.unpack("<" + form, self.take(struct.calcsize(form)))[0]

    def string(self) -> bytes:
        return self.take(self.number("Q"))

    def name(self) -> str:
        try:
            return self.string().decode()
        except UnicodeDecodeError:
            raise NoModel(f"{self.path.name}: a name is not UTF-8") from None


def read_json(path: pathlib.Path) -> Keys:
    with Input(path) as file:
        intact(file.left <= JSON_BYTES, path, "the file is too long")
        return parsed(path, file.take(file.left))


def parsed(path: pathlib.Path, data: bytes) -> Keys:
    try:
        keys = json.loads(data.decode())
    except (ValueError, RecursionError):
        raise NoModel(f"{path.name}: this is no JSON") from None
    intact(isinstance(keys, dict), path, "this is no JSON object")
    return keys


NUMBERS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
STRING, ARRAY = 8, 9


def gguf_value(file: Input) -> object:
    kind = file.number("I")
    if kind == STRING:
        return file.name()
    if kind in NUMBERS:
        return file.number(NUMBERS[kind])
    intact(kind == ARRAY, file.path, f"there is no type {kind} of values")
    kind, count = file.number("I"), file.number("Q")
    if kind == STRING:
        intact(count <= file.left // 8, file.path, "the file ends too early")
        return [file.string() for _ in range(count)]
    intact(kind in NUMBERS, file.path, f"there is no type {kind} of elements")
    size = struct.calcsize("<" + NUMBERS[kind])
    return np.frombuffer(file.take(count * size), np.dtype(NUMBERS[kind]).newbyteorder("<"))


def gguf_tensor(file: Input) -> tuple[str, Tensor]:
    name, dimensions = file.name(), file.number("I")
    intact(1 <= dimensions <= 4, file.path, f"{name} has {dimensions} dimensions")
    shape = tuple(file.number("Q") for _ in range(dimensions))[::-1]
    intact(all(shape), file.path, f"{name} has no elements")
    return name, Tensor(file.path, 0, shape, file.number("I"))


def read_gguf(path: pathlib.Path) -> tuple[Keys, dict[str, Tensor]]:
    """Keys and tensors of one file; tensors lie within it."""
    keys: Keys = {}
    tensors: dict[str, Tensor] = {}
    with Input(path) as file:
        intact(file.take(4) == b"GGUF", path, "this is no GGUF")
        intact(file.number("I") in (2, 3), path, "this is no GGUF of version 2 or 3")
        tensor_count, key_count = file.number("Q"), file.number("Q")
        for _ in range(key_count):
            name = file.name()
            intact(name not in keys, path, f"the key {name} occurs twice")
            keys[name] = gguf_value(file)
        offsets = []
        for _ in range(tensor_count):
            name, tensor = gguf_tensor(file)
            intact(name not in tensors, path, f"the tensor {name} occurs twice")
            tensors[name] = tensor
            offsets.append(file.number("Q"))
        size, start = path.stat().st_size, file.file.tell()
    alignment = keys.get("general.alignment", 32)
    intact(isinstance(alignment, int) and 0 < alignment <= 1 << 20, path, "the alignment is wrong")
    start = -(-start // alignment) * alignment
    for tensor, offset in zip(tensors.values(), offsets, strict=True):
        tensor.offset = start + offset
        end = tensor.offset + (length_of(tensor) or 0)
        intact(end <= size, path, "a tensor ends after the file")
    return keys, tensors


def read_safetensors(path: pathlib.Path) -> dict[str, Tensor]:
    with Input(path) as file:
        length = file.number("Q")
        intact(length <= JSON_BYTES, path, "the header is too long")
        header, left = parsed(path, file.take(length)), file.left
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        try:
            begin, end = entry["data_offsets"]
            shape, kind = tuple(entry["shape"]), str(entry["dtype"])
        except (KeyError, TypeError, ValueError):
            raise NoModel(f"{path.name}: {name} is described wrongly") from None
        numbers = (*shape, begin, end)
        intact(
            all(type(n) is int and n >= 0 for n in numbers), path, f"{name} is described wrongly"
        )
        intact(begin <= end <= left, path, f"{name} ends after the file")
        tensor = Tensor(path, 8 + length + begin, shape, SAFETENSORS.get(kind, kind))
        intact(length_of(tensor) in (None, end - begin), path, f"{name} has another length")
        tensors[name] = tensor
    return tensors


# Section 3.1.1: values of blocks

IQ4_NL = (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)


def half(field: np.ndarray) -> np.ndarray:
    """Scales x or minima y, one for each block."""
    return np.ascontiguousarray(field).view("<f2").astype(np.float32)


def bits(field: np.ndarray, parts: int, width: int) -> np.ndarray:
    """The field in so many equal parts; of each first the low `width` bits of all bytes, then the
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
    values, size = BLOCKS[tensor.kind]
    with Input(tensor.path) as file:
        file.file.seek(tensor.offset)
        count = math.prod(tensor.shape)
        for start in range(0, count, length):
            now = min(length, count - start)
            yield decoded(file.take(now // values * size), tensor.kind)


# Section 3.1.1: weights


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


ARCHITECTURES = ("llama", "qwen2", "qwen3", "olmo2", "phi3", "gemma2", "gemma3")
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


# Section 3.1.2: architecture


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
    need(number > 0, "the attention scale is no valid number")
    return None if number == key else float(np.float32(1) / np.float32(math.sqrt(number)))


def windows_of(length: int, has: Callable[[int], object], layers: int) -> list[int]:
    return [length if has(layer) else 0 for layer in range(layers)]


# All keys after the architecture's name that this page names, and two that change nothing. By any
# other one that is not 0 a model computes something that version 1 has no trait for.
GGUF_KEYS = set(
    """
    block_count embedding_length feed_forward_length context_length vocab_size
    attention.head_count attention.head_count_kv attention.key_length attention.value_length
    attention.layer_norm_rms_epsilon attention.sliding_window
    attn_logit_softcapping final_logit_softcapping
    rope.dimension_count rope.freq_base rope.freq_base_swa rope.scale_linear rope.scaling.type
    rope.scaling.factor rope.scaling.original_context_length rope.scaling.attn_factor
    rope.scaling.yarn_attn_factor rope.scaling.yarn_beta_fast rope.scaling.yarn_beta_slow
    rope.scaling.yarn_ext_factor rope.scaling.finetuned
    """.split()
)


def gguf_shape(keys: Keys, tensors: dict[str, Tensor]) -> Shape:
    """From the keys that follow the architecture's name, and those that are complete."""
    name = keys.get("general.architecture")
    need(name in ARCHITECTURES, f"version 1 does not know the architecture {shown(name)}")
    for other in keys.get("", {}):
        is_known = other in GGUF_KEYS or not np.any(keys[other])
        need(is_known, f"{other} is something that version 1 does not know")
    need(keys.get("attention.causal", True) is True, "attention is not causal")
    layers, embedding = whole(keys, "block_count"), whole(keys, "embedding_length")
    heads = whole(keys, "attention.head_count")
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
        positive(keys, "attention.layer_norm_rms_epsilon", 1e-5),
    )
    limited(shape)
    has = {
        "llama": lambda layer: True,
        "phi3": lambda layer: True,
        "gemma2": lambda layer: layer % 2 == 0,
        "gemma3": lambda layer: (layer + 1) % 6,
    }.get(name, lambda layer: False)
    shape.windows = windows_of(whole(keys, "attention.sliding_window", 0, 0), has, layers)
    if shape.is_gemma:
        if (name, layers) in (("gemma2", 46), ("gemma3", 62)):
            shape.attention_scale = attention_scale(embedding // heads, shape.key)
        cap = real(keys, "attn_logit_softcapping", 0) or 50.0
        shape.attention_cap = cap if name == "gemma2" else None
        default = 30 if name == "gemma2" else None
        shape.logit_cap = real(keys, "final_logit_softcapping", 0) or default
    return shape


def limited(shape: Shape) -> None:
    """Section 8, and what tensors of the table cannot be without."""
    counts = (shape.layers, shape.heads, shape.kv_heads)
    need(max(counts) <= 4096 and max(shape.key, shape.value) <= 8192, "the model is too large")


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


# Section 3.1.3: RoPE


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
    kind = keys.get("rope.scaling.type", "linear")
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
    kind = parameters.get("rope_type", parameters.get("type", "default"))
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


# Section 6: canonical bytes of a tokenizer

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = range(1, 7)
SPACE = "\u2581"
Merge = tuple[int, int, int]  # the left token, the right one, and what they make


@dataclasses.dataclass
class Tokens:
    kind: str
    pre: str
    types: list[int]
    spellings: list[bytes]
    merges: list[Merge] = dataclasses.field(default_factory=list)
    begin: int = -1
    end: int = -1
    adds_begin: bool = False
    unknown: int = -1
    fuses: bool = True
    scores: list[float] = dataclasses.field(default_factory=list)
    traits: dict[int, int] = dataclasses.field(default_factory=dict)


def digested_type(kind: str, own: int, spelling: bytes) -> int:
    name = spelling.decode(errors="replace")
    fences = (("<|", "|>"), ("<\uff5c", "\uff5c>"), ("<unused", ">"))
    is_control = any(name.startswith(a) and name.endswith(z) for a, z in fences)
    is_control |= name in ("<pad>", "<mask>", "<2mass>", "[@BOS@]")
    if (own == USER and is_control) or (own == UNKNOWN and kind != "gpt2"):
        return CONTROL
    return own


def respell(tokens: Tokens) -> None:
    """Comes before merges: their spellings are those that are digested."""
    if tokens.kind != "gpt2":
        for i, spelling in enumerate(tokens.spellings):
            if tokens.types[i] == USER and spelling and not spelling.strip(b" "):
                tokens.spellings[i] = SPACE.encode() * len(spelling)


def in_order(merges: list[Merge]) -> Iterator[Merge]:
    """Those that follow each other and make the same token, by the left token."""
    for _, group in itertools.groupby(merges, lambda merge: merge[2]):
        yield from sorted(group, key=lambda merge: merge[0])


def tokenizer_digest(tokens: Tokens, count: int) -> str:
    t, digest = tokens, hashlib.sha256()
    digest.update(text(t.kind) + text(t.pre) + struct.pack("<Q", count))
    for own, spelling in zip(t.types[:count], t.spellings[:count], strict=True):
        digest.update(u32(digested_type(t.kind, own, spelling)) + text(spelling))
    need(len(set(t.spellings[:count])) == count, "two tokens have one spelling")
    merges = [merge for merge in t.merges if max(merge) < count]
    for left, right, made in t.merges:
        stays = made < count and max(left, right) >= count
        need(not stays, "a merge of a token without a row makes a token with one")
    digest.update(struct.pack("<Q", len(merges)))
    for left, right, _ in merges if t.kind == "gpt2" else in_order(merges):
        digest.update(u32(left, right))
    adds = t.adds_begin and t.begin >= 0
    digest.update(struct.pack("<qqB", t.begin, t.end, adds))
    if t.kind != "gpt2":
        digest.update(struct.pack("<qB", t.unknown, t.fuses))
    if t.kind == "t5":
        digest.update(np.array(t.scores[:count], "<f4").tobytes())
    traits = sorted((i, trait) for i, trait in t.traits.items() if trait and i < count)
    if traits:
        digest.update(struct.pack("<Q", len(traits)))
    for i, trait in traits:
        digest.update(struct.pack("<IB", i, trait))
    return digest.hexdigest()


def joined(pairs: list[list[bytes]], ids: dict[bytes, int]) -> list[Merge]:
    merges = []
    for pair in pairs:
        need(len(pair) == 2, "a merge is no pair of tokens")
        left, right = pair
        triple = [ids.get(spelling) for spelling in (left, right, left + right)]
        need(None not in triple, "a merge names a token that is not there")
        merges.append(tuple(triple))
    return merges


# Section 6.1: the tokenizer of a GGUF

PRE_TOKENISERS = {"gpt-2", "smollm", "llama-bpe", "dbrx", "qwen2", "deepseek-r1-qwen"}
PRE_TOKENISERS |= {"deepseek-llm", "deepseek-coder", "deepseek-v3"}


def scored_merges(tokens: Tokens) -> list[Merge]:
    """Merges from scores; types are the file's own."""
    ids: dict[bytes, list[int]] = {}
    able = [i for i, own in enumerate(tokens.types) if own in (NORMAL, USER)]
    for i in able:
        ids.setdefault(tokens.spellings[i], []).append(i)
    merges = []
    for made in able:
        whole_one = tokens.spellings[made]
        for cut in range(1, len(whole_one)):
            lefts, rights = ids.get(whole_one[:cut], ()), ids.get(whole_one[cut:], ())
            merges += [(left, right, made) for left in lefts for right in rights]

    def rank(merge: Merge) -> tuple[bool, float, int, int]:
        is_user = tokens.types[merge[2]] == USER
        return not is_user, 0 if is_user else -tokens.scores[merge[2]], merge[2], merge[0]

    return sorted(merges, key=rank)


def gguf_tokens(keys: Keys, shape: Shape) -> Tokens:
    keys = {k.removeprefix("tokenizer.ggml."): v for k, v in keys.items()}
    kind, names = keys.get("model"), keys["tokens"]
    need(kind in ("gpt2", "llama", "t5"), f"version 1 does not know the tokenizer {shown(kind)}")
    need("precompiled_charsmap" not in keys, "the tokenizer has a precompiled_charsmap")
    extra = kind == "t5" and truth(keys, "remove_extra_whitespaces", False)
    need(not extra, "the tokenizer removes whitespace")
    if kind == "gpt2":
        pre = keys.get("pre")
        pre = "llama-bpe" if pre in ("llama3", "llama-v3") else pre
        need(pre in PRE_TOKENISERS, f"version 1 does not know the pre-tokeniser {shown(pre)}")
    else:
        pre = "prepended" if truth(keys, "add_space_prefix", True) else "plain"
    types = np.asarray(keys.get("token_type", ())).tolist()
    need(len(types) == len(names), "tokens have no types")
    need(
        all(own in range(1, 7) for own in types), "a token has a type that version 1 does not know"
    )
    tokens = Tokens(kind, pre, types, list(names))
    respell(tokens)
    scores = np.asarray(keys.get("scores", ()), np.float32).tolist()
    merges = keys.get("merges") or []
    if kind == "t5" or (kind == "llama" and not merges):
        need(len(scores) == len(names) and all(map(math.isfinite, scores)), "tokens have no scores")
        tokens.scores = scores
    if kind == "gpt2" or (kind == "llama" and merges):
        ids = {spelling: i for i, spelling in reversed(list(enumerate(tokens.spellings)))}
        tokens.merges = joined([merge.split(b" ") for merge in merges], ids)
    elif kind == "llama":
        tokens.merges = scored_merges(tokens)
    gguf_special(tokens, keys, shape)
    return tokens


def gguf_special(tokens: Tokens, keys: Keys, shape: Shape) -> None:
    """Begin and end of text, unknown, traits."""

    def special(name: str, default: int | None, own: int) -> int:
        i = whole(keys, name, GREATEST, 0)
        need(i < len(tokens.types) or name not in keys, f"{name} is {i}, and no token")
        if i < shape.vocabulary:
            return i
        is_there = default is not None and default < shape.vocabulary
        return default if is_there and tokens.types[default] == own else -1

    kind, has_rule = tokens.kind, tokens.kind == "llama" or tokens.pre == "llama-bpe"
    tokens.begin = special("bos_token_id", {"llama": 1}.get(kind), CONTROL)
    tokens.end = special("eos_token_id", {"llama": 2, "t5": 1}.get(kind), CONTROL)
    tokens.unknown = special("unknown_token_id", {"llama": 0, "t5": 2}.get(kind), UNKNOWN)
    tokens.adds_begin = truth(keys, "add_bos_token", has_rule)
    if kind == "llama" and shape.name == "phi3":
        plain = (b"<unk>", b"<s>", b"<|endoftext|>")
        for i, spelling in enumerate(tokens.spellings):
            is_control = digested_type(kind, tokens.types[i], spelling) == CONTROL
            if is_control and spelling not in plain:
                tokens.traits[i] = 2


# Section 6.1: the tokenizer of a folder

GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN = GPT4.replace(r"\p{N}{1,3}", r"\p{N}")
# The page gives these steps by files, so here are digests of what steps_of() makes of them.
DEEPSEEK = {
    "0473ace30f25e6ff138e20b7ce20006587610332eb76053c4c77688721511cbf": "deepseek-coder",
    "06e10bf348353e3399dbdf3f1fe5b0abca41fd15680c879736433fb19b11ba01": "deepseek-llm",
    "bc8b38ffb8f43f3fddd83247108491238b00d453147436fce2bc6e8910916c6d": "deepseek-v3",
}


def flattened(step: object, inner: str) -> list[Keys]:
    """The steps of a sequence in a sequence; null has none."""
    if step is None:
        return []
    need(isinstance(step, dict), "a step of the tokenizer is no object")
    if step.get("type") != "Sequence":
        return [step]
    members = step.get(inner)
    need(isinstance(members, list), "a sequence of the tokenizer has no steps")
    return [own for member in members for own in flattened(member, inner)]


def steps_of(pre_tokenizer: object) -> list[list[object]]:
    """Steps of a pre-tokeniser of kind gpt2 with all that decides."""
    steps = []
    for step in flattened(pre_tokenizer, "pretokenizers"):
        kind, own = step.get("type"), []
        if kind == "ByteLevel":
            need(step.get("add_prefix_space") is False, "ByteLevel adds a space")
            own = [truth(step, "use_regex", True)]
        elif kind == "Digits":
            own = [truth(step, "individual_digits", False)]
        elif kind == "Split":
            pattern = filled(step.get("pattern")).get("Regex")
            form = (step.get("behavior"), step.get("invert", False))
            need(form in (("Isolated", False), ("Removed", True)), "a Split is another one")
            is_whole = pattern in (GPT4, QWEN)
            need(is_whole or form[0] == "Isolated", "a Split removes what it finds")
            own = [pattern]
        steps.append([kind, *own])
    return steps


def gpt2_pre_tokeniser(file: Keys) -> str:
    steps = steps_of(file.get("pre_tokenizer"))
    normaliser = [step.get("type") for step in flattened(file.get("normalizer"), "normalizers")]
    ignores = truth(filled(file["model"]), "ignore_merges", False)
    plain, own = ["ByteLevel", True], ["ByteLevel", False]
    known = {
        "gpt-2": ([plain], [], False),
        "smollm": ([["Digits", True], plain], [], False),
        "llama-bpe": ([["Split", GPT4], own], [], True),
        "dbrx": ([["Split", GPT4], own], [], False),
        "qwen2": ([["Split", QWEN], own], ["NFC"], False),
        "deepseek-r1-qwen": ([["Split", QWEN], own], [], False),
    }
    for name, what in known.items():
        if what == (steps, normaliser, ignores):
            return name
    digest = hashlib.sha256(json.dumps(steps).encode()).hexdigest()
    name = DEEPSEEK.get(digest)
    need(name and not normaliser and not ignores, "version 1 does not know the pre-tokeniser")
    return name


def space_marks(file: Keys) -> str:
    """How spaces are marked in the kinds llama and t5."""
    normalisers = flattened(file.get("normalizer"), "normalizers")
    steps = flattened(file.get("pre_tokenizer"), "pretokenizers")
    kinds = [step.get("type") for step in normalisers]
    if kinds in (["Replace"], ["Prepend", "Replace"]):
        replace, is_empty = normalisers[-1], {"String": " "}
        is_known = replace.get("pattern") == is_empty and replace.get("content") == SPACE
        is_known &= len(kinds) == 1 or normalisers[0].get("prepend") == SPACE
        is_known &= all(s.get("type") == "Split" and s.get("pattern") == is_empty for s in steps)
        need(is_known, "version 1 does not know the normaliser")
        return "plain" if len(kinds) == 1 else "prepended"
    is_metaspace = not kinds and [step.get("type") for step in steps] == ["Metaspace"]
    need(is_metaspace and steps[0].get("replacement") == SPACE, "spaces are marked in no known way")
    step = filled(steps[0])
    usual = "always" if truth(step, "add_prefix_space", True) else "never"
    scheme = step.get("prepend_scheme", usual)
    need(scheme in ("never", "first", "always"), "version 1 does not know the prepend_scheme")
    words = "-words" if truth(step, "split", True) else ""
    return ("plain" if scheme == "never" else scheme) + words


def vocabulary(model: Keys, kind: str) -> tuple[dict[str, int], dict[int, float]]:
    """Ids of spellings, and scores of ids."""
    vocab = model.get("vocab")
    if kind != "t5":
        need(isinstance(vocab, dict), "the tokenizer has no vocabulary")
        return {spelling: whole(vocab, spelling, least=0) for spelling in vocab}, {}
    need(isinstance(vocab, list), "the tokenizer has no vocabulary")
    pairs = [entry for entry in vocab if isinstance(entry, list) and len(entry) == 2]
    is_known = len(pairs) == len(vocab) and all(isinstance(entry[0], str) for entry in pairs)
    need(is_known, "an entry of the vocabulary has no score")
    scores = {i: real({"score": score}, "score") for i, (_, score) in enumerate(pairs)}
    return {spelling: i for i, (spelling, _) in enumerate(pairs)}, scores


def added_tokens(file: Keys) -> Iterator[tuple[int, str, Keys]]:
    added = file.get("added_tokens") or []
    need(isinstance(added, list), "added_tokens is no list")
    for token in added:
        token = filled(token)
        need(isinstance(token.get("content"), str), "an added token has no content")
        need(not token.get("single_word"), "an added token is a single word")
        yield whole(token, "id", least=0), token["content"], token


def encoded(spelling: object) -> bytes:
    need(isinstance(spelling, str), "a spelling is no text")
    try:
        return spelling.encode()
    except UnicodeEncodeError:
        raise NoValues("a spelling is no UTF-8") from None


def folder_kind(file: Keys) -> str:
    model = filled(file["model"])
    kind = model.get("type", "BPE" if "merges" in model else None)
    need(kind in ("BPE", "Unigram"), f"version 1 does not know the tokenizer {shown(kind)}")
    for option in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        need(not model.get(option), f"the tokenizer has a {option}")
    if kind == "Unigram":
        return "t5"
    steps = flattened(file.get("pre_tokenizer"), "pretokenizers")
    return "gpt2" if any(step.get("type") == "ByteLevel" for step in steps) else "llama"


def folder_tokens(file: Keys, settings: Keys, config: Keys, count: int) -> Tokens:
    need(isinstance(file.get("model"), dict), "the tokenizer has no model")
    kind, model = folder_kind(file), filled(file["model"])
    need(kind == "gpt2" or not model.get("ignore_merges"), "the tokenizer ignores merges")
    pre = gpt2_pre_tokeniser(file) if kind == "gpt2" else space_marks(file)
    spellings = [f"[PAD{i}]".encode() for i in range(count)]
    tokens = Tokens(kind, pre, [UNUSED] * count, spellings)
    vocab, scores = vocabulary(model, kind)
    falls_back = kind != "gpt2" and truth(model, "byte_fallback", False)
    for spelling, i in vocab.items():
        if i < count:
            is_byte = falls_back and re.fullmatch("<0x[0-9A-F]{2}>", spelling)
            tokens.types[i], tokens.spellings[i] = BYTE if is_byte else NORMAL, encoded(spelling)
    has_normaliser = flattened(file.get("normalizer"), "normalizers")
    for i, content, token in added_tokens(file):
        if i < count:
            tokens.types[i] = CONTROL if truth(token, "special", False) else USER
            tokens.spellings[i] = encoded(content)
        traits = truth(token, "lstrip", False) + 2 * truth(token, "rstrip", False)
        is_normalised = has_normaliser and truth(token, "normalized", not token.get("special"))
        tokens.traits[i] = traits + 4 * bool(is_normalised)
    respell(tokens)
    if kind == "t5":
        tokens.scores = [scores.get(i, 0.0) for i in range(count)]
    else:
        pairs = model.get("merges", [])
        need(isinstance(pairs, list), "merges are no list")
        pairs = [pair.split(" ") if isinstance(pair, str) else pair for pair in pairs]
        need(all(isinstance(pair, list) for pair in pairs), "a merge is no pair of tokens")
        ids = {encoded(spelling): i for spelling, i in vocab.items()}
        tokens.merges = joined([[encoded(part) for part in pair] for pair in pairs], ids)
    folder_special(tokens, file, settings, config)
    return tokens


def folder_special(tokens: Tokens, file: Keys, settings: Keys, config: Keys) -> None:
    """Begin and end of text, unknown."""
    model, count = filled(file["model"]), len(tokens.types)
    ids = vocabulary(model, tokens.kind)[0] | {name: i for i, name, _ in added_tokens(file)}

    def special(name: str) -> int:
        own = settings.get(f"{name}_token")
        own = own.get("content") if isinstance(own, dict) else own
        if isinstance(own, str):
            need(own in ids, f"{name}_token of tokenizer_config.json names no token")
            if ids[own] < count:
                return ids[own]
        i = config.get(f"{name}_token_id")
        is_known = i is None or isinstance(i, list) or (type(i) is int and i >= 0)
        need(is_known, f"{name}_token_id is {shown(i)}, and no token")
        return i if type(i) is int and i < count else -1

    tokens.begin, tokens.end = special("bos"), special("eos")
    adds = settings.get("add_bos_token")
    is_first = template_adds(file.get("post_processor"), tokens.begin, ids)
    need(adds is None or isinstance(adds, bool), "add_bos_token is neither true nor false")
    tokens.adds_begin = is_first if adds is None else adds
    if tokens.kind == "llama":
        i = ids.get(model.get("unk_token"), count)
        tokens.fuses = truth(model, "fuse_unk", False)
    else:
        i = whole(model, "unk_id", count, 0)
    tokens.unknown = i if i < count else -1


def template_adds(post_processor: object, begin: int, ids: dict[str, int]) -> bool:
    """Whether the begin-of-text token is put before a text; nothing else may be added."""
    adds = False
    for step in flattened(post_processor, "processors"):
        kind = step.get("type")
        need(
            kind in ("ByteLevel", "TemplateProcessing"), "version 1 does not know a post-processor"
        )
        single = step.get("single", []) if kind == "TemplateProcessing" else []
        need(isinstance(single, list), "version 1 does not know a post-processor")
        names = [filled(filled(piece).get("SpecialToken")).get("id") for piece in single]
        if any(names):
            is_begin = len(names) == 2 and names[1] is None and ids.get(names[0]) == begin
            need(is_begin, "a post-processor adds other tokens")
            adds = True
    return adds


# Models


class Gguf:
    """A GGUF in one file, or in parts."""

    def __init__(self, path: pathlib.Path) -> None:
        self.keys, self.tensors = read_gguf(path)
        self.paths = [path]
        count = self.keys.get("split.count", 1)
        if isinstance(count, int) and count > 1:
            self.add_parts(path, count)
        prefix = f"{self.keys.get('general.architecture')}."
        own = {k.removeprefix(prefix) for k in self.keys if k.startswith(prefix)}
        self.keys = {k.removeprefix(prefix): v for k, v in self.keys.items()} | {"": own}

    def add_parts(self, path: pathlib.Path, count: int) -> None:
        first = f"-00001-of-{count:05}.gguf"
        intact(count < 4096 and path.name.endswith(first), path, "this is not the first part")
        for number in range(2, count + 1):
            name = path.name.removesuffix(first) + f"-{number:05}-of-{count:05}.gguf"
            keys, tensors = read_gguf(path.with_name(name))
            intact(keys.get("split.count") == count, path.with_name(name), "this is no such part")
            intact(not tensors.keys() & self.tensors.keys(), path, "parts hold the same tensor")
            self.tensors |= tensors
            self.paths.append(path.with_name(name))

    def files(self) -> list[tuple[int, pathlib.Path]]:
        return [(1, path) for path in self.paths]

    def digests(self) -> Iterator[str]:
        """Cheap ones first."""
        shape = gguf_shape(self.keys, self.tensors)
        no_weights = ("rope_freqs", "rope_factors_short", "rope_factors_long")
        no_weights = [f"{name}.weight" for name in no_weights]
        weights = {name: t for name, t in self.tensors.items() if name not in no_weights}
        checked(weights, shape)
        yield architecture_digest(shape)
        yield rope_digest(gguf_ropes(self.keys, self.tensors, shape))
        yield tokenizer_digest(gguf_tokens(self.keys, shape), shape.vocabulary)
        yield weights_digest(weights, shape, is_gguf=True)


BEGINNINGS = ("model.", "", "language_model.model.", "model.language_model.", "language_model.")


def weight_files(path: pathlib.Path) -> list[pathlib.Path]:
    """Those that transformers reads: one file, or the shards of the index."""
    one, index = path / "model.safetensors", path / "model.safetensors.index.json"
    if one.exists() or not index.exists():
        return [one]
    places = read_json(index).get("weight_map")
    is_map = isinstance(places, dict) and places
    intact(is_map and all(isinstance(n, str) for n in places.values()), index, "no shard is named")
    names = sorted(set(places.values()))
    intact(all(n == pathlib.Path(n).name for n in names), index, "a shard is in another folder")
    return [path / name for name in names]


class Folder:
    """A folder as transformers writes it."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.config = read_json(path / "config.json")
        self.tokenizer = read_json(path / "tokenizer.json")
        settings = path / "tokenizer_config.json"
        self.settings = read_json(settings) if settings.exists() else {}
        self.paths = weight_files(path)
        self.tensors: dict[str, Tensor] = {}
        for shard in self.paths:
            tensors = read_safetensors(shard)
            intact(not tensors.keys() & self.tensors.keys(), shard, "shards hold the same tensor")
            self.tensors |= tensors

    def files(self) -> list[tuple[int, pathlib.Path]]:
        named = [(role, self.path / name) for role, name in ROLES.items() if role > 1]
        return [(1, path) for path in self.paths] + [
            (r, path) for r, path in named if path.exists()
        ]

    def weights(self, shape: Shape) -> dict[str, Tensor]:
        """By their names in GGUF; a name that the table lacks stays."""
        beginning = next((b for b in BEGINNINGS if f"{b}embed_tokens.weight" in self.tensors), None)
        need(beginning is not None, "the tensor embed_tokens.weight is missing")
        names = {}
        for name in all_tensors(shape):
            names[beginning + transformers_name(name, shape.name)] = name
        outer = "language_model." if beginning == "language_model.model." else ""
        names[f"{outer}lm_head.weight"] = "output.weight"
        ignored = ("vision_tower.", "multi_modal_projector.")
        ignored += tuple("model." + name for name in ignored)
        ignored = ignored if self.config.get("model_type") == "gemma3" else ()
        return {
            names.get(name, name): tensor
            for name, tensor in self.tensors.items()
            if not name.endswith("rotary_emb.inv_freq") and not name.startswith(ignored)
        }

    def digests(self) -> Iterator[str]:
        config = completed(self.config)
        shape = config_shape(config)
        weights = checked(self.weights(shape), shape)
        is_tied = truth(config, "tie_word_embeddings", shape.is_gemma)
        need(is_tied or "output.weight" in weights, "the output matrix is missing")
        yield architecture_digest(shape)
        yield rope_digest(config_ropes(config, shape))
        tokens = folder_tokens(self.tokenizer, self.settings, config, shape.vocabulary)
        yield tokenizer_digest(tokens, shape.vocabulary)
        yield weights_digest(weights, shape, is_gguf=False)


def opened(path: str | pathlib.Path) -> Gguf | Folder:
    path = pathlib.Path(path)
    return Folder(path) if path.is_dir() else Gguf(path)


def values(path: str | pathlib.Path) -> dict[str, str]:
    """The identity by values (section 3.1), in hexadecimal."""
    return values_of(opened(path))


def values_of(model: Gguf | Folder) -> dict[str, str]:
    architecture, rope, tokenizer, weights = model.digests()
    return dict(zip(DIGESTS, (weights, architecture, rope, tokenizer), strict=True))


def files(path: str | pathlib.Path) -> list[dict[str, object]]:
    """The identity by files (section 3.3): entries of FILE in their order."""
    return files_of(opened(path))


def files_of(model: Gguf | Folder) -> list[dict[str, object]]:
    entries = []
    for role, path in model.files():
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        entries.append({"role": role, "name": path.name, "sha256": digest})
    return sorted(entries, key=lambda entry: (entry["role"], entry["sha256"]))


# The command


class Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        self.exit(64, f"identity.py: {message}\n")


def report(path: str, only_files: bool) -> dict[str, object]:
    model, result = opened(path), {}
    if not only_files:
        try:
            result["values"] = values_of(model)
        except NoValues as problem:
            result |= {"values": None, "why": f"{path}: no identity by values: {problem}"}
    return result | {"files": files_of(model)}


def show(result: dict[str, object]) -> None:
    for name, digest in (result.get("values") or {}).items():
        print(f"{'RoPE' if name == 'rope' else name:13}  {digest}")
    if "why" in result:
        print(result["why"])
    for entry in result["files"]:
        print(f"{entry['role']} {ROLES[entry['role']]:21}  {entry['name']}  {entry['sha256']}")


def main() -> int:
    arguments = Arguments(description="Computes both identities of a model from its files.")
    arguments.add_argument("model", metavar="MODEL", help="a GGUF, or a folder")
    arguments.add_argument("--json", action="store_true", help="print one JSON object")
    arguments.add_argument(
        "--files", action="store_true", help="compute the identity by files alone"
    )
    options = arguments.parse_args()
    try:
        result = report(options.model, options.files)
    except NoModel as problem:
        print(f"identity.py: {problem}", file=sys.stderr)
        return 65
    except OSError as problem:
        print(f"identity.py: {problem}", file=sys.stderr)
        return 66
    if options.json:
        print(json.dumps(result))
    else:
        show(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
