"""Series of the book: spread, imbalance, volumes, and the conditions on them.

Every function takes windows and gives float64 ``[B, T]``, NaN where there is no value.
"""

import numpy as np

from marsjax.data.clock import NS
from marsjax.eval.windows import ASK, BID, Windows, mid_ticks, touch

STEP_NS = NS // 10
"""Step of the returns that make a window's volatility, as in LOB-Bench."""


def imbalance(windows: Windows) -> np.ndarray:
    """(bid - ask) / (bid + ask) of the volumes at the best prices, in [-1, 1]."""
    *_, is_sound = touch(windows)
    qty_BTS = windows.level_qty_BTSK[..., 0].astype(np.float64)
    bid, ask = qty_BTS[..., BID], qty_BTS[..., ASK]
    total = bid + ask
    is_known = is_sound & (total > 0)
    return np.where(is_known, (bid - ask) / np.where(is_known, total, 1), np.nan)


def volume_at_best(windows: Windows, side: int) -> np.ndarray:
    """Shares at the best price of a side; NaN where the side is empty or crossed."""
    has_best = windows.level_price_BTSK[:, :, side, 0] > 0
    qty = windows.level_qty_BTSK[:, :, side, 0]
    return np.where(has_best & ~_crossed(windows), qty, np.nan)


def volume_of_levels(windows: Windows, side: int) -> np.ndarray:
    """Shares of the ten best levels of a side; NaN where the book is crossed.

    An empty side has none of them, which is 0.
    """
    qty = windows.level_qty_BTSK[:, :, side].sum(axis=-1, dtype=np.float64)
    return np.where(~_crossed(windows), qty, np.nan)


def hour(windows: Windows) -> np.ndarray:
    """Hour of the day by the clock on the wall."""
    return np.where(windows.used_BT, windows.clock_s_BT // 3600, np.nan)


def volatility(windows: Windows) -> np.ndarray:
    """Root mean square log return of the mid a tenth of a second, one a window.

    Returns are those of the last sound mid of each tenth of a second, which is carried
    over those without a message. NaN in a window that lies within one of them.
    """
    mid_BT = mid_ticks(windows)
    if not mid_BT.size:
        return mid_BT
    is_known_BT = ~np.isnan(mid_BT)
    step_BT = windows.time_ns_BT // STEP_NS
    num_windows, length = mid_BT.shape
    place_T = np.arange(length)
    # The place of the next row with a mid, and of the last one before.
    next_BT = np.where(is_known_BT, place_T, length)
    next_BT = np.minimum.accumulate(next_BT[:, ::-1], axis=1)[:, ::-1]
    next_BT = np.concatenate(
        [next_BT[:, 1:], np.full((num_windows, 1), length)], axis=1
    )
    step_next_BT = np.take_along_axis(step_BT, np.minimum(next_BT, length - 1), axis=1)
    is_close_BT = is_known_BT & ((next_BT == length) | (step_next_BT != step_BT))
    before_BT = np.maximum.accumulate(np.where(is_close_BT, place_T, -1), axis=1)
    before_BT = np.concatenate(
        [np.full((num_windows, 1), -1), before_BT[:, :-1]], axis=1
    )
    is_return_BT = is_close_BT & (before_BT >= 0)
    log_mid_BT = np.log(np.where(is_known_BT, mid_BT, 1))
    log_before_BT = np.take_along_axis(log_mid_BT, np.maximum(before_BT, 0), axis=1)
    square_BT = np.where(is_return_BT, (log_mid_BT - log_before_BT) ** 2, 0)
    step_before_BT = np.take_along_axis(step_BT, np.maximum(before_BT, 0), axis=1)
    steps_B = np.where(is_return_BT, step_BT - step_before_BT, 0).sum(axis=1)
    mean_B = square_BT.sum(axis=1) / np.maximum(steps_B, 1)
    value_B = np.where(steps_B > 0, np.sqrt(mean_B), np.nan)
    return np.where(windows.used_BT, value_B[:, None], np.nan)


def _crossed(windows: Windows) -> np.ndarray:
    """Whether a book is crossed or locked, or a row is padding, bool ``[B, T]``."""
    bid, ask, _ = touch(windows)
    return ~windows.used_BT | ((bid > 0) & (ask > 0) & (bid >= ask))
