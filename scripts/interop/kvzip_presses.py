"""KVzip's press of kvpress, and steps from it to `prefill --method kvzip`."""

import kvpress
import torch


class AsPublished(kvpress.KVzipPress):
    """The press, which removes nothing. It notes its scores' logarithms, [layers, heads, pairs]."""

    def compress_post(self, model):
        scores = self.score_val[:, 0]
        scores[..., : self.n_sink] = scores.amax() + 1
        self.seen = (scores + 1e-5).log()


class OurRequests(AsPublished):
    """With the tokens that `prefill` repeats the context by."""

    chunk, leading = 1024, 8

    def prepare(self, model, tokenizer):
        super().prepare(model, tokenizer)
        ids = self._context_ids[0].tolist()
        # Where the first part starts.
        self.prefix_length = start = int(ids[0] == tokenizer.bos_token_id)
        pairs = []
        while start < len(ids):
            last = ids[start - self.leading : start] if start > self.leading else []
            what = "previous context exactly."
            if last:
                text = tokenizer.decode(last)
                what = f"part of the previous context exactly, starting with `{text}`:"
            request = f"\n\nRepeat the {what}\n\n"
            lead = tokenizer.encode(request, add_special_tokens=False) + last
            part = ids[start : start + self.chunk - len(lead)]
            pairs.append((torch.tensor([part]), torch.tensor([lead + part])))
            start += len(part)
        return pairs


class AllKeys(OurRequests):
    """The same, with all keys in each denominator."""

    def score_kvzip(self, module, *arguments):
        scores, part = self.score_val[module.layer_idx], slice(self.start_idx, self.end_idx)
        before = scores.clone()
        self.start_idx, self.end_idx = 0, self.context_length
        left = super().score_kvzip(module, *arguments)
        self.start_idx, self.end_idx = part.start, part.stop
        before[..., part] = scores[..., part]
        scores.copy_(before)
        return left
