"""Whether check_frozen finds what it must, and nothing else."""

import hashlib
import json
import pathlib
import tempfile
import unittest

import check_frozen as check

DRAFT, FROZEN = (
    "# Format\n\nVersion 1.0, draft\n",
    "# Format\n\nVersion 1.0, frozen on 2027-01-31\n",
)
LIST = "fixtures/conformance/frozen-1.0.sha256"


class Frozen(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.valid = {"file": "valid/a.kvsnap", "about": "one", "reads": [{"tensors": {"t": "1"}}]}
        self.invalid = {"file": "invalid/b.kvsnap", "rule": "two", "section": "TIER"}
        self.write("spec/format.md", DRAFT)
        self.write("fixtures/conformance/valid/a.kvsnap", "a")
        self.write("fixtures/conformance/invalid/b.kvsnap", "b")
        self.write("fixtures/conformance/LICENSE", "free")
        self.write_manifest()

    def write(self, name: str, text: str):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def write_manifest(self):
        for name, entry in (("valid", self.valid), ("invalid", self.invalid)):
            manifest = json.dumps({"format": 1, "fixtures": [entry]})
            self.write(f"fixtures/conformance/{name}.json", manifest)

    def found(self) -> list[str]:
        return [str(finding) for finding in check.check(self.root)]

    def freeze(self):
        check.freeze(self.root, "1.0")
        self.write("spec/format.md", FROZEN)

    def test_draft(self):
        self.assertEqual(self.found(), [])
        self.write("fixtures/conformance/valid/a.kvsnap", "another")
        self.assertEqual(self.found(), [])

    def test_frozen(self):
        self.freeze()
        self.assertEqual(self.found(), [])
        lines = (self.root / LIST).read_text(encoding="utf-8").splitlines()
        self.assertEqual(len(lines), 4)
        self.assertIn(hashlib.sha256(b"a").hexdigest() + "  valid/a.kvsnap", lines)

    def test_changed_bytes(self):
        self.freeze()
        self.write("fixtures/conformance/valid/a.kvsnap", "another")
        what = f"{LIST}:2: bytes of valid/a.kvsnap are frozen, and were changed"
        self.assertEqual(self.found(), [what])

    def test_removed_file(self):
        self.freeze()
        (self.root / "fixtures/conformance/invalid/b.kvsnap").unlink()
        what = f"{LIST}:1: bytes of invalid/b.kvsnap are frozen, and are not there"
        self.assertEqual(self.found(), [what])

    def test_changed_and_removed_answers(self):
        self.freeze()
        self.valid["reads"][0]["tensors"]["t"] = "2"
        self.invalid["file"] = "invalid/c.kvsnap"
        self.write_manifest()
        self.assertEqual(
            self.found(),
            [f"{LIST}:3: answers to valid/a.kvsnap are frozen, and were changed",
             f"{LIST}:4: answers to invalid/b.kvsnap are frozen, and are not there"])  # fmt: skip

    def test_what_is_free(self):
        self.freeze()
        self.valid["about"], self.invalid["rule"] = "clearer", "words"
        self.write_manifest()
        self.write("fixtures/conformance/LICENSE", "freer")
        self.write("fixtures/conformance/valid/c.kvsnap", "new")
        self.assertEqual(self.found(), [])

    def test_text_and_lists_disagree(self):
        self.write("spec/format.md", FROZEN)
        self.assertIn("version 1.0 is frozen, and fixtures", self.found()[0])
        self.freeze()
        self.write("spec/format.md", DRAFT)
        what = "spec/format.md:1: version 1.0 is a draft, and its fixtures are frozen"
        self.assertEqual(self.found(), [what])

    def test_earlier_versions_stay_frozen(self):
        self.freeze()
        self.write("spec/format.md", DRAFT.replace("1.0", "1.1"))
        self.assertEqual(self.found(), [])
        self.write("fixtures/conformance/valid/a.kvsnap", "another")
        self.assertEqual(len(self.found()), 1)

    def test_text_without_a_version(self):
        for text in ("# Format\n", DRAFT + FROZEN, "Version 1.0, frozen on a day\n"):
            self.write("spec/format.md", text)
            self.assertIn("one line says", self.found()[0], text)

    def test_broken_list(self):
        self.freeze()
        self.write(LIST, "abc  valid/a.kvsnap\n")
        self.assertEqual(self.found(), [f"{LIST}:1: a line is a SHA-256, two blanks and a name"])
        self.write(LIST, "")
        self.assertEqual(self.found(), [f"{LIST}:1: the list of a frozen version is empty"])

    def test_freezing_once_and_the_right_version(self):
        with self.assertRaises(ValueError):
            check.freeze(self.root, "1.1")
        self.freeze()
        with self.assertRaises(FileExistsError):
            check.freeze(self.root, "1.0")


if __name__ == "__main__":
    unittest.main()
