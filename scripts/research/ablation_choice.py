"""Which pairs are kept, by their scores and what protects them."""

from fractions import Fraction

import torch
from ablation_model import PROMPT

OTHERS = ("as published", "keydiff", "k-norm", "snapkv", "streaming-llm", "random")


def settings(scores, has_windows):
    """Name: (score, options). What is not among the options is as `prefill` does it."""
    table = {}

    def add(score, **options):
        said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in options.items())
        table[f"{score} | {said}"] = (score, options)

    for score in scores:
        add(score, **({"recent": 0, "in_windows": 0} if score in OTHERS else {}))
    for option, values in {
        "sinks": (0, 16),
        "window": (0, "1/4", "1/2"),
        "recent": (0, 2, 8),
        "whole_layers": (2,),
        "shared": (True,),
    }.items():
        for value in values:
            add("q-filters", **{option: value})
    if has_windows:
        add("q-filters", in_windows=0)
        add("q-filters", in_windows=0, recent=0)
        add("q-filters", in_windows=0, recent=0, seen_only=False)
        add("as published", in_windows=0, recent=0, seen_only=False)
    return table


def with_latest(scores, count, sinks, last, hidden, recent):
    """Which pairs one head keeps besides sinks and window: `count`, every `recent`-th of which is
    the latest left."""
    start, end = max(sinks, hidden), PROMPT - last
    best = iter((start + scores[start:end].argsort(descending=True, stable=True)).tolist())
    latest, taken = iter(range(end - 1, start - 1, -1)), set()
    for index in range(min(count, end - start)):
        candidates = latest if index % recent == recent - 1 else best
        taken.add(next(place for place in candidates if place not in taken))
    return sorted(taken)


def kept(
    scores,
    tap,
    ratio,
    sinks=4,
    window=64,
    recent=4,
    in_windows=1,
    seen_only=True,
    shared=False,
    whole_layers=0,
):
    """Masks of the kept pairs by layer, [heads, pairs]; all settings keep the same number in all.
    None if fewer are kept than sinks and window are."""
    layers = len(scores)
    pairs = PROMPT // ratio
    each = (layers * pairs - whole_layers * PROMPT) // (layers - whole_layers)
    last = int(each * Fraction(window)) if isinstance(window, str) else window
    if each < sinks + last:
        return None
    masks = []
    for layer, score in enumerate(scores):
        if layer < whole_layers:
            masks.append(torch.ones_like(score, dtype=torch.bool))
            continue
        score = score.clone()
        greatest = torch.finfo(torch.float).max
        span = tap.windows.get(layer)
        hidden = max(0, PROMPT - span + 1) if span and seen_only else 0
        score[:, :hidden] = -greatest
        every = in_windows or recent if span else recent
        if every and shared:
            score[:, PROMPT - last - (each - sinks - last) // every :] = greatest
        elif every:
            for row in score:
                row[with_latest(row, each - sinks - last, sinks, last, hidden, every)] = greatest
        score[:, PROMPT - last :] = greatest
        score[:, :sinks] = greatest
        mask = torch.zeros_like(score, dtype=torch.bool)
        if shared:
            mask.view(-1)[score.flatten().topk(each * len(score)).indices] = True
        else:
            mask.scatter_(1, score.topk(each, dim=-1).indices, True)
        masks.append(mask)
    return masks
