#!/usr/bin/env python3
"""Language modelling under a budget, by transformers and by `evaluate perplexity`: they must agree
within 1 %, over all tokens and over those after the budget.

    "$(scripts/python interop)" scripts/interop/check_eviction.py \\
      QFILTERS MODEL.gguf BANK.qfilt TEXT [TOKENS SEQUENCES BUDGET WINDOW]

TEXT is cut into SEQUENCES (8) of TOKENS (1,536) tokens. transformers runs them in float32, token by
token, all sequences at once. After each token, every layer and head that holds more than BUDGET
(256) pairs keeps its last WINDOW (64) and of the others those with the best scores, as the authors
of Q-Filters describe their streaming cache (arXiv 2503.02812); Streaming-LLM also keeps four sinks.
Positions are the true ones. The whole cache takes one forward pass. With those numbers, perplexity
must rise from the whole cache by Q-Filters and Streaming-LLM to K-norm."""

import argparse
import json
import math
import pathlib
import subprocess
import sys
import tempfile

USUAL = {"tokens": 1536, "sequences": 8, "budget": 256, "window": 64}


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name in ("qfilters", "model", "bank", "text"):
        parser.add_argument(name, type=lambda path: pathlib.Path(path).absolute())
    for name, usual in USUAL.items():
        parser.add_argument(name, type=int, nargs="?", default=usual)
    return parser.parse_args()


# Before what takes seconds to load.
GIVEN = arguments()

import safetensors.torch  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

SINKS = 4
TOLERANCE = 0.01


def streaming(layer, keys, positions):
    return torch.where(positions < SINKS, torch.inf, positions.float())


def evict(cache, positions, score, budget, window):
    """Brings every layer and head down to the budget; `positions` are those of each layer's
    pairs."""
    for index, layer in enumerate(cache.layers):
        excess = layer.keys.shape[2] - budget
        if excess <= 0:
            continue
        scores = score(index, layer.keys, positions[index])
        scores[:, :, scores.shape[2] - window :] = torch.inf
        kept = scores.topk(budget, dim=-1).indices.sort(dim=-1).values
        positions[index] = positions[index].gather(2, kept)
        for name in ("keys", "values"):
            tensor = getattr(layer, name)
            setattr(
                layer, name, tensor.gather(2, kept[..., None].expand(-1, -1, -1, tensor.shape[3]))
            )


def losses(model, ids, score, budget, window):
    """−ln p of every token but the first of each sequence: [sequences, tokens − 1]."""
    cache = transformers.DynamicCache()
    heads, layers = model.config.num_key_value_heads, model.config.num_hidden_layers
    positions = [torch.zeros(len(ids), heads, 0, dtype=torch.long)] * layers
    result = []
    for step in range(ids.shape[1] - 1):
        at = torch.full((len(ids), 1), step)
        logits = model(
            ids[:, step : step + 1], past_key_values=cache, position_ids=at, use_cache=True
        ).logits[:, 0]
        result.append(torch.nn.functional.cross_entropy(logits, ids[:, step + 1], reduction="none"))
        new = at[:, None].expand(-1, heads, -1)
        positions = [torch.cat([old, new], dim=2) for old in positions]
        evict(cache, positions, score, budget, window)
        if step % 128 == 0:
            print(f"\r{step} of {ids.shape[1]}", end="", file=sys.stderr, flush=True)
    return torch.stack(result, dim=1)


def whole(model, ids):
    logits = [model(sequence[None]).logits[0, :-1] for sequence in ids]
    return torch.stack(
        [
            torch.nn.functional.cross_entropy(one, sequence[1:], reduction="none")
            for one, sequence in zip(logits, ids, strict=False)
        ]
    )


def split(tokenizer, text, tokens, sequences):
    """Consecutive sequences, each with the begin-of-text token first where the tokenizer adds
    one."""
    begin = [tokenizer.bos_token_id] if tokenizer.bos_token_id in tokenizer("a").input_ids else []
    ids, step = tokenizer(text, add_special_tokens=False).input_ids, tokens - len(begin)
    if len(ids) < step * sequences:
        sys.exit(f"the text has {len(ids)} tokens where {step * sequences} are needed")
    return torch.tensor([begin + ids[n * step : (n + 1) * step] for n in range(sequences)])


def main():
    command, path, bank, text = GIVEN.qfilters, GIVEN.model, GIVEN.bank, GIVEN.text
    tokens, sequences, budget, window = (getattr(GIVEN, name) for name in USUAL)
    source = {"pretrained_model_name_or_path": path.parent, "gguf_file": path.name}
    config = transformers.AutoConfig.from_pretrained(**source)
    types = getattr(config, "layer_types", None) or []
    if "sliding_attention" in types or not types and getattr(config, "sliding_window", None):
        sys.exit(
            f"{path.name} has layers with a sliding window, which this rerun does not have; "
            "take another model"
        )
    tokenizer = transformers.AutoTokenizer.from_pretrained(**source)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        **source, dtype=torch.float32, quantization_config=transformers.GgufConfig(dequantize=True)
    ).eval()
    ids = split(tokenizer, text.read_text(encoding="utf-8"), tokens, sequences)
    with tempfile.TemporaryDirectory() as work:
        export = [command, "export", bank, f"{work}/hub"]
        subprocess.run(export, check=True, stdout=subprocess.DEVNULL)
        filters = -safetensors.torch.load_file(f"{work}/hub/model.safetensors")["q_filters"]
    scores = {
        "full": None,
        "q-filters": lambda layer, keys, _: torch.einsum("bhnd,hd->bhn", keys, filters[layer]),
        "streaming-llm": streaming,
        "k-norm": lambda layer, keys, _: -keys.norm(dim=-1),
    }
    print(f"{sequences} sequences of {tokens} tokens, budget {budget}, window {window}\n")
    print(
        "| method | transformers | `evaluate perplexity` | difference "
        "| transformers, after the budget | `evaluate perplexity`, after it | difference |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    worst, order = 0.0, []
    for method, score in scores.items():
        with torch.no_grad():
            loss = whole(model, ids) if score is None else losses(model, ids, score, budget, window)
        theirs = [part.double().mean().exp().item() for part in (loss, loss[:, budget:])]
        options = (
            [] if score is None else ["--budget", budget, "--window", window, "--method", method]
        )
        options += ["--filters", bank] if method == "q-filters" else []
        options += ["--tokens", tokens, "--sequences", sequences, "--json"]
        evaluate = [command, "evaluate", "perplexity", "--model", path, "--file", text]
        done = subprocess.run([*evaluate, *map(str, options)], check=True, stdout=subprocess.PIPE)
        report = json.loads(done.stdout)
        curve = report["methods"][0]["curve"][budget:]
        ours = [report["perplexity"], math.exp(sum(curve) / len(curve))]
        worst = max(
            [worst, *(abs(mine / other - 1) for mine, other in zip(ours, theirs, strict=False))]
        )
        order.append(ours[0])
        cells = (
            f"{other:.3f} | {mine:.3f} | {mine / other - 1:+.3%}"
            for mine, other in zip(ours, theirs, strict=False)
        )
        print(f"\r| {method} | {' | '.join(cells)} |", flush=True)
    if worst > TOLERANCE:
        sys.exit(f"they differ by {worst:.1%}")
    if USUAL.items() <= vars(GIVEN).items() and order != sorted(order):
        sys.exit(f"perplexity does not rise in the order {', '.join(scores)}")


main()
