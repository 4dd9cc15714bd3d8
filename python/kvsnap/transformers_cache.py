"""Snapshots as caches of transformers: what `Snapshot.to_dynamic_cache` does. It needs torch.

Where heads keep different pairs, a layer is as long as its longest head, and only an attention
function that knows each head's positions computes rightly. It is called "kvsnap" and registered as
soon as this module is imported, for `model.set_attn_implementation("kvsnap")` and for
`from_pretrained(…, attn_implementation="kvsnap")`. With any other cache it is sdpa."""

import numpy as np
import torch
from transformers import AttentionInterface, AttentionMaskInterface, DynamicCache, PreTrainedConfig
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from kvsnap.errors import NotStoredError, OtherModelError
from kvsnap.snapshot import HeadPairs, Snapshot

NAME = "kvsnap"
# FP8 and Q8_0 are numbers only together with their scales: they are read as float32.
ELEMENTS = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
PRIVATE = 1 << 31  # the first private prompt form and key layout
NONE = -1  # the position of what fills a short head up


class HeadsApart(torch.Tensor):
    """Keys of heads with different pairs: only the attention function "kvsnap" can use them."""

    layer: "HeadsApartLayer"
    plain: torch.Tensor

    @classmethod
    def __torch_function__(cls, *_):
        raise RuntimeError(
            "the heads of this cache keep different pairs, so the model needs another attention: "
            f'call model.set_attn_implementation("{NAME}")'
        )


