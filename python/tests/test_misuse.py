"""What the package does with wrong arguments: one sentence each, and no file."""

import copy
import pathlib
import pickle
import tempfile
import threading
import unittest

import kvsnap
import numpy as np
from test_writer import HEADS, LAYERS, LENGTHS, MODEL, TOKENS, random_cache

KEYS = [bytes([i]) * 40 for i in range(1, 10)]


class MisuseTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = self.folder / "cache.kvsnap"
        self.cache = random_cache(1)

    def create(self, path=None, **options):
        options = {"model": MODEL, "tokens": range(TOKENS), "cache": self.cache} | options
        return kvsnap.create(path or self.path, **options)

    def writer(self, **options):
        usual = {"layers": LAYERS, "kv_heads": HEADS, "key_length": LENGTHS[0]}
        return kvsnap.Writer(
            self.path, **{"model": MODEL, "tokens": range(TOKENS)} | usual | options
        )

    def rejected(self, call, *arguments, **options):
        with self.assertRaises(kvsnap.SnapshotError) as error:
            call(*arguments, **options)
        self.assertEqual(len(str(error.exception).splitlines()), 1)

    def test_keys_are_a_list(self):
        for keys in ("hunter2", b"01234567", [40], KEYS[:8]):
            self.rejected(self.create, keys=keys)
        self.rejected(kvsnap.open, self.path, keys="hunter2")
        self.create(keys=KEYS[:7])
        for key in KEYS[:7]:
            kvsnap.open(self.path, keys=[key]).close()

    def test_the_order_of_bytes_is_changed(self):
        self.cache = random_cache(2, dtype="float32")
        swapped = [tuple(a.astype(">f4") for a in layer) for layer in self.cache]
        scores = np.random.default_rng(3).normal(size=(LAYERS, HEADS, TOKENS)).astype("f4")
        kept = []
        for cache, values in ((self.cache, scores), (swapped, scores.astype(">f4"))):
            self.create(cache=cache, dtype="float32", ranking=kvsnap.Scores(values))
            with kvsnap.open(self.path) as snapshot:
                np.testing.assert_array_equal(snapshot.layer(1)[2].keys, self.cache[1][0][2])
                kept.append([head.positions.tolist() for head in snapshot.layer(0, 8)])
        self.assertEqual(*kept)

    def test_numbers_are_not_changed_silently(self):
        wide = [tuple(a.astype("f4") * 1e6 for a in layer) for layer in self.cache]
        self.rejected(self.create, cache=wide, dtype="float16")
        mixed = [(keys, values.astype("f4")) for keys, values in self.cache]
        self.rejected(self.create, cache=mixed)
        for kind in ("u2", "?", "c8"):
            with np.errstate(all="ignore"):
                other = [tuple(a.astype(kind) for a in layer) for layer in self.cache]
            self.rejected(self.create, cache=other, dtype="float32")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_what_is_not_finite_is_no_cache(self):
        self.cache[1][1][2, 17, 3] = np.nan
        for ranking in (None, "k-norm"):
            self.rejected(self.create, ranking=ranking)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_path_is_the_one_that_was_given(self):
        for name in (b"b\xff.kvsnap", b"a\0b.kvsnap"):
            self.rejected(self.create, bytes(self.folder) + b"/" + name)
        self.rejected(self.create, precision="int8\0")
        self.rejected(self.create, model_name="a\0b")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_other_files_are_not_replaced(self):
        other = self.folder / "text.txt"
        other.write_text("mine")
        self.rejected(self.create, other)
        self.assertEqual(other.read_text(), "mine")
        self.create()
        self.create()
        self.assertEqual(sorted(self.folder.iterdir()), [self.path, other])

    def test_numbers_fit(self):
        for name in ("layers", "kv_heads", "key_length", "prompt_form"):
            for value in (-1, 2**32, 2**32 + 2, 1.5, None):
                self.rejected(self.writer, **{name: value})
        scores = np.zeros((LAYERS, HEADS, TOKENS))
        for scorer in (-1, 2**32 + 4):
            self.rejected(self.create, ranking=kvsnap.Scores(scores, scorer=scorer))
        for wrong in (scores[:1], np.zeros((9, HEADS, TOKENS)), None):
            self.rejected(self.create, ranking=kvsnap.Scores(wrong))

    def test_digests_are_whole(self):
        names = ("weights", "architecture", "rope", "tokenizer")
        self.rejected(kvsnap.Identity, dict.fromkeys(names, b"x"))
        self.rejected(kvsnap.Identity, {"weights": bytes(32)})
        self.rejected(kvsnap.ModelFile, 1, "a", b"qqq")
        self.rejected(kvsnap.identity, None)

    def test_wrong_arguments_of_reading(self):
        self.create(ranking="k-norm")
        with kvsnap.open(self.path) as snapshot:
            for ratio in (2.5, 0, -1, 2**32, "8"):
                self.rejected(snapshot.layer, 0, ratio)
            self.rejected(snapshot.read, [0, 1])
            self.rejected(snapshot.layer, 0, out=[(None, None, None)] * HEADS)
            self.assertRaises(ValueError, snapshot.tokens.fill, 1)
            for copied in (copy.copy, copy.deepcopy, pickle.dumps):
                self.assertRaises(TypeError, copied, snapshot)
        self.rejected(snapshot.layer, 0)
        self.rejected(self.create, parent="book.kvsnap")

    def test_closing_while_others_read(self):
        self.create()
        for _ in range(50):
            snapshot, barrier = kvsnap.open(self.path), threading.Barrier(4)

            def work(number, snapshot=snapshot, barrier=barrier):
                barrier.wait()
                try:
                    if number:
                        snapshot.read()
                    snapshot.close()
                except kvsnap.SnapshotError:
                    pass

            threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.rejected(snapshot.read)


if __name__ == "__main__":
    unittest.main()
