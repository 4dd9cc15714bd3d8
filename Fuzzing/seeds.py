#!/usr/bin/env python3
"""Derives the fuzzers' first inputs from the fixtures: one folder for each reader.

    python3 seeds.py OUT

Small files of the container are taken as they are. The tiny models are too big to be changed ten
thousand times a second; of each, one with some tokens and rows of each tensor is written.
"""

import json
import pathlib
import shutil
import struct
import sys

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures"
# The endings of each reader's files, and the largest size.
CONTAINERS = {
    "filter-bank": ([".qfilt"], 8192),
    "snapshot": ([".kvsnap"], 8192),
    "statistics": ([".qstat"], 8192),
    "transform": ([".qtrans", ".qtsum"], 24_576),
}
FORMATS = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
TEXT, ARRAY = 8, 9
# The values and the bytes of a block of each tensor type, by its number.
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 20: (32, 18),
    30: (1, 2),
}  # fmt: skip
# Ids in the tiny models' vocabulary; the letters' are those of the space and of a to z.
SPECIAL, LETTERS = range(3), [35, *range(100, 126)]
TEXTS = ["", " the house, 1984's  end\n", "naïve 東京 \U0001f600", "<|im_start|>user\nin<|im_end|>"]


class Model:
    """A GGUF file's metadata and tensors. Source: the GGUF specification, version 3."""

    def __init__(self, data: bytes):
        self.data, self.place = data, 8
        tensors, keys = self.number("Q"), self.number("Q")
        self.metadata = {}
        for _ in range(keys):
            key = self.text()
            type_ = self.number("I")
            self.metadata[key] = (type_, self.value(type_))
        self.tensors = [
            (
                self.text(),
                [self.number("Q") for _ in range(self.number("I"))],
                self.number("I"),
                self.number("Q"),
            )
            for _ in range(tensors)
        ]

    def number(self, format_: str):
        (value,) = struct.unpack_from("<" + format_, self.data, self.place)
        self.place += struct.calcsize("<" + format_)
        return value

    def text(self) -> bytes:
        length = self.number("Q")
        self.place += length
        return self.data[self.place - length : self.place]

    def value(self, type_: int):
        if type_ == TEXT:
            return self.text()
        if type_ == ARRAY:
            element, count = self.number("I"), self.number("Q")
            return element, [self.value(element) for _ in range(count)]
        return self.number(FORMATS[type_])


def text(data: bytes) -> bytes:
    return struct.pack("<Q", len(data)) + data


def value(type_: int, data) -> bytes:
    if type_ == TEXT:
        return text(data)
    if type_ == ARRAY:
        element, values = data
        head = struct.pack("<IQ", element, len(values))
        return head + b"".join(value(element, item) for item in values)
    return struct.pack("<" + FORMATS[type_], data)


def some_tensors(model: Model) -> list:
    """The first four tensors, and the first of each type that is not among them."""
    first = {}
    for tensor in model.tensors:
        first.setdefault(tensor[2], tensor)
    return model.tensors[:4] + [
        tensor for tensor in first.values() if tensor not in model.tensors[:4]
    ]


