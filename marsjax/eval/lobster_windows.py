"""Windows of LOBSTER files of other systems, with the book that the files give.

A row is a message, and the orderbook's row k is the book after it:

=================  =========================================================
type 1, add        `LIMIT`
2, 3 cancel        `CANCEL` of the size
4, execution       `MARKET` of the opposite side at the execution price
5, hidden          `HIDDEN`
6, 7, or no sense  `OTHER`
=================  =========================================================

An order that takes several resting orders is several rows. By default it stays so, as
in LOB-Bench and in tapes that `marsjax prepare` reads from such files; with ``merge``
consecutive executions of one time and side become the one order that caused them, and
an add right after them, of the same time and of the aggressor's side, the rest of it.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from marsjax.data.clock import NS, to_trading_ns
from marsjax.data.formats.lobster import PRICE_UNITS, SESSIONS
from marsjax.data.naming import symbol_and_date
from marsjax.errors import InputError
from marsjax.eval import cut
from marsjax.eval.levels import Followed
from marsjax.eval.lobster_files import LobsterRows, find_pairs, read_pair
from marsjax.eval.windows import CANCEL, HIDDEN, LIMIT, MARKET, OTHER, Windows
from marsjax.types import Side

_TYPE = np.array([OTHER, LIMIT, CANCEL, CANCEL, MARKET, HIDDEN, OTHER, OTHER])
_ADD, _DELETE, _EXECUTION = 1, 3, 4


def windows_from_lobster(
    folder: str | Path,
    length: int = 500,
    *,
    which: str | None = None,
    merge: bool = False,
    tick: int = 100,
    lot_size: int = 1,
    sessions: tuple[tuple[int, int], ...] = SESSIONS,
    stride: int | None = None,
    fewest: int | None = None,
    max_windows: int | None = None,
    seed: int = 0,
    progress_fn: Callable[[str, int, int], None] | None = None,
    note_fn: Callable[[str], None] | None = None,
) -> Windows:
    """Windows of all file pairs of a folder.

    The book before a pair's first message is the last one of LOB-Bench's ``data_cond``
    where that is there, else the first book with that message undone (of which the
    outermost level may be unknown). Ages of cancels count from an add in the same file.

    Args:
      folder, which: as of `find_pairs`.
      length, stride, fewest: as of `windows_from_tape`; messages are counted after
        merging.
      merge: one message for each aggressor.
      tick: price units of one ten-thousandth in a tick.
      lot_size: shares in a lot.
      sessions: windows of continuous trading in seconds; rows outside are left out.
      max_windows, seed: as of `windows_from_store`, over files.
      progress_fn: called with a file's name, the pairs done and their number.
      note_fn: called with sentences on what was left out or makes no sense.

    Raises:
      InputError: what `find_pairs` and `read_pair` refuse, or no window at all.
    """
    if length < 1 or (stride is not None and stride < 1) or tick < 1:
        raise InputError("a length, stride or tick below 1", "give 1 or more")
    pairs = find_pairs(folder, which)
    needed = cut.fewest_of(length, fewest)
    found, outside, senseless, short = [], 0, 0, 0
    for done, pair in enumerate(pairs, start=1):
        rows = read_pair(pair, tick)
        followed, row_M = follow_lobster(rows, sessions, merge=merge)
        inside = np.zeros(len(row_M), bool)
        for start, end in sessions:
            inside |= (followed.clock_s_T >= start) & (followed.clock_s_T < end)
        inside_M = np.flatnonzero(inside)
        first_B = cut.starts(len(inside_M), length, stride or length, needed)
        rows_BT = cut.rows_of(inside_M, first_B, length)
        symbol, date = symbol_and_date(pair.messages)
        place = cut.Place(
            pair.name, symbol or pair.name, date, tick / PRICE_UNITS, lot_size
        )
        windows = cut.cut(followed, rows_BT, place)
        found.append(windows._replace(row_B=row_M[windows.row_B]))
        outside += len(row_M) - len(inside_M)
        senseless += int((rows.event_T == 0).sum())
        short += len(first_B) == 0
        if progress_fn is not None:
            progress_fn(pair.name, done, len(pairs))
    windows = cut.join(found)
    if windows.num_windows == 0:
        raise InputError(
            f"no file has {needed:,} messages", "ask for shorter windows", file=folder
        )
    notes = [
        (outside, f"{outside:,} messages outside of {sessions} s are left out"),
        (senseless, f"{senseless:,} rows that make no sense are of type other"),
        (short, f"{short} of {len(pairs)} files have fewer than {needed:,} messages"),
    ]
    for number, note in notes:
        if number and note_fn is not None:
            note_fn(note)
    if max_windows is None or max_windows >= windows.num_windows:
        return windows
    rng = np.random.default_rng(seed)
    ends = np.cumsum([0] + [each.num_windows for each in found])
    quota = cut.shares(np.diff(ends), max_windows, rng)
    picked = [
        start + rng.choice(stop - start, most, replace=False)
        for start, stop, most in zip(ends[:-1], ends[1:], quota, strict=True)
    ]
    return windows.take(np.sort(np.concatenate(picked)))


def follow_lobster(
    rows: LobsterRows, sessions: tuple[tuple[int, int], ...], *, merge: bool = False
) -> tuple[Followed, np.ndarray]:
    """The messages of a pair, M of them, and the file row ``[M]`` each begins at."""
    num = len(rows.event_T)
    is_execution = rows.event_T == _EXECUTION
    joins_T = _joins(rows) if merge else np.zeros(num, bool)
    first_M = np.flatnonzero(~joins_T)
    last_M = np.append(first_M[1:], num) - 1

    def total(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values, first_M) if num else values

    of_side = np.where(is_execution, 1 - rows.side_T, rows.side_T)
    traded = np.where(is_execution | (rows.event_T == 5), rows.qty_T, 0)
    time_ns = to_trading_ns(rows.time_s_T, rows.time_ns_T, sessions)
    before = _before(rows) if rows.before_SK is None and num else rows.before_SK
    before = before or tuple(np.zeros(rows.price_TSK.shape[1:], np.int32) for _ in "pq")
    return (
        Followed(
            type_T=_TYPE[rows.event_T[first_M]].astype(np.int8),
            side_T=of_side[first_M].astype(np.int8),
            price_ticks_T=rows.price_ticks_T[last_M].astype(np.int32),
            qty_T=total(rows.qty_T).astype(np.int32),
            traded_T=total(traded).astype(np.int32),
            notional_T=total(traded * rows.price_ticks_T.astype(np.float64)),
            time_ns_T=time_ns[first_M],
            clock_s_T=rows.time_s_T[first_M].astype(np.int32),
            age_ns_T=_ages(rows, time_ns)[first_M],
            level_row_R=np.arange(len(first_M)),
            level_price_RSK=rows.price_TSK[last_M],
            level_qty_RSK=rows.qty_TSK[last_M],
            opening_price_SK=before[0],
            opening_qty_SK=before[1],
        ),
        first_M,
    )


def _joins(rows: LobsterRows) -> np.ndarray:
    """``bool[T]``: rows that belong to the same order as the one before."""
    event, side, price = rows.event_T, rows.side_T, rows.price_ticks_T
    time = rows.time_s_T.astype(np.int64) * NS + rows.time_ns_T
    after = (event[:-1] == _EXECUTION) & (time[:-1] == time[1:])
    goes_on = (event[1:] == _EXECUTION) & (side[1:] == side[:-1])
    # What an aggressor leaves rests on its own side, at its limit.
    sign = np.where(side[1:] == Side.BUY, 1, -1)
    rest = (event[1:] == _ADD) & (side[1:] != side[:-1])
    rest &= sign * price[1:] >= sign * price[:-1]
    return np.concatenate(
        [np.zeros(min(len(event), 1), bool), after & (goes_on | rest)]
    )


def _ages(rows: LobsterRows, time_ns: np.ndarray) -> np.ndarray:
    """Of cancels, time since the last add of the same id; -1 where there is none."""
    by_id = np.argsort(rows.order_id_T, kind="stable")
    ids, event = rows.order_id_T[by_id], rows.event_T[by_id]
    place = np.arange(len(ids))
    added = np.maximum.accumulate(np.where(event == _ADD, place, -1))
    known = (event > _ADD) & (event <= _DELETE) & (added >= 0)
    known &= ids[added] == ids
    age = np.full(len(ids), -1)
    age[by_id[known]] = time_ns[by_id[known]] - time_ns[by_id[added[known]]]
    return age


def _before(rows: LobsterRows) -> tuple[np.ndarray, np.ndarray]:
    """The first book with its message undone: prices and quantities ``[S, K]``."""
    price_SK, qty_SK = rows.price_TSK[0].copy(), rows.qty_TSK[0].copy()
    event, side = int(rows.event_T[0]), int(rows.side_T[0])
    if not _ADD <= event <= _EXECUTION:
        return price_SK, qty_SK
    at, size = int(rows.price_ticks_T[0]), int(rows.qty_T[0])
    here = zip(price_SK[side].tolist(), qty_SK[side].tolist(), strict=True)
    levels = {price: qty for price, qty in here if qty}
    depth = price_SK.shape[1]
    levels[at] = levels.get(at, 0) + (-size if event == _ADD else size)
    best = sorted((p for p in levels if levels[p] > 0), reverse=side == Side.BUY)
    best = best[:depth] + [0] * (depth - len(best))
    price_SK[side] = best
    qty_SK[side] = [levels.get(p, 0) for p in best]
    return price_SK, qty_SK
