"""Every score of every system as excess over the floor, in one dot plot."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from marsjax.eval.families import MEAN, is_similarity
from marsjax.plot.evaluation import (
    WIDTH,
    Report,
    estimate,
    is_mean,
    legend_of,
    none,
    short,
    small_title,
    style_of,
    system_names,
)
from marsjax.plot.style import (
    INK,
    TITLE_SIZE,
    legend_below,
    new_axes,
    new_figure,
    set_labels,
)

METRICS = ("L1", "relative", "mean", "overlap", "KS", "W1")
"""Of a score with several metrics the first of these is shown; these have no unit."""


FOLDED = ("horizons",)
"""Families of which the mean alone is drawn."""

_ROW = 0.24  # inches


def score_overview(report: Report, metric: str | None = None) -> Figure:
    """Excess over the floor with 95 % intervals, a row a score, a colour a system.

    A family of scores has axes of its own, for their units differ; within one, its mean
    comes first and the others by the excess of the first system. Of a similarity
    (overlap) the excess is drawn with its sign turned, so that more is worse
    everywhere. Scores that no system has are counted and not drawn.

    Args:
      report: of ``marsjax evaluate``; ``report["systems"]`` is drawn.
      metric: ``L1``, ``W1`` and so on; by default each score is shown in one metric,
        the first of `METRICS` that it has.
    """
    names = system_names(report)
    tables = {name: _by_score(report["systems"][name], metric) for name in names}
    every = _sorted_keys(tables, names)
    keys = [key for key in every if any(_is_known(tables[n].get(key)) for n in names)]
    families = list(dict.fromkeys(key[0] for key in keys))
    groups = [[key for key in keys if key[0] == family] for family in families]
    row = _ROW * (1 + 0.1 * max(len(names) - 2, 0))
    heights = [row * len(group) + 0.25 for group in groups] or [2.0]
    figure = new_figure(WIDTH, sum(heights) + 0.45 * len(heights) + 1.0)
    figure.suptitle(
        "Excess over the floor: 0 is as good as real data, more is worse",
        x=0.01,
        ha="left",
        fontsize=TITLE_SIZE,
        color=INK,
    )
    places = figure.add_gridspec(len(heights), 1, height_ratios=heights)
    if not groups:
        none(new_axes(figure, places[0]))
        return figure
    for place, group in enumerate(groups):
        axes = new_axes(figure, places[place], grid="x")
        small_title(axes, group[0][0])
        _draw(axes, group, tables, names, metric)
    missing = len(every) - len(keys)
    remark = f"; not computed: {missing}" if missing else ""
    set_labels(axes, f"excess over the floor, in the metric's unit{remark}", "")
    handles = legend_of(names, reference=False, dots=True)
    legend_below(figure, handles, min(len(names), 5))
    return figure


def _draw(axes: Axes, keys: list, tables: dict, names: list[str], metric) -> None:
    """The rows of one family."""
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
    axes.axvline(0, color=INK, linewidth=1.0)
    axes.set_yticks(range(len(keys)), labels=[_label(key, metric) for key in keys])
    axes.tick_params(axis="y", labelsize=8, length=0)
    axes.tick_params(axis="x", labelsize=8)
    for label, key in zip(axes.get_yticklabels(), keys, strict=True):
        label.set_fontweight("bold" if key[1].startswith(MEAN) else "normal")
    axes.set_ylim(len(keys) - 0.5, -0.5)


def _is_known(score: dict | None) -> bool:
    return bool(np.isfinite(excess_of(score)[0]))


Key = tuple[str, str, str]


def _by_score(scores: list, metric: str | None) -> dict[Key, dict]:
    """(family, name, metric) -> score; one metric for each name."""
    found: dict[tuple[str, str], dict] = {}
    for score in scores:
        if metric is not None and score["metric"] != metric:
            continue
        if score["family"] in FOLDED and not is_mean(score):
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
