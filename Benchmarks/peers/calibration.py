"""The authors' recipe for Q-Filters in float32: queries after RoPE, 3,000 of them a head, and their
first right singular vector (arXiv 2503.02812)."""

import json
import pathlib
import sys
import time

import torch
from networks import network
from transformers.models.llama import modeling_llama

SAMPLES = 3000


def main() -> None:
    model, ids_path, sequences, length = (
        sys.argv[1],
        sys.argv[2],
        int(sys.argv[3]),
        int(sys.argv[4]),
    )
    torch.manual_seed(0)
    ids = json.loads(pathlib.Path(ids_path).read_text())
    llama = network(model)
    layers, share = llama.config.num_hidden_layers, -(-SAMPLES // sequences)
    kept: list[list[torch.Tensor]] = [[] for _ in range(layers)]
    rotate, calls = modeling_llama.apply_rotary_pos_emb, 0

    def observed(queries, keys, *rest, **more):
        nonlocal calls
        queries, keys = rotate(queries, keys, *rest, **more)
        chosen = torch.randperm(queries.shape[2])[:share]
        kept[calls % layers].append(queries[0, :, chosen])
        calls += 1
        return queries, keys

    modeling_llama.apply_rotary_pos_emb = observed
    start = time.perf_counter()
    with torch.inference_mode():
        for index in range(sequences):
            llama(
                torch.tensor([ids[index * length : (index + 1) * length]]),
                logits_to_keep=1,
                use_cache=False,
            )
        for queries in kept:
            stacked = torch.cat(queries, dim=1)
            _, _, right = torch.linalg.svd(stacked, full_matrices=False)
            direction = right[:, 0]
            torch.einsum("hsd,hd->h", stacked, direction).sign()[:, None] * direction
    print(json.dumps({"tokens": sequences * length, "seconds": time.perf_counter() - start}))


main()
