"""Facts on time: correlations between bars, their decay and their direction."""

import numpy as np
from scipy.special import stdtrit

from marsjax.eval.facts_sample import Sample, standardise, sums_over

_FEWEST_PAIRS = 30

COARSE = 5
"""Bars of a coarse bar of the fact on time scales."""


def correlation(
    sample: Sample, a_BM: np.ndarray, b_BM: np.ndarray, lags: np.ndarray
) -> np.ndarray:
    """Correlation of ``a`` at a bar with ``b`` some bars later, ``[R, lags]``.

    Both have their group's mean taken off; what that takes off the products of
    different bars is put back (see `marsjax.eval.facts_sample`). NaN for lags with
    fewer than 30 pairs.
    """
    a_BM, b_BM = (standardise(x, sample.group_B) for x in (a_BM, b_BM))
    products = [_product(a_BM, b_BM, int(lag)) for lag in lags]
    counts = [np.isfinite(p) for p in products]
    both = _product(a_BM, b_BM, 0)
    resampler = sample.resampler
    alone = (a_BM**2, np.isfinite(a_BM), b_BM**2, np.isfinite(b_BM))
    extra = resampler.sums_of((*alone, both, np.isfinite(both))).T
    with np.errstate(divide="ignore", invalid="ignore"):
        num_RL = resampler.sums_of(counts)
        mean_RL = resampler.sums_of(products) / num_RL
        scale_R = np.sqrt(extra[0] / extra[1] * extra[2] / extra[3])
        now_R = extra[4] / extra[5] / scale_R
        per_group = sample.per_group(both)
        found = mean_RL / scale_R[:, None]
        found += np.where(lags == 0, 0.0, per_group)[None, :] * now_R[:, None]
    found[:, num_RL[0] < _FEWEST_PAIRS] = np.nan
    return found


def _product(a_BM: np.ndarray, b_BM: np.ndarray, lag: int) -> np.ndarray:
    """``a`` times ``b`` a lag later, at the earlier of the two bars; NaN at the end."""
    first, second = (a_BM, b_BM) if lag >= 0 else (b_BM, a_BM)
    lag = min(abs(lag), a_BM.shape[1])
    out = np.full(a_BM.shape, np.nan)
    stop = a_BM.shape[1] - lag
    out[:, :stop] = first[:, :stop] * second[:, lag:]
    return out


def largest(sample: Sample, values_RL: np.ndarray) -> tuple[int, np.ndarray]:
    """The lag that stands out most, and the simultaneous band's half-widths ``[L]``.

    All lags are inside the band at once in 95 % (Bonferroni; standard deviations from
    the bootstrap, Student quantiles).
    """
    resampler = sample.resampler
    sd_L = values_RL[1:].std(axis=0) * np.sqrt(1 + 1 / resampler.num_free)
    num = np.isfinite(sd_L).sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        at = int(np.nanargmax(np.abs(values_RL[0]) / sd_L))
    return at, stdtrit(resampler.num_free, 1 - 0.025 / num) * sd_L


_EXPONENTS = np.arange(201) / 100
_RATES = 1 / np.geomspace(0.5, 2000, 120)


def power_law(values_RL: np.ndarray, lags_L: np.ndarray) -> tuple[np.ndarray, bool]:
    """Exponents ``[R]`` of ``A lag**-exponent`` fitted by least squares.

    On a grid from 0 to 2, the best ``A > 0`` for each; NaN where no positive one fits.
    No logarithm is taken, so that lags whose correlation is below 0 count.

    Returns:
      the exponents, and whether the sample is closer to a power law than to an
      exponential.
    """
    power_EL = lags_L[None, :] ** -_EXPONENTS[:, None]
    best_R, gain_R = _best(values_RL, power_EL)
    exponential_EL = np.exp(-lags_L[None, :] * _RATES[:, None])
    gain = _best(values_RL[:1], exponential_EL)[1]
    exponents = np.where(gain_R > 0, _EXPONENTS[best_R], np.nan)
    return exponents, bool(gain_R[0] >= gain[0])


def _best(values_RL: np.ndarray, shape_EL: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The shape that takes most of the squares away, and how much."""
    along_RE = np.maximum(values_RL @ shape_EL.T, 0.0)
    gain_RE = along_RE**2 / (shape_EL**2).sum(axis=1)[None, :]
    best_R = np.argmax(gain_RE, axis=1)
    return best_R, np.take_along_axis(gain_RE, best_R[:, None], axis=1)[:, 0]


def time_scales(sample: Sample, most: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Asymmetry of time scales (Mueller and others, 1997), ``[R, lags]``, and the lags.

    The coarse volatility is the size of the return over five bars, the fine one the sum
    of the sizes over each; how much better the coarse one foretells the fine one some
    five bars later than the other way round.
    """
    z_BM = sample.z_BM
    coarse_BM = np.abs(sums_over(z_BM, COARSE))
    fine_BM = sums_over(np.abs(z_BM), COARSE)
    num = min(most, coarse_BM.shape[1] // COARSE - 1)
    lags = np.arange(1, num + 1)
    if num < 1:
        return np.zeros((len(sample.resampler.weights_RU), 0)), lags
    both = np.concatenate([-lags, lags]) * COARSE
    # A unit of blocks has the sums that begin in it.
    found = correlation(sample, coarse_BM, fine_BM, both)
    return found[:, num:] - found[:, :num], lags


def fano(sample: Sample, width: int, share: float = 0.01) -> np.ndarray:
    """Fano factor ``[R]``: variance over mean of how many bars of a span are extreme.

    Extreme are the returns whose size is above its ``1 - share`` quantile. Spans are
    ``width`` bars, side by side, without a missing return. 1 for a Poisson count.
    """
    size_BM = np.abs(sample.z_BM)
    finite_BM = np.isfinite(size_BM)
    level = np.quantile(size_BM[finite_BM], 1 - share) if finite_BM.any() else 0.0
    extreme_BM = np.where(finite_BM, size_BM > level, np.nan)
    num_spans = size_BM.shape[1] // width
    spans_BWw = extreme_BM[:, : num_spans * width].reshape(-1, num_spans, width)
    counts_BW = spans_BWw.sum(axis=2)
    used_BW = np.isfinite(counts_BW)
    num = used_BW.sum()
    if num < _FEWEST_PAIRS or not np.nansum(counts_BW):
        return np.full(len(sample.resampler.weights_RU), np.nan)
    # Each span's numbers stand at its first bar.
    terms = np.zeros((3, *size_BM.shape))
    filled_BW = np.where(used_BW, counts_BW, 0.0)
    first = slice(0, num_spans * width, width)
    for row, values in enumerate((used_BW, filled_BW, filled_BW**2)):
        terms[row][:, first] = values
    used, total, squares = sample.resampler.sums_of(terms).T
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (squares - total**2 / used) / used * num / (num - 1)
        return np.where(total > 0, variance / (total / used), np.nan)
