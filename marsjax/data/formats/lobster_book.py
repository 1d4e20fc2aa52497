"""Books of LOBSTER orderbook files."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from marsjax.data.files import ProgressFn
from marsjax.data.skips import Skips
from marsjax.data.tape import LEVEL1_SCHEMA
from marsjax.data.text import Table, parsed, read_chunks
from marsjax.errors import InputError
from marsjax.types import MAX_PRICE_TICKS, Side

EMPTY_ASK, EMPTY_BID = 9_999_999_999, -9_999_999_999


class Books(NamedTuple):
    """Some rows of an orderbook file.

    ``table``: the file, and the line of each row. ``levels``: ``int64[T, K, 4]``: ask
    price, ask quantity, bid price, bid quantity in ticks and shares; both zero where a
    level is empty.
    """

    table: Table
    levels: np.ndarray


def read_books(
    path: str | Path,
    tick: int,
    *,
    skips: Skips | None = None,
    progress_fn: ProgressFn | None = None,
    **options,
) -> Iterator[Books]:
    """Reads an orderbook file of any number of levels, some rows at a time.

    Errors:
      :class:`~marsjax.errors.InputError` naming the line of a price off tick, a
      quantity that is not positive, levels out of order or a crossed book.
    """
    options |= {"skips": skips, "progress_fn": progress_fn}
    for table in read_chunks(path, None, header=False, **options):
        books = parsed(table, lambda table: _levels(table, tick), skips)
        if len(books.levels):
            yield books


def _levels(table: Table, tick: int) -> Books:
    width = table.frame.width
    if width % 4:
        raise InputError(
            f"{width} columns, which is no multiple of 4",
            "give an orderbook file: ask price and size, bid price and size per level",
            file=table.path,
            line=int(table.line_T[0]),
        )
    fields = np.stack([table.integers(name) for name in table.frame.columns], axis=1)
    book = fields.reshape(len(fields), width // 4, 4).copy()
    for column, empty, name in ((0, EMPTY_ASK, "ask"), (2, EMPTY_BID, "bid")):
        price, qty = book[:, :, column], book[:, :, column + 1]
        vacant = price == empty
        table.check(
            (~vacant & (price <= 0)).any(axis=1),
            f"a price of the {name} side is not positive",
            "correct the row",
        )
        table.check(
            (~vacant & (price % tick != 0)).any(axis=1),
            f"a price of the {name} side is off tick (ticks of {tick} units)",
            "correct the price or the tick size",
        )
        table.check(
            (~vacant & (price // tick > MAX_PRICE_TICKS)).any(axis=1),
            f"a price of the {name} side is over 2**28 ticks",
            "correct the price or use a larger tick",
        )
        table.check(
            (~vacant & ((qty <= 0) | (qty >= 2**31))).any(axis=1),
            f"a size of the {name} side is outside of 1 to 2**31 - 1",
            "correct the row",
        )
        step = np.diff(np.where(vacant, empty, price), axis=1)
        ordered = (step > 0) if name == "ask" else (step < 0)
        table.check(
            (~ordered & ~vacant[:, 1:]).any(axis=1),
            f"the levels of the {name} side are not in order",
            "give an orderbook file of this format",
        )
        price //= tick
        price[vacant] = 0
        qty[vacant] = 0
    ask, bid = book[:, 0, 0], book[:, 0, 2]
    table.check(
        (ask > 0) & (bid >= ask),
        "the best bid is not below the best ask",
        "give the orderbook of continuous trading",
    )
    return Books(table, book)


def check_first(books: Books, first: dict[str, int]) -> None:
    """Refuses an opening book that lacks the order which message 0 adds.

    Args:
      books: rows of the orderbook file, the first of which seeds the book.
      first: ``type``, ``side``, ``price_ticks`` and ``qty`` of message 0.
    Errors:
      :class:`~marsjax.errors.InputError` if the price is within the levels shown and
      has less than the order's quantity.
    """
    table, levels = books
    if first["type"] != 1:
        return
    column = 2 if first["side"] == Side.BUY else 0
    price, qty = levels[0, :, column], levels[0, :, column + 1]
    wanted = first["price_ticks"]
    ahead = (price > wanted) if column == 2 else (price < wanted)
    if ((qty > 0) & ahead).all():
        return  # outside of the levels shown
    if qty[(qty > 0) & (price == wanted)].sum() < first["qty"]:
        raise table.error(
            0,
            "the first row does not hold the order that the first message adds",
            "give the orderbook that belongs to the messages",
        )


def quotes_frame(levels: np.ndarray, row: np.ndarray) -> pl.DataFrame:
    """Reference book ``int64[T, K, 4]`` by row ``int[T]`` of the canonical stream.

    A negative row, the state before an unseeded stream begins, is left out.
    """
    columns = {"row": pl.Series(row, dtype=pl.Int32)}
    names = ("ask_price", "ask_qty", "bid_price", "bid_qty")
    for k in range(levels.shape[1]):
        for j, name in enumerate(names):
            columns[f"{name}_{k}"] = _nullable(levels[:, k, j])
    return pl.DataFrame(columns).filter(pl.col("row") >= 0)


def level1_frame(levels: np.ndarray) -> pl.DataFrame:
    """Level 1 of ``int64[T, K, 4]`` as a frame of ``LEVEL1_SCHEMA``."""
    return pl.DataFrame(
        {name: _nullable(levels[:, 0, j]) for j, name in enumerate(LEVEL1_SCHEMA)}
    )


def _nullable(values: np.ndarray) -> pl.Series:
    """Int32 with null for zero, which marks an empty level."""
    series = pl.Series(values.astype(np.int32))
    return series.set(series == 0, None)
