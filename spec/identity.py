#!/usr/bin/env python3
# SPDX-License-Identifier: CC0-1.0
"""Computes both identities of a model from its files, written from format.md alone.

    python identity.py MODEL [--json] [--files]

MODEL is a GGUF (one file, or the first part of several) or a folder as transformers writes it. The
four digests of section 3.1 and the entries of section FILE (section 3.3) are printed; with --files
the latter alone, which is cheap. Where a model has no identity by values, one sentence says why.
Exits with 65 and one sentence if the file is no model, with 66 if a file is missing, and with 64 if
it is called wrongly. Section numbers in the comments are those of format.md.

As a module: identity.values(path) and identity.files(path). Needs numpy, and identity_parts, which
has a file for each of the digests.
"""

import argparse
import hashlib
import json
import pathlib
import sys
from collections.abc import Iterator

from identity_parts.architecture import Shape, architecture_digest, gguf_shape
from identity_parts.config import completed, config_shape
from identity_parts.config_rope import config_ropes
from identity_parts.containers import Tensor, read_json, read_safetensors
from identity_parts.fields import NoModel, NoValues, intact, need, truth
from identity_parts.folder_tokenizer import folder_tokens
from identity_parts.parts import read_parts, weight_files
from identity_parts.rope import FREQS, LONG, SHORT, gguf_ropes, rope_digest
from identity_parts.tokenizer import gguf_tokens, tokenizer_digest
from identity_parts.weights import all_tensors, checked, transformers_name, weights_digest

ROLES = {1: "weights", 2: "config.json", 3: "tokenizer.json", 4: "tokenizer_config.json"}
DIGESTS = ("weights", "architecture", "rope", "tokenizer")


# Model files


class Gguf:
    """A GGUF in one file, or in parts."""

    def __init__(self, path: pathlib.Path) -> None:
        keys, self.tensors, self.paths = read_parts(path)
        prefix = f"{keys.get('general.architecture')}."
        own = {k.removeprefix(prefix) for k in keys if k.startswith(prefix)}
        self.keys = {k.removeprefix(prefix): v for k, v in keys.items()} | {"": own}

    def files(self) -> list[tuple[int, pathlib.Path]]:
        return [(1, path) for path in self.paths]

    def digests(self) -> Iterator[str]:
        """Cheap ones first."""
        shape = gguf_shape(self.keys, self.tensors)
        no_weights = (FREQS, SHORT, LONG)
        weights = {name: t for name, t in self.tensors.items() if name not in no_weights}
        checked(weights, shape)
        yield architecture_digest(shape)
        yield rope_digest(gguf_ropes(self.keys, self.tensors, shape))
        yield tokenizer_digest(gguf_tokens(self.keys, shape), shape.vocabulary)
        yield weights_digest(weights, shape, is_gguf=True)


BEGINNINGS = ("model.", "", "language_model.model.", "model.language_model.", "language_model.")


