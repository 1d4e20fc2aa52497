"""Every score of every system as excess over the floor, in one dot plot."""

import numpy as np
from matplotlib.figure import Figure

from marsjax.eval.families import MEAN, is_similarity
from marsjax.plot.evaluation import (
    WIDTH,
    Report,
    estimate,
    legend_of,
    none,
    short,
    style_of,
    system_names,
)
from marsjax.plot.style import (
    FAINT,
    GRID,
    INK,
    legend_below,
    new_axes,
    new_figure,
    set_labels,
)

METRICS = ("L1", "relative", "mean", "overlap", "KS", "W1")
"""Of a score with several metrics the first of these is shown; these have no unit."""


def score_overview(report: Report, metric: str | None = None) -> Figure:
    """Excess over the floor with 95 % intervals, a row a score, a colour a system.

    Scores stand by family, and within one by the excess of the first system; a mean of
    a family comes first. Of a similarity (overlap) the excess is drawn with its sign
    turned, so that more is worse everywhere.

    Args:
      report: of ``marsjax evaluate``; ``report["systems"]`` is drawn.
      metric: ``L1``, ``W1`` and so on; by default each score is shown in one metric,
        the first of `METRICS` that it has.
    """
    names = system_names(report)
    tables = {name: _by_score(report["systems"][name], metric) for name in names}
    keys = _sorted_keys(tables, names)
    height = 1.6 + 0.2 * len(keys) * (1 + 0.12 * max(len(names) - 1, 0))
    figure = new_figure(WIDTH, max(height, 3.0))
    of = f", {metric}" if metric else ""
    axes = new_axes(
        figure, 1, 1, 1, title=f"Excess over the floor{of}: 0 is as good as real data"
    )
    axes.grid(axis="y", visible=False)
    axes.grid(axis="x", color=GRID, linewidth=0.6)
    if not keys:
        none(axes)
        return figure
    step = 0.7 / max(len(names), 1)
    for i, name in enumerate(names):
        look = style_of(names, name)
        look.pop("linestyle")
        offset = (i - (len(names) - 1) / 2) * step
        for row, key in enumerate(keys):
            value, low, high = excess_of(tables[name].get(key))
            if not np.isfinite(value):
                continue
            at = row + offset
            if np.isfinite(low) and np.isfinite(high):
                axes.plot([low, high], [at, at], color=look["color"], linewidth=1.1)
            axes.plot([value], [at], markersize=4.2, linewidth=0, **look)
    for row in range(0, len(keys), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#f6f6f6", linewidth=0, zorder=0)
    for row in range(1, len(keys)):
        if keys[row][0] != keys[row - 1][0]:
            axes.axhline(row - 0.5, color=FAINT, linewidth=0.8)
    axes.axvline(0, color=INK, linewidth=1.0)
    axes.set_yticks(range(len(keys)), labels=[_label(key, metric) for key in keys])
    axes.tick_params(axis="y", labelsize=8, length=0)
    for label, key in zip(axes.get_yticklabels(), keys, strict=True):
        label.set_fontweight("bold" if key[1].startswith(MEAN) else "normal")
    axes.set_ylim(len(keys) - 0.5, -0.5)
    missing = sum(
        not np.isfinite(excess_of(tables[name].get(key))[0])
        for name in names
        for key in keys
    )
    remark = f"; {missing} could not be computed" if missing else ""
    set_labels(axes, f"excess over the floor (units of the metric){remark}", "")
    columns = min(len(names), 5)
    legend_below(figure, legend_of(names, reference=False, dots=True), columns)
    return figure


Key = tuple[str, str, str]


def _by_score(scores: list, metric: str | None) -> dict[Key, dict]:
    """(family, name, metric) -> score; one metric for each name."""
    found: dict[tuple[str, str], dict] = {}
    for score in scores:
        if metric is not None and score["metric"] != metric:
            continue
        name = score["family"], score["name"]
        if name not in found or _rank(score) < _rank(found[name]):
            found[name] = score
    return {(*name, score["metric"]): score for name, score in found.items()}


def _rank(score: dict) -> int:
    metric = score["metric"]
    return METRICS.index(metric) if metric in METRICS else len(METRICS)


def _sorted_keys(tables: dict[str, dict], names: list[str]) -> list[Key]:
    """All scores by family, means first, the first system's unknown ones last."""
    keys = list(dict.fromkeys(key for name in names for key in tables[name]))
    families = list(dict.fromkeys(family for family, _, _ in keys))
    first = tables[names[0]] if names else {}

    def place(key: Key) -> tuple[int, bool, bool, float]:
        value = excess_of(first.get(key))[0]
        is_known = bool(np.isfinite(value))
        order = families.index(key[0]), not key[1].startswith(MEAN), not is_known
        return *order, value if is_known else 0.0

    return sorted(keys, key=place)


def excess_of(score: dict | None) -> tuple[float, float, float]:
    """Excess over the floor, low and high; more is worse."""
    value, low, high = estimate((score or {}).get("excess"))
    if score is not None and is_similarity((score["name"], score["metric"])):
        return -value, -high, -low
    return value, low, high


def _label(key: Key, metric: str | None) -> str:
    _, name, of = key
    return short(name, 52) if metric else f"{short(name, 46)} ({of})"
