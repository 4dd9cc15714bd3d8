#!/usr/bin/env python3
"""Which way of ranking keeps most, without knowing the question? The tables of docs/results.md.

    "$(scripts/python research)" scripts/research/ablation.py \\
      MODEL.gguf ESSAYS [PROMPTS [REPORT.json [SETTINGS]]]

ESSAYS is a folder of texts. Every second one, beginning with the first, calibrates: 20 sequences of
2,048 tokens. From the others come PROMPTS (8) prompts of 2,048 tokens, each with the 256 tokens
that follow. For every setting and ×4 and ×8 it prints the share of the attention that the
continuation pays to the prompt's pairs which the kept ones get, by how much the continuation's mean
negative log-likelihood rises given only the kept pairs and its own, and how that differs from what
`prefill` does, with the standard error of the difference over the prompts. All settings keep the
same number of pairs in all: what one layer or head keeps more, others keep less.

"q-filters" is what `prefill` does. RoPE turns the filter of each query head from the middle of the
calibration's sequences to that of the 512 positions after the prompt, and it is as long as queries
project on it. The score is the logarithm of the mean attention that these would pay, and ½ of
KeyDiff's score, each less its mean in standard deviations. 4 sinks and a window of 64 are kept. In
what is kept between them, every 4th pair is the latest that is left ("recent 4"), and every one in
layers with a sliding window ("in windows 1"), where what no later token sees goes first ("seen
only"). Other names say what is different. Methods of others, and "as published", have only "seen
only", sinks and window. Settings that protect more pairs than are kept are left out. SETTINGS is a
regular expression that chooses among them.
"""

import argparse
import json
import pathlib
import re
import sys


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("model", type=lambda path: pathlib.Path(path).absolute())
    parser.add_argument("essays", type=pathlib.Path)
    parser.add_argument("prompts", type=int, nargs="?", default=8)
    parser.add_argument("report", type=pathlib.Path, nargs="?")
    parser.add_argument("settings", type=re.compile, nargs="?", default=re.compile(""))
    return parser.parse_args()


# Before what takes seconds to load.
GIVEN = arguments()

import torch  # noqa: E402
from ablation_choice import kept, settings  # noqa: E402
from ablation_model import CONTINUATION, PROMPT, Model  # noqa: E402
from ablation_scores import Calibration, mass, raw_scores  # noqa: E402
from ablation_table import RATIOS, table  # noqa: E402


def calibrate(model, files):
    calibration = Calibration(model.network.config.num_hidden_layers)
    text, step = model.ids(files), PROMPT - len(model.begin)
    for index in range(min(20, len(text) // step)):
        calibration.add(model.run(model.begin + text[index * step : (index + 1) * step]))
    calibration.finish(model.turn)
    return calibration


def measure(model, tokens, calibration, report):
    """Adds to the report what every setting gives on one prompt."""
    record = model.run(tokens)
    weights, whole = mass(record, model.tap), model.likelihood(tokens, record, None)
    report.setdefault("whole cache", {}).setdefault("×1", []).append((1.0, whole))
    scores = [raw_scores(layer, record, calibration, model.tap) for layer in range(len(record))]
    table_of = settings(list(scores[0]), any(model.tap.windows.values()))
    for name, (score, options) in table_of.items():
        if not GIVEN.settings.search(name):
            continue
        for ratio in RATIOS:
            masks = kept([layer[score] for layer in scores], model.tap, ratio, **options)
            if masks is None:
                continue
            pairs = zip(weights, masks, strict=True)
            share = torch.stack([(w * m).sum() / w.sum() for w, m in pairs]).mean().item()
            row = (share, model.likelihood(tokens, record, masks))
            report.setdefault(name, {}).setdefault(f"×{ratio}", []).append(row)


def main():
    essays, prompts = sorted(GIVEN.essays.glob("*.txt")), GIVEN.prompts
    model = Model(GIVEN.model)
    torch.set_grad_enabled(False)
    torch.manual_seed(0)
    calibration = calibrate(model, essays[::2])
    print("calibrated", file=sys.stderr, flush=True)

    text, report = model.ids(essays[1::2]), {}
    length = PROMPT + CONTINUATION - len(model.begin)
    for prompt in range(prompts):
        start = prompt * (len(text) - length) // max(1, prompts - 1)
        measure(model, model.begin + text[start : start + length], calibration, report)
        print(f"prompt {prompt + 1} of {prompts}", file=sys.stderr, flush=True)
        if GIVEN.report:
            GIVEN.report.write_text(json.dumps(report), encoding="utf-8")

    print(f"{GIVEN.model.name}: {prompts} prompts")
    table(report)


main()
