"""Attention of heads that keep different pairs, against a loop over heads; needs torch."""

import math
import types
import unittest

import numpy as np
from places import SNAPSHOTS

try:
    import torch
    from kvsnap.transformers_cache import NONE, HeadsApartLayer, attention
except ImportError as problem:
    raise unittest.SkipTest(f"{problem}") from None

import kvsnap

HEADS, GROUP, LENGTH, SEEN, NEW = 3, 2, 8, 30, 4
KEPT = ([0, 3, 4, 17, 28, 29], [29], [1, 2, 25, 26])


def layer_of(kept, batch=1):
    longest = max(map(len, kept))
    keys, values = torch.zeros(2, batch, len(kept), longest, LENGTH)
    positions = torch.full((len(kept), longest), NONE)
    for head, own in enumerate(kept):
        start = longest - len(own)
        keys[:, head, start:], values[:, head, start:] = torch.randn(2, batch, len(own), LENGTH)
        positions[head, start:] = torch.tensor(own)
    return HeadsApartLayer(keys, values, positions, SEEN)


def loop(layer, query, visible, cap=None):
    """For each head and query by itself; `visible` says which position a query sees."""
    keys, values = layer.keys.double(), layer.values.double()
    out = torch.zeros(query.shape, dtype=torch.float64)
    for batch, head, index in np.ndindex(*query.shape[:3]):
        own, pairs = head // GROUP, []
        for place, position in enumerate(layer.positions[own].tolist()):
            if position >= 0 and visible(layer.seen - query.shape[2] + index, position):
                pairs.append(place)
        scores = keys[batch, own, pairs] @ query[batch, head, index].double() / math.sqrt(LENGTH)
        scores = scores if cap is None else cap * torch.tanh(scores / cap)
        out[batch, head, index] = torch.softmax(scores, 0) @ values[batch, own, pairs]
    return out.transpose(1, 2)


class Attention(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(1)
        self.module = types.SimpleNamespace(
            num_key_value_groups=GROUP, is_causal=True, training=False
        )

    def attended(self, layer, new, mask=None, batch=1, **options):
        query = torch.randn(batch, HEADS * GROUP, new, LENGTH)
        keys, values = layer.update(*torch.randn(2, batch, HEADS, new, LENGTH))
        return query, attention(self.module, query, keys, values, mask, **options)[0]

    def same(self, found, expected):
        torch.testing.assert_close(found.double(), expected, atol=1e-6, rtol=1e-5)

    def test_one_token_after_another(self):
        layer = layer_of(KEPT)
        for _ in range(3):
            query, found = self.attended(layer, 1)
            self.same(found, loop(layer, query, lambda q, k: k <= q))
        self.assertEqual(layer.get_seq_length(), SEEN + 3)

    def test_several_tokens_of_two_sequences(self):
        layer = layer_of(KEPT, batch=2)
        query, found = self.attended(layer, NEW, batch=2)
        self.same(found, loop(layer, query, lambda q, k: k <= q))

    def test_windows_are_of_true_positions(self):
        queries = torch.arange(SEEN, SEEN + NEW)[:, None]
        positions = torch.arange(SEEN + NEW)
        mask = (positions <= queries) & (positions > queries - 6)
        for own in (mask, torch.zeros(mask.shape).masked_fill(~mask, -torch.inf)):
            layer = layer_of(KEPT)
            query, found = self.attended(layer, NEW, own[None, None])
            self.same(found, loop(layer, query, lambda q, k: q - 6 < k <= q))

    def test_capped_scores(self):
        layer = layer_of(KEPT)
        query, found = self.attended(layer, NEW, softcap=0.5)
        self.same(found, loop(layer, query, lambda q, k: k <= q, cap=0.5))

    def test_what_is_not_filled_changes_nothing(self):
        layer = layer_of(KEPT)
        layer.keys.masked_fill_((layer.positions == NONE)[None, :, :, None], 9)
        layer.values.masked_fill_((layer.positions == NONE)[None, :, :, None], 9)
        query, found = self.attended(layer, NEW)
        self.same(found, loop(layer, query, lambda q, k: k <= q))

    def test_wrong_masks(self):
        with self.assertRaisesRegex(ValueError, "a mask for 34 tokens has 10"):
            self.attended(layer_of(KEPT), NEW, torch.ones(1, 1, NEW, 10, dtype=torch.bool))

    def test_other_attention(self):
        keys, _ = layer_of(KEPT).update(*torch.randn(2, 1, HEADS, 1, LENGTH))
        for use in (lambda: keys.shape, lambda: keys @ keys, lambda: keys.expand(2)):
            with self.assertRaisesRegex(RuntimeError, "set_attn_implementation"):
                use()

    def test_tokens_are_taken_back(self):
        layer = layer_of(KEPT)
        self.attended(layer, NEW)
        layer.crop(-3)
        self.assertEqual(layer.get_seq_length(), SEEN + 1)
        query, found = self.attended(layer, 1)
        self.same(found, loop(layer, query, lambda q, k: k <= q))
        with self.assertRaises(ValueError):
            layer.crop(-3)
        layer.reset()
        query, found = self.attended(layer, NEW)
        self.assertEqual(layer.get_seq_length(), NEW)
        self.same(found, loop(layer, query, lambda q, k: k <= q))


class Types(unittest.TestCase):
    def cache(self, name, **options):
        with kvsnap.open(SNAPSHOTS / f"{name}.kvsnap") as snapshot:
            layers = snapshot.to_dynamic_cache(**options).layers
            return snapshot.read(), snapshot.read(dtype="float32"), layers

    def test_bfloat16_keeps_every_bit(self):
        stored, _, layers = self.cache("bf16")
        for heads, layer in zip(stored, layers, strict=True):
            self.assertEqual(layer.keys.dtype, torch.bfloat16)
            for head, pairs in enumerate(heads):
                start = layer.keys.shape[2] - len(pairs.keys)
                for name in ("keys", "values"):
                    found = getattr(layer, name)[0, head, start:].view(torch.uint16).numpy()
                    np.testing.assert_array_equal(found, getattr(pairs, name))

    def test_numbers(self):
        for name in (
            "f32",
            "f16",
            "keys-f16-values-f32",
            "e4m3",
            "fp8-scales",
            "q8-0",
            "compressed",
        ):
            with self.subTest(name):
                _, numbers, layers = self.cache(name, dtype=torch.float32)
                for heads, layer in zip(numbers, layers, strict=True):
                    for head, pairs in enumerate(heads):
                        start = layer.keys.shape[2] - len(pairs.keys)
                        for part in ("keys", "values"):
                            found = getattr(layer, part)[0, head, start:].numpy()
                            np.testing.assert_array_equal(found, getattr(pairs, part))

    def test_types(self):
        expected = {"f16": "float16", "keys-f16-values-f32": "float32", "e4m3": "float32"}
        for name, element in expected.items():
            _, _, layers = self.cache(name)
            self.assertEqual(layers[0].values.dtype, getattr(torch, element))
        _, _, layers = self.cache("f16", dtype=torch.bfloat16)
        self.assertEqual(layers[0].keys.dtype, torch.bfloat16)

    def test_what_cannot_be_continued(self):
        for name in ("private-form", "shapes-first-none"):
            with self.assertRaises(kvsnap.NotStoredError):
                self.cache(name)


if __name__ == "__main__":
    unittest.main()
