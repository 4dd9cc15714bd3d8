"""The picture of docs/precision.md: how small a file is against how far its predictions are."""

import math
import statistics

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 420, 70, 50, 36, 100
GREY = "#777"
PEERS = ("rotated", "CacheGen", "KVTC")
TRANSFORMS = ["transform:high", "transform:medium", "transform:low"]
PLAIN = ["int8", "8:int8,int4", "int4"]
COLOURS = ["#1f6fb2", "#c8511b", "#2c8a4b", "#7a4fa3", "#8a6d1d", "#555555"]
SIZES = (1.5, 50)
DIVERGENCES = (1e-5, 0.2)


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


def places(contexts: list[dict], names: list[str]) -> list[tuple[float, float]]:
    """Where the mean size and divergence of each precision are."""
    found = [context["precisions"] for context in contexts if names[0] in context["precisions"]]
    return [
        (
            x(statistics.mean(precisions[name]["smaller"] for precisions in found)),
            y(statistics.mean(precisions[name]["divergence"] for precisions in found)),
        )
        for name in names
    ]


def series(contexts: list[dict], names: list[str], colour: str, dash: str = "") -> list[str]:
    where = places(contexts, names)
    path = " ".join(f"{a:.1f},{b:.1f}" for a, b in where)
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-dasharray="{dash}"/>',
        *(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="4" fill="{colour}"/>' for a, b in where),
    ]


def others(contexts: list[dict]) -> list[str]:
    """Codings of other projects, each with its name."""
    parts = []
    for family in PEERS:
        names = [name for name in contexts[0]["precisions"] if name.startswith(family)]
        if names:
            parts += series(contexts, names, GREY, "1 3")
            end = places(contexts, names)[-1]
            parts.append(text((end[0] + 8, end[1] - 6), family, "start", GREY))
    return parts


def picture(results: dict) -> str:
    """An SVG: solid lines are the transform's qualities, dashed ones int8, 8:int8,int4 and int4.
    Dotted ones are other projects' codings of the first kind of text."""
    parts = axes()
    for index, (kind, lengths) in enumerate(results.items()):
        contexts, colour = lengths[max(lengths, key=int)], COLOURS[index % len(COLOURS)]
        if not contexts:
            continue
        parts += series(contexts, TRANSFORMS, colour) + series(contexts, PLAIN, colour, "4 3")
        place = (WIDTH - RIGHT + 12, TOP + 16 + 22 * index)
        parts.append(text(place, kind, "start", colour))
        if index == 0:
            parts += others(contexts)
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="13">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n'
    )
