"""Facts on the shape of returns: skewness and kurtosis at several horizons."""

import numpy as np

from marsjax.eval.facts_sample import Sample, standardise, sums_over

FEWEST = 10.0
"""Independent sums that a group must hold for its kurtosis to mean anything."""


def moments(sample: Sample, horizons: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """Skewness and excess kurtosis of overlapping sums, ``[R, horizons]`` each.

    NaN for horizons at which a group holds fewer than `FEWEST` independent sums.
    """
    found = [_moments(sample, h) for h in horizons]
    return tuple(np.stack(x, axis=1) for x in zip(*found, strict=True))


def _moments(sample: Sample, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    sums_BM = standardise(sums_over(sample.z_BM, horizon), sample.group_B)
    per_group = sample.per_group(sums_BM)
    # Overlapping sums of white noise have triangular autocorrelation; the sum of its
    # squares is the number of overlapping ones that make an independent square.
    overlap = (2 * horizon**2 + 1) / (3 * horizon)
    skew, kurtosis = shape_of(sample, sums_BM)
    return _where_enough(skew, kurtosis, per_group * overlap)


def _where_enough(skew, kurtosis, per_group) -> tuple[np.ndarray, np.ndarray]:
    if not per_group * FEWEST <= 1:
        return np.full_like(skew, np.nan), np.full_like(skew, np.nan)
    return skew, unbiased(kurtosis, 1 / per_group)


def shape_of(sample: Sample, values_BM: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Skewness and excess kurtosis of the pooled values, uncorrected, ``[R]`` each."""
    square_BM = values_BM * values_BM
    powers = (values_BM, square_BM, square_BM * values_BM, square_BM * square_BM)
    powers = (np.isfinite(values_BM), *powers)
    num, one, two, three, four = sample.resampler.sums_of(powers).T
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = one / num
        m2 = two / num - mean**2
        m3 = three / num - 3 * mean * two / num + 2 * mean**3
        m4 = four / num - 4 * mean * three / num
        m4 += 6 * mean**2 * two / num - 3 * mean**4
        return m3 / m2**1.5, m4 / m2**2 - 3


def unbiased(kurtosis: np.ndarray, num: float) -> np.ndarray:
    """Excess kurtosis corrected for samples of ``num`` Gaussian values each."""
    return (num - 1) / ((num - 2) * (num - 3)) * ((num + 1) * kurtosis + 6)


def conditional_kurtosis(
    sample: Sample, horizons: tuple[int, ...], fewest: int = 50
) -> np.ndarray:
    """Excess kurtosis of returns over their time of day's volatility.

    ``[R, horizons]``.

    Neighbouring bars of the day share a standard deviation until they have ``fewest``
    returns together.
    """
    flat = sample.z_BM.ravel()
    finite = np.isfinite(flat)
    bar = sample.bar_of_day_BM.ravel()
    bars, num = np.unique(bar[finite], return_counts=True)
    bin_of_bar = _bins(num, fewest)
    at = bin_of_bar[np.minimum(np.searchsorted(bars, bar), len(bars) - 1)]
    num_bin = np.bincount(at[finite], minlength=1)
    sd = np.sqrt(np.bincount(at[finite], flat[finite] ** 2) / num_bin)
    scaled_BM = (flat / np.where(sd > 0, sd, np.nan)[at]).reshape(sample.z_BM.shape)
    per_bin = len(num_bin) / max(finite.sum(), 1)
    found = []
    for h in horizons:
        sums_BM = standardise(sums_over(scaled_BM, h), sample.group_B)
        overlap = (2 * h**2 + 1) / (3 * h)
        _, kurtosis = shape_of(sample, sums_BM)
        # Scaled twice, by group and by bin; at longer horizons bins average out.
        both = sample.per_group(sums_BM) * overlap + per_bin / h
        found.append(_where_enough(kurtosis, kurtosis, both)[1])
    return np.stack(found, axis=1)


def _bins(num: np.ndarray, fewest: int) -> np.ndarray:
    """Runs of neighbours that hold ``fewest`` each; a short last one joins the run."""
    out, held, now = np.zeros(len(num), int), 0, 0
    for i, n in enumerate(num):
        if held >= fewest:
            now, held = now + 1, 0
        out[i] = now
        held += n
    if held < fewest and now:
        out[out == now] = now - 1
    return out
