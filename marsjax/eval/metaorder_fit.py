"""The square-root law of impact, fitted: ``I = Y sigma (Q/V)**delta``.

See J.-P. Bouchaud, J. Bonart, J. Donier, M. Gould, "Trades, Quotes and Prices", 2018,
chapter 12: delta is about a half, and Y of order one.
"""

from typing import NamedTuple

import numpy as np

from marsjax.eval.facts_resample import Resampler, make_resampler
from marsjax.eval.metaorders import UNKNOWN_OWNERS, Metaorders
from marsjax.eval.types import Estimate

FEWEST = 30
"""With fewer metaorders nothing is fitted."""

_EXPONENTS = np.arange(-50, 201) / 100


class ImpactFit(NamedTuple):
    """The law as fitted to metaorders, and what it was fitted to.

    Attributes:
      exponent, prefactor: delta and Y by least squares of impact itself, of all
        metaorders, whatever the sign of their impact.
      log_exponent, log_prefactor: of the line through the logarithms of the means of
        bins, ``log I = log Y + delta log(Q/V)``. Single impacts have no logarithm where
        they are negative, and to leave these out would bend the line.
      share_K, impact_K, low_K, high_K: mean Q/V and mean impact, in volatilities, of K
        bins with as many metaorders each, with 95 % intervals.
      num: metaorders.
    """

    exponent: Estimate
    prefactor: Estimate
    log_exponent: Estimate
    log_prefactor: Estimate
    share_K: np.ndarray
    impact_K: np.ndarray
    low_K: np.ndarray
    high_K: np.ndarray
    num: int


def fit_impact(
    metaorders: Metaorders, *, num_bins: int = 10, num_draws: int = 200, seed: int = 0
) -> ImpactFit:
    """Fits the law, with intervals from a bootstrap.

    Groups of metaorders (an owner's on a tape) are drawn; single metaorders where there
    are fewer than 8 groups, which the notes say.

    Args:
      metaorders: N of them; fewer than `FEWEST` are not fitted.
      num_bins: K, at most one for ten metaorders.
      num_draws, seed: of the bootstrap.
    """
    used = (metaorders.share_N > 0) & np.isfinite(metaorders.impact_N)
    share_N, impact_N = metaorders.share_N[used], metaorders.impact_N[used]
    num = len(share_N)
    if num < FEWEST or share_N.min() == share_N.max():
        return _nothing(num, metaorders.note)
    group_N = np.unique(metaorders.group_N[used], return_inverse=True)[1]
    if group_N.max() + 1 < 8:
        group_N, of = np.arange(num), "metaorders"
    else:
        of = "owners and tapes"
    resampler = make_resampler(int(group_N.max()) + 1, 1, num_draws, seed)
    note = f"bootstrap over {group_N.max() + 1} {of}"
    note = "; ".join(x for x in (note, metaorders.note) if x)

    def sums(terms_XN) -> np.ndarray:
        """Weighted sums ``[R, X]``."""
        by_group = [np.bincount(group_N, column_N) for column_N in terms_XN]
        return resampler.weights_RU @ np.stack(by_group, axis=1)

    exponent_R, prefactor_R = _least_squares(share_N, impact_N, sums)
    num_bins = min(num_bins, num // 10)
    rank_N = np.argsort(np.argsort(share_N, kind="stable"), kind="stable")
    in_bin_KN = rank_N[None, :] * num_bins // num == np.arange(num_bins)[:, None]
    count_RK = sums(in_bin_KN)
    with np.errstate(divide="ignore", invalid="ignore"):
        share_RK = sums(in_bin_KN * share_N[None, :]) / count_RK
        impact_RK = sums(in_bin_KN * impact_N[None, :]) / count_RK
    line = _line(share_RK, impact_RK)
    low_K, high_K = resampler.interval(impact_RK)
    below = int((impact_RK[0] <= 0).sum())
    skipped = f"; {below} of {num_bins} bins without a positive mean" if below else ""
    return ImpactFit(
        _estimate(resampler, exponent_R, note),
        _estimate(resampler, prefactor_R, note, of_log=True),
        _estimate(resampler, line[0], note + skipped),
        _estimate(resampler, line[1], note + skipped, of_log=True),
        share_RK[0],
        impact_RK[0],
        low_K,
        high_K,
        num,
    )


def _least_squares(share_N, impact_N, sums) -> tuple[np.ndarray, np.ndarray]:
    """Exponent and prefactor ``[R]`` of the best ``Y > 0`` on a grid of exponents."""
    scale = np.exp(np.log(share_N).mean())
    log_N = np.log(share_N / scale)
    along_RE = sums(impact_N * np.exp(e * log_N) for e in _EXPONENTS)
    along_RE = np.maximum(along_RE, 0)
    square_RE = sums(np.exp(2 * e * log_N) for e in _EXPONENTS)
    gain_RE = along_RE**2 / square_RE
    best_R = np.argmax(gain_RE, axis=1)
    row = np.arange(len(best_R))
    exponent_R = _EXPONENTS[best_R]
    prefactor_R = along_RE[row, best_R] / square_RE[row, best_R] / scale**exponent_R
    is_fitted = gain_RE[row, best_R] > 0
    return tuple(np.where(is_fitted, x, np.nan) for x in (exponent_R, prefactor_R))


def _line(share_RK: np.ndarray, impact_RK: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and prefactor ``[R]`` of the line through the bins' logarithms."""
    usable_RK = impact_RK > 0
    x_RK = np.log(np.where(usable_RK, share_RK, 1.0))
    y_RK = np.log(np.where(usable_RK, impact_RK, 1.0))
    num_R = usable_RK.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_x, mean_y = x_RK.sum(axis=1) / num_R, y_RK.sum(axis=1) / num_R
        off_RK = np.where(usable_RK, x_RK - mean_x[:, None], 0.0)
        slope_R = (off_RK * y_RK).sum(axis=1) / (off_RK**2).sum(axis=1)
        prefactor_R = np.exp(mean_y - slope_R * mean_x)
    return tuple(np.where(num_R >= 3, v, np.nan) for v in (slope_R, prefactor_R))


def _estimate(
    resampler: Resampler, values_R: np.ndarray, note: str, *, of_log: bool = False
) -> Estimate:
    """With its interval; that of its logarithm for what is positive and skewed."""
    ends = resampler.interval(np.log(values_R) if of_log else values_R)
    low, high = np.exp(ends) if of_log else ends
    return Estimate(float(values_R[0]), float(low), float(high), note)


def _nothing(num: int, why: str) -> ImpactFit:
    note = why if why == UNKNOWN_OWNERS else f"only {num} metaorders, or of one size"
    none = Estimate(np.nan, np.nan, np.nan, note)
    return ImpactFit(none, none, none, none, *[np.zeros(0)] * 4, num)
