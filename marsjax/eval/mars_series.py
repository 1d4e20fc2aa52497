"""The quantities whose overlap coefficients MarS reports, from pieces of a minute.

After Li et al., MarS (ICLR 2025): volatility, spread, mean order volume, aggressive
ratio, buy ratio, and returns over one to five minutes. The pieces are counted from a
window's first message; its last one may be shorter, but holds a message.
"""

from functools import partial

import numpy as np

from marsjax.data.clock import NS
from marsjax.eval.series import Series
from marsjax.eval.windows import LIMIT, MARKET, Windows, mid_ticks, spread_ticks

MINUTE_NS = 60 * NS
RETURN_MINUTES = (1, 2, 3, 4, 5)


def _minute(windows: Windows) -> tuple[np.ndarray, int]:
    """Minute of each message since its window's first, and how many there are."""
    since = windows.time_ns_BT - windows.time_ns_BT[:, :1]
    minute = np.maximum(since, 0) // MINUTE_NS
    # Minutes without a message get no number: a night in a window costs no memory.
    number = np.zeros(minute.shape, np.int64)
    number[:, 1:] = np.cumsum(np.diff(minute, axis=1) != 0, axis=1)
    return number, int(number.max(initial=0)) + 1


def _sum_by_minute(windows: Windows, value_BT: np.ndarray) -> np.ndarray:
    """Sums of values over the minutes of a window, ``[B, n]``."""
    number_BT, num = _minute(windows)
    num_windows = windows.num_windows
    flat = number_BT + np.arange(num_windows)[:, None] * num
    total = np.bincount(flat.ravel(), value_BT.ravel(), num_windows * num)
    return total.reshape(num_windows, num)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.where(below > 0, above / np.where(below > 0, below, 1), np.nan)


def mean_volume(windows: Windows) -> np.ndarray:
    """Mean quantity of the new orders of a minute."""
    is_order = np.isin(windows.type_BT, (LIMIT, MARKET))
    total = _sum_by_minute(windows, np.where(is_order, windows.qty_BT, 0))
    return _ratio(total, _sum_by_minute(windows, is_order))


def share_of_orders(windows: Windows, which: str) -> np.ndarray:
    """Share of the new orders of a minute that trade on arrival, or that buy.

    Args:
      windows: the windows.
      which: ``market`` or ``buy``.
    """
    is_order = np.isin(windows.type_BT, (LIMIT, MARKET))
    is_it = windows.type_BT == MARKET if which == "market" else windows.side_BT == 0
    total = _sum_by_minute(windows, is_order & is_it)
    return _ratio(total, _sum_by_minute(windows, is_order))


def volatility(windows: Windows) -> np.ndarray:
    """Root of the sum of the squared log changes of the mid in a minute.

    Changes are those from message to message, without those that have no mid.
    """
    log_mid = np.log(mid_ticks(windows))
    square = np.zeros(log_mid.shape)
    square[:, 1:] = np.diff(log_mid, axis=1) ** 2
    is_known = ~np.isnan(square) & windows.used_BT
    total = _sum_by_minute(windows, np.where(is_known, square, 0))
    return np.where(_sum_by_minute(windows, is_known) > 1, np.sqrt(total), np.nan)


def minute_return(windows: Windows, minutes: int) -> np.ndarray:
    """Log return of the mid over whole minutes since the window's first message.

    Returns start at every minute. The mid is the last one known; a window has none
    beyond its last message.
    """
    mid_BT = mid_ticks(windows)
    since_BT = windows.time_ns_BT - windows.time_ns_BT[:, :1]
    held_B = np.where(windows.used_BT, since_BT, 0).max(axis=1, initial=0)
    num = int(held_B.max(initial=0) // MINUTE_NS) + 1
    mid_Bn = np.full((windows.num_windows, num), np.nan)
    for b in range(windows.num_windows):
        known = np.flatnonzero(~np.isnan(mid_BT[b]))
        at = np.arange(int(held_B[b] // MINUTE_NS) + 1) * MINUTE_NS
        last = np.searchsorted(since_BT[b, known], at, side="right") - 1
        which = np.flatnonzero(last >= 0)
        mid_Bn[b, which] = mid_BT[b, known[last[which]]]
    log_mid = np.log(mid_Bn)
    return log_mid[:, minutes:] - log_mid[:, :-minutes]


MARS = (
    Series(
        "volatility of a minute",
        "1",
        "Root of the sum of squared log changes of the mid.",
        volatility,
    ),
    Series("spread", "ticks", "Best ask less best bid.", spread_ticks, True),
    Series(
        "mean order volume of a minute",
        "shares",
        "Mean quantity of new orders.",
        mean_volume,
    ),
    Series(
        "aggressive ratio of a minute",
        "1",
        "Share of the new orders that trade on arrival.",
        partial(share_of_orders, which="market"),
    ),
    Series(
        "buy ratio of a minute",
        "1",
        "Share of the new orders that buy.",
        partial(share_of_orders, which="buy"),
    ),
    *(
        Series(
            f"{k}-minute return",
            "1",
            "Log return of the mid.",
            partial(minute_return, minutes=k),
            is_missing_worst=False,
        )
        for k in RETURN_MINUTES
    ),
)
"""What `marsjax.eval.fit.fit` takes as its series for MarS's overlap coefficients."""
