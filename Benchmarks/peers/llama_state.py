"""llama.cpp: saving the state after some tokens, and continuing from it with one token."""

import json
import pathlib
import sys
import time

from llamas import best_token, loaded


def main() -> None:
    model, ids_path = sys.argv[1], sys.argv[2]
    ids = json.loads(pathlib.Path(ids_path).read_text())
    llama = loaded(model, len(ids) + 2)
    llama.eval(ids)
    token = best_token(llama)
    start = time.perf_counter()
    state = llama.save_state()
    saved = time.perf_counter() - start

    other = loaded(model, len(ids) + 2)
    start = time.perf_counter()
    other.load_state(state)
    loaded_after = time.perf_counter() - start
    other.eval([token])
    first = time.perf_counter() - start
    print(
        json.dumps(
            {"write": saved, "read": loaded_after, "first": first, "bytes": state.llama_state_size}
        )
    )


main()
