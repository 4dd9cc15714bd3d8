"""A snapshot's cache continues in transformers as `qfilters resume` does; needs torch."""

import json
import pathlib
import tempfile
import unittest

import kvsnap
import numpy as np
from places import MODELS, prefilled, qfilters, real_model

try:
    import torch
    import transformers
    from kvsnap.transformers_cache import HeadsApartLayer
except ImportError as problem:
    raise unittest.SkipTest(f"{problem}") from None

NEW_TOKENS = 32
PROMPT = "\n\nIn short,"
TINY = ("tiny-llama-f32", "tiny-qwen3", "tiny-gemma3", "tiny-gemma2", "tiny-qwen2-window")


def loaded(path):
    """The model, in float32."""
    source = {"pretrained_model_name_or_path": path}
    options = {"dtype": torch.float32}
    if path.is_file():
        source = {"pretrained_model_name_or_path": path.parent, "gguf_file": path.name}
        options["quantization_config"] = transformers.GgufConfig(dequantize=True)
    return transformers.AutoModelForCausalLM.from_pretrained(**source, **options).eval()


def prompt_of(path, folder, text=PROMPT):
    """A text's ids [1, tokens]; transformers makes other tokenizers of some models' files."""
    file = pathlib.Path(folder, "prompt.txt")
    file.write_text(text)
    printed = qfilters("tokenize", "--model", path, "--file", file, "--json")
    return torch.tensor([json.loads(printed)["ids"]])


def resumed(path, snapshot, ratio, kernels=None):
    """The ids with which the command continues a snapshot and the prompt."""
    options = ("--model", path, "--prompt", PROMPT, "--max-tokens", NEW_TOKENS)
    options += ("--compression", ratio, "--json")
    return json.loads(qfilters("resume", snapshot, *options, kernels=kernels))["ids"]


def greedy(model, cache, ids, position, count):
    """The likeliest tokens after the prompt, one forward pass after another."""
    new = []
    with torch.no_grad():
        while len(new) < count:
            positions = torch.arange(position, position + ids.shape[1])[None]
            logits = model(ids, past_key_values=cache, position_ids=positions).logits
            position += ids.shape[1]
            new.append(int(logits[0, -1].argmax()))
            ids = torch.tensor([new[-1:]])
    return new


class Continuation(unittest.TestCase):
    def check(self, path, text, ratios):
        model = loaded(path)
        usual = model.config._attn_implementation
        with (
            tempfile.TemporaryDirectory() as work,
            kvsnap.open(prefilled(work, path, text)) as snapshot,
        ):
            prompt = prompt_of(path, work)
            tokens = torch.from_numpy(snapshot.tokens.astype(np.int64))[None]
            whole = torch.cat([tokens, prompt], dim=1)
            for ratio in ratios:
                expected = resumed(path, snapshot.path, ratio)
                for config in (None, model.config):
                    with self.subTest(path.name, ratio=ratio, config=config is not None):
                        cache = snapshot.to_dynamic_cache(ratio, config=config, dtype=torch.float32)
                        apart = isinstance(cache.layers[0], HeadsApartLayer)
                        self.assertEqual(apart, ratio > 1)
                        model.set_attn_implementation("kvsnap" if apart else usual)
                        found = greedy(model, cache, prompt, tokens.shape[1], len(expected))
                        self.assertEqual(found, expected)
                cache = snapshot.to_dynamic_cache(ratio, dtype=torch.float32)
                found = model.generate(
                    whole, past_key_values=cache, max_new_tokens=len(expected), do_sample=False
                )
                self.assertEqual(found[0, whole.shape[1] :].tolist(), expected)

    def test_tiny_models(self):
        text = "A snapshot holds a context's pairs, and their order. " * 3
        for name in TINY:
            self.check(MODELS / name, text, (1, 3, 8))

    def test_smollm2(self):
        self.check(real_model("SmolLM2-135M-Instruct.Q4_1.gguf"), essay(2000), (1, 8))

    def test_gemma3(self):
        self.check(real_model("gemma-3-270m-q4_k_m.gguf"), essay(2000), (1, 8))

    def test_other_attention(self):
        """Without its attention function, a model rejects what it would compute wrongly."""
        path = MODELS / "tiny-qwen3"
        with tempfile.TemporaryDirectory() as work:
            snapshot = kvsnap.open(prefilled(work, path, "A snapshot holds pairs. " * 8))
            for name in ("sdpa", "eager"):
                model, cache = loaded(path), snapshot.to_dynamic_cache(8, dtype=torch.float32)
                model.set_attn_implementation(name)
                with self.assertRaisesRegex(RuntimeError, "set_attn_implementation"):
                    model(torch.tensor([[1]]), past_key_values=cache)

    def test_ordinary_caches(self):
        """The attention function changes nothing for caches of transformers."""
        for name in TINY:
            model = loaded(MODELS / name)
            ids = torch.arange(3, 43)[None]
            expected = model(ids).logits
            model.set_attn_implementation("kvsnap")
            torch.testing.assert_close(model(ids).logits, expected, atol=1e-5, rtol=1e-4)


def essay(characters):
    path = real_model("essays") / "worked.txt"
    return path.read_text()[:characters]


if __name__ == "__main__":
    unittest.main()