def small(model: Model, tensors: list, tokens: list[int]) -> bytes:
    """A GGUF file with some tensors, each of two rows of one block, and some of the tokens."""
    metadata = dict(model.metadata)
    for key in (b"tokenizer.ggml.tokens", b"tokenizer.ggml.token_type", b"tokenizer.ggml.scores"):
        if key not in metadata:
            continue
        type_, (element, values) = metadata[key]
        metadata[key] = (type_, (element, [values[i] for i in tokens]))
    spellings = set(metadata[b"tokenizer.ggml.tokens"][1][1])
    type_, (element, merges) = metadata.get(b"tokenizer.ggml.merges", (ARRAY, (TEXT, [])))
    known = [m for m in merges if {*m.split(b" "), m.replace(b" ", b"")} <= spellings]
    if b"tokenizer.ggml.merges" in metadata:
        metadata[b"tokenizer.ggml.merges"] = (type_, (element, known))
    entries, body = b"", b""
    for name, shape, kind, _ in tensors:
        length, size = BLOCKS[kind]
        shape = [max(length, 2)] + [2] * (len(shape) - 1)
        entries += text(name) + struct.pack("<I", len(shape))
        entries += struct.pack(f"<{len(shape)}QIQ", *shape, kind, len(body))
        rows = 2 if len(shape) > 1 else 1
        body += bytes(1 + i % 255 for i in range(rows * size * shape[0] // length))
        body += bytes(-len(body) % 32)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    head += b"".join(text(k) + struct.pack("<I", t) + value(t, v) for k, (t, v) in metadata.items())
    head += entries
    return head + bytes(-len(head) % 32) + body


def safetensors(tensors: list[tuple[str, str, list[int], int]], metadata=None) -> bytes:
    """A safetensors file of tensors of a name, type, shape and size."""
    header, end = {"__metadata__": metadata} if metadata else {}, 0
    for name, type_, shape, size in tensors:
        header[name] = {"dtype": type_, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    head = json.dumps(header).encode()
    return struct.pack("<Q", len(head)) + head + bytes(i % 251 for i in range(end))


def small_tokenizer(file: dict, tokens=64) -> bytes:
    """A small tokenizer.json: special tokens, letters, merged ones."""
    model = file["model"]
    spellings = list(model["vocab"])
    kept = [spellings[i] for i in (*SPECIAL, *LETTERS)] + spellings[-28:]
    model["vocab"] = {spelling: id_ for id_, spelling in enumerate(kept[:tokens])}
    pairs = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
    model["merges"] = [pair for pair in pairs if {*pair, "".join(pair)} <= set(model["vocab"])]
    return json.dumps(file, separators=(",", ":")).encode()


def small_family(file: dict, tokens=64) -> bytes:
    """A small tokenizer.json of another family: bytes or not, letters, and what they make."""
    model = file["model"]
    vocabulary = model["vocab"]
    spellings = (
        [entry[0] for entry in vocabulary] if isinstance(vocabulary, list) else list(vocabulary)
    )
    scores = dict(vocabulary) if isinstance(vocabulary, list) else {}
    some = [s for s in spellings if len(s) == 1 and s in " ▁Ġ.,0123abcdehinorst\n"]
    some += [
        s
        for s in spellings
        if s in ("<unk>", "<0x0A>", "<0xE6>", "▁▁", "▁t", "he", "in", "Ġt", "the")
    ]
    some = sorted(dict.fromkeys(some), key=spellings.index)[: tokens - 8]
    added = [token for token in file["added_tokens"] if token["content"] not in some][:8]
    for index, token in enumerate(added):
        token["id"] = len(some) + index
    for token in (named := [token for token in file["added_tokens"] if token["content"] in some]):
        token["id"] = some.index(token["content"])
    file["added_tokens"] = sorted(named + added, key=lambda token: token["id"])
    if scores:
        model["vocab"] = [[spelling, scores[spelling]] for spelling in some]
    else:
        model["vocab"] = {spelling: id_ for id_, spelling in enumerate(some)}
        pairs = [merge.split(" ") if isinstance(merge, str) else merge for merge in model["merges"]]
        model["merges"] = [pair for pair in pairs if {*pair, "".join(pair)} <= set(some)]
    return json.dumps(file, ensure_ascii=False, separators=(",", ":")).encode()


def is_encrypted(data: bytes) -> bool:
    return len(data) >= 64 and data[8:12] == b"SNAP" and data[16] & 1 == 1


def main() -> None:
    out = pathlib.Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)

    def write(reader: str, name: str, data: bytes) -> None:
        (out / reader).mkdir(parents=True, exist_ok=True)
        (out / reader / name).write_bytes(data)

    for reader, (endings, largest) in CONTAINERS.items():
        for path in sorted(FIXTURES.glob("conformance/*/*")):
            if path.suffix in endings and path.stat().st_size <= largest:
                data = path.read_bytes()
                write(reader, path.name, data)
                if is_encrypted(data):
                    write("encrypted", path.name, data)
    for path in sorted(FIXTURES.glob("models/*/tokenizer.json")):
        write("tokenizer-file", path.parent.name, small_tokenizer(json.loads(path.read_text())))
    for path in sorted(FIXTURES.glob("tokenization/*.tokenizer.json")):
        write(
            "tokenizer-file", path.name, small_family(json.loads(path.read_text(encoding="utf-8")))
        )
    write("safetensors", "empty", safetensors([]))
    write("safetensors", "filters", safetensors([("q_filters", "F32", [2, 1, 4], 32)]))
    write(
        "safetensors",
        "types",
        safetensors(
            [
                ("a", "F16", [3], 6),
                ("b.weight", "BF16", [2, 2], 8),
                ("é", "I64", [], 8),
                ("c", "F32", [0], 0),
            ],
            metadata={"format": "pt"},
        ),
    )
    for path in sorted(
        [*FIXTURES.glob("models/*.gguf"), *FIXTURES.glob("models/*/*-00001-of-*.gguf")]
    ):
        model = Model(path.read_bytes())
        count = len(model.metadata[b"tokenizer.ggml.tokens"][1][1])
        write("gguf", path.name, small(model, some_tensors(model), [*SPECIAL, *LETTERS[:2]]))
    # The models have one vocabulary: special tokens, the bytes' tokens, then those that are merged.
    merged = range(count - 28, count)
    for index, sample in enumerate(TEXTS):
        tokens = [*SPECIAL, *LETTERS, *range(49 + 4 * index, 53 + 4 * index), *merged]
        sample = sample.encode()
        write("tokenizer", str(index), bytes([len(sample)]) + sample + small(model, [], tokens))
    # The first tokens of vocabularies with scores, some bytes, and pieces.
    for path in sorted(FIXTURES.glob("tokenization/*.gguf")):
        for index, sample in enumerate(TEXTS):
            sample = sample.encode()
            tokens = [*range(4), 11, 98, *range(240 + 20 * index, 300 + 20 * index)]
            write(
                "tokenizer",
                f"{path.name}-{index}",
                bytes([len(sample)]) + sample + small(Model(path.read_bytes()), [], tokens),
            )


if __name__ == "__main__":
    main()
