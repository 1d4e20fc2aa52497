"""All distribution scores of a pair of sets of windows, in two stages.

`marsjax.eval.fit.fit` fixes bins, scales and groups, on the reference alone by default.
`prepare` counts windows in them, once. `distances` then compares any weighting of
windows with any other, so that a bootstrap over windows or groups costs a product of
matrices and never looks at a message again.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from marsjax.eval import bins
from marsjax.eval.bins import Counts
from marsjax.eval.distance import METRICS, Compared, compare
from marsjax.eval.fit import Fitted, Pooling, fit
from marsjax.eval.series import LOB_BENCH, Series
from marsjax.eval.windows import Windows

_WORST = {"L1": 1.0, "KS": 1.0, "overlap": 0.0, "W1": np.nan}


class SeriesStats(NamedTuple):
    """What B windows have of one series.

    Attributes:
      count_C: counts in each group of its condition; None for a group without a grid.
      num_outside: values in groups without a grid, which no score sees.
    """

    count_C: tuple[Counts | None, ...]
    num_outside: int

    @property
    def number_C(self) -> np.ndarray:
        """Values in each group."""
        return np.array([0 if x is None else x.count_BM.sum() for x in self.count_C])


class Stats(NamedTuple):
    """What B windows have of every series."""

    num_windows: int
    parts: tuple[SeriesStats, ...]


def prepare(fitted: Fitted, windows: Windows) -> Stats:
    """Counts windows in fixed bins; no score needs more of them."""
    parts = []
    for part in fitted.parts:
        value_Bn, group_Bn = part.values(windows)
        counts, num_outside = [], 0
        for number, grid in enumerate(part.grid_C):
            which_Bn = group_Bn == number
            counts.append(grid and bins.count(grid, value_Bn, which_Bn))
            num_outside += 0 if grid else int(which_Bn.sum())
        parts.append(SeriesStats(tuple(counts), num_outside))
    return Stats(windows.num_windows, tuple(parts))


def distances(
    fitted: Fitted,
    stats_ref: Stats,
    stats_gen: Stats,
    weights_ref_B: np.ndarray | None = None,
    weights_gen_B: np.ndarray | None = None,
) -> dict[tuple[str, str], float | np.ndarray]:
    """Every distance of every series, of weighted windows.

    That of a conditional series is the mean over the groups of its condition, weighted
    by the reference (``lob-bench``: by both sides). Where the reference has values and
    the generated windows none, L1 and KS are 1 and W1 is NaN (all are NaN where that is
    no answer, see `Series`); the mean over groups then leaves W1 of that group out
    (``lob-bench``: counts it as 0). Where the reference has too few values there is no
    distance, NaN. `notes` says what happened.

    Args:
      fitted: what `fit` gave.
      stats_ref, stats_gen: what `prepare` gave for either side.
      weights_ref_B, weights_gen_B: weights of the windows ``[B]``, such as how often a
        bootstrap drew them, or R weightings ``[R, B]``; 1 by default.

    Returns:
      (name, metric) -> float, or float64 ``[R]`` where a weighting is ``[R, B]``.
    """
    ref_RB = weightings(weights_ref_B, stats_ref.num_windows)
    gen_RB = weightings(weights_gen_B, stats_gen.num_windows)
    is_one = np.ndim(weights_ref_B) < 2 and np.ndim(weights_gen_B) < 2
    shape = (max(len(ref_RB), len(gen_RB)),)
    is_original = fitted.pooling == "lob-bench"
    ref, gen = _weigh(stats_ref, ref_RB), _weigh(stats_gen, gen_RB)
    out = {}
    for part in fitted.parts:
        groups = [
            compare(grid, next(ref), next(gen))
            for grid in part.grid_C
            if grid is not None
        ]
        for metric in METRICS:
            value = _mean_of_groups(groups, metric, part.series, is_original)
            value_R = np.broadcast_to(value, shape)
            out[part.series.name, metric] = float(value_R[0]) if is_one else value_R
    return out


def notes(fitted: Fitted, stats_ref: Stats, stats_gen: Stats) -> dict[str, str]:
    """What to know of a series' scores, by name; nothing where all is well."""
    out = {}
    for part, ref, gen in zip(
        fitted.parts, stats_ref.parts, stats_gen.parts, strict=True
    ):
        name, condition = part.series.name, part.series.condition
        num_ref, num_gen = ref.number_C, gen.number_C
        said = []
        if all(x is None for x in part.grid_C):
            fewest = fitted.min_values
            out[name] = f"the reference has fewer than {fewest} values"
            continue
        if all(x is None or x.scale == 0 for x in part.grid_C):
            said.append("constant in the reference, so that W1 has no scale")
        if num_gen.sum() < fitted.min_values:
            said.append(f"the generated windows have {num_gen.sum():.0f} values")
        elif (missed := num_ref[num_gen == 0].sum()) > 0:
            share = f"{missed / num_ref.sum():.1%} of the reference"
            said.append(f"{share} at values of {condition} that are never generated")
        if gen.num_outside:
            share = gen.num_outside / (gen.num_outside + num_gen.sum())
            said.append(
                f"{share:.1%} of the generated values left out, at values of "
                f"{condition} that the reference never has"
            )
        if said:
            out[name] = "; ".join(said)
    return out


