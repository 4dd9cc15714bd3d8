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

"q-filters" is what `prefill` does: of each query head the filter, turned by RoPE from the middle of
the calibration's sequences to that of the 512 positions behind the prompt, and as long as queries
project on it; the logarithm of the mean attention that these would pay, and ½ of KeyDiff's score,
each less its mean in standard deviations. 4 sinks, a window of 64; of what is kept between them
every 4th pair the latest that is left ("recent 4"), and every one in layers with a sliding window
("in windows 1"), where what no later token sees goes first ("seen only"). Other names say what is
different. Of methods of others, and "as published", only "seen only" is left of that, and sinks and
window. Settings that protect more pairs than are kept are left out. SETTINGS is a regular
expression that chooses among them."""

import argparse
import inspect
import json
import pathlib
import re
import sys
from fractions import Fraction


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
import transformers  # noqa: E402
from transformers import AttentionInterface, AttentionMaskInterface  # noqa: E402
from transformers.masking_utils import sdpa_mask  # noqa: E402

PROMPT, CONTINUATION, OBSERVED, FUTURE, RATIOS = 2048, 256, 64, 512, (4, 8)


class Tap:
    """The attention of all layers: records queries, keys and values, or attends to some of a
    prompt's pairs."""

    def __init__(self, model):
        self.record, self.prompt, self.kept = None, None, None
        self.windows, self.scale = {}, None
        AttentionInterface.register("tap", self.attend)
        AttentionMaskInterface.register("tap", sdpa_mask)
        model.set_attn_implementation("tap")

    def visible(self, layer, tokens, pairs):
        """Which of the pairs each of the last tokens sees."""
        query, pair = torch.arange(pairs - tokens, pairs)[:, None], torch.arange(pairs)[None]
        window = self.windows.get(layer)
        return (pair <= query) & (pair > query - window) if window else pair <= query

    def attend(self, module, query, key, value, mask, scaling=None, **_):
        layer = module.layer_idx
        self.windows[layer], self.scale = getattr(module, "sliding_window", None), scaling
        if self.record is not None:
            self.record[layer] = (query[0], key[0], value[0])
        if self.prompt is not None:
            key = torch.cat([self.prompt[layer][1][None, :, :PROMPT], key], dim=2)
            value = torch.cat([self.prompt[layer][2][None, :, :PROMPT], value], dim=2)
        visible = self.visible(layer, query.shape[2], key.shape[2])[None].repeat(key.shape[1], 1, 1)
        if self.kept is not None:
            visible[:, :, :PROMPT] &= self.kept[layer][:, None]
        group = query.shape[1] // key.shape[1]
        repeated = [x.repeat_interleave(group, dim=1) for x in (key, value)]
        out = torch.nn.functional.scaled_dot_product_attention(
            query, *repeated, attn_mask=visible.repeat_interleave(group, dim=0)[None], scale=scaling
        )
        return out.transpose(1, 2).contiguous(), None


def shares(logits):
    return torch.softmax(logits, dim=-1)


def grouped(x, heads):
    return x.view(heads, -1, *x.shape[1:])


