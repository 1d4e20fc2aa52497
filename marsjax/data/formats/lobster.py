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

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from marsjax.data.checks import last_time
from marsjax.data.files import ProgressFn
from marsjax.data.formats.lobster_book import (
    Books,
    check_first,
    level1_frame,
    quotes_frame,
    read_books,
)
from marsjax.data.formats.lobster_place import ByChange, ByLine, start_together
from marsjax.data.formats.lobster_resolve import Resolved, Resolver
from marsjax.data.formats.lobster_rows import COLUMNS, message_rows
from marsjax.data.formats.lobster_survey import count_rows, largest_id
from marsjax.data.naming import identify, market_of
from marsjax.data.reader import Columns, Piece, TapeFacts, collect
from marsjax.data.skips import RowsError, Skips
from marsjax.data.tape import MESSAGE_SCHEMA, Tape, tape_name
from marsjax.data.text import Table, parsed, read_chunks
from marsjax.errors import InputError
from marsjax.types import BACKGROUND_OWNER

SESSIONS = ((34200, 57600),)
PRICE_UNITS = 10_000
"""Prices are dollars x 10,000."""
FILES = ("messages", "orderbook", "level1")
MESSAGE_NUMBERS = tuple(MESSAGE_SCHEMA)[2:]


class LobsterReader:
    """Reads a LOBSTER tape, some rows at a time.

    Both files are gone through twice: ids of the reader's own lie above all of the
    tape's, and as many books as messages belong to them one by one.

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
      skips: where rows at fault are counted and left out; ``None``: they are errors.
      progress_fn: told of the bytes read.
      options: of :func:`~marsjax.data.text.read_chunks`, for all files.
    """

    source = "lobster"

    def __init__(
        self,
        messages: str | Path,
        orderbook: str | Path | None = None,
        *,
        level1: str | Path | None = None,
        symbol: str | None = None,
        date: str | None = None,
        tick: int = 100,
        sessions: tuple[tuple[int, int], ...] = SESSIONS,
        skips: Skips | None = None,
        progress_fn: ProgressFn | None = None,
        **options,
    ):
        if tick < 1:
            raise InputError(f"a tick of {tick} price units", "give 1 or more")
        self._messages, self._orderbook, self._level1 = messages, orderbook, level1
        given = [path for path in (messages, orderbook, level1) if path is not None]
        market = market_of(given)
        symbol, date, notes = identify(given, symbol, date)
        self.skips, self._progress_fn, self._tick = skips, progress_fn, tick
        self._files, self._num_placed = {}, 0
        self._options = options | {"skips": skips, "progress_fn": progress_fn}
        self._facts = TapeFacts(
            name=tape_name(symbol, date, market),
            symbol=symbol,
            date=date,
            tick_size=tick / PRICE_UNITS,
            lot_size=1,
            sessions=sessions,
            source=self.source,
            notes=notes,
        )

    def facts(self, name: str) -> TapeFacts:
        """Of the one tape; complete once `pieces` has ended."""
        if name != self._facts.name:
            raise KeyError(name)
        return self._facts

    def pieces(self) -> Iterator[Piece]:
        """Reads the files.

        Errors:
          :class:`~marsjax.errors.InputError` naming file and line. Events of unknown
          ids are no errors; ``counts`` tells how many there are.
        """
        num_messages, largest = largest_id(self._messages, self._progress_fn)
        placer = self._placer(num_messages)
        resolver, best = Resolver(largest + 1), self._best_quotes()
        counts = {"messages_read": 0, "skipped_as_part_of_the_seed": 0, "off_tick": 0}
        after, num_rows = None, 0
        for table in read_chunks(
            self._messages, COLUMNS, header=False, **self._options
        ):
            self._files["messages"] = table.file
            rows, table = self._checked(table, after)
            after = last_time(rows["time_s"], rows["time_ns"], after)
            skip = 0
            if counts["messages_read"] == 0 and placer and len(table.line_T):
                rows, table = start_together(rows, table, placer, self.skips)
                seeds = self._seed(resolver, placer, rows)
                num_rows, skip = len(seeds["kind"]), 1  # message 0 is in the seed
                yield Piece(self._facts.name, seeds)
            found = resolver.resolve({name: rows[name][skip:] for name in rows})
            self._tell_repeated(table, found.repeated + skip, rows)
            counts["messages_read"] += len(table.line_T) - len(found.repeated)
            counts["skipped_as_part_of_the_seed"] += skip
            counts["off_tick"] += int(rows["off_tick"][skip:].sum())
            for piece in self._cut(found, num_rows, skip, placer, table, rows):
                yield piece._replace(level1=next(best, None))
            num_rows += len(found.body["kind"])
        for frame in best:
            none = {name: np.zeros(0, np.int64) for name in MESSAGE_NUMBERS}
            yield Piece(self._facts.name, none, level1=frame)
        self._finish(counts, resolver, placer)

    def _checked(self, table: Table, after: int | None) -> tuple[Columns, Table]:
        """Columns of the messages, and the table without those that were skipped."""
        return parsed(
            table, lambda t: (message_rows(t, self._tick, after), t), self.skips
        )

    def _placer(self, num_messages: int) -> ByLine | ByChange | None:
        """How the books find their messages."""
        if self._orderbook is None:
            return None
        num_books = count_rows(self._orderbook, self._progress_fn)
        if num_books > num_messages > 0:
            more = RowsError(
                f"more orderbook rows than the {num_messages} messages",
                "give the orderbook and messages of the same file pair",
                file=self._orderbook,
                line=num_messages + 1,
                rows=np.arange(num_messages, num_books),
            )
            if self.skips is None:
                raise more
            self.skips.add(more, len(more.rows))
        books = self._read("orderbook", self._orderbook)
        return ByLine(books) if num_books >= num_messages else ByChange(books)

    def _read(self, kind: str, path: str | Path) -> Iterator[Books]:
        for books in read_books(path, self._tick, **self._options):
            self._files[kind] = books.table.file
            yield books

    def _best_quotes(self) -> Iterator[pl.DataFrame]:
        if self._level1 is not None:
            for books in self._read("level1", self._level1):
                yield level1_frame(books.levels)

    def _seed(self, resolver: Resolver, placer: ByLine | ByChange, rows) -> Columns:
        """The rows that build the opening book."""
        books = placer.peek()
        first = {name: rows[name][0] for name in rows}
        check_first(books, first)
        resolver.seed(books.levels[0], first)
        num = self._facts.seed_rows = len(resolver.seeds["kind"])
        return resolver.seeds | {"owner": np.full(num, BACKGROUND_OWNER)}

    def _tell_repeated(self, table: Table, rows_at: np.ndarray, rows: Columns) -> None:
        if not len(rows_at):
            return
        order_id = int(rows["order_id"][rows_at[0]])
        bad = np.zeros(len(table.line_T), bool)
        bad[rows_at] = True
        try:
            table.check(
                bad,
                f"duplicate order id {order_id}: it is live",
                "give one day of one instrument, without repeated rows",
            )
        except RowsError as error:
            if self.skips is None:
                raise
            self.skips.add(error, len(error.rows))

    def _cut(
        self, found: Resolved, first: int, skip: int, placer, table: Table, rows
    ) -> Iterator[Piece]:
        """The rows of a chunk as pieces that end where a part of the books does.

        Args:
          found: canonical rows, the first of which is row ``first`` of the tape.
          skip: how many messages of the chunk come before them.
        """
        keep = np.ones(len(table.line_T), bool)
        keep[found.repeated + skip] = False
        row = first - skip + np.cumsum(keep) - 1  # of the tape, by message
        body = found.body | {
            "owner": np.full(len(found.body["kind"]), BACKGROUND_OWNER)
        }
        fill_row = found.fills["row"] + first

        def piece(start: int, stop: int, quotes=None) -> Piece:
            of = slice(*np.searchsorted(fill_row, (start, stop)))
            fills = {name: values[of] for name, values in found.fills.items()}
            return Piece(
                self._facts.name,
                {name: body[name][start - first : stop - first] for name in body},
                fills | {"row": fill_row[of]},
                quotes,
            )

        start, end = first, first + len(body["kind"])
        for levels, place in placer.place(table.line_T, rows) if placer else ():
            known = keep[place]
            levels, place = levels[known], place[known]
            if len(place):
                stop = max(int(row[place[-1]]) + 1, start)
                yield piece(start, stop, quotes_frame(levels, row[place]))
                self._num_placed += len(place)
                start = stop
        if start < end:
            yield piece(start, end)

    def _finish(self, counts: dict, resolver: Resolver, placer) -> None:
        """Fills the facts in, and looks whether all books found their message."""
        missed = placer.missed() if placer else None
        if missed is not None:
            if self.skips is None:
                raise missed
            self.skips.add(missed, len(missed.rows))
        off_tick = counts.pop("off_tick")
        counts |= {
            "seed_orders": self._facts.seed_rows,
            **resolver.counts,
            "price_rounded_down_to_tick": off_tick,
        }
        if placer:
            counts["orderbook_rows_read"] = placer.num_read
            counts["orderbook_rows_placed"] = self._num_placed
        files = [self._files[kind] for kind in FILES if kind in self._files]
        if self.skips is not None:
            counts |= self.skips.counts([file.path.name for file in files])
        self._facts.counts = counts
        self._facts.files = tuple(file.info for file in files)


def prepare_lobster(
    messages: str | Path, orderbook: str | Path | None = None, **options
) -> Tape:
    """The tape of a `LobsterReader`, in memory; arguments and errors are its."""
    return collect(LobsterReader(messages, orderbook, **options))[0]