class HeadsApartLayer(DynamicLayer):
    """A layer whose heads keep different pairs.

    Keys and values are [batch, heads, longest head, length], short heads filled up in front with
    zeros. `positions` [heads, longest head] are those of the pairs, NONE where there is none. The
    layer's length is the number of tokens that it has seen, however few pairs are left of them."""

    def __init__(
        self, keys: torch.Tensor, values: torch.Tensor, positions: torch.Tensor, seen: int
    ):
        super().__init__()
        self.lazy_initialization(keys, values)
        self.keys, self.values, self.positions = keys, values, positions
        self.seen, self.stored = seen, seen

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *args, **kwargs):
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        end = self.seen + key_states.shape[-2]
        new = torch.arange(self.seen, end, device=self.positions.device)
        self.positions = torch.cat([self.positions, new.expand(len(self.positions), -1)], dim=1)
        self.seen = end
        keys, values = super().update(key_states, value_states)
        apart = keys.as_subclass(HeadsApart)
        apart.layer, apart.plain = self, keys
        return apart, values

    def get_seq_length(self) -> int:
        return self.seen

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """transformers makes its mask over all positions; each head takes what it has of it."""
        return self.seen + query_length, 0

    def crop(self, tokens_to_remove: int) -> None:
        count = abs(tokens_to_remove)
        if count > self.seen - self.stored:
            raise ValueError("only tokens after the snapshot can be removed from its cache")
        super().crop(tokens_to_remove)
        self.positions = self.positions[:, : self.positions.shape[1] - count]
        self.seen -= count

    def reset(self) -> None:
        super().reset()
        self.positions, self.seen, self.stored = self.positions[:, :0], 0, 0

    def mask(self, mask: torch.Tensor | None, query: torch.Tensor) -> torch.Tensor:
        """What each query head sees of its pairs: [batch, query heads, queries, longest head].

        `mask` is transformers' over all positions, [batch, 1 or query heads, queries, seen]; None
        is the causal one."""
        batch, heads, queries = query.shape[:3]
        positions = self.positions.to(query.device)
        positions = positions.repeat_interleave(heads // len(positions), dim=0)[None, :, None]
        has_pair = positions != NONE
        if mask is None:
            own = torch.arange(self.seen - queries, self.seen, device=query.device)
            return has_pair & (positions <= own[:, None])
        if mask.shape[-1] != self.seen:
            raise ValueError(f"a mask for {self.seen} tokens has {mask.shape[-1]}")
        index = positions.clamp(min=0).expand(batch, heads, queries, -1)
        seen = mask.expand(batch, heads, queries, -1).gather(-1, index)
        if seen.dtype == torch.bool:
            return seen & has_pair
        return seen.masked_fill(~has_pair, -torch.inf)


def attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    softcap: float | None = None,
    **rest,
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """transformers' sdpa, with a mask for each head where heads keep different pairs."""
    if isinstance(key, HeadsApart):
        attention_mask, key = key.layer.mask(attention_mask, query), key.plain
    if softcap is None:
        return sdpa_attention_forward(module, query, key, value, attention_mask, **rest)
    return capped_attention(module, query, key, value, attention_mask, softcap, **rest)


def capped_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: torch.Tensor | None,
    softcap: float,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention whose scores have a cap, which sdpa does not know (Gemma 2)."""
    groups = query.shape[1] // key.shape[1]
    scores = query @ repeat_kv(key, groups).transpose(2, 3)
    scores = scores * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    scores = torch.tanh(scores / softcap) * softcap
    if mask is None:
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device)
        mask = mask.tril(scores.shape[-1] - scores.shape[-2])
    if mask.dtype == torch.bool:
        mask = torch.zeros_like(mask, dtype=scores.dtype).masked_fill(~mask, -torch.inf)
    weights = torch.softmax(scores + mask, dim=-1, dtype=torch.float32).to(query.dtype)
    weights = torch.nn.functional.dropout(weights, p=dropout, training=module.training)
    return (weights @ repeat_kv(value, groups)).transpose(1, 2).contiguous(), weights


AttentionInterface.register(NAME, attention)
AttentionMaskInterface.register(NAME, sdpa_mask)


def cache_of(
    snapshot: Snapshot,
    ratio: int | None,
    device: str | torch.device,
    dtype: torch.dtype | str | None,
    config: PreTrainedConfig | None,
) -> DynamicCache:
    if max(snapshot.prompt_form, snapshot.key_layout) >= PRIVATE:
        raise NotStoredError(f"{snapshot.path}: only its maker knows how to continue it")
    counts = [snapshot.counts(layer, ratio) for layer in range(snapshot.layers)]
    if not all(counts):
        raise NotStoredError(f"{snapshot.path}: layer {counts.index([])} has no KV heads")
    layers = read(snapshot, ratio, counts)
    if isinstance(dtype, str):
        if dtype not in ELEMENTS:
            raise NotStoredError(f"a cache has one of {', '.join(ELEMENTS)}, not {dtype}")
        dtype = ELEMENTS[dtype]
    types = [tensor.dtype for tensor in layers[0][:2]]
    to = {"device": device, "dtype": dtype or torch.promote_types(*types)}
    seen, cache = len(snapshot.tokens), DynamicCache(config=config)
    if config is not None and len(cache.layers) != snapshot.layers:
        raise OtherModelError(
            f"{snapshot.path}: it has {snapshot.layers} layers, the model {len(cache.layers)}"
        )
    if all(count == seen for heads in counts for count in heads):
        for index, (keys, values, _) in enumerate(layers):
            cache.update(keys.to(**to), values.to(**to), index)
            layer = cache.layers[index]
            if isinstance(layer, DynamicSlidingWindowLayer):
                # What the window has left, without the memory of the rest.
                layer.keys, layer.values = layer.keys.clone(), layer.values.clone()
        return cache
    cache.layers = [
        HeadsApartLayer(keys.to(**to), values.to(**to), positions.to(device), seen)
        for keys, values, positions in layers
    ]
    return cache


def read(
    snapshot: Snapshot, ratio: int | None, counts: list[list[int]]
) -> list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Keys, values and positions of each layer, filled up; the library writes into the tensors."""
    names = snapshot.key_type, snapshot.value_type
    is_stored = all(name in ELEMENTS for name in names)
    types = [ELEMENTS[name] if is_stored else torch.float32 for name in names]
    layers, out = [], []
    for index, heads in enumerate(counts):
        shape, longest = snapshot._shape(index), max(heads)
        lengths = shape.key_length, shape.value_length
        tensors = [
            torch.zeros(1, len(heads), longest, length, dtype=element)
            for length, element in zip(lengths, types, strict=True)
        ]
        keys, values = (numbers(tensor)[0] for tensor in tensors)
        pairs = []
        for head, count in enumerate(heads):
            own = slice(longest - count, longest)
            positions = np.empty(count, np.uint32)
            pairs.append(HeadPairs(positions, keys[head, own], values[head, own]))
        out.append(pairs)
        layers.append(tensors)
    snapshot.read(ratio=ratio, dtype=None if is_stored else "float32", out=out)
    result = []
    for tensors, pairs in zip(layers, out, strict=True):
        positions = torch.full(tensors[0].shape[1:3], NONE)
        for head, own in enumerate(pairs):
            start = positions.shape[1] - len(own.positions)
            positions[head, start:] = torch.from_numpy(own.positions.astype(np.int64))
        result.append((*tensors, positions))
    return result


def numbers(tensor: torch.Tensor) -> np.ndarray:
    """The tensor's memory as the package's arrays have it: numpy knows no bfloat16."""
    return (tensor.view(torch.uint16) if tensor.dtype == torch.bfloat16 else tensor).numpy()
