"""Generated files and fixtures with faults, under repaired checksums, tags and seals."""

import hashlib
import random

from generated.case import Case
from generated.files import generate

from hostile import content_faults, faults, unit_faults
from hostile.image import Image
from hostile.sources import fixture

# How often each fault is taken, and the section that it needs.
FAULTS = {
    faults.raw: (2, None),
    faults.layout: (2, None),
    faults.order: (2, None),
    faults.unknown: (1, None),
    faults.section: (6, None),
    faults.tokens: (1, b"TOKN"),
    faults.parent: (3, b"PRNT"),
    faults.damage: (1, b"DATA"),
    faults.entry: (3, b"CHNK"),
    faults.chunk: (4, b"CHNK"),
    faults.block: (6, b"BLKS"),
    faults.content: (4, b"CHNK"),
    faults.frame_header: (1.5, b"CHNK"),
    content_faults.identity: (2, b"IDEN"),
    content_faults.trust: (1, b"IDEN"),
    content_faults.shapes: (4, b"SHAP"),
    content_faults.scales: (3, b"SCAL"),
    content_faults.model_files: (3, b"FILE"),
    content_faults.metadata: (2, b"meta"),
    content_faults.foreign: (1, None),
    unit_faults.unit: (4, b"KEYS"),
    unit_faults.slot: (3, b"KEYS"),
    unit_faults.keys: (1, b"KEYS"),
    unit_faults.seal: (0.5, b"KEYS"),
}
NUMBERS = (1, 1, 2, 2, 3, 4, 5, 7, 8, 9, 16, 64, 100, 2**32 - 1)
NO_NUMBERS = ("0", "4294967296", "abc", "007")


def mutate(seed: str, index: int) -> Case:
    r = random.Random(f"mutated {seed}/{index}")
    if r.random() < 0.6:
        case = generate(f"of mutated {seed}", index)
    else:
        case = fixture(r)
        case.compression = str(r.choice(NUMBERS)) if r.random() < 0.4 else None
    if r.random() < 0.01:
        case.compression = r.choice(NO_NUMBERS)
    case.expected = None
    images = {name: Image(data, case.secrets.get(name)) for name, data in case.files.items()}
    for _ in range(r.choice((1, 1, 1, 2, 2, 3))):
        names = list(images)
        name = names[0] if r.random() < 0.6 else r.choice(names)
        if images[name].sections and images[name].data is None:
            case.about.append(f"{put_into(images[name], r)} in {name!r}")
    if r.random() < 0.7:
        relink(images)
    case.files = {name: image.encoded() for name, image in images.items()}
    if len(case.files) > 1 and r.random() < 0.05:
        replace(case, r)
    if case.keys and r.random() < 0.1:
        change_keys(case, r)
    # What a child may name as its parent.
    case.files.setdefault("folder", None)
    return case


def put_into(image: Image, r: random.Random) -> str:
    """Puts a fault into a file; gives its name."""
    there = {None, *(type_ for type_, _ in image.sections)}
    weights = {fault: weight for fault, (weight, needed) in FAULTS.items() if needed in there}
    fault = r.choices(list(weights), list(weights.values()))[0]
    fault(image, r)
    return fault.__name__


def relink(images: dict[str, Image]) -> None:
    """Makes snapshots name what their transforms and parents became, from the root on."""
    before = None
    for image in reversed([image for image in images.values() if image[b"TIER"]]):
        if image.data is None:
            transform = images.get(transform_name(image))
            if transform and transform.data is None:
                parts = b"".join(transform[t] for t in (b"TRAN", b"CODE", b"BASE", b"rope"))
                image[b"BLKS"][:32] = hashlib.sha256(parts).digest()
            if before and len(image[b"PRNT"]) >= 32:
                image[b"PRNT"][:32] = before.digest()
        before = image


def transform_name(image: Image) -> str:
    """The name in BLKS of the transform that codes a snapshot."""
    table = image[b"BLKS"]
    length = int.from_bytes(table[32:36], "little")
    return table[36 : 36 + length].decode(errors="replace")


def replace(case: Case, r: random.Random) -> None:
    """Something else under the name of a parent or a transform."""
    name = r.choice(list(case.files)[1:])
    case.about.append(f"something else instead of {name!r}")
    match r.randrange(5):
        case 0 | 1:
            del case.files[name]
        case 2:
            case.files[name] = None
        case 3:
            case.files[name] = b"no file of this format"
        case _:
            case.files[name] = next(iter(fixture(r).files.values()))


def change_keys(case: Case, r: random.Random) -> None:
    """No keys, fewer, or a wrong one in the place of one."""
    name = r.choice(list(case.keys))
    case.about.append(f"another key than {name!r}")
    match r.randrange(3):
        case 0:
            case.keys = {}
        case 1:
            del case.keys[name]
        case _:
            case.keys[name] = r.randbytes(r.choice((0, 31, 32)))
