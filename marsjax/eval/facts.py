"""The eleven stylised facts of Cont (2001) as numbers with intervals and verdicts.

R. Cont, "Empirical properties of asset returns: stylized facts and statistical issues",
Quantitative Finance 1(2), 2001, section 2. The definitions are those of MarS (ICLR
2025), on bars of any length.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from marsjax.eval import facts_memory as memory
from marsjax.eval import facts_moments as shape
from marsjax.eval.facts_about import ABOUT, About
from marsjax.eval.facts_sample import Sample, make_sample
from marsjax.eval.types import Estimate

HOLDS, FAILS, UNCLEAR = "holds", "does not hold", "cannot tell"

HORIZONS = (1, 2, 5, 10, 20)
NUM_LAGS = 10
SPANS = (5, 10, 20, 40, 60)
FEWEST_RETURNS = 100
"""With fewer returns in all, nothing is measured."""

NO_VOLUME = "no volume given"

_WIDEST, _ENOUGH = 20, 60  # bars of a span and spans, for the Fano factor
_ENOUGH_FOR_EXTREMES = 1000  # returns, a hundredth of which are extreme
FEWEST_BARS = NUM_LAGS + 2
"""Of a path, so that there are pairs at every lag."""

_FEWEST_LONG = 5  # bars of the horizon at which tails must have become thinner


class Fact(NamedTuple):
    """A stylised fact of a set of paths.

    Attributes:
      about: which fact, in words, and what its null is.
      value: the statistic with its 95 % interval; the note says which bootstrap.
      verdict: `HOLDS` where the whole interval is on the fact's side of the null;
        `FAILS` where it ends short of what counts (`About.counts`); else `UNCLEAR`.
      lags: of the panel; lags, horizons or spans.
      values, low, high: the panel's series with 95 % intervals, each lag its own.
      draws_R: the statistic over the bootstrap's draws.
    """

    about: About
    value: Estimate
    verdict: str
    lags: np.ndarray
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    draws_R: np.ndarray


class _Measured(NamedTuple):
    """Lags, the series ``[R, lags]`` and the statistic ``[R]``."""

    lags: np.ndarray
    series_RL: np.ndarray
    statistic_R: np.ndarray
    note: str = ""


def facts(
    returns_BM: np.ndarray,
    volume_BM: np.ndarray | None = None,
    bar_of_day_M: np.ndarray | None = None,
    *,
    group_B: np.ndarray | None = None,
    num_draws: int = 200,
    seed: int = 0,
) -> list[Fact]:
    """The eleven facts, in order.

    Short paths are measured with less: the autocorrelations of absolute values and the
    kurtosis of a group are those within it, so compare paths of equal length.

    Args:
      returns_BM: log returns of B independent paths (a market, a stock's day) of M
        bars; NaN: missing. Lags count columns; sums over bars cross no NaN.
      volume_BM: shares traded in the same bars; without it fact 10 cannot tell.
      bar_of_day_M: which bar of the day a column is, or ``[B, M]``; its number by
        default.
      group_B: paths of one label, such as days of a stock, share a mean and a standard
        deviation; by default each path has its own, so that differences in volatility
        between paths are no heavy tails and no clustering.
      num_draws: draws of the bootstrap: over paths, or over blocks of bars where there
        are fewer than 8 paths.
      seed: of the draws; the same draws serve all facts.
    """
    sample = make_sample(
        returns_BM,
        volume_BM,
        bar_of_day_M,
        group_B=group_B,
        num_draws=num_draws,
        seed=seed,
    )
    num_bars = np.shape(returns_BM)[1]
    note = ""
    if sample.num_returns < FEWEST_RETURNS:
        note = f"only {sample.num_returns} returns, {FEWEST_RETURNS} are needed"
    elif num_bars < FEWEST_BARS:
        note = f"paths of {num_bars} bars, {FEWEST_BARS} are needed"
    if note:
        return [_unknown(about, f"{note}; {sample.note}") for about in ABOUT]
    made = zip(ABOUT, _measure(sample), strict=True)
    found = [_judge(sample, about, measured) for about, measured in made]
    # Decay is that of clustering: without it there is nothing that could be slow.
    clustering = found[5].verdict
    if clustering != HOLDS:
        slow = found[7]
        note = f"no clustering whose decay could be fitted; {sample.note}"
        value = Estimate(np.nan, np.nan, np.nan, note)
        found[7] = slow._replace(value=value, verdict=clustering)
    return found


def _measure(sample: Sample) -> Iterator[_Measured]:
    """What each fact measures, in order."""
    z_BM, num_bars = sample.z_BM, sample.z_BM.shape[1]
    size_BM = np.abs(z_BM)
    lags = np.arange(1, min(NUM_LAGS, num_bars - 1) + 1)
    horizons = np.asarray(HORIZONS)
    skew, kurtosis = shape.moments(sample, HORIZONS)

    own = memory.correlation(sample, z_BM, z_BM, lags)
    yield _Measured(lags, own, np.full(len(own), np.nan))
    yield _Measured(horizons, kurtosis, kurtosis[:, 0])
    yield _Measured(horizons, skew, skew[:, 0])
    usable = np.flatnonzero(np.isfinite(kurtosis[0]))
    last = int(usable[-1]) if len(usable) else 0
    is_long = horizons[last] >= _FEWEST_LONG
    yield _Measured(
        horizons,
        kurtosis,
        kurtosis[:, 0] - kurtosis[:, last] * (1.0 if is_long else np.nan),
        f"longest horizon {horizons[last]} bars" + ("" if is_long else ", too short"),
    )
    yield _intermittency(sample)
    far = np.arange(1, max(min(num_bars // 4, 60), len(lags)) + 1)
    clustering = memory.correlation(sample, size_BM, size_BM, far)
    yield _Measured(far, clustering, clustering[:, : len(lags)].mean(axis=1))
    conditional = shape.conditional_kurtosis(sample, HORIZONS)
    yield _Measured(horizons, conditional, conditional[:, 0])
    yield _decay(far, clustering)
    leverage = memory.correlation(sample, z_BM, size_BM, lags)
    yield _Measured(lags, leverage, leverage.mean(axis=1))
    yield _volume(sample, size_BM, lags)
    difference, scales = memory.time_scales(sample)
    statistic = difference.mean(axis=1) if len(scales) else np.full(len(own), np.nan)
    short = f"lags 1 to {len(scales)}" if len(scales) else "paths are too short"
    yield _Measured(scales, difference, statistic, short)


def _intermittency(sample: Sample) -> _Measured:
    """Fano factors by the width of the spans; the widest that leaves enough spans."""
    num_paths, num_bars = sample.z_BM.shape
    widths = np.asarray([w for w in SPANS if w <= max(num_bars // 4, SPANS[0])])
    series_RL = np.stack([memory.fano(sample, int(w)) for w in widths], axis=1)
    is_usable = (widths <= _WIDEST) & (num_paths * (num_bars // widths) >= _ENOUGH)
    at = int(np.flatnonzero(is_usable)[-1]) if is_usable.any() else 0
    note = f"in spans of {widths[at]} bars"
    # Few extremes hardly ever share a span, whatever the truth.
    is_enough = sample.num_returns >= _ENOUGH_FOR_EXTREMES
    if not is_enough:
        note = f"{note}, {_ENOUGH_FOR_EXTREMES:,} returns are needed"
    statistic_R = series_RL[:, at] * (1.0 if is_enough else np.nan)
    return _Measured(widths, series_RL, statistic_R, note)


def _decay(lags: np.ndarray, clustering_RL: np.ndarray) -> _Measured:
    used = np.isfinite(clustering_RL[0])
    if used.sum() < NUM_LAGS:
        statistic = np.full(len(clustering_RL), np.nan)
        return _Measured(lags, clustering_RL, statistic, "too few lags for a fit")
    statistic, is_power = memory.power_law(clustering_RL[:, used], lags[used])
    closer = "a power law" if is_power else "an exponential"
    note = f"lags 1 to {lags[used][-1]}; {closer} fits better"
    return _Measured(lags, clustering_RL, statistic, note)


def _volume(sample: Sample, size_BM: np.ndarray, lags: np.ndarray) -> _Measured:
    both = np.concatenate([-lags[::-1], [0], lags])
    if sample.volume_BM is None:
        nothing = np.full((len(sample.resampler.weights_RU), len(both)), np.nan)
        return _Measured(both, nothing, nothing[:, 0], NO_VOLUME)
    found = memory.correlation(sample, sample.volume_BM, size_BM, both)
    return _Measured(both, found, found[:, len(lags)])


def _judge(sample: Sample, about: About, measured: _Measured) -> Fact:
    low, high = sample.resampler.interval(measured.series_RL)
    statistic_R = measured.statistic_R
    note = "; ".join(x for x in (measured.note, sample.note) if x)
    if about.sign == 0 and np.isfinite(measured.series_RL[0]).any():
        at, half = memory.largest(sample, measured.series_RL)
        statistic_R = measured.series_RL[:, at]
        bounds = (statistic_R[0] - half[at], statistic_R[0] + half[at])
        note = f"at lag {measured.lags[at]}, interval over all lags at once; {note}"
        within = np.nanmax(np.abs(measured.series_RL[0]) + half) <= about.counts
        verdict = UNCLEAR if not within else HOLDS
        verdict = FAILS if bounds[0] > 0 or bounds[1] < 0 else verdict
    else:
        bounds = sample.resampler.interval(statistic_R)
        verdict = _verdict(about, *bounds)
    value = Estimate(*(float(x) for x in (statistic_R[0], *bounds)), note)
    if np.isnan(value.value):
        value = value._replace(note=f"{_why(measured)}; {sample.note}")
    return Fact(
        about,
        value,
        verdict,
        measured.lags,
        measured.series_RL[0],
        low,
        high,
        statistic_R[1:],
    )


def _why(measured: _Measured) -> str:
    if measured.note == NO_VOLUME:
        return NO_VOLUME
    told = f" ({measured.note})" if measured.note else ""
    return f"too few returns, or constant{told}"


def _verdict(about: About, low: float, high: float) -> str:
    if np.isnan(low) or np.isnan(high):
        return UNCLEAR
    ends = (about.sign * (x - about.null) for x in (low, high))
    least, most = sorted(ends)
    if least > 0:
        return HOLDS
    return FAILS if most <= about.counts else UNCLEAR


def _unknown(about: About, note: str) -> Fact:
    none = np.zeros(0)
    value = Estimate(np.nan, np.nan, np.nan, note)
    return Fact(about, value, UNCLEAR, none, none, none, none, none)
