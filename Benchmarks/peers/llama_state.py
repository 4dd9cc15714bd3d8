"""llama.cpp: saving the state after some tokens, and going on from it with one token."""

import json
import sys
import time

import llama_cpp
import numpy


def loaded(model: str, tokens: int) -> llama_cpp.Llama:
    """Its wrapper saves and loads the logits of a batch with the state, here those of 512 tokens, its usual batch."""
    return llama_cpp.Llama(
        model, n_ctx=tokens + 2, n_batch=512, n_threads=2, n_threads_batch=2, verbose=False)


def main() -> None:
    model, ids_path = sys.argv[1], sys.argv[2]
    ids = json.load(open(ids_path))
    llama = loaded(model, len(ids))
    llama.eval(ids)
    scores = llama_cpp.llama_get_logits_ith(llama.ctx, -1)
    token = int(numpy.ctypeslib.as_array(scores, (llama.n_vocab(),)).argmax())
    start = time.perf_counter()
    state = llama.save_state()
    saved = time.perf_counter() - start

    other = loaded(model, len(ids))
    other.eval(ids[:8])  # what is done once, before the clock runs
    other.reset()
    start = time.perf_counter()
    other.load_state(state)
    loaded_after = time.perf_counter() - start
    other.eval([token])
    first = time.perf_counter() - start
    print(json.dumps({"write": saved, "read": loaded_after, "first": first,
                      "bytes": state.llama_state_size}))


main()
