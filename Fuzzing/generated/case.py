"""A call of a reader: its files, its keys, and the answer to it."""

import pathlib
from dataclasses import dataclass, field


@dataclass
class Answer:
    """An exit code, and the SHA-256 of each tensor where that is 0."""

    exit_code: int
    tensors: dict[str, str] = field(default_factory=dict)


@dataclass
class Case:
    """`files` begins with the one that is read; parents follow, the nearest first, then
    transforms. A file of None is a folder, and a key of None is not there. `secrets` has the data
    key of each encrypted file."""

    files: dict[str, bytes | None]
    expected: Answer | None
    keys: dict[str, bytes | None] = field(default_factory=dict)
    compression: str | None = None
    secrets: dict[str, bytes] = field(default_factory=dict)
    about: list[str] = field(default_factory=list)

    def write(self, folder: pathlib.Path) -> list[str]:
        """Writes all files into a folder; gives the arguments of the call."""
        (folder / "keys").mkdir()
        for name, key in self.keys.items():
            if key is not None:
                (folder / "keys" / name).write_bytes(key)
        for name, data in self.files.items():
            if data is None:
                (folder / name).mkdir()
            else:
                (folder / name).write_bytes(data)
        return self.arguments(folder)

    def arguments(self, folder: pathlib.Path) -> list[str]:
        found = ["--digests"]
        if self.compression is not None:
            found += ["--compression", self.compression]
        for name in self.keys:
            found += ["--key-file", str(folder / "keys" / name)]
        return [*found, str(folder / next(iter(self.files)))]
