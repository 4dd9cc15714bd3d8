"""How others code a cache: what each gives back, and how many bytes it takes.

Every coding takes a Context and gives (keys, values, bytes), keys after RoPE. Arrays have the shape
[tokens, layers, heads, width]. Where a published coder needs tables, they cost nothing here, and
symbols cost their entropy: so the sizes are at most those of a real file.
"""

import dataclasses
import zlib

import numpy as np
import torch

SINKS, RECENT = 4, 128
# KVTC's bits for a coordinate, and how many coordinates share a scale.
BITS = (0, 2, 4, 8)
GROUPS = (16, 64, 256, 1024)


@dataclasses.dataclass
class Context:
    """One context's cache, and each layer's rotations, [layers, tokens, width]."""

    keys: torch.Tensor
    values: torch.Tensor
    cosines: torch.Tensor
    sines: torch.Tensor

    def turned(self, keys: torch.Tensor, sign: int) -> torch.Tensor:
        """Keys after RoPE of those before it, or with the sign −1 the reverse."""
        cosine = self.cosines.transpose(0, 1)[:, :, None]
        sine = self.sines.transpose(0, 1)[:, :, None]
        left, right = keys.chunk(2, dim=-1)
        return keys * cosine + sign * torch.cat([-right, left], -1) * sine


def rotated(bits: int):
    """A random rotation of each vector, then the best scalar quantiser of a normal variable.

    TurboQuant's quantiser for the least squared error (arXiv 2504.19874, algorithm 1). A vector's
    norm takes 16 bits.
    """
    levels = normal_levels(bits)

    def one(vectors: torch.Tensor) -> tuple[torch.Tensor, float]:
        width = vectors.shape[-1]
        noise = torch.randn(width, width, generator=torch.Generator().manual_seed(1))
        rotation = torch.linalg.qr(noise)[0]
        norm = vectors.norm(dim=-1, keepdim=True).half().float()
        unit = (vectors / norm.clamp_min(1e-9)) @ rotation * width**0.5
        nearest = torch.bucketize(unit, (levels[1:] + levels[:-1]) / 2)
        restored = levels[nearest] / width**0.5 @ rotation.T * norm
        return restored, vectors.numel() * bits / 8 + 2 * norm.numel()

    def code(context: Context) -> tuple[torch.Tensor, torch.Tensor, float]:
        keys, size = one(context.keys)
        values, more = one(context.values)
        return keys, values, size + more

    return code


def normal_levels(bits: int) -> torch.Tensor:
    """The levels of Lloyd and Max for a standard normal variable."""
    sample = torch.randn(1 << 20, generator=torch.Generator().manual_seed(2)).sort().values
    levels = sample[torch.linspace(0, len(sample) - 1, 2 * 2**bits + 1).long()[1::2]]
    for _ in range(200):
        cell = torch.bucketize(sample, (levels[1:] + levels[:-1]) / 2)
        sums = torch.bincount(cell, weights=sample.double(), minlength=2**bits)
        levels = (sums / torch.bincount(cell, minlength=2**bits)).float()
    return levels


def cachegen(step: float):
    """Differences to the first of ten tokens, in steps that grow with the layer (arXiv 2310.07240).

    Each third of the layers has its own step: 0.5, 1 and 1.5 times `step`, times the standard
    deviation of the layer's differences. Each channel of a layer has its own probabilities. The
    first of ten tokens has 8 bits.
    """

    def one(tensor: torch.Tensor) -> tuple[torch.Tensor, float]:
        tokens, layers, heads, width = tensor.shape
        flat = tensor.reshape(tokens, layers, heads * width)
        anchors = flat[::10]
        scale = anchors.abs().amax(0).clamp_min(1e-9) / 127
        anchors = (anchors / scale).round() * scale
        base = anchors.repeat_interleave(10, dim=0)[:tokens]
        delta = flat - base
        third = torch.arange(layers) * 3 // layers
        steps = (0.5 + 0.5 * third) * step * delta.std(dim=(0, 2))
        symbols = (delta / steps[:, None]).round().clamp(-127, 127)
        restored = base + symbols * steps[:, None]
        restored[::10] = anchors
        keep = torch.ones(tokens, dtype=torch.bool)
        keep[::10] = False
        size = entropy(symbols[keep].reshape(int(keep.sum()), -1)) / 8 + anchors.numel()
        return restored.reshape(tensor.shape), size

    def code(context: Context) -> tuple[torch.Tensor, torch.Tensor, float]:
        keys, size = one(context.keys)
        values, more = one(context.values)
        return keys, values, size + more

    return code


def entropy(symbols: torch.Tensor) -> float:
    """The bits of all columns, [rows, columns] of −127 … 127, each with its own frequencies."""
    rows, columns = symbols.shape
    place = symbols.long() + 127 + 256 * torch.arange(columns)
    counts = torch.bincount(place.flatten(), minlength=256 * columns).double()
    return -(counts * (counts / rows).clamp_min(1e-12).log2()).sum().item()


