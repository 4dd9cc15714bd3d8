# SPDX-License-Identifier: CC0-1.0
"""Section 6.1: the steps of a tokenizer.json."""

from .fields import Keys, filled, is_zero, need, shown, truth
from .tokenizer import SPACE

GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN = GPT4.replace(r"\p{N}{1,3}", r"\p{N}")

# Scalars of DeepSeek LLM's second pattern; where two are joined, "-" is between them.
CASED = """
b5 c0-d6 d8-f6 f8-1ba 1bc-1bf 1c4-293 295-2af 370-373 376 377 37b-37d 37f 386 388-38a 38c 38e-3a1
3a3-3f5 3f7-481 48a-52f 531-556 10a0-10c5 13a0-13f5 13f8-13fd 1c90-1cba 1cbd-1cbf 1d00-1d2b
1d6b-1d77 1d79-1d9a 1e00-1f15 1f18-1f1d 1f20-1f45 1f48-1f4d 1f50-1f57 1f59 1f5b 1f5d 1f5f-1f7d
1f80-1fb4 1fb6-1fbc 1fbe 1fc2-1fc4 1fc6-1fcc 1fd0-1fd3 1fd6-1fdb 1fe0-1fec 1ff2-1ff4 1ff6-1ffc
2102 2107 210a-2113 2115 2119-211d 2124 2126 2128 212a-212d 212f-2134 2139 213c-213f 2145-2149
214e 2183 2184 2c00-2c7b 2c7e-2ce4 2ceb-2cee 2cf2 2cf3 a640-a66d a680-a69b a722-a76f a771-a787
a78b-a78e ab70-abbf fb00-fb06 fb13-fb17 ff21-ff3a ff41-ff5a 10400-1044f 104b0-104d3 104d8-104fb
10c80-10cb2 10cc0-10cf2 118a0-118df 1e900-1e943
"""


def scalars(listed: str) -> str:
    items = [item.split("-") for item in listed.split()]
    return "".join("-".join(chr(int(number, 16)) for number in item) for item in items)


