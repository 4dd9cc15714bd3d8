"""Section 6.1: the tokenizer of a folder."""

import hashlib
import json
import re
from collections.abc import Iterator

from .fields import Keys, NoValues, filled, need, real, shown, truth, whole, word
from .tokenizer import BYTE, CONTROL, NORMAL, SPACE, UNUSED, USER, Tokens, joined, respell

GPT4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN = GPT4.replace(r"\p{N}{1,3}", r"\p{N}")
# The page gives these steps by files, so here are digests of what steps_of() makes of them.
DEEPSEEK = {
    "0473ace30f25e6ff138e20b7ce20006587610332eb76053c4c77688721511cbf": "deepseek-coder",
    "06e10bf348353e3399dbdf3f1fe5b0abca41fd15680c879736433fb19b11ba01": "deepseek-llm",
    "bc8b38ffb8f43f3fddd83247108491238b00d453147436fce2bc6e8910916c6d": "deepseek-v3",
}


def flattened(step: object, inner: str) -> list[Keys]:
    """The steps of a sequence in a sequence; null has none."""
    if step is None:
        return []
    need(isinstance(step, dict), "a step of the tokenizer is no object")
    if step.get("type") != "Sequence":
        return [step]
    members = step.get(inner)
    need(isinstance(members, list), "a sequence of the tokenizer has no steps")
    return [own for member in members for own in flattened(member, inner)]


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
            form = (step.get("behavior"), step.get("invert", False))
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
    plain, own = ["ByteLevel", True], ["ByteLevel", False]
    known = {
        "gpt-2": ([plain], [], False),
        "smollm": ([["Digits", True], plain], [], False),
        "llama-bpe": ([["Split", GPT4], own], [], True),
        "dbrx": ([["Split", GPT4], own], [], False),
        "qwen2": ([["Split", QWEN], own], ["NFC"], False),
        "deepseek-r1-qwen": ([["Split", QWEN], own], [], False),
    }
    for name, what in known.items():
        if what == (steps, normaliser, ignores):
            return name
    digest = hashlib.sha256(json.dumps(steps).encode()).hexdigest()
    name = DEEPSEEK.get(digest)
    need(name and not normaliser and not ignores, "version 1 does not know the pre-tokeniser")
    return name


def space_marks(file: Keys) -> str:
    """How spaces are marked in the kinds llama and t5."""
    normalisers = flattened(file.get("normalizer"), "normalizers")
    steps = flattened(file.get("pre_tokenizer"), "pretokenizers")
    kinds = [step.get("type") for step in normalisers]
    if kinds in (["Replace"], ["Prepend", "Replace"]):
        replace, is_empty = normalisers[-1], {"String": " "}
        is_known = replace.get("pattern") == is_empty and replace.get("content") == SPACE
        is_known &= len(kinds) == 1 or normalisers[0].get("prepend") == SPACE
        is_known &= all(s.get("type") == "Split" and s.get("pattern") == is_empty for s in steps)
        need(is_known, "version 1 does not know the normaliser")
        return "plain" if len(kinds) == 1 else "prepended"
    is_metaspace = not kinds and [step.get("type") for step in steps] == ["Metaspace"]
    need(is_metaspace and steps[0].get("replacement") == SPACE, "spaces are marked in no known way")
    step = filled(steps[0])
    usual = "always" if truth(step, "add_prefix_space", True) else "never"
    scheme = step.get("prepend_scheme", usual)
    need(scheme in ("never", "first", "always"), "version 1 does not know the prepend_scheme")
    words = "-words" if truth(step, "split", True) else ""
    return ("plain" if scheme == "never" else scheme) + words


def vocabulary(model: Keys, kind: str) -> tuple[dict[str, int], dict[int, float]]:
    """Ids of spellings, and scores of ids."""
    vocab = model.get("vocab")
    if kind != "t5":
        need(isinstance(vocab, dict), "the tokenizer has no vocabulary")
        return {spelling: whole(vocab, spelling, least=0) for spelling in vocab}, {}
    need(isinstance(vocab, list), "the tokenizer has no vocabulary")
    pairs = [entry for entry in vocab if isinstance(entry, list) and len(entry) == 2]
    is_known = len(pairs) == len(vocab) and all(isinstance(entry[0], str) for entry in pairs)
    need(is_known, "an entry of the vocabulary has no score")
    scores = {i: real({"score": score}, "score") for i, (_, score) in enumerate(pairs)}
    return {spelling: i for i, (spelling, _) in enumerate(pairs)}, scores


