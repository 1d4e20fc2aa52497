"""A control: the same rows in another order, which no marginal distribution sees."""

import numpy as np

from marsjax.eval.windows import Windows

_TRAVELS = (
    "type_BT",
    "side_BT",
    "price_ticks_BT",
    "qty_BT",
    "traded_BT",
    "age_ns_BT",
    "level_price_BTSK",
    "level_qty_BTSK",
)


def shuffle_in_time(windows: Windows, seed: int) -> Windows:
    """Shuffles the rows within each window.

    A row takes its book with it and the time since the row before it; a window begins
    and ends when it did. (The row that comes first has no gap; the one that was first
    takes it.) The clock on the wall stays.

    Args:
      windows: B windows.
      seed: of the order.
    """
    rng = np.random.default_rng(seed)
    used_BT = windows.used_BT
    key_BT = np.where(used_BT, rng.random(used_BT.shape), 2.0)
    order_BT = np.argsort(key_BT, axis=1, kind="stable")
    gap_BT = np.diff(windows.time_ns_BT, axis=1, prepend=windows.time_ns_BT[:, :1])
    if used_BT.shape[1]:
        gap_BT[:, 0] = np.take_along_axis(gap_BT, order_BT[:, :1], axis=1)[:, 0]
    gap_BT = np.take_along_axis(gap_BT, order_BT, axis=1)
    gap_BT[:, :1] = windows.time_ns_BT[:, :1]
    moved = {}
    for name in _TRAVELS:
        column = getattr(windows, name)
        index = order_BT.reshape(order_BT.shape + (1,) * (column.ndim - 2))
        moved[name] = np.take_along_axis(column, index, axis=1)
    return windows._replace(time_ns_BT=np.cumsum(gap_BT, axis=1), **moved)
