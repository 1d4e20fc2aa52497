"""Sums over equal spans of time, of one series of messages."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

SLACK = 60
"""Data that begin or end so small a part of a bar inside of it count as the whole."""


class Series(NamedTuple):
    """N messages of one market and R changes of its book, in order of time; numpy.

    Attributes:
      time_ns_N: trading time of each message.
      traded_N: shares; notional_N: shares times their prices in ticks.
      sign_N: 1 where the aggressor bought, -1 where it sold.
      state_ns_R: trading time of whatever moved the book, a message or not.
      mid_ticks_E, spread_ticks_E: before the first of these and after each, E = R + 1;
        NaN where the book is one-sided or crossed.
    """

    time_ns_N: np.ndarray
    traded_N: np.ndarray
    notional_N: np.ndarray
    sign_N: np.ndarray
    state_ns_R: np.ndarray
    mid_ticks_E: np.ndarray
    spread_ticks_E: np.ndarray


class Span(NamedTuple):
    """Trading time within a session that the data cover, in nanoseconds.

    ``session``: its number. ``origin_ns``: where its bars are counted from; ``end_ns``:
    where it ends. ``first_ns``, ``last_ns``: of the data within it.
    """

    session: int
    origin_ns: int
    end_ns: int
    first_ns: int
    last_ns: int


def bars_between(
    series: Series,
    spans: Sequence[Span],
    bar_ns: int,
    after_ns: int,
    across_breaks: bool,
) -> dict[str, np.ndarray]:
    """Columns of `marsjax.eval.bars.Bars` of the M whole bars, ``[M]`` each.

    Args:
      series: the messages.
      spans: what is covered, in order.
      bar_ns: length of a bar.
      after_ns: how much later the mid of the realised spread is.
      across_breaks: whether a bar after a break has a return.
    """
    begin, session, is_next = _whole_bars(spans, bar_ns)
    end = begin + bar_ns
    first, last = (np.searchsorted(series.time_ns_N, x) for x in (begin, end))
    realised, weight = _realised(series, spans, after_ns)

    def total(values_N: np.ndarray) -> np.ndarray:
        sums = np.concatenate([[0.0], np.cumsum(values_N)])
        return sums[last] - sums[first]

    mid = series.mid_ticks_E[np.searchsorted(series.state_ns_R, end)]
    change = np.full(len(mid), np.nan)
    change[1:] = np.log(mid[1:] / mid[:-1])
    return {
        "start_s": begin / 1e9,
        "mid_ticks": mid,
        "return": np.where(is_next | across_breaks, change, np.nan),
        "volume": total(series.traded_N),
        "signed_volume": total(series.sign_N * series.traded_N),
        "num_messages": (last - first).astype(np.float64),
        "spread_ticks": _time_mean(series, begin, end),
        "realised_spread_ticks": _ratio(total(realised), total(weight)),
        "session": session.astype(np.float64),
    }


def _whole_bars(spans, bar_ns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Begin and session of each bar, and whether it follows the one before it."""
    begin, session, is_next = [], [], []
    for span in spans:
        slack = bar_ns // SLACK
        k = max(-((span.origin_ns - span.first_ns + slack) // bar_ns), 0)
        stop = min(span.last_ns + slack, span.end_ns) - span.origin_ns
        num = max(stop // bar_ns - k, 0)
        begin.append(span.origin_ns + (k + np.arange(num)) * bar_ns)
        session.append(np.full(num, span.session))
        is_next.append(np.arange(num) > 0)
    if not begin:
        return np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool)
    return tuple(np.concatenate(x) for x in (begin, session, is_next))


def _realised(series: Series, spans, after_ns: int) -> tuple[np.ndarray, np.ndarray]:
    """Shares times realised spread of each message, and the shares it is known of."""
    time, traded = series.time_ns_N, series.traded_N
    later = time + after_ns
    known_to = np.full(len(time), -1)
    for span in spans:
        known_to[(time >= span.first_ns) & (time < span.end_ns)] = span.last_ns
    mid = series.mid_ticks_E[np.searchsorted(series.state_ns_R, later, side="right")]
    is_known = (traded > 0) & (later <= known_to) & ~np.isnan(mid)
    gain = 2 * series.sign_N * (series.notional_N - traded * mid)
    return np.where(is_known, gain, 0.0), np.where(is_known, traded, 0.0)


def _time_mean(series: Series, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
    """Mean of the spread over the time in which there is one."""
    if not len(begin):
        return np.zeros(0)
    time = series.state_ns_R
    edges = np.concatenate([[min([begin[0], *time[:1]])], time])
    spread = series.spread_ticks_E
    is_there = ~np.isnan(spread)

    def between(values_E: np.ndarray) -> np.ndarray:
        sums = np.concatenate([[0.0], np.cumsum(values_E[:-1] * np.diff(edges))])

        def until(moment: np.ndarray) -> np.ndarray:
            at = np.searchsorted(time, moment)
            return sums[at] + values_E[at] * (moment - edges[at])

        return until(end) - until(begin)

    return _ratio(
        between(np.where(is_there, spread, 0.0)), between(is_there.astype(np.float64))
    )


def _ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    some = bottom > 0
    return np.where(some, top / np.where(some, bottom, 1.0), np.nan)
