"""Rows of a LOBSTER message file, checked."""

import numpy as np

from marsjax.data.checks import (
    MAX_QTY,
    check_positive_qty,
    check_price,
)
from marsjax.data.formats.lobster_survey import MAX_ID
from marsjax.data.text import Table
from marsjax.data.times import decimal_times
from marsjax.types import MAX_PRICE_TICKS, Side

COLUMNS = ("time", "type", "order_id", "size", "price", "direction")


def message_rows(
    table: Table, tick: int, after: int | None = None
) -> dict[str, np.ndarray]:
    """Checked columns: times, type, id, size, price in ticks, side, ``off_tick``.

    ``after``: the last time of the rows before, in nanoseconds after midnight.
    """
    time_s, time_ns = decimal_times(table, "time", after)
    event = table.integers("type")
    table.check(
        (event < 1) | (event > 7),
        lambda i: f"type {event[i]} is unknown",
        "only 1 (add) to 7 (halt) are supported",
    )
    ids, size = table.integers("order_id"), table.integers("size")
    price, direction = table.integers("price"), table.integers("direction")
    trades = event <= 5
    table.check(
        trades & (direction != 1) & (direction != -1),
        lambda i: f"direction {direction[i]} is unknown",
        "only 1 (buy) and -1 (sell) are supported",
    )
    table.check(
        (event <= 4) & (ids < 0),
        lambda i: f"order id {ids[i]} is negative",
        "correct or remove the row",
    )
    table.check(
        ids > MAX_ID,
        lambda i: f"order id {ids[i]} is over 2**62",
        "correct or remove the row",
    )
    some = np.flatnonzero(trades)
    check_positive_qty(table, size[some], "size", some)
    some = np.flatnonzero(event <= 4)
    check_price(table, price[some], "price", tick, some)
    some = np.flatnonzero(event == 5)  # may be at half a tick, as at the mid
    check_price(table, price[some], "price", tick, some, whole_ticks=False)
    # Not the absolute value, which the least int64 does not have.
    too_far = (price > MAX_PRICE_TICKS) | (price < -MAX_PRICE_TICKS)
    table.check(
        (event > 5) & (too_far | (size < 0) | (size > MAX_QTY)),
        "the price or size of this cross or halt is out of range",
        "correct or remove the row",
    )
    return {
        "time_s": time_s,
        "time_ns": time_ns,
        "type": event,
        "order_id": ids,
        "qty": size,
        "price_ticks": np.where(event == 7, price, price // tick),
        "side": np.where(direction > 0, Side.BUY, Side.SELL),
        "off_tick": (event >= 5) & (event <= 6) & (price % tick != 0),
    }
