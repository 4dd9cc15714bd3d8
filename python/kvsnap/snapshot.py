"""Reading snapshots into numpy arrays."""

import ctypes
import os
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from kvsnap._library import LIBRARY, Head, Layer, Resource, Shape, check, encoded, key_array, number
from kvsnap.errors import NotStoredError

STORED, FLOAT32 = 0, 2
Form = tuple[tuple[int, ...], np.dtype]
# numpy knows no bfloat16 and no FP8: their bits are in unsigned integers. A block of Q8_0 has a
# scale in binary16 and 32 numbers of 8 bits.
TYPES = {
    2: np.dtype("<f4"),
    3: np.dtype("<f2"),
    4: np.dtype("<u2"),
    9: np.dtype("u1"),
    10: np.dtype("u1"),
    11: np.dtype([("scale", "<f2"), ("numbers", "i1", 32)]),
}
NAMES = {2: "float32", 3: "float16", 4: "bfloat16", 9: "fp8-e4m3", 10: "fp8-e5m2", 11: "q8_0"}


class HeadPairs(NamedTuple):
    """What is kept of one KV head, in order of position."""

    positions: np.ndarray
    """[pairs] uint32, ascending."""
    keys: np.ndarray
    """[pairs, key length], after RoPE, half-split."""
    values: np.ndarray
    """[pairs, value length]"""


