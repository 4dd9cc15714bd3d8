"""The same cache as tensors in files: safetensors, torch.save, and bfloat16 packed by zipnn."""

import json
import os
import pathlib
import sys
import tempfile
import time
from collections.abc import Callable

import safetensors.torch
import torch
import zipnn
from networks import network


def seconds(body: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    result = body()
    return time.perf_counter() - start, result


def file_row(tensors: dict, path: str, write: Callable, read: Callable) -> dict:
    def save() -> None:
        write(tensors, path)
        with open(path, "rb+") as file:
            os.fsync(file.fileno())  # as this project does before it says that a file is written

    # What is only mapped has not been read: the clone is.
    def load():
        return {name: tensor.clone() for name, tensor in read(path).items()}

    written, _ = seconds(save)
    load()
    taken, _ = seconds(load)
    return {"write": written, "read": taken, "bytes": os.path.getsize(path)}


def processor_seconds(body: Callable[[object], object], inputs: list) -> tuple[float, object]:
    """The least processor time of several runs, as this project's codec is measured, and a
    result."""
    times = []
    for given in inputs:
        start = time.process_time()
        result = body(given)
        times.append(time.process_time() - start)
    return min(times), result


def zipnn_row(tensors: dict) -> dict:
    packer = zipnn.ZipNN(bytearray_dtype="bfloat16", threads=1)
    rounded = torch.cat([tensor.flatten() for tensor in tensors.values()]).bfloat16()
    raw = rounded.view(torch.uint8).numpy().tobytes()
    # It packs in place.
    taken, packed = processor_seconds(packer.compress, [bytearray(raw) for _ in range(4)])
    unpacked_in, unpacked = processor_seconds(packer.decompress, [packed] * 4)
    assert bytes(unpacked) == raw
    return {"write": taken, "read": unpacked_in, "bytes": len(packed), "raw": len(raw)}


def main() -> None:
    model, ids_path = sys.argv[1], sys.argv[2]
    ids = json.loads(pathlib.Path(ids_path).read_text())
    llama = network(model)
    with torch.inference_mode():
        cache = llama(torch.tensor([ids]), use_cache=True, logits_to_keep=1).past_key_values
    tensors = {}
    for index, layer in enumerate(cache.layers):
        tensors[f"{index}.keys"] = layer.keys.half().contiguous()
        tensors[f"{index}.values"] = layer.values.half().contiguous()
    with tempfile.TemporaryDirectory() as place:
        rows = {
            "safetensors": file_row(
                tensors,
                f"{place}/a.safetensors",
                safetensors.torch.save_file,
                safetensors.torch.load_file,
            ),
            "torch.save": file_row(tensors, f"{place}/a.pt", torch.save, torch.load),
            "zipnn": zipnn_row(tensors),
        }
    print(json.dumps(rows))


main()
