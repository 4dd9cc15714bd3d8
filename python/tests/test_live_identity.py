"""The identity of models in memory is that of their files; needs torch and transformers."""

import json
import tempfile
import unittest

import kvsnap
from kvsnap.identity_parts.architecture import gguf_shape
from kvsnap.identity_parts.models import Contents, opened
from kvsnap.identity_parts.weights import checked, weights_digest
from kvsnap.model_identity import Held
from places import MODELS, folders, prefilled, qfilters, real_model

try:
    import torch
    import transformers
except ImportError as problem:
    raise unittest.SkipTest(f"{problem}") from None

# transformers makes other tokenizers of these folders' files, or none.
OTHER_TOKENIZERS = ("tiny-llama-bf16", "tiny-qwen2", "tiny-qwen2-window")
REAL = ("SmolLM2-135M-Instruct.Q4_1.gguf", "gemma-3-270m-q4_k_m.gguf")


def loaded(path, dtype=torch.float32):
    options = {"dtype": dtype, "pretrained_model_name_or_path": path}
    if path.is_file():
        options |= {"pretrained_model_name_or_path": path.parent, "gguf_file": path.name}
        options["quantization_config"] = transformers.GgufConfig(dequantize=True)
    return transformers.AutoModelForCausalLM.from_pretrained(**options).eval()


class LiveIdentity(unittest.TestCase):
    def test_folders(self):
        self.assertEqual(len(folders()), 15)
        for path in folders():
            with self.subTest(path.name):
                model, expected = loaded(path), kvsnap.identity(path)
                self.assertIsNotNone(expected.values)
                self.assertEqual(kvsnap.identity(model).values, expected.values)
                self.assertEqual(kvsnap.identity(model, path).values, expected.values)
                self.assertEqual(kvsnap.identity(model, files=path), expected)
                if path.name not in OTHER_TOKENIZERS:
                    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
                    self.assertEqual(kvsnap.identity(model, tokenizer).values, expected.values)

    def test_what_loading_rounds_is_another_model(self):
        path = MODELS / "tiny-llama-f32"
        model, expected = loaded(path, torch.bfloat16), kvsnap.identity(path)
        found = kvsnap.identity(model).values
        self.assertNotEqual(found["weights"], expected.values["weights"])
        self.assertEqual({**found, "weights": expected.values["weights"]}, expected.values)
        self.assertEqual(kvsnap.identity(model, files=path), expected)

    def test_files_of_another_model(self):
        with self.assertRaises(kvsnap.OtherModelError):
            kvsnap.identity(loaded(MODELS / "tiny-qwen3"), files=MODELS / "tiny-llama-f32")

    def test_types_without_digest(self):
        model = loaded(MODELS / "tiny-llama-f32").double()
        self.assertRegex(kvsnap.identity(model).why, "torch.float64")

    def test_weights_of_ggufs(self):
        paths = [MODELS / "tiny-llama-q4_1.gguf", MODELS / "tiny-gemma3.gguf"]
        for path in [*paths, *map(real_model, REAL)]:
            with self.subTest(path.name):
                model, files = loaded(path), kvsnap.identity(path)
                with tempfile.TemporaryDirectory() as work:
                    snapshot = prefilled(work, path, "A snapshot names its model.")
                    inspected = json.loads(qfilters("inspect", snapshot, "--json"))["identity"]
                    with kvsnap.open(snapshot) as file:
                        self.assertEqual(file.identity, files.values)
                for name, digest in files.values.items():
                    self.assertEqual(digest.hex(), inspected[name])
                with self.assertRaisesRegex(kvsnap.NotStoredError, "from a GGUF"):
                    kvsnap.identity(model)
                self.assertEqual(kvsnap.identity(model, files=path), files)
                self.assertEqual(weights_of(model, path), files.values["weights"].hex())


def weights_of(model, path) -> str:
    """The digest of a model's tensors; the other digests of a GGUF need the file."""
    shape = gguf_shape(opened(path).keys, opened(path).tensors)
    tensors = {name: Held(name, tensor) for name, tensor in model.state_dict().items()}
    contents = Contents(json.loads(model.config.to_json_string()), {}, {}, tensors)
    return weights_digest(checked(contents.weights(shape), shape), shape, is_gguf=False)


if __name__ == "__main__":
    unittest.main()