class Folder:
    """A folder as transformers writes it."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.config = read_json(path / "config.json")
        self.tokenizer = read_json(path / "tokenizer.json")
        settings = path / "tokenizer_config.json"
        self.settings = read_json(settings) if settings.exists() else {}
        shards, self.tensors = weight_files(path), {}
        self.paths = list(shards)
        for shard, names in shards.items():
            tensors = read_safetensors(shard)
            is_listed = names is None or tensors.keys() == names
            intact(is_listed, shard, "its tensors are not those that the index gives it")
            self.tensors |= tensors

    def files(self) -> list[tuple[int, pathlib.Path]]:
        named = [(role, self.path / name) for role, name in ROLES.items() if role > 1]
        return [(1, path) for path in self.paths] + [
            (r, path) for r, path in named if path.exists()
        ]

    def weights(self, shape: Shape) -> dict[str, Tensor]:
        """By their names in GGUF; a name that the table lacks stays."""
        beginning = next((b for b in BEGINNINGS if f"{b}embed_tokens.weight" in self.tensors), None)
        need(beginning is not None, "the tensor embed_tokens.weight is missing")
        names = {}
        for name in all_tensors(shape):
            names[beginning + transformers_name(name, shape.name)] = name
        outer = "language_model." if beginning == "language_model.model." else ""
        names[f"{outer}lm_head.weight"] = "output.weight"
        ignored = ("vision_tower.", "multi_modal_projector.")
        ignored += tuple("model." + name for name in ignored)
        ignored = ignored if self.config.get("model_type") == "gemma3" else ()
        return {
            names.get(name, name): tensor
            for name, tensor in self.tensors.items()
            if not name.endswith("rotary_emb.inv_freq") and not name.startswith(ignored)
        }

    def digests(self) -> Iterator[str]:
        config = completed(self.config)
        shape = config_shape(config)
        weights = checked(self.weights(shape), shape)
        is_tied = truth(config, "tie_word_embeddings", shape.is_gemma)
        need(is_tied or "output.weight" in weights, "the output matrix is missing")
        yield architecture_digest(shape)
        yield rope_digest(config_ropes(config, shape))
        tokens = folder_tokens(self.tokenizer, self.settings, config, shape.vocabulary)
        yield tokenizer_digest(tokens, shape.vocabulary)
        yield weights_digest(weights, shape, is_gguf=False)


def opened(path: str | pathlib.Path) -> Gguf | Folder:
    path = pathlib.Path(path)
    return Folder(path) if path.is_dir() else Gguf(path)


def values(path: str | pathlib.Path) -> dict[str, str]:
    """The identity by values (section 3.1), in hexadecimal."""
    return values_of(opened(path))


def values_of(model: Gguf | Folder) -> dict[str, str]:
    architecture, rope, tokenizer, weights = model.digests()
    return dict(zip(DIGESTS, (weights, architecture, rope, tokenizer), strict=True))


def files(path: str | pathlib.Path) -> list[dict[str, object]]:
    """The identity by files (section 3.3): entries of FILE in their order."""
    return files_of(opened(path))


def files_of(model: Gguf | Folder) -> list[dict[str, object]]:
    entries, paths = [], model.files()
    if len(paths) > 4096:
        raise NoModel("the model has more than 4,096 files")
    for role, path in paths:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        entries.append({"role": role, "name": path.name, "sha256": digest})
    return sorted(entries, key=lambda entry: (entry["role"], entry["sha256"]))


# The command


class Arguments(argparse.ArgumentParser):
    def error(self, message: str) -> None:
        self.exit(64, f"identity.py: {message}\n")


def report(path: str, only_files: bool) -> dict[str, object]:
    model, result = opened(path), {}
    if not only_files:
        try:
            result["values"] = values_of(model)
        except NoValues as problem:
            result |= {"values": None, "why": f"{path}: no identity by values: {problem}"}
    return result | {"files": files_of(model)}


def show(result: dict[str, object]) -> None:
    for name, digest in (result.get("values") or {}).items():
        print(f"{'RoPE' if name == 'rope' else name:13}  {digest}")
    if "why" in result:
        print(result["why"])
    for entry in result["files"]:
        print(f"{entry['role']} {ROLES[entry['role']]:21}  {entry['name']}  {entry['sha256']}")


def main() -> int:
    arguments = Arguments(description="Computes both identities of a model from its files.")
    arguments.add_argument("model", metavar="MODEL", help="a GGUF, or a folder")
    arguments.add_argument("--json", action="store_true", help="print one JSON object")
    arguments.add_argument(
        "--files", action="store_true", help="compute the identity by files alone"
    )
    options = arguments.parse_args()
    try:
        result = report(options.model, options.files)
    except NoModel as problem:
        print(f"identity.py: {problem}", file=sys.stderr)
        return 65
    except OSError as problem:
        print(f"identity.py: {problem}", file=sys.stderr)
        return 66
    if options.json:
        print(json.dumps(result))
    else:
        show(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
