"""llama.cpp: prefill of some tokens, then decoding at that depth; with or without its flash attention."""

import json
import sys
import time

import llama_cpp
import numpy


def main() -> None:
    model, ids_path, decoded, has_flash = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "True"
    ids = json.load(open(ids_path))
    llama = llama_cpp.Llama(
        model, n_ctx=len(ids) + decoded + 1, n_batch=512, n_threads=2, n_threads_batch=2,
        flash_attn=has_flash, verbose=False)
    llama.eval(ids[:8])  # what is done once, before the clock runs
    llama.reset()
    start = time.perf_counter()
    llama.eval(ids)
    prefilled = time.perf_counter()
    for _ in range(decoded):
        scores = llama_cpp.llama_get_logits_ith(llama.ctx, -1)
        token = int(numpy.ctypeslib.as_array(scores, (llama.n_vocab(),)).argmax())
        llama.eval([token])
    done = time.perf_counter()
    print(json.dumps({
        "prefill": len(ids) / (prefilled - start), "decode": decoded / (done - prefilled),
        "about": f"{llama_cpp.__version__}, {llama_cpp.llama_print_system_info().decode()}"}))


main()
