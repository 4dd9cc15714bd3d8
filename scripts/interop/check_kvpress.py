#!/usr/bin/env python3
"""Shows that `prefill --method` keeps the pairs that kvpress' presses keep, and that kvpress takes
an export of a filter bank for its own.

    LD_LIBRARY_PATH="$(scripts/libkvsnap)" PYTHONPATH=python \\
      "$(scripts/python kvpress)" scripts/interop/check_kvpress.py \\
      QFILTERS MODEL BANK.qfilt TEXT [CHARACTERS]

QFILTERS is the built command, MODEL a .gguf file or a folder, BANK.qfilt a filter bank of it. Each
press removes half, three quarters and seven eighths of the pairs of a text's first CHARACTERS
(3,000) while transformers computes them in float32; the bank is exported and loaded by QFilterPress
as one of its authors' own. The Python of the export's model card must load the same filters. The
Python package must give the press the same filters, and make a bank of what the press has.

The command prefills the same text, in float32 too, with `--ranking kvpress`, and spec/reader.py
reads from its snapshot which pairs are kept.

They are compared in every layer and head. Pairs whose scores are equal may change places, and both
programs add in different orders: pairs are tied if their scores are no further apart than a
hundred-thousandth of the standard deviation of their head's scores. The table says how many pairs
of all that are kept are the same ones, how many others are tied, and how far apart the scores of
those are at most. If more than one in a thousand is neither, the check fails.

KVzipPress shares a budget among heads, by a rule of its own. Here each head keeps as many of its
best, the first four among them. The press is compared three times: as it is; with the request and
the chunks of `prefill`; and when it also divides by the weights of all keys that a token sees,
instead of those of its chunk. Only the last must agree.
docs/methods.md says what differs. KVzapPress is left out: it downloads a model that was trained for
the LLM."""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import types

CHARACTERS = 3000


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    for name in ("qfilters", "model", "bank", "text"):
        parser.add_argument(name, type=lambda path: pathlib.Path(path).absolute())
    parser.add_argument("characters", type=int, nargs="?", default=CHARACTERS)
    return parser.parse_args()


# Before what takes seconds to load.
GIVEN = arguments()

import kvpress  # noqa: E402
import kvpress_filters  # noqa: E402
import kvzip_presses  # noqa: E402
import reader  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402

LEAST = 0.999
# In standard deviations.
TIE = 1e-5
METHODS = {
    "q-filters": kvpress.QFilterPress,
    "k-norm": kvpress.KnormPress,
    "streaming-llm": kvpress.StreamingLLMPress,
    "snapkv": kvpress.SnapKVPress,
    "expected-attention": kvpress.ExpectedAttentionPress,
    "keydiff": kvpress.KeyDiffPress,
}


REPEATING = {
    "kvzip": kvzip_presses.AsPublished,
    "kvzip, our request": kvzip_presses.OurRequests,
    "kvzip, and all keys": kvzip_presses.AllKeys,
}
MUST_AGREE = [*METHODS, "kvzip, and all keys"]


def source(path):
    """The arguments by which transformers loads a file or a folder."""
    if path.is_dir():
        return {"pretrained_model_name_or_path": path}
    return {"pretrained_model_name_or_path": path.parent, "gguf_file": path.name}


def load(path):
    """The model with dequantised weights; kvpress looks for filters by the last part of its
    name. Its tokenizer has no chat template, because the text is not part of a chat."""
    model = transformers.AutoModelForCausalLM.from_pretrained(
        **source(path), dtype=torch.float32, attn_implementation="eager"
    )
    model.config.name_or_path = path.stem
    tokenizer = transformers.AutoTokenizer.from_pretrained(**source(path))
    tokenizer.chat_template = None
    kvpress.presses.kvzip_press.AutoTokenizer = types.SimpleNamespace(
        from_pretrained=lambda _: tokenizer
    )
    return model.eval()


def cached_keys(model, ids, press=None):
    """The keys after RoPE that are left in the cache, by layer: [heads, pairs, length]."""
    with torch.no_grad(), press(model) if press else torch.no_grad():
        left = model(ids, use_cache=True, logits_to_keep=1)
        return [layer.keys[0] for layer in left.past_key_values.layers]


def recording(press_class):
    """The press, which notes the scores that it gives by layer: [heads, pairs]."""

    class Recording(press_class):
        def score(self, module, *arguments):
            scores = super().score(module, *arguments)
            self.__dict__.setdefault("seen", {})[module.layer_idx] = scores[0]
            return scores

    return Recording


def positions(whole, kept):
    """The position of each kept key among all: [heads, pairs], ascending."""
    found = [(key[:, None] == all_[None]).all(-1) for key, all_ in zip(kept, whole, strict=True)]
    assert all((match.sum(1) == 1).all() for match in found)
    return torch.stack([match.int().argmax(1).sort().values for match in found])