class Snapshot(Resource):
    """One context's KV cache in a file, with all that it continues.

    What it gives was checked. Several threads may read at a time, each in parallel."""

    _uncopied = "a snapshot is an open file: open it again instead of copying it"

    def __init__(self, path: str | os.PathLike, keys: Sequence[bytes | str] = ()):
        """Opens a file. `keys` opens encrypted ones: key files as bytes, passphrases as str."""
        self.path = os.fspath(path)
        handle = ctypes.c_void_p()
        path, target = encoded(path, "path"), ctypes.byref(handle)
        check(LIBRARY.kvsnap_open(path, key_array(keys), len(keys), target))
        self._hold(handle, LIBRARY.kvsnap_close)
        shape = Shape()
        LIBRARY.kvsnap_describe(handle, ctypes.byref(shape))
        self.layers, self.kv_heads = shape.layers, shape.kv_heads
        self.key_length, self.value_length = shape.key_length, shape.value_length
        self.key_type, self.value_type = NAMES[shape.key_type], NAMES[shape.value_type]
        self.least_ratio, self.scorer = shape.least_compression, shape.scorer
        self.prompt_form, self.trusted = shape.prompt_form, bool(shape.trusted)
        self.key_layout = shape.key_layout
        self._codecs = shape.key_type, shape.value_type
        self.tokens = np.empty(shape.tokens, np.uint32)
        LIBRARY.kvsnap_tokens(handle, self.tokens.ctypes.data)
        # Others rely on their number.
        self.tokens.flags.writeable = False

    def __repr__(self) -> str:
        return (
            f"<kvsnap.Snapshot {self.path!r}: {len(self.tokens)} tokens, {self.layers} layers, "
            f"{self.kv_heads} KV heads>"
        )

    @property
    def identity(self) -> dict[str, bytes] | None:
        """The digests of the model's weights, architecture, RoPE and tokenizer; None if the file
        has none of values."""
        digests = (ctypes.c_uint8 * 128)()
        with self._use() as handle:
            if LIBRARY.kvsnap_identity(handle, digests):
                return None
        data, names = bytes(digests), ("weights", "architecture", "rope", "tokenizer")
        return {name: data[32 * i : 32 * i + 32] for i, name in enumerate(names)}

    def counts(self, layer: int, ratio: int | None = None) -> list[int]:
        """How many pairs ×ratio keeps of each head of a layer; None counts all that is stored."""
        heads = self._shape(layer).kv_heads
        counts = (ctypes.c_uint64 * self.kv_heads)()
        with self._use() as handle:
            check(LIBRARY.kvsnap_count(handle, layer, self._ratio(ratio), counts))
        return list(counts[:heads])

    def layer(
        self,
        layer: int,
        ratio: int | None = None,
        dtype: str | None = None,
        out: Sequence[HeadPairs] | None = None,
    ) -> list[HeadPairs]:
        """What ×ratio keeps of a layer, for each of its KV heads; None is all that is stored.

        dtype "float32" converts; None gives the stored type, where bfloat16 and FP8 are unsigned
        integers. `out` has arrays to fill: contiguous, writable, and as long as `counts` says."""
        return self.read(range(layer, layer + 1), ratio, dtype, None if out is None else [out])[0]

    def read(
        self,
        layers: range | None = None,
        ratio: int | None = None,
        dtype: str | None = None,
        out: Sequence[Sequence[HeadPairs]] | None = None,
    ) -> list[list[HeadPairs]]:
        """Several layers at once, all of them by default, on all processors; else as `layer`."""
        layers = range(self.layers) if layers is None else layers
        if not isinstance(layers, range):
            raise NotStoredError(f"layers are a range, not {layers!r}")
        if layers.step != 1 or not 0 <= layers.start <= layers.stop <= self.layers:
            raise NotStoredError(f"{self.path}: it has the layers 0 to {self.layers - 1}")
        if dtype not in (None, "float32"):
            raise NotStoredError(f"a dtype is None or 'float32', not {dtype!r}")
        forms = [self._forms(layer, ratio, dtype) for layer in layers]
        if out is None:
            out = [
                [HeadPairs(*(np.empty(*form) for form in head)) for head in layer]
                for layer in forms
            ]
        else:
            _check_arrays(out, forms)
        memory = (Head * (len(layers) * self.kv_heads))()
        for index, heads in enumerate(out):
            for head, pairs in enumerate(heads):
                memory[index * self.kv_heads + head] = Head(*(a.ctypes.data for a in pairs))
        element = STORED if dtype is None else FLOAT32
        call = layers.start, len(layers), self._ratio(ratio), element, memory
        with self._use() as handle:
            check(LIBRARY.kvsnap_read(handle, *call))
        return [list(heads) for heads in out]

    def to_dynamic_cache(
        self, ratio: int | None = None, device: Any = "cpu", dtype: Any = None, config: Any = None
    ) -> Any:
        """What ×ratio keeps as transformers' DynamicCache; None is all that is stored.

        dtype is the model's, of torch or its name; None keeps the stored type. Where heads keep
        different pairs, the model needs `model.set_attn_implementation("kvsnap")`, after this call.
        With `config`, the model's, a whole cache holds only the window of layers that have one. The
        next token's position is len(tokens)."""
        try:
            from kvsnap.transformers_cache import cache_of
        except ImportError as problem:
            raise ImportError(f"to_dynamic_cache needs torch and transformers: {problem}") from None
        return cache_of(self, ratio, device, dtype, config)

    def _forms(self, layer: int, ratio: int | None, dtype: str | None) -> list[tuple[Form, ...]]:
        """Shape and type of positions, keys and values of each head of a layer at ×ratio."""
        shape, codecs = self._shape(layer), self._codecs
        lengths = [shape.key_length, shape.value_length]
        if dtype is None:
            lengths = [
                n // 32 if codec == 11 else n for n, codec in zip(lengths, codecs, strict=True)
            ]
        types = [TYPES[FLOAT32 if dtype else codec] for codec in codecs]
        return [
            (
                ((count,), np.dtype(np.uint32)),
                ((count, lengths[0]), types[0]),
                ((count, lengths[1]), types[1]),
            )
            for count in self.counts(layer, ratio)
        ]

    def _shape(self, layer: int) -> Layer:
        if not 0 <= layer < self.layers:
            raise NotStoredError(f"{self.path}: there is no layer {layer}: it has {self.layers}")
        shape = Layer()
        with self._use() as handle:
            LIBRARY.kvsnap_describe_layer(handle, layer, ctypes.byref(shape))
        return shape

    @staticmethod
    def _ratio(ratio: int | None) -> int:
        if ratio is None:
            return 0
        if number(ratio, "ratio") < 1:
            raise NotStoredError("a ratio is 1 or more, not 0")
        return ratio


def first_position(parent: Snapshot | None) -> int:
    """The first position of what continues a snapshot."""
    if parent is None:
        return 0
    if not isinstance(parent, Snapshot):
        raise NotStoredError(f"a parent is an open snapshot, not {parent!r}")
    return len(parent.tokens)


def _check_arrays(
    out: Sequence[Sequence[HeadPairs]], forms: Sequence[Sequence[tuple[Form, ...]]]
) -> None:
    """Rejects arrays that are not as long, of the type, or in order."""
    if [len(heads) for heads in out] != [len(heads) for heads in forms]:
        raise NotStoredError(f"out: it must have arrays for {len(forms)} layers and their heads")
    for heads, needed in zip(out, forms, strict=True):
        for arrays, form in zip(heads, needed, strict=True):
            for name, array, (shape, dtype) in zip(HeadPairs._fields, arrays, form, strict=True):
                if not isinstance(array, np.ndarray):
                    raise NotStoredError(f"out: {name} must be an array of numpy")
                fits = array.shape == shape and array.dtype == dtype
                if not (fits and array.flags.c_contiguous and array.flags.writeable):
                    what = f"{shape} of {dtype}, contiguous and writable"
                    raise NotStoredError(f"out: {name} must have the shape {what}")
