"""Scores of pairs, and the calibration that they need."""

import torch
from ablation_model import CONTINUATION, PROMPT

OBSERVED, FUTURE = 64, 512


def shares(logits):
    return torch.softmax(logits, dim=-1)


def grouped(x, heads):
    return x.view(heads, -1, *x.shape[1:])


class Calibration:
    """Moments of queries after RoPE, by layer and query head, and the filters that follow."""

    def __init__(self, layers):
        self.count, self.sums, self.grams = 0, [0] * layers, [0] * layers

    def add(self, record):
        for layer, (query, *_) in record.items():
            query = query.double()
            self.sums[layer] = self.sums[layer] + query.sum(1)
            self.grams[layer] = self.grams[layer] + query.transpose(1, 2) @ query
        self.count += query.shape[1]

    def finish(self, turn):
        """Filters by layer and query head, as calibrated and turned; the turned moments; and by how
        much queries project on their filter on average."""
        places = [place + PROMPT / 2 for place in range(FUTURE // 16, FUTURE, FUTURE // 8)]
        self.directions, self.turned, self.ahead, self.means, self.covariances, self.projections = [
            [] for _ in range(6)
        ]
        for layer, (total, gram) in enumerate(zip(self.sums, self.grams, strict=True)):
            mean = total / self.count
            covariance = (gram / self.count - mean[:, :, None] * mean[:, None]).float()
            direction = torch.linalg.eigh(gram).eigenvectors[:, :, -1].float()
            direction *= torch.sign((direction * mean.float()).sum(-1, keepdim=True))

            def on(vectors, by=PROMPT / 2 + FUTURE / 2, layer=layer):
                return turn(layer, vectors, by)

            self.projections.append((direction * mean.float()).sum(-1))
            self.directions.append(direction)
            self.turned.append(on(direction))
            self.ahead.append(torch.stack([on(direction, place) for place in places]))
            self.means.append(on(mean.float()))
            # R C Rᵀ: rows, then columns.
            self.covariances.append(on(on(covariance).transpose(1, 2)).transpose(1, 2))


def expected(keys, means, covariances, scale):
    """log E exp(scale ⟨q, k⟩) for normal queries: [query heads, pairs]."""
    keys = keys.repeat_interleave(len(means) // len(keys), dim=0)
    linear = torch.einsum("hnd,hd->hn", keys, means)
    square = torch.einsum("hnd,hde,hne->hn", keys, covariances, keys)
    return scale * linear + scale * scale / 2 * square


def snapkv(layer, query, wide, heads, tap):
    """The attention of the last tokens, pooled over neighbours."""
    late = torch.matmul(query[:, -OBSERVED:], wide.transpose(1, 2)) * tap.scale
    late = late.masked_fill(~tap.visible(layer, OBSERVED, PROMPT), -torch.inf)
    attention = grouped(shares(late), heads).mean((1, 2))
    return torch.nn.functional.avg_pool1d(attention[:, None], 5, 1, 2)[:, 0]


def raw_scores(layer, record, calibration, tap):
    """One score a pair for every way of scoring; [heads, pairs], greater is better."""
    query, key, value = (x[:, :PROMPT] for x in record[layer])
    heads, group, scale = len(key), len(query) // len(key), tap.scale
    wide = key.repeat_interleave(group, dim=0)
    length, unit = value.norm(dim=-1), torch.nn.functional.normalize(key, dim=-1)
    projections = scale * calibration.projections[layer][:, None]

    def on(filters):
        return torch.einsum("hnd,hd->hn", key, grouped(filters, heads).mean(1))

    def attention(logits):
        return grouped(shares(logits), heads)

    def logits(filters):
        return projections * torch.einsum("hnd,hd->hn", wide, filters)

    def z(x):
        return (x - x.mean(-1, keepdim=True)) / x.std(-1, keepdim=True)

    def said(shares):
        return z(shares.clamp_min(1e-12).log())

    keydiff = -torch.nn.functional.cosine_similarity(key, unit.mean(1, keepdim=True), dim=-1)
    turned, norm = calibration.turned[layer], key.norm(dim=-1)
    share = attention(logits(turned))
    q, pooled, half = said(share.mean(1)), z(on(turned)), 0.5 * z(keydiff)
    ahead = torch.stack(
        [attention(logits(filters)).mean(1) for filters in calibration.ahead[layer]]
    ).mean(0)
    means = attention(scale * torch.einsum("hnd,hd->hn", wide, calibration.means[layer])).mean(1)
    moments = attention(
        expected(key, calibration.means[layer], calibration.covariances[layer], scale)
    ).mean(1)
    return {
        "q-filters": q + half,
        "no keydiff": q,
        "¼ keydiff": q + half / 2,
        "keydiff whole": q + half * 2,
        "½ k-norm, no keydiff": q - 0.5 * z(norm),
        "½ ‖v‖, no keydiff": q + 0.5 * z(length),
        "× ‖v‖, no keydiff": said(share.mean(1) * length),
        "filter of the group": pooled + half,
        "filter of the group, no keydiff": pooled,
        "filter of the group, ½ k-norm": pooled - 0.5 * z(norm),
        "max of the group's shares": said(share.amax(1)) + half,
        "not turned": said(attention(logits(calibration.directions[layer])).mean(1)) + half,
        "turned to 8 places": said(ahead) + half,
        "mean query": said(means) + half,
        "mean and covariance": said(moments) + half,
        "as published": on(calibration.directions[layer]),
        "keydiff": keydiff,
        "k-norm": -norm,
        "snapkv": snapkv(layer, query, wide, heads, tap),
        "streaming-llm": torch.arange(PROMPT, dtype=torch.float).repeat(heads, 1),
        "random": torch.rand(heads, PROMPT),
    }


def mass(record, tap):
    """The attention that each of the prompt's pairs gets from the continuation, by layer: [heads,
    pairs]."""
    result = []
    for layer, (query, key, _) in sorted(record.items()):
        wide = key.repeat_interleave(len(query) // len(key), dim=0)
        logits = query[:, PROMPT:] @ wide.transpose(1, 2) * tap.scale
        logits = logits.masked_fill(
            ~tap.visible(layer, CONTINUATION, PROMPT + CONTINUATION), -torch.inf
        )
        result.append(grouped(shares(logits)[:, :, :PROMPT], len(key)).sum((1, 2)))
    return result
