"""Files with faults: those of the fixtures, and snapshots of random shape."""

import itertools
import json
import pathlib
import random
import shutil

import numpy as np
from conformance_cases.chains import Link, child
from conformance_cases.snapshot import Snapshot

from hostile.faults import FAULTS
from hostile.image import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures" / "conformance"
LARGEST = 40_000
RATIOS = [
    "1",
    "2",
    "3",
    "4",
    "5",
    "7",
    "8",
    "9",
    "16",
    "64",
    "100",
    "4294967295",
    "0",
    "4294967296",
    "abc",
]


def sources() -> list[tuple[pathlib.Path, list[pathlib.Path], float]]:
    """Each fixture with its parents, nearest first, and how often it is taken."""
    manifest, found = json.loads((FIXTURES / "manifest.json").read_text(encoding="utf-8")), []
    for group, weight in (("valid", 4.0), ("invalid", 0.3)):
        for case in manifest[group]:
            path = FIXTURES / case["file"]
            if "insertZeros" not in case and 64 <= path.stat().st_size <= LARGEST:
                parents = [FIXTURES / entry["file"] for entry in case.get("parents", [])]
                kind = 4 if parents else 2 if path.suffix == ".kvsnap" else 0.7
                found.append((path, parents, weight * kind))
    return found


SOURCES = sources()


def replaced(names: list[str], r: random.Random, folder: pathlib.Path) -> str:
    """Something else under a parent's name."""
    path = folder / r.choice(names)
    path.unlink()
    match r.randrange(5):
        case 0 | 1:
            return f"{path.name} is not there"
        case 2:
            path.mkdir()
        case 3:
            path.write_bytes(b"no file of this format")
        case _:
            shutil.copy(r.choice(SOURCES)[0], path)
    return f"{path.name} is something else"


def made(r: random.Random) -> list[tuple[str, bytes]]:
    """A valid snapshot, or a chain, of random shape, codecs and tiers; the last link first."""
    shape = dict(
        layers=r.randrange(1, 4),
        heads=r.randrange(1, 4),
        key=r.randrange(1, 6),
        value=r.randrange(1, 6),
        codecs=(r.choice((2, 3, 4)), r.choice((2, 3, 4))),
    )
    link, n = None, r.randrange(150)
    for index in range(r.choice((1, 1, 2, 3)) if n else 1):
        first = r.randint(1, n) if link else 0
        n = max(first, n + r.randrange(-20, 100)) if link else n
        link = made_link(f"made-{index}", link, first, n, shape, r)
    return [(each.name, each.file) for each in reversed(link.links())]


def made_link(
    name: str, before: Link | None, first: int, n: int, shape: dict, r: random.Random
) -> Link:
    ratios = sorted(
        r.sample((1, 2, 3, 4, 5, 8, 16, 64, 2**32 - 1), r.randrange(1, 6)), reverse=True
    )
    random_ = np.random.default_rng(r.randrange(2**16))
    cells = (shape["layers"], shape["heads"])
    counts = np.diff(
        np.sort(random_.integers(0, n - first + 1, (len(ratios), *cells)), 0), axis=0, prepend=0
    )
    # A cache of any bits, or one whose tiers may all be quantised.
    quantised = r.random() < 0.5
    stored = [
        r.choice(((5, 5), (6, 5), (5, 6), (6, 6), (None, 5), (6, None)))
        if quantised
        else (None, None)
        for _ in ratios
    ]
    options = dict(
        **shape,
        ratios=ratios,
        floors=random_.integers(0, n - first + 1, cells),
        counts=r.choice((None, counts)),
        seed=r.randrange(2**16),
        window=r.randrange(9),
        scorer=r.randrange(1, 10),
        stored=stored.__getitem__,
    )
    return (
        child(before, name, first, n, **options) if before else Link(name, Snapshot(n=n, **options))
    )


def make(seed: str, index: int, folder: pathlib.Path) -> tuple[pathlib.Path, str | None, list[str]]:
    """Writes the files of a run; gives the one to read, the compression, and what was done."""
    r = random.Random(f"{seed}/{index}")
    if r.random() < 0.2:
        files = made(r)
    else:
        path, parents, _ = r.choices(SOURCES, [weight for _, _, weight in SOURCES])[0]
        files = [(file.name, file.read_bytes()) for file in (path, *parents)]
    names, images = [name for name, _ in files], [Image(data) for _, data in files]
    done = names[:1]
    (folder / "folder").mkdir()
    # A snapshot of random shape is read as it is, too.
    for _ in range(r.choice((0, 1, 2) if names[0].startswith("made") else (1, 1, 2))):
        target = 0 if len(names) == 1 or r.random() < 0.6 else r.randrange(1, len(names))
        fault = r.choices(list(FAULTS), list(FAULTS.values()))[0]
        if images[target].sections and images[target].data is None:
            fault(images[target], r)
            done.append(f"{fault.__name__} in {names[target]}")
    # From the root on, so that a child names what its parent became.
    relinks = r.random() < 0.7
    for image, before in reversed(list(itertools.pairwise(images))):
        if relinks and image.data is None and len(image[b"PRNT"]) >= 32:
            image[b"PRNT"][:32] = before.digest()
    for name, image in zip(names, images, strict=True):
        (folder / name).write_bytes(image.encoded())
    if len(names) > 1 and r.random() < 0.08:
        done.append(replaced(names[1:], r, folder))
    return folder / names[0], r.choice(RATIOS) if r.random() < 0.4 else None, done
