"""Shanghai Stock Exchange tick-by-tick orders and trades, as the orders were sent.

The exchange publishes an order only after its immediate fills: the trades of an
aggressor come first, then a row with what is left of it. Both are put together again.
Formats: `orders` and `trades` files of one day, on one channel whose ``ApplSeqNum``
orders them; prices in CNY x 10,000, quantities in shares. The channel's numbers count
all its instruments, so that those of one have gaps. Columns beyond those named here
are ignored, but for one that names the instrument (`OneSymbol`).
"""

from pathlib import Path

import numpy as np

from marsjax.data.checks import (
    check_increasing,
    check_not_negative,
    check_numbers,
)
from marsjax.data.files import ProgressFn
from marsjax.data.formats.sse_live import nobody
from marsjax.data.formats.sse_pair import PairReader
from marsjax.data.formats.sse_rows import AUCTION, CANCEL, FILL, NEW, Rows
from marsjax.data.formats.sse_seen import Seen
from marsjax.data.formats.sse_sent import Sent, as_sent, count
from marsjax.data.reader import collect
from marsjax.data.skips import Skips
from marsjax.data.tape import Tape
from marsjax.data.text import Table
from marsjax.data.times import DATED_CLOCK, clock_times
from marsjax.types import Side

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


class SseReader(PairReader):
    """Reads one instrument's day and recovers its orders as they were sent.

    Consecutive trades of one aggressor and the row of its remainder become one
    ``LIMIT`` with the sum of their quantities. Its price is the remainder's; a fully
    filled aggressor's limit is known only as its last fill price. Orders before
    09:30:00 and from 14:57:00 are ``COLLECT``; an auction trade becomes two
    ``AUCTION_FILL`` rows, the buy order's first.

    Args:
      orders: CSV with :data:`ORDER_COLUMNS`, plain or packed.
      trades: CSV with :data:`TRADE_COLUMNS`, plain or packed.
      symbol: instrument; by default from the file names, or a column of the files.
        Where the files hold several, only its rows are read.
      date: ISO date; by default from the file names.
      is_contiguous: whether the files' ``ApplSeqNum`` follow each other without a gap,
        so that one is an error.
      skips: where rows at fault are counted and left out; ``None``: they are errors.
      progress_fn: told of the bytes read.
      options: of :func:`~marsjax.data.text.read_chunks`.
    """

    source = "sse"
    order_columns, trade_columns = ORDER_COLUMNS, TRADE_COLUMNS
    sessions, tick_size, lot_size = SESSIONS, TICK_SIZE, LOT_SIZE

    def __init__(
        self,
        orders: str | Path,
        trades: str | Path,
        *,
        symbol: str | None = None,
        date: str | None = None,
        is_contiguous: bool = False,
        skips: Skips | None = None,
        progress_fn: ProgressFn | None = None,
        **options,
    ):
        super().__init__(
            (orders, trades), symbol, date, is_contiguous, skips, progress_fn, options
        )
        self._live, self._seen = nobody(), Seen()

    def _columns(self, which: int, table: Table, after: tuple) -> dict:
        return (_order_rows, _trade_rows)[which](table, *after)

    def _recover(self, rows: Rows, is_last: bool) -> Sent:
        return as_sent(rows, self._live, self._seen, self.sessions, is_last)

    def _commit(self, sent: Sent) -> None:
        self._live = sent.live
        self._seen.add(sent.new_ids)

    def _count(self, sent: Sent) -> dict[str, int]:
        return count(sent)


def prepare_sse(orders: str | Path, trades: str | Path, **options) -> Tape:
    """The tape of an `SseReader`, in memory; arguments and errors are its."""
    return collect(SseReader(orders, trades, **options))[0]


def _order_rows(table: Table, sequence: int | None, time: int | None) -> dict:
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
        **place(table, "MDTime", sequence, time),
    }


def _trade_rows(table: Table, sequence: int | None, time: int | None) -> dict:
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
        **place(table, "MDTime", sequence, time),
    }


def place(table: Table, clock: str, sequence: int | None, time: int | None) -> dict:
    """Sequence numbers and times of rows, after the last of each before."""
    number = table.integers("ApplSeqNum")
    check_not_negative(table, number, "ApplSeqNum")
    check_increasing(table, number, "ApplSeqNum", sequence)
    time_s, time_ns = clock_times(table, clock, time, DATED_CLOCK)
    return {"sequence": number, "time": time_s * 10**9 + time_ns}