class Calibration:
    """Moments of queries after RoPE, by layer and query head, and the filters that follow."""

    def __init__(self, layers):
        self.count, self.sums, self.grams = 0, [0] * layers, [0] * layers

    def add(self, record):
        for layer, (query, *_) in record.items():
            query = query.double()
            self.sums[layer] = self.sums[layer] + query.sum(1)
            self.grams[layer] = self.grams[layer] + query.transpose(1, 2) @ query
        self.count += query.shape[1]

    def finish(self, turn):
        """Filters by layer and query head, as calibrated and turned; the turned moments; and by how
        much queries project on their filter on average."""
        places = [place + PROMPT / 2 for place in range(FUTURE // 16, FUTURE, FUTURE // 8)]
        self.directions, self.turned, self.ahead, self.means, self.covariances, self.projections = [
            [] for _ in range(6)
        ]
        for layer, (total, gram) in enumerate(zip(self.sums, self.grams, strict=True)):
            mean = total / self.count
            covariance = (gram / self.count - mean[:, :, None] * mean[:, None]).float()
            direction = torch.linalg.eigh(gram).eigenvectors[:, :, -1].float()
            direction *= torch.sign((direction * mean.float()).sum(-1, keepdim=True))

            def on(vectors, by=PROMPT / 2 + FUTURE / 2):
                return turn(layer, vectors, by)

            self.projections.append((direction * mean.float()).sum(-1))
            self.directions.append(direction)
            self.turned.append(on(direction))
            self.ahead.append(torch.stack([on(direction, place) for place in places]))
            self.means.append(on(mean.float()))
            # R C Rᵀ: rows, then columns.
            self.covariances.append(on(on(covariance).transpose(1, 2)).transpose(1, 2))


def expected(keys, means, covariances, scale):
    """log E exp(scale ⟨q, k⟩) for normal queries: [query heads, pairs]."""
    keys = keys.repeat_interleave(len(means) // len(keys), dim=0)
    linear = torch.einsum("hnd,hd->hn", keys, means)
    square = torch.einsum("hnd,hde,hne->hn", keys, covariances, keys)
    return scale * linear + scale * scale / 2 * square


def raw_scores(layer, record, calibration, tap):
    """One score a pair for every way of scoring; [heads, pairs], greater is better."""
    query, key, value = (x[:, :PROMPT] for x in record[layer])
    heads, group, scale = len(key), len(query) // len(key), tap.scale
    wide = key.repeat_interleave(group, dim=0)
    length, unit = value.norm(dim=-1), torch.nn.functional.normalize(key, dim=-1)
    projections = scale * calibration.projections[layer][:, None]

    def on(filters):
        return torch.einsum("hnd,hd->hn", key, grouped(filters, heads).mean(1))

    def attention(logits):
        return grouped(shares(logits), heads)

    def logits(filters):
        return projections * torch.einsum("hnd,hd->hn", wide, filters)

    def z(x):
        return (x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True)

    def said(shares):
        return z(shares.clamp_min(1e-12).log())

    keydiff = -torch.nn.functional.cosine_similarity(key, unit.mean(1, keepdim=True), dim=-1)
    turned, norm = calibration.turned[layer], key.norm(dim=-1)
    share = attention(logits(turned))
    q, pooled, half = said(share.mean(1)), z(on(turned)), 0.5 * z(keydiff)
    ahead = torch.stack(
        [attention(logits(filters)).mean(1) for filters in calibration.ahead[layer]]
    ).mean(0)
    means = attention(scale * torch.einsum("hnd,hd->hn", wide, calibration.means[layer])).mean(1)
    moments = attention(
        expected(key, calibration.means[layer], calibration.covariances[layer], scale)
    ).mean(1)
    late = torch.matmul(query[:, -OBSERVED:], wide.transpose(1, 2)) * scale
    late = late.masked_fill(~tap.visible(layer, OBSERVED, PROMPT), -torch.inf)
    snap = attention(late).mean((1, 2))
    snap = torch.nn.functional.avg_pool1d(snap[:, None], 5, 1, 2)[:, 0]
    return {
        "q-filters": q + half,
        "no keydiff": q,
        "¼ keydiff": q + half / 2,
        "keydiff whole": q + half * 2,
        "½ k-norm, no keydiff": q - 0.5 * z(norm),
        "½ ‖v‖, no keydiff": q + 0.5 * z(length),
        "× ‖v‖, no keydiff": said(share.mean(1) * length),
        "filter of the group": pooled + half,
        "filter of the group, no keydiff": pooled,
        "filter of the group, ½ k-norm": pooled - 0.5 * z(norm),
        "max of the group's shares": said(share.amax(1)) + half,
        "not turned": said(attention(logits(calibration.directions[layer])).mean(1)) + half,
        "turned to 8 places": said(ahead) + half,
        "mean query": said(means) + half,
        "mean and covariance": said(moments) + half,
        "as published": on(calibration.directions[layer]),
        "keydiff": keydiff,
        "k-norm": -norm,
        "snapkv": snap,
        "streaming-llm": torch.arange(PROMPT, dtype=torch.float).repeat(heads, 1),
        "random": torch.rand(heads, PROMPT),
    }


OTHERS = ("as published", "keydiff", "k-norm", "snapkv", "streaming-llm", "random")


def settings(has_windows):
    """Name: (score, options). What is not among the options is as `prefill` does it."""
    table = {}

    def add(score, **options):
        said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in options.items())
        table[f"{score} | {said}"] = (score, options)

    for score in SCORES:
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


SCORES = []


def with_latest(scores, count, sinks, last, hidden, recent):
    """Which pairs one head keeps of those behind sinks and window: of `count`, every so-manieth is
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


def mass(record, tap):
    """The attention that each of the prompt's pairs gets from the continuation, by layer: [heads,
    pairs]."""
    result = []
    for layer, (query, key, _) in sorted(record.items()):
        wide = key.repeat_interleave(len(query) // len(key), dim=0)
        logits = query[:, PROMPT:] @ wide.transpose(1, 2) * tap.scale
        logits = logits.masked_fill(
            ~tap.visible(layer, CONTINUATION, PROMPT + CONTINUATION), -torch.inf
        )
        result.append(grouped(shares(logits)[:, :, :PROMPT], len(key)).sum((1, 2)))
    return result


def ids(tokenizer, files):
    return tokenizer(
        "\n\n".join(f.read_text(encoding="utf-8") for f in files), add_special_tokens=False
    ).input_ids


def main():
    global SCORES
    path, essays, prompts = GIVEN.model, sorted(GIVEN.essays.glob("*.txt")), GIVEN.prompts
    source = {"pretrained_model_name_or_path": path.parent, "gguf_file": path.name}
    tokenizer = transformers.AutoTokenizer.from_pretrained(**source)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        **source, dtype=torch.float32, quantization_config=transformers.GgufConfig(dequantize=True)
    ).eval()
    begin = [tokenizer.bos_token_id] if tokenizer.bos_token_id in tokenizer("a").input_ids else []
    tap = Tap(model)
    torch.set_grad_enabled(False)
    torch.manual_seed(0)

    def run(tokens):
        tap.record, tap.prompt, tap.kept = {}, None, None
        model.model(torch.tensor([tokens]), use_cache=False)
        return tap.record

    def turn(layer, vectors, positions):
        """What RoPE makes of vectors that it has turned already, so many positions on."""
        kinds = getattr(model.config, "layer_types", None)
        kind = (
            [kinds[layer]]
            if "layer_type" in inspect.signature(model.model.rotary_emb.forward).parameters
            else []
        )
        cosines, sines = model.model.rotary_emb(vectors, torch.tensor([[positions]]), *kind)
        first, second = vectors.chunk(2, dim=-1)
        return vectors * cosines[0] + torch.cat([-second, first], dim=-1) * sines[0]

    def likelihood(tokens, prompt, masks):
        tap.record, tap.prompt, tap.kept = None, prompt, masks
        at = torch.arange(PROMPT, PROMPT + CONTINUATION)
        logits = model(
            torch.tensor([tokens[PROMPT:]]), position_ids=at[None], use_cache=False
        ).logits[0]
        return torch.nn.functional.cross_entropy(
            logits[:-1].float(), torch.tensor(tokens[PROMPT + 1 :])
        ).item()

    calibration, text = Calibration(model.config.num_hidden_layers), ids(tokenizer, essays[::2])
    step = PROMPT - len(begin)
    for index in range(min(20, len(text) // step)):
        calibration.add(run(begin + text[index * step : (index + 1) * step]))
    calibration.finish(turn)
    print("calibrated", file=sys.stderr, flush=True)

    text, report = ids(tokenizer, essays[1::2]), {}
    length = PROMPT + CONTINUATION - len(begin)
    for prompt in range(prompts):
        start = prompt * (len(text) - length) // max(1, prompts - 1)
        tokens = begin + text[start : start + length]
        record = run(tokens)
        weights, whole = mass(record, tap), likelihood(tokens, record, None)
        report.setdefault("whole cache", {}).setdefault("×1", []).append((1.0, whole))
        scores = [raw_scores(layer, record, calibration, tap) for layer in range(len(record))]
        SCORES = list(scores[0])
        for name, (score, options) in settings(any(tap.windows.values())).items():
            if not GIVEN.settings.search(name):
                continue
            for ratio in RATIOS:
                masks = kept([layer[score] for layer in scores], tap, ratio, **options)
                if masks is None:
                    continue
                share = (
                    torch.stack(
                        [(w * m).sum() / w.sum() for w, m in zip(weights, masks, strict=True)]
                    )
                    .mean()
                    .item()
                )
                report.setdefault(name, {}).setdefault(f"×{ratio}", []).append(
                    (share, likelihood(tokens, record, masks))
                )
        print(f"prompt {prompt + 1} of {prompts}", file=sys.stderr, flush=True)
        if GIVEN.report:
            GIVEN.report.write_text(json.dumps(report), encoding="utf-8")

    print(f"{path.name}: {prompts} prompts")
    table(report)


# What `prefill` does.
USUAL = "q-filters | "


def mean(values):
    return sum(values) / len(values)


def against(rows, others):
    """The mean difference of the likelihoods of the same prompts, and its standard error."""
    differences = [row[1] - other[1] for row, other in zip(rows, others, strict=True)]
    middle, count = mean(differences), len(differences)
    spread = sum((x - middle) ** 2 for x in differences) / max(1, count - 1)
    return f"{middle:+.4f} ± {(spread / count) ** 0.5:.4f}"


def table(report):
    whole = report["whole cache"]["×1"]
    print(f"whole cache {mean([row[1] for row in whole]):.4f}\n")
    ratios = [f"×{ratio}" for ratio in RATIOS]
    print(
        "| score | what differs | "
        + " | ".join(f"mass {r}" for r in ratios)
        + " | "
        + " | ".join(f"ΔNLL {r}" for r in ratios)
        + " | "
        + " | ".join(f"against the default {r}" for r in ratios)
        + " |\n| --- | --- |"
        + " --- |" * 3 * len(ratios)
    )
    for name, rows in report.items():
        if name == "whole cache":
            continue

        def cells(text):
            return [text(r) if r in rows else "–" for r in ratios]

        print(
            f"| {name} | "
            + " | ".join(
                cells(lambda r: f"{mean([row[0] for row in rows[r]]):.3f}")
                + cells(
                    lambda r: (
                        f"{mean([row[1] for row in rows[r]]) - mean([row[1] for row in whole]):+.3f}"
                    )
                )
                + (cells(lambda r: against(rows[r], report[USUAL][r])) if USUAL in report else [])
            )
            + " |"
        )


main()
