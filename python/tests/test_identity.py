"""The identity of files; needs numpy alone."""

import pathlib
import re
import tempfile
import unittest
from types import SimpleNamespace

import kvsnap
from places import MODELS, REPOSITORY

SECTION = (REPOSITORY / "spec/format.md").read_text().split("#### 3.1.5")[1].split("### 3.2")[0]


class IdentityOfFiles(unittest.TestCase):
    def test_check_vectors(self):
        rows = re.findall(r"^\| `(tiny-[^`]+)` \|" + r" `(\w{8})` \|" * 4, SECTION, re.M)
        self.assertEqual(len(rows), 12)
        for name, *beginnings in rows:
            paths = [MODELS / name, MODELS / f"{name}.gguf"]
            for path in (path for path in paths if path.exists()):
                identity = kvsnap.identity(path)
                found = [digest.hex()[:8] for digest in identity.values.values()]
                self.assertEqual(found, beginnings, path)
                self.assertEqual(b"".join(identity.values.values()), identity.digests)

    def test_files(self):
        folder = kvsnap.identity(str(MODELS / "tiny-llama-bf16"))
        self.assertEqual([file.role for file in folder.files], [1, 1, 2, 3, 4])
        self.assertEqual(list(folder.files), sorted(folder.files, key=lambda f: (f.role, f.sha256)))
        gguf = kvsnap.identity(MODELS / "tiny-llama-bf16.gguf")
        self.assertEqual([file.name for file in gguf.files], ["tiny-llama-bf16.gguf"])
        self.assertEqual(gguf.values, folder.values)

    def test_no_values(self):
        with tempfile.TemporaryDirectory() as work:
            folder = pathlib.Path(work) / "model"
            copied(MODELS / "tiny-llama-f32", folder)
            config = folder / "config.json"
            config.write_text(config.read_text().replace('"silu"', '"relu"'))
            identity = kvsnap.identity(folder)
            self.assertIsNone(identity.values)
            self.assertEqual(identity.digests, bytes(128))
            self.assertRegex(identity.why, "activation 'relu'")
            self.assertEqual(len(identity.files), 4)

    def test_errors(self):
        with self.assertRaises(kvsnap.MissingError):
            kvsnap.identity("/none.gguf")
        with tempfile.TemporaryDirectory() as work, self.assertRaises(kvsnap.MissingError):
            kvsnap.identity(work)
        with self.assertRaises(kvsnap.MalformedError):
            kvsnap.identity(REPOSITORY / "Makefile")
        model = SimpleNamespace(
            name_or_path="", config=SimpleNamespace(to_json_string=lambda: "{}")
        )
        with self.assertRaisesRegex(kvsnap.NotStoredError, "needs the tokenizer"):
            kvsnap.identity(model)
        model.name_or_path = MODELS
        with self.assertRaisesRegex(kvsnap.NotStoredError, "from a GGUF"):
            kvsnap.identity(model)


def copied(source: pathlib.Path, target: pathlib.Path) -> None:
    target.mkdir()
    for file in source.iterdir():
        (target / file.name).write_bytes(file.read_bytes())


if __name__ == "__main__":
    unittest.main()
