"""Random snapshots with all that they continue and that codes them."""

import random
from dataclasses import dataclass

import numpy as np
from conformance_cases.chains import Link
from conformance_cases.encoding import PRIVATE
from conformance_cases.encryption import encrypted
from conformance_cases.snapshot import Snapshot, digests

from generated import identities, snapshots, transforms
from generated.ancillary import ancillary, later
from generated.case import Answer, Case
from generated.identities import Identity
from generated.keys import Lock, Ring
from generated.misfits import Misfit

# Names of files: é in two spellings, which are two names.
NAMES = ("größer ×1", "e\u0301", "\u00e9", " ", "a\nb", "-x", "..a", "x" * 200, "%s", "a'b\"c", "~")


@dataclass
class Part:
    """A link of the chain, and what its answer depends on."""

    link: Link
    identity: Identity
    lock: Lock | None
    transform: str | None
    fits: bool  # as a child of the one before

    def holds(self, ratio: int | None) -> bool:
        s = self.link.snapshot
        return ratio is None or (s.ratios[-1] <= ratio and (s.scorer != 0 or ratio == 1))

    def is_private(self, ratio: int | None) -> bool:
        """Whether ×ratio needs a tier in a private codec."""
        s = self.link.snapshot
        count = next((t for t, r in enumerate(s.ratios) if r <= (ratio or s.ratios[-1])), 0) + 1
        return any(s.codec(tier, tensor) >= PRIVATE for tier in range(count) for tensor in (1, 2))


class Chain:
    """One case in the making."""

    def __init__(self, r: random.Random) -> None:
        self.r, self.parts, self.transforms = r, [], {}
        self.common, self.ring = snapshots.shape(r), None
        self.forms = r.choice((0, 0, 1, 2, PRIVATE, 2**32 - 1))
        self.names = r.sample(NAMES, len(NAMES)) if r.random() < 0.3 else list("abcdefgh")
        if r.random() < 0.15:
            self.add_transforms()
        if r.random() < 0.25:
            self.ring = Ring(r)
        self.add(0, snapshots.tokens(r))
        for _ in range(r.choice((0, 0, 0, 1, 1, 2, 3))):
            if before := self.parts[-1].link.snapshot.n:
                first = r.choice((before, r.randint(1, before)))
                self.add(first, min(250, max(first, first + snapshots.tokens(r) // 2)))

    def add_transforms(self) -> None:
        """Gives links the shape of one or two transforms, which may code them."""
        r, sizes = self.r, transforms.sizes(self.r)
        self.common |= dict(zip(("layers", "heads", "key", "value"), sizes, strict=True))
        codecs = r.choice(snapshots.PLAIN), r.choice(snapshots.PLAIN)
        self.common |= {"codecs": codecs, "shapes": None}
        for _ in range(r.choice((1, 1, 2))):
            self.transforms[self.names.pop() + ".qtrans"] = transforms.transform(r, *sizes)

    def add(self, first: int, n: int) -> None:
        r, name = self.r, None
        before = self.parts[-1] if self.parts else None
        identity = identities.child(r, before.identity) if before else identities.root(r)
        misfit = Misfit(r, self.common, before and before.identity)
        common = misfit.common(self.common)
        if self.transforms and misfit.kind != "length" and r.random() < 0.8:
            name, t = r.choice(list(self.transforms.items()))
            s = snapshots.coded(r, common, first, n, t, name)
        else:
            s = snapshots.snapshot(r, common, first, n)
        s.form = misfit.form(2 if before and self.forms in (1, 2) else self.forms)
        s.tokens = np.array([r.getrandbits(32) for _ in range(n)], "<u4")
        identity.trust = misfit.trust(identity.trust)
        lock = self.ring.lock() if self.ring and r.random() < 0.8 else None
        part = Part(self.link(s, identity, lock, misfit), identity, lock, name, not misfit.kind)
        self.parts.append(part)

    def link(self, s: Snapshot, identity: Identity, lock: Lock | None, misfit: Misfit) -> Link:
        r, before = self.r, self.parts[-1].link if self.parts else None
        bank = r.randbytes(32) if s.scorer > 9 and r.random() < 0.5 else None
        changes = [identity.change(bank), scaled(r, s), misfit.change, ancillary(r, b"SNAP")]
        header = later(r)

        def change(sections: dict[bytes, bytes]) -> None:
            for each in changes:
                each(sections)

        def write(s: Snapshot, change) -> bytes:
            if lock:
                return encrypted(s, *lock.slots, key=lock.secret, change=change, **header)
            return s.file(change=change, **header)

        return Link(self.names.pop(), s, before, change, write)

    def asked(self) -> str | None:
        """A compression ×N, or none."""
        r = self.r
        if r.random() < 0.4:
            return None
        if r.random() < 0.02:
            return r.choice(("0", "4294967296", "abc", "", "-1", "1.0", " 1"))
        ratio = r.choice(r.choice(self.parts).link.snapshot.ratios)
        ratio = r.choice((ratio, ratio, ratio + 1, ratio - 1, 1, r.randrange(1, 200)))
        return str(min(max(ratio, 1), 2**32 - 1))

    def case(self) -> Case:
        r, files = self.r, {part.link.name: part.link.file for part in reversed(self.parts)}
        files |= {name: transforms.written(r, t) for name, t in self.transforms.items()}
        case = Case(files, None, self.ring.given() if self.ring else {}, self.asked())
        case.secrets = {part.link.name: part.lock.secret for part in self.parts if part.lock}
        if len(files) > 1 and r.random() < 0.03:
            del files[r.choice(list(files)[1:])]
        case.expected = self.expected(case)
        return case

    def expected(self, case: Case) -> Answer:
        """The answer by conformance.md, "Order of checks"."""
        asked = case.compression
        if asked is not None and not (asked.isdigit() and 0 < int(asked) < 2**32):
            return Answer(64)
        ratio = asked and int(asked)
        if None in case.keys.values():
            return Answer(66)
        for part in reversed(self.parts):
            if part.link.name not in case.files:
                return Answer(66)
            if part.lock and not part.lock.opens(case.keys):
                return Answer(77)
        if not all(part.fits for part in self.parts):
            return Answer(65)
        pairs = zip(self.parts[1:], self.parts, strict=False)
        if not all(child.identity.is_of(parent.identity) for child, parent in pairs):
            return Answer(78)
        if not all(part.holds(ratio) for part in self.parts):
            return Answer(64)
        names = {part.transform for part in self.parts if part.transform}
        if any(part.is_private(ratio) for part in self.parts) or not names <= case.files.keys():
            return Answer(66)
        return Answer(0, digests([part.link.snapshot for part in self.parts], ratio))


def scaled(r: random.Random, s: Snapshot):
    """Gives FP8 other scales."""
    source = np.random.default_rng(r.getrandbits(32))
    chosen = source.choice(np.array([2.0**-149, 2.0**64, 1, 0.3], "<f4"), 2 * s.layers * s.heads)

    def change(sections: dict[bytes, bytes]) -> None:
        if b"SCAL" in sections:
            old = np.frombuffer(sections[b"SCAL"], "<f4")
            sections[b"SCAL"] = np.where(old == 1, 1, chosen).astype("<f4").tobytes()

    return change


def chain(r: random.Random) -> Case:
    return Chain(r).case()
