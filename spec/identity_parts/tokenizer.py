# SPDX-License-Identifier: CC0-1.0
"""Section 6: the canonical bytes of a tokenizer, and section 6.1: that of a GGUF."""

import dataclasses
import hashlib
import itertools
import struct
from collections.abc import Iterator

import numpy as np

from .architecture import Shape
from .fields import Keys, need, numbers, shown, text, truth, u32, whole, word

NORMAL, UNKNOWN, CONTROL, USER, UNUSED, BYTE = range(1, 7)
SPACE = "\u2581"
Merge = tuple[int, int, int]  # the left token, the right one, and what they make


@dataclasses.dataclass
class Tokens:
    kind: str
    pre: str
    types: list[int]
    spellings: list[bytes]
    merges: list[Merge] = dataclasses.field(default_factory=list)
    begin: int = -1
    end: int = -1
    adds_begin: bool = False
    unknown: int = -1
    fuses: bool = True
    scores: list[float] = dataclasses.field(default_factory=list)
    traits: dict[int, int] = dataclasses.field(default_factory=dict)


def digested_type(kind: str, own: int, spelling: bytes) -> int:
    name = spelling.decode(errors="replace")
    fences = (("<|", "|>"), ("<\uff5c", "\uff5c>"), ("<unused", ">"))
    is_control = any(name.startswith(a) and name.endswith(z) for a, z in fences)
    is_control |= name in ("<pad>", "<mask>", "<2mass>", "[@BOS@]")
    if (own == USER and is_control) or (own == UNKNOWN and kind != "gpt2"):
        return CONTROL
    return own


def respell(tokens: Tokens) -> None:
    """Comes before merges: their spellings are those that are digested."""
    if tokens.kind != "gpt2":
        for i, spelling in enumerate(tokens.spellings):
            if tokens.types[i] == USER and spelling and not spelling.strip(b" "):
                tokens.spellings[i] = SPACE.encode() * len(spelling)


def in_order(merges: list[Merge]) -> Iterator[Merge]:
    """Those that follow each other and make the same token, by the left token."""
    for _, group in itertools.groupby(merges, lambda merge: merge[2]):
        yield from sorted(group, key=lambda merge: merge[0])


def tokenizer_digest(tokens: Tokens, count: int) -> str:
    t, digest = tokens, hashlib.sha256()
    digest.update(text(t.kind) + text(t.pre) + struct.pack("<Q", count))
    for own, spelling in zip(t.types[:count], t.spellings[:count], strict=True):
        digest.update(u32(digested_type(t.kind, own, spelling)) + text(spelling))
    need(len(set(t.spellings[:count])) == count, "two tokens have one spelling")
    need(len(set(t.merges)) == len(t.merges), "a merge occurs twice")
    digest.update(struct.pack("<Q", len(t.merges)))
    for left, right, _ in t.merges if t.kind == "gpt2" else in_order(t.merges):
        digest.update(u32(left, right))
    adds = t.adds_begin and t.begin >= 0
    digest.update(struct.pack("<qqB", t.begin, t.end, adds))
    if t.kind != "gpt2":
        digest.update(struct.pack("<qB", t.unknown, t.fuses))
    if t.kind == "t5":
        digest.update(np.array(t.scores[:count], "<f4").tobytes())
    traits = sorted((i, trait) for i, trait in t.traits.items() if trait and i < count)
    if traits:
        digest.update(struct.pack("<Q", len(traits)))
    for i, trait in traits:
        digest.update(struct.pack("<IB", i, trait))
    return digest.hexdigest()


def joined(pairs: list[list[bytes]], spellings: list[bytes], beyond: set[bytes]) -> list[Merge]:
    """Merges of tokens that stay. `beyond` has the spellings of those without a row."""
    merges, ids = [], {spelling: i for i, spelling in enumerate(spellings)}
    beyond = beyond - ids.keys()
    for pair in pairs:
        is_pair = len(pair) == 2 and not any(b" " in spelling for spelling in pair)
        need(is_pair, "a merge is no pair of tokens")
        left, right = pair
        if left + right in beyond:
            continue
        is_whole = left not in beyond and right not in beyond
        need(is_whole, "a merge of a token without a row makes a token with one")
        triple = [ids.get(spelling) for spelling in (left, right, left + right)]
        need(None not in triple, "a merge names a token that is not there")
        merges.append(tuple(triple))
    return merges


# Section 6.1: the tokenizer of a GGUF

