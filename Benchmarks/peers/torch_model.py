"""transformers: prefill of some tokens, then decoding at that depth."""

import json
import pathlib
import sys
import time

import torch
import transformers
from networks import network


def main() -> None:
    model, ids_path, decoded, precision = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    ids = json.loads(pathlib.Path(ids_path).read_text())
    llama = network(model, getattr(torch, precision))
    with torch.inference_mode():
        llama(torch.tensor([ids[:8]]))
        start = time.perf_counter()
        output = llama(torch.tensor([ids]), use_cache=True, logits_to_keep=1)
        prefilled = time.perf_counter()
        for _ in range(decoded):
            token = output.logits[:, -1].argmax(-1, keepdim=True)
            output = llama(token, past_key_values=output.past_key_values, use_cache=True)
        done = time.perf_counter()
    print(
        json.dumps(
            {
                "prefill": len(ids) / (prefilled - start),
                "decode": decoded / (done - prefilled),
                "about": f"torch {torch.__version__}, transformers {transformers.__version__}",
            }
        )
    )


main()
