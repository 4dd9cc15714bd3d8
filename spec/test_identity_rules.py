#!/usr/bin/env python3
# SPDX-License-Identifier: CC0-1.0
"""Gives identity.py files that the rules of format.md decide: no digest, the same one, or another.

python test_identity_rules.py
"""

import json
import pathlib
import shutil
import tempfile
import unittest

import identity
import numpy as np
from identity_parts import architecture, containers, fields, folder_tokenizer, rope, tokenizer

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
MODELS, TOKENIZERS = FIXTURES / "models", FIXTURES / "tokenization"
FAILURES = (fields.NoModel, fields.NoValues)


class Folders(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def digests(self, name: str, file: str = "config.json", **changes: object) -> dict | None:
        """Those of a folder of the fixtures with changes in one file; none if there are none."""
        model = self.folder / name
        shutil.copytree(MODELS / name, model, dirs_exist_ok=True)
        keys = json.loads((model / file).read_text()) | changes
        (model / file).write_text(json.dumps(keys))
        try:
            return identity.values(model)
        except FAILURES:
            return None

    def test_settings(self) -> None:
        """Those of others' arithmetic are off, or there is no digest."""
        usual = identity.values(MODELS / "tiny-llama-f32")
        for key in ("attention_bias", "sliding_window", "layer_types", "clip_qkv"):
            for value in (None, False, 0, 0.0):
                self.assertEqual(self.digests("tiny-llama-f32", **{key: value}), usual)
            for value in (True, 1, "", []):
                self.assertIsNone(self.digests("tiny-llama-f32", **{key: value}), (key, value))

    def test_numbers(self) -> None:
        cases = {"rms_norm_eps": (0, -1, "1", None), "num_key_value_heads": ([2, 2], 3, 2.0, True)}
        cases |= {"head_dim": (15, 8194), "max_position_embeddings": (0, 2**31, None)}
        cases |= {"rope_theta": (5.0, None), "hidden_act": (None, "gelu")}
        cases |= {"partial_rotary_factor": (0.5, 2), "rope_scaling": ({}, "x")}
        for key, values in cases.items():
            for value in values:
                self.assertIsNone(self.digests("tiny-llama-f32", **{key: value}), (key, value))

    def test_scalings(self) -> None:
        linear = {"rope_type": "linear", "factor": 2, "rope_theta": 10_000}
        self.assertIsNotNone(self.digests("tiny-llama-f32", rope_parameters=linear))
        others = (
            {"mrope_section": [1]},
            {"rope_type": "none"},
            {"factor": 0},
            {"rope_theta": None},
        )
        for other in (*others, {"rope_type": "dynamic", "factor": 0.5}):
            self.assertIsNone(self.digests("tiny-llama-f32", rope_parameters=linear | other), other)

    def test_local_rope(self) -> None:
        """It is there even if it is equal, and only with a window."""
        one = {"rope_type": "default", "rope_theta": 10_000}
        both = {"full_attention": one, "sliding_attention": one}
        found = self.digests("tiny-gemma3", rope_parameters=both)
        none = self.digests("tiny-gemma3", rope_parameters=both, layer_types=["full_attention"] * 6)
        self.assertNotEqual(found["rope"], none["rope"])
        self.assertEqual(none["rope"], rope.rope_digest([rope.Rope(16, 10_000)]))
        self.assertIsNone(self.digests("tiny-gemma3", rope_parameters=one))

    def test_vision(self) -> None:
        config = json.loads((MODELS / "tiny-gemma3" / "config.json").read_text())
        config |= {"bos_token_id": 5}
        outer = {"model_type": "gemma3", "text_config": config, "bos_token_id": 1}
        usual = identity.values(MODELS / "tiny-gemma3")
        self.assertEqual(self.digests("tiny-gemma3", **outer), usual)

    def test_tokenizer(self) -> None:
        usual = identity.values(MODELS / "tiny-llama-f32")["tokenizer"]
        file = "tokenizer.json"
        self.assertEqual(self.digests("tiny-llama-f32", file, foo=None)["tokenizer"], usual)
        sequence = {"type": "Sequence", "processors": [{"type": "RobertaProcessing"}]}
        for change in ({"foo": 1}, {"decoder": None}, {"post_processor": sequence}):
            self.assertIsNone(self.digests("tiny-llama-f32", file, **change), change)
        for name in ("", None, {"content": None}):
            changes = {"bos_token": name}
            found = self.digests("tiny-llama-f32", "tokenizer_config.json", **changes)
            self.assertEqual(found["tokenizer"], usual)
        self.assertIsNone(self.digests("tiny-llama-f32", "tokenizer_config.json", bos_token="?!"))

    def test_shards(self) -> None:
        index, name = "model.safetensors.index.json", "tiny-llama-bf16"
        places = json.loads((MODELS / name / index).read_text())["weight_map"]
        first, last = sorted(places)[0], sorted(places)[-1]
        fewer = {k: v for k, v in places.items() if k != first}
        changes = (fewer, places | {"foo": places[first]}, places | {first: places[last]})
        for change in (*changes, places | {first: "./" + places[first]}, {}):
            self.assertIsNone(self.digests(name, index, weight_map=change))

    def test_json(self) -> None:
        for text in ('{"a": 1, "a": 1}', '{"a": NaN}', '{"a": "\\ud800"}', "[]", "\ufeff{}"):
            with self.assertRaises(fields.NoModel):
                containers.parsed(self.folder, text.encode())
        containers.parsed(self.folder, b'{"a": "\\ud83d\\ude00"}')


class Ggufs(unittest.TestCase):
    def digests(self, name: str, **changes: object) -> tuple | None:
        """The three cheap ones of a GGUF with other keys."""
        model = identity.Gguf(MODELS / f"{name}.gguf")
        changes = {key.replace("__", "."): value for key, value in changes.items()}
        own = {key for key in changes if not key.startswith("tokenizer.")}
        keys = model.keys | changes | {"": model.keys[""] | own}
        try:
            shape = architecture.gguf_shape(keys, model.tensors)
            ropes = rope.gguf_ropes(keys, model.tensors, shape)
            tokens = tokenizer.gguf_tokens(keys, shape)
            digest = tokenizer.tokenizer_digest(tokens, shape.vocabulary)
            return architecture.architecture_digest(shape), rope.rope_digest(ropes), digest
        except FAILURES:
            return None

    def test_keys(self) -> None:
        usual = self.digests("tiny-qwen2")
        same = {"rope__scaling__original_context_length": 64, "rope__scale_linear": 0.0}
        same |= {"expert_count": 0, "attention__sliding_window": 0, "vocab_size": "x"}
        for key, value in same.items():
            self.assertEqual(self.digests("tiny-qwen2", **{key: value}), usual, key)
        none = {"expert_count": 2, "attention__sliding_window": 12, "attention__causal": True}
        none |= {"rope__scaling__yarn_ext_factor": 1.0, "foo": "", "context_length": 0}
        none |= {"rope__freq_base": 10_000, "rope__scaling__type": "default"}
        none |= {"attention__head_count_kv": np.array([2, 2])}
        for key, value in none.items():
            self.assertIsNone(self.digests("tiny-qwen2", **{key: value}), key)

    def test_magnitude(self) -> None:
        """It is not that of the local RoPE."""
        model = identity.Gguf(MODELS / "tiny-gemma3.gguf")
        keys = model.keys | {"rope.scaling.attn_factor": 1.5}
        shape = architecture.gguf_shape(keys, model.tensors)
        ropes = rope.gguf_ropes(keys, model.tensors, shape)
        self.assertEqual([own.magnitude for own in ropes], [1.5, 1])

    def test_tokenizer(self) -> None:
        usual = self.digests("tiny-qwen2")
        key = "tokenizer__ggml__precompiled_charsmap"
        self.assertEqual(self.digests("tiny-qwen2", **{key: np.zeros(1)}), usual)
        key = "tokenizer__ggml__bos_token_id"
        none = self.digests("tiny-qwen2", **{key: 2**32 - 1})
        self.assertNotEqual(none, usual)
        self.assertEqual(self.digests("tiny-qwen2", **{key: 287}), none)

    def test_deepseek(self) -> None:
        for name in ("deepseek-llm", "deepseek-coder", "deepseek-v3"):
            file = containers.read_json(TOKENIZERS / f"{name}.tokenizer.json")
            step = file["pre_tokenizer"]["pretokenizers"][0]
            step["pattern"]["Regex"] += " "
            with self.assertRaises(fields.NoValues):
                folder_tokenizer.folder_tokens(file, {}, {}, len(file["model"]["vocab"]))


if __name__ == "__main__":
    unittest.main()
