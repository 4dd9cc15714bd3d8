"""Filter banks as arrays, and in kvpress' layout; what concerns torch is skipped without it."""

import importlib.util
import json
import pathlib
import tempfile
import types
import unittest

import kvsnap
import numpy as np
from places import MODELS, REPOSITORY, precomputed, qfilters

CONFORMANCE = REPOSITORY / "fixtures/conformance"
MODEL = MODELS / "tiny-qwen3"
TEXT = "A snapshot holds a context's pairs, and their order. " * 3


class FiltersTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = self.folder / "own.qfilt"
        self.identity = kvsnap.identity(MODEL)
        self.array = np.random.default_rng(1).normal(size=(2, 3, 8)).astype("float32")

    def test_what_was_written_is_read(self):
        size = kvsnap.Filters(self.array, self.identity).save(self.path)
        self.assertEqual(size, self.path.stat().st_size)
        kvsnap.verify(self.path)
        bank = kvsnap.Filters.open(self.path)
        np.testing.assert_array_equal(bank.array, self.array)
        self.assertEqual(bank.identity.values, self.identity.values)

    def test_arrays_are_copied_and_converted(self):
        turned = np.asfortranarray(self.array.astype("float64"))
        bank = kvsnap.Filters(turned, self.identity)
        turned[:] = 0
        bank.array[0, 0, 0] = 7
        bank.save(self.path)
        expected = self.array.copy()
        expected[0, 0, 0] = 7
        np.testing.assert_array_equal(kvsnap.Filters.open(self.path).array, expected)

    def test_banks_of_the_command_rank_as_banks_of_the_package(self):
        """A bank that `precompute` made without budgets, and a copy of it, keep the same pairs."""
        made = precomputed(self.folder, MODEL, TEXT * 9, 2, 64, "--no-budgets")
        kvsnap.Filters.open(made).save(self.path)
        document, kept = self.folder / "text.txt", []
        document.write_text(TEXT)
        published = ("--ranking", "kvpress")
        for bank, ranking in ((made, published), (self.path, published), (self.path, ())):
            snapshot = self.folder / f"{bank.stem}.kvsnap"
            files = "--filters", bank, "--prompt-file", document, "--out", snapshot
            qfilters("prefill", "--model", MODEL, *files, *ranking)
            with kvsnap.open(snapshot) as opened:
                self.assertEqual(opened.scorer, 1)
                heads = [head for layer in opened.read(ratio=2) for head in layer]
                kept.append([head.positions.tolist() for head in heads])
        self.assertEqual(kept[0], kept[1])
        self.assertGreater(len({tuple(positions) for positions in kept[0]}), 1)

    def test_other_models_are_rejected(self):
        shape = json.loads((MODEL / "config.json").read_text())
        sizes = [shape[f"num_{name}"] for name in ("hidden_layers", "key_value_heads")]
        filters = np.ones((*sizes, shape["head_dim"]))
        kvsnap.Filters(filters, MODELS / "tiny-llama-f32").save(self.path)
        cache = [2 * (np.ones((sizes[1], 9, shape["head_dim"]), "float16"),)] * sizes[0]
        options = {"model": self.identity, "tokens": range(9), "cache": cache}
        file = self.folder / "own.kvsnap"
        with self.assertRaises(kvsnap.OtherModelError):
            kvsnap.create(file, ranking=self.path, **options)
        kvsnap.Filters(filters, self.identity).save(self.path)
        kvsnap.create(file, ranking=self.path, **options)
        self.assertEqual(kvsnap.open(file).scorer, 1)

    def test_hostile_files(self):
        files = list((CONFORMANCE / "invalid").glob("*.qfilt"))
        self.assertGreater(len(files), 100)
        for file in files:
            with self.subTest(file.name):
                with self.assertRaises(kvsnap.MalformedError) as error:
                    kvsnap.Filters.open(file)
                    # It has damage only in what this version does not know.
                    self.assertEqual(file.stem, "checksum-unknown-ancillary")
                    kvsnap.verify(file)
                self.assertEqual(len(str(error.exception).splitlines()), 1)
        for file in (CONFORMANCE / "valid").glob("filters*.qfilt"):
            with self.subTest(file.name):
                self.assertEqual(kvsnap.Filters.open(file).array.ndim, 3)
        with self.assertRaises(kvsnap.MissingError):
            kvsnap.Filters.open(self.path)

    def test_what_is_wrong_is_one_sentence_and_leaves_no_file(self):
        nothing = kvsnap.Identity(None, why="no values")
        wrong = {
            "a matrix": lambda: kvsnap.Filters(self.array[0], self.identity),
            "no identity": lambda: kvsnap.Filters(self.array, nothing),
            "no layers": lambda: kvsnap.Filters(self.array[:0], self.identity),
            "no number": lambda: kvsnap.Filters(self.array * np.nan, self.identity),
            "an empty press": lambda: kvsnap.Filters.from_kvpress(press(None), self.identity),
        }
        for name, make in wrong.items():
            with self.subTest(name), self.assertRaises(kvsnap.SnapshotError) as error:
                make().save(self.path)
            self.assertEqual(len(str(error.exception).splitlines()), 1)
            self.assertEqual(list(self.folder.iterdir()), [])

    @unittest.skipUnless(importlib.util.find_spec("torch"), "there is no torch")
    def test_kvpress_has_the_other_sign(self):
        import torch

        tensor = kvsnap.Filters(self.array, self.identity).to_kvpress()
        np.testing.assert_array_equal(tensor.numpy(), -self.array)
        parameter = torch.nn.Parameter(tensor.to(torch.bfloat16))
        rounded = -parameter.detach().float().numpy()
        for source in (parameter, press(parameter)):
            bank = kvsnap.Filters.from_kvpress(source, self.identity)
            np.testing.assert_array_equal(bank.array, rounded)
            self.assertEqual(bank.identity, self.identity)


def press(filters):
    """What a press has."""
    return types.SimpleNamespace(q_filters=filters)


if __name__ == "__main__":
    unittest.main()