PRE_TOKENISERS = {"gpt-2", "smollm", "llama-bpe", "dbrx", "qwen2", "deepseek-r1-qwen"}
PRE_TOKENISERS |= {"deepseek-llm", "deepseek-coder", "deepseek-v3"}


def scored_merges(tokens: Tokens) -> list[Merge]:
    """Merges from scores; types are the file's own."""
    ids: dict[bytes, list[int]] = {}
    able = [i for i, own in enumerate(tokens.types) if own in (NORMAL, USER)]
    for i in able:
        ids.setdefault(tokens.spellings[i], []).append(i)
    merges = []
    for made in able:
        whole_one = tokens.spellings[made]
        for cut in range(1, len(whole_one)):
            lefts, rights = ids.get(whole_one[:cut], ()), ids.get(whole_one[cut:], ())
            merges += [(left, right, made) for left in lefts for right in rights]

    def rank(merge: Merge) -> tuple[bool, float, int, int]:
        is_user = tokens.types[merge[2]] == USER
        return not is_user, 0 if is_user else -tokens.scores[merge[2]], merge[2], merge[0]

    return sorted(merges, key=rank)


def gguf_tokens(keys: Keys, shape: Shape) -> Tokens:
    """Tokens without a row are left out before anything else."""
    keys = {k.removeprefix("tokenizer.ggml."): v for k, v in keys.items()}
    kind, names = word(keys, "model"), keys["tokens"]
    need(kind in ("gpt2", "llama", "t5"), f"version 1 does not know the tokenizer {shown(kind)}")
    pre, count = gguf_pre(keys, kind), min(shape.vocabulary, len(names))
    types = numbers(keys, "token_type", ("int32", "uint32"))[:count]
    need(len(types) == count, "tokens have no types")
    need(all(1 <= own <= 6 for own in types), "a token has a type that version 1 does not know")
    tokens = Tokens(kind, pre, types, list(names[:count]))
    respell(tokens)
    merges = keys.get("merges", None if kind == "gpt2" else [])
    is_list = isinstance(merges, list) and not (kind == "t5" and merges)
    need(is_list, "merges are no list of texts")
    if kind == "t5" or (kind == "llama" and not merges):
        tokens.scores = numbers(keys, "scores", ("float32",))[:count]
        is_valid = len(tokens.scores) == count and np.isfinite(tokens.scores).all()
        need(is_valid, "tokens have no scores")
    if kind == "gpt2" or merges:
        pairs = [merge.split(b" ") for merge in merges]
        tokens.merges = joined(pairs, tokens.spellings, set(names[count:]))
    elif kind == "llama":
        tokens.merges = scored_merges(tokens)
    gguf_special(tokens, keys, shape)
    return tokens


def gguf_pre(keys: Keys, kind: str) -> str:
    if kind == "gpt2":
        pre = word(keys, "pre")
        pre = "llama-bpe" if pre in ("llama3", "llama-v3") else pre
        need(pre in PRE_TOKENISERS, f"version 1 does not know the pre-tokeniser {shown(pre)}")
        return pre
    need("precompiled_charsmap" not in keys, "the tokenizer has a precompiled_charsmap")
    extra = kind == "t5" and truth(keys, "remove_extra_whitespaces", False)
    need(not extra, "the tokenizer removes whitespace")
    return "prepended" if truth(keys, "add_space_prefix", True) else "plain"


def gguf_special(tokens: Tokens, keys: Keys, shape: Shape) -> None:
    """Begin and end of text, unknown, traits."""
    count = len(tokens.types)

    def special(name: str, default: int | None, own: int) -> int:
        if name in keys and (i := whole(keys, name, None, 0, 2**32 - 1)) < count:
            return i
        is_there = default is not None and default < count
        return default if is_there and tokens.types[default] == own else -1

    kind, has_rule = tokens.kind, tokens.kind == "llama" or tokens.pre == "llama-bpe"
    tokens.begin = special("bos_token_id", {"llama": 1}.get(kind), CONTROL)
    tokens.end = special("eos_token_id", {"llama": 2, "t5": 1}.get(kind), CONTROL)
    if kind != "gpt2":
        tokens.unknown = special("unknown_token_id", {"llama": 0, "t5": 2}.get(kind), UNKNOWN)
    tokens.adds_begin = truth(keys, "add_bos_token", has_rule)
    if kind == "llama" and shape.name == "phi3":
        plain = (b"<unk>", b"<s>", b"<|endoftext|>")
        for i, spelling in enumerate(tokens.spellings):
            if tokens.types[i] == CONTROL and spelling not in plain:
                tokens.traits[i] = 2
