"""Response functions: how the mid moves on average after each type of event.

``R(type, lag) = E[sign * (mid(t + lag) - mid(t-)) | an event of that type at t]`` in
ticks (equation 15 of Eisler, Bouchaud and Kockelkoren, 2012; see `response_events`).
Lags count events at the touch, as there: at lag 1 the mid is that just before the next
event. All lags of a type are sums over windows, so that a bootstrap over windows is a
weighted sum.
"""

from typing import NamedTuple

import numpy as np

from marsjax.data.clock import NS
from marsjax.eval.response_events import TYPES, Events, find_events
from marsjax.eval.windows import Windows

LAGS = (1, 2, 3, 4, 6, 9, 13, 20, 30, 45, 65, 95, 140, 200)
"""Lags in events, evenly in the logarithm."""

LAGS_S = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""Lags in seconds."""

FEWEST = 30
"""A response over fewer events than that is NaN."""


class ResponseStats(NamedTuple):
    """Sums of B windows; a window's weight multiplies both.

    Attributes:
      sum_BEL: signed moves of the mid in ticks, by window, type and lag.
      count_BEL: events they are over; with a mid before the event and at the lag.
      num_BE: events of each type, whether or not the window reaches any lag.
      masked_B: messages at the touch whose book was one-sided or crossed.
      lags_L: in events, or in seconds.
      is_seconds: which of the two.
    """

    sum_BEL: np.ndarray
    count_BEL: np.ndarray
    num_BE: np.ndarray
    masked_B: np.ndarray
    lags_L: np.ndarray
    is_seconds: bool


class Difference(NamedTuple):
    """Responses of one set of windows against another's, by type ``[..., E]``.

    ``ticks``: mean absolute difference over the lags that both have. ``relative``: that
    over the mean size of the reference's response at these lags.
    """

    ticks: np.ndarray
    relative: np.ndarray


def prepare(windows: Windows, lags=LAGS, *, in_seconds: bool = False) -> ResponseStats:
    """The sums of some windows.

    Args:
      windows: B of them; events whose lag lies beyond the window's end do not count.
      lags: in events at the touch, or in seconds of trading time.
      in_seconds: which; the mid is then that after the last message up to that time.
    """
    events = find_events(windows)
    lags_L = np.asarray(lags, np.float64 if in_seconds else np.int64)
    moves = _after_seconds(windows, events) if in_seconds else _after_events(events)
    type_BN = moves.type_BN
    sums, counts = [], []
    is_type_EBN = np.stack([type_BN == e for e in range(len(TYPES))]).astype(float)
    for lag in lags_L:
        move_BN = moves.sign_BN * (moves.later(lag) - moves.before_BN)
        known_BN = np.isfinite(move_BN)
        sums.append(np.einsum("ebn,bn->be", is_type_EBN, np.nan_to_num(move_BN)))
        counts.append(np.einsum("ebn,bn->be", is_type_EBN, known_BN.astype(float)))
    is_masked_BT = events.at_touch_BT & (events.type_BT < 0)
    return ResponseStats(
        sum_BEL=np.stack(sums, axis=2),
        count_BEL=np.stack(counts, axis=2),
        num_BE=is_type_EBN.sum(axis=2).T,
        masked_B=is_masked_BT.sum(axis=1),
        lags_L=lags_L,
        is_seconds=in_seconds,
    )


class _Moves(NamedTuple):
    """Events ``[B, N]`` and how to see the mid ``[B, N]`` some lag later."""

    type_BN: np.ndarray
    sign_BN: np.ndarray
    before_BN: np.ndarray
    later: object


def _after_events(events: Events) -> _Moves:
    """Event time: the messages at the touch, moved to the front of their window."""
    num_B = events.at_touch_BT.sum(axis=1)
    most = int(num_B.max(initial=0))
    order_BT = np.argsort(~events.at_touch_BT, axis=1, kind="stable")[:, :most]
    used_BN = np.arange(most)[None, :] < num_B[:, None]

    def front(column_BT: np.ndarray, beyond) -> np.ndarray:
        found = np.take_along_axis(column_BT, order_BT, axis=1)
        return np.where(used_BN, found, beyond)

    before_BN = front(events.before_BT, np.nan)
    # The next event's mid before it; for the last event the mid after it.
    after_BN = front(events.after_BT, np.nan)
    is_last_BN = np.arange(most)[None, :] == num_B[:, None] - 1
    next_BN = np.full(before_BN.shape, np.nan)
    next_BN[:, :-1] = before_BN[:, 1:]
    next_BN = np.where(is_last_BN, after_BN, next_BN)

    def later(lag: int) -> np.ndarray:
        out = np.full(before_BN.shape, np.nan)
        stop = max(most - lag + 1, 0)
        out[:, :stop] = next_BN[:, most - stop :]
        return out

    return _Moves(front(events.type_BT, -1), front(events.sign_BT, 0), before_BN, later)


def _after_seconds(windows: Windows, events: Events) -> _Moves:
    """Trading time: the book that the last message up to then left."""
    time_BT = windows.time_ns_BT.astype(np.int64)
    num_B, length = windows.used_BT.sum(axis=1), time_BT.shape[1]
    last_B = np.maximum(num_B - 1, 0)
    end_B = np.take_along_axis(time_BT, last_B[:, None], axis=1)[:, 0]
    # One search for all windows: each has a stretch of time of its own.
    start = time_BT.min(initial=0)
    span = int(time_BT.max(initial=0) - start) + 1
    offset_B = np.arange(len(time_BT)) * 2 * span
    flat = (np.maximum.accumulate(time_BT, axis=1) - start + offset_B[:, None]).ravel()

    def later(lag: float) -> np.ndarray:
        wanted_BT = time_BT + np.int64(round(lag * NS))
        reached_BT = wanted_BT <= end_B[:, None]
        at = np.where(reached_BT, wanted_BT, time_BT) - start + offset_B[:, None]
        row_BT = np.searchsorted(flat, at.ravel(), side="right").reshape(at.shape) - 1
        row_BT -= np.arange(len(time_BT))[:, None] * length
        row_BT = np.clip(row_BT, 0, last_B[:, None])
        mid_BT = np.take_along_axis(events.after_BT, row_BT, axis=1)
        return np.where(reached_BT, mid_BT, np.nan)

    return _Moves(events.type_BT, events.sign_BT, events.before_BT, later)


def responses(
    stats: ResponseStats, weights: np.ndarray | None = None, fewest: int = FEWEST
) -> np.ndarray:
    """Response functions in ticks, ``[E, L]``, or ``[R, E, L]`` of R weightings.

    Args:
      stats: of `prepare`.
      weights: of the windows, ``[B]`` or ``[R, B]``; all one by default.
      fewest: events that a type must have at a lag in all windows that have a weight
        in any of the weightings, so that a bootstrap does not lose some draws; NaN
        below.
    """
    weights = np.ones(len(stats.sum_BEL)) if weights is None else np.asarray(weights)
    total = np.tensordot(weights, stats.sum_BEL, axes=1)
    count = np.tensordot(weights, stats.count_BEL, axes=1)
    is_used_B = (np.atleast_2d(weights) > 0).any(axis=0)
    is_enough_EL = stats.count_BEL[is_used_B].sum(axis=0) >= fewest
    is_known = (count > 0) & np.broadcast_to(is_enough_EL, count.shape)
    return np.where(is_known, total / np.where(count > 0, count, 1.0), np.nan)


def difference(reference: np.ndarray, generated: np.ndarray) -> Difference:
    """How far responses ``[..., E, L]`` of two sets of windows are apart."""
    known = np.isfinite(reference) & np.isfinite(generated)
    num = known.sum(axis=-1)
    apart = np.where(known, np.abs(reference - generated), 0.0).sum(axis=-1)
    size = np.where(known, np.abs(reference), 0.0).sum(axis=-1)
    ticks = np.where(num > 0, apart / np.maximum(num, 1), np.nan)
    return Difference(
        ticks,
        np.where((num > 0) & (size > 0), apart / np.where(size > 0, size, 1.0), np.nan),
    )


def score(
    reference: ResponseStats,
    generated: ResponseStats,
    weights_ref: np.ndarray | None = None,
    weights_gen: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """Differences by name of the type, with ``all``: the mean over types that have one.

    Args:
      reference, generated: of `prepare`, with the same lags.
      weights_ref, weights_gen: as of `responses`; R of both, or none.

    Returns:
      for each name of `TYPES` and ``all``, the mean absolute difference in ticks, a
      number or ``[R]``; and with ``", relative"`` after the name, that relative to the
      reference's size.
    """
    pair = difference(
        responses(reference, weights_ref), responses(generated, weights_gen)
    )
    out = {}
    for suffix, values in zip(("", ", relative"), pair, strict=True):
        known = np.isfinite(values)
        total = np.where(known, values, 0.0).sum(axis=-1)
        num = known.sum(axis=-1)
        out |= {name + suffix: values[..., e] for e, name in enumerate(TYPES)}
        out["all" + suffix] = np.where(num > 0, total / np.maximum(num, 1), np.nan)
    return out


def notes(stats: ResponseStats, fewest: int = FEWEST) -> list[str]:
    """What a reader should know: types too rare, lags too long, books masked."""
    found = []
    unit = " s" if stats.is_seconds else " events"
    num_E, count_EL = stats.num_BE.sum(axis=0), stats.count_BEL.sum(axis=0)
    for name, num, count_L in zip(TYPES, num_E, count_EL, strict=True):
        short = stats.lags_L[count_L < fewest]
        if len(short):
            found.append(
                f"{name}: {int(num):,} events, fewer than {fewest} with lag "
                f"{short[0]:g}{unit} inside their window"
            )
    masked = int(stats.masked_B.sum())
    if masked:
        found.append(f"{masked:,} events left out: the book was one-sided or crossed")
    return found
