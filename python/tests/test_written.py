"""Snapshots that the package writes from transformers' caches continue as others; needs torch."""

import os
import pathlib
import tempfile
import unittest

import kvsnap
import numpy as np
from places import MODELS, precomputed, qfilters, real_model

try:
    import torch
    import transformers
    from test_continuation import essay, greedy, loaded, prompt_of, resumed
except ImportError as problem:
    raise unittest.SkipTest(f"{problem}") from None

TEXT = "A snapshot holds a context's pairs, and their order. " * 3
TURN = "\nAnd then?"
# Kernels that compute in float32, as transformers does.
FLOAT32 = "plain"
# Both programs add in different orders, so pairs whose scores are close may change places.
LEAST_SAME = 0.99


def prefill(model, tokens, cache):
    """Computes a text's pairs into a cache, after those that are there."""
    first = cache.get_seq_length()
    ids = torch.tensor([[int(token) for token in tokens]])
    with torch.no_grad():
        positions = torch.arange(first, first + ids.shape[1])[None]
        model(ids, past_key_values=cache, position_ids=positions)
    return cache


def kept(path, ratio):
    """Which pairs ×ratio keeps: (layer, head, position)."""
    with kvsnap.open(path) as snapshot:
        return {
            (layer, head, position)
            for layer, heads in enumerate(snapshot.read(ratio=ratio))
            for head, pairs in enumerate(heads)
            for position in pairs.positions.tolist()
        }


class Written(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def begin(self, path, text, corpus, sequences, length):
        """A model's bank, and qfilters' own snapshot of a text that it ranks."""
        self.path, self.model = path, loaded(path)
        self.prompt = prompt_of(path, self.folder)
        self.identity = kvsnap.identity(self.model, files=path if path.is_file() else None)
        self.bank = precomputed(self.folder, path, corpus, sequences, length)
        document, theirs = self.folder / "text.txt", self.folder / "theirs.kvsnap"
        document.write_text(text)
        files = "--model", path, "--filters", self.bank, "--prompt-file", document, "--out", theirs
        qfilters("prefill", *files, "--precision", "f32", kernels=FLOAT32)
        with kvsnap.open(theirs) as snapshot:
            self.tokens = snapshot.tokens.tolist()
        return theirs

    def create(self, name):
        """The same text's snapshot by transformers and the package; its cache can continue."""
        own = self.folder / f"{name}.kvsnap"
        cache = prefill(self.model, self.tokens, transformers.DynamicCache())
        options = {"model": self.identity, "tokens": self.tokens, "cache": cache}
        kvsnap.create(own, ranking=self.bank, **options)
        kvsnap.verify(own)
        return own, cache

    def same_answer(self, snapshot, cache, ratio):
        """transformers continues a cache with the tokens with which qfilters continues a file."""
        found = resumed(self.path, snapshot, ratio, FLOAT32)
        first = cache.get_seq_length()
        self.assertEqual(found, greedy(self.model, cache, self.prompt, first, len(found)))

    def check(self, *arguments):
        theirs = self.begin(*arguments)
        own, cache = self.create("own")
        self.same_answer(own, cache, 1)
        answers = [resumed(self.path, file, 8, FLOAT32) for file in (own, theirs)]
        self.assertEqual(*answers)
        ours, expected = kept(own, 8), kept(theirs, 8)
        self.assertEqual(len(ours), len(expected))
        self.assertGreaterEqual(len(ours & expected), LEAST_SAME * len(expected))
        self.check_turns(own)

    def check_turns(self, own):
        """Turns on what ×1 and ×8 keep become children, which continue."""
        turn = prompt_of(self.path, self.folder, TURN)[0].tolist()
        for ratio in (1, 8):
            child = self.folder / f"child{ratio}.kvsnap"
            with self.subTest(self.path.name, ratio=ratio), kvsnap.open(own) as parent:
                cache = parent.to_dynamic_cache(ratio, dtype=torch.float32)
                self.model.set_attn_implementation("kvsnap")
                prefill(self.model, turn, cache)
                options = {"model": self.identity, "tokens": turn, "cache": cache}
                kvsnap.append(parent, child, ranking=self.bank, **options)
                kvsnap.verify(child)
                self.same_pairs(child, cache, len(turn))
                self.same_answer(child, cache, ratio)

    def same_pairs(self, path, cache, new):
        """The last pairs of each layer are the cache's, to the bit."""
        with kvsnap.open(path) as snapshot:
            self.assertEqual(len(snapshot.tokens), cache.get_seq_length())
            for heads, layer in zip(snapshot.read(), cache.layers, strict=True):
                for head, pairs in enumerate(heads):
                    for name in ("keys", "values"):
                        expected = getattr(layer, name)[0, head, -new:].numpy()
                        np.testing.assert_array_equal(getattr(pairs, name)[-new:], expected)

    def test_tiny_qwen3(self):
        self.check(MODELS / "tiny-qwen3", TEXT, TEXT * 9, 2, 64)

    def test_smollm2(self):
        path = real_model("SmolLM2-135M-Instruct.Q4_1.gguf")
        self.check(path, essay(2000), essay(30000), 4, 256)

    def test_gemma3(self):
        path = real_model("gemma-3-270m-q4_k_m.gguf")
        self.check(path, essay(2000), essay(30000), 4, 256)


class Precision(unittest.TestCase):
    def test_bfloat16_keeps_every_bit(self):
        path = MODELS / "tiny-llama-bf16"
        model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.bfloat16)
        tokens, cache = range(3, 103), transformers.DynamicCache()
        prefill(model, tokens, cache)
        for ranking in (None, "k-norm"):
            with self.subTest(ranking=ranking), tempfile.TemporaryDirectory() as work:
                file = os.path.join(work, "own.kvsnap")
                # Its files' identity: some of their weights are float32, and were rounded.
                kvsnap.create(file, model=path, tokens=tokens, cache=cache, ranking=ranking)
                with kvsnap.open(file) as snapshot:
                    self.assertEqual(snapshot.key_type, "bfloat16")
                    read = snapshot.to_dynamic_cache()
                for mine, theirs in zip(read.layers, cache.layers, strict=True):
                    for name in ("keys", "values"):
                        bits = [getattr(layer, name).view(torch.int16) for layer in (mine, theirs)]
                        self.assertTrue(torch.equal(*bits))


