"""Series of single orders: gaps, lives, distances from the mid, levels.

Every function takes windows and gives float64 ``[B, T]``, NaN where there is no value.
"""

import numpy as np

from marsjax.eval.windows import CANCEL, Windows, mid_ticks

_ZERO_MS = 1e-9
_ZERO_S = 1e-9
"""What LOB-Bench takes for a time of zero, so that it has a logarithm."""


def gap_ns(windows: Windows) -> np.ndarray:
    """Time since the message before in nanoseconds; NaN for a window's first one.

    A time that runs backwards has no gap.
    """
    used = windows.used_BT
    gap = np.full(used.shape, np.nan)
    gap[:, 1:] = np.diff(windows.time_ns_BT, axis=1)
    gap[:, 1:][~(used[:, 1:] & used[:, :-1])] = np.nan
    return np.where(gap >= 0, gap, np.nan)


def log_gap(windows: Windows) -> np.ndarray:
    """Logarithm of the milliseconds since the message before; 0 counts as 1e-9."""
    gap = gap_ns(windows) / 1e6
    return np.log(np.where(gap == 0, _ZERO_MS, gap))


def log_life(windows: Windows) -> np.ndarray:
    """Logarithm of the seconds from an order to its cancel; 0 counts as 1e-9.

    Only orders that came within the window count, as in LOB-Bench: a market that was
    started in the middle of a day knows no others. Each partial cancel has a value.
    """
    age = windows.age_ns_BT
    since = windows.time_ns_BT - windows.time_ns_BT[:, :1]
    known = (windows.type_BT == CANCEL) & (age >= 0) & (age <= since)
    return np.log(np.where(known, np.where(age == 0, _ZERO_S, age / 1e9), np.nan))


def depth(windows: Windows, type_: int, side: int) -> np.ndarray:
    """Distance of orders of a type and side from the mid after them, in ticks.

    The mid is that after the message, as in LOB-Bench. It is negative where a cancel
    took the best price away and the mid moved past it.
    """
    which = (windows.type_BT == type_) & (windows.side_BT == side)
    distance = (windows.price_ticks_BT - mid_ticks(windows)) * (2 * side - 1)
    return np.where(which, distance, np.nan)


def level(windows: Windows, type_: int, side: int) -> np.ndarray:
    """Level of the price of orders of a type and side, 1 the best; NaN beyond ten.

    It is that in the book after a new order, and in the book before a cancel.
    """
    price_BTK = windows.level_price_BTSK[:, :, side]
    if type_ == CANCEL:
        first_B1K = windows.first_price_BSK[:, None, side]
        price_BTK = np.concatenate([first_B1K, price_BTK[:, :-1]], axis=1)
    order_BT = windows.price_ticks_BT
    at_BTK = (price_BTK == order_BT[..., None]) & (order_BT[..., None] > 0)
    which = (windows.type_BT == type_) & (windows.side_BT == side) & at_BTK.any(-1)
    return np.where(which, at_BTK.argmax(-1) + 1.0, np.nan)
