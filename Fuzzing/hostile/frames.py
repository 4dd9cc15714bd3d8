"""Frames on which releases of libzstd differ."""

import ctypes
import pathlib
import struct
from collections.abc import Iterator

import zstandard
from reader import ZSTD_MAGIC

from hostile.image import STREAMS, Image

ZSTD = ctypes.CDLL("libzstd.so.1")
ZSTD.ZSTD_decompress.restype = ctypes.c_size_t


def frames(image: Image) -> Iterator[bytes]:
    """The streams of all chunks that begin as a zstd frame does."""
    for entry, start, end in image.chunks():
        data = bytes(image[b"DATA"][start:end])
        count = STREAMS.get(struct.unpack_from("<I", image[b"CHNK"], entry + 16)[0], 4)
        at = 4 * count
        for length in struct.unpack_from(f"<{count}I", data) if at <= len(data) else ():
            if data[at : at + 4] == ZSTD_MAGIC:
                yield data[at : at + length]
            at += length


def by_python(frame: bytes) -> bytes | None:
    try:
        return zstandard.ZstdDecompressor().decompressobj().decompress(frame)
    except zstandard.ZstdError:
        return None


def by_system(frame: bytes) -> bytes | None:
    """The library that the program and the reader in C are linked with."""
    target = ctypes.create_string_buffer(1 << 20)
    length = ZSTD.ZSTD_decompress(target, len(target), frame, len(frame))
    return target.raw[:length] if length <= len(target) else None


def libraries_differ(folder: pathlib.Path, secrets: dict[str, bytes]) -> bool:
    """Whether the two releases do not agree on a frame: only one takes it, or they make different
    bytes of it."""
    images = [
        Image(path.read_bytes(), secrets.get(path.name))
        for path in folder.glob("*.kvsnap")
        if path.is_file() and path.stat().st_size >= 64
    ]
    return any(by_python(frame) != by_system(frame) for image in images for frame in frames(image))
