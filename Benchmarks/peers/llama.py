"""llama.cpp: prefill of some tokens, then decoding at that depth; with or without its flash
attention."""

import json
import pathlib
import sys
import time

import llama_cpp
from llamas import best_token, loaded


def main() -> None:
    model, ids_path, decoded, has_flash = (
        sys.argv[1],
        sys.argv[2],
        int(sys.argv[3]),
        sys.argv[4] == "True",
    )
    ids = json.loads(pathlib.Path(ids_path).read_text())
    llama = loaded(model, len(ids) + decoded + 1, has_flash)
    start = time.perf_counter()
    llama.eval(ids)
    prefilled = time.perf_counter()
    for _ in range(decoded):
        llama.eval([best_token(llama)])
    done = time.perf_counter()
    print(
        json.dumps(
            {
                "prefill": len(ids) / (prefilled - start),
                "decode": decoded / (done - prefilled),
                "about": f"{llama_cpp.__version__}, {llama_cpp.llama_print_system_info().decode()}",
            }
        )
    )


main()
