"""LOBSTER message and orderbook files, as a stream the exchange can replay.

Source: LOBSTER sample files, readme of 2013-09-01. One canonical row a LOBSTER row:

=================  =========================================================
type 1, add        ``LIMIT``
2, partial cancel  ``CANCEL`` of the size
3, delete          ``CANCEL`` of all that is left
4, execution       ``IOC`` of the opposite side at the execution price, with a new
                   id; the fill it must cause is in ``fills``
5, hidden          ``HIDDEN_FILL``, side of the hidden order
6, cross           ``CROSS``
7, halt            ``HALT``; its price (-1, 0 or 1) is kept as it is
=================  =========================================================

Files of N levels are incomplete: they name orders that were sent before the file
starts or outside of the N levels. Given the book after message 0, its levels become
one ``COLLECT`` order each (message 0 is in them), and events of an unknown id at such
a level act on that order, for as much as it has. What is still unknown stays in the
stream and leaves every other order alone: a ``CANCEL`` keeps its id (the exchange
rejects it), an execution becomes a ``HIDDEN_FILL``. No resting order is invented.

An execution of an order that is not first in line (an exchange's own priority rules,
or a gap in the tape) cannot be the work of an ``IOC``; it becomes an ``AUCTION_FILL``
of that order, which takes the quantity off without matching. ``counts`` tells of all.
"""

from pathlib import Path

import numpy as np
import polars as pl

from marsjax.data.checks import (
    MAX_QTY,
    check_positive_qty,
    check_price,
    decimal_times,
)
from marsjax.data.formats.lobster_book import (
    check_first,
    level1_frame,
    place_rows,
    quotes_frame,
    read_levels,
)
from marsjax.data.formats.lobster_resolve import Resolver
from marsjax.data.naming import identify, market_of
from marsjax.data.tape import FILL_SCHEMA, Tape, message_frame, tape_name
from marsjax.data.text import Table, read_table
from marsjax.errors import InputError
from marsjax.types import BACKGROUND_OWNER, MAX_PRICE_TICKS, Side

COLUMNS = ("time", "type", "order_id", "size", "price", "direction")
SESSIONS = ((34200, 57600),)
PRICE_UNITS = 10_000
"""Prices are dollars x 10,000."""
MAX_ID = 2**62
"""Larger ids would leave no room for the reader's own."""


def prepare_lobster(
    messages: str | Path,
    orderbook: str | Path | None = None,
    *,
    level1: str | Path | None = None,
    symbol: str | None = None,
    date: str | None = None,
    tick: int = 100,
    sessions: tuple[tuple[int, int], ...] = SESSIONS,
) -> Tape:
    """Reads a LOBSTER tape.

    Args:
      messages: message CSV without header, plain or packed.
      orderbook: orderbook CSV of any number of levels; row k is the book after message
        k, and row 0 seeds the book. It may end before the messages do, and it may be
        of fewer levels than the messages and lack the rows of those outside. A book
        that does not follow from the messages is refused.
      level1: a sequence of level-1 states without row numbers (the orderbook of a
        level-1 file of the same hours), to compare a replay with.
      symbol: instrument; by default from the file names.
      date: ISO date; by default from the file names.
      tick: price units of one ten-thousandth in a tick.
      sessions: windows of continuous trading in seconds.
    Errors:
      :class:`~marsjax.errors.InputError` naming file and line. Events of unknown ids
      are no errors; ``counts`` tells how many there are.
    """
    if tick < 1:
        raise InputError(f"a tick of {tick} price units", "give 1 or more")
    given = [path for path in (messages, orderbook, level1) if path is not None]
    market = market_of(given)
    symbol, date, notes = identify(given, symbol, date)
    table = read_table(messages, COLUMNS, header=False)
    rows = _rows(table, tick)
    resolver = Resolver(int(rows["order_id"].max(initial=0)) + 1)
    files, levels, placed, best = [table.info], None, None, None
    if orderbook is not None:
        book_table, levels = read_levels(orderbook, tick)
        files.append(book_table.info)
        if len(levels) > len(table.frame):
            raise book_table.error(
                len(table.frame),
                f"more orderbook rows than the {len(table.frame)} messages",
                "give the orderbook and messages of the same file pair",
            )
        first = {name: rows[name][0] for name in rows}
        check_first(book_table, levels, first)
        placed = place_rows(levels, rows)
        if len(placed) < len(levels):
            raise book_table.error(
                len(placed),
                "no message turns the row before into this one",
                "give the orderbook that belongs to the messages",
            )
        resolver.seed(levels[0], first)
    if level1 is not None:
        best_table, best_levels = read_levels(level1, tick)
        files.append(best_table.info)
        best = level1_frame(best_levels)
    skip = int(levels is not None)  # message 0 is in the seeded book
    body, fills = resolver.resolve(table, rows, skip)
    stream = {name: np.concatenate([resolver.seeds[name], body[name]]) for name in body}
    stream["owner"] = np.full(len(stream["kind"]), BACKGROUND_OWNER)
    seed_rows = len(resolver.seeds["kind"])
    fills["row"] = np.asarray(fills["row"], np.int64) + seed_rows - skip
    counts = {
        "messages_read": len(table.frame),
        "skipped_as_part_of_the_seed": skip,
        "seed_orders": seed_rows,
        **resolver.counts,
        "price_rounded_down_to_tick": int(rows["off_tick"][skip:].sum()),
    }
    if levels is not None:
        counts["orderbook_rows_read"] = len(levels)
        counts["orderbook_rows_placed"] = len(placed)
    return Tape(
        name=tape_name(symbol, date, market),
        symbol=symbol,
        date=date,
        messages=message_frame(symbol, date, **stream),
        tick_size=tick / PRICE_UNITS,
        lot_size=1,
        sessions=sessions,
        source="lobster",
        fills=pl.DataFrame(fills, schema=FILL_SCHEMA),
        quotes=None if levels is None else quotes_frame(levels, placed + seed_rows - 1),
        level1=best,
        seed_rows=seed_rows,
        files=tuple(files),
        counts=counts,
        notes=notes,
    )


def _rows(table: Table, tick: int) -> dict[str, np.ndarray]:
    """Checked columns: times, type, id, size, price in ticks, side, ``off_tick``."""
    time_s, time_ns = decimal_times(table, "time")
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
