"""Windows: equal pieces of tapes as arrays, the one form that every score reads.

A window is T messages with the book after each. Scores are functions of whole batches
of windows, so that no file is read twice and everything vectorises over B.
"""

from typing import NamedTuple

import numpy as np

NUM_LEVELS = 10

NONE, LIMIT, MARKET, CANCEL, HIDDEN, OTHER = range(6)
"""What a message did; the field's word for its type.

``LIMIT`` rested whole, ``MARKET`` traded at least in part on arrival, ``CANCEL`` took
shares off a resting order, ``HIDDEN`` is an execution the tape does not show an order
for, ``OTHER`` is everything else (halts, crosses, refused messages), ``NONE`` padding.
"""

BID, ASK = 0, 1


class Windows(NamedTuple):
    """B windows of T messages; numpy, host side.

    Attributes:
      type_BT: int8, `LIMIT` and so on; `NONE` beyond a window's length.
      side_BT: int8, side of the order itself (of a cancel: of the order it acts on; of
        a hidden execution: of the order that rested, so the aggressor is the other).
      price_ticks_BT: int32, limit price (of a cancel: that of the order).
      qty_BT: int32, shares sent, or taken off by a cancel.
      traded_BT: int32, shares the message traded on arrival, at least 0; of a hidden
        execution its shares.
      time_ns_BT: int64, trading time since the open in nanoseconds, breaks left out.
      clock_s_BT: int32, wall-clock seconds after midnight.
      age_ns_BT: int64, of a cancel: trading time since its order came; -1 unknown.
      level_price_BTSK: int32, prices of the best K levels a side after the message,
        best first; 0 where there is no level.
      level_qty_BTSK: int32, shares there.
      first_price_BSK, first_qty_BSK: the book before the window's first message.
      group_B: str, what a bootstrap resamples: ``symbol/date``.
      tape_B, row_B: where the window came from: the tape's name and the message row of
        its first message in it.
      tick_size_B: currency a tick. lot_size_B: shares a lot.
    """

    type_BT: np.ndarray
    side_BT: np.ndarray
    price_ticks_BT: np.ndarray
    qty_BT: np.ndarray
    traded_BT: np.ndarray
    time_ns_BT: np.ndarray
    clock_s_BT: np.ndarray
    age_ns_BT: np.ndarray
    level_price_BTSK: np.ndarray
    level_qty_BTSK: np.ndarray
    first_price_BSK: np.ndarray
    first_qty_BSK: np.ndarray
    group_B: np.ndarray
    tape_B: np.ndarray
    row_B: np.ndarray
    tick_size_B: np.ndarray
    lot_size_B: np.ndarray

    @property
    def used_BT(self) -> np.ndarray:
        """bool, messages that are no padding."""
        return self.type_BT != NONE

    @property
    def num_windows(self) -> int:
        """B."""
        return self.type_BT.shape[0]

    def take(self, index) -> "Windows":
        """Some of the windows, in the order of ``index`` (integers or bool ``[B]``)."""
        return Windows(*(column[index] for column in self))


def touch(windows: Windows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Best bid and ask in ticks, and whether the book is sound, ``[B, T]`` each.

    A book is sound where both sides have an order and the bid is below the ask. Prices
    elsewhere are as found (0 for an empty side): mask with the third before use.
    """
    bid = windows.level_price_BTSK[:, :, BID, 0]
    ask = windows.level_price_BTSK[:, :, ASK, 0]
    return bid, ask, windows.used_BT & (bid > 0) & (ask > 0) & (bid < ask)


def mid_ticks(windows: Windows) -> np.ndarray:
    """Mid after each message, float64 ``[B, T]``; NaN where the book is not sound."""
    bid, ask, is_sound = touch(windows)
    return np.where(is_sound, (bid + ask) / 2, np.nan)


def spread_ticks(windows: Windows) -> np.ndarray:
    """Spread after each message, float64 ``[B, T]``; NaN where it has none."""
    bid, ask, is_sound = touch(windows)
    return np.where(is_sound, ask - bid, np.nan)
