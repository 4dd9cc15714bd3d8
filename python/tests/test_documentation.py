"""Runs the examples of docs/python.md; those of transformers where torch is installed."""

import contextlib
import importlib.util
import io
import os
import pathlib
import re
import shutil
import tempfile
import unittest

from places import MODELS, REPOSITORY, SNAPSHOTS, prefilled

MODEL = MODELS / "tiny-qwen3"
EXAMPLES = re.findall(
    r"^```python\n(.*?)^```$", (REPOSITORY / "docs/python.md").read_text(), re.M | re.S
)
IN_TRANSFORMERS = [example for example in EXAMPLES if "cache" in example]


def run(examples: list[str], snapshot: pathlib.Path) -> tuple[dict, str]:
    """Their names, and what they print, in a folder with a model and a snapshot."""
    names, printed, before = {}, io.StringIO(), pathlib.Path.cwd()
    with tempfile.TemporaryDirectory() as work:
        shutil.copytree(MODEL, pathlib.Path(work, "model"))
        shutil.copy(snapshot, pathlib.Path(work, "book.kvsnap"))
        os.chdir(work)
        try:
            with contextlib.redirect_stdout(printed):
                for example in examples:
                    exec(example, names)
        finally:
            os.chdir(before)
    return names, printed.getvalue()


class Examples(unittest.TestCase):
    def test_numpy(self):
        examples = [example for example in EXAMPLES if example not in IN_TRANSFORMERS]
        self.assertEqual(len(examples), 2)
        names, printed = run(examples, SNAPSHOTS / "f16.kvsnap")
        self.assertEqual(len(names["everything"]), names["snapshot"].layers)
        self.assertIn("the same model: False", printed)

    @unittest.skipUnless(importlib.util.find_spec("transformers"), "there is no transformers")
    def test_transformers(self):
        with tempfile.TemporaryDirectory() as work:
            snapshot = prefilled(work, MODEL, "A snapshot holds a context's pairs. " * 3)
            names, _ = run(IN_TRANSFORMERS, snapshot)
            tokens, prompt = len(names["snapshot"].tokens), names["prompt"].shape[1]
            new = names["answer"][0, tokens + prompt :]
            self.assertEqual(names["first"], tokens)
            self.assertEqual(int(names["logits"][0, -1].argmax()), int(new[0]))
            _, printed = run(EXAMPLES[:1] + EXAMPLES[-1:], snapshot)
            self.assertIn("the same model: True", printed)


if __name__ == "__main__":
    unittest.main()