def removing(model, ids, whole, method, compression):
    """The pairs that a press leaves, [layers, heads, pairs], and the scores that it gave."""
    press = recording(METHODS[method])(compression_ratio=1 - 1 / compression)
    left = cached_keys(model, ids, press)
    return [positions(*layer) for layer in zip(whole, left, strict=True)], press.seen


def repeating(model, ids, press_class):
    """The scores of KVzip's press."""
    press = press_class(compression_ratio=0.5)
    with torch.no_grad(), press(model):
        model(ids, past_key_values=transformers.DynamicCache(), use_cache=True, logits_to_keep=1)
    return press.seen


def compare(kept, scores, ours, compression):
    """How many pairs are kept by both, how many others are tied, how many are kept in all, and the
    greatest difference of scores between those that are not kept by both."""
    tensors = ours.tensors(compression)
    same, tied, total, widest = 0, 0, 0, 0.0
    for layer, heads in enumerate(kept):
        for head, theirs in enumerate(heads):
            mine = set(tensors[f"layer{layer}.head{head}.positions"].astype("i8").tolist())
            theirs = set(theirs.tolist())
            assert len(mine) == len(theirs), (len(mine), len(theirs))
            same, total = same + len(mine & theirs), total + len(theirs)
            if odd := sorted(mine ^ theirs):
                own = scores[layer][head].double()
                gap = ((own[odd].max() - own[odd].min()) / own.std()).item()
                tied, widest = tied + (len(odd) // 2 if gap <= TIE else 0), max(widest, gap)
    return same, tied, total, widest


def check_card(model, export):
    """The press of the model card has the filters that kvpress finds by the model's name, and
    removes pairs."""
    page = (export / "README.md").read_text(encoding="utf-8")
    names = {}
    exec(re.search("```python\n(.*?)```", page, re.S)[1], names)
    press = names["press"]
    left = cached_keys(model, torch.arange(64)[None], press)
    theirs = kvpress.QFilterPress.load_q_filters(model.config.name_or_path)
    assert torch.equal(press.q_filters, theirs), "the model card loads other filters"
    assert all(keys.shape[1] == 32 for keys in left), "its press does not remove half of the pairs"


def main():
    command, path, bank, text = GIVEN.qfilters, GIVEN.model, GIVEN.bank, GIVEN.text
    model = load(path)
    # Computes a prefill in float32, on every processor.
    environment = {"QFILTERS_KERNELS": "plain", **os.environ}
    failed = []
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        document, snapshot = work / "text", work / "s.kvsnap"
        document.write_text(text.read_text(encoding="utf-8")[: GIVEN.characters], encoding="utf-8")
        # Where the press looks for the authors' files; a folder comes before the hub.
        export = work / "nthngdy" / f"{path.stem}_qfilt"
        kvpress_filters.export_bank(command, bank, export)
        whole = None
        for method in [*METHODS, *REPEATING]:
            # KVzip is computed once for all of its presses.
            if method not in REPEATING or method == "kvzip":
                filters = ["--filters", bank] if method == "q-filters" else []
                files = ["--model", path, *filters, "--prompt-file", document, "--out", snapshot]
                options = ["--method", method, "--precision", "f32", "--ranking", "kvpress"]
                subprocess.run(
                    [command, "prefill", *files, *options],
                    check=True,
                    env=environment,
                    stdout=subprocess.DEVNULL,
                )
                ours = reader.read_file(snapshot, [])[1]
            os.chdir(work)
            if whole is None:
                check_card(model, export)
                kvpress_filters.check_package(model, bank, work)
                ids = torch.tensor(ours.tokens.astype("i8"))[None]
                whole = cached_keys(model, ids)
                print(
                    f"{path.name}: {ids.shape[1]} tokens, "
                    f"{len(whole)} layers × {len(whole[0])} heads\n"
                )
                print(
                    "| method | ×2 | ×4 | ×8 | greatest difference |\n"
                    "| --- | --- | --- | --- | --- |"
                )
            if method in REPEATING:
                seen = repeating(model, ids, REPEATING[method])
            results = []
            for compression in (2, 4, 8):
                if method in REPEATING:
                    kept = seen.topk(ids.shape[1] // compression, dim=-1).indices
                else:
                    kept, seen = removing(model, ids, whole, method, compression)
                results.append(compare(kept, seen, ours, compression))
            shares = [(same + tied) / total for same, tied, total, _ in results]
            counts = " | ".join(
                f"{same} of {total}" + (f", {tied} tied" if tied else "")
                for same, tied, total, _ in results
            )
            print(f"| {method} | {counts} | {max(gap for *_, gap in results):.1e} σ |", flush=True)
            failed += [method] if method in MUST_AGREE and min(shares) < LEAST else []
            os.chdir("/")
    if failed:
        sys.exit(f"other pairs are kept: {', '.join(failed)}")


main()
