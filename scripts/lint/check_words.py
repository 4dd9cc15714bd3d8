#!/usr/bin/env python3
"""Fails for every word that the project's language rules forbid, in comments, messages and
Markdown.

usage: check_words.py [FILE...]      all files of the repository, or these

Source: CONTRIBUTING.md, "Language". Names in code, and text in backticks, are free. So is what
stands in files that the program or the fixtures' generators write: that is data, and stays word for
word."""

import re
import sys
from collections.abc import Iterator

from sources import (
    CODE,
    STRING,
    Finding,
    after_parentheses,
    c_pieces,
    files,
    line_of,
    python_pieces,
    read,
    report,
    shell_pieces,
    swift_pieces,
)

# What is forbidden, and what to write instead.
WORDS = {
    r"(?-i:\bOf\b)(?= )": "a sentence opens with its subject, not with Of",
    r"\bso many\b(?! (?:that|as)\b)": "say how many, or the number",
    r"\bso-maniet[hy]\b|\bmanieth\b": "say every Nth",
    r"\bunless told\b": "give the default",
    r"\b(?:let|lets|letting) (?:\w+ )?go\b(?! of)": "say drops or evicts",
    r"\bgo(?:es|ing)? on\b(?! to\b)|\bwent on\b": "say continues",
    r"\bbehind\b": "say after or follows",
    r"\bbeside\b": "say next to",
    r"(?<![-\w])stands?\b(?!-| (?:for|in)\b)": "say is or are",
    r"\brefus(?:e|es|ed|ing|al)\b": "say rejects",
    r"\bmend(?:s|ed|ing)?\b": "say fixes",
    r"\b(?:is|are|was|be|a|not) (?:un)?sound\b": "say valid",
    r"\bBrings?\b[^.\x00]{0,80}\btogether\b": "say what it does, or delete the comment",
}  # fmt: skip
RULES = [
    (re.compile(pattern.replace(" ", r"\s+"), re.I), advice) for pattern, advice in WORDS.items()
]

PATTERNS = (
    "*.swift",
    "*.c",
    "*.h",
    "*.py",
    "*.md",
    "Makefile",
    "scripts/*",
    "Fuzzing/run",
    "Fuzzing/minimise",
)
# The fixtures' rules and descriptions are data; this script and its tests name the words.
EXCLUDED = re.compile(
    r"fixtures/|Fuzzing/Corpus/|Fuzzing/Regressions/|scripts/lint/(?:tests/.*|check_words\.py)$"
)

# Texts that are data: a setting in files of results, and a model's own system message.
DATA = ("tokens behind it", "you will refuse to answer")

# Headings whose sections are not checked: what a version said stays, and the rules name the words.
EXCEPTED = {"CHANGELOG.md": [r"## \d"], "CONTRIBUTING.md": ["## Language"]}

BETWEEN = "\0"  # in the place of what is no prose


def hidden(text: str) -> str:
    return re.sub(r"[^\n]", BETWEEN, text)


def markdown_prose(path: str, text: str) -> str:
    """Without code, addresses, and sections that are excepted."""
    for heading in EXCEPTED.get(path, ()):
        pattern = rf"(?ms)^{heading}.*?(?=^#{{1,2}} (?!{heading[3:]})|\Z)"
        text = re.sub(pattern, lambda match: hidden(match.group()), text)
    for code in (r"(?ms)^( *)```.*?^\1```", r"(?m)^ {4,}(?![-*\d]).*$", r"`[^`]*`", r"\]\([^)]*\)"):
        text = re.sub(code, lambda match: hidden(match.group()), text)
    return text


def without_interpolations(string: str) -> str:
    """A string of Swift without the expressions in it; a regular expression is no text at all."""
    if string.lstrip("#").startswith("/"):
        return hidden(string)
    parts, end = [], 0
    for match in re.finditer(r"\\#*\(", string):
        if match.start() >= end:
            parts.append(string[end : match.end()])
            end = after_parentheses(string, match.end())
            parts.append(hidden(string[match.end() : end]))
    return "".join(parts) + string[end:]


def source_prose(path: str, text: str) -> str:
    """Comments and strings, the signs before each line of a comment left out."""
    endings = {
        "swift": swift_pieces,
        "py": python_pieces,
        "c": c_pieces,
        "h": c_pieces,
        "inc": c_pieces,
    }
    pieces = endings.get(path.rsplit(".", 1)[-1], shell_pieces)
    parts, end = [], 0
    for kind, start, last in pieces(text):
        part = text[start:last]
        if kind == STRING and pieces is swift_pieces:
            part = without_interpolations(part)
        # Between two lines of one comment stand only blanks, which are no code.
        parts.append(part if kind != CODE or not part.strip() else hidden(part))
        end = last
    prose = "".join(parts) + hidden(text[end:])
    prose = re.sub(r"(?m)^([ \0]*)(///?|#|\*)", lambda m: m.group(1) + " " * len(m.group(2)), prose)
    return re.sub(r"`[^`\n]*`", lambda match: hidden(match.group()), prose)


def check(path: str, text: str) -> Iterator[Finding]:
    for data in DATA:
        text = text.replace(data, BETWEEN * len(data))
    prose = markdown_prose(path, text) if path.endswith(".md") else source_prose(path, text)
    for rule, advice in RULES:
        for match in rule.finditer(prose):
            words = " ".join(match.group().split())
            yield Finding(path, line_of(prose, match.start()), f"“{words}”: {advice}")


def main() -> int:
    paths = sys.argv[1:] or [path for path in files(*PATTERNS) if not EXCLUDED.match(path)]
    return report([found for path in paths for found in check(path, read(path))], "check_words")


if __name__ == "__main__":
    sys.exit(main())
