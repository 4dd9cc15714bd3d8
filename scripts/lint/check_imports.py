#!/usr/bin/env python3
"""Fails for every import that the table under "## Imports" in CONTRIBUTING.md does not allow.

usage: check_imports.py

The table has a line for each target in Sources: its group, its name, and the modules that it may
import, in backticks. Each of them must be imported. No arrow points up or across in the map of the
groups, and codec and engine never meet outside App. Package.swift names what is imported, no more.
"""

import json
import pathlib
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sources import ROOT, Finding, code_only, line_of, read, report, swift_pieces

TABLE = "CONTRIBUTING.md"
# The groups whose targets a group may import, and single targets of others.
GROUPS = {
    "Format": {"Format", "C"},
    "Method": {"Method", "Format", "C"},
    "Library": {"Library", "Method", "Format", "C"},
    "Engine": {"Engine", "C"},
    "App": {"App", "Method", "Engine", "Format", "C"},
    "C": {"C"},
}
EXCEPTIONS = {"Engine": {"ByteIO", "Platform"}}
APART = ("CacheCodec", "Inference")
IMPORT = re.compile(
    r"(?m)^[ \t]*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?"
    r"import\s+(?:(?:struct|class|enum|protocol|func|var|let|typealias)\s+)?(\w+)"
)
INCLUDE = re.compile(r'(?m)^[ \t]*#[ \t]*include[ \t]*["<]([^">]+)[">]')


@dataclass
class Target:
    """A target of Package.swift, and where each module that it imports is first imported."""

    name: str
    kind: str
    folder: str
    dependencies: set[str]
    imports: dict[str, tuple[str, int]] = field(default_factory=dict)


@dataclass
class Row:
    """What the table says of a target."""

    line: int
    group: str
    allowed: list[str]


def targets(description: dict) -> dict[str, Target]:
    """By name, from what `swift package dump-package` prints; without their imports."""
    found = {}
    for entry in description["targets"]:
        usual = "Tests" if entry["type"] == "test" else "Sources"
        folder = entry.get("path") or f"{usual}/{entry['name']}"
        dependencies = {next(iter(kind.values()))[0] for kind in entry["dependencies"]}
        found[entry["name"]] = Target(entry["name"], entry["type"], folder, dependencies)
    return found


def find_imports(all_targets: dict[str, Target], root: pathlib.Path) -> None:
    """In C, an include of another target's header is an import."""
    headers = {
        str(path.relative_to(root / target.folder / "include")): target.name
        for target in all_targets.values()
        for path in (root / target.folder).glob("include/**/*.h")
    }
    for target in all_targets.values():
        for path in sorted((root / target.folder).rglob("*")):
            text, modules = "", []
            if path.suffix == ".swift":
                text = path.read_text(encoding="utf-8")
                code = code_only(text, swift_pieces(text))
                modules = [(match, match.group(1)) for match in IMPORT.finditer(code)]
            elif path.suffix in (".c", ".h") and target.kind != "system":
                text = path.read_text(encoding="utf-8")
                modules = [(match, headers.get(match.group(1))) for match in INCLUDE.finditer(text)]
            for match, module in modules:
                if module and module != target.name:
                    place = (str(path.relative_to(root)), line_of(text, match.start(1)))
                    target.imports.setdefault(module, place)


def rows(text: str) -> dict[str, Row]:
    """The table's lines by target. A group's name stands in its first line alone, or in each."""
    found: dict[str, Row] = {}
    section = re.search(r"(?ms)^## Imports\n(.*?)(?=^## |\Z)", text)
    group = ""
    for match in re.finditer(r"(?m)^\|(.*)\|[ \t]*$", section.group(1) if section else ""):
        cells = [cell.strip() for cell in match.group(1).split("|")]
        if len(cells) != 3 or cells[1] == "target" or set(cells[1]) <= set("-: "):
            continue
        group = cells[0].strip("`*") or group
        line = line_of(text, section.start(1) + match.start())
        for name in re.findall(r"\w+", cells[1]):
            found[name] = Row(line, group, re.findall(r"`(\w+)`", cells[2]))
    return found


