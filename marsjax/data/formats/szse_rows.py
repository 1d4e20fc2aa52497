"""Rows of Shenzhen's orders and trades files, checked."""

import numpy as np
import polars as pl

from marsjax.data.checks import (
    check_increasing,
    check_not_negative,
    check_positive_qty,
    check_price,
)
from marsjax.data.formats.sse_rows import CANCEL, FILL, NEW
from marsjax.data.reader import Columns
from marsjax.data.text import Table
from marsjax.data.times import DATED_CLOCK, clock_times
from marsjax.errors import InputError
from marsjax.types import Side

PRICE_UNITS = 10_000
MARKET, LIMIT, OWN_BEST = range(3)
"""How an order says its price; a `LIMIT` is also what every other row is."""

_NAMES = {
    "time": ("MDTime", "TransactTime", "OrderTime", "TradeTime"),
    "order_type": ("OrderType", "OrdType"),
    "side": ("OrderBSFlag", "Side"),
    "order_price": ("OrderPrice", "Price"),
    "order_qty": ("OrderQty",),
    "buyer": ("TradeBuyNo", "BidApplSeqNum"),
    "seller": ("TradeSellNo", "OfferApplSeqNum"),
    "trade_type": ("ExecType", "TradeType"),
    "trade_price": ("TradePrice", "LastPx"),
    "trade_qty": ("TradeQty", "LastQty"),
}
_ORDER_TYPES = {
    "1": MARKET,
    "49": MARKET,
    "2": LIMIT,
    "50": LIMIT,
    "U": OWN_BEST,
    "3": OWN_BEST,
    "85": OWN_BEST,
}
_SIDES = {"1": Side.BUY, "49": Side.BUY, "B": Side.BUY, "66": Side.BUY}
_SIDES |= {"2": Side.SELL, "50": Side.SELL, "S": Side.SELL, "83": Side.SELL}
_TRADE_TYPES = dict.fromkeys(("F", "70", "0"), FILL)
_TRADE_TYPES |= dict.fromkeys(("4", "52", "C", "67", "1"), CANCEL)


class FileReader:
    """Reads one of the two files.

    Args:
      which: 0 for orders, 1 for trades.
      tick: price units of one ten-thousandth CNY in a tick.
    """

    def __init__(self, which: int, tick: int):
        self._which, self._tick = which, tick
        self._is_decimal: bool | None = None

    def columns(self, table: Table, sequence: int | None, time: int | None) -> Columns:
        """Columns of `Rows`, and ``pricing`` (`MARKET`, `LIMIT`, `OWN_BEST`).

        Args:
          table: the rows.
          sequence, time: the last ones of the rows before.
        """
        number = table.integers("ApplSeqNum")
        check_not_negative(table, number, "ApplSeqNum")
        check_increasing(table, number, "ApplSeqNum", sequence)
        clock = _name(table, "time")
        time_s, time_ns = clock_times(table, clock, time, DATED_CLOCK)
        placed = {"sequence": number, "time": time_s * 10**9 + time_ns}
        if self._which == 0:
            return placed | self._orders(table, number)
        return placed | self._trades(table, number)

    def _orders(self, table: Table, number: np.ndarray) -> Columns:
        pricing = _coded(table, "order_type", _ORDER_TYPES)
        qty = _whole(table, "order_qty")
        limits = np.flatnonzero(pricing == LIMIT)
        return {
            "what": np.full(len(number), NEW),
            "side": _coded(table, "side", _SIDES),
            "actor": number,
            "other": number,
            "price_ticks": self._prices(table, "order_price", limits),
            "qty": qty,
            "pricing": pricing,
        }

    def _trades(self, table: Table, number: np.ndarray) -> Columns:
        names = _name(table, "buyer"), _name(table, "seller")
        buyer, seller = table.integers(names[0]), table.integers(names[1])
        for ids, name in zip((buyer, seller), names, strict=True):
            check_not_negative(table, ids, name)
            table.check(
                ids >= number,
                lambda i, ids=ids, name=name: (
                    f"{name} {ids[i]} is of no order before ApplSeqNum {number[i]}"
                ),
                "give unedited files",
            )
        is_cancel = (buyer == 0) | (seller == 0)
        table.check(
            (buyer == 0) & (seller == 0), "the row names no order", "correct the row"
        )
        if _name(table, "trade_type", needed=False):
            kind = _coded(table, "trade_type", _TRADE_TYPES)
            table.check(
                is_cancel != (kind == CANCEL),
                lambda i: (
                    f"a {'trade' if kind[i] == FILL else 'cancel'} names "
                    f"{'one order' if is_cancel[i] else 'two orders'}"
                ),
                "give unedited files",
            )
        fills = np.flatnonzero(~is_cancel)
        of_buyer = buyer > seller  # the one that came last; of a cancel the only one
        actor = np.where(of_buyer, buyer, seller)
        return {
            "what": np.where(is_cancel, CANCEL, FILL),
            "side": np.where(of_buyer, Side.BUY, Side.SELL),
            "actor": actor,
            "other": np.where(is_cancel, actor, np.where(of_buyer, seller, buyer)),
            "price_ticks": self._prices(table, "trade_price", fills),
            "qty": _whole(table, "trade_qty"),
            "pricing": np.full(len(number), LIMIT),
        }

    def _prices(self, table: Table, role: str, rows: np.ndarray) -> np.ndarray:
        """Prices of some rows in ticks, 0 elsewhere."""
        name = _name(table, role)
        text = table.frame[name].str.strip_chars()
        if self._is_decimal is None and len(rows):
            self._is_decimal = bool(text.str.contains(".", literal=True).any())
        if self._is_decimal:
            number = text.cast(pl.Float64, strict=False)
            table.check(
                (number.is_null() | ~number.is_finite() | (number.abs() > 1e9))
                .fill_null(True)
                .to_numpy(),
                lambda i: f"{name} is {text[i]!r}, not a price",
                "correct the field or download the file again",
            )
            price = np.rint(number.to_numpy() * PRICE_UNITS).astype(np.int64)
        else:
            price = table.integers(name)
        check_price(table, price[rows], name, self._tick, rows)
        ticks = np.zeros(len(price), np.int64)
        ticks[rows] = price[rows] // self._tick
        return ticks


def _name(table: Table, role: str, needed: bool = True) -> str | None:
    """The column that has a role."""
    found = next((c for c in _NAMES[role] if c in table.frame.columns), None)
    if found is None and needed:
        raise InputError(
            f"no column {' or '.join(_NAMES[role])} "
            f"(columns: {', '.join(table.frame.columns)[:200]})",
            "give the orders and the trades in one of the documented forms",
            file=table.path,
            line=1,
        )
    return found


def _coded(table: Table, role: str, codes: dict[str, int]) -> np.ndarray:
    name = _name(table, role)
    text = table.frame[name].str.strip_chars()
    number = text.replace_strict(
        list(codes), list(map(int, codes.values())), default=-1, return_dtype=pl.Int64
    ).to_numpy()
    table.check(
        number < 0,
        lambda i: f"{name} {text[i]!r} is unknown",
        f"only {', '.join(codes)} are supported",
    )
    return number


def _whole(table: Table, role: str) -> np.ndarray:
    name = _name(table, role)
    qty = table.integers(name)
    check_positive_qty(table, qty, name)
    return qty