def score_pair(
    reference: Windows,
    generated: Windows,
    pooling: Pooling = "reference",
    series: tuple[Series, ...] = LOB_BENCH,
) -> dict[tuple[str, str], float]:
    """`fit`, `prepare` and `distances` of two sets of windows, without weights."""
    fitted = fit(reference, pooling, generated, series)
    return distances(fitted, prepare(fitted, reference), prepare(fitted, generated))


def weightings(weights: np.ndarray | None, num_windows: int) -> np.ndarray:
    """Weights of windows as R rows; one row of 1 by default."""
    return np.ones((1, num_windows)) if weights is None else np.atleast_2d(weights)


def _weigh(stats: Stats, weight_RB: np.ndarray) -> Iterator[Counts]:
    """Weighted sums of the counts of all groups that have a grid, in their order."""
    counts = [x for part in stats.parts for x in part.count_C if x is not None]
    if not counts:
        return iter(())
    weight_RB = weight_RB.astype(np.float32)
    # One product for all is several times as fast as one for each.
    sums = [weight_RB @ np.concatenate(x, axis=1) for x in zip(*counts, strict=True)]
    ends = np.cumsum([x.count_BM.shape[1] for x in counts])[:-1]
    return map(Counts, *(np.split(x, ends, axis=1) for x in sums))


def _mean_of_groups(
    groups: list[Compared], metric: str, series: Series, is_original: bool
) -> np.ndarray | float:
    """Mean of a distance over the groups of a condition; NaN without any."""
    total, norm = 0.0, 0.0
    for group in groups:
        value_R = group.by_metric[metric]
        ref_R, gen_R = group.num_ref_R, group.num_gen_R
        is_alone_R = (ref_R > 0) & (gen_R == 0)
        weight_R = ref_R + np.zeros_like(gen_R)
        if is_original:
            is_alone_R = (ref_R > 0) != (gen_R > 0)
            weight_R = ref_R + gen_R
        worst = _WORST[metric] if series.is_missing_worst else np.nan
        value_R = np.where(is_alone_R, worst, value_R)
        if is_original and series.condition_fn is not None:
            value_R = np.nan_to_num(value_R)
        is_known_R = ~np.isnan(value_R) & (weight_R > 0)
        total += np.where(is_known_R, value_R * weight_R, 0)
        norm += np.where(is_known_R, weight_R, 0)
    norm = np.asarray(norm)
    return np.where(norm > 0, total / np.where(norm > 0, norm, 1), np.nan)
