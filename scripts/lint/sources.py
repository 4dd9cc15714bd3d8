"""The repository's files, and their texts taken apart into code, comments and strings."""

import io
import pathlib
import re
import subprocess
import tokenize
from collections.abc import Iterator
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
CODE, COMMENT, STRING = "code", "comment", "string"

Piece = tuple[str, int, int]  # what it is, where it starts, where it ends


class Finding(NamedTuple):
    """What a check prints."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


def files(*patterns: str) -> list[str]:
    """The tracked files, and new ones that are not ignored, that match a pattern of git."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    names = sorted(set(listed.stdout.split("\0")) - {""})
    return [name for name in names if (ROOT / name).is_file()]


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def line_of(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def report(findings: list[Finding], name: str) -> int:
    """Prints the findings; gives the exit code."""
    for finding in sorted(findings):
        print(finding)
    if findings:
        print(f"{name}: {len(findings)} findings")
    return 1 if findings else 0


def code_only(text: str, pieces: Iterator[Piece]) -> str:
    """The text with blanks in the place of comments, and of what strings hold; lines keep their
    numbers."""
    parts = []
    for kind, start, end in pieces:
        blank = re.sub(r"[^\n]", " ", text[start:end])
        parts.append({CODE: text[start:end], COMMENT: blank, STRING: '"' + blank[1:]}[kind])
    return "".join(parts)


def c_pieces(text: str) -> Iterator[Piece]:
    pattern = r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
    end = 0
    for match in re.finditer(pattern, text, re.S):
        yield CODE, end, match.start()
        yield COMMENT if match.group()[0] == "/" else STRING, match.start(), match.end()
        end = match.end()
    yield CODE, end, len(text)


def swift_pieces(text: str) -> Iterator[Piece]:
    """An interpolation is part of its string."""
    place = end = 0
    opening = re.compile(r"//|/\*|#*\"\"\"(?=[ \t]*\n)|#*\"|#+/|(?:(?<=[(:=,] )|(?<=\())/(?!\s)")
    while match := opening.search(text, place):
        start = match.start()
        if match.group() == "//":
            place = (text.find("\n", start) + 1 or len(text) + 1) - 1
        elif match.group() == "/*":
            place = after_block_comment(text, start)
        else:
            place = after_string(text, start, match.group())
        yield CODE, end, start
        yield COMMENT if match.group() in ("//", "/*") else STRING, start, place
        end = place
    yield CODE, end, len(text)


def after_block_comment(text: str, start: int) -> int:
    """Block comments nest."""
    depth = 0
    for match in re.compile(r"/\*|\*/").finditer(text, start):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return len(text)


def after_string(text: str, start: int, opening: str) -> int:
    """Where a string, or a regular expression between #/ and /#, ends."""
    pounds = "#" * opening.count("#")
    mark = opening.strip("#")
    special = re.compile(
        f"{re.escape(mark + pounds)}|\\\\{pounds}\\(|\\\\{pounds}."
        + ("" if mark == '"""' or mark == "/" else "|\n"), re.S)  # fmt: skip
    place = start + len(opening)
    while match := special.search(text, place):
        if match.group() == mark + pounds or match.group() == "\n":
            return match.end() - (match.group() == "\n")
        place = match.end()
        if match.group().endswith("(") and mark != "/":
            place = after_parentheses(text, place)
    return len(text)


def after_parentheses(text: str, place: int) -> int:
    """Where the interpolation whose opening parenthesis was just read ends."""
    depth = 1
    special = re.compile(r"[()]|#*\"\"\"(?=[ \t]*\n)|#*\"")
    while match := special.search(text, place):
        place = match.end()
        if match.group() in "()":
            depth += 1 if match.group() == "(" else -1
            if depth == 0:
                return place
        else:
            place = after_string(text, match.start(), match.group())
    return len(text)


def python_pieces(text: str) -> Iterator[Piece]:
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    end = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        # From Python 3.12 on, strings with expressions come in parts.
        name = tokenize.tok_name[token.type]
        if name not in ("STRING", "COMMENT", "FSTRING_MIDDLE"):
            continue
        first, last = (starts[row - 1] + column for row, column in (token.start, token.end))
        yield CODE, end, first
        yield COMMENT if name == "COMMENT" else STRING, first, last
        end = last
    yield CODE, end, len(text)


def shell_pieces(text: str) -> Iterator[Piece]:
    """Comments of whole lines, and what is printed."""
    end = 0
    for match in re.finditer(r"(?m)^\s*#[^\n]*|^.*\becho\b.*$", text):
        yield CODE, end, match.start()
        yield COMMENT if match.group().lstrip()[0] == "#" else STRING, match.start(), match.end()
        end = match.end()
    yield CODE, end, len(text)
