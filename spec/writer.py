#!/usr/bin/env python3
# SPDX-License-Identifier: CC0-1.0
"""An example: writes a snapshot from an engine that has no digests of values and no scores.

    python writer.py CACHE.safetensors MODEL.gguf OUT.kvsnap

CACHE has the tensors that conformance.md names: tokens, and for each layer and KV head positions,
keys after RoPE (half-split) and values, all positions there, in f16. MODEL is the file that
computed them. Section numbers are those of format.md. Needs the package xxhash.
"""

import hashlib
import json
import pathlib
import struct
import sys

import xxhash

F16, POSITIONS = 3, 1  # Section 5.5.


def checksum(data: bytes) -> int:
    return xxhash.xxh64_intdigest(data, seed=0)


def text(string: str) -> bytes:
    return struct.pack("<I", len(string.encode())) + string.encode()


def read_tensors(path: str) -> dict:
    """The tensors of a safetensors file: name -> (shape, bytes)."""
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    body = data[8 + length :]
    return {
        name: (tensor["shape"], body[slice(*tensor["data_offsets"])])
        for name, tensor in header.items()
    }


def chunk(elements: bytes, width: int, rows: int, columns: int, heads: int, by_element: bool):
    """Section 5.5: byte planes of all heads, stored as they are."""
    ordered = bytearray()
    for head in range(heads):
        part = elements[head * rows * columns * width :][: rows * columns * width]
        for i in range(rows * columns if by_element else 0):
            column, row = divmod(i, rows)
            at = (row * columns + column) * width
            ordered += part[at : at + width]
        ordered += b"" if by_element else part
    planes = [bytes(ordered[p::width]) for p in range(width)]
    return struct.pack(f"<{width}I", *map(len, planes)) + b"".join(planes)


def data_of(tensors: dict, layers: int, heads: int) -> tuple[bytes, bytes]:
    """CHNK and DATA of one tier of ratio 1 (sections 5.4 and 5.5)."""
    table, data = b"", b""
    for layer in range(layers):
        for name, codec, width in (
            ("positions", POSITIONS, 4),
            ("keys", F16, 2),
            ("values", F16, 2),
        ):
            parts = [tensors[f"layer{layer}.head{head}.{name}"] for head in range(heads)]
            rows, columns = parts[0][0][0], (parts[0][0] + [1])[1]
            elements = b"".join(part for _, part in parts)
            stored = chunk(elements, width, rows, columns, heads, name == "keys")
            table += struct.pack("<QQII", len(stored), checksum(stored), codec, 0)
            data += stored
    return table, data


def container(sections: list[tuple[bytes, bytes]]) -> bytes:
    """Section 2."""
    end, directory, body = 64 + 32 * len(sections), b"", b""
    for kind, content in sections:
        padding = -end % 64
        body += bytes(padding) + content
        summed = 0 if kind == b"DATA" else checksum(content)
        directory += struct.pack("<4sIQQQ", kind, 0, end + padding, len(content), summed)
        end += padding + len(content)
    magic = bytes.fromhex("894b56510d0a1a0a")
    header = magic + struct.pack("<4sHHQQQII", b"SNAP", 1, 1, 0, 0, end, len(sections), 0)
    header += struct.pack("<Q", checksum(directory))
    return header + struct.pack("<Q", checksum(header)) + directory + body


def main() -> None:
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    cache, model, out = sys.argv[1:]
    tensors = read_tensors(cache)
    tokens = tensors["tokens"][1]
    n = len(tokens) // 4
    layers = 1 + max(int(name.split(".")[0][5:]) for name in tensors if name != "tokens")
    heads = sum(name.startswith("layer0.") and name.endswith(".keys") for name in tensors)
    key, value = (tensors[f"layer0.head0.{name}"][0][1] for name in ("keys", "values"))
    table, data = data_of(tensors, layers, heads)
    weights = hashlib.sha256(pathlib.Path(model).read_bytes()).digest()
    count = layers * heads
    sections = [
        (b"IDEN", bytes(160) + struct.pack("<II", 0, 0)),
        (b"FILE", struct.pack("<III", 1, 1, 0) + weights),
        (b"CONT", struct.pack("<4IQQ4I", layers, heads, key, value, n, n, 0, 1, F16, F16)),
        (b"TOKN", tokens),
        # Not ranked: scorer 0, one tier of ratio 1.
        (b"TIER", struct.pack(f"<5I{2 * count}I", 0, 0, 0, 1, 1, *[0] * count, *[n] * count)),
        (b"CHNK", table),
        (b"xcod", text("org.example.codec") + b"what a private codec of this writer would need"),
        (b"meta", struct.pack("<I", 1) + text("org.example.title") + text("an example")),
        (b"DATA", data),
    ]
    pathlib.Path(out).write_bytes(container(sections))


if __name__ == "__main__":
    main()
