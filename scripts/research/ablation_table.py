"""The tables of docs/results.md."""

RATIOS = (4, 8)
# What `prefill` does.
USUAL = "q-filters | "


def mean(values):
    return sum(values) / len(values)


def against(rows, others):
    """The mean difference of the likelihoods of the same prompts, and its standard error."""
    differences = [row[1] - other[1] for row, other in zip(rows, others, strict=True)]
    middle, count = mean(differences), len(differences)
    spread = sum((x - middle) ** 2 for x in differences) / max(1, count - 1)
    return f"{middle:+.4f} ± {(spread / count) ** 0.5:.4f}"


def table(report):
    whole = mean([row[1] for row in report["whole cache"]["×1"]])
    print(f"whole cache {whole:.4f}\n")
    ratios = [f"×{ratio}" for ratio in RATIOS]
    titles = ("mass", "ΔNLL", "against the default")
    cells = [f"{title} {ratio}" for title in titles for ratio in ratios]
    print(f"| score | what differs | {' | '.join(cells)} |")
    print("| --- | --- |" + " --- |" * len(cells))
    for name, rows in report.items():
        if name != "whole cache":
            cells = line(rows, whole, ratios, report.get(USUAL))
            print(f"| {name} | {' | '.join(cells)} |")


def line(rows, whole, ratios, usual):
    """The cells of one setting."""
    shares = {ratio: mean([row[0] for row in found]) for ratio, found in rows.items()}
    losses = {ratio: mean([row[1] for row in found]) - whole for ratio, found in rows.items()}
    cells = [f"{shares[ratio]:.3f}" if ratio in rows else "–" for ratio in ratios]
    cells += [f"{losses[ratio]:+.3f}" if ratio in rows else "–" for ratio in ratios]
    if usual:
        cells += [against(rows[ratio], usual[ratio]) if ratio in rows else "–" for ratio in ratios]
    return cells
