"""Writing snapshots of whole caches: of transformers, or of arrays for each layer."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from kvsnap.arrays import token_ids
from kvsnap.errors import NotStoredError, OtherModelError
from kvsnap.snapshot import Snapshot, first_position
from kvsnap.writer import Writer


def create(
    path: str | os.PathLike,
    *,
    model: Any,
    tokens: Iterable[int],
    cache: Any,
    dtype: str | None = None,
    **options: Any,
) -> int:
    """Writes a whole cache as a snapshot, and gives the file's size in bytes.

    cache is a transformers cache, or a sequence of (keys, values) for each layer, each
    [KV heads, tokens, length]. dtype is float32, float16 or bfloat16; None is that of the cache.
    The other options are those of `Writer`: ranking, precision, parent, prompt_form, model_name,
    keys. With a parent, cache has the pairs of the whole context or of the new tokens alone."""
    ids = token_ids(tokens)
    layers = _layers(cache)
    parent = options.get("parent")
    new = len(ids) - first_position(parent)
    if new < 1:
        raise NotStoredError(f"{os.fspath(path)}: there are no new tokens")
    _check_model(model, len(layers))
    keys, values = layers[0]
    if dtype is None and any(tensor.dtype != keys.dtype for pair in layers for tensor in pair):
        raise NotStoredError("the cache has several types; name one of them as dtype")
    for number, layer in enumerate(getattr(cache, "layers", layers)):
        seen, held = _extent(layer)
        if seen not in (new, len(ids)):
            raise NotStoredError(
                f"layer {number} of the cache has pairs of {seen} tokens, and {len(ids)} are given;"
                " the last token of an answer has none yet"
            )
        if held < new:
            raise NotStoredError(
                f"layer {number} of the cache has {held} pairs of {new} tokens; if its sliding "
                "window drops pairs, prefill into transformers.DynamicCache() without arguments"
            )
    with Writer(
        path,
        model=model,
        tokens=ids,
        layers=len(layers),
        kv_heads=keys.shape[-3],
        key_length=keys.shape[-1],
        value_length=values.shape[-1],
        dtype=dtype or str(keys.dtype).removeprefix("torch."),
        **options,
    ) as writer:
        for keys, values in layers:
            writer.append(keys[..., -new:, :], values[..., -new:, :])
        return writer.finish()


def append(
    parent: Snapshot, path: str | os.PathLike, *, tokens: Iterable[int], cache: Any, **options: Any
) -> int:
    """Writes what a turn adds to a snapshot, as `create` with a parent. Both files must be in one
    folder when the new one is opened. tokens are the new ones alone."""
    ids = np.concatenate([parent.tokens, token_ids(tokens)])
    return create(path, tokens=ids, cache=cache, parent=parent, **options)


def _check_model(model: Any, layers: int) -> None:
    """Rejects a model of transformers with another number of layers."""
    config = getattr(model, "config", None)
    own = getattr(config, "get_text_config", lambda: config)()
    needed = getattr(own, "num_hidden_layers", layers)
    if needed != layers:
        raise OtherModelError(f"the cache has {layers} layers, and the model {needed}")


def _extent(layer: Any) -> tuple[int, int]:
    """How many tokens a layer has seen, and of how many of the last ones every head has pairs."""
    if isinstance(layer, Sequence):
        held = min(tensor.shape[-2] for tensor in layer)
        return held, held
    seen = layer.get_seq_length()
    # Where heads keep different pairs, all of them have what came after the snapshot.
    return seen, seen - layer.stored if hasattr(layer, "stored") else layer.keys.shape[-2]


def _layers(cache: Any) -> list[tuple[Any, Any]]:
    """The keys and values of each layer."""
    layers = getattr(cache, "layers", cache)
    pairs = [
        (layer.keys, layer.values) if hasattr(layer, "keys") else tuple(layer) for layer in layers
    ]
    if not pairs or any(len(pair) != 2 or pair[0] is None for pair in pairs):
        raise NotStoredError("a cache has keys and values for each layer")
    if any(len(getattr(tensor, "shape", ())) < 3 for pair in pairs for tensor in pair):
        raise NotStoredError("keys and values are [KV heads, tokens, length]")
    if any(getattr(layer, "is_compileable", False) for layer in layers):
        raise NotStoredError("a static cache cannot be written; use transformers.DynamicCache()")
    return pairs
