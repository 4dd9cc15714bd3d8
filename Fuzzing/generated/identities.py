"""Random identities of the links of a chain, which are of one model or of two."""

import random
from dataclasses import dataclass

from conformance_cases.container import put
from conformance_cases.identity import files, identified

ROLES = (0, 1, 1, 2, 3, 4, 5, 2**31 - 1, 2**31, 2**32 - 1)


@dataclass
class Identity:
    has_values: bool
    files: bytes | None
    trust: int
    weights: bytes = b""

    def change(self, bank: bytes | None):
        """A change of a snapshot's sections, and of its filter bank's digest if that is given."""

        def change(sections: dict[bytes, bytes]) -> None:
            if bank is not None:
                sections[b"IDEN"] = put(sections[b"IDEN"], 128, bank)
            weights = self.weights if self.has_values else None
            identified(self.files, self.has_values, self.trust, weights)(sections)

        return change

    def is_of(self, parent: "Identity") -> bool:
        """Section 5.7: whether the models are the same."""
        if self.has_values and parent.has_values:
            return self.weights == parent.weights
        return bool(self.trust) or (self.files is not None and self.files == parent.files)


def named(r: random.Random) -> bytes:
    """A section FILE."""
    entries = {(1, r.randbytes(32))}
    for _ in range(r.choice((0, 0, 1, 4))):
        entries.add((r.choice(ROLES), r.choice((bytes(32), r.randbytes(32)))))
    return files(*sorted(entries))


def any_identity(r: random.Random, trust: int) -> Identity:
    has_values = r.random() < 0.7
    section = named(r) if not has_values or r.random() < 0.2 else None
    return Identity(has_values, section, trust)


def root(r: random.Random) -> Identity:
    return any_identity(r, int(r.random() < 0.15))


def child(r: random.Random, parent: Identity) -> Identity:
    """One of the same model, but for a few."""
    trust = parent.trust or int(r.random() < 0.1)
    found = any_identity(r, trust)
    found.weights = parent.weights
    if not found.is_of(parent):
        found.files = parent.files or found.files
        found.has_values = found.has_values or parent.has_values
    if r.random() < 0.02:
        found.weights = b"other"
    return found
