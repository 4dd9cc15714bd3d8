"""Whether check_articles finds what it must, and nothing else."""

import unittest

import check_articles as check

PROGRAM = "func f() {\n  let a = 1\n  if a > 0 {\n    g()\n\n    h()\n  }\n}\n"


def found(listing: str) -> list[str]:
    article = f"# Title\n\n```swift\n{listing}```\n\n```c\nint no;\n```\n"
    return [str(finding) for finding in check.check("A.md", article, PROGRAM)]


class Articles(unittest.TestCase):
    MISSING = [f"A.md:4: {check.TESTS} has not this listing"]

    def test_whole(self):
        self.assertEqual(found(PROGRAM), [])

    def test_part(self):
        for listing in ("let a = 1\n", "g()\n\nh()\n", "if a > 0 {\n  g()\n\n  h()\n}\n"):
            self.assertEqual(found(listing), [], listing)

    def test_other(self):
        for listing in ("let a = 2\n", "let a\n", "a = 1\n", "g()\nh()\n", "if a > 0 {\ng()\n"):
            self.assertEqual(found(listing), self.MISSING, listing)


if __name__ == "__main__":
    unittest.main()
