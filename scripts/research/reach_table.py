#!/usr/bin/env python3
"""From how far away does a model answer? The table of docs/recall.md, by transformers in float32.

    "$(scripts/python research)" scripts/research/reach_table.py \\
      MODEL.gguf ESSAYS [--length 7500] [--depths 10]

Hides the classic needle in the essays, prefills them once, and asks with caches that hold parts of
what was prefilled: the question is at its true position, or right after the last pair that is kept.
"""

import argparse
import pathlib
import re

NEEDLE = (
    "The best thing to do in San Francisco is eat a sandwich and sit in Dolores Park "
    "on a sunny day."
)
QUESTION, ANSWER = "What is the best thing to do in San Francisco?", "Dolores Park"
# The template's first tokens, which every choice keeps.
OPENING = 24


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("essays", type=pathlib.Path)
    parser.add_argument("--length", type=int, default=7500)
    parser.add_argument("--depths", type=int, default=10)
    return parser.parse_args()


options = arguments()

import torch  # noqa: E402
import transformers  # noqa: E402

torch.set_grad_enabled(False)
source = {
    "pretrained_model_name_or_path": options.model.absolute().parent,
    "gguf_file": options.model.name,
}
tokenizer = transformers.AutoTokenizer.from_pretrained(**source)
model = transformers.AutoModelForCausalLM.from_pretrained(
    **source, dtype=torch.float32, quantization_config=transformers.GgufConfig(dequantize=True)
).eval()


def ids(text: str) -> list:
    return tokenizer(text, add_special_tokens=False).input_ids


def run(tokens: list, cache, position: int):
    positions = torch.arange(position, position + len(tokens))[None]
    return model(
        torch.tensor([tokens]), past_key_values=cache, position_ids=positions, use_cache=True
    ).logits[0, -1]


def answer(layers: list, kept, question: list, position: int) -> bool:
    cache, answer = transformers.DynamicCache(), []
    for layer, (keys, values) in enumerate(layers):
        cache.update(keys[:, :, kept].clone(), values[:, :, kept].clone(), layer)
    logits, position = run(question, cache, position), position + len(question)
    while len(answer) < 32 and (token := logits.argmax().item()) != tokenizer.eos_token_id:
        answer.append(token)
        logits, position = run([token], cache, position), position + 1
    return ANSWER in tokenizer.decode(answer)


def hide(hay: list, depth: float) -> str:
    hay = hay[: options.length - len(ids(NEEDLE)) - 1]
    text = tokenizer.decode(hay)
    before = tokenizer.decode(hay[: int(len(hay) * depth)])
    stops = [match.start() + 1 for match in re.finditer(r"\.\s", before)]
    cut = len(text) if depth == 1 else (stops[-1] if stops else 0)
    return text[:cut] + (" " if cut and text[cut - 1] != " " else "") + NEEDLE + " " + text[cut:]


def choices(needle: range, tokens: int) -> dict:
    def around(margin: int):
        return torch.tensor(
            [
                *range(OPENING),
                *range(max(OPENING, needle.start - margin), min(tokens, needle.stop + margin)),
            ]
        )

    return {
        "everything": torch.arange(tokens),
        "the 1,024 tokens around the needle": around(500),
        "the needle and eight tokens on each side": around(8),
    }


hay = ids(
    "".join(
        path.read_text(encoding="utf-8") + "\n\n" for path in sorted(options.essays.glob("*.txt"))
    )
)
found: dict = {}
for step in range(options.depths):
    text = hide(hay, step / max(1, options.depths - 1))
    turn = tokenizer.apply_chat_template(
        [{"role": "user", "content": text + "\0"}], tokenize=False, add_generation_prompt=True
    )
    opening, rest = turn.split("\0")
    context, question = ids(opening), ids("\n\n" + QUESTION + rest)
    start, tokens = len(ids(opening[: opening.index(NEEDLE)])), len(context)
    cache = transformers.DynamicCache()
    for first in range(0, tokens, 1024):
        run(context[first : first + 1024], cache, first)
    layers = [(layer.keys, layer.values) for layer in cache.layers]
    for name, kept in choices(range(start, start + len(ids(NEEDLE))), tokens).items():
        places = {"true": tokens, "after": int(kept[-1]) + 1}
        for place, position in places.items():
            found.setdefault((name, place), []).append(answer(layers, kept, question, position))
    print(f"depth {step + 1} of {options.depths}", flush=True)

print("| the cache holds | at its true position | right after |\n| --- | --- | --- |")
for name in dict.fromkeys(name for name, _ in found):
    print(
        f"| {name} | "
        + " | ".join(
            f"{sum(found[name, place])} of {options.depths}" for place in ("true", "after")
        )
        + " |"
    )
