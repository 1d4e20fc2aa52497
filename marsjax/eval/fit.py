"""What is fixed before anything is scored: bins, scales, and groups of conditions."""

from typing import Literal, NamedTuple

import numpy as np

from marsjax.errors import InputError
from marsjax.eval import bins
from marsjax.eval.bins import Grid
from marsjax.eval.series import LOB_BENCH, Series
from marsjax.eval.windows import Windows

Pooling = Literal["reference", "lob-bench"]

MIN_VALUES = 10
"""With fewer values in the windows that fix it, a series has no bins and no score."""

_DECILES = np.arange(0.1, 1.0, 0.1)

# How LOB-Bench makes the groups of a condition, and the bins within a group.
_ORIGINAL_GROUPS = {
    "volume at the best ask given the spread": "values",
    "spread given the hour": "hours",
}
_ORIGINAL_BINS = {"spread given the volatility": "values"}
_ORIGINAL_HOURS = np.linspace(0, 24, 24)


class FittedSeries(NamedTuple):
    """What is fixed of a series.

    Attributes:
      series: the series.
      group_edge: edges between the groups of its condition, each of which holds its
        lower one; none without a condition.
      grid_C: a grid for each of the C groups; None where it had no value.
    """

    series: Series
    group_edge: np.ndarray
    grid_C: tuple[Grid | None, ...]

    def values(self, windows: Windows) -> tuple[np.ndarray, np.ndarray]:
        """Values ``[B, n]`` of windows and their groups; -1: no value or condition."""
        value_Bn = self.series.value_fn(windows)
        group_Bn = _groups(self.series, windows, value_Bn, self.group_edge)
        return value_Bn, group_Bn


class Fitted(NamedTuple):
    """Bins, scales and groups of all series."""

    parts: tuple[FittedSeries, ...]
    pooling: Pooling
    min_values: int


def fit(
    reference: Windows,
    pooling: Pooling = "reference",
    generated: Windows | None = None,
    series: tuple[Series, ...] = LOB_BENCH,
    min_values: int = MIN_VALUES,
) -> Fitted:
    """Fixes bins, scales and groups.

    Args:
      reference: real windows.
      pooling: ``reference`` fixes everything on these, so that the scores of two
        generators can be compared. ``lob-bench`` pools them with the generated ones, as
        the original does, down to its hours and its deciles.
      generated: needed for ``lob-bench``.
      series: what to compare.
      min_values: values that a series needs, here, to have a score.

    Raises:
      InputError: an unknown pooling, or ``lob-bench`` without generated windows.
    """
    if pooling not in ("reference", "lob-bench"):
        raise InputError(f"unknown pooling {pooling!r}", "use reference or lob-bench")
    if pooling == "reference":
        return _fitted(_fit, series, (reference,), min_values, pooling)
    if generated is None:
        raise InputError(
            "lob-bench pools the bins of both sides", "pass the generated windows"
        )
    both = (reference, generated)
    return _fitted(_fit_original, series, both, min_values, pooling)


def _fitted(fit_fn, series, windows, min_values: int, pooling: Pooling) -> Fitted:
    parts = []
    for each in series:
        part, num = fit_fn(each, windows)
        if num < min_values:
            part = part._replace(grid_C=(None,) * len(part.grid_C))
        parts.append(part)
    return Fitted(tuple(parts), pooling, min_values)


def _fit(series: Series, windows: tuple[Windows, ...]) -> tuple[FittedSeries, int]:
    """Groups and grids, and values; W1 is scaled by all values of the series."""
    given_n = _given(series, windows)
    if not len(given_n):
        edges = np.zeros(0)
    elif series.is_condition_discrete:
        edges = bins.point_edges(given_n)
    else:
        # A group holds the decile that ends it: a spread of one tick is its own.
        edges = np.nextafter(np.unique(np.quantile(given_n, _DECILES)), np.inf)
    value_C = _by_group(series, windows, edges)
    every = np.concatenate(value_C)
    scale = every.std() if len(every) and np.ptp(every) > 0 else 0.0
    grids = []
    for value_n in value_C:
        if not len(value_n):
            grids.append(None)
            continue
        if series.is_discrete and len(np.unique(value_n)) <= bins.MAX_ATOMS:
            edge = bins.point_edges(value_n)
        else:
            edge = bins.freedman_diaconis_edges(value_n, as_numpy=False)
        grids.append(bins.make_grid(value_n, edge, scale))
    return FittedSeries(series, edges, tuple(grids)), len(every)


def _fit_original(
    series: Series, windows: tuple[Windows, ...]
) -> tuple[FittedSeries, int]:
    """As LOB-Bench: W1 is scaled by the pooled values of a group."""
    given_n = _given(series, windows)
    groups = _ORIGINAL_GROUPS.get(series.name, "deciles")
    if groups == "hours":
        edges = _ORIGINAL_HOURS if len(given_n) else np.zeros(0)
    elif groups == "values" or not len(given_n):
        edges = np.unique(given_n)
    else:
        edges = bins.decile_edges(given_n)
    grids, num = [], 0
    for value_n in _by_group(series, windows, edges):
        num += len(value_n)
        if not len(value_n):
            grids.append(None)
            continue
        is_given = series.condition_fn is not None
        if not is_given and not series.is_discrete:
            edge = bins.freedman_diaconis_edges(value_n, as_numpy=True)
        elif not is_given or _ORIGINAL_BINS.get(series.name) == "values":
            edge = bins.point_edges(value_n)
        else:
            edge = bins.decile_edges(value_n)
        is_constant = value_n[0] == value_n[-1]
        scale = 0.0 if is_constant else value_n.std(ddof=1)
        grids.append(bins.make_grid(value_n, edge, scale))
    return FittedSeries(series, edges, tuple(grids)), num


def _given(series: Series, windows: tuple[Windows, ...]) -> np.ndarray:
    """All values of the condition, sorted; none without a condition."""
    if series.condition_fn is None:
        return np.zeros(0)
    values = [series.condition_fn(x).ravel() for x in windows]
    return bins.finite(np.concatenate(values))


def _by_group(
    series: Series, windows: tuple[Windows, ...], edges: np.ndarray
) -> list[np.ndarray]:
    """Sorted values of each group."""
    values = [series.value_fn(x) for x in windows]
    groups = [
        _groups(series, x, value, edges)
        for x, value in zip(windows, values, strict=True)
    ]
    return [
        bins.finite(
            np.concatenate([v[g == c] for v, g in zip(values, groups, strict=True)])
        )
        for c in range(len(edges) + 1)
    ]


def _groups(
    series: Series, windows: Windows, value_Bn: np.ndarray, edges: np.ndarray
) -> np.ndarray:
    """Group of each value; -1 where it or its condition is missing."""
    is_known_Bn = np.isfinite(value_Bn)
    if series.condition_fn is None:
        return np.where(is_known_Bn, 0, -1)
    given_Bn = series.condition_fn(windows)
    group_Bn = np.searchsorted(edges, given_Bn, side="right")
    return np.where(is_known_Bn & np.isfinite(given_Bn), group_Bn, -1)
