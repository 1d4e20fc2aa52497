"""Returns made comparable: centred and scaled by group, before facts are measured.

Paths of different stocks differ in volatility, which would look like heavy tails and
clustering of the pooled returns. So each group of paths, by default each path, has its
own mean and its own standard deviation. What that costs in a short path is known for
exchangeable returns and put back: the product of two centred values of a group of n is
on average ``-variance / n``, and kurtosis has its usual correction.
"""

from typing import NamedTuple

import numpy as np

from marsjax.eval.facts_resample import Resampler, make_resampler

FEWEST_RETURNS = 10
"""A group with fewer returns than that is left out."""


class Sample(NamedTuple):
    """B paths of M bars, ready to be measured.

    Attributes:
      z_BM: returns less their group's mean over its standard deviation; NaN: missing.
      volume_BM: shares, NaN: missing; or ``None``.
      bar_of_day_BM: int, which bar of the day.
      group_B: int, from 0.
      resampler: the bootstrap.
      note: what was left out, and which bootstrap.
    """

    z_BM: np.ndarray
    volume_BM: np.ndarray | None
    bar_of_day_BM: np.ndarray
    group_B: np.ndarray
    resampler: Resampler
    note: str

    @property
    def num_returns(self) -> int:
        """Returns that are not missing."""
        return int(np.isfinite(self.z_BM).sum())

    def per_group(self, of_BM: np.ndarray) -> float:
        """One over the values that a group has on average."""
        has_B = np.isfinite(of_BM).any(axis=1)
        num = np.isfinite(of_BM).sum()
        return len(np.unique(self.group_B[has_B])) / num if num else np.nan


def make_sample(
    returns_BM: np.ndarray,
    volume_BM: np.ndarray | None = None,
    bar_of_day_M: np.ndarray | None = None,
    *,
    group_B: np.ndarray | None = None,
    num_draws: int = 200,
    seed: int = 0,
) -> Sample:
    """Arguments as of `marsjax.eval.facts.facts`."""
    returns_BM = np.atleast_2d(np.asarray(returns_BM, np.float64))
    returns_BM = np.where(np.isfinite(returns_BM), returns_BM, np.nan)
    num_paths, num_bars = returns_BM.shape
    if bar_of_day_M is None:
        bar_of_day_M = np.arange(num_bars)
    bar_BM = np.nan_to_num(np.asarray(bar_of_day_M, np.float64), nan=-1).astype(int)
    bar_BM = np.broadcast_to(np.atleast_2d(bar_BM), returns_BM.shape)
    if group_B is None:
        group_B = np.arange(num_paths)
    if volume_BM is not None:
        volume_BM = np.atleast_2d(np.asarray(volume_BM, np.float64))
    z_BM = standardise(returns_BM, np.unique(group_B, return_inverse=True)[1])
    kept_B = np.isfinite(z_BM).any(axis=1)
    notes = []
    if not kept_B.all():
        notes.append(
            f"{(~kept_B).sum()} of {num_paths} paths left out (constant, or fewer than "
            f"{FEWEST_RETURNS} returns)"
        )
    resampler = make_resampler(int(kept_B.sum()), num_bars, num_draws, seed)
    return Sample(
        z_BM=z_BM[kept_B],
        volume_BM=None if volume_BM is None else volume_BM[kept_B],
        bar_of_day_BM=bar_BM[kept_B],
        group_B=np.unique(np.asarray(group_B)[kept_B], return_inverse=True)[1],
        resampler=resampler,
        note="; ".join([*notes, resampler.note]),
    )


def standardise(
    values_BM: np.ndarray, group_B: np.ndarray, fewest: int = FEWEST_RETURNS
) -> np.ndarray:
    """Less the group's mean, over its standard deviation.

    All of a group are NaN where it has fewer than ``fewest`` values or they are equal.
    """
    finite_BM = np.isfinite(values_BM)
    filled_BM = np.where(finite_BM, values_BM, 0.0)
    num_G = np.bincount(group_B, finite_BM.sum(axis=1))
    sums_G = np.bincount(group_B, filled_BM.sum(axis=1))
    mean_G = sums_G / np.maximum(num_G, 1)
    off_BM = np.where(finite_BM, values_BM - mean_G[group_B][:, None], 0.0)
    square_G = np.bincount(group_B, (off_BM**2).sum(axis=1))
    sd_G = np.sqrt(square_G / np.maximum(num_G, 1))
    # Rounding leaves a constant a little spread about its mean.
    is_constant_G = sd_G <= 1e-9 * np.abs(mean_G)
    sd_G = np.where((num_G < fewest) | is_constant_G | (sd_G == 0), np.nan, sd_G)
    return np.where(finite_BM, off_BM, np.nan) / sd_G[group_B][:, None]


def sums_over(values_BM: np.ndarray, num: int) -> np.ndarray:
    """Sums of ``num`` neighbours ``[B, M - num + 1]``; NaN where one is missing."""
    if values_BM.shape[1] < num:
        return np.full((len(values_BM), 0), np.nan)
    if num == 1:
        return values_BM
    pieces = np.lib.stride_tricks.sliding_window_view(values_BM, num, axis=1)
    return pieces.sum(axis=2)
