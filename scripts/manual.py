#!/usr/bin/env python3
"""Writes the manual pages of the program, one for each command, from what its argument parser says
of itself.

usage: manual.py QFILTERS FOLDER

Prints the name of each page that it wrote.
"""

import json
import pathlib
import re
import subprocess
import sys

EXIT_STATUS = [
    ("0", "Done."),
    ("1", "Other failure, such as an architecture that is not supported."),
    ("64", "Usage: an option or argument is wrong."),
    ("65", "A malformed or corrupt file. The message names the section."),
    ("66", "No such input."),
    ("74", "Input or output failed. Nothing half-written is left."),
    ("77", "A key of an encrypted snapshot is missing or wrong."),
    ("78", "The file belongs to another model. The message names what differs."),
    ("79", "A zoo's filter bank is below the quality that was asked for."),
]
ENVIRONMENT = [
    (
        "QFILTERS_KERNELS",
        "The kernels to compute with: plain, avx2, avx512 or avx512bf16. "
        "Default: the widest that the processor has.",
    ),
]


def plain(text: str) -> str:
    """Text that the formatter does not interpret; what is in backticks is bold."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    # A list without spaces may break after each of its commas and bars.
    text = re.sub(r"([,|])(?=\S)", r"\1\\:", text)
    text = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", text)
    return "\n".join("\\&" + line if line[:1] in ".'" else line for line in text.split("\n"))


def spelling(argument: dict, separator: str = ", ") -> str:
    """An option with its value, or an argument, as a synopsis has it."""
    value = f"\\fI{plain(argument['valueName'])}\\fR"
    if argument["kind"] == "positional":
        return value
    names = [
        ("-" if name["kind"] == "short" else "--") + name["name"] for name in argument["names"]
    ]
    text = separator.join(f"\\fB{plain(name)}\\fR" for name in names)
    return text if argument["kind"] == "flag" else f"{text} {value}"


def synopsis(argument: dict) -> str:
    text = spelling(argument, "|") + (" ..." if argument["isRepeating"] else "")
    if argument["parsingStrategy"] == "postTerminator":
        text = "\\fB\\-\\-\\fR " + text
    return f"[{text}]" if argument["isOptional"] else text


def described(arguments: list[dict]) -> list[str]:
    lines = []
    for argument in arguments:
        text = argument.get("abstract", "")
        if "defaultValue" in argument:
            text += f" Default: {argument['defaultValue']}."
        lines += [".TP", spelling(argument), plain(text)]
    return lines


def page(command: dict, path: list[str], version: str) -> str:
    name = "-".join(path)
    shown = [argument for argument in command.get("arguments", []) if argument["shouldDisplay"]]
    subcommands = [each for each in command.get("subcommands", []) if each["commandName"] != "help"]
    positional = [argument for argument in shown if argument["kind"] == "positional"]
    options = [argument for argument in shown if argument["kind"] != "positional"]
    needed = [argument for argument in options if not argument["isOptional"]]
    others = [argument for argument in options if argument["isOptional"]]
    after = [argument for argument in positional if argument["parsingStrategy"] == "postTerminator"]
    first = [argument for argument in positional if argument not in after]

    lines = [
        f'.TH {name.upper()} 1 "" "qfilters {version}" "User Commands"',
        ".nh",
        ".ad l",
        ".SH NAME",
        f"{plain(name)} \\- {plain(command['abstract'].rstrip('.'))}",
        ".SH SYNOPSIS",
        f"\\fB{' '.join(path)}\\fR",
    ]
    lines += (
        ["\\fIcommand\\fR ..."] if subcommands else map(synopsis, first + needed + others + after)
    )
    if command.get("discussion"):
        lines.append(".SH DESCRIPTION")
        lines += "\n.PP\n".join(plain(part) for part in command["discussion"].split("\n\n")).split(
            "\n"
        )
    if subcommands:
        lines.append(".SH COMMANDS")
        for each in subcommands:
            lines += [
                ".TP",
                f"\\fB{plain('-'.join(path + [each['commandName']]))}\\fR(1)",
                plain(each["abstract"]),
            ]
    if positional:
        lines += [".SH ARGUMENTS", *described(positional)]
    if options:
        lines += [".SH OPTIONS", *described(needed + others)]
    for title, entries in [(".SH EXIT STATUS", EXIT_STATUS), (".SH ENVIRONMENT", ENVIRONMENT)]:
        lines.append(title)
        for key, text in entries:
            lines += [".TP", f"\\fB{key}\\fR", plain(text)]
    if len(path) > 1:
        lines += [".SH SEE ALSO", f"\\fB{plain('-'.join(path[:-1]))}\\fR(1)"]
    return "\n".join(lines) + "\n"


def write(command: dict, path: list[str], version: str, folder: pathlib.Path) -> None:
    target = folder / f"{'-'.join(path)}.1"
    target.write_text(page(command, path, version), encoding="utf-8")
    print(target.name)
    for each in command.get("subcommands", []):
        if each["commandName"] != "help":
            write(each, path + [each["commandName"]], version, folder)


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit("usage: manual.py QFILTERS FOLDER")
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    description = subprocess.run(
        [program, "--experimental-dump-help"], check=True, capture_output=True
    ).stdout
    version = subprocess.run(
        [program, "--version"], check=True, capture_output=True, text=True
    ).stdout.strip()
    command = json.loads(description)["command"]
    write(command, [command["commandName"]], version, folder)


main()
