#!/usr/bin/env python3
"""Fails for every change of what the libraries offer that is not in the lists of docs/api.

usage: check_api.py            compare
       check_api.py --update   write the lists; breaks of a promise are printed

docs/api has a list for each Swift module and one for kvsnap.h. A line is a declaration: its path,
two blanks, and what the compiler says it is. KVSnap and kvsnap.h are promised: what they list
stays as it is. The other modules may change until 1.0, and their lists show where they did.

Names that callers never write are left out: those inside of a function. Members of a C struct have
their places as names. Only a struct that begins with its size may get more.
"""

import json
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from c_api import declarations_in_c
from sources import ROOT, Finding, read, report

FOLDER = "docs/api"
MODULES = ("KVSnap", "CacheFormat", "CacheCodec", "QFilters")
HEADER = "Sources/C/CKVSnap/include/kvsnap.h"
PROMISED = ("KVSnap", "kvsnap.h")
UPDATE = "run scripts/lint/check_api.py --update"
# Each type has these, or they follow from another conformance.
IMPLIED = {"Copyable", "Escapable", "SendableMetatype"}
PLACE = re.compile(r"(\w+)\[(\d+)\]")


class Declaration(NamedTuple):
    """A line of a list."""

    path: str
    text: str

    def __str__(self) -> str:
        return f"{self.path}  {self.text}"


def spelling(symbol: dict) -> str:
    """A declaration without the names that only its body uses, and with its extension's bounds."""
    text = ""
    for fragment in symbol["declarationFragments"]:
        if fragment["kind"] == "internalParam":
            text = text.removesuffix(" ")
        else:
            text += fragment["spelling"]
    bounds = [
        f"{bound['lhs']} {bound['kind']} {bound['rhs']}"
        for bound in symbol.get("swiftExtension", {}).get("constraints", [])
    ]
    text += f" [{', '.join(bounds)}]" if bounds else ""
    return re.sub(r"\s+", " ", text).strip()


def declarations(graphs: Iterable[dict]) -> set[Declaration]:
    """Symbols of a module's graphs, and the protocols that its types conform to."""
    graphs = list(graphs)
    paths = {
        symbol["identifier"]["precise"]: ".".join(symbol["pathComponents"])
        for graph in graphs
        for symbol in graph["symbols"]
    }
    found = set()
    for graph in graphs:
        for symbol in graph["symbols"]:
            path = paths[symbol["identifier"]["precise"]]
            found.add(Declaration(path, spelling(symbol)))
        for relation in graph["relationships"]:
            protocol = paths.get(relation["target"]) or relation.get("targetFallback", "")
            protocol = protocol.removeprefix("Swift.")
            if relation["kind"] == "conformsTo" and protocol not in IMPLIED:
                # The graph has no name for a type of another module, only the compiler's own.
                path = paths.get(relation["source"], relation["source"])
                found.add(Declaration(path, f"conforms to {protocol}"))
    return found


def undocumented(module: str, graphs: Iterable[dict], root: pathlib.Path) -> Iterator[Finding]:
    """Public symbols without a comment. Only what the compiler adds has no place in a file."""
    for symbol in (symbol for graph in graphs for symbol in graph["symbols"]):
        if "location" in symbol and not symbol.get("docComment", {}).get("lines"):
            file = pathlib.Path(symbol["location"]["uri"].removeprefix("file://"))
            line = symbol["location"]["position"]["line"] + 1
            name = ".".join(symbol["pathComponents"])
            path = str(file.relative_to(root)) if file.is_relative_to(root) else str(file)
            yield Finding(path, line, f"{name} of {module} is public and has no comment")


def parse(text: str) -> list[Declaration]:
    """The lines of a list."""
    return [Declaration(*line.split("  ", 1)) for line in text.splitlines()]


def written(found: Iterable[Declaration]) -> str:
    return "".join(f"{declaration}\n" for declaration in sorted(found))


def grows(path: str, listed: set[Declaration]) -> bool:
    """Whether a program that was built before can do without a new member of a C struct."""
    match = PLACE.fullmatch(path)
    if not match:
        return True
    members = {each.path: each.text for each in listed}
    struct = match.group(1)
    return struct not in members or members.get(f"{struct}[00]") == "size_t size"


def compare(
    name: str, listed: list[Declaration], found: set[Declaration]
) -> Iterator[tuple[int, str, bool]]:
    """What differs: the line of the list, what it is, and whether it breaks a promise."""
    promised = name in PROMISED
    gone, new = set(listed) - found, found - set(listed)
    for line, old in enumerate(listed, start=1):
        if old not in gone:
            continue
        now = sorted(each.text for each in new if each.path == old.path)
        what = f"changed, to “{' and '.join(now)}”" if now else "is gone"
        yield line, f"“{old}” {what}", promised
    there = {each.path for each in listed}
    changed = {each.path for each in gone}
    for each in sorted(new):
        if each.path in changed:
            continue
        breaks = promised and not grows(each.path, set(listed))
        line = len(listed) if each.path not in there else 1
        yield (
            max(line, 1),
            f"“{each}” is new" + (" in a struct without a size" if breaks else ""),
            breaks,
        )


def check_list(name: str, text: str, found: set[Declaration]) -> Iterator[Finding]:
    for line, what, breaks in compare(name, parse(text), found):
        end = f", which breaks the API that {name} promises" if breaks else f"; {UPDATE}"
        yield Finding(f"{FOLDER}/{name}.txt", line, what + end)


def symbol_graphs(root: pathlib.Path) -> dict[str, list[dict]]:
    """By module; its own graph, and those of its extensions of other modules' types."""
    command = [str(root / "scripts/symbol-graphs"), *MODULES]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {
        module: [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"))]
        for module in MODULES
        for folder in [pathlib.Path(output.strip()) / module]
    }


def main() -> int:
    if sys.argv[1:] not in ([], ["--update"]):
        print(__doc__, file=sys.stderr)
        return 64
    graphs = symbol_graphs(ROOT)
    found = {module: declarations(graphs[module]) for module in MODULES}
    found["kvsnap.h"] = {Declaration(*each) for each in declarations_in_c(read(HEADER))}
    findings = []
    for name, there in found.items():
        path = ROOT / FOLDER / f"{name}.txt"
        text = path.read_text("utf-8") if path.exists() else ""
        if sys.argv[1:]:
            path.parent.mkdir(exist_ok=True)
            path.write_text(written(there), "utf-8")
            for _, what, breaks in compare(name, parse(text), there):
                if breaks:
                    print(f"check_api: {what}, which breaks the API that {name} promises")
        else:
            findings += check_list(name, text, there)
    findings += [each for module in MODULES for each in undocumented(module, graphs[module], ROOT)]
    return report(findings, "check_api")


if __name__ == "__main__":
    sys.exit(main())
