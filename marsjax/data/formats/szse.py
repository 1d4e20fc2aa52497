"""Shenzhen Stock Exchange tick-by-tick orders and trades.

The exchange publishes every order as it was sent, and then its trades; an order's id is
its ``ApplSeqNum``. Orders and trades of a channel are numbered together. Cancels are
rows of the trades file that name one order only. Of a trade the aggressor is the order
that came last.

A file's columns may have the names of vendors (as Shanghai's files) or of the exchange
(binary trade data interface, messages 300192 and 300191):

============================  =======================================================
time                          ``MDTime``, ``TransactTime``, ``OrderTime``,
                              ``TradeTime``: ``09:30:00.010``, ``93000010``, or either
                              after a date
orders: type                  ``OrderType``, ``OrdType``: 1 market, 2 limit, U (or 3)
                              best of the own side
orders: side                  ``OrderBSFlag``, ``Side``: 1 or B buy, 2 or S sell
orders: price, quantity       ``OrderPrice`` or ``Price``; ``OrderQty``
trades: orders                ``TradeBuyNo`` or ``BidApplSeqNum``; ``TradeSellNo`` or
                              ``OfferApplSeqNum``; 0 of the side a cancel is not of
trades: type, if there is one ``ExecType``, ``TradeType``: F or 0 trade; 4, C or 1
                              cancel
trades: price, quantity       ``TradePrice`` or ``LastPx``; ``TradeQty`` or ``LastQty``
number                        ``ApplSeqNum``
============================  =======================================================

Letters may also stand as their ASCII codes (70 for F). Prices are CNY x 10,000, or CNY
where the first rows of a file have a decimal point.

Market orders and those at the best of the own side have no price. In the canonical
stream they get the one at which they do what they did:

- a market order that traded is a ``LIMIT`` at its last fill's price, as the exchange
  leaves what is left of one at the opposite best resting there; or an ``IOC`` if the
  row after its trades cancels its rest at the same time, which it then includes;
- one that did not trade and is cancelled at once (fill or kill, or no order to meet) is
  an ``IOC`` at the lowest price (bid) or the highest (ask), which matches nothing;
- an order at the best of its own side is a ``LIMIT`` there, found from the live orders;
  with none it is cancelled by the next row, and becomes such an ``IOC`` too.

Orders before 09:30:00 and from 14:57:00 are ``COLLECT``. An auction trade, and a
continuous one that does not come right after its aggressor (as where trading resumes
with an auction), becomes two ``AUCTION_FILL`` rows, the buy order's first.
"""

from pathlib import Path

from marsjax.data.files import ProgressFn
from marsjax.data.formats.sse_live import nobody
from marsjax.data.formats.sse_pair import PairReader
from marsjax.data.formats.sse_rows import Rows
from marsjax.data.formats.szse_rows import PRICE_UNITS, Columns, FileReader
from marsjax.data.formats.szse_sent import Sent, as_sent, count
from marsjax.data.reader import collect
from marsjax.data.skips import Skips
from marsjax.data.tape import Tape
from marsjax.data.text import Table
from marsjax.errors import InputError

SESSIONS = ((34200, 41400), (46800, 53820))
LOT_SIZE = 100


class SzseReader(PairReader):
    """Reads one instrument's day.

    Args:
      orders, trades: CSV with the columns above, plain or packed.
      symbol: instrument; by default from the file names, or a column of the files.
        Where the files hold several, only its rows are read.
      date: ISO date; by default from the file names.
      tick: price units of one ten-thousandth CNY in a tick: 100 for shares, 10 for
        funds and bonds.
      is_contiguous: whether the files' ``ApplSeqNum`` follow each other without a gap,
        so that one is an error.
      skips: where rows at fault are counted and left out; ``None``: they are errors.
      progress_fn: told of the bytes read.
      options: of :func:`~marsjax.data.text.read_chunks`.
    """

    source = "szse"
    order_columns = trade_columns = ("ApplSeqNum",)
    sessions, lot_size = SESSIONS, LOT_SIZE

    def __init__(
        self,
        orders: str | Path,
        trades: str | Path,
        *,
        symbol: str | None = None,
        date: str | None = None,
        tick: int = 100,
        is_contiguous: bool = False,
        skips: Skips | None = None,
        progress_fn: ProgressFn | None = None,
        **options,
    ):
        if tick < 1:
            raise InputError(f"a tick of {tick} price units", "give 1 or more")
        super().__init__(
            (orders, trades), symbol, date, is_contiguous, skips, progress_fn, options
        )
        self.tick_size = tick / PRICE_UNITS
        self._readers = FileReader(0, tick), FileReader(1, tick)
        self._live = nobody()

    def _columns(self, which: int, table: Table, after: tuple) -> Columns:
        return self._readers[which].columns(table, *after)

    def _recover(self, rows: Rows, is_last: bool) -> Sent:
        return as_sent(rows, self._live, self.sessions, is_last)

    def _commit(self, sent: Sent) -> None:
        self._live = sent.live

    def _count(self, sent: Sent) -> dict[str, int]:
        return count(sent)


def prepare_szse(orders: str | Path, trades: str | Path, **options) -> Tape:
    """The tape of a `SzseReader`, in memory; arguments and errors are its."""
    return collect(SzseReader(orders, trades, **options))[0]
