"""A forecast task on windows: where will the mid be, from the book and the flow?

The label is that of MarS: the mean mid of what comes against the mid now,
relative to it, cut into three at the terciles of the real training data. Horizons are
messages here, for windows are messages.
"""

from typing import NamedTuple

import numpy as np

from marsjax.eval.book_series import imbalance
from marsjax.eval.flow_series import flow_imbalance
from marsjax.eval.memory import log_gaps, trade_signs
from marsjax.eval.windows import ASK, BID, Windows, mid_ticks, spread_ticks

DOWN, FLAT, UP = range(3)
NUM_CLASSES = 3
LOOKBACKS = (5, 20, 50)
"""Messages over which flow and returns are taken."""


class Examples(NamedTuple):
    """N examples from B windows that have one.

    Attributes:
      x_NF: features.
      move_N: mean mid of the next messages over the mid now, less 1.
      past_N: mid now over the mean mid of the last messages, less 1; NaN if unknown.
      window_N: which window each is of.
      group_B: groups of the windows that have an example.
    """

    x_NF: np.ndarray
    move_N: np.ndarray
    past_N: np.ndarray
    window_N: np.ndarray
    group_B: np.ndarray


def make_examples(windows: Windows, horizon: int, stride: int) -> Examples:
    """Examples at every ``stride``-th message that has all it needs.

    Left out are messages whose book, or that one of `LOOKBACKS` before, is not sound,
    and those of whose next ``horizon`` messages fewer than half have a sound book, or
    that have not so many. Flow across a book that is not sound counts as none.

    Args:
      windows: B windows.
      horizon: messages ahead.
      stride: messages from one example to the next.
    """
    mid = mid_ticks(windows)
    features_BTF = _features(windows, mid)
    # At T - 1 - t in the reversed order the last messages are the next ones.
    ahead = _mean_before(mid[:, ::-1], windows.used_BT[:, ::-1], horizon)[:, ::-1]
    before = _mean_before(mid, windows.used_BT, horizon)
    with np.errstate(invalid="ignore", divide="ignore"):
        move, past = ahead / mid - 1, mid / before - 1
    is_example = np.zeros(mid.shape, bool)
    is_example[:, LOOKBACKS[-1] :: stride] = True
    is_example &= np.isfinite(features_BTF).all(axis=-1) & np.isfinite(move)
    row_N = np.nonzero(is_example)[0]
    has_B = is_example.any(axis=1)
    window_N = (np.cumsum(has_B) - 1)[row_N]
    picked = (x[is_example] for x in (features_BTF, move, past))
    return Examples(*picked, window_N, windows.group_B[has_B])


def tercile_edges(move_N: np.ndarray) -> tuple[float, float]:
    """Edges of three classes: `DOWN` below the first, `UP` above the second.

    Where many moves are equal, as 0 often is, they go whole to the side that leaves the
    shares nearest to thirds.
    """
    low, high = np.quantile(move_N, [1 / 3, 2 / 3], method="inverted_cdf")
    if _nearer(np.mean(move_N <= low), np.mean(move_N < low)):
        low = np.nextafter(low, np.inf)
    if _nearer(np.mean(move_N >= high), np.mean(move_N > high)):
        high = np.nextafter(high, -np.inf)
    return float(low), float(high)


def classes(move_N: np.ndarray, edges: tuple[float, float]) -> np.ndarray:
    """`DOWN`, `FLAT` or `UP` for each; `FLAT` for NaN."""
    return np.where(move_N < edges[0], DOWN, np.where(move_N > edges[1], UP, FLAT))


def _nearer(with_ties: float, without: float) -> bool:
    return abs(with_ties - 1 / 3) < abs(without - 1 / 3)


def _features(windows: Windows, mid: np.ndarray) -> np.ndarray:
    """Signed features, their magnitudes, and those without a sign; ``[B, T, F]``."""
    qty = windows.level_qty_BTSK.astype(np.float64)
    flow, signs = flow_imbalance(windows), trade_signs(windows)
    size = np.maximum(qty[..., 0].mean(axis=-1), 1)
    shares = np.nan_to_num(signs) * windows.traded_BT / size
    signed = [imbalance(windows), _imbalance(qty[..., :5]), _imbalance(qty)]
    for num in LOOKBACKS:
        signed.append(np.cbrt(_sum_before(flow / size, num)))
        signed.append(np.cbrt(_sum_before(shares, num)))
        past = np.full(mid.shape, np.nan)
        past[:, num:] = mid[:, num:] / mid[:, :-num] - 1
        signed.append(past)
    depth = np.log1p(qty[..., BID, :].sum(-1)) + np.log1p(qty[..., ASK, :].sum(-1))
    pace = _sum_before(log_gaps(windows), LOOKBACKS[1])
    plain = [np.log(spread_ticks(windows)), depth, pace]
    signed = np.stack(signed, axis=-1)
    return np.concatenate([signed, np.abs(signed), np.stack(plain, axis=-1)], axis=-1)


def _imbalance(qty_BTSK: np.ndarray) -> np.ndarray:
    side = qty_BTSK.sum(axis=-1)
    total = np.maximum(side.sum(axis=-1), 1)
    return (side[..., BID] - side[..., ASK]) / total


def _sum_before(values: np.ndarray, num: int) -> np.ndarray:
    """Sum over a message and the ``num`` - 1 before it; unknown ones count as 0."""
    total = np.cumsum(np.nan_to_num(values), axis=1)
    total[:, num:] -= total[:, :-num].copy()
    return total


def _mean_before(mid: np.ndarray, used: np.ndarray, num: int) -> np.ndarray:
    """Mean of the known mids of the ``num`` messages before each, itself left out.

    NaN where there are not so many messages or fewer than half of them have a mid.
    """
    out = np.full(mid.shape, np.nan)
    if mid.shape[1] <= num:
        return out
    sums = [np.nan_to_num(mid), ~np.isnan(mid), used]
    sums = [_sum_before(x.astype(np.float64), num)[:, num - 1 : -1] for x in sums]
    is_known = (sums[2] == num) & (sums[1] >= num / 2)
    out[:, num:] = np.where(is_known, sums[0] / np.maximum(sums[1], 1), np.nan)
    return out