def added_tokens(file: Keys) -> Iterator[tuple[int, str, Keys]]:
    added = file.get("added_tokens") or []
    need(isinstance(added, list), "added_tokens is no list")
    for token in added:
        token = filled(token)
        need(isinstance(token.get("content"), str), "an added token has no content")
        need(not token.get("single_word"), "an added token is a single word")
        yield whole(token, "id", least=0), token["content"], token


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
    for option in ("dropout", "continuing_subword_prefix", "end_of_word_suffix"):
        need(not model.get(option), f"the tokenizer has a {option}")
    if kind == "Unigram":
        return "t5"
    steps = flattened(file.get("pre_tokenizer"), "pretokenizers")
    return "gpt2" if any(step.get("type") == "ByteLevel" for step in steps) else "llama"


def folder_tokens(file: Keys, settings: Keys, config: Keys, count: int) -> Tokens:
    need(isinstance(file.get("model"), dict), "the tokenizer has no model")
    kind, model = folder_kind(file), filled(file["model"])
    need(kind == "gpt2" or not model.get("ignore_merges"), "the tokenizer ignores merges")
    pre = gpt2_pre_tokeniser(file) if kind == "gpt2" else space_marks(file)
    spellings = [f"[PAD{i}]".encode() for i in range(count)]
    tokens = Tokens(kind, pre, [UNUSED] * count, spellings)
    vocab, scores = vocabulary(model, kind)
    falls_back = kind != "gpt2" and truth(model, "byte_fallback", False)
    for spelling, i in vocab.items():
        if i < count:
            is_byte = falls_back and re.fullmatch("<0x[0-9A-F]{2}>", spelling)
            tokens.types[i], tokens.spellings[i] = BYTE if is_byte else NORMAL, encoded(spelling)
    has_normaliser = flattened(file.get("normalizer"), "normalizers")
    for i, content, token in added_tokens(file):
        if i < count:
            tokens.types[i] = CONTROL if truth(token, "special", False) else USER
            tokens.spellings[i] = encoded(content)
        traits = truth(token, "lstrip", False) + 2 * truth(token, "rstrip", False)
        is_normalised = has_normaliser and truth(token, "normalized", not token.get("special"))
        tokens.traits[i] = traits + 4 * bool(is_normalised)
    respell(tokens)
    if kind == "t5":
        tokens.scores = [scores.get(i, 0.0) for i in range(count)]
    else:
        pairs = model.get("merges", [])
        need(isinstance(pairs, list), "merges are no list")
        pairs = [pair.split(" ") if isinstance(pair, str) else pair for pair in pairs]
        need(all(isinstance(pair, list) for pair in pairs), "a merge is no pair of tokens")
        ids = {encoded(spelling): i for spelling, i in vocab.items()}
        tokens.merges = joined([[encoded(part) for part in pair] for pair in pairs], ids)
    folder_special(tokens, file, settings, config)
    return tokens


def folder_special(tokens: Tokens, file: Keys, settings: Keys, config: Keys) -> None:
    """Begin and end of text, unknown."""
    model, count = filled(file["model"]), len(tokens.types)
    ids = vocabulary(model, tokens.kind)[0] | {name: i for i, name, _ in added_tokens(file)}

    def special(name: str) -> int:
        own = settings.get(f"{name}_token")
        own = own.get("content") if isinstance(own, dict) else own
        if isinstance(own, str):
            need(own in ids, f"{name}_token of tokenizer_config.json names no token")
            if ids[own] < count:
                return ids[own]
        i = config.get(f"{name}_token_id")
        is_known = i is None or isinstance(i, list) or (type(i) is int and i >= 0)
        need(is_known, f"{name}_token_id is {shown(i)}, and no token")
        return i if type(i) is int and i < count else -1

    tokens.begin, tokens.end = special("bos"), special("eos")
    adds = settings.get("add_bos_token")
    is_first = template_adds(file.get("post_processor"), tokens.begin, ids)
    need(adds is None or isinstance(adds, bool), "add_bos_token is neither true nor false")
    tokens.adds_begin = is_first if adds is None else adds
    if tokens.kind == "llama":
        i = ids.get(word(model, "unk_token"), count) if "unk_token" in model else count
        tokens.fuses = truth(model, "fuse_unk", False)
    else:
        i = whole(model, "unk_id", count, 0)
    tokens.unknown = i if i < count else -1


def template_adds(post_processor: object, begin: int, ids: dict[str, int]) -> bool:
    """Whether the begin-of-text token is put before a text; nothing else may be added."""
    adds = False
    for step in flattened(post_processor, "processors"):
        kind = step.get("type")
        need(
            kind in ("ByteLevel", "TemplateProcessing"), "version 1 does not know a post-processor"
        )
        single = step.get("single", []) if kind == "TemplateProcessing" else []
        need(isinstance(single, list), "version 1 does not know a post-processor")
        names = [filled(filled(piece).get("SpecialToken")).get("id") for piece in single]
        if any(names):
            is_begin = len(names) == 2 and names[1] is None and ids.get(str(names[0])) == begin
            need(is_begin, "a post-processor adds other tokens")
            adds = True
    return adds
