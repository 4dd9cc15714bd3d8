"""libkvsnap, as kvsnap.h declares it. Each call releases the interpreter's lock."""

import ctypes
import pathlib
from collections.abc import Sequence
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p

from kvsnap.errors import error_of

NAME = "libkvsnap.so.1"


class Key(ctypes.Structure):
    _fields_ = [("is_passphrase", c_int), ("bytes", c_char_p), ("length", c_size_t)]


class Shape(ctypes.Structure):
    _fields_ = [
        ("layers", c_uint32),
        ("kv_heads", c_uint32),
        ("key_length", c_uint32),
        ("value_length", c_uint32),
        ("tokens", c_uint64),
        ("key_type", c_uint32),
        ("value_type", c_uint32),
        ("least_compression", c_uint32),
        ("scorer", c_uint32),
        ("prompt_form", c_uint32),
        ("trusted", c_uint32),
        ("key_layout", c_uint32),
    ]


class Layer(ctypes.Structure):
    _fields_ = [("kv_heads", c_uint32), ("key_length", c_uint32), ("value_length", c_uint32)]


class Head(ctypes.Structure):
    _fields_ = [("positions", c_void_p), ("keys", c_void_p), ("values", c_void_p)]


class File(ctypes.Structure):
    _fields_ = [("role", c_uint32), ("digest", c_uint8 * 32)]


class New(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("layers", c_uint32),
        ("kv_heads", c_uint32),
        ("key_length", c_uint32),
        ("value_length", c_uint32),
        ("key_type", c_uint32),
        ("value_type", c_uint32),
        ("tokens", c_void_p),
        ("token_count", c_uint64),
        ("prompt_form", c_uint32),
        ("identity", c_char_p),
        ("files", POINTER(File)),
        ("file_count", c_size_t),
        ("model", c_char_p),
        ("scorer", c_uint32),
        ("scores", c_uint32),
        ("filters", c_char_p),
        ("precision", c_char_p),
        ("parent", c_void_p),
        ("keys", POINTER(Key)),
        ("key_count", c_size_t),
    ]


class FilterShape(ctypes.Structure):
    _fields_ = [
        ("layers", c_uint32),
        ("kv_heads", c_uint32),
        ("head_length", c_uint32),
        ("identity", c_uint8 * 128),
    ]


class Source(ctypes.Structure):
    _fields_ = [("keys", c_void_p), ("values", c_void_p), ("scores", c_void_p)]


def load() -> ctypes.CDLL:
    """The library of this package, or else the system's."""
    own = pathlib.Path(__file__).with_name(NAME)
    library = ctypes.CDLL(str(own) if own.exists() else NAME)
    handle, failing = c_void_p, c_int
    for name, result, arguments in (
        ("message", c_char_p, []),
        ("open", failing, [c_char_p, POINTER(Key), c_size_t, POINTER(handle)]),
        ("close", None, [handle]),
        ("describe", None, [handle, POINTER(Shape)]),
        ("describe_layer", None, [handle, c_uint32, POINTER(Layer)]),
        ("identity", failing, [handle, POINTER(c_uint8)]),
        ("tokens", None, [handle, c_void_p]),
        ("count", failing, [handle, c_uint32, c_uint32, POINTER(c_uint64)]),
        (
            "read",
            failing,
            [handle, c_uint32, c_uint32, c_uint32, c_uint32, POINTER(Head)],
        ),
        ("verify", failing, [c_char_p, POINTER(Key), c_size_t]),
        ("create", failing, [c_char_p, POINTER(New), POINTER(handle)]),
        ("append", failing, [handle, POINTER(Source)]),
        ("finish", failing, [handle, POINTER(c_uint64)]),
        ("discard", None, [handle]),
        ("read_filters", failing, [c_char_p, POINTER(FilterShape), c_void_p, c_size_t]),
        (
            "write_filters",
            failing,
            [c_char_p, POINTER(FilterShape), c_void_p, c_size_t, POINTER(c_uint64)],
        ),
    ):
        function = getattr(library, f"kvsnap_{name}")
        function.restype, function.argtypes = result, arguments
    return library


LIBRARY = load()


def check(status: int) -> None:
    """Raises what a function reported."""
    if status:
        raise error_of(status, LIBRARY.kvsnap_message().decode("utf-8", "replace"))


def key_array(keys: Sequence[bytes | str]) -> ctypes.Array:
    """Key files' bytes, and passphrases as texts."""
    array = (Key * len(keys))()
    for entry, key in zip(array, keys, strict=True):
        data = key.encode("utf-8", "surrogateescape") if isinstance(key, str) else bytes(key)
        entry.is_passphrase, entry.bytes, entry.length = isinstance(key, str), data, len(data)
    return array
