#!/usr/bin/env python3
# SPDX-License-Identifier: CC0-1.0
"""Gives identity.py damaged files: whatever a file holds, it says one sentence.

python test_identity_damage.py
"""

import contextlib
import pathlib
import random
import shutil
import struct
import tempfile
import unittest

import identity
import numpy as np
from identity_parts import (
    architecture,
    config,
    config_rope,
    containers,
    fields,
    folder_tokenizer,
    rope,
    tokenizer,
)

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
MODELS, TOKENIZERS = FIXTURES / "models", FIXTURES / "tokenization"


class Damage(unittest.TestCase):
    """Whatever a file holds, one sentence and no traceback."""

    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.random = random.Random(1)

    def rejects(self, model: pathlib.Path, may_pass: bool) -> None:
        try:
            identity.values(model)
        except (fields.NoModel, fields.NoValues) as problem:
            self.assertNotIn("\n", str(problem))
        else:
            self.assertTrue(may_pass)

    def test_cut_gguf(self) -> None:
        model = self.folder / "model.gguf"
        for name in ("tiny-phi3.gguf", "tiny-gemma3.gguf"):
            data = (MODELS / name).read_bytes()
            for length in [*range(0, 13_000, 97), *range(13_000, len(data), 4099), len(data) - 1]:
                model.write_bytes(data[:length])
                with self.assertRaises(fields.NoModel):
                    identity.files(model)

    def test_changed_gguf(self) -> None:
        model = self.folder / "model.gguf"
        data = (MODELS / "tiny-phi3.gguf").read_bytes()
        for _ in range(400):
            changed = bytearray(data)
            changed[self.random.randrange(13_000)] ^= self.random.choice((1, 16, 128, 255))
            model.write_bytes(changed)
            self.rejects(model, may_pass=True)

    def test_huge_counts(self) -> None:
        model = self.folder / "model.gguf"
        for tensors, keys in ((2**63, 0), (0, 2**63), (2**63, 2**63)):
            model.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + bytes(64))
            self.rejects(model, may_pass=False)

    def test_folder(self) -> None:
        for name in ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"):
            model = self.folder / "model"
            shutil.copytree(MODELS / "tiny-gemma3", model, dirs_exist_ok=True)
            data = (model / name).read_bytes()
            for _ in range(60):
                (model / name).write_bytes(data[: self.random.randrange(len(data) - 1)])
                self.rejects(model, may_pass=False)
                changed = bytearray(data)
                changed[self.random.randrange(min(len(data), 8_000))] ^= 1
                (model / name).write_bytes(changed)
                self.rejects(model, may_pass=True)
            (model / name).write_bytes(data)

    def test_other_types_in_json(self) -> None:
        """Every value of config.json and of tokenizers in turn becomes one of another type."""
        template = {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}]}
        template["single"].append({"Sequence": {"id": "A"}})
        tokenizers = [TOKENIZERS / f"{name}.tokenizer.json" for name in ("mistral", "unigram")]
        tokenizers += [
            TOKENIZERS / "llama-bpe.tokenizer.json",
            TOKENIZERS / "llama-2.tokenizer.json",
        ]
        for path in [MODELS / "tiny-gemma3" / "config.json", *tokenizers]:
            file = containers.read_json(path)
            if "added_tokens" in file:
                file["post_processor"] = template
            for place in places(file):
                holder = file
                for step in place[:-1]:
                    holder = holder[step]
                old = holder[place[-1]]
                for value in OTHERS:
                    holder[place[-1]] = value
                    with contextlib.suppress(fields.NoValues):
                        cheap_digests(file)
                holder[place[-1]] = old

    def test_other_types_in_gguf(self) -> None:
        values = (True, -1, 2**40, 1e300, float("nan"), "x", np.arange(3), np.array([True]))
        names = ["tiny-gemma3.gguf", "tiny-yarn-rope.gguf"]
        for path in [*(MODELS / name for name in names), *TOKENIZERS.glob("*.gguf")]:
            model = identity.Gguf(path)
            for name in model.keys:
                for value in (*values, [b"a", b"b"], []) if name else ():
                    keys = model.keys | {name: value}
                    with contextlib.suppress(fields.NoValues):
                        shape = architecture.gguf_shape(keys, model.tensors)
                        rope.rope_digest(rope.gguf_ropes(keys, model.tensors, shape))
                        tokens = tokenizer.gguf_tokens(keys, shape)
                        tokenizer.tokenizer_digest(tokens, shape.vocabulary)


OTHERS = (None, True, -1, 0, 2**40, 1e300, float("nan"), "x", [], {}, [[1]], {"a": 1})


def cheap_digests(file: dict) -> None:
    """From a config.json, or from a tokenizer.json."""
    if "added_tokens" in file or "model" in file:
        tokens = folder_tokenizer.folder_tokens(file, {"bos_token": "<s>"}, {}, 1346)
        tokenizer.tokenizer_digest(tokens, 1346)
    else:
        completed = config.completed(file)
        shape = config.config_shape(completed)
        rope.rope_digest(config_rope.config_ropes(completed, shape))


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Where values are; a few of each list and object."""
    if isinstance(value, dict):
        keys = list(value) if len(value) < 100 else list(value)[:2]
    else:
        keys = range(min(len(value), 2)) if isinstance(value, list) else ()
    found = [path] if path else []
    return found + [inner for key in keys for inner in places(value[key], (*path, key))]


if __name__ == "__main__":
    unittest.main()
