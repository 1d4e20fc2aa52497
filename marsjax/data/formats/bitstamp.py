"""Logs of orders created, changed and deleted, as crypto exchanges publish them.

Two shapes are read, told apart by the first line: a CSV with the columns ``id,
timestamp, price, volume, action, direction`` (others are left alone), and a raw log of
lines ``TIMESTAMP order_created|order_changed|order_deleted|order_book|trade {JSON}``.
``timestamp`` is when the line arrived, in milliseconds since 1970; lines are in that
order. A volume is what is left of the order.

=====================  ====================================================
created                ``LIMIT``; if it crosses, nothing until what is left of it rests
changed                executed down to the volume: of a resting order ``IOC`` of the
                       opposite side, with its fill; of an order that crosses, nothing.
                       At another price (a market order, on its way through the book):
                       ``MODIFY``
deleted, volume 0      executed whole, likewise
deleted, volume left   ``CANCEL``
order_book             ``quotes``
trade                  counted: the orders' own events tell of it
=====================  ====================================================

So a trade between two orders is the one execution of the resting one. The exchange sees
no order that crosses, because the log's own book would not stay one for the hundred
milliseconds in which the executions arrive one by one.

Messages arrive out of order at times: an order that was deleted before it was created
does not come to life, and what is told of an order after its end is counted. An order
first heard of as ``changed`` is live and enters then.

Quantities: one unit is a ``lot`` of the currency (0.0001 by default, as 10**-8 does not
fit an int32), what is left of an order is rounded to it, and to no less than one.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from marsjax.data.checks import check_times
from marsjax.data.files import ProgressFn, StoredFile
from marsjax.data.formats.bitstamp_lines import (
    CSV_COLUMNS,
    Lines,
    csv_lines,
    log_lines,
)
from marsjax.data.formats.flow_tapes import FlowTapes
from marsjax.data.formats.live_orders import FIRST_OWN_ID
from marsjax.data.formats.lobster_book import quotes_frame
from marsjax.data.formats.local_time import day_and_time, to_local, zone_of
from marsjax.data.formats.order_flow import NOTHING, OP, Batch, Flow
from marsjax.data.formats.units import Unit
from marsjax.data.naming import identify
from marsjax.data.reader import Piece, TapeFacts
from marsjax.data.skips import RowsError, Skips
from marsjax.data.text import CHUNK_ROWS, Table, parsed, read_chunks

SESSIONS = ((0, 86_400),)
REMEMBERED = 1 << 16
"""At least so many orders are remembered after their end."""


class BitstampReader:
    """A log of one market; one tape a day.

    Args:
      path: the log, plain or packed.
      symbol: instrument; by default from the file name.
      tick: price of a tick.
      lot: quantity that counts as one.
      unit: quantity of which ``volume`` counts multiples in a CSV.
      levels: levels of the raw log's books that are kept.
      zone: time zone of the tapes' days and times.
      sessions: windows of continuous trading in seconds.
      skips: count what is at fault there and go on; ``None``: raise.
      progress_fn: told of the bytes read.
      chunk_rows: about how many lines are held at a time.
    """

    source = "bitstamp"

    def __init__(
        self,
        path: str | Path,
        *,
        symbol: str | None = None,
        tick: str | float = "0.01",
        lot: str | float = "0.0001",
        unit: str | float = "1e-8",
        levels: int = 10,
        zone: str = "UTC",
        sessions: tuple[tuple[int, int], ...] = SESSIONS,
        skips: Skips | None = None,
        progress_fn: ProgressFn | None = None,
        chunk_rows: int = CHUNK_ROWS,
    ):
        self.path, self.skips = Path(path), skips
        self._tick, self._lot = Unit("tick", tick), Unit("lot", lot)
        self._unit, self._levels = Unit("unit", unit), levels
        self._zone, self._sessions = zone_of(zone), sessions
        self._read = {
            "skips": skips, "progress_fn": progress_fn, "chunk_rows": chunk_rows
        }  # fmt: skip
        # The date is that of the rows.
        symbol, _, notes = identify([path], symbol, "1970-01-01")
        self._notes = (
            *notes,
            f"quantities count {self._lot} of the currency, what is left rounded",
        )
        self._tapes = FlowTapes(symbol, _ArrivalFlow())
        self._files: tuple[dict, ...] = ()
        self._counts = dict.fromkeys(
            ("lines_read", "trades", "books", "volume_rounded_to_lot"), 0
        )

    def pieces(self) -> Iterator[Piece]:
        """Reads the file.

        Errors:
          :class:`~marsjax.errors.InputError` naming file and line.
        """
        before = None
        for table, is_csv in _tables(self.path, self._read):

            def parse(table: Table, is_csv=is_csv, before=before) -> Lines:
                return self._lines(table, is_csv, before)

            self._files = (table.info,)
            self._counts["lines_read"] += len(table.line_T)
            lines = parsed(table, parse, self.skips)
            if not len(lines.moment_ns):
                continue
            before = int(lines.moment_ns[-1])
            yield from self._made(lines)

    def facts(self, name: str) -> TapeFacts:
        """Of a tape that a piece named."""
        skipped = self.skips.counts() if self.skips is not None else {}
        return self._tapes.facts(
            name,
            tick_size=float(self._tick),
            lot_size=1,
            sessions=self._sessions,
            source=self.source,
            files=self._files,
            notes=self._notes,
            counts=self._counts | skipped,
        )

    def _lines(self, table: Table, is_csv: bool, before: int | None) -> Lines:
        """Checked columns of some lines."""
        of = (self._tick, self._lot)
        if is_csv:
            lines = csv_lines(table, *of, self._unit)
        else:
            lines = log_lines(table, *of, self._levels)
        time = np.divmod(lines.moment_ns, 10**9)
        check_times(table, *time, before)
        table.check(
            (lines.order_id < 0) | (lines.order_id >= FIRST_OWN_ID),
            lambda i: f"id {lines.order_id[i]} is out of range",
            "correct or remove the row",
        )
        return lines

    def _made(self, lines: Lines) -> Iterator[Piece]:
        day, time_ns = day_and_time(to_local(lines.moment_ns, self._zone))
        op = np.full(len(day), NOTHING)
        for code, name in (("created", "ADD"), ("changed", "MODIFY_TO")):
            op[lines.is_(code)] = OP[name]
        op[lines.is_("deleted")] = OP["DELETE"]
        op[lines.is_("deleted") & (lines.qty == 0)] = OP["EXECUTE_TO"]
        batch = Batch(
            op,
            lines.side,
            lines.price_ticks,
            lines.qty,
            lines.order_id,
            np.zeros_like(op),
        )
        self._counts["trades"] += int(lines.is_("trade").sum())
        self._counts["books"] += len(lines.book_line)
        self._counts["volume_rounded_to_lot"] += int(lines.is_rounded.sum())

        def fault(i: int, what: str, remedy: str, kept: bool = False) -> None:
            error = RowsError(
                what, remedy, file=self.path, line=int(lines.line[i]),
                rows=np.array([i]),
            )  # fmt: skip
            if self.skips is None:
                raise error
            self.skips.add(error, int(not kept))

        for made in self._tapes.made(day, time_ns, batch, fault, len(lines.book) > 0):
            inside = (lines.book_line >= made.first) & (lines.book_line < made.last)
            if not inside.any():
                yield made.piece
                continue
            after = np.searchsorted(made.event, lines.book_line[inside], side="right")
            quotes = quotes_frame(lines.book[inside], made.start + after - 1)
            yield made.piece._replace(quotes=quotes)


class _ArrivalFlow(Flow):
    """Of messages out of order: an order's end may come before what is told of it."""

    def __init__(self):
        super().__init__("hold")
        self._ended: tuple[set[int], set[int]] = (set(), set())  # newer, older

    def _is_over(self, order_id: int, what: str) -> bool:
        newer, older = self._ended
        if order_id not in newer and order_id not in older:
            return False
        self.counts[what] += 1
        return True

    def _add(self, i, side, price, qty, order_id, extra):
        if not self._is_over(order_id, "created_after_its_end"):
            super()._add(i, side, price, qty, order_id, extra)

    def _modify_to(self, i, side, price, qty, order_id, extra):
        if not self._is_over(order_id, "event_after_the_end"):
            super()._modify_to(i, side, price, qty, order_id, extra)

    def _end(self, end, i, side, price, qty, order_id):
        if self._is_over(order_id, "event_after_the_end"):
            return
        self._ended[0].add(order_id)
        if len(self._ended[0]) == REMEMBERED:
            self._ended = (set(), self._ended[0])
        end(i, side, price, qty, order_id, 0)

    def _delete(self, i, side, price, qty, order_id, extra):
        self._end(super()._delete, i, side, price, qty, order_id)

    def _execute_to(self, i, side, price, qty, order_id, extra):
        if qty:  # on its way from `_modify_to`
            super()._execute_to(i, side, price, qty, order_id, extra)
        else:
            self._end(super()._execute_to, i, side, price, qty, order_id)


def _tables(path: Path, options: dict) -> Iterator[tuple[Table, bool]]:
    """Tables of a log, and whether it is a CSV."""
    first = next(StoredFile(path).blocks(), b"").lstrip(b"\xef\xbb\xbf")
    is_csv = not first[:1].isdigit()
    if is_csv:
        tables = read_chunks(path, CSV_COLUMNS, header=True, **options)
    else:
        tables = read_chunks(path, ["line"], header=False, separator="\0", **options)
    for table in tables:
        yield table, is_csv
