"""Checks on the columns of a tape, with the line of the first row at fault."""

import numpy as np

from marsjax.data.text import Table
from marsjax.types import MAX_PRICE_TICKS

MAX_QTY = 2**31 - 1


def check_positive_qty(table: Table, qty: np.ndarray, column: str, rows=None) -> None:
    """Refuses quantities outside ``[1, 2**31)``."""
    table.check(
        (qty <= 0) | (qty > MAX_QTY),
        lambda i: f"{column} is {qty[i]}, outside of 1 to {MAX_QTY}",
        "correct or remove the row",
        rows,
    )


def check_price(
    table: Table,
    price: np.ndarray,
    column: str,
    tick_units: int,
    rows: np.ndarray | None = None,
    whole_ticks: bool = True,
) -> None:
    """Refuses prices outside of ``[1, 2**28]`` ticks, or off tick.

    Args:
      table: the file.
      price: prices in units of which a tick has ``tick_units``.
      column: name of the field.
      tick_units: units in a tick.
      rows: data row of each price; all rows by default.
      whole_ticks: whether a price off tick is refused.
    """
    table.check(
        price <= 0,
        lambda i: f"{column} is {price[i]}, not positive",
        "correct or remove the row",
        rows,
    )
    table.check(
        whole_ticks & (price % tick_units != 0),
        lambda i: f"{column} {price[i]} is off tick (ticks of {tick_units} units)",
        "correct the price or the tick size",
        rows,
    )
    table.check(
        price // tick_units > MAX_PRICE_TICKS,
        lambda i: f"{column} {price[i]} is over 2**28 ticks",
        "correct the price or use a larger tick",
        rows,
    )


def check_numbers(
    table: Table, price_column: str, qty_column: str, tick_units: int
) -> dict[str, np.ndarray]:
    """Prices in ticks and quantities in shares of every row, checked."""
    price, qty = table.integers(price_column), table.integers(qty_column)
    check_price(table, price, price_column, tick_units)
    check_positive_qty(table, qty, qty_column)
    return {"price_ticks": price // tick_units, "qty": qty}


def check_not_negative(table: Table, number: np.ndarray, column: str) -> None:
    """Refuses negative ids and sequence numbers."""
    table.check(
        number < 0,
        lambda i: f"{column} {number[i]} is negative",
        "correct or remove the row",
    )


def check_increasing(
    table: Table, number: np.ndarray, column: str, after: int | None = None
) -> None:
    """Refuses a sequence number that does not rise.

    Args:
      table: the file.
      number: the numbers, ``[T]``.
      column: name of the field.
      after: the last number of the rows before these; ``None`` if these are the first.
    """
    bad, latest = out_of_order(number, after, rising=True)

    def what(i: int) -> str:
        if number[i] <= latest[i]:
            return f"{column} {number[i]} does not rise (before it: {latest[i]})"
        return f"{column} {number[i]} is ahead of the rows after it"

    remedy = "give the file in its original order, without repeated rows"
    table.check(bad, what, remedy)


def check_times(
    table: Table, time_s: np.ndarray, time_ns: np.ndarray, after: int | None = None
) -> None:
    """Refuses a time earlier than that of a row before.

    Args:
      table: the file.
      time_s, time_ns: seconds after midnight and nanoseconds, ``[T]``.
      after: the last time of the rows before these, in nanoseconds after midnight;
        ``None`` if these are the first.
    """
    time = time_s.astype(np.int64) * 10**9 + time_ns
    bad, latest = out_of_order(time, after, rising=False)

    def what(i: int) -> str:
        if time[i] < latest[i]:
            return "the time goes backwards"
        return "the time is ahead of the rows after it"

    table.check(bad, what, "give the file in its original order")


def out_of_order(
    value: np.ndarray, after: int | None, rising: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Rows to leave out so that the rest is in order, and the most before each row.

    ``after``: the last value of the rows before; ``rising``: equal ones are at fault.
    A row below one before it is at fault, unless several follow each other that would
    be in order without the one row before them: then that row runs ahead.
    """
    first = np.iinfo(np.int64).min if after is None else after
    latest = np.maximum.accumulate(np.concatenate([[first], value[:-1]]))[: len(value)]
    bad = value <= latest if rising else value < latest
    edges = np.diff(np.concatenate([[False], bad, [False]]).astype(np.int8))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        ahead = start - 1
        if end - start < 2 or ahead < 0:
            continue
        if value[start] >= latest[ahead] + rising:
            bad[start:end] = False
            bad[ahead] = True
    return bad, latest


def last_time(
    time_s: np.ndarray, time_ns: np.ndarray, before: int | None
) -> int | None:
    """The last of times as nanoseconds, to check the next rows against.

    ``before``: what stands for it where there are no rows.
    """
    return int(time_s[-1]) * 10**9 + int(time_ns[-1]) if len(time_s) else before
