#!/usr/bin/env python3
"""Fails for every file, function, line or list of arguments that is too long.

usage: check_sizes.py [FILE...]      all files of the repository, or these

A file has at most 250 lines, a function 60 lines, and a line 100 columns, in Swift, C and Python.
A call in Swift has at most five arguments without a label.
"""

import ast
import re
import sys
from collections.abc import Iterator

from sources import Finding, c_pieces, code_only, files, line_of, read, report, swift_pieces

FILE_LINES, FUNCTION_LINES, COLUMNS, UNLABELLED = 250, 60, 100, 5
LONG_FILES = {
    "spec/reader.py": "the specification's reader is one file, since spec/ is copied alone",
    "spec/reader.c": "likewise",
    "Sources/C/CKVSnap/include/kvsnap.h": "a program includes one header, which is also the manual",
}
PATTERNS = ("*.swift", "*.c", "*.h", "*.py")

BRACKETS = {"(": ")", "[": "]", "{": "}"}
DECLARATION = re.compile(
    r"\b(?:func\s+[^\s(<]+|(?<!\.)\b(?:init|subscript)\b[?!]?|deinit|var\s+\w+)"
)
# What a line begins with that continues a signature.
CONTINUATION = re.compile(r"\s*(?:->|where\b|throws\b|async\b|rethrows\b|\{)")
# Functions of libraries in C, which have no labels: the system's, and those of a BLAS.
C_FUNCTIONS = re.compile(r"(?:\bmmap|\.functions\.pointee\.\w+)$")
NO_CALL = re.compile(
    r"(?:\bfunc\s+(?:[\w`]+(?:<[^()]*>)?|[^\s(]+)"  # a declaration
    r"|(?<![.\w])(?:init|subscript)[?!]?(?:<[^()]*>)?"
    r"|\bcase\s+(?:let\s+|var\s+)?[\w.]*|,\s*(?:let\s+)?\.\w+"  # a pattern, or a case of an enum
    r"|@\w+)$"
)


def end_of(code: str, opening: int) -> int:
    """The place of the bracket that closes the one at `opening`, or the end of the text."""
    stack = []
    for match in re.compile(r"[()\[\]{}]").finditer(code, opening):
        if match.group() in BRACKETS:
            stack.append(BRACKETS[match.group()])
        elif stack.pop() != match.group() or not stack:
            return match.start()
    return len(code)


def body_of(code: str, place: int, is_variable: bool) -> int | None:
    """Where the body of what is declared begins, if it has one."""
    while place < len(code):
        sign = code[place]
        if sign == "{":
            return place
        if sign in "([":
            place = end_of(code, place)
        elif sign == "}" or sign == ";" or (is_variable and sign == "=" and code[place + 1] != "="):
            return None
        elif sign == "\n":
            before = code[:place].rstrip()
            if not (
                before.endswith(("->", "where", ",", "&", ":")) or CONTINUATION.match(code, place)
            ):
                return None
        place += 1
    return None


def swift_functions(code: str) -> Iterator[tuple[str, int, int]]:
    """The name, first line and last line of each function and computed property."""
    for match in DECLARATION.finditer(code):
        body = body_of(code, match.end(), match.group().startswith("var"))
        if body is not None:
            name = match.group().split()[-1]
            yield name, line_of(code, match.start()), line_of(code, end_of(code, body))


def c_functions(code: str) -> Iterator[tuple[str, int, int]]:
    """Functions, by a brace that closes at column 0."""
    lines, first = code.split("\n"), None
    for number, line in enumerate(lines, start=1):
        if line.startswith("}"):
            if first and (name := re.search(r"(\w+)\s*\(", "\n".join(lines[first - 1 : number]))):
                yield name.group(1), first, number
            first = None
        elif line.startswith(("#", " ", "\t", "{")) or not line.strip():
            first = None if not line.strip() and not open_brace(lines, first, number) else first
        elif first is None or not open_brace(lines, first, number):
            first = number if re.match(r"(?!typedef|struct|enum|union|extern \")\w", line) else None


def open_brace(lines: list[str], first: int | None, number: int) -> bool:
    return first is not None and any("{" in line for line in lines[first - 1 : number - 1])


def python_functions(text: str) -> Iterator[tuple[str, int, int]]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno, node.end_lineno or node.lineno


def arguments(inside: str) -> list[str]:
    """What the commas of a list separate."""
    # The commas of generic parameters separate no arguments.
    inside = re.sub(r"(?<=\w)<[\w\s,.:?&\[\]]*>", lambda match: " " * len(match.group()), inside)
    parts, start, place = [], 0, 0
    while place < len(inside):
        if inside[place] in BRACKETS:
            place = end_of(inside, place)
        elif inside[place] == ",":
            parts.append(inside[start:place])
            start = place + 1
        place += 1
    return [part for part in [*parts, inside[start:]] if part.strip()]


def long_calls(code: str) -> Iterator[tuple[str, int, int]]:
    """The name, the line and the number of unlabelled arguments of calls with too many of them."""
    for match in re.finditer(r"(?<=[\w`>)\]?!])\(", code):
        before = code[max(0, match.start() - 200) : match.start()]
        if NO_CALL.search(before):
            continue
        inside = code[match.end() : end_of(code, match.start())]
        if C_FUNCTIONS.search(before):
            continue
        plain = [part for part in arguments(inside) if not re.match(r"\s*[\w`]+\s*:", part)]
        if len(plain) > UNLABELLED:
            name = re.search(r"[\w.`]*(?:<[^()]*>|\W*)$", before)
            yield name.group() if name else "", line_of(code, match.start()), len(plain)


def check(path: str, text: str) -> Iterator[Finding]:
    lines = text.splitlines()
    if len(lines) > FILE_LINES and path not in LONG_FILES:
        yield Finding(path, 1, f"the file has {len(lines)} lines; the limit is {FILE_LINES}")
    for number, line in enumerate(lines, start=1):
        if len(line) > COLUMNS:
            yield Finding(path, number, f"the line has {len(line)} columns; the limit is {COLUMNS}")
    if path.endswith(".py"):
        functions = python_functions(text)
    elif path.endswith(".swift"):
        code = code_only(text, swift_pieces(text))
        functions = swift_functions(code)
        for name, line, count in long_calls(code):
            what = f"{name} is called with {count} unlabelled arguments; the limit is {UNLABELLED}"
            yield Finding(path, line, what)
    else:
        functions = c_functions(code_only(text, c_pieces(text)))
    for name, first, last in functions:
        if (count := last - first + 1) > FUNCTION_LINES:
            yield Finding(path, first, f"{name} has {count} lines; the limit is {FUNCTION_LINES}")


def main() -> int:
    paths = sys.argv[1:] or files(*PATTERNS)
    return report([found for path in paths for found in check(path, read(path))], "check_sizes")


if __name__ == "__main__":
    sys.exit(main())
