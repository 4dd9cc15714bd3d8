"""Snapshots of KV caches (.kvsnap) in Python: read and written, checked, at the speed of memory.

    import kvsnap

    with kvsnap.open("book.kvsnap") as snapshot:
        print(snapshot.tokens, snapshot.layers)
        for head in snapshot.layer(0, ratio=8):
            print(head.positions, head.keys.shape, head.values.shape)

The format is specified in spec/format.md of the project. Nothing but numpy is needed."""

import os
from collections.abc import Sequence

from kvsnap._library import LIBRARY, check, encoded, key_array
from kvsnap.creation import append, create
from kvsnap.errors import (
    KeyNeededError,
    MalformedError,
    MissingError,
    NotStoredError,
    OtherModelError,
    SnapshotError,
    SystemFailure,
)
from kvsnap.filters import Filters
from kvsnap.model_identity import Identity, ModelFile, identity
from kvsnap.snapshot import HeadPairs, Snapshot
from kvsnap.writer import Scores, Writer


def open(path: str | os.PathLike, keys: Sequence[bytes | str] = ()) -> Snapshot:  # noqa: A001
    """Opens a snapshot with all that it continues, and checks everything but keys and values.

    Keys and values are checked as they are read. `keys` opens encrypted files: key files as bytes,
    passphrases as str."""
    return Snapshot(path, keys)


def verify(path: str | os.PathLike, keys: Sequence[bytes | str] = ()) -> None:
    """Checks every byte of a file of any kind of the format."""
    check(LIBRARY.kvsnap_verify(encoded(path, "path"), key_array(keys), len(keys)))


__all__ = [
    "Filters",
    "HeadPairs",
    "Identity",
    "KeyNeededError",
    "MalformedError",
    "MissingError",
    "ModelFile",
    "NotStoredError",
    "OtherModelError",
    "Scores",
    "Snapshot",
    "SnapshotError",
    "SystemFailure",
    "Writer",
    "append",
    "create",
    "identity",
    "open",
    "verify",
]
