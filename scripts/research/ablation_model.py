"""A model whose attention is recorded, or restricted to some of a prompt's pairs."""

import inspect

import torch
import transformers
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import sdpa_mask

PROMPT, CONTINUATION = 2048, 256


class Tap:
    """The attention of all layers: records queries, keys and values, or attends to some of a
    prompt's pairs."""

    def __init__(self, model):
        self.record, self.prompt, self.kept = None, None, None
        self.windows, self.scale = {}, None
        AttentionInterface.register("tap", self.attend)
        AttentionMaskInterface.register("tap", sdpa_mask)
        model.set_attn_implementation("tap")

    def visible(self, layer, tokens, pairs):
        """Which of the pairs each of the last tokens sees."""
        query, pair = torch.arange(pairs - tokens, pairs)[:, None], torch.arange(pairs)[None]
        window = self.windows.get(layer)
        return (pair <= query) & (pair > query - window) if window else pair <= query

    def attend(self, module, query, key, value, mask, scaling=None, **_):
        layer = module.layer_idx
        self.windows[layer], self.scale = getattr(module, "sliding_window", None), scaling
        if self.record is not None:
            self.record[layer] = (query[0], key[0], value[0])
        if self.prompt is not None:
            key = torch.cat([self.prompt[layer][1][None, :, :PROMPT], key], dim=2)
            value = torch.cat([self.prompt[layer][2][None, :, :PROMPT], value], dim=2)
        visible = self.visible(layer, query.shape[2], key.shape[2])[None].repeat(key.shape[1], 1, 1)
        if self.kept is not None:
            visible[:, :, :PROMPT] &= self.kept[layer][:, None]
        group = query.shape[1] // key.shape[1]
        repeated = [x.repeat_interleave(group, dim=1) for x in (key, value)]
        out = torch.nn.functional.scaled_dot_product_attention(
            query, *repeated, attn_mask=visible.repeat_interleave(group, dim=0)[None], scale=scaling
        )
        return out.transpose(1, 2).contiguous(), None


class Model:
    """A model of a GGUF file in float32, with its tokenizer and its tap."""

    def __init__(self, path):
        source = {"pretrained_model_name_or_path": path.parent, "gguf_file": path.name}
        self.tokenizer = transformers.AutoTokenizer.from_pretrained(**source)
        self.network = transformers.AutoModelForCausalLM.from_pretrained(
            **source,
            dtype=torch.float32,
            quantization_config=transformers.GgufConfig(dequantize=True),
        ).eval()
        begin = self.tokenizer.bos_token_id
        self.begin = [begin] if begin in self.tokenizer("a").input_ids else []
        self.tap = Tap(self.network)

    def ids(self, files):
        text = "\n\n".join(file.read_text(encoding="utf-8") for file in files)
        return self.tokenizer(text, add_special_tokens=False).input_ids

    def run(self, tokens):
        """Queries, keys and values of every layer."""
        self.tap.record, self.tap.prompt, self.tap.kept = {}, None, None
        self.network.model(torch.tensor([tokens]), use_cache=False)
        return self.tap.record

    def turn(self, layer, vectors, positions):
        """What RoPE makes of vectors that it has turned already, by that many more positions."""
        rope = self.network.model.rotary_emb
        kinds = getattr(self.network.config, "layer_types", None)
        has_kinds = "layer_type" in inspect.signature(rope.forward).parameters
        kind = [kinds[layer]] if has_kinds else []
        cosines, sines = rope(vectors, torch.tensor([[positions]]), *kind)
        first, second = vectors.chunk(2, dim=-1)
        return vectors * cosines[0] + torch.cat([-second, first], dim=-1) * sines[0]

    def likelihood(self, tokens, prompt, masks):
        """The mean negative log-likelihood of the continuation, given some pairs of the prompt."""
        self.tap.record, self.tap.prompt, self.tap.kept = None, prompt, masks
        new, at = tokens[PROMPT:], torch.arange(PROMPT, PROMPT + CONTINUATION)
        logits = self.network(torch.tensor([new]), position_ids=at[None], use_cache=False).logits[0]
        wanted = torch.tensor(new[1:])
        return torch.nn.functional.cross_entropy(logits[:-1].float(), wanted).item()
