"""Checks on the columns of a tape, with the line of the first row at fault."""

import numpy as np
import polars as pl

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


def check_increasing(table: Table, number: np.ndarray, column: str) -> None:
    """Refuses a sequence number that does not rise."""
    table.check(
        np.concatenate([[False], number[1:] <= number[:-1]]),
        lambda i: f"{column} {number[i]} does not rise (before it: {number[i - 1]})",
        "give the file in its original order, without repeated rows",
    )


def check_times(table: Table, time_s: np.ndarray, time_ns: np.ndarray) -> None:
    """Refuses a time earlier than that of the row before."""
    time = time_s.astype(np.int64) * 10**9 + time_ns
    table.check(
        np.diff(time, prepend=time[0]) < 0,
        "the time goes backwards",
        "give the file in its original order",
    )


def clock_times(table: Table, column: str) -> tuple[np.ndarray, np.ndarray]:
    """``HH:MM:SS[.fraction]`` as seconds after midnight and nanoseconds."""
    text = table.frame[column]
    parts = text.str.strip_chars().str.extract_groups(
        r"^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?$"
    )
    hour, minute, second, fraction = parts.struct.unnest().get_columns()
    table.check(
        hour.is_null().to_numpy(),
        lambda i: f"{column} is {text[i]!r}, not a time HH:MM:SS.mmm",
        "correct the field",
    )
    time_s = (
        hour.cast(pl.Int64) * 3600 + minute.cast(pl.Int64) * 60 + second.cast(pl.Int64)
    )
    time_s, time_ns = time_s.to_numpy(), _nanoseconds(fraction)
    check_times(table, time_s, time_ns)
    return time_s, time_ns


def decimal_times(table: Table, column: str) -> tuple[np.ndarray, np.ndarray]:
    """Seconds after midnight as decimal text; digits beyond nanoseconds are cut."""
    text = table.frame[column]
    parts = text.str.strip_chars().str.extract_groups(r"^(\d{1,5})(?:\.(\d*))?$")
    second, fraction = parts.struct.unnest().get_columns()
    table.check(
        second.is_null().to_numpy(),
        lambda i: f"{column} is {text[i]!r}, not seconds after midnight",
        "correct the field; such a file has no header line",
    )
    time_s, time_ns = second.cast(pl.Int64).to_numpy(), _nanoseconds(fraction)
    check_times(table, time_s, time_ns)
    return time_s, time_ns


def _nanoseconds(fraction: pl.Series) -> np.ndarray:
    nine = fraction.fill_null("").str.slice(0, 9).str.pad_end(9, "0")
    return nine.cast(pl.Int64).to_numpy()
