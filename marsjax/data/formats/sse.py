"""Shanghai Stock Exchange tick-by-tick orders and trades, as the orders were sent.

The exchange publishes an order only after its immediate fills: the trades of an
aggressor come first, then a row with what is left of it. Both are put together again.
Formats: `orders` and `trades` files of one instrument and day, on one channel whose
``ApplSeqNum`` orders them; prices in CNY x 10,000, quantities in shares.
"""

from pathlib import Path

import numpy as np
import polars as pl

from marsjax.data.checks import (
    check_increasing,
    check_not_negative,
    check_numbers,
    clock_times,
)
from marsjax.data.formats.sse_sent import (
    AUCTION,
    CANCEL,
    FILL,
    NEW,
    as_sent,
    check_left,
    check_resting,
    merge,
)
from marsjax.data.naming import identify
from marsjax.data.tape import FILL_SCHEMA, Tape, message_frame, tape_name
from marsjax.data.text import Table, read_table
from marsjax.types import Kind, Side

ORDER_COLUMNS = (
    "MDTime",
    "OrderType",
    "OrderPrice",
    "OrderQty",
    "OrderBSFlag",
    "OrderNO",
    "ApplSeqNum",
)
TRADE_COLUMNS = (
    "MDTime",
    "TradeBuyNo",
    "TradeSellNo",
    "TradeBSFlag",
    "TradePrice",
    "TradeQty",
    "ApplSeqNum",
)
SESSIONS = ((34200, 41400), (46800, 53820))
TICK_UNITS, TICK_SIZE, LOT_SIZE = 100, 0.01, 100


def prepare_sse(
    orders: str | Path,
    trades: str | Path,
    *,
    symbol: str | None = None,
    date: str | None = None,
) -> Tape:
    """Reads one instrument's day and recovers its orders as they were sent.

    Consecutive trades of one aggressor and the row of its remainder become one
    ``LIMIT`` with the sum of their quantities. Its price is the remainder's; a fully
    filled aggressor's limit is known only as its last fill price. Orders before
    09:30:00 and from 14:57:00 are ``COLLECT``; an auction trade becomes two
    ``AUCTION_FILL`` rows, the buy order's first.

    Args:
      orders: CSV with :data:`ORDER_COLUMNS`, plain or packed.
      trades: CSV with :data:`TRADE_COLUMNS`, plain or packed.
      symbol: instrument; by default from the file names.
      date: ISO date; by default from the file names.
    Returns:
      The tape, with every continuous fill in ``fills``.
    Errors:
      :class:`~marsjax.errors.InputError` naming file and line for anything that is not
      as documented, including a trade or cancel of more than an order has left, or
      at another price or side than the order's.
    """
    symbol, date, notes = identify((orders, trades), symbol, date)
    tables = (
        read_table(orders, ORDER_COLUMNS, header=True),
        read_table(trades, TRADE_COLUMNS, header=True),
    )
    rows = merge(_order_rows(tables[0]), _trade_rows(tables[1]), tables)
    messages, fills = as_sent(rows, tables, SESSIONS[0][0], SESSIONS[-1][1])
    check_left(rows, tables)
    check_resting(rows, tables)
    what = rows["what"]
    counts = {
        "orders_read": len(tables[0].frame),
        "trades_read": len(tables[1].frame),
        "continuous_trades_merged_into_orders": int((what == FILL).sum()),
        "remainders_merged_into_orders": int((rows["continues"] & (what == NEW)).sum()),
        "auction_trades": int((what == AUCTION).sum()),
        "skipped": 0,
        "messages": len(messages["kind"]),
    }
    for kind in (Kind.LIMIT, Kind.COLLECT, Kind.CANCEL, Kind.AUCTION_FILL):
        counts[kind.name.lower()] = int((messages["kind"] == kind).sum())
    return Tape(
        name=tape_name(symbol, date),
        symbol=symbol,
        date=date,
        messages=message_frame(symbol, date, **messages),
        tick_size=TICK_SIZE,
        lot_size=LOT_SIZE,
        sessions=SESSIONS,
        source="sse",
        fills=pl.DataFrame(fills, schema=FILL_SCHEMA),
        files=tuple(table.info for table in tables),
        counts=counts,
        notes=notes,
    )


def _order_rows(table: Table) -> dict[str, np.ndarray]:
    kind = table.integers("OrderType")
    table.check(
        (kind != 2) & (kind != 10),
        lambda i: f"OrderType {kind[i]} is unknown",
        "only 2 (new order) and 10 (cancel) are supported",
    )
    flag = table.integers("OrderBSFlag")
    table.check(
        (flag != 1) & (flag != 2),
        lambda i: f"OrderBSFlag {flag[i]} is unknown",
        "only 1 (buy) and 2 (sell) are supported",
    )
    ids = table.integers("OrderNO")
    check_not_negative(table, ids, "OrderNO")
    return {
        "what": np.where(kind == 2, NEW, CANCEL),
        "side": np.where(flag == 1, Side.BUY, Side.SELL),
        "actor": ids,
        "other": ids,
        **check_numbers(table, "OrderPrice", "OrderQty", TICK_UNITS),
        **_place(table),
    }


def _trade_rows(table: Table) -> dict[str, np.ndarray]:
    flag = table.integers("TradeBSFlag")
    table.check(
        (flag < 0) | (flag > 2),
        lambda i: f"TradeBSFlag {flag[i]} is unknown",
        "only 0 (call auction), 1 (buyer) and 2 (seller) are supported",
    )
    buyer, seller = table.integers("TradeBuyNo"), table.integers("TradeSellNo")
    check_not_negative(table, buyer, "TradeBuyNo")
    check_not_negative(table, seller, "TradeSellNo")
    return {
        "what": np.where(flag == 0, AUCTION, FILL),
        "side": np.where(flag == 2, Side.SELL, Side.BUY),
        "actor": np.where(flag == 2, seller, buyer),
        "other": np.where(flag == 2, buyer, seller),
        **check_numbers(table, "TradePrice", "TradeQty", TICK_UNITS),
        **_place(table),
    }


def _place(table: Table) -> dict[str, np.ndarray]:
    sequence = table.integers("ApplSeqNum")
    check_not_negative(table, sequence, "ApplSeqNum")
    check_increasing(table, sequence, "ApplSeqNum")
    time_s, time_ns = clock_times(table, "MDTime")
    row = np.arange(len(sequence))
    return {"sequence": sequence, "time_s": time_s, "time_ns": time_ns, "row": row}
