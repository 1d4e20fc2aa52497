"""Books of LOBSTER orderbook files."""

from pathlib import Path

import numpy as np
import polars as pl

from marsjax.data.tape import LEVEL1_SCHEMA
from marsjax.data.text import Table, read_table
from marsjax.types import MAX_PRICE_TICKS, Side

EMPTY_ASK, EMPTY_BID = 9_999_999_999, -9_999_999_999


def read_levels(path: str | Path, tick: int) -> tuple[Table, np.ndarray]:
    """Reads an orderbook file of any number of levels.

    Returns:
      The table, and ``int64[T, K, 4]``: ask price, ask quantity, bid price, bid
      quantity in ticks and shares; both zero where a level is empty.
    Errors:
      :class:`~marsjax.errors.InputError` naming the line of a price off tick, a
      quantity that is not positive, levels out of order or a crossed book.
    """
    table = read_table(path, None, header=False)
    width = table.frame.width
    table.check(
        np.array([width % 4 != 0]),
        f"{width} columns, which is no multiple of 4",
        "give an orderbook file: ask price, ask size, bid price, bid size per level",
    )
    fields = np.stack([table.integers(name) for name in table.frame.columns], axis=1)
    book = fields.reshape(len(fields), -1, 4).copy()
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
    return table, book


def check_first(table: Table, levels: np.ndarray, first: dict[str, int]) -> None:
    """Refuses an opening book that lacks the order which message 0 adds.

    Args:
      table: the orderbook file.
      levels: ``int64[T, K, 4]`` as from :func:`read_levels`.
      first: ``type``, ``side``, ``price_ticks`` and ``qty`` of message 0.
    Errors:
      :class:`~marsjax.errors.InputError` if the price is within the levels shown and
      has less than the order's quantity.
    """
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


def place_rows(levels: np.ndarray, rows: dict[str, np.ndarray]) -> np.ndarray:
    """The message after which each row of an orderbook file holds.

    With as many rows as messages, row k belongs to message k. With fewer, a row is
    placed at the next message that turns the row before into it: messages outside of
    the levels shown are not in the orderbook of a narrower file.

    Args:
      levels: ``int64[T, K, 4]`` as from :func:`read_levels`; row 0 holds after message
        0.
      rows: ``type``, ``side``, ``price_ticks`` and ``qty`` of the messages.
    Returns:
      ``int64[<=T]``; shorter where no message explains a row.
    """
    if len(levels) == len(rows["type"]):
        return np.arange(len(levels))
    placed = [0]
    columns = (rows[name].tolist() for name in ("type", "side", "price_ticks", "qty"))
    for i, (event, side, price, qty) in enumerate(zip(*columns, strict=True)):
        if len(placed) == len(levels):
            break
        before, after = levels[len(placed) - 1], levels[len(placed)]
        if i and _explains(before, after, event, 2 * (1 - side), price, qty):
            placed.append(i)
    return np.array(placed)


def _explains(
    before: np.ndarray, after: np.ndarray, event: int, column: int, price: int, qty: int
) -> bool:
    """Whether an event within the levels shown turns ``before`` into ``after``.

    ``column`` is where the event's side has its prices: 0 for asks, 2 for bids.
    """
    other = 2 - column
    if (before[:, other : other + 2] != after[:, other : other + 2]).any():
        return False
    old, new = before[:, column : column + 2], after[:, column : column + 2]
    if event > 4:
        return bool((old == new).all())
    shown = old[:, 1] > 0
    ahead = (old[:, 0] > price) if column == 2 else (old[:, 0] < price)
    k = int((shown & ahead).sum())
    if k == len(old):
        return False  # outside
    found = shown[k] and old[k, 0] == price
    expected = old.copy()
    if event == 1 and not found:
        expected[k + 1 :] = old[k:-1]
        expected[k] = price, qty
        return bool((expected == new).all())
    if not found or (event > 1 and old[k, 1] < qty):
        return False
    expected[k, 1] += qty if event == 1 else -qty
    if expected[k, 1]:
        return bool((expected == new).all())
    # The level is gone; what moves up into the last place was not shown before.
    return bool((np.delete(old, k, axis=0) == new[:-1]).all())


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
