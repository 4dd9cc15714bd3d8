# SPDX-License-Identifier: CC0-1.0
"""Section 6.1: the tokenizer of a folder."""

import math
import re
from collections.abc import Iterator

from .fields import Keys, NoValues, filled, need, rounded, shown, truth, whole, word
from .steps import closed, flattened, gpt2_pre_tokeniser, space_marks, special_before
from .tokenizer import BYTE, CONTROL, NORMAL, UNUSED, USER, Tokens, joined, respell

LAST = 2**62  # the greatest id that a file may give; those without a row are left out


def vocabulary(model: Keys, kind: str) -> tuple[dict[str, int], dict[int, float]]:
    """Ids of spellings, and scores of ids."""
    vocab = model.get("vocab")
    if kind != "t5":
        need(isinstance(vocab, dict), "the tokenizer has no vocabulary")
        return {spelling: whole(vocab, spelling, None, 0, LAST) for spelling in vocab}, {}
    need(isinstance(vocab, list) and vocab, "the tokenizer has no vocabulary")
    pairs = [entry for entry in vocab if isinstance(entry, list) and len(entry) == 2]
    is_known = len(pairs) == len(vocab) and all(isinstance(entry[0], str) for entry in pairs)
    need(is_known, "an entry of the vocabulary has no score")
    scores = {i: rounded(score) for i, (_, score) in enumerate(pairs)}
    need(all(math.isfinite(score) for score in scores.values()), "a score is no valid number")
    need(len({spelling for spelling, _ in pairs}) == len(pairs), "two tokens have one spelling")
    return {spelling: i for i, (spelling, _) in enumerate(pairs)}, scores


def added_tokens(file: Keys) -> Iterator[tuple[int, str, Keys]]:
    added = file.get("added_tokens")
    added = [] if added is None else added
    need(isinstance(added, list), "added_tokens is no list")
    for token in added:
        token = filled(token)
        need(isinstance(token.get("content"), str), "an added token has no content")
        need(not truth(token, "single_word", False), "an added token is a single word")
        yield whole(token, "id", None, 0, LAST), token["content"], token


def encoded(spelling: object) -> bytes:
    need(isinstance(spelling, str), "a spelling is no text")
    try:
        return spelling.encode()
    except UnicodeEncodeError:
        raise NoValues("a spelling is no UTF-8") from None


def folder_kind(file: Keys) -> str:
    model = filled(file["model"])
    kind = model.get("type", "BPE" if "merges" in model else None)
    need(kind in ("BPE", "Unigram"), f"version 1 does not know the tokenizer {shown(kind)}")
    if kind == "Unigram":
        return "t5"
    steps = flattened(file.get("pre_tokenizer"), "pretokenizers")
    return "gpt2" if any(step.get("type") == "ByteLevel" for step in steps) else "llama"


def folder_tokens(file: Keys, settings: Keys, config: Keys, count: int) -> Tokens:
    need(isinstance(file.get("model"), dict), "the tokenizer has no model")
    kind, model = folder_kind(file), filled(file["model"])
    closed(file, kind)
    pre = gpt2_pre_tokeniser(file) if kind == "gpt2" else space_marks(file)
    vocab, scores = vocabulary(model, kind)
    names: list[bytes | None] = [None] * count
    tokens, beyond = Tokens(kind, pre, [UNUSED] * count, []), set()
    falls_back = kind != "gpt2" and truth(model, "byte_fallback", False)
    for spelling, i in vocab.items():
        if i >= count:
            beyond.add(encoded(spelling))
            continue
        need(names[i] is None, f"two tokens have the id {i}")
        is_byte = falls_back and re.fullmatch("<0x[0-9A-F]{2}>", spelling)
        tokens.types[i], names[i] = BYTE if is_byte else NORMAL, encoded(spelling)
    has_normaliser = bool(flattened(file.get("normalizer"), "normalizers"))
    for i, content, token in added_tokens(file):
        if i >= count:
            beyond.add(encoded(content))
            continue
        need(names[i] in (None, encoded(content)), f"the id {i} of an added token is another's")
        tokens.types[i] = CONTROL if truth(token, "special", False) else USER
        names[i] = encoded(content)
        traits = truth(token, "lstrip", False) + 2 * truth(token, "rstrip", False)
        is_normalised = truth(token, "normalized", False) and has_normaliser
        tokens.traits[i] = traits + 4 * is_normalised
    tokens.spellings = [f"[PAD{i}]".encode() if n is None else n for i, n in enumerate(names)]
    respell(tokens)
    if kind == "t5":
        tokens.scores = [scores.get(i, 0.0) for i in range(count)]
    else:
        tokens.merges = joined(merge_pairs(model), tokens.spellings, beyond)
    folder_special(tokens, file, settings, config)
    return tokens


def merge_pairs(model: Keys) -> list[list[bytes]]:
    pairs = model.get("merges")
    need(isinstance(pairs, list), "merges are no list")
    pairs = [pair.split(" ") if isinstance(pair, str) else pair for pair in pairs]
    need(all(isinstance(pair, list) for pair in pairs), "a merge is no pair of tokens")
    return [[encoded(part) for part in pair] for pair in pairs]


def folder_special(tokens: Tokens, file: Keys, settings: Keys, config: Keys) -> None:
    """Begin and end of text, unknown."""
    model, count = filled(file["model"]), len(tokens.types)
    ids = {spelling: i for i, spelling in enumerate(tokens.spellings)}
    vocab, settings = vocabulary(model, tokens.kind)[0], filled(settings)
    every = vocab | {name: i for i, name, _ in added_tokens(file)}

    def special(name: str) -> int:
        own = settings.get(f"{name}_token", "")
        own = own.get("content") if isinstance(own, dict) else own
        own = "" if own is None else own
        need(isinstance(own, str), f"{name}_token of tokenizer_config.json is no text")
        if own:
            i = ids.get(encoded(own), every.get(own))
            need(i is not None, f"{name}_token of tokenizer_config.json names no token")
            if i < count:
                return i
        key = f"{name}_token_id"
        if key not in config or isinstance(config[key], list):
            return -1
        i = whole(config, key, None, 0, LAST)
        return i if i < count else -1

    tokens.begin, tokens.end = special("bos"), special("eos")
    first = special_before(file.get("post_processor"))
    is_begin = first is None or tokens.begin == ids.get(encoded(first))
    need(is_begin, "a post-processor adds another token than the begin of text")
    tokens.adds_begin = truth(settings, "add_bos_token", first is not None)
    if tokens.kind == "llama":
        tokens.fuses = truth(model, "fuse_unk", False)
        if "unk_token" in model:
            tokens.unknown = whole(vocab, word(model, "unk_token"), None, 0, count - 1)
    elif tokens.kind == "t5" and "unk_id" in model:
        tokens.unknown = whole(model, "unk_id", None, 0, count - 1)
