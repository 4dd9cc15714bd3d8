"""The model in llama.cpp."""

import llama_cpp
import numpy


def loaded(model: str, tokens: int, has_flash: bool = False) -> llama_cpp.Llama:
    """The model with room for that many tokens. Batches have 512, as usual: the wrapper saves and
    loads the logits of a batch with the state."""
    llama = llama_cpp.Llama(
        model,
        n_ctx=tokens,
        n_batch=512,
        n_threads=2,
        n_threads_batch=2,
        flash_attn=has_flash,
        verbose=False,
    )
    llama.eval([0] * 8)  # what is done once, before the clock runs
    llama.reset()
    return llama


def best_token(llama: llama_cpp.Llama) -> int:
    scores = llama_cpp.llama_get_logits_ith(llama.ctx, -1)
    return int(numpy.ctypeslib.as_array(scores, (llama.n_vocab(),)).argmax())
