"""Which messages are events at the touch, of what type, and how they push the price.

Z. Eisler, J.-P. Bouchaud, J. Kockelkoren, "The price impact of order book events:
market orders, limit orders and cancellations", Quantitative Finance 12(9), 2012: market
orders, limit orders at the best or inside of the spread and cancels at the best, each
apart by whether it moves a best price. LOB-Bench (ICML 2025) takes the same six.
"""

from typing import NamedTuple

import numpy as np

from marsjax.eval.windows import (
    ASK,
    BID,
    CANCEL,
    LIMIT,
    MARKET,
    Windows,
    touch,
)

TYPES = ("MO0", "MO1", "LO0", "LO1", "CA0", "CA1")
"""Market order, limit order, cancel; 1 where a best price moves."""

_FIRST = {MARKET: 0, LIMIT: 2, CANCEL: 4}


class Events(NamedTuple):
    """Messages of B windows as events, ``[B, T]`` each.

    Attributes:
      type_BT: index into `TYPES`, -1 where a message is none of them, lies behind the
        best, or has no sound book on either side of it.
      sign_BT: 1 where it pushes the price up (a buy order, a sell order cancelled).
      before_BT, after_BT: mid in ticks; NaN where the book is one-sided or crossed.
      at_touch_BT: messages that count in event time: events, and those that would be
        some with a sound book.
    """

    type_BT: np.ndarray
    sign_BT: np.ndarray
    before_BT: np.ndarray
    after_BT: np.ndarray
    at_touch_BT: np.ndarray


def find_events(windows: Windows) -> Events:
    """The events of some windows."""
    bid_BT, ask_BT, sound_BT = touch(windows)
    after_BT = np.where(sound_BT, (bid_BT + ask_BT) / 2, np.nan)
    # The price of an empty level is no price: of a side's best, 0.
    before_BTS = _before(windows)
    bid0_BT, ask0_BT = before_BTS[..., BID], before_BTS[..., ASK]
    sound0_BT = (bid0_BT > 0) & (ask0_BT > 0) & (bid0_BT < ask0_BT)
    before_BT = np.where(sound0_BT, (bid0_BT + ask0_BT) / 2, np.nan)

    is_buy_BT = windows.side_BT == BID
    best_BT = np.where(is_buy_BT, bid0_BT, ask0_BT)
    price_BT = windows.price_ticks_BT
    inside_BT = np.where(is_buy_BT, price_BT >= best_BT, price_BT <= best_BT)
    inside_BT |= best_BT == 0  # the first order of an empty side is its best
    kind_BT = windows.type_BT
    at_touch_BT = kind_BT == MARKET
    at_touch_BT |= np.isin(kind_BT, (LIMIT, CANCEL)) & inside_BT
    moves_BT = (bid_BT != bid0_BT) | (ask_BT != ask0_BT)
    type_BT = np.full(kind_BT.shape, -1)
    for kind, first in _FIRST.items():
        type_BT = np.where(kind_BT == kind, first + moves_BT, type_BT)
    is_event_BT = at_touch_BT & ~np.isnan(before_BT) & ~np.isnan(after_BT)
    up_BT = is_buy_BT != (kind_BT == CANCEL)
    return Events(
        type_BT=np.where(is_event_BT, type_BT, -1),
        sign_BT=np.where(up_BT, 1.0, -1.0),
        before_BT=before_BT,
        after_BT=after_BT,
        at_touch_BT=at_touch_BT,
    )


def _before(windows: Windows) -> np.ndarray:
    """Best prices before each message, ``[B, T, S]``."""
    best_BTS = windows.level_price_BTSK[..., 0]
    first_BS = windows.first_price_BSK[..., 0]
    return np.concatenate([first_BS[:, None, :], best_BTS[:, :-1]], axis=1)
