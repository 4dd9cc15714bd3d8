#!/usr/bin/env python3
"""Fails for every fixture of a frozen version of the format whose bytes or answers changed.

usage: check_frozen.py                    compare with the lists
       check_frozen.py --freeze VERSION   write the list of a version that is no draft any more
       check_frozen.py --print-version    the version that spec/format.md has

Lists are fixtures/conformance/frozen-VERSION.sha256. Each line has a SHA-256 and the name of a file
below that folder, or "answer:" and a name: then it is that of the file's entry in valid.json or
invalid.json, without the words for people. Fixtures that no list names are free, and as long as
there is no list, so is everything. The line "Version 1.0, draft" or "Version 1.0, frozen on DATE"
of spec/format.md must agree with the lists.
"""

import hashlib
import json
import pathlib
import re
import sys
from collections.abc import Iterator

from sources import ROOT, Finding, read, report

TEXT = "spec/format.md"
FOLDER = "fixtures/conformance"
STATUS = re.compile(r"(?m)^Version (\d+\.\d+), (?:(draft)|frozen on (\d{4}-\d\d-\d\d))$")
LIST = re.compile(r"frozen-(\d+\.\d+)\.sha256")
LINE = re.compile(r"([0-9a-f]{64})  (\S.*)")
ANSWER = "answer:"
FOR_PEOPLE = ("about", "rule")


def status(text: str) -> tuple[str, bool] | None:
    """The version of the text, and whether it is frozen; none if the text does not say so once."""
    found = STATUS.findall(text)
    return (found[0][0], not found[0][1]) if len(found) == 1 else None


def digests(folder: pathlib.Path) -> dict[str, str]:
    """The SHA-256 of each fixture and of each answer, by name."""
    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.glob("*/**/*"))
        if path.is_file()
    }
    for name in ("valid.json", "invalid.json"):
        manifest = json.loads((folder / name).read_text(encoding="utf-8"))
        for entry in manifest["fixtures"]:
            answer = {key: value for key, value in entry.items() if key not in FOR_PEOPLE}
            data = json.dumps(answer, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            found[ANSWER + entry["file"]] = hashlib.sha256(data.encode()).hexdigest()
    return found


def check_list(path: str, text: str, there: dict[str, str]) -> Iterator[Finding]:
    """What differs from one list."""
    if not text.strip():
        yield Finding(path, 1, "the list of a frozen version is empty")
    for number, line in enumerate(text.splitlines(), start=1):
        match = LINE.fullmatch(line)
        if not match:
            yield Finding(path, number, "a line is a SHA-256, two blanks and a name")
            continue
        digest, name = match.groups()
        what = "answers to" if name.startswith(ANSWER) else "bytes of"
        name_of_file = name.removeprefix(ANSWER)
        if name not in there:
            yield Finding(path, number, f"{what} {name_of_file} are frozen, and are not there")
        elif there[name] != digest:
            yield Finding(path, number, f"{what} {name_of_file} are frozen, and were changed")


def check(root: pathlib.Path) -> Iterator[Finding]:
    """What differs from all lists, and from what the text says."""
    folder = root / FOLDER
    said = status((root / TEXT).read_text(encoding="utf-8"))
    if said is None:
        what = "one line says “Version N.N, draft” or “Version N.N, frozen on YYYY-MM-DD”"
        yield Finding(TEXT, 1, what)
    lists = {
        m.group(1): path for path in folder.glob("frozen-*") if (m := LIST.fullmatch(path.name))
    }
    if said and said[1] and said[0] not in lists:
        what = f"version {said[0]} is frozen, and {FOLDER}/frozen-{said[0]}.sha256 is not there"
        yield Finding(TEXT, 1, what)
    if said and not said[1] and said[0] in lists:
        yield Finding(TEXT, 1, f"version {said[0]} is a draft, and its fixtures are frozen")
    there = digests(folder) if lists else {}
    for path in lists.values():
        yield from check_list(f"{FOLDER}/{path.name}", path.read_text(encoding="utf-8"), there)


def freeze(root: pathlib.Path, version: str) -> str:
    """Writes the list of the version, and says what is left to do."""
    said = status((root / TEXT).read_text(encoding="utf-8"))
    if said is None or said[0] != version:
        raise ValueError(f"{TEXT} does not say that it is version {version}")
    path = root / FOLDER / f"frozen-{version}.sha256"
    found = digests(root / FOLDER)
    # Whatever is frozen already stays so; a second list would only hide a change.
    with path.open("x", encoding="utf-8") as file:
        file.writelines(f"{digest}  {name}\n" for name, digest in found.items())
    files = sum(not name.startswith(ANSWER) for name in found)
    return (
        f"{path.relative_to(root)}: {files} files and {len(found) - files} answers; "
        f"now write “Version {version}, frozen on YYYY-MM-DD” at the top of {TEXT}"
    )


def main() -> int:
    match sys.argv[1:]:
        case []:
            return report(list(check(ROOT)), "check_frozen")
        case ["--freeze", version]:
            try:
                print(freeze(ROOT, version))
            except (ValueError, FileExistsError) as error:
                print(f"check_frozen: {error}", file=sys.stderr)
                return 1
            return 0
        case ["--print-version"] if said := status(read(TEXT)):
            print(said[0])
            return 0
    print(__doc__, file=sys.stderr)
    return 64


if __name__ == "__main__":
    sys.exit(main())
