"""Series of the flow: volume per minute and order-flow imbalance.

Every function takes windows and gives float64 ``[B, T]``, NaN where there is no value.
"""

import numpy as np

from marsjax.data.clock import NS
from marsjax.eval.windows import ASK, BID, MARKET, Windows, mid_ticks, touch

MIN_EDGE_NS = NS // 10
"""Seconds of which a window holds less than this have no volume per minute."""

IMBALANCE_MESSAGES = 100
"""Messages over which order-flow imbalance is averaged, as in LOB-Bench."""


def volume_per_minute(windows: Windows) -> np.ndarray:
    """Sixty times the shares that traded in each second that has a trade.

    One value a second, not a message. The first and the last second are scaled by the
    part that the window holds of them, and dropped if that is under a tenth.
    (LOB-Bench takes the first and last trade for the window's ends.)
    """
    used = windows.used_BT
    num_windows, length = used.shape
    if not used.size:
        return np.full(used.shape, np.nan)
    time = windows.time_ns_BT
    last_B1 = np.maximum(used.sum(axis=1, keepdims=True) - 1, 0)
    start_B1, end_B1 = time[:, :1], np.take_along_axis(time, last_B1, axis=1)
    second = time // NS
    # Seconds of a window, numbered from 0 in the order in which they come.
    number = np.zeros(used.shape, np.int64)
    number[:, 1:] = np.cumsum(np.diff(second, axis=1) != 0, axis=1)
    number += np.arange(num_windows)[:, None] * length
    traded = np.where(used & (windows.type_BT == MARKET), windows.traded_BT, 0)
    size = num_windows * length
    shares = np.bincount(number.ravel(), traded.ravel(), size)
    begin = np.maximum(second * NS, start_B1)
    held_BT = np.minimum((second + 1) * NS, end_B1) - begin
    held = np.zeros(size, np.int64)
    held[number[used]] = held_BT[used]
    is_known = (shares > 0) & (held >= MIN_EDGE_NS)
    per_minute = 60.0 * NS * shares / np.maximum(held, 1)
    return np.where(is_known, per_minute, np.nan).reshape(used.shape)


def flow_imbalance(windows: Windows) -> np.ndarray:
    """What each message added to the best bid less what it added to the best ask.

    In shares; e_n of Cont, Kukanov and Stoikov (2014), eq. 4. NaN where the book before
    or after the message is not sound.
    """
    bid, ask, is_sound = touch(windows)
    price = np.stack([bid, ask])
    qty = np.moveaxis(windows.level_qty_BTSK[..., 0], -1, 0).astype(np.int64)
    first_price = np.moveaxis(windows.first_price_BSK[..., 0], -1, 0)
    first_qty = np.moveaxis(windows.first_qty_BSK[..., 0], -1, 0)
    first_bid, first_ask = first_price
    is_first = (first_bid > 0) & (first_ask > 0) & (first_bid < first_ask)
    price_old = np.concatenate([first_price[..., None], price[..., :-1]], axis=2)
    qty_old = np.concatenate([first_qty[..., None], qty[..., :-1]], axis=2)
    was_sound = np.concatenate([is_first[:, None], is_sound[:, :-1]], axis=1)
    up, down = price >= price_old, price <= price_old
    to_bid = up[BID] * qty[BID] - down[BID] * qty_old[BID]
    to_ask = down[ASK] * qty[ASK] - up[ASK] * qty_old[ASK]
    return np.where(is_sound & was_sound, to_bid - to_ask, np.nan)


def mean_flow_imbalance(
    windows: Windows, num_messages: int = IMBALANCE_MESSAGES
) -> np.ndarray:
    """Mean of `flow_imbalance` over a message and those before it.

    NaN where one of them has none, so for the first ``num_messages`` - 1 of a window.
    """
    each = flow_imbalance(windows)
    if each.shape[1] < num_messages:
        return np.full(each.shape, np.nan)
    known = ~np.isnan(each)

    def last(x: np.ndarray) -> np.ndarray:
        total = np.cumsum(x, axis=1, dtype=np.float64)
        total[:, num_messages:] -= total[:, :-num_messages].copy()
        return total

    mean = last(np.where(known, each, 0)) / num_messages
    return np.where(last(known) == num_messages, mean, np.nan)


def flow_imbalance_given(
    windows: Windows, direction: int, num_messages: int = IMBALANCE_MESSAGES
) -> np.ndarray:
    """`mean_flow_imbalance` where the next message moves the mid up (1), not, or down.

    Args:
      windows: the windows.
      direction: sign of the change of the mid.
      num_messages: over which the imbalance is averaged.
    """
    mean = mean_flow_imbalance(windows, num_messages)
    out = np.full(mean.shape, np.nan)
    change = np.diff(mid_ticks(windows), axis=1)
    out[:, :-1] = np.where(np.sign(change) == direction, mean[:, :-1], np.nan)
    return out