def check_table(all_targets: dict[str, Target], table: dict[str, Row]) -> Iterator[Finding]:
    """Whether the table allows what is imported, and nothing else."""
    sources = {name: t for name, t in all_targets.items() if not t.folder.startswith("Tests")}
    for name in sources.keys() - table.keys():
        yield Finding(TABLE, 1, f"the table under Imports has no line for the target {name}")
    for name, row in table.items():
        if name not in sources:
            yield Finding(TABLE, row.line, f"Package.swift has no target {name}")
            continue
        for module, (path, line) in sources[name].imports.items():
            if module not in row.allowed:
                yield Finding(path, line, f"{name} may not import {module}; see {TABLE}, Imports")
        for module in row.allowed:
            if module not in sources[name].imports:
                yield Finding(TABLE, row.line, f"{name} does not import {module}")


def check_groups(all_targets: dict[str, Target], table: dict[str, Row]) -> Iterator[Finding]:
    """Whether every arrow points down in the map."""
    for name, row in table.items():
        if row.group not in GROUPS:
            yield Finding(TABLE, row.line, f"{row.group} is no group")
            continue
        for module, (path, line) in getattr(all_targets.get(name), "imports", {}).items():
            group = table[module].group if module in table else None
            allowed = EXCEPTIONS.get(row.group, set())
            if group and group not in GROUPS[row.group] and module not in allowed:
                what = f"{name} of {row.group} may not import {module} of {group}"
                yield Finding(path, line, what)


def reached(name: str, all_targets: dict[str, Target], known: set[str]) -> set[str]:
    """The target and all that it imports, directly or not."""
    if name in all_targets and name not in known:
        known.add(name)
        for module in all_targets[name].imports:
            reached(module, all_targets, known)
    return known


def check_apart(all_targets: dict[str, Target], table: dict[str, Row]) -> Iterator[Finding]:
    for name, row in table.items():
        if row.group != "App" and set(APART) <= reached(name, all_targets, set()):
            what = f"{name} reaches both {APART[0]} and {APART[1]}, which only App may"
            yield Finding(TABLE, row.line, what)


def check_dependencies(all_targets: dict[str, Target]) -> Iterator[Finding]:
    """Whether Package.swift says what the imports say."""
    products = {name for target in all_targets.values() for name in target.dependencies}
    for target in all_targets.values():
        for module in target.dependencies - target.imports.keys():
            # Tests of the command need the program, whether they import it or not.
            is_program = module in all_targets and all_targets[module].kind == "executable"
            if not (target.kind == "test" and is_program):
                what = f"{target.name} depends on {module}, which it does not import"
                yield Finding("Package.swift", 1, what)
        for module in (
            target.imports.keys() & (products | all_targets.keys())
        ) - target.dependencies:
            path, line = target.imports[module]
            yield Finding(path, line, f"{target.name} does not depend on {module} in Package.swift")


def findings(all_targets: dict[str, Target], table: dict[str, Row]) -> Iterable[Finding]:
    if not table:
        yield Finding(TABLE, 1, 'there is no table under "## Imports"')
    else:
        yield from check_table(all_targets, table)
        yield from check_groups(all_targets, table)
        yield from check_apart(all_targets, table)
    yield from check_dependencies(all_targets)


def main() -> int:
    dump = ["swift", "package", "dump-package"]
    output = subprocess.run(dump, cwd=ROOT, check=True, capture_output=True).stdout
    all_targets = targets(json.loads(output))
    find_imports(all_targets, ROOT)
    return report(list(findings(all_targets, rows(read(TABLE)))), "check_imports")


if __name__ == "__main__":
    sys.exit(main())
