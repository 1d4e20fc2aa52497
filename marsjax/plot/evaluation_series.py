"""Distributions of the scored series: reference beside systems, a panel each."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from marsjax.plot.evaluation import (
    Report,
    grid,
    legend_of,
    none,
    numbers,
    short,
    small_labels,
    small_title,
    style_of,
    system_names,
)
from marsjax.plot.style import legend_below

_COLUMNS = 3


def distributions(report: Report) -> Figure:
    """Share of values in each bin of each series, the reference filled.

    The outermost bins of the scores may reach far out; what is drawn ends where 99.5 %
    of all values are, and the last bin drawn then holds the rest, with a ``+``.

    Args:
      report: ``report["series"]`` is drawn: name -> ``unit``, ``bin_edges`` (n + 1) and
        for ``reference`` and each system counts or densities ``[n]``.
    """
    names, series = system_names(report), report.get("series") or {}
    figure, panels = grid(max(len(series), 1), _COLUMNS, 1.9, "Distributions")
    if not series:
        none(next(panels))
        return figure
    for axes, (name, found) in zip(panels, series.items(), strict=True):
        small_title(axes, short(name, 44))
        _draw(axes, found, names)
    handles = legend_of(names)
    for handle in handles:
        handle.set_marker("")
    legend_below(figure, handles, min(len(names) + 1, 5))
    return figure


def _draw(axes: Axes, found: dict, names: list[str]) -> None:
    edges = numbers(found.get("bin_edges"))
    shares = {}
    for name in ("reference", *names):
        values = np.nan_to_num(numbers(found.get(name)))
        if len(values) == len(edges) - 1 and values.sum() > 0:
            shares[name] = values / values.sum()
    if not shares:
        none(axes)
        return
    edges = finite_edges(edges)
    edges, shares = widened(edges, shares)
    first, last = shown_bins(list(shares.values()))
    is_cut = last < len(edges) - 2, first > 0
    edges = edges[first : last + 2]
    for name, share in shares.items():
        look = style_of(names, name)
        # What lies beyond counts in the outermost bins drawn.
        kept = share[first : last + 1].copy()
        kept[0] += share[:first].sum()
        kept[-1] += share[last + 1 :].sum()
        color, dashes = look["color"], look["linestyle"]
        if name == "reference":
            axes.stairs(kept, edges, color=color, alpha=0.2, fill=True)
        axes.stairs(
            kept, edges, color=color, linewidth=1.3, linestyle=dashes, baseline=None
        )
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    unit = found.get("unit") or ""
    unit = {"1": "no unit", "": ""}.get(unit, unit)
    ends = " (ends hold all beyond)" if any(is_cut) else ""
    small_labels(axes, f"{unit}{ends}", "share")


def widened(edges: np.ndarray, shares: dict[str, np.ndarray]) -> tuple:
    """Edges and shares where a bin that holds a single value is as wide as a step.

    Scores of discrete series have a bin for each value, as narrow as numbers can be,
    bins for the gaps between them, and one at either end for all that lies beyond.
    Other edges are returned as they are.
    """
    width = np.diff(edges)
    is_value = width <= 1e-9 * np.maximum(np.abs(edges[:-1]), 1)
    if is_value.sum() < 2:
        return edges, shares
    has_mass = np.any([share > 0 for share in shares.values()], axis=0)
    kept = np.flatnonzero(has_mass)
    at = np.where(is_value, edges[:-1], (edges[:-1] + edges[1:]) / 2)[kept]
    steps = np.diff(at)
    steps = steps[steps > 1e-6]
    half = (steps.min() if len(steps) else 1.0) / 2
    # What lies beyond all values is a bin beside the last, not on top of it.
    if len(at) > 1 and at[1] - at[0] < half:
        at[0] = at[1] - 2 * half
    if len(at) > 1 and at[-1] - at[-2] < half:
        at[-1] = at[-2] + 2 * half
    new, of = [], []
    for x, i in zip(at.tolist(), kept.tolist(), strict=True):
        if not new:
            new = [x - half]
        elif x - half > new[-1] + 1e-6 * half:
            new.append(x - half)  # the gap before it is a bin with nothing
            of.append(-1)
        new.append(x + half)
        of.append(i)
    spread = {n: np.append(share, 0.0)[of] for n, share in shares.items()}
    return np.asarray(new), spread


def finite_edges(edges: np.ndarray) -> np.ndarray:
    """Edges whose outermost may be infinite, as wide as their neighbours then."""
    edges = edges.astype(float).copy()
    if len(edges) > 2:
        if not np.isfinite(edges[0]):
            edges[0] = 2 * edges[1] - edges[2]
        if not np.isfinite(edges[-1]):
            edges[-1] = 2 * edges[-2] - edges[-3]
    return np.nan_to_num(edges)


def shown_bins(shares: list[np.ndarray]) -> tuple[int, int]:
    """First and last bin that some share needs: 0.25 % may lie beyond at either end."""
    first = min(int(np.searchsorted(np.cumsum(s), 0.0025)) for s in shares)
    last = max(int(np.searchsorted(np.cumsum(s), 0.9975)) for s in shares)
    return first, max(min(last, len(shares[0]) - 1), first)
