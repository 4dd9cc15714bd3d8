"""Which model a snapshot belongs to: the digests of its files, or of a model in memory.

spec/identity_parts computes them, and is a part of this package."""

import contextlib
import dataclasses
import json
import os
import pathlib
import tempfile
from collections.abc import Iterator, Mapping

from kvsnap.errors import (
    MalformedError,
    MissingError,
    NotStoredError,
    OtherModelError,
    SystemFailure,
)
from kvsnap.identity_parts.containers import SAFETENSORS, Tensor, read_json
from kvsnap.identity_parts.fields import NoModel, NoValues
from kvsnap.identity_parts.models import (
    DIGESTS,
    Contents,
    Folder,
    Gguf,
    files_of,
    opened,
    values_of,
)

# torch's types as safetensors names them; no others have digests.
TYPES = {"torch.float32": "F32", "torch.float16": "F16", "torch.bfloat16": "BF16"}


@dataclasses.dataclass(frozen=True)
class ModelFile:
    """An entry of the section FILE."""

    role: int
    """1 weights, 2 config.json, 3 tokenizer.json, 4 tokenizer_config.json"""
    name: str
    sha256: bytes

    def __post_init__(self):
        if len(self.sha256) != 32:
            raise NotStoredError(f"{self.name}: a digest has 32 bytes, not {len(self.sha256)}")


@dataclasses.dataclass(frozen=True)
class Identity:
    """What ties a snapshot to a model (spec/format.md, sections 3.1 and 3.3)."""

    values: Mapping[str, bytes] | None
    """32 bytes for each of weights, architecture, rope, tokenizer; None if the model has none"""
    files: tuple[ModelFile, ...] = ()
    """The model's files in the order of FILE; none for a model in memory"""
    why: str | None = None
    """Why there are no values, in one sentence"""

    def __post_init__(self):
        if self.values is None:
            return
        if set(self.values) != set(DIGESTS) or any(len(d) != 32 for d in self.values.values()):
            raise NotStoredError(f"an identity has 32 bytes for each of {', '.join(DIGESTS)}")

    @property
    def digests(self) -> bytes:
        """The first 128 bytes of the section IDEN: zeros if there are no values."""
        return bytes(128) if self.values is None else b"".join(self.values[n] for n in DIGESTS)


def identity(model, tokenizer=None, files: str | os.PathLike | None = None) -> Identity:
    """The identity of a model: of files, if `model` is the path of a GGUF or of a folder; else of
    a transformers model in memory, by its tensors, its configuration and its tokenizer.

    `tokenizer` is one of transformers, or the folder that has its files. Without it they are those
    of the folder from which the model was loaded.

    A model in memory has the identity of its files only if loading rounded nothing. Whoever loaded
    it in another type, quantised it, or took it from a GGUF gives its `files`, a path: their
    identity is then the result. (A GGUF that was dequantised to float32 keeps its weights' digest,
    but transformers drops some of its settings, and makes another tokenizer.)"""
    if isinstance(model, str | bytes | os.PathLike):
        return of_files(pathlib.Path(os.fsdecode(model)))
    if not hasattr(model, "name_or_path"):
        raise NotStoredError(f"a model is a path or a model of transformers, not {model!r}")
    if files is not None:
        return of_files(pathlib.Path(files), model)
    folder = pathlib.Path(model.name_or_path)
    folder = folder if model.name_or_path and folder.is_dir() else None
    name = f"the model {model.name_or_path or type(model).__name__}"
    if folder and any(folder.glob("*.gguf")) and not (folder / "config.json").exists():
        raise NotStoredError(f"{name} is from a GGUF: its identity needs files, the GGUF's path")
    with errors_of(name):
        config = json.loads(model.config.to_json_string())
        files_of_tokenizer = tokenizer_files(folder if tokenizer is None else tokenizer, name)
        tensors = {key: Held(key, tensor) for key, tensor in model.state_dict().items()}
        return with_values(Contents(config, *files_of_tokenizer, tensors), name)


def of_files(path: pathlib.Path, model=None) -> Identity:
    """The identity of files. A model in memory must have their sizes."""
    with errors_of(str(path)):
        opened_model = opened(path)
        if model is not None:
            check_sizes(opened_model, model, path)
        entries = tuple(
            ModelFile(entry["role"], entry["name"], bytes.fromhex(entry["sha256"]))
            for entry in files_of(opened_model)
        )
        return dataclasses.replace(with_values(opened_model, str(path)), files=entries)


def with_values(model: Gguf | Contents, name: str) -> Identity:
    try:
        digests = {key: bytes.fromhex(digest) for key, digest in values_of(model).items()}
    except NoValues as problem:
        return Identity(None, why=f"{name}: no identity by values: {problem}")
    return Identity(digests)


def check_sizes(files: Gguf | Folder, model, path: pathlib.Path) -> None:
    """Rejects files that a model in memory cannot be from: no tensor has its embedding's shape."""
    shape = tuple(model.get_input_embeddings().weight.shape)
    if all(tensor.shape != shape for tensor in files.tensors.values()):
        raise OtherModelError(f"{path}: no tensor has the shape {shape} of the model's embedding")


@contextlib.contextmanager
def errors_of(name: str) -> Iterator[None]:
    try:
        yield
    except NoModel as problem:
        raise MalformedError(f"{name}: {problem}") from None
    except FileNotFoundError as problem:
        raise MissingError(str(problem)) from None
    except OSError as problem:
        raise SystemFailure(str(problem)) from None


def tokenizer_files(tokenizer, name: str) -> tuple[dict, dict]:
    """tokenizer.json and tokenizer_config.json, of a folder or as transformers writes them."""
    if tokenizer is None:
        raise NotStoredError(f"{name} is from no local folder: its identity needs the tokenizer")
    if isinstance(tokenizer, str | os.PathLike):
        folder = pathlib.Path(tokenizer)
        settings = folder / "tokenizer_config.json"
        return read_json(folder / "tokenizer.json"), read_json(
            settings
        ) if settings.exists() else {}
    with tempfile.TemporaryDirectory() as work:
        tokenizer.save_pretrained(work)
        return tokenizer_files(work, name)


class Held(Tensor):
    """A tensor in memory: torch's, on any device."""

    def __init__(self, name: str, tensor) -> None:
        kind = str(tensor.dtype)
        kind = SAFETENSORS[TYPES[kind]] if kind in TYPES else kind
        super().__init__(pathlib.Path(name), 0, tuple(tensor.shape), kind)
        self.tensor = tensor.detach()

    def data(self, length: int) -> Iterator[bytes]:
        import torch

        if self.tensor.is_meta:
            raise NotStoredError(f"the tensor {self.path} is not in memory")
        flat = self.tensor.reshape(-1)
        for start in range(0, len(flat), length):
            piece = flat[start : start + length].cpu().contiguous()
            yield piece.view(torch.uint8).numpy().tobytes()
