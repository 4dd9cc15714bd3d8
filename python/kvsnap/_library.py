"""libkvsnap, as kvsnap.h declares it. Each call releases the interpreter's lock."""

import contextlib
import ctypes
import operator
import os
import pathlib
import threading
from collections.abc import Callable, Iterator, Sequence
from ctypes import POINTER, c_char_p, c_int, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from typing import Self

from kvsnap.errors import NotStoredError, error_of

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


class Handle:
    """An object of the library's that calls of several threads may use, until it is closed.

    Whoever closes it while others use it leaves the last of them to free it. `exclusive` lets one
    thread in at a time."""

    def __init__(self, pointer: c_void_p, free: Callable, closed: str, exclusive: bool = False):
        self._pointer, self._free, self._closed = pointer, free, closed
        self._lock, self._users, self._is_open = threading.Lock(), 0, True
        self._turn = threading.Lock() if exclusive else contextlib.nullcontext()

    @contextlib.contextmanager
    def use(self) -> Iterator[c_void_p]:
        """The pointer, which stays valid meanwhile."""
        with self._turn:
            with self._lock:
                if not self._is_open:
                    raise NotStoredError(self._closed)
                self._users += 1
            try:
                yield self._pointer
            finally:
                self._leave()

    def close(self) -> None:
        """Frees it as soon as nobody uses it. It may be called again."""
        with self._lock:
            if not self._is_open:
                return
            self._is_open = False
            self._users += 1
        self._leave()

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            is_last = self._users == 0 and not self._is_open
        if is_last:
            self._free(self._pointer)


class Resource:
    """What holds something of the library's until it is closed; also a context manager."""

    path: str
    _handle: Handle | None = None
    _closed = "it is closed"
    _uncopied: str

    def close(self) -> None:
        """Frees what the library holds. Nothing can be done afterwards."""
        if self._handle is not None:
            self._handle.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __reduce__(self):
        raise TypeError(self._uncopied)

    def _hold(self, pointer: c_void_p, free: Callable, exclusive: bool = False) -> None:
        self._handle = Handle(pointer, free, f"{self.path}: {self._closed}", exclusive)

    def _use(self) -> contextlib.AbstractContextManager[c_void_p]:
        if self._handle is None:
            raise NotStoredError(f"{self.path}: {self._closed}")
        return self._handle.use()


def encoded(value: str | os.PathLike, name: str) -> bytes:
    """A text for the library."""
    try:
        data = os.fsencode(value)
    except (TypeError, ValueError):
        raise NotStoredError(f"{name} must be a text, not {value!r}") from None
    if b"\0" in data:
        raise NotStoredError(f"{name} has a zero byte: {value!r}")
    return data


def number(value: int, name: str) -> int:
    """An integer of 32 bits for the library, which ctypes would cut."""
    try:
        value = operator.index(value)
    except TypeError:
        raise NotStoredError(f"{name} must be an integer, not {value!r}") from None
    if not 0 <= value < 1 << 32:
        raise NotStoredError(f"{name} must be from 0 to 4294967295, not {value}")
    return value


def key_array(keys: Sequence[bytes | str]) -> ctypes.Array:
    """Key files' bytes, and passphrases as texts."""
    if isinstance(keys, str | bytes | bytearray) or not all(
        isinstance(key, str | bytes | bytearray) for key in keys
    ):
        raise NotStoredError("keys are a list: of key files as bytes, and of passphrases as str")
    array = (Key * len(keys))()
    for entry, key in zip(array, keys, strict=True):
        data = key.encode("utf-8", "surrogateescape") if isinstance(key, str) else bytes(key)
        entry.is_passphrase, entry.bytes, entry.length = isinstance(key, str), data, len(data)
    return array
