"""From a followed tape to windows: which rows, and their columns."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from marsjax.eval.levels import Followed
from marsjax.eval.windows import NONE, Windows


class Place(NamedTuple):
    """What a window says of where it came from."""

    tape: str
    symbol: str
    date: str | None
    tick_size: float
    lot_size: int

    @property
    def group(self) -> str:
        """``symbol/date``."""
        return f"{self.symbol}/{self.date or 'unknown'}"


def fewest_of(length: int, fewest: int | None) -> int:
    """Messages a window must have: by default nine tenths of its length."""
    return max(1, -(-9 * length // 10) if fewest is None else fewest)


def starts(num: int, length: int, stride: int, fewest: int) -> np.ndarray:
    """Where windows begin among ``num`` messages; the last one may be short."""
    return np.arange(0, max(num - min(fewest, length) + 1, 0), stride)


def rows_of(rows_M: np.ndarray, first_B: np.ndarray, length: int) -> np.ndarray:
    """Rows ``int64[B, T]`` of windows over the messages at ``rows_M``; -1 beyond."""
    at_BT = np.asarray(first_B, np.int64)[:, None] + np.arange(length)[None, :]
    padded = np.append(np.asarray(rows_M, np.int64), -1)
    return padded[np.minimum(at_BT, len(rows_M))]


def rows_needed(rows_BT: np.ndarray) -> np.ndarray:
    """Rows whose book the windows show: their own, and the one before each."""
    before = rows_BT[:, :1] - 1
    rows = np.unique(np.concatenate([rows_BT.ravel(), before.ravel()]))
    return rows[rows >= 0]


def cut(followed: Followed, rows_BT: np.ndarray, place: Place) -> Windows:
    """Windows of some rows; every window has one at least.

    Beyond a window's end the type is `NONE`, times stay those of its last message and
    everything else is 0 (ages -1).
    """
    used_BT = rows_BT >= 0
    held_BT = np.maximum.accumulate(rows_BT, axis=1)

    def of(column: np.ndarray, beyond: int = 0) -> np.ndarray:
        out = column[held_BT] if len(column) else np.zeros(held_BT.shape, column.dtype)
        return np.where(used_BT, out, np.asarray(beyond, column.dtype))

    price, qty = followed.levels_after(held_BT)
    first_price, first_qty = followed.levels_after(rows_BT[:, 0] - 1)
    num = len(rows_BT)
    mask = used_BT[..., None, None]
    return Windows(
        type_BT=of(followed.type_T, NONE),
        side_BT=of(followed.side_T),
        price_ticks_BT=of(followed.price_ticks_T),
        qty_BT=of(followed.qty_T),
        traded_BT=of(followed.traded_T),
        time_ns_BT=followed.time_ns_T[held_BT],
        clock_s_BT=followed.clock_s_T[held_BT],
        age_ns_BT=of(followed.age_ns_T, -1),
        level_price_BTSK=np.where(mask, price, 0),
        level_qty_BTSK=np.where(mask, qty, 0),
        first_price_BSK=first_price,
        first_qty_BSK=first_qty,
        group_B=np.full(num, place.group),
        tape_B=np.full(num, place.tape),
        row_B=rows_BT[:, 0],
        tick_size_B=np.full(num, place.tick_size),
        lot_size_B=np.full(num, place.lot_size),
    )


def join(parts: Sequence[Windows]) -> Windows:
    """All windows of one or more batches of one length."""
    return Windows(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def shares(counts: Sequence[int], most: int, rng: np.random.Generator) -> np.ndarray:
    """How many to take of each, ``most`` together: as evenly as the counts allow."""
    counts = np.asarray(counts, np.int64)
    taken = np.zeros_like(counts)
    left = min(most, int(counts.sum()))
    while left:
        able = np.flatnonzero(taken < counts)
        if left < len(able):
            able = rng.choice(able, left, replace=False)
        more = np.minimum(counts[able] - taken[able], max(left // len(able), 1))
        taken[able] += more
        left -= int(more.sum())
    return taken
