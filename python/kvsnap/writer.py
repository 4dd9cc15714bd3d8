"""Writing snapshots layer by layer, from numpy arrays and torch tensors."""

import contextlib
import ctypes
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kvsnap._library import (
    LIBRARY,
    File,
    New,
    Resource,
    Source,
    check,
    encoded,
    key_array,
    number,
)
from kvsnap.arrays import CODES, Memory, memory, shape_of, token_ids
from kvsnap.errors import NotStoredError
from kvsnap.model_identity import Identity, identity
from kvsnap.snapshot import Snapshot, first_position

# Numbers of spec/format.md, section 5.3, of methods that need only keys.
METHODS = {"k-norm": 2, "streaming-llm": 3, "keydiff": 6, "random": 7}
FILTERS, PRIVATE = 1, 2**31
NO_SCORES, HEAD_SCORES, SHARED_SCORES = 0, 1, 2


@dataclass
class Scores:
    """A ranking of one's own: a score for each pair; the highest stay longest."""

    values: Any
    """[layers][KV heads][tokens]: of the pairs that are written, finite"""
    shared: bool = True
    """Whether scores of all heads can be compared, so that ×N keeps 1/N of all pairs together.
    Otherwise it keeps 1/N of each head."""
    scorer: int = PRIVATE
    """4, 5 or 8 for scores of SnapKV, Expected Attention or KVzip; otherwise a private number"""


Ranking = str | os.PathLike | Scores | None


class Writer(Resource):
    """Writes a snapshot layer by layer. The file appears at its path, whole, with `finish`.

    A writer that is left or dropped before leaves no file. A ranked snapshot holds a copy of the
    cache until then; one that is not ranked goes to the file as it comes. Layers come in their
    order, so one thread appends at a time."""

    _closed = "the writer is closed"
    _uncopied = "a writer cannot be copied"

    def __init__(
        self,
        path: str | os.PathLike,
        *,
        model: Any,
        tokens: Iterable[int],
        layers: int,
        kv_heads: int,
        key_length: int,
        value_length: int | None = None,
        dtype: str = "float16",
        ranking: Ranking = None,
        precision: str | None = None,
        parent: Snapshot | None = None,
        prompt_form: int = 0,
        model_name: str = "",
        keys: Sequence[bytes | str] = (),
    ):
        """Begins a snapshot.

        model is an `Identity`, or what `kvsnap.identity` takes: a transformers model, a folder, a
        GGUF. tokens are those of the whole context, also what a parent holds. ranking is the path
        of a filter bank (.qfilt), k-norm, streaming-llm, keydiff, random, or `Scores`; None ranks
        nothing, and then only the whole cache can be read. precision has the terms of `qfilters
        prefill --precision`; None stores without loss. parent is an open snapshot that the new one
        continues. keys encrypt."""
        self.path, self.dtype = os.fspath(path), dtype
        if dtype not in CODES:
            raise NotStoredError(f"a cache has one of {', '.join(CODES)}, not {dtype}")
        ids = token_ids(tokens)
        known = model if isinstance(model, Identity) else identity(model)
        self.layers, self._next = layers, 0
        self._heads, self._pairs = kv_heads, len(ids) - first_position(parent)
        self._lengths = key_length, key_length if value_length is None else value_length
        self._scores = ranking.values if isinstance(ranking, Scores) else None
        shape = layers, kv_heads, self._pairs
        given = shape if self._scores is None else shape_of(self._scores)
        if given != shape:
            raise NotStoredError(f"scores are {shape}, not {given}")
        new = New(
            size=ctypes.sizeof(New),
            layers=number(layers, "layers"),
            kv_heads=number(kv_heads, "kv_heads"),
            key_length=number(self._lengths[0], "key_length"),
            value_length=number(self._lengths[1], "value_length"),
            key_type=CODES[dtype],
            value_type=CODES[dtype],
            tokens=ids.ctypes.data,
            token_count=len(ids),
            prompt_form=number(prompt_form, "prompt_form"),
            model=encoded(model_name, "model_name"),
            precision=None if precision is None else encoded(precision, "precision"),
        )
        _set_identity(new, known)
        _set_ranking(new, ranking)
        new.keys, new.key_count = key_array(keys), len(keys)
        self._begin(new, parent)

    def _begin(self, new: New, parent: Snapshot | None) -> None:
        handle = ctypes.c_void_p()
        target = encoded(self.path, "path"), ctypes.byref(new), ctypes.byref(handle)
        with contextlib.nullcontext() if parent is None else parent._use() as pointer:
            new.parent = pointer
            check(LIBRARY.kvsnap_create(*target))
        self._hold(handle, LIBRARY.kvsnap_discard, exclusive=True)

    def append(self, keys: Any, values: Any, scores: Any = None) -> None:
        """Appends the next layer.

        keys and values are [KV heads, pairs, length], also with a leading 1: keys after RoPE,
        half-split, in order of position. They are arrays of numpy or tensors of torch on any
        device, and become `dtype`. scores are [KV heads, pairs], if the ranking has none of its
        own."""
        with self._use() as handle:
            heads, _tensors = self._sources(self._next, keys, values, scores)
            check(LIBRARY.kvsnap_append(handle, heads))
            self._next += 1

    def _sources(self, layer: int, keys: Any, values: Any, scores: Any) -> tuple[Any, list[Memory]]:
        """Where the pairs of each head are, and what keeps them there."""
        if scores is None and self._scores is not None and layer < self.layers:
            scores = self._scores[layer]
        shapes = [(self._heads, self._pairs, length) for length in self._lengths]
        tensors = [
            _shaped(memory(array, self.dtype), shape, f"layer {layer}: {name}")
            for array, shape, name in zip((keys, values), shapes, ("keys", "values"), strict=True)
        ]
        if scores is not None:
            name = f"layer {layer}: scores"
            tensors.append(_shaped(memory(scores, "float32"), (self._heads, self._pairs), name))
        heads = (Source * self._heads)()
        for index, head in enumerate(heads):
            for (field, _), tensor in zip(Source._fields_, tensors, strict=False):
                setattr(head, field, tensor.address + index * tensor.size // self._heads)
        return heads, tensors

    def finish(self) -> int:
        """Ranks and writes what is not yet written; the file appears. Gives its size in bytes."""
        size = ctypes.c_uint64()
        with self._use() as handle:
            check(LIBRARY.kvsnap_finish(handle, ctypes.byref(size)))
        self.close()
        return size.value


def _set_identity(new: New, known: Identity) -> None:
    """One of the two kinds of identity, or both."""
    if known.values is not None:
        new.identity = known.digests
    files = (File * len(known.files))()
    for entry, file in zip(files, known.files, strict=True):
        entry.role, entry.digest = file.role, (ctypes.c_uint8 * 32)(*file.sha256)
    new.files, new.file_count = files, len(known.files)


def _set_ranking(new: New, ranking: Ranking) -> None:
    if ranking is None:
        return
    if isinstance(ranking, Scores):
        new.scorer = number(ranking.scorer, "scorer")
        new.scores = SHARED_SCORES if ranking.shared else HEAD_SCORES
    elif ranking in METHODS:
        new.scorer = METHODS[ranking]
    else:
        new.scorer, new.filters = FILTERS, encoded(ranking, "ranking")


def _shaped(tensor: Memory, shape: tuple[int, ...], name: str) -> Memory:
    """A tensor that has a shape, perhaps with a batch of one before it."""
    if tensor.shape in (shape, (1, *shape)):
        return tensor
    raise NotStoredError(f"{name} must have the shape {shape}, not {tensor.shape}")
