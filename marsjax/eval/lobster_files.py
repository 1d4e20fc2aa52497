"""Pairs of LOBSTER message and orderbook files of any system, as they are.

Unlike `marsjax.data.formats.lobster` nothing is replayed and nothing refused that can
be counted: a simulator's file may name orders nobody sent, cross the book, or hold rows
that make no sense, and is to be judged as it is.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from marsjax.data.formats.lobster_book import EMPTY_ASK
from marsjax.data.formats.lobster_rows import COLUMNS
from marsjax.data.text import Table, read_table
from marsjax.data.times import decimal_times
from marsjax.errors import InputError
from marsjax.eval.windows import NUM_LEVELS
from marsjax.types import MAX_PRICE_TICKS, Side

FOLDERS = ("real", "gen", "cond")
"""Of LOB-Bench: ``data_real``, ``data_gen``, ``data_cond``."""

_MAX_QTY = 2**31 - 1


class Pair(NamedTuple):
    """``name``: of the files without ``_message``; ``before``: the orderbook file whose
    last row is the book before the first message, if there is one."""

    name: str
    messages: Path
    orderbook: Path
    before: Path | None


class LobsterRows(NamedTuple):
    """A pair's rows, T of them; numpy.

    ``event_T``: LOBSTER's type, 0 of a row that makes no sense; ``side_T``: of the
    resting order. ``price_TSK``, ``qty_TSK``: the book after each row, ticks and
    shares, 0 where there is no level. ``before_SK``: price and quantity before the
    first row, or ``None``.
    """

    time_s_T: np.ndarray
    time_ns_T: np.ndarray
    event_T: np.ndarray
    order_id_T: np.ndarray
    qty_T: np.ndarray
    price_ticks_T: np.ndarray
    side_T: np.ndarray
    price_TSK: np.ndarray
    qty_TSK: np.ndarray
    before_SK: tuple[np.ndarray, np.ndarray] | None


def find_pairs(folder: str | Path, which: str | None = None) -> list[Pair]:
    """File pairs of a folder, by name.

    Args:
      folder: holds ``*_message*.csv`` and the same with ``orderbook``, plain or packed;
        or is a folder of LOB-Bench's layout.
      which: of the latter, ``real``, ``gen`` or ``cond``.

    Raises:
      InputError: no such folder, no pair in it, a message file without its orderbook,
        or a LOB-Bench folder without ``which``.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError("no such folder", "check the path", file=folder)
    has = [name for name in FOLDERS if (folder / f"data_{name}").is_dir()]
    if has:
        if which not in has:
            raise InputError(
                f"this is a LOB-Bench folder with data of {', '.join(has)}",
                f"name one of them, such as {folder / f'data_{has[0]}'}",
                file=folder,
            )
        folder = folder / f"data_{which}"
    paths = [path for path in sorted(folder.iterdir()) if is_message_file(path)]
    if not paths:
        raise InputError(
            "no LOBSTER message file in this folder",
            "give a folder of *_message*.csv and *_orderbook*.csv files",
            file=folder,
        )
    return [_pair(path) for path in paths]


def is_message_file(path: Path) -> bool:
    """Whether a file is called like a LOBSTER message file."""
    return "_message" in path.name and ".csv" in path.suffixes and path.is_file()


def _pair(path: Path) -> Pair:
    orderbook = path.with_name(path.name.replace("_message", "_orderbook"))
    if not orderbook.is_file():
        raise InputError(
            "there is no orderbook file beside it",
            f"add {orderbook.name}",
            file=path,
        )
    stem = path.name.split(".csv")[0]
    before = None
    if path.parent.name in ("data_real", "data_gen"):
        cond = stem.split("_gen_id_")[0].replace("_message", "_orderbook")
        found = (path.parent.parent / "data_cond").glob(f"{cond}.csv*")
        before = next(iter(sorted(found)), None)
    return Pair(stem.replace("_message", "", 1), path, orderbook, before)


def read_pair(pair: Pair, tick: int) -> LobsterRows:
    """Reads both files.

    Args:
      pair: the files; they must have as many rows.
      tick: price units of one ten-thousandth in a tick.

    Raises:
      InputError: with file and line, for rows that are no numbers, times that go
        backwards, a price of the book that is off tick, and files that do not match.
    """
    table = read_table(pair.messages, COLUMNS, header=False)
    time_s, time_ns = decimal_times(table, "time")
    names = ("type", "order_id", "size", "price", "direction")
    event, order_id, size, price, direction = map(table.integers, names)
    is_order = (event >= 1) & (event <= 5)
    makes_sense = is_order & np.isin(direction, (-1, 1)) & (size > 0)
    makes_sense &= (size <= _MAX_QTY) & (price > 0) & (price // tick <= MAX_PRICE_TICKS)
    makes_sense |= (event == 6) | (event == 7)
    price_TSK, qty_TSK = _books(read_table(pair.orderbook, None, header=False), tick)
    if len(price_TSK) != len(event):
        raise InputError(
            f"{len(price_TSK):,} books beside {len(event):,} messages",
            "give the orderbook file that belongs to the messages",
            file=pair.orderbook,
        )
    before = None
    if pair.before is not None:
        books = _books(read_table(pair.before, None, header=False), tick)
        before = tuple(x[-1] for x in books)
    return LobsterRows(
        time_s_T=time_s,
        time_ns_T=time_ns,
        event_T=np.where(makes_sense, event, 0),
        order_id_T=order_id,
        qty_T=np.where(is_order & makes_sense, size, 0),
        price_ticks_T=np.where(is_order & makes_sense, price // tick, 0),
        side_T=np.where(direction > 0, Side.BUY, Side.SELL),
        price_TSK=price_TSK,
        qty_TSK=qty_TSK,
        before_SK=before,
    )


def _books(table: Table, tick: int) -> tuple[np.ndarray, np.ndarray]:
    """Prices and quantities ``int32[T, S, K]``, crossed or not."""
    width = table.frame.width
    if width % 4:
        raise InputError(
            f"{width} columns, which is no multiple of 4",
            "give an orderbook file: ask price and size, bid price and size per level",
            file=table.path,
        )
    out = []
    for first in (2, 0):  # bids, then asks
        columns = [4 * k + first for k in range(min(width // 4, NUM_LEVELS))]
        price, qty = (
            np.stack([table.integers(str(c + more)) for c in columns], axis=1)
            for more in (0, 1)
        )
        is_none = (price <= 0) | (price >= EMPTY_ASK) | (qty <= 0)
        price, qty = np.where(is_none, 0, price), np.where(is_none, 0, qty)
        table.check(
            (price % tick != 0).any(axis=1),
            f"a price is off tick (ticks of {tick} units)",
            "give the tick size of these files",
        )
        table.check(
            ((price // tick > MAX_PRICE_TICKS) | (qty > _MAX_QTY)).any(axis=1),
            "a price or size is out of range",
            "give the tick size of these files, or correct the row",
        )
        pad = ((0, 0), (0, NUM_LEVELS - len(columns)))
        out.append([np.pad(x, pad).astype(np.int32) for x in (price // tick, qty)])
    return tuple(np.stack(x, axis=1) for x in zip(*out, strict=True))
