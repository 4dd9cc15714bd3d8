# SPDX-License-Identifier: CC0-1.0
"""A model's files, and both identities of it."""

import dataclasses
import hashlib
import pathlib
from collections.abc import Iterator

from .architecture import Shape, architecture_digest, gguf_shape
from .config import completed, config_shape
from .config_rope import config_ropes
from .containers import Tensor, read_json, read_safetensors
from .fields import Keys, NoModel, intact, need, truth
from .folder_tokenizer import folder_tokens
from .parts import read_parts, weight_files
from .rope import FREQS, LONG, SHORT, gguf_ropes, rope_digest
from .tokenizer import gguf_tokens, tokenizer_digest
from .weights import all_tensors, checked, transformers_name, weights_digest

ROLES = {1: "weights", 2: "config.json", 3: "tokenizer.json", 4: "tokenizer_config.json"}
DIGESTS = ("weights", "architecture", "rope", "tokenizer")


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


@dataclasses.dataclass
class Contents:
    """What a folder holds, as transformers writes it."""

    config: Keys
    tokenizer: Keys
    settings: Keys  # tokenizer_config.json
    tensors: dict[str, Tensor]

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


class Folder(Contents):
    """A folder as transformers writes it."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        settings = path / "tokenizer_config.json"
        super().__init__(
            read_json(path / "config.json"),
            read_json(path / "tokenizer.json"),
            read_json(settings) if settings.exists() else {},
            {},
        )
        shards = weight_files(path)
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


def opened(path: str | pathlib.Path) -> Gguf | Folder:
    path = pathlib.Path(path)
    return Folder(path) if path.is_dir() else Gguf(path)


def values(path: str | pathlib.Path) -> dict[str, str]:
    """The identity by values (section 3.1), in hexadecimal."""
    return values_of(opened(path))


def values_of(model: Gguf | Contents) -> dict[str, str]:
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