class PrincipalComponents:
    """KVTC's calibration (arXiv 2511.01815): all layers' keys before RoPE, or values, together."""

    def __init__(self, rows: torch.Tensor):
        self.mean = rows.mean(0)
        centred = rows - self.mean
        spectrum, basis = torch.linalg.eigh(centred.T @ centred / len(rows))
        self.basis = basis[:, spectrum.argsort(descending=True)].contiguous()
        sample = centred[:: max(1, len(rows) // 4096)] @ self.basis
        self.errors = {
            (bits, group): self.error(sample, bits, group) for bits in BITS for group in GROUPS
        }

    @staticmethod
    def error(sample: torch.Tensor, bits: int, group: int) -> np.ndarray:
        """The mean squared error of each 16 coordinates, up to multiples of the group."""
        whole = sample[:, : sample.shape[1] // group * group]
        restored = quantised(whole, bits, group)[0] if bits else torch.zeros_like(whole)
        columns = (whole - restored).square().mean(0)
        return columns.reshape(-1, 16).sum(1).double().numpy()

    def allocation(self, budget: float) -> list[tuple[int, int, int]]:
        """(first, group, bits): the least error for at most that many bits a token."""
        low, high = 1e-12, 1e6
        best = self.path(high)
        for _ in range(60):
            price = (low * high) ** 0.5
            path = self.path(price)
            if sum(cost(bits, group) for _, group, bits in path) <= budget:
                best, high = path, price
            else:
                low = price
        return best

    def path(self, price: float) -> list[tuple[int, int, int]]:
        """The best groups at a price of a bit, by dynamic programming."""
        count = len(self.mean) // 16
        sums = {key: np.concatenate([[0], np.cumsum(e)]) for key, e in self.errors.items()}
        best, back = np.full(count + 1, np.inf), [None] * (count + 1)
        best[0] = 0
        for end in range(1, count + 1):
            for (bits, group), total in sums.items():
                first = end - group // 16
                # Errors were measured on groups that start at multiples of their size.
                if first < 0 or first * 16 % group or end >= len(total):
                    continue
                loss = best[first] + total[end] - total[first] + price * cost(bits, group)
                if loss < best[end]:
                    best[end], back[end] = loss, (16 * first, group, bits)
        path, end = [], count
        while end:
            path.append(back[end])
            end = back[end][0] // 16
        return path[::-1]

    def coded(self, rows: torch.Tensor, budget: float) -> tuple[torch.Tensor, int]:
        """What is restored of rows, and the bytes after DEFLATE."""
        coordinates = (rows - self.mean) @ self.basis
        restored, stream = torch.zeros_like(coordinates), bytearray()
        for first, group, bits in self.allocation(budget):
            if bits:
                part = slice(first, first + group)
                restored[:, part], data = quantised(coordinates[:, part], bits, group)
                stream += data
        return restored @ self.basis.T + self.mean, len(zlib.compress(stream, 9))


def cost(bits: int, group: int) -> int:
    """A group's bits: codes, and scale and shift in binary16."""
    return bits and bits * group + 32


def quantised(rows: torch.Tensor, bits: int, group: int) -> tuple[torch.Tensor, bytes]:
    """Rows with a scale and a shift for each group, and their codes and scales as bytes."""
    parts = rows.reshape(len(rows), -1, group)
    least, most = parts.amin(-1, keepdim=True).half(), parts.amax(-1, keepdim=True).half()
    scale = ((most.float() - least.float()) / (2**bits - 1)).half()
    codes = ((parts - least.float()) / scale.float().clamp_min(1e-9)).round()
    codes = codes.clamp(0, 2**bits - 1)
    restored = codes * scale.float() + least.float()
    packed = codes.to(torch.uint8).flatten().reshape(-1, 8 // bits)
    shifts = torch.arange(0, 8, bits, dtype=torch.uint8)
    data = (packed << shifts).sum(1).to(torch.uint8).numpy().tobytes()
    return restored.reshape(rows.shape), data + least.numpy().tobytes() + scale.numpy().tobytes()


def kvtc(keys: PrincipalComponents, values: PrincipalComponents, ratio: int):
    """KVTC for a ratio before DEFLATE. The first 4 and the last 128 tokens stay as they are."""

    def code(context: Context) -> tuple[torch.Tensor, torch.Tensor, float]:
        middle = slice(SINKS, -RECENT)
        restored, size = [], 0
        for tensor, components in (
            (context.turned(context.keys, -1), keys),
            (context.values, values),
        ):
            rows = tensor[middle].flatten(1)
            result, count = components.coded(rows, 16 * rows.shape[1] / ratio)
            restored.append(result.reshape(tensor[middle].shape))
            size += count + 2 * (tensor.numel() - rows.numel())
        all_keys = context.turned(context.keys, -1)
        all_keys[middle] = restored[0]
        all_keys = context.turned(all_keys, 1)
        for exact in (slice(0, SINKS), slice(-RECENT, None)):
            all_keys[exact] = context.keys[exact]
        all_values = context.values.clone()
        all_values[middle] = restored[1]
        return all_keys, all_values, size

    return code
