#!/usr/bin/env python3
"""Shows that a snapshot, as a DynamicCache of the package kvsnap, continues in transformers with
the tokens that `resume` gives, whole and at ×8; and so does the last of three turns that are saved
after it, each as a snapshot of its new pairs alone.

    export LD_LIBRARY_PATH="$(scripts/libkvsnap)" PYTHONPATH=python
    "$(scripts/python interop)" scripts/interop/check_transformers.py \\
      QFILTERS MODEL.gguf FILTERS.qfilt SNAPSHOT.kvsnap [PROMPT]

The snapshot is one of MODEL, made with FILTERS and without --chat, and holds the whole cache.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import kvsnap
import torch
import transformers

NEW_TOKENS = 32
RATIOS = (1, 8)
TURNS = ("\n\nIn short,", "\n\nFor example,", "\n\nStill,")


def resume(command, model, snapshot, prompt, *options):
    """The ids with which the command continues a snapshot."""
    done = subprocess.run(
        [
            command,
            "resume",
            snapshot,
            "--model",
            model,
            "--prompt",
            prompt,
            "--max-tokens",
            str(NEW_TOKENS),
            "--json",
            *options,
        ],
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)["ids"]


def continued(model, snapshot, ratio, ids, count):
    """The ids with which transformers does."""
    with kvsnap.open(snapshot) as opened:
        cache, position = opened.to_dynamic_cache(ratio, dtype=torch.float32), len(opened.tokens)
    model.set_attn_implementation("kvsnap")
    ids, new = torch.tensor([ids]), []
    with torch.no_grad():
        while len(new) < count:
            positions = torch.arange(position, position + ids.shape[1])
            logits = model(ids, past_key_values=cache, position_ids=positions[None]).logits
            position += ids.shape[1]
            new.append(int(logits[0, -1].argmax()))
            ids = torch.tensor([[new[-1]]])
    return new


def main() -> None:
    command = shutil.which(sys.argv[1]) or sys.argv[1]
    model_path, filters, snapshot = (pathlib.Path(a).absolute() for a in sys.argv[2:5])
    prompt = sys.argv[5] if len(sys.argv) > 5 else "\n\nIn short,"
    source = {"pretrained_model_name_or_path": model_path.parent, "gguf_file": model_path.name}
    tokenizer = transformers.AutoTokenizer.from_pretrained(**source)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        **source, dtype=torch.float32, quantization_config=transformers.GgufConfig(dequantize=True)
    ).eval()

    def compare(name, snapshot, ratio):
        ours = resume(command, model_path, snapshot, prompt, "--compression", str(ratio))
        ids = tokenizer(prompt, add_special_tokens=False).input_ids
        theirs = continued(model, snapshot, ratio, ids, len(ours))
        if theirs != ours:
            sys.exit(f"{name}: other tokens:\n{ours}\n{theirs}")
        print(f"{name}: {len(ours)} tokens alike: {tokenizer.decode(ours)!r}")

    with tempfile.TemporaryDirectory() as folder:
        # A parent is looked for in its child's folder.
        last = pathlib.Path(folder) / snapshot.name
        last.symlink_to(snapshot)
        for ratio in RATIOS:
            compare(f"snapshot at ×{ratio}", last, ratio)
        for number, turn in enumerate(TURNS, 1):
            child = pathlib.Path(folder) / f"turn-{number}.kvsnap"
            resume(
                command,
                model_path,
                last,
                turn,
                "--decompressed",
                "--filters",
                filters,
                "--save",
                child,
            )
            last = child
        for ratio in RATIOS:
            compare(f"chain of {len(TURNS)} turns at ×{ratio}", last, ratio)


main()
