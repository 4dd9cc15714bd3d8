"""The weights of a GGUF in float32, as each engine takes them, so that engines compute alike."""

import pathlib

import gguf
import numpy as np
import torch
import transformers


def float_gguf(source: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """A GGUF of the same model whose tensors are all F32."""
    target = folder / f"{source.stem}-f32.gguf"
    if target.exists():
        return target
    reader = gguf.GGUFReader(source)
    partial = target.with_suffix(".partial")
    writer = gguf.GGUFWriter(partial, reader.fields["general.architecture"].contents())
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name in (
            "general.architecture",
            "general.file_type",
        ):
            continue
        element = field.types[1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], sub_type=element)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        shape = tuple(int(size) for size in reversed(tensor.shape))
        writer.add_tensor(tensor.name, values.astype(np.float32).reshape(shape))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.rename(target)
    return target


def float_folder(source: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """A folder of the same model as transformers and mlx-lm read it, in float32."""
    target = folder / f"{source.stem}-f32"
    if not (target / "config.json").exists():
        model = transformers.AutoModelForCausalLM.from_pretrained(
            source.parent,
            gguf_file=source.name,
            dtype=torch.float32,
            quantization_config=transformers.GgufConfig(dequantize=True),
        )
        model.save_pretrained(target)
    return target
