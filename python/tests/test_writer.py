"""Snapshots written from numpy arrays are read again, pair by pair."""

import pathlib
import tempfile
import unittest

import kvsnap
import numpy as np

LAYERS, HEADS, TOKENS, LENGTHS = 2, 3, 300, (8, 6)
DIGESTS = ("weights", "architecture", "rope", "tokenizer")
MODEL = kvsnap.Identity({name: bytes([i]) * 32 for i, name in enumerate(DIGESTS, 1)})


def random_cache(seed: int, tokens: int = TOKENS, dtype: str = "float16"):
    """(keys, values) of each layer."""
    random = np.random.default_rng(seed)
    return [
        tuple(random.normal(size=(HEADS, tokens, n)).astype(dtype) for n in LENGTHS)
        for _ in range(LAYERS)
    ]


class WriterTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = self.folder / "cache.kvsnap"

    def check(self, cache, first: int = 0, ratio: int | None = None) -> int:
        """How many pairs there are, each of which is one of the cache."""
        total = 0
        with kvsnap.open(self.path) as snapshot:
            for layer, heads in enumerate(snapshot.read(ratio=ratio)):
                for head, pairs in enumerate(heads):
                    own = pairs.positions >= first
                    at = pairs.positions[own] - first
                    np.testing.assert_array_equal(pairs.keys[own], cache[layer][0][head][at])
                    np.testing.assert_array_equal(pairs.values[own], cache[layer][1][head][at])
                    total += len(at)
        return total

    def test_every_ranking_keeps_the_cache(self):
        scores = np.random.default_rng(1).normal(size=(LAYERS, HEADS, TOKENS))
        rankings = (None, "k-norm", "streaming-llm", "keydiff", "random")
        for ranking in (*rankings, kvsnap.Scores(scores), kvsnap.Scores(scores, shared=False)):
            with self.subTest(ranking=ranking):
                cache = random_cache(2)
                size = kvsnap.create(
                    self.path, model=MODEL, tokens=range(TOKENS), cache=cache, ranking=ranking
                )
                self.assertEqual(size, self.path.stat().st_size)
                kvsnap.verify(self.path)
                self.assertEqual(self.check(cache), LAYERS * HEADS * TOKENS)
                with kvsnap.open(self.path) as snapshot:
                    self.assertEqual(snapshot.identity, MODEL.values)
                    if ranking is None:
                        self.assertRaises(kvsnap.NotStoredError, snapshot.layer, 0, 8)
                if ranking is not None:
                    total = self.check(cache, ratio=2)
                    self.assertLess(total, LAYERS * HEADS * TOKENS)
                    self.assertGreater(total, 0)

    def test_turns_continue(self):
        first, second = random_cache(3), random_cache(4, 50)
        root = self.folder / "root.kvsnap"
        kvsnap.create(root, model=MODEL, tokens=range(TOKENS), cache=first, ranking="k-norm")
        with kvsnap.open(root) as parent:
            kvsnap.append(
                parent, self.path, model=MODEL, tokens=range(50), cache=second, ranking="k-norm"
            )
        self.assertEqual(self.check(second, first=TOKENS), LAYERS * HEADS * 50)
        with kvsnap.open(self.path) as snapshot:
            self.assertEqual(snapshot.tokens.tolist(), [*range(TOKENS), *range(50)])
            keys = snapshot.layer(1)[2].keys
        np.testing.assert_array_equal(keys[:TOKENS], first[1][0][2])

    def test_types_are_converted(self):
        cache = random_cache(5, dtype="float32")
        options = {"model": MODEL, "tokens": range(TOKENS), "cache": cache}
        kvsnap.create(self.path, **options)
        self.check(cache)
        kvsnap.create(self.path, dtype="float16", **options)
        self.check([tuple(array.astype("float16") for array in layer) for layer in cache])
        self.assertRaises(kvsnap.NotStoredError, kvsnap.create, self.path, dtype="int8", **options)

    def test_layers_of_a_writer_may_be_views(self):
        cache = random_cache(6)
        with kvsnap.Writer(
            self.path,
            model=MODEL,
            tokens=range(TOKENS),
            layers=LAYERS,
            kv_heads=HEADS,
            key_length=LENGTHS[0],
            value_length=LENGTHS[1],
        ) as writer:
            for keys, values in cache:
                # A batch of one, and tokens before heads in memory.
                turned = np.ascontiguousarray(keys.transpose(1, 0, 2)).transpose(1, 0, 2)
                writer.append(turned[None], values)
            writer.finish()
        self.check(cache)

    def test_arrays_that_are_given_are_filled(self):
        cache = random_cache(8)
        kvsnap.create(self.path, model=MODEL, tokens=range(TOKENS), cache=cache, ranking="k-norm")
        with kvsnap.open(self.path) as snapshot:
            heads = snapshot.read(ratio=2)
            out = [[kvsnap.HeadPairs(*map(np.zeros_like, head)) for head in own] for own in heads]
            snapshot.read(ratio=2, out=out)
            for mine, theirs in zip(out, heads, strict=True):
                for a, b in zip(mine, theirs, strict=True):
                    for filled, expected in zip(a, b, strict=True):
                        np.testing.assert_array_equal(filled, expected)
            for wrong in ([], out[:1], [out[0], out[1][:2]]):
                self.assertRaises(kvsnap.NotStoredError, snapshot.read, ratio=2, out=wrong)
            # ×4 has fewer pairs, and floats are longer.
            self.assertRaises(kvsnap.NotStoredError, snapshot.read, ratio=4, out=out)
            self.assertRaises(
                kvsnap.NotStoredError, snapshot.read, ratio=2, dtype="float32", out=out
            )

    def test_what_is_wrong_is_one_sentence_and_leaves_no_file(self):
        cache = random_cache(7)
        wrong = {
            "no tokens": {"tokens": []},
            "negative ids": {"tokens": range(-1, TOKENS - 1)},
            "two sequences": {"tokens": np.zeros((2, TOKENS), int)},
            "no ids": {"tokens": np.zeros(TOKENS)},
            "too few tokens": {"tokens": range(TOKENS - 1)},
            "no method": {"ranking": "nonsense"},
            "no precision": {"precision": "int5"},
            "other heads": {"cache": [cache[0], (cache[1][0][:2], cache[1][1])]},
            "scores of another shape": {"ranking": kvsnap.Scores(np.zeros((LAYERS, HEADS, 9)))},
            "no number": {"ranking": kvsnap.Scores(np.full((LAYERS, HEADS, TOKENS), np.nan))},
            "no scorer": {"ranking": kvsnap.Scores(np.zeros((LAYERS, HEADS, TOKENS)), scorer=1)},
        }
        for name, options in wrong.items():
            with self.subTest(name):
                options = {"model": MODEL, "tokens": range(TOKENS), "cache": cache} | options
                with self.assertRaises(kvsnap.SnapshotError) as error:
                    kvsnap.create(self.path, **options)
                self.assertEqual(len(str(error.exception).splitlines()), 1)
                self.assertEqual(list(self.folder.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
