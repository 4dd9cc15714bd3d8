"""Where the measured programs are and how they are called."""

import functools
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tomllib
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = os.environ.get("QFILTERS_BINARY", str(ROOT / ".build/release/qfilters"))
# Named, because a processor may announce more than it runs.
SETS = ["AVX", "AVX2", "FMA", "F16C", "BMI2", "AVX512", "AVX512_VBMI", "AVX512_VNNI", "AVX512_BF16"]


def supported(sets: list[str]) -> list[str]:
    flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    names = {"AVX512": "avx512vl"}
    return [name for name in sets if names.get(name, name.lower()) in flags]


def requirements() -> list[str]:
    """The peers with their versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project["optional-dependencies"]["bench"]


def python_of(cache: pathlib.Path, with_blas: bool) -> str:
    """The interpreter of the peers' environment, which is made where it is missing or of other
    requirements."""
    wanted = [line for line in requirements() if not with_blas or "llama" in line]
    flags = ["-DGGML_NATIVE=OFF", *(f"-DGGML_{name}=ON" for name in supported(SETS))]
    if with_blas:
        flags += ["-DGGML_BLAS=ON", "-DGGML_BLAS_VENDOR=OpenBLAS"]
    digest = hashlib.sha256(f"{wanted} {flags}".encode()).hexdigest()[:12]
    folder = cache / f"bench{'-blas' if with_blas else ''}-{digest}"
    python = folder / "bin/python"
    if not (folder / "complete").exists():
        print(f"bench: making {folder}, which compiles llama.cpp and takes long", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        environment = os.environ | {"CMAKE_ARGS": " ".join(flags)}
        # Without its cache: pip would take an earlier build, whatever its flags.
        subprocess.run(
            [
                python,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-cache-dir",
                "--no-binary",
                "llama-cpp-python",
                *wanted,
            ],
            env=environment,
            check=True,
            stdout=sys.stderr,
        )
        if any(folder.rglob("libggml-blas.so")) != with_blas:
            sys.exit(
                f"bench: llama.cpp in {folder} is not what was asked for; "
                "is OpenBLAS installed (scripts/setup)?"
            )
        (folder / "complete").touch()
    return str(python)


def command(*arguments: object) -> dict:
    result = subprocess.run(
        [BINARY, *map(str, arguments), "--json"], check=True, capture_output=True
    )
    return json.loads(result.stdout)


@functools.cache
def built(name: str) -> pathlib.Path:
    """One of this package's own programs."""
    subprocess.run(
        [
            "swift",
            "build",
            "-c",
            "release",
            "--product",
            name,
            "--package-path",
            ROOT / "Benchmarks",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return ROOT / "Benchmarks/.build/release" / name


def program(name: str, *arguments: object) -> dict:
    """What one of this package's own programs prints."""
    return json.loads(
        subprocess.run([built(name), *map(str, arguments)], check=True, capture_output=True).stdout
    )


@functools.cache
def library() -> pathlib.Path:
    """A folder with the Python package and its library."""
    built = subprocess.run([ROOT / "scripts/libkvsnap"], check=True, stdout=subprocess.PIPE)
    folder = pathlib.Path(built.stdout.decode().strip())
    package = folder / "python/kvsnap"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(ROOT / "python/kvsnap", package)
    shutil.copy(folder / "libkvsnap.so.1", package)
    return package.parent


def script(name: str, cache: pathlib.Path, *arguments: object, with_blas: bool = False) -> dict:
    """What one of `peers` prints."""
    # These make a current numpy and torch slower; llama.cpp's OpenBLAS is Debian's, which does not
    # know newer processors, and gets the kernels that this project chooses by itself.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
    if with_blas and supported(["AVX512"]):
        environment["OPENBLAS_CORETYPE"] = "SkylakeX"
    environment |= {"OPENBLAS_NUM_THREADS": "2", "OMP_NUM_THREADS": "2", "HF_HUB_OFFLINE": "1"}
    result = subprocess.run(
        [python_of(cache, with_blas), ROOT / "Benchmarks/peers" / name, *map(str, arguments)],
        check=True,
        capture_output=True,
        env=environment,
    )
    return json.loads(result.stdout.splitlines()[-1])
