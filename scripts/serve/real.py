"""A conversation with the real model."""

import pathlib
import time

from server import serving
from talk import cached, said, streamed, turn

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
TOKENS = 600


def check_real(program: str, folder: pathlib.Path, cache: pathlib.Path) -> None:
    """A long document comes from the store; an answer about it begins much sooner."""
    models = {"smol": cache / MODEL}
    text = (cache / "essays/worked.txt").read_text()[: TOKENS * 5]
    ask = [turn("user", text + "\n\nWhat is this about?")]
    options = ("--exact", "--store", str(folder / "real"))
    with serving(program, *options, models=models) as server:
        times = []
        results = []
        for _ in range(2):
            begun = time.monotonic()
            results.append(streamed(server.client(), ask, 12, model="smol"))
            times.append(time.monotonic() - begun)
        first, second = results
        assert first[0] and first[0] == second[0], (first, second)
        assert first[2].prompt_tokens > TOKENS
        assert second[2].prompt_tokens_details.cached_tokens == second[2].prompt_tokens - 1
        assert second[3]["first_token_seconds"] < first[3]["first_token_seconds"] / 2, results
        talk = [*ask, turn("assistant", first[0]), turn("user", "Say it in one word.")]
        third = server.client().chat.completions.create(model="smol", messages=talk, max_tokens=4)
        assert cached(third) >= first[2].prompt_tokens and said(third)[0]
        print(f"test-serve: the real model answered in {times[0]:.1f} s, then {times[1]:.1f} s")
