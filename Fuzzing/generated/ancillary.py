"""What any file may have and no reader needs: provenance, metadata, sections that nobody knows, and
a later version."""

import random

from conformance_cases.metadata import metadata

KNOWN = {
    b"SNAP": b"meta prov",
    b"FILT": b"qual seqs head rope line meta prov",
    b"STAT": b"seqs rope pair meta prov",
    b"TRAN": b"rope mtrc meta prov",
    b"TSUM": b"seqs rope meta prov",
}
TYPES = (
    b"nEWs aBCD zzzz xNTS xcod line pair qual seqs head rope mtrc data tokn keys iden file".split()
)
TEXTS = ("", "x", "größer ×1", "e\u0301", "\0\n\x1b[31m", "\U0010ffff", "a" * 300)
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_"


def later(r: random.Random) -> dict[str, int]:
    """Fields of a header by a later version, or by this one."""
    if r.random() < 0.8:
        return {}
    return {"version": r.choice((1, 2, 3, 65535)), "optional": r.getrandbits(64)}


def entries(r: random.Random) -> bytes:
    """A section meta."""
    names = set()
    for _ in range(r.choice((1, 1, 2, 5))):
        parts = ["".join(r.choices(LETTERS, k=r.randint(1, 9))) for _ in range(r.randint(2, 4))]
        names.add(".".join(parts))
    return metadata(*((name, r.choice(TEXTS)) for name in sorted(names)))


def unknown(r: random.Random, kind: bytes) -> dict[bytes, bytes]:
    """Sections that nobody knows in that kind of file; private ones begin with a name."""
    types = [type_ for type_ in TYPES if type_ not in KNOWN[kind]]
    chosen = r.sample(types, r.choice((0, 0, 0, 1, 2, 5)))
    sections = {type_: r.randbytes(r.choice((0, 1, 15, 16, 17, 64, 200))) for type_ in chosen}
    for type_ in chosen:
        if type_[:1] == b"x":
            sections[type_] = entries(r)[4:] + sections[type_]
    if r.random() < 0.01:
        sections |= {b"y" + bytes([97 + i // 26, 97 + i % 26, 65]): b"" for i in range(40)}
    return sections


def ancillary(r: random.Random, kind: bytes):
    """A change of a file's sections."""
    provenance = r.choice((None, b"{}", *(text.encode() for text in TEXTS)))
    keeps, has_metadata = r.random() < 0.5, r.random() < 0.3
    meta, others = entries(r), unknown(r, kind)
    places = [r.random() for _ in others]

    def change(sections: dict[bytes, bytes]) -> None:
        data, old = sections.pop(b"DATA", None), sections.pop(b"prov", None)
        if has_metadata:
            sections[b"meta"] = meta
        if (new := old if keeps else provenance) is not None:
            sections[b"prov"] = new
        items = list(sections.items())
        for place, item in zip(places, others.items(), strict=True):
            items.insert(round(place * len(items)), item)
        if data is not None:
            items.append((b"DATA", data))
        sections.clear()
        sections.update(items)

    return change
