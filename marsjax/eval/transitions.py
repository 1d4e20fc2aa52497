"""What follows what: events by type, side, and whether they change the best prices."""

import numpy as np

from marsjax.eval.windows import ASK, BID, CANCEL, LIMIT, MARKET, Windows

_TYPES = {LIMIT: "limit", MARKET: "market", CANCEL: "cancel"}

EVENTS = tuple(
    f"{'buy' if side == BID else 'sell'} {word}{', price moves' if moves else ''}"
    for word in _TYPES.values()
    for side in (BID, ASK)
    for moves in (False, True)
)
"""Names of the 12 events. A cancel has the side of the order that it acts on."""


def event_codes(windows: Windows) -> np.ndarray:
    """Index into `EVENTS` of each message ``[B, T]``; -1 for those of no such event.

    These are hidden executions, other messages, padding, and a first message whose book
    before is not known. An event moves the price where a best price after it is another
    than before, or a side was or becomes empty.
    """
    price_BTS = windows.level_price_BTSK[..., 0]
    first_BS = windows.first_price_BSK[..., 0]
    before_BTS = np.concatenate([first_BS[:, None], price_BTS[:, :-1]], axis=1)
    moves_BT = (price_BTS != before_BTS).any(axis=-1)
    code_BT = np.full(windows.type_BT.shape, -1)
    for number, type_ in enumerate(_TYPES):
        of_type = 4 * number + 2 * windows.side_BT.astype(np.int64) + moves_BT
        code_BT = np.where(windows.type_BT == type_, of_type, code_BT)
    is_unknown_B = (first_BS == 0).all(axis=1)
    code_BT[:, :1] = np.where(is_unknown_B[:, None], -1, code_BT[:, :1])
    return code_BT


def count_transitions(windows: Windows) -> np.ndarray:
    """How often an event follows another in each window, float64 ``[B, 12, 12]``.

    Messages that are no event are passed over.
    """
    code_BT = event_codes(windows)
    num_windows, length = code_BT.shape
    num = len(EVENTS)
    is_event_BT = code_BT >= 0
    last_BT = np.maximum.accumulate(
        np.where(is_event_BT, np.arange(length), -1), axis=1
    )
    last_BT = np.concatenate([np.full((num_windows, 1), -1), last_BT[:, :-1]], axis=1)[
        :, :length
    ]
    before_BT = np.take_along_axis(code_BT, np.maximum(last_BT, 0), axis=1)
    row, place = np.nonzero(is_event_BT & (last_BT >= 0))
    flat = (row * num + before_BT[row, place]) * num + code_BT[row, place]
    counts = np.bincount(flat, minlength=num_windows * num * num)
    return counts.reshape(num_windows, num, num).astype(np.float64)


def transition_matrix(count_XX: np.ndarray) -> np.ndarray:
    """Rows that sum to 1; NaN for an event that never comes. ``[..., 12, 12]``."""
    total = count_XX.sum(axis=-1, keepdims=True)
    return np.where(total > 0, count_XX / np.where(total > 0, total, 1), np.nan)


def transition_distance(ref_XX: np.ndarray, gen_XX: np.ndarray) -> np.ndarray:
    """Mean total variation of the rows of two matrices of counts ``[..., 12, 12]``.

    Rows are weighted by how often the reference has the event. One that the other side
    never has is as far away as can be, 1. NaN where a side has no transition at all.
    """
    row_X = ref_XX.sum(axis=-1)
    difference = np.abs(transition_matrix(ref_XX) - transition_matrix(gen_XX))
    tv_X = np.nan_to_num(difference.sum(axis=-1) / 2, nan=1.0)
    total = row_X.sum(axis=-1)
    is_known = (total > 0) & (gen_XX.sum(axis=(-2, -1)) > 0)
    mean = (row_X * tv_X).sum(axis=-1) / np.where(total > 0, total, 1)
    return np.where(is_known, mean, np.nan)
