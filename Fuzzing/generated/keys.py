"""Random keys, and the slots that they open."""

import random
from dataclasses import dataclass, field

from conformance_cases.encryption import EMPTY, file_slot, phrase_slot

PHRASES = ("x", "größer ×1", "e\u0301", " a b ", "two\nlines", "ends\n", "x" * 1024)


@dataclass
class Lock:
    """How one snapshot is encrypted: its data key, its slots, and the names of keys that open
    them."""

    secret: bytes
    slots: list[bytes] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def opens(self, given) -> bool:
        return any(name in given for name in self.names)


class Ring:
    """The keys of one chain by their file names."""

    def __init__(self, r: random.Random) -> None:
        self.r, self.keys, phrases = r, {}, list(PHRASES)
        for index in range(r.choice((1, 1, 2))):
            if r.random() < 0.2:
                phrase = r.choice(PHRASES)
                # Who lacks one key must not have it as another.
                phrase = phrases.pop(phrases.index(phrase) if phrase in phrases else 0).encode()
                self.keys[f"{index}.txt"] = phrase + r.choice((b"", b"\n"))
            else:
                self.keys[f"{index}.key"] = r.randbytes(r.choice((32, 33, 64, 200)))

    def slot(self, name: str, secret: bytes) -> bytes:
        key, salt = self.keys[name], str(self.r.random())
        if name.endswith(".key"):
            return file_slot(key, secret, salt)
        costs = self.r.choice(((10, 1, 1), (10, 2, 1), (10, 1, 2)))
        return phrase_slot(key.removesuffix(b"\n"), secret, salt, *costs)

    def lock(self) -> Lock:
        r = self.r
        lock = Lock(r.randbytes(32))
        if r.random() < 0.97:
            lock.names = r.sample(list(self.keys), r.randint(1, len(self.keys)))
        lock.slots = [self.slot(name, lock.secret) for name in lock.names]
        other = file_slot(r.randbytes(32), r.randbytes(32), str(r.random()))
        others = r.choices((EMPTY, other), k=r.choice((0, 0, 1, 2, 12)))
        lock.slots = lock.slots + others or [EMPTY]
        r.shuffle(lock.slots)
        return lock

    def given(self) -> dict[str, bytes | None]:
        """The keys that a reader gets: all that there are, but for a few."""
        r, keys = self.r, list(self.keys.items())
        if r.random() < 0.05:
            keys.pop(r.randrange(len(keys)))
        for name, key in (("wrong.key", r.randbytes(40)), ("short.key", r.randbytes(31))):
            if r.random() < 0.1:
                keys.append((name, key))
        if r.random() < 0.02:
            keys.append(r.choice((("empty.key", b""), ("long.key", bytes(65_537)))))
        if r.random() < 0.01:
            keys.append(("absent.key", None))
        r.shuffle(keys)
        return dict(keys)
