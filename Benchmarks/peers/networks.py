"""The model in transformers."""

import torch
import transformers


def network(model: str, precision: torch.dtype = torch.float32):
    torch.set_num_threads(2)
    folder, _, name = model.rpartition("/")
    return transformers.AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=name, dtype=precision
    ).eval()
