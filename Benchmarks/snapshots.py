"""Snapshots and calibration, against what others keep a cache in and how they find filters."""

import pathlib
import statistics
import sys

from environment import command, library, program, script

# SmolLM2-135M: layers, width, hidden width, query heads, KV heads, their length.
SHAPE = (30, 576, 1536, 9, 3, 64)
# Answered at length, whatever is kept: decoding is measured over 32 tokens.
QUESTION = "Tell the story again in your own words, at length:"


class Rows:
    """Measures, and prints one line a comparison: this project, the other, the ratio."""

    def __init__(
        self,
        model: pathlib.Path,
        cache: pathlib.Path,
        folder: pathlib.Path,
        text: pathlib.Path | None,
        fastest_decode: float,
    ) -> None:
        self.model, self.cache, self.folder, self.text = model, cache, folder, text
        # llama.cpp's decoding after that text, in tokens/s; 0 if it was not measured.
        self.fastest_decode = fastest_decode
        self.runs: dict[str, list[float]] = {}
        self.lines: list[tuple[str, float, str, float, bool]] = []

    def measure(self, rounds: int) -> None:
        filters = self.folder / "bench.qfilt"
        command(
            "precompute",
            "--model",
            self.model,
            "--sequences",
            2,
            "--length",
            512,
            "--out",
            filters,
            "--corpus",
            self.text,
        )
        for number in range(rounds):
            self.run_ours(filters)
            self.run_peers()
            print(f"bench: snapshots, round {number + 1}", file=sys.stderr)
        self.compare()

    def run_ours(self, filters: pathlib.Path) -> None:
        snapshot = self.folder / "bench.kvsnap"
        written = self.prefill(filters, snapshot)
        self.keep("prefill", written["prefillSeconds"])
        self.keep("write", written["writeSeconds"])
        self.keep("bytes", written["bytes"])
        self.keep("raw", written["cacheBytes"])
        for name, how in self.ways():
            run = command(
                "resume",
                snapshot,
                "--model",
                self.model,
                "--prompt",
                QUESTION,
                "--max-tokens",
                33,
                *how,
            )
            self.keep(f"load {name}", run["loadSeconds"])
            self.keep(f"first {name}", run["firstTokenSeconds"])
            self.keep(f"decode {name}", run["decodeSeconds"] / (len(run["ids"]) - 1))
        self.run_codec(filters)
        self.run_package(snapshot, filters)

    def prefill(self, filters: pathlib.Path, out: pathlib.Path, *options: object) -> dict:
        files = "--filters", filters, "--prompt-file", self.text, "--out", out
        return command("prefill", "--model", self.model, *files, *options)

    def run_codec(self, filters: pathlib.Path) -> None:
        """The lossless codec on what zipnn gets: the cache's keys and values in bfloat16, a core
        each."""
        snapshot = self.folder / "bench16.kvsnap"
        self.prefill(filters, snapshot, "--precision", "bf16")
        scratch = [self.folder / f"codec-{i}.kvsnap" for i in (1, 2)]
        run = program("codec", snapshot, *scratch)
        self.keep("codec stored", (run["keys"] + run["values"]) / run["raw"])
        self.keep("codec read", run["decodeSeconds"] / (run["raw"] / 1e9))
        self.keep("codec write", run["encodeSeconds"] / (run["raw"] / 1e9))
        self.keep("codec encrypted", run["encryptedRatio"])

    def run_package(self, snapshot: pathlib.Path, filters: pathlib.Path) -> None:
        """The same file by the Python package."""
        files = snapshot, filters, self.folder / "package.kvsnap"
        for key, value in script("package.py", self.cache, *files, library()).items():
            self.keep(f"package {key}", value)

    def run_peers(self) -> None:
        ids = self.text.with_suffix(".json")
        state = script("llama_state.py", self.cache, self.model, ids)
        for key, value in state.items():
            self.keep(f"llama.cpp {key}", value)
        for name, row in script("torch_cache.py", self.cache, self.model, ids).items():
            for key, value in row.items():
                self.keep(f"{name} {key}", value)

    def measure_peak(self, text: pathlib.Path) -> None:
        """What share of the speed that the same matrix shapes reach alone a prefill keeps."""
        prefill = min(
            (
                command("generate", "--model", self.model, "--prompt-file", text, "--max-tokens", 1)
                for _ in range(3)
            ),
            key=lambda run: run["prefillSeconds"],
        )
        if prefill["kernels"] != "avx512bf16":
            print(
                "bench: its matrix products are not measured alone: they are in bfloat16",
                file=sys.stderr,
            )
            return
        alone = program("shapes", prefill["promptTokens"], *SHAPE)
        self.line(
            f"prefill of {prefill['promptTokens']}, s",
            prefill["prefillSeconds"],
            "its matrix products alone",
            alone["projections"] + alone["attention"],
        )

    def compare(self) -> None:
        m = self.median
        for name, _ in self.ways():
            first = m(f"first {name}")
            self.line(f"first token, {name}, s", first, "own second prefill", m("prefill"))
            self.line(
                f"first token, {name}, s",
                first,
                "llama.cpp load_state + 1 token",
                m("llama.cpp first"),
            )
            if self.fastest_decode:
                self.line(
                    f"decode, {name}, tokens/s",
                    1 / m(f"decode {name}"),
                    "llama.cpp's best, whole cache",
                    self.fastest_decode,
                    is_speed=True,
                )
        raw = m("raw") / 1e9  # all of them hold the same pairs
        for name, seconds in (("write", m("write")), ("read", m("load decompressed"))):
            self.line(
                f"{name} whole in Python, GB/s",
                raw / m(f"package {name}"),
                "the command",
                raw / seconds,
                is_speed=True,
            )
        for peer in ["llama.cpp", "safetensors", "torch.save"]:
            self.line(
                "write, GB/s of the cache",
                raw / m("write"),
                peer,
                raw / m(f"{peer} write"),
                is_speed=True,
            )
            self.line(
                "read whole, GB/s",
                raw / m("load decompressed"),
                peer,
                raw / m(f"{peer} read"),
                is_speed=True,
            )
            self.line("MB", m("bytes") / 1e6, peer, m(f"{peer} bytes") / 1e6)
        self.line("first token, ×32, s", m("first ×32"), "decompressed", m("first decompressed"))
        self.line("bf16, stored/raw", m("codec stored"), "zipnn", m("zipnn bytes") / m("zipnn raw"))
        for what in ["write", "read"]:
            self.line(
                f"bf16, {what}, GB/s, one core",
                1 / m(f"codec {what}"),
                "zipnn",
                m("zipnn raw") / 1e9 / m(f"zipnn {what}"),
                is_speed=True,
            )

        self.line("×8 of an encrypted one, time", m("codec encrypted"), "of a plain one", 1)

    def measure_calibration(self, text: pathlib.Path, sequences: int, length: int) -> None:
        ours = command(
            "precompute",
            "--model",
            self.model,
            "--sequences",
            sequences,
            "--length",
            length,
            "--out",
            self.folder / "calibration.qfilt",
            "--corpus",
            text,
        )
        theirs = script(
            "calibration.py", self.cache, self.model, text.with_suffix(".json"), sequences, length
        )
        self.line(
            "calibration, ms/token",
            1000 * ours["seconds"] / ours["tokens"],
            "authors' recipe, torch float32",
            1000 * theirs["seconds"] / theirs["tokens"],
        )

    def print(self) -> None:
        print(f"\n{'':34}{'qfilters':>10}  {'other':32}{'its':>10}{'ratio':>8}")
        for name, ours, peer, theirs, is_speed in self.lines:
            ratio = ours / theirs if is_speed else theirs / ours
            print(f"{name:34}{ours:>10.4f}  {peer:32}{theirs:>10.4f}{ratio:>8.2f}")

    @staticmethod
    def ways() -> list[tuple[str, list[object]]]:
        return [
            ("decompressed", ["--decompressed"]),
            ("×8", ["--compression", 8]),
            ("×32", ["--compression", 32]),
        ]

    def keep(self, name: str, value: float) -> None:
        self.runs.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        return statistics.median(self.runs[name])

    def line(
        self, name: str, ours: float, peer: str, theirs: float, is_speed: bool = False
    ) -> None:
        self.lines.append((name, ours, peer, theirs, is_speed))