class Missing(unittest.TestCase):
    """Caches that do not have the pairs of all tokens that are given."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path, self.tokens = MODELS / "tiny-qwen3", list(range(3, 103))
        self.model, self.identity = loaded(self.path), kvsnap.identity(self.path)
        self.file, self.child = (pathlib.Path(folder.name, f"{n}.kvsnap") for n in ("own", "child"))
        cache = prefill(self.model, self.tokens, transformers.DynamicCache())
        options = {"model": self.identity, "tokens": self.tokens, "cache": cache}
        kvsnap.create(self.file, ranking="k-norm", **options)
        self.model.set_attn_implementation("kvsnap")

    def rejected(self, write, *arguments, **options):
        with self.assertRaisesRegex(kvsnap.NotStoredError, "of the cache has") as error:
            write(*arguments, model=self.identity, **options)
        self.assertEqual(len(str(error.exception).splitlines()), 1)
        self.assertFalse(self.child.exists())

    def test_the_last_token_of_an_answer(self):
        for ratio in (1, 8):
            with self.subTest(ratio=ratio), kvsnap.open(self.file) as parent:
                cache = parent.to_dynamic_cache(ratio, dtype=torch.float32)
                ids = torch.tensor([[*self.tokens, 7, 8]])
                answer = self.model.generate(ids, past_key_values=cache, max_new_tokens=5)
                new = answer[0, len(self.tokens) :].tolist()
                self.rejected(kvsnap.append, parent, self.child, tokens=new, cache=cache)
                options = {"model": self.identity, "cache": cache}
                kvsnap.append(parent, self.child, tokens=new[:-1], **options)
                with kvsnap.open(self.child) as snapshot:
                    self.assertEqual(snapshot.tokens.tolist(), answer[0, :-1].tolist())
            self.child.unlink()

    def test_a_static_cache(self):
        cache = transformers.StaticCache(config=self.model.config, max_cache_len=128)
        self.model.set_attn_implementation("sdpa")
        prefill(self.model, self.tokens, cache)
        with self.assertRaisesRegex(kvsnap.NotStoredError, "static"):
            kvsnap.create(self.child, model=self.identity, tokens=self.tokens, cache=cache)

    def test_a_cache_of_another_model(self):
        other = loaded(MODELS / "tiny-gemma3")
        cache = prefill(self.model, self.tokens, transformers.DynamicCache())
        with self.assertRaisesRegex(kvsnap.OtherModelError, "layers"):
            kvsnap.create(self.child, model=other, tokens=self.tokens, cache=cache)

    def test_pairs_that_a_ratio_dropped(self):
        with kvsnap.open(self.file) as parent:
            cache = parent.to_dynamic_cache(8, dtype=torch.float32)
            self.rejected(kvsnap.create, self.child, tokens=self.tokens, cache=cache)
            prefill(self.model, [7, 8], cache)
            self.rejected(kvsnap.append, parent, self.child, tokens=[9, 7, 8], cache=cache)


class Windows(unittest.TestCase):
    def test_dropped_pairs(self):
        path = MODELS / "tiny-gemma3"
        model, tokens = loaded(path), range(3, 103)
        cache = prefill(model, tokens, transformers.DynamicCache(config=model.config))
        with tempfile.TemporaryDirectory() as work:
            file = pathlib.Path(work, "own.kvsnap")
            with self.assertRaisesRegex(kvsnap.NotStoredError, r"DynamicCache\(\) without"):
                kvsnap.create(file, model=model, tokens=tokens, cache=cache)
            self.assertFalse(file.exists())
            whole = prefill(model, tokens, transformers.DynamicCache())
            kvsnap.create(file, model=model, tokens=tokens, cache=whole)
            # A turn fits into the window, and is what such a cache has at its end.
            turn, child = [7, 8, 9], pathlib.Path(work, "child.kvsnap")
            prefill(model, turn, cache)
            with kvsnap.open(file) as parent:
                kvsnap.append(parent, child, model=model, tokens=turn, cache=cache)
            with kvsnap.open(child) as snapshot:
                self.assertEqual(snapshot.tokens.tolist(), [*tokens, *turn])


if __name__ == "__main__":
    unittest.main()
