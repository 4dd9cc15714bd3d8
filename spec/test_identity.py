#!/usr/bin/env python3
# SPDX-License-Identifier: CC0-1.0
"""Compares identity.py with the check vectors of format.md and with the fixtures.

python test_identity.py
"""

import contextlib
import hashlib
import io
import json
import pathlib
import re
import shutil
import sys
import tempfile
import unittest
from unittest import mock

import identity
import numpy as np
from identity_parts import (
    blocks,
    config,
    config_rope,
    containers,
    folder_tokenizer,
    rope,
    tokenizer,
)

SPECIFICATION = pathlib.Path(__file__).resolve().parent
FIXTURES = SPECIFICATION.parent / "fixtures"
MODELS, TOKENIZERS = FIXTURES / "models", FIXTURES / "tokenization"
SECTION = (SPECIFICATION / "format.md").read_text().split("#### 3.1.5")[1].split("### 3.2")[0]


def command(*arguments: object) -> tuple[int, str, str]:
    """Its exit code, output and errors."""
    out, errors = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["identity.py", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(errors),
    ):
        try:
            code = identity.main()
        except SystemExit as end:
            code = end.code
    return code, out.getvalue(), errors.getvalue()


def both_kinds(name: str) -> list[pathlib.Path]:
    paths = [MODELS / name, MODELS / f"{name}.gguf"]
    return [path for path in paths if (path / "config.json").exists() or path.suffix == ".gguf"]


class CheckVectors(unittest.TestCase):
    """Section 3.1.5."""

    def test_models(self) -> None:
        rows = re.findall(r"^\| `(tiny-[^`]+)` \|" + r" `(\w{8})` \|" * 4, SECTION, re.M)
        self.assertEqual(len(rows), 12)
        for name, *expected in rows:
            for path in both_kinds(name.removesuffix(".gguf")):
                if path.exists():
                    digests = identity.values(path)
                    found = [digests[key][:8] for key in identity.DIGESTS]
                    self.assertEqual(found, expected, path)

    def test_tokenizers(self) -> None:
        rows = dict(re.findall(r"^\| `(\S+\.gguf)` \| `(\w{8})` \| kind", SECTION, re.M))
        self.assertEqual(len(rows), 3)
        rows["phi3"] = re.search(r"architecture `phi3` \| `(\w{8})`", SECTION)[1]
        for name, expected in rows.items():
            path = TOKENIZERS / ("llama-2.gguf" if name == "phi3" else name)
            model = identity.Gguf(path)
            count = len(model.keys["tokenizer.ggml.tokens"])
            shape = mock.Mock(vocabulary=count)
            shape.name = "phi3" if name == "phi3" else "llama"
            tokens = tokenizer.gguf_tokens(model.keys, shape)
            self.assertEqual(tokenizer.tokenizer_digest(tokens, count)[:8], expected, name)

    def test_tokenizer_record(self) -> None:
        tokens = tokenizer.Tokens("gpt2", "gpt-2", [1, 1, 1, 3], [b"a", b"b", b"ab", b"<e>"])
        tokens.merges, tokens.end = [(0, 1, 2)], 3
        self.assertEqual(tokenizer.tokenizer_digest(tokens, 4)[:8], "c867edc2")

    def test_rope_record(self) -> None:
        record = rope.Rope(16, 10_000).record()
        self.assertIn(record.hex(), SECTION.replace(" ", ""))
        self.assertEqual(hashlib.sha256(record).hexdigest()[:8], "a5b3cc63")


