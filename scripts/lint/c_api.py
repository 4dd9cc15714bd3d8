"""The declarations of a C header in this project's style: what a program in C relies on."""

import re
from collections.abc import Iterator

from sources import c_pieces, code_only

NAME = r"[A-Za-z_]\w*"
DECLARATOR = re.compile(rf"(\**)({NAME})((?:\[[^\]]*\])*)")
ENUM = re.compile(rf"(?:typedef )?enum ({NAME})? ?\{{(.*)\}} ?({NAME})?")
STRUCT = re.compile(rf"(?:typedef )?(?:struct|union) ?({NAME})? ?\{{(.*)\}} ?({NAME})?")
POINTER = re.compile(rf"typedef .*\(\*({NAME})\)\(.*\)")
TYPE = re.compile(rf"typedef .*?({NAME})((?:\[[^\]]*\])*)")
FUNCTION = re.compile(rf"(.+?)({NAME})\((.*)\)")
MACRO = re.compile(rf"(?m)^[ \t]*#[ \t]*define[ \t]+({NAME}(?:\([^)\n]*\))?)[ \t]+(\S.*)$")


def declarations_in_c(text: str) -> Iterator[tuple[str, str]]:
    """The path and the text of each.

    Raises ValueError for a declaration of a form that the project's headers do not have.
    """
    code = code_only(text, c_pieces(text))
    code = re.sub(r"(?ms)^#ifdef __cplusplus$.*?^#endif$", "", code)
    for match in MACRO.finditer(code):
        yield match.group(1), f"macro {match.group(2).strip()}"
    code = re.sub(r"(?m)^[ \t]*#.*$", "", code)
    for statement in split(code, ";"):
        yield from declaration(statement)


def split(code: str, mark: str) -> list[str]:
    """The parts between marks that are in no brackets, with single blanks."""
    parts, depth = [""], 0
    for character in code:
        depth += (character in "({[") - (character in ")}]")
        if character == mark and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    tidy = [re.sub(r"\s+", " ", part).strip() for part in parts]
    return [part for part in tidy if part]


def declaration(statement: str) -> Iterator[tuple[str, str]]:
    if match := ENUM.fullmatch(statement):
        name = match.group(3) or match.group(1) or "enum"
        yield name, "enum"
        for number in split(match.group(2), ","):
            constant = re.fullmatch(rf"({NAME}) ?= ?(.+)", number)
            if not constant:
                raise ValueError(f"a constant without its number: {number}")
            yield constant.group(1), f"{name} = {constant.group(2)}"
    elif match := STRUCT.fullmatch(statement):
        name = match.group(3) or match.group(1)
        yield name, "struct"
        for place, member in enumerate(members(match.group(2))):
            yield f"{name}[{place:02}]", member
    elif match := POINTER.fullmatch(statement) or TYPE.fullmatch(statement):
        yield match.group(1), statement
    elif match := FUNCTION.fullmatch(statement):
        parameters = ", ".join(map(without_name, split(match.group(3), ",")))
        yield match.group(2), f"{match.group(1).strip()} ({parameters})"
    else:
        raise ValueError(f"a declaration of a form that c_api.py does not know: {statement}")


def members(body: str) -> Iterator[str]:
    """One for each name, also where several share a type."""
    for statement in split(body, ";"):
        first, *rest = split(statement, ",")
        head = re.fullmatch(rf"(.*?[ *])({NAME}(?:\[[^\]]*\])*)", first)
        if not head or not all(DECLARATOR.fullmatch(each) for each in rest):
            raise ValueError(f"a member of a form that c_api.py does not know: {statement}")
        yield first
        kind = head.group(1).rstrip("* ")
        for each in rest:
            yield f"{kind} {each}"


def without_name(parameter: str) -> str:
    """A parameter's type: its name may change."""
    match = re.fullmatch(rf"(.*?[ *])({NAME})((?:\[[^\]]*\])*)", parameter)
    return (match.group(1) + match.group(3)).strip() if match else parameter
