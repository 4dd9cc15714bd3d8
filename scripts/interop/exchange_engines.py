"""Other engines, alike to use: they read tokens, save what they hold, load it, and continue."""

import ctypes
import importlib.metadata
import json
import pathlib

import llama_cpp
import mlx.core as mx
import mlx_lm.models.cache as mlx_cache
import mlx_lm.utils
import numpy as np
import safetensors.torch
import torch
import transformers

F32, F16 = 0, 1  # ggml's numbers of types


@llama_cpp.llama_log_callback
def silent(*_):
    pass


llama_cpp.llama_log_set(silent, ctypes.c_void_p(0))


class Engine:
    """What an engine holds after some tokens."""

    def feed(self, ids: list[int]) -> np.ndarray:
        """Reads tokens; the logits of the last one."""
        raise NotImplementedError

    def continued(self, ids: list[int], count: int) -> list[int]:
        """The greedy tokens after `ids`."""
        new: list[int] = []
        while len(new) < count:
            new.append(int(self.feed(ids).argmax()))
            ids = [new[-1]]
        return new


class Llama(Engine):
    package, format, ending = "llama-cpp-python", "llama.cpp", "bin"

    def __init__(self, model: pathlib.Path, element=F32, flash=True, session=False):
        self.session = session
        parameters = llama_cpp.llama_model_default_params()
        parameters.n_gpu_layers = 0
        self.model = llama_cpp.llama_model_load_from_file(str(model).encode(), parameters)
        context = llama_cpp.llama_context_default_params()
        context.n_ctx, context.type_k, context.type_v = 2048, element, element
        context.flash_attn_type = 1 if flash else 0
        context.n_threads = context.n_threads_batch = 2
        self.context = llama_cpp.llama_init_from_model(self.model, context)
        vocabulary = llama_cpp.llama_model_get_vocab(self.model)
        self.size = llama_cpp.llama_vocab_n_tokens(vocabulary)

    def feed(self, ids):
        # The batch points to it.
        tokens = (llama_cpp.llama_token * len(ids))(*ids)
        batch = llama_cpp.llama_batch_get_one(tokens, len(ids))
        if llama_cpp.llama_decode(self.context, batch):
            raise RuntimeError("llama_decode failed")
        logits = llama_cpp.llama_get_logits_ith(self.context, -1)
        return np.ctypeslib.as_array(logits, shape=(self.size,))

    def save(self, path: pathlib.Path, ids: list[int]) -> None:
        tokens = (llama_cpp.llama_token * len(ids))(*ids)
        name = str(path).encode()
        if self.session:
            done = llama_cpp.llama_state_save_file(self.context, name, tokens, len(ids))
        else:
            done = llama_cpp.llama_state_seq_save_file(self.context, name, 0, tokens, len(ids))
        if not done:
            raise RuntimeError(f"{path}: not saved")

    def load(self, path: pathlib.Path) -> None:
        """Loads a sequence; `export` writes no session."""
        tokens, count = (llama_cpp.llama_token * 2048)(), ctypes.c_size_t()
        if not llama_cpp.llama_state_seq_load_file(
            self.context, str(path).encode(), 0, tokens, 2048, ctypes.byref(count)
        ):
            raise RuntimeError(f"{path}: not loaded")

    def __del__(self):
        llama_cpp.llama_free(self.context)
        llama_cpp.llama_model_free(self.model)


class MLX(Engine):
    package, format, ending = "mlx-lm", "mlx", "safetensors"

    def __init__(self, model: pathlib.Path):
        # transformers writes RoPE's base into an object that mlx-lm does not read.
        rope = json.loads((model / "config.json").read_text())["rope_parameters"]
        base = {"rope_theta": rope["rope_theta"]} if "rope_theta" in rope else {}
        self.model, _ = mlx_lm.utils.load_model(model, model_config=base)
        self.cache = mlx_cache.make_prompt_cache(self.model)

    def feed(self, ids):
        logits = self.model(mx.array([ids]), cache=self.cache)[0, -1]
        return np.array(logits.astype(mx.float32))

    def save(self, path, ids):
        metadata = {"tokens": json.dumps(ids)}
        mlx_cache.save_prompt_cache(str(path), self.cache, metadata)

    def load(self, path):
        self.cache = mlx_cache.load_prompt_cache(str(path))


class Transformers(Engine):
    package, format, ending = "transformers", "safetensors", "safetensors"

    def __init__(self, model: pathlib.Path):
        self.model = transformers.AutoModelForCausalLM.from_pretrained(
            model, dtype=torch.float32
        ).eval()
        self.cache = transformers.DynamicCache()

    def feed(self, ids):
        with torch.no_grad():
            return self.model(torch.tensor([ids]), past_key_values=self.cache).logits[0, -1].numpy()

    def save(self, path, ids):
        tensors = {"tokens": torch.tensor(ids)}
        for index, layer in enumerate(self.cache.layers):
            tensors[f"layer{index}.keys"] = layer.keys[0].contiguous()
            tensors[f"layer{index}.values"] = layer.values[0].contiguous()
        safetensors.torch.save_file(tensors, path)

    def load(self, path):
        tensors = safetensors.torch.load_file(path)
        self.cache = transformers.DynamicCache()
        for layer in range(self.model.config.num_hidden_layers):
            pair = [
                torch.stack(
                    [
                        tensors[f"layer{layer}.head{head}.{name}"]
                        for head in range(self.model.config.num_key_value_heads)
                    ]
                )[None]
                for name in ("keys", "values")
            ]
            self.cache.update(*pair, layer)


def version(engine: type[Engine]) -> str:
    return f"{engine.package} {importlib.metadata.version(engine.package)}"
