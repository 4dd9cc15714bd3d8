#!/usr/bin/env python3
"""Fails for every listing in Swift of KVSnap's articles that no test compiles and runs.

usage: check_articles.py

The lines of a listing are lines of Tests/KVSnapTests/ArticleTests.swift, one after another, apart
from how far they are indented.
"""

import re
import sys
import textwrap
from collections.abc import Iterator

from sources import Finding, files, line_of, read, report

ARTICLES = "Sources/Library/KVSnap/KVSnap.docc/*.md"
TESTS = "Tests/KVSnapTests/ArticleTests.swift"
LISTING = re.compile(r"(?ms)^```swift\n(.*?)^```$")


def indented(listing: str, program: str) -> bool:
    """Whether the lines of the listing follow one another in the program, at one indentation."""
    first = re.escape(listing.splitlines()[0] if listing else "")
    for match in re.finditer(rf"(?m)^( *){first}$", program):
        if program.startswith(textwrap.indent(listing, match.group(1)), match.start()):
            return True
    return False


def check(path: str, text: str, program: str) -> Iterator[Finding]:
    for match in LISTING.finditer(text):
        if not indented(match.group(1), program):
            yield Finding(path, line_of(text, match.start(1)), f"{TESTS} has not this listing")


def main() -> int:
    program = read(TESTS)
    findings = [each for path in files(ARTICLES) for each in check(path, read(path), program)]
    return report(findings, "check_articles")


if __name__ == "__main__":
    sys.exit(main())
