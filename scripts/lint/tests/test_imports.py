"""Whether check_imports finds what it must, and nothing else."""

import pathlib
import tempfile
import unittest

import check_imports as check

TABLE = """# Contributing

## Imports

| group | target | may import |
| --- | --- | --- |
| Format | `ByteIO` | `CFaults`, `Glibc` |
| | `CacheCodec` | `ByteIO` |
| Method | `QFilters` | `ByteIO` |
| Engine | `Inference` | `ByteIO` |
| App | `Workflows` | `CacheCodec`, `Inference` |
| C | `CFaults` | nothing |

## Other

| C | `CNothing` | `Elsewhere` |
"""
FILES = {
    "Sources/Format/ByteIO/A.swift": "#if os(Linux)\n  import Glibc\n#endif\n"
    "package import CFaults\n",
    "Sources/Format/CacheCodec/A.swift": "import struct ByteIO.File\n"
    'let a = """\n  import No\n  """\n',
    "Sources/Method/QFilters/A.swift": "public import ByteIO // import Nothing\n",
    "Sources/Engine/Inference/A.swift": "private import ByteIO\n",
    "Sources/App/Workflows/A.swift": "import CacheCodec\nimport Inference\n",
    "Sources/C/CFaults/include/CFaults.h": "#include <stdint.h>\n",
    "Sources/C/CFaults/faults.c": '#include "CFaults.h"\n',
}
DEPENDENCIES = {
    "Format/ByteIO": ["CFaults"],
    "Format/CacheCodec": ["ByteIO"],
    "Method/QFilters": ["ByteIO"],
    "Engine/Inference": ["ByteIO"],
    "App/Workflows": ["CacheCodec", "Inference"],
    "C/CFaults": [],
}


def found(files=None, dependencies=None, table: str = TABLE) -> list[str]:
    """What the check says of a package of these files."""
    entries = [
        {
            "name": path.split("/")[1],
            "type": "regular",
            "path": f"Sources/{path}",
            "dependencies": [{"byName": [name, None]} for name in names],
        }
        for path, names in (DEPENDENCIES | (dependencies or {})).items()
    ]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in (FILES | (files or {})).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        targets = check.targets({"targets": entries})
        check.find_imports(targets, root)
        return [str(finding) for finding in check.findings(targets, check.rows(table))]


class Imports(unittest.TestCase):
    def test_right_package(self):
        self.assertEqual(found(), [])

    def test_import_that_the_table_does_not_allow(self):
        self.assertEqual(
            found({"Sources/Method/QFilters/B.swift": "\n@preconcurrency import Foundation\n"}),
            ["Sources/Method/QFilters/B.swift:2: "
             "QFilters may not import Foundation; see CONTRIBUTING.md, Imports"])  # fmt: skip

    def test_entry_that_nobody_imports(self):
        table = TABLE.replace("`CFaults`, `Glibc`", "`CFaults`, `Glibc`, `Dispatch`")
        self.assertEqual(found(table=table), ["CONTRIBUTING.md:7: ByteIO does not import Dispatch"])

    def test_target_without_a_line(self):
        table = TABLE.replace("| C | `CFaults` | nothing |\n", "")
        what = "CONTRIBUTING.md:1: the table under Imports has no line for the target CFaults"
        self.assertEqual(found(table=table), [what])

    def test_line_without_a_target(self):
        table = TABLE.replace("| C | `CF", "| | `Gone` | nothing |\n| C | `CF")
        self.assertEqual(
            found(table=table), ["CONTRIBUTING.md:12: Package.swift has no target Gone"]
        )

    def test_no_table(self):
        self.assertEqual(
            found(table="# Contributing\n"),
            ['CONTRIBUTING.md:1: there is no table under "## Imports"'])  # fmt: skip

    def arrow(self, group: str, target: str, module: str, allowed: str) -> list[str]:
        """What is said of an import that the table allows, against the map."""
        return found(
            {f"Sources/{group}/{target}/B.swift": f"import {module}\n"},
            {f"{group}/{target}": [*DEPENDENCIES[f"{group}/{target}"], module]},
            TABLE.replace(f"`{target}` | {allowed}", f"`{target}` | {allowed}, `{module}`"),
        )

    def test_arrow_up(self):
        what = self.arrow("Format", "CacheCodec", "QFilters", "`ByteIO`")
        self.assertIn("CacheCodec of Format may not import QFilters of Method", what[0])

    def test_arrow_across(self):
        what = self.arrow("Method", "QFilters", "Inference", "`ByteIO`")
        self.assertIn("QFilters of Method may not import Inference of Engine", what[0])

    def test_engine_and_codec(self):
        what = self.arrow("Engine", "Inference", "CacheCodec", "`ByteIO`")
        self.assertTrue(any("may not import CacheCodec of Format" in each for each in what), what)
        self.assertTrue(any("Inference reaches both" in each for each in what), what)

    def test_dependency_that_is_not_imported(self):
        what = "Package.swift:1: Inference depends on CFaults, which it does not import"
        self.assertEqual(found(dependencies={"Engine/Inference": ["ByteIO", "CFaults"]}), [what])

    def test_import_without_a_dependency(self):
        what = "QFilters does not depend on ByteIO in Package.swift"
        self.assertEqual(
            found(dependencies={"Method/QFilters": []}),
            [f"Sources/Method/QFilters/A.swift:1: {what}"])  # fmt: skip


if __name__ == "__main__":
    unittest.main()