LINE_BREAKS, EAST_ASIAN = "[\r\n]", "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"
WIDE = "\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002"
DEEPSEEK = {
    "deepseek-llm": [
        LINE_BREAKS,
        r"\s?[A-Za-z" + scalars(CASED) + "]+",
        r"\s?[!-/:-~" + WIDE + "]+",
        r"\s+$",
        EAST_ASIAN,
    ],
    "deepseek-coder": [LINE_BREAKS, r"\s?\p{L}+", r"\s?\p{P}+", EAST_ASIAN],
    "deepseek-v3": [
        r"\p{N}{1,3}",
        "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
        r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|"""
        "[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*"
        "|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
    ],
}


def is_off(value: object) -> bool:
    return value is None or value is False or value == "" or is_zero(value)


def flattened(step: object, inner: str) -> list[Keys]:
    """The steps of a sequence, or the only one; null has none."""
    if step is None:
        return []
    need(isinstance(step, dict), "a step of the tokenizer is no object")
    members = step.get(inner) if step.get("type") == "Sequence" else [step]
    is_list = isinstance(members, list) and all(isinstance(member, dict) for member in members)
    need(is_list, "a sequence of the tokenizer has no steps")
    return [filled(member) for member in members]


def steps_of(pre_tokenizer: object) -> list[list[object]]:
    """Steps of a pre-tokeniser of kind gpt2 with all that decides."""
    steps = []
    for step in flattened(pre_tokenizer, "pretokenizers"):
        kind, own = step.get("type"), []
        if kind == "ByteLevel":
            need(step.get("add_prefix_space") is False, "ByteLevel adds a space")
            own = [truth(step, "use_regex", True)]
        elif kind == "Digits":
            own = [truth(step, "individual_digits", False)]
        elif kind == "Split":
            pattern = filled(step.get("pattern")).get("Regex")
            form = (step.get("behavior"), truth(step, "invert", False))
            need(form in (("Isolated", False), ("Removed", True)), "a Split is another one")
            is_whole = pattern in (GPT4, QWEN)
            need(is_whole or form[0] == "Isolated", "a Split removes what it finds")
            own = [pattern]
        steps.append([kind, *own])
    return steps


def gpt2_pre_tokeniser(file: Keys) -> str:
    steps = steps_of(file.get("pre_tokenizer"))
    normaliser = [step.get("type") for step in flattened(file.get("normalizer"), "normalizers")]
    ignores = truth(filled(file["model"]), "ignore_merges", False)
    plain, own, digits = ["ByteLevel", True], ["ByteLevel", False], ["Digits", True]
    known = {
        "gpt-2": ([plain], [], False),
        "smollm": ([digits, plain], [], False),
        "llama-bpe": ([["Split", GPT4], own], [], True),
        "dbrx": ([["Split", GPT4], own], [], False),
        "qwen2": ([["Split", QWEN], own], ["NFC"], False),
        "deepseek-r1-qwen": ([["Split", QWEN], own], [], False),
    }
    for name, patterns in DEEPSEEK.items():
        last = [own] if name == "deepseek-v3" else [digits, own]
        known[name] = ([["Split", pattern] for pattern in patterns] + last, [], False)
    names = [name for name, what in known.items() if what == (steps, normaliser, ignores)]
    need(names, "version 1 does not know the pre-tokeniser")
    return names[0]


def space_marks(file: Keys) -> str:
    """How spaces are marked in the kinds llama and t5."""
    normalisers = flattened(file.get("normalizer"), "normalizers")
    steps = flattened(file.get("pre_tokenizer"), "pretokenizers")
    kinds = [step.get("type") for step in normalisers]
    if kinds in (["Replace"], ["Prepend", "Replace"]):
        replace, is_empty = normalisers[-1], {"String": " "}
        is_known = replace.get("pattern") == is_empty and replace.get("content") == SPACE
        is_known &= len(kinds) == 1 or normalisers[0].get("prepend") == SPACE
        split = [(s.get("type"), s.get("pattern"), s.get("behavior")) for s in steps]
        finds_none = split == [("Split", is_empty, "MergedWithPrevious")] and len(kinds) == 1
        finds_none = finds_none and not truth(steps[0], "invert", False)
        need(is_known and (not steps or finds_none), "version 1 does not know the normaliser")
        return "plain" if len(kinds) == 1 else "prepended"
    is_metaspace = not kinds and [step.get("type") for step in steps] == ["Metaspace"]
    is_metaspace = is_metaspace and steps[0].get("replacement", SPACE) == SPACE
    need(is_metaspace, "spaces are marked in no known way")
    usual = "always" if truth(steps[0], "add_prefix_space", True) else "never"
    scheme = steps[0].get("prepend_scheme", usual)
    need(scheme in ("never", "first", "always"), "version 1 does not know the prepend_scheme")
    words = "-words" if truth(steps[0], "split", True) else ""
    return ("plain" if scheme == "never" else scheme) + words


WHOLE = {"added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"}
WHOLE |= {"version", "truncation", "padding"}
OFF = {"dropout", "continuing_subword_prefix", "end_of_word_suffix"}
MODEL = OFF | {"type", "vocab", "merges", "unk_token", "unk_id", "byte_fallback", "fuse_unk"}
MODEL |= {"ignore_merges"}
DECODERS = ("Replace", "ByteFallback", "Fuse", "Strip", "Metaspace")


def closed(file: Keys, kind: str) -> None:
    model = filled(file["model"])
    for keys, known in ((filled(file), WHOLE), (model, MODEL)):
        other = next((key for key in keys if key not in known), None)
        need(other is None, f"version 1 does not know {other} of a tokenizer")
    for option in OFF | ({"unk_token", "byte_fallback"} if kind == "gpt2" else {"ignore_merges"}):
        need(is_off(model.get(option)), f"the tokenizer has a {option}")
    known = ("ByteLevel",) if kind == "gpt2" else DECODERS
    need(file.get("decoder") is not None, "the tokenizer has no decoder")
    for step in flattened(file["decoder"], "decoders"):
        own = step.get("type")
        need(own in known, f"version 1 does not know the decoder {shown(own)}")


def special_before(post_processor: object) -> str | None:
    """The token that is put before a text; nothing else may be added."""
    first, steps = None, flattened(post_processor, "processors")
    kinds = [step.get("type") for step in steps]
    is_known = all(kind in ("ByteLevel", "TemplateProcessing") for kind in kinds)
    need(is_known and kinds.count("TemplateProcessing") < 2, "a post-processor is another one")
    for step in steps:
        if step["type"] == "TemplateProcessing":
            pieces = step.get("single")
            need(isinstance(pieces, list) and 0 < len(pieces) < 3, "a template is another one")
            sequence = filled(filled(pieces[-1]).get("Sequence"))
            need(sequence.get("id") == "A", "a template does not end with the text")
            if len(pieces) == 2:
                first = filled(filled(pieces[0]).get("SpecialToken")).get("id")
                need(isinstance(first, str), "a template adds something else than a token")
    return first
