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

from places import MODELS, REPOSITORY, SNAPSHOTS, precomputed, prefilled

MODEL = MODELS / "tiny-qwen3"
TEXT = "A snapshot holds a context's pairs. " * 3
SECTIONS = {
    section.partition("\n")[0]: re.findall(r"^```python\n(.*?)^```$", section, re.M | re.S)
    for section in (REPOSITORY / "docs/python.md").read_text().split("\n## ")
}
READING, WRITING, BANKS = (SECTIONS[name] for name in ("Reading", "Writing", "Filter banks"))
CONTINUING, IDENTITY = (
    SECTIONS["Continuing in transformers"],
    SECTIONS["Which model a snapshot is of"],
)


def run(examples: list[str], snapshot: pathlib.Path) -> tuple[dict, str]:
    """Their names, and what they print, in a folder with a model and a snapshot."""
    names, printed, before = {}, io.StringIO(), pathlib.Path.cwd()
    with tempfile.TemporaryDirectory() as work:
        shutil.copytree(MODEL, pathlib.Path(work, "model"))
        shutil.copy(snapshot, pathlib.Path(work, "book.kvsnap"))
        precomputed(work, MODEL, TEXT * 9, 2, 64).rename(pathlib.Path(work, "model.qfilt"))
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
        examples = READING + WRITING[-1:] + BANKS + IDENTITY
        names, printed = run(examples, SNAPSHOTS / "f16.kvsnap")
        self.assertEqual(len(examples), 4)
        self.assertEqual(len(names["everything"]), names["snapshot"].layers)
        self.assertIn("bytes", printed)
        self.assertIn("the same model: False", printed)
        self.assertEqual(names["bank"].identity.values, names["identity"].values)

    @unittest.skipUnless(importlib.util.find_spec("transformers"), "there is no transformers")
    def test_transformers(self):
        with tempfile.TemporaryDirectory() as work:
            snapshot = prefilled(work, MODEL, TEXT)
            names, _ = run(CONTINUING + WRITING, snapshot)
            answer, prompt = names["answer"][0].tolist(), names["prompt"].shape[1]
            self.assertEqual(int(names["logits"][0, -1].argmax()), answer[names["first"] + prompt])
            self.assertEqual(names["cache"].get_seq_length(), 203)
            _, printed = run(READING + IDENTITY, snapshot)
            self.assertIn("the same model: True", printed)


if __name__ == "__main__":
    unittest.main()
