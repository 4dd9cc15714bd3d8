"""The picture of docs/precision.md: how small a file is against how far its predictions are."""

import math
import statistics

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 420, 70, 50, 36, 100
COLOURS = ["#1f6fb2", "#c8511b", "#2c8a4b", "#7a4fa3", "#8a6d1d", "#555555"]
SIZES = (1.5, 50)
DIVERGENCES = (1e-5, 0.1)


def x(size: float) -> float:
    share = math.log(size / SIZES[0]) / math.log(SIZES[1] / SIZES[0])
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def y(divergence: float) -> float:
    share = math.log(max(divergence, DIVERGENCES[0]) / DIVERGENCES[0])
    share /= math.log(DIVERGENCES[1] / DIVERGENCES[0])
    return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)


def text(at: tuple[float, float], words: str, anchor: str = "middle", colour: str = "#222") -> str:
    return (
        f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" text-anchor="{anchor}" fill="{colour}">'
        f"{words}</text>"
    )


def axes() -> list[str]:
    parts = []
    for size in (2, 4, 8, 16, 32):
        parts.append(line((x(size), y(DIVERGENCES[0])), (x(size), y(DIVERGENCES[1]))))
        parts.append(text((x(size), HEIGHT - BOTTOM + 18), f"1/{size}"))
    for power in range(-5, 0):
        at = y(10.0**power)
        parts.append(line((x(SIZES[0]), at), (x(SIZES[1]), at)))
        parts.append(text((LEFT - 8, at + 4), f"{10.0**power:g}", "end"))
    parts.append(text((LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 12), "file, of the cache"))
    parts.append(text((8, TOP - 16), "divergence in nats", "start"))
    return parts


def line(start: tuple[float, float], end: tuple[float, float]) -> str:
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" '
        'stroke="#ddd"/>'
    )


def points(contexts: list[dict], is_transform: bool) -> list[tuple[float, float]]:
    """Mean size and divergence of each precision."""
    names = [
        name
        for name in contexts[0]["precisions"]
        if name != "f16" and name.startswith("transform") == is_transform
    ]
    return [
        (
            statistics.mean(context["precisions"][name]["smaller"] for context in contexts),
            statistics.mean(context["precisions"][name]["divergence"] for context in contexts),
        )
        for name in names
    ]


def series(contexts: list[dict], colour: str) -> list[str]:
    parts = []
    for is_transform in (True, False):
        places = [(x(size), y(kl)) for size, kl in points(contexts, is_transform)]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        dash = "" if is_transform else ' stroke-dasharray="4 3"'
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}"{dash}/>')
        parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="{colour}"/>' for a, b in places]
    return parts


def picture(results: dict) -> str:
    """An SVG: solid lines are the transform's qualities, dashed ones int8, 8:int8,int4 and int4."""
    parts = axes()
    for index, (kind, lengths) in enumerate(results.items()):
        longest, colour = max(lengths, key=int), COLOURS[index % len(COLOURS)]
        if lengths[longest]:
            parts += series(lengths[longest], colour)
            place = (WIDTH - RIGHT + 12, TOP + 16 + 22 * index)
            parts.append(text(place, kind, "start", colour))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="13">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n'
    )
