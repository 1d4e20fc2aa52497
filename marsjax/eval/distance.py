"""Distances between two distributions, of samples and of counts in cells.

L1 is the total variation, half the sum of the absolute differences of two histograms;
the overlap coefficient is the sum of their minima, 1 - L1. KS is the largest difference
of the distribution functions F and G, and W1 the integral of |F - G|, divided by the
standard deviation of the reference (which is W1 after z-scoring: it does not depend on
the mean). L1, KS and the overlap lie in [0, 1].
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import wasserstein_distance

from marsjax.eval.bins import Counts, Grid, finite

METRICS = ("L1", "W1", "KS", "overlap")


class Compared(NamedTuple):
    """Distances of R weightings of windows; NaN where a side has no value.

    Attributes:
      by_metric: name -> float64 ``[R]``.
      num_ref_R, num_gen_R: values on either side, weighted.
    """

    by_metric: dict[str, np.ndarray]
    num_ref_R: np.ndarray
    num_gen_R: np.ndarray


def total_variation(p_K: np.ndarray, q_K: np.ndarray) -> np.ndarray:
    """Half the absolute difference of histograms that each sum to 1."""
    return np.abs(p_K - q_K).sum(axis=-1) / 2


def total_variation_of(ref: np.ndarray, gen: np.ndarray, edges: np.ndarray) -> float:
    """L1 of two samples in the bins between some edges, and beyond them."""
    size = len(edges) + 1
    place = [np.searchsorted(edges, finite(x), side="right") for x in (ref, gen)]
    p, q = (np.bincount(x, minlength=size) / len(x) for x in place)
    return float(total_variation(p, q))


def wasserstein(ref: np.ndarray, gen: np.ndarray) -> float:
    """Exact W1 of two samples, in standard deviations of the first."""
    ref, gen = finite(ref), finite(gen)
    return float(wasserstein_distance(ref, gen) / ref.std())


def kolmogorov_smirnov(ref: np.ndarray, gen: np.ndarray) -> float:
    """Exact KS of two samples."""
    ref, gen = finite(ref), finite(gen)
    at = np.concatenate([ref, gen])
    f, g = (np.searchsorted(x, at, side="right") / len(x) for x in (ref, gen))
    return float(np.abs(f - g).max())


def compare(grid: Grid, ref: Counts, gen: Counts) -> Compared:
    """All distances of windows that are counted in a grid, each row with each row.

    KS and W1 are exact where no cell holds different values of the two samples, as with
    a few hundred ticks or lots. Otherwise both are lower bounds: KS by at most the
    share of a sample in a cell, W1 only by the cells in which F - G changes its sign
    (64 windows a side of an hour of AAPL: KS by up to 8e-4, W1 by up to 2e-4). W1 is
    NaN where the grid has no scale and the samples differ.

    Args:
      grid: M cells.
      ref, gen: counts of windows, or sums of them for R weightings, ``[R, M]``; or one
        row for all of the other's.
    """
    p_RM, over_p_RM, num_ref_R = _shares(ref)
    q_RM, over_q_RM, num_gen_R = _shares(gen)
    away_RM = p_RM - q_RM
    in_bin_RK = np.add.reduceat(away_RM, grid.start_K, axis=1)
    is_known_R = (num_ref_R > 0) & (num_gen_R > 0)
    tv_R = np.minimum(np.abs(in_bin_RK).sum(axis=1) / 2, 1)
    up_to_RM = np.cumsum(away_RM, axis=1)
    ks_R = np.minimum(np.abs(up_to_RM).max(axis=1), 1)
    # F - G below a cell, over its width, and what the values in it add.
    area_RM = (up_to_RM - away_RM) * grid.width_M[None] + (over_p_RM - over_q_RM)
    w1_R = np.abs(area_RM).sum(axis=1)
    w1_R = w1_R / grid.scale if grid.scale > 0 else np.where(w1_R == 0, 0, np.nan)
    found = {"L1": tv_R, "W1": w1_R, "KS": ks_R, "overlap": 1 - tv_R}
    by_metric = {k: np.where(is_known_R, v, np.nan) for k, v in found.items()}
    return Compared(by_metric, num_ref_R, num_gen_R)


def _shares(counts: Counts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Shares of values in the cells, `Counts.rest_BM` a value, and the number."""
    count_RM = counts.count_BM.astype(np.float64)
    num_R = count_RM.sum(axis=1)
    each_R1 = 1 / np.where(num_R > 0, num_R, 1)[:, None]
    return count_RM * each_R1, counts.rest_BM * each_R1, num_R
