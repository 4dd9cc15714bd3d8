"""Runs all checks of a server; see scripts/test-serve."""

import argparse
import functools
import pathlib
import sys
import tempfile
import time
import traceback

import files
import forms
import odd
import real
import stores


def checks(options: argparse.Namespace) -> list:
    found = [
        value
        for module in (forms, stores, files, odd)
        for name, value in vars(module).items()
        if name.startswith("check_")
        and getattr(value, "__module__", "") == module.__name__
        # Parts of others take a running server.
        and value.__code__.co_varnames[0] == "program"
    ]
    if options.random:
        found[found.index(odd.check_random)] = functools.partial(
            odd.check_random, count=options.random
        )
    if options.cache:
        found.append(functools.partial(real.check_real, cache=options.cache))
    if options.minutes:
        found.append(functools.partial(stores.repeat, minutes=options.minutes))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="test-serve")
    parser.add_argument("server")
    parser.add_argument("cache", nargs="?", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, help="how long conversations are repeated")
    parser.add_argument("--random", type=int, help="how many random bodies are sent")
    parser.add_argument("--only", help="the part of a name that a check must have")
    options = parser.parse_args()
    failed = 0
    begun = time.monotonic()
    for check in checks(options):
        name = getattr(check, "func", check).__name__
        if options.only and options.only not in name:
            continue
        start = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="serve-") as folder:
            try:
                check(options.server, pathlib.Path(folder))
                print(f"test-serve: {name} passed ({time.monotonic() - start:.1f} s)", flush=True)
            except Exception:
                failed += 1
                traceback.print_exc()
                print(f"test-serve: {name} FAILED", flush=True)
    print(f"test-serve: {failed} failed ({time.monotonic() - begun:.0f} s)")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
