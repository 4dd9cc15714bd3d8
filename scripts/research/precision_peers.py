#!/usr/bin/env python3
"""What other codings of a cache take and change, on the contexts of precision_evidence.py.

    "$(scripts/python research)" scripts/research/precision_peers.py QFILTERS MODEL BANK.qfilt OUT
      essay=ESSAYS.txt … --calibration CODE.txt … [--lengths 7500] [--contexts 6]

transformers computes all predictions in float32, also those of the cache in `int4` by this project,
which precision_evidence.py measured with this project's engine: both agree. OUT keeps every
measurement and KVTC's components; a run that was ended continues where it was.
"""

import argparse
import pathlib

import reader
import torch
import transformers
from peer_codecs import Context, PrincipalComponents, cachegen, kvtc, rotated
from precision_evidence import CONTINUATION, measured, run, table


class Model:
    """The model in float32."""

    def __init__(self, path: pathlib.Path):
        source = {"pretrained_model_name_or_path": path.parent, "gguf_file": path.name}
        dequantised = transformers.GgufConfig(dequantize=True)
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(**source)
        self.model = transformers.AutoModelForCausalLM.from_pretrained(
            **source, dtype=torch.float32, quantization_config=dequantised
        ).eval()
        self.config = self.model.config

    def ids(self, text: str) -> torch.Tensor:
        return torch.tensor(self.tokenizer(text, add_special_tokens=False).input_ids)

    def rotations(self, tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Cosines and sines of every layer, [layers, tokens, width]."""
        rope, places = self.model.model.rotary_emb, torch.arange(tokens)[None]
        kinds = getattr(self.config, "layer_types", None)
        several = kinds and len(set(kinds)) > 1
        layers = range(self.config.num_hidden_layers)
        turns = [
            rope(torch.zeros(1), places, kinds[i]) if several else rope(torch.zeros(1), places)
            for i in layers
        ]
        cosines, sines = zip(*turns, strict=True)
        return torch.cat(cosines), torch.cat(sines)

    def context(self, keys: torch.Tensor, values: torch.Tensor) -> Context:
        return Context(keys, values, *self.rotations(len(keys)))

    @torch.no_grad()
    def calibration(self, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys before RoPE and values of a text, [tokens, all dimensions]."""
        # Layers with a window would keep no more than that in the model's own cache.
        cache = transformers.DynamicCache()
        self.model(ids[None], past_key_values=cache, logits_to_keep=1)
        layers = cache.layers
        keys = torch.stack([layer.keys[0].transpose(0, 1) for layer in layers], 1)
        values = torch.stack([layer.values[0].transpose(0, 1) for layer in layers], 1)
        context = self.context(keys, values)
        return context.turned(keys, -1)[4:].flatten(1), values[4:].flatten(1)

    @torch.no_grad()
    def predictions(self, keys, values, ids: torch.Tensor) -> torch.Tensor:
        """Logarithms of probabilities after each id that follows the cache."""
        cache = transformers.DynamicCache()
        for layer in range(keys.shape[1]):
            rows = (tensor[:, layer].transpose(0, 1)[None] for tensor in (keys, values))
            cache.update(*rows, layer)
        places = torch.arange(len(keys), len(keys) + len(ids))[None]
        output = self.model(ids[None], past_key_values=cache, position_ids=places)
        return output.logits[0].double().log_softmax(-1)


def snapshot(path: pathlib.Path) -> tuple[torch.Tensor, torch.Tensor]:
    """A whole snapshot's keys and values, [tokens, layers, heads, width]."""
    _, file = reader.read_file(path, [])
    tensors = file.tensors(1)

    def stacked(name: str) -> torch.Tensor:
        rows = [
            [tensors[f"layer{layer}.head{head}.{name}"] for head in range(file.heads)]
            for layer in range(file.layers)
        ]
        layers = [torch.stack([torch.from_numpy(row.copy()) for row in layer]) for layer in rows]
        return torch.stack(layers).permute(2, 0, 1, 3).float()

    return stacked("keys"), stacked("values")


def components(given: argparse.Namespace, model: Model):
    """KVTC's bases of keys and values, from sequences of 2,048 tokens of all calibration texts."""
    file = given.out / "components.pt"
    if file.exists():
        return torch.load(file, weights_only=False)
    keys, values = [], []
    for path in given.calibration:
        text = path.read_text(encoding="utf-8", errors="ignore")
        ids = model.ids(text[:200_000])
        for first in range(0, min(len(ids) - 2048, 6 * 2048), 2048):
            rows = model.calibration(ids[first : first + 2048])
            keys.append(rows[0].half())
            values.append(rows[1].half())
    made = tuple(PrincipalComponents(torch.cat(rows).float()) for rows in (keys, values))
    torch.save(made, file)
    return made


def measure(given, model: Model, codings: dict, context: str, rest: str) -> dict:
    """One context's size and divergence under every coding."""
    paths = [given.out / name for name in ("f16.kvsnap", "int4.kvsnap")]
    (given.out / "context.txt").write_text(context, encoding="utf-8")
    prefill = ["prefill", "--model", given.model, "--filters", given.bank]
    run(given, *prefill, "--prompt-file", given.out / "context.txt", "--out", paths[0])
    run(given, "recompress", paths[0], "--precision", "int4", "--out", paths[1])
    keys, values = snapshot(paths[0])
    raw, ids = 4 * keys.numel(), model.ids(rest)[: CONTINUATION + 1]
    exact = model.predictions(keys, values, ids[:-1])

    def row(keys, values, size: float) -> dict:
        found = model.predictions(keys, values, ids[:-1])
        divergence = (exact.exp() * (exact - found)).sum(-1).mean().item()
        loss = (exact - found).gather(1, ids[1:, None]).mean().item()
        return {"smaller": raw / size, "divergence": divergence, "loss": loss}

    rows = {"int4": row(*snapshot(paths[1]), paths[1].stat().st_size)}
    state = model.context(keys, values)
    for name, coding in codings.items():
        rows[name] = row(*coding(state))
    for path in paths:
        path.unlink()
    return {"tokens": len(keys), "precisions": rows}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name in ("qfilters", "model", "bank"):
        parser.add_argument(name)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("texts", nargs="+")
    parser.add_argument("--calibration", nargs="+", type=pathlib.Path, required=True)
    parser.add_argument("--lengths", default="7500")
    parser.add_argument("--contexts", type=int, default=6)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    model = Model(pathlib.Path(given.model))
    bases = components(given, model)
    codings = {f"rotated int{bits}": rotated(bits) for bits in (4, 3, 2)}
    codings |= {f"CacheGen, step {step}": cachegen(step) for step in (0.25, 0.5, 1)}
    codings |= {f"KVTC, {ratio}": kvtc(*bases, ratio) for ratio in (8, 16, 32)}
    results = measured(
        given,
        given.out / "peers.json",
        lambda context, rest: measure(given, model, codings, context, rest),
    )
    table(results)


if __name__ == "__main__":
    main()
