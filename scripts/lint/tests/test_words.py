"""Whether check_words finds what it must, and nothing else."""

import unittest

import check_words as check


def found(path: str, text: str) -> list[tuple[int, str]]:
    """The line and the words of each finding."""
    return sorted((each.line, each.what.split("”")[0][1:]) for each in check.check(path, text))


class Words(unittest.TestCase):
    def test_each_word(self):
        for text, words in {
            "Of the pairs, one stays.": "Of",
            "After so many tokens.": "so many",
            "It is 4 unless told otherwise.": "unless told",
            "Lets the head go; lets it go.": "lets it go",
            "It goes on from there.": "goes on",
            "The pairs behind the window.": "behind",
            "The ids beside the text.": "beside",
            "The text as it stands.": "stands",
            "Rows stand apart.": "stand",
            "It refuses the file.": "refuses",
            "The file is refused.": "refused",
            "That mends it.": "mends",
            "The file is sound.": "is sound",
            "Brings the three tensors together.": "Brings the three tensors together",
        }.items():
            for path, form in (
                ("A.swift", "/// {}\n"),
                ("a.py", '"""{}"""\n'),
                ("a.md", "{}\n"),
                ("a.c", "// {}"),
            ):
                self.assertEqual(found(path, form.format(text)), [(1, words)], text)

    def test_free_words(self):
        for text in (
            "A list of pairs.",
            "So many that it overflows.",
            "A name stands for a thing, and a stand-in for another.",
            "That is understood; the outstanding rest, too.",
            "The sound of music.",
            "It brings a friend.",
            "Pairs after the window, next to others.",
        ):
            self.assertEqual(found("A.swift", f"/// {text}\n"), [], text)

    def test_lines(self):
        self.assertEqual(
            found("A.swift", "let a = 1\n/// It lets\n/// pairs go.\n"), [(2, "lets pairs go")]
        )
        self.assertEqual(found("a.py", "a = 1\n# So, so\n# many tokens.\n"), [(2, "so many")])
        self.assertEqual(found("a.md", "Now\nOf all.\n"), [(2, "Of")])

    def test_code_is_free(self):
        self.assertEqual(found("A.swift", "let refused = behind(beside)\n"), [])
        self.assertEqual(found("A.swift", 'let a = "\\(refused("behind")) is read"\n'), [])
        self.assertEqual(found("A.swift", 'let a = "\\(a) is refused"\n'), [(1, "refused")])
        self.assertEqual(found("A.swift", "/// `refused` is a name.\n"), [])
        self.assertEqual(found("A.swift", "let a = /refused/\n"), [])
        self.assertEqual(found("a.md", "Write `beside`.\n\n```\nbehind\n```\n\n    refused\n"), [])
        self.assertEqual(
            found("run", "behind=1\n# It is refused.\necho stands\n"),
            [(2, "refused"), (3, "stands")],
        )

    def test_comment_and_string_are_apart(self):
        self.assertEqual(found("A.swift", 'f("so") // many\ng("many")\n'), [])

    def test_excepted_sections(self):
        log = "# Change log\n\n## Unreleased\n\nIt stands.\n\n## 0.1.0\n\nRefused.\n"
        log += "\n## 0.0.1\n\nRefused.\n"
        self.assertEqual(found("CHANGELOG.md", log), [(5, "stands")])
        rules = "# Contributing\n\n## Language\n\nNot *beside*.\n\n### More\n\nRefused.\n"
        rules += "\n## Other\n\nBeside.\n"
        self.assertEqual(found("CONTRIBUTING.md", rules), [(13, "Beside")])
        self.assertEqual(found("a.md", rules), [(5, "beside"), (9, "Refused"), (13, "Beside")])


if __name__ == "__main__":
    unittest.main()
