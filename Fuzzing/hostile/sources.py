"""Fixtures as cases that faults are put into."""

import functools
import hmac
import json
import pathlib
import random
import struct

from conformance_cases.encryption import SLOT
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from generated.case import Case

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "fixtures" / "conformance"
LARGEST = 40_000


def sources() -> list[tuple[dict, float]]:
    """The entry of each fixture, and how often it is taken."""
    found = []
    for name, weight in (("valid.json", 4.0), ("invalid.json", 0.3)):
        manifest = json.loads((FIXTURES / name).read_text(encoding="utf-8"))
        for entry in manifest["fixtures"]:
            path = FIXTURES / entry["file"]
            if "insertZeros" not in entry and 64 <= path.stat().st_size <= LARGEST:
                kind = 4 if entry.get("parents") else 2 if path.suffix == ".kvsnap" else 0.7
                found.append((entry, weight * kind))
    return found


SOURCES = sources()


def fixture(r: random.Random) -> Case:
    """A fixture, valid or not, with its parents, transforms and keys."""
    entry = r.choices(SOURCES, [weight for _, weight in SOURCES])[0][0]
    files, keys = (
        {pathlib.Path(each["file"]).name: content(each["file"]) for each in found}
        for found in ((entry, *entry.get("parents", [])), entry.get("keys", []))
    )
    secrets = {name: data_key(file, tuple(keys.values())) for name, file in files.items()}
    case = Case(files, None, keys, about=[entry["file"]])
    case.secrets = {name: key for name, key in secrets.items() if key}
    return case


@functools.cache
def content(file: str) -> bytes:
    return (FIXTURES / file).read_bytes()


@functools.cache
def data_key(file: bytes, keys: tuple[bytes, ...]) -> bytes | None:
    """The data key of an encrypted file whose slot one of some key files opens."""
    start, length = struct.unpack_from("<QQ", file, 72) if file[64:68] == b"KEYS" else (0, 0)
    for at in range(start + 32, start + length - SLOT + 1, SLOT):
        slot = file[at : at + SLOT]
        for key in keys:
            slot_key = hmac.digest(slot[16:48], key, "sha256")
            try:
                return AESGCM(slot_key).decrypt(bytes(12), slot[48:96], slot[:48])
            except InvalidTag:
                continue
    return None