class Fixtures(unittest.TestCase):
    def test_both_kinds_of_file_agree(self) -> None:
        folders = [path.parent for path in MODELS.glob("*/config.json")]
        pairs = [folder for folder in folders if folder.with_suffix(".gguf").exists()]
        self.assertGreater(len(pairs), 9)
        for folder in pairs:
            gguf = identity.values(folder.with_suffix(".gguf"))
            self.assertEqual(identity.values(folder), gguf, folder)

    def test_parts_are_one_file(self) -> None:
        parts = sorted((MODELS / "tiny-llama-split").glob("*.gguf"))
        whole = identity.values(MODELS / "tiny-llama-q4_0.gguf")
        self.assertEqual(identity.values(parts[0]), whole)
        digests = sorted(hashlib.sha256(part.read_bytes()).hexdigest() for part in parts)
        entries = identity.files(parts[0])
        self.assertEqual([entry["sha256"] for entry in entries], digests)
        self.assertEqual(command(parts[1])[0], 65)

    def test_tokenizers_of_folders(self) -> None:
        """A GGUF and a tokenizer.json have one digest, and each pre-tokeniser has its name."""
        for path in TOKENIZERS.glob("*.tokenizer.json"):
            name, file = path.name.split(".")[0], containers.read_json(path)
            count = len(file["model"]["vocab"])
            count = max([count, *(token["id"] + 1 for token in file["added_tokens"])])
            tokens = folder_tokenizer.folder_tokens(file, {}, {}, count)
            digest = tokenizer.tokenizer_digest(tokens, count)
            if tokens.kind == "gpt2":
                self.assertEqual(tokens.pre, name)
            elif name in ("gemma", "llama-2", "unigram"):
                self.assertIn(digest[:8], SECTION)

    def test_dequantise(self) -> None:
        for vector in json.loads((MODELS / "dequantise.json").read_text())["vectors"]:
            if vector["ggmlType"] in containers.BLOCKS:
                data = bytes.fromhex(vector["bytes"])
                found = blocks.decoded(data, vector["ggmlType"]).astype("<f4").tobytes()
                expected = np.array(vector["values"], "<f4").tobytes()
                self.assertEqual(found, expected, vector["type"])

    def test_defaults_of_absent_keys(self) -> None:
        """What transformers takes, or that it takes nothing."""
        names = {"layers": "layers", "hidden": "embedding", "feedForward": "feed_forward"}
        names |= {"heads": "heads", "kvHeads": "kv_heads", "headDim": "key"}
        names |= {"vocabulary": "vocabulary", "epsilon": "epsilon"}
        names |= {"attentionCap": "attention_cap", "logitCap": "logit_cap"}
        for model in json.loads((MODELS / "config-defaults.json").read_text()):
            keys = json.loads(model["config"]) | {"model_type": model["model_type"]}
            for change in model["changes"]:
                changed = keys | {change["key"]: None}
                if change["form"] == "absent":
                    del changed[change["key"]]
                with self.subTest(model["model_type"], change=change["key"], form=change["form"]):
                    if change["key"] != "tie_word_embeddings":
                        self.check(changed, model["model"], change["model"], names)

    def check(self, keys: dict, usual: str, change: str | None, names: dict) -> None:
        if change is None:
            with self.assertRaises(identity.NoValues):
                completed = config.completed(keys)
                config_rope.config_ropes(completed, config.config_shape(completed))
            return
        completed, expected = config.completed(keys), json.loads(usual) | json.loads(change)
        shape = config.config_shape(completed)
        for name, own in names.items():
            value = expected[name]
            value = float(np.float32(value)) if isinstance(value, float) else value
            self.assertEqual(getattr(shape, own), value, name)
        windows = [shape.windows.count(w) for w in set(shape.windows) if w]
        self.assertEqual(windows, expected["windows"][:1])
        for found, name in zip(
            config_rope.config_ropes(completed, shape), ("rope", "localRope"), strict=False
        ):
            first = inverse(found)[: len(expected[name]) - 1]
            self.assertEqual(found.dimensions // 2, expected[name][0])
            np.testing.assert_allclose(first, expected[name][1:], rtol=1e-4)

    def test_scalings(self) -> None:
        for case in json.loads((MODELS / "config-rope.json").read_text()):
            keys = json.loads(case["config"]) | {"model_type": "llama"}
            completed = config.completed(keys)
            (found,) = config_rope.config_ropes(completed, config.config_shape(completed))
            np.testing.assert_allclose(inverse(found), case["inverse"], rtol=1e-5)
            np.testing.assert_allclose(found.magnitude, case["magnitude"], rtol=1e-6)


def inverse(found: rope.Rope) -> np.ndarray:
    """What a position is multiplied by in each pair."""
    pairs = found.dimensions // 2
    powers = found.base ** (-2 * np.arange(pairs) / found.dimensions)
    has_factors = found.scaling in ("factors", "longrope")
    return powers / found.numbers[:pairs] if has_factors else powers


class Answers(unittest.TestCase):
    """What the command prints, and its exit codes."""

    def setUp(self) -> None:
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def copy(self, name: str) -> pathlib.Path:
        model = self.folder / name
        shutil.copytree(MODELS / name, model, dirs_exist_ok=True)
        return model

    def set(self, model: pathlib.Path, **changes: object) -> None:
        path = model / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    def test_json(self) -> None:
        model = MODELS / "tiny-qwen2"
        code, out, _ = command(model, "--json")
        result = json.loads(out)
        self.assertEqual((code, result["values"]), (0, identity.values(model)))
        self.assertEqual([entry["role"] for entry in result["files"]], [1, 2, 3, 4])
        for entry in result["files"]:
            digest = hashlib.sha256((model / entry["name"]).read_bytes()).hexdigest()
            self.assertEqual(entry["sha256"], digest)

    def test_only_files(self) -> None:
        code, out, _ = command(MODELS / "tiny-qwen2", "--json", "--files")
        self.assertEqual((code, list(json.loads(out))), (0, ["files"]))

    def test_no_values(self) -> None:
        """The identity by files remains, with one sentence."""
        changes = ({"model_type": "gpt2"}, {"quantization_config": {"bits": 4}})
        changes += ({"num_local_experts": 8}, {"num_hidden_layers": 3}, {"hidden_act": "gelu"})
        for change in changes:
            model = self.copy("tiny-llama-f32")
            self.set(model, **change)
            code, out, _ = command(model, "--json")
            result = json.loads(out)
            self.assertEqual((code, result["values"], len(result["files"])), (0, None, 4))
            self.assertNotIn("\n", result["why"])

    def test_packed_weights(self) -> None:
        model = self.copy("tiny-llama-f32")
        path = model / "model.safetensors"
        path.write_bytes(path.read_bytes().replace(b'"F32"', b'"I32"', 1))
        code, out, _ = command(model)
        self.assertEqual(code, 0)
        self.assertIn("I32", out)

    def test_exit_codes(self) -> None:
        text = self.folder / "text"
        text.write_text("no model")
        split = self.folder / "tiny-00001-of-00004.gguf"
        shutil.copy(next((MODELS / "tiny-llama-split").glob("*-00001-*")), split)
        cases = [((), 64), ((text, "--digests"), 64), ((text,), 65), ((text, "--files"), 65)]
        cases += [((self.folder / "nothing",), 66), ((self.folder,), 66), ((split,), 66)]
        for arguments, expected in cases:
            code, out, errors = command(*arguments)
            self.assertEqual((code, out, errors.count("\n")), (expected, "", 1), arguments)


if __name__ == "__main__":
    unittest.main()
