#!/usr/bin/env python3
"""The table of docs/precision.md: what each precision takes, and what it changes.

    export LD_LIBRARY_PATH="$(scripts/libkvsnap)" PYTHONPATH=python
    "$(scripts/python interop)" scripts/interop/precision_table.py \\
      QFILTERS MODEL.gguf FILTERS.qfilt TEXT [TOKENS [CONTINUATION]]

TEXT is prefilled up to about TOKENS (8,000) tokens; the CONTINUATION (500 tokens) after them is
scored by transformers in float32, each time with the whole cache that the package kvsnap restores
from a snapshot. So the change in its mean negative log-likelihood is that of the stored precision.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import kvsnap
import torch
import transformers

# The types in which a cache is held; all others are made of the first.
HELD = ["f16", "bf16", "f32"]
PRECISIONS = [
    *HELD,
    "8:f16,int8",
    "int8",
    "keys=int8,values=int4",
    "keys=int4,values=int8",
    "8:f16,int4",
    "8:int8,int4",
    "int4",
]


def run(command: str, *arguments: object) -> None:
    subprocess.run(
        [shutil.which(command) or command, *map(str, arguments)],
        check=True,
        stdout=subprocess.DEVNULL,
    )


def load(path: pathlib.Path) -> tuple[transformers.DynamicCache, int]:
    """The whole cache, and the position of the next token."""
    with kvsnap.open(path) as snapshot:
        return snapshot.to_dynamic_cache(1, dtype=torch.float32), len(snapshot.tokens)


def likelihood(model, cache, ids: torch.Tensor, position: int) -> float:
    """The mean negative log-likelihood of all ids but the first."""
    positions = torch.arange(position, position + len(ids))
    with torch.no_grad():
        logits = model(ids[None], past_key_values=cache, position_ids=positions[None]).logits[0]
    return torch.nn.functional.cross_entropy(logits[:-1].double(), ids[1:]).item()


def error(cache, exact, name: str) -> float:
    """Relative to the exact tensors, over all layers and heads."""
    pairs = [
        (getattr(a, name), getattr(b, name))
        for a, b in zip(cache.layers, exact.layers, strict=True)
    ]
    wrong = sum(((a - b).double() ** 2).sum().item() for a, b in pairs)
    return (wrong / sum((b.double() ** 2).sum().item() for _, b in pairs)) ** 0.5


def main() -> None:
    command, model_path, filters, text = (
        sys.argv[1],
        *(pathlib.Path(a).absolute() for a in sys.argv[2:5]),
    )
    tokens, more = (int(a) for a in (sys.argv[5:7] + ["8000", "500"][len(sys.argv[5:7]) :]))
    source = {"pretrained_model_name_or_path": model_path.parent, "gguf_file": model_path.name}
    tokenizer = transformers.AutoTokenizer.from_pretrained(**source)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        **source, dtype=torch.float32, quantization_config=transformers.GgufConfig(dequantize=True)
    ).eval()
    ids = tokenizer(text.read_text(), add_special_tokens=False).input_ids
    continuation = torch.tensor(ids[tokens : tokens + more])
    with tempfile.TemporaryDirectory() as work:
        folder = pathlib.Path(work)
        (folder / "text").write_text(tokenizer.decode(ids[:tokens]))
        source = ("--model", model_path, "--filters", filters, "--prompt-file", folder / "text")
        run(command, "prefill", *source, "--out", folder / "f16.kvsnap")
        exact, n = load(folder / "f16.kvsnap")
        pairs = sum(layer.keys.shape[1] for layer in exact.layers) * n
        raw = sum(2 * (layer.keys.numel() + layer.values.numel()) for layer in exact.layers)
        print(f"{n} tokens, raw f16 cache {raw} bytes, {raw / pairs:.0f} bytes a pair\n")
        print(
            "| precision | bytes a pair | of the raw cache | ×32: 1/… of it | error of keys "
            "| of values "
            "| change in mean NLL |\n| --- | --- | --- | --- | --- | --- | --- |"
        )
        base = None
        for precision in PRECISIONS:
            small, best = folder / "small.kvsnap", folder / "best.kvsnap"
            options = ("--precision", precision, "--out", small)
            if precision in HELD:
                run(command, "prefill", *source, *options)
            else:
                run(command, "recompress", folder / "f16.kvsnap", *options)
            run(command, "recompress", small, "--compression", 32, "--out", best)
            cache = load(small)[0]
            keys, values = error(cache, exact, "keys"), error(cache, exact, "values")
            nll = likelihood(model, cache, continuation, n)
            base = nll if base is None else base
            size = small.stat().st_size
            print(
                f"| `{precision}` | {size / pairs:.1f} | {size / raw:.4f} "
                f"| {raw / best.stat().st_size:.1f} "
                f"| {keys:.2%} | {values:.2%} | {nll - base:+.5f} |",
                flush=True,
            )
        print(
            f"\nMean negative log-likelihood in f16: {base:.5f} over {len(continuation) - 1} tokens"
        )


main()
