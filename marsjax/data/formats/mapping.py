"""Any feed of single orders in CSV or parquet, by a TOML file that tells its columns.

An example, for a feed of resting orders with executions by order::

    [tape]
    symbol = "XYZ"                # by default that of the file name
    sessions = ["09:30-16:00"]    # continuous trading, local time; else all day
    crossing = "match"            # what an add that crosses becomes, see below

    [time]
    column = "timestamp"
    unit = "ms"                   # s, ms, us, ns since 1970; iso (2024-01-02T09:30:00,
                                  # with or without an offset); clock (09:30:00.123)
                                  # and midnight (seconds), with the date in tape.date
    zone = "UTC"                  # of clock times and of ISO times without an offset
    exchange_zone = "America/New_York"  # of the tape's days and times; else zone

    [action]
    column = "event"
    [action.codes]                # code of the feed = kind of action
    new = "add"
    reduced = { kind = "cancel", quantity = "left" }  # what is left; else taken off
    gone = "delete"
    traded = "execute"

    [side]
    column = "side"
    buy = ["B", "bid"]
    sell = ["S", "ask"]

    [price]
    column = "price"
    unit = "0.0001"               # a price of 1000000 is 100; 1 by default
    tick = "0.01"

    [quantity]
    column = "size"
    unit = "1"                    # what a quantity of 1 is
    lot = "1"                     # what counts as one on the tape
    round = false                 # true: to whole lots, at least one, and counted

    [id]
    column = "order_id"
    text = false                  # true: any text, numbered by a hash
    new_column = "new_id"         # for replace

    [sequence]                    # of the whole file: must rise
    column = "seq"
    contiguous = true             # and leave none out

    [symbol]                      # a tape for each of its values
    column = "ticker"

    [file]
    separator = ","
    columns = ["timestamp", "event"]  # of a CSV without a header
    format = "csv"                # or parquet; by default by the name

Kinds: ``add``, ``snapshot`` (an order of a given book: ``COLLECT``), ``cancel``,
``delete``, ``execute`` (of a resting order), ``auction`` (the same, in a call auction),
``modify`` (new price and open quantity), ``replace`` (by an order with a new id),
``change`` and ``end`` (of logs that tell what is left of an order: executed down to it
unless the price changes; executed whole if nothing is left, else cancelled), ``hidden``
(execution of an order not shown), ``cross``, ``halt``, ``resume``, ``clear`` (the
book), ``market`` and ``ioc`` (orders of a feed of orders as sent) and ``ignore``, which
is counted. What each becomes is told in `order_flow`.

``crossing``: ``match``, a ``LIMIT`` that the exchange matches; ``collect``, a
``COLLECT``, for feeds of resting orders alone; ``hold``, for feeds that print the
executions of both orders of a trade: no row until what is left of it rests.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np

from marsjax.data.files import ProgressFn
from marsjax.data.formats.flow_tapes import FlowTapes, Owners
from marsjax.data.formats.mapping_events import Carried, Parsed, parse
from marsjax.data.formats.mapping_spec import read_spec
from marsjax.data.formats.mapping_tables import tables
from marsjax.data.formats.order_flow import Batch, Flow
from marsjax.data.naming import identify
from marsjax.data.reader import Piece, TapeFacts
from marsjax.data.skips import RowsError, Skips
from marsjax.data.text import CHUNK_ROWS, Table, parsed
from marsjax.errors import InputError


class MappingReader:
    """Files of one feed, read one after the other; a tape a symbol and local day.

    Args:
      paths: a file, or files that follow each other.
      mapping: the TOML file.
      symbol: instrument, where the feed has no symbol column; by default that of the
        mapping or of the file name.
      symbols: of a feed with a symbol column, those to read; all by default.
      skips: count what is at fault there and go on; ``None``: raise.
      progress_fn: told of the bytes read.
      chunk_rows: about how many rows are held at a time.
    Errors:
      :class:`~marsjax.errors.InputError` for a mapping that is wrong, with its key.
    """

    source = "mapping"

    def __init__(
        self,
        paths: str | Path | Sequence[str | Path],
        mapping: str | Path,
        *,
        symbol: str | None = None,
        symbols: Collection[str] | None = None,
        skips: Skips | None = None,
        progress_fn: ProgressFn | None = None,
        chunk_rows: int = CHUNK_ROWS,
    ):
        if isinstance(paths, str | Path):
            paths = [paths]
        if not paths:
            raise InputError("there is no file to read", "give a file")
        self.paths, self.skips = [Path(path) for path in paths], skips
        self.spec = read_spec(mapping)
        self._symbols = None if symbols is None else set(symbols)
        self._symbol, self._names = None, ()
        if "symbol" not in self.spec.columns:
            given = symbol or self.spec.symbol
            self._symbol, _, self._names = identify(self.paths, given, "1970-01-01")
        self._progress_fn, self._chunk_rows = progress_fn, chunk_rows
        self._tapes: dict[str, FlowTapes] = {}
        self._owners = Owners()
        self._files: list[dict] = []
        self._counts: Counter[str] = Counter()

    def pieces(self) -> Iterator[Piece]:
        """Reads the files.

        Errors:
          :class:`~marsjax.errors.InputError` naming file and line (of a parquet file
          the row, counted from 1).
        """
        carried = Carried()
        for path in self.paths:
            found = tables(
                path, self.spec, self.skips, self._progress_fn, self._chunk_rows
            )
            is_first = True
            for table in found:
                if is_first:
                    self._files.append(table.info)
                    is_first = False
                self._counts["rows_read"] += len(table.line_T)

                def parse_fn(table: Table, before=carried) -> Parsed:
                    return parse(table, self.spec, before)

                rows = parsed(table, parse_fn, self.skips)
                carried = rows.carried
                self._count(path, rows)
                yield from self._by_symbol(path, rows)
        missing = (self._symbols or set()) - set(self._tapes)
        if missing:
            raise InputError(
                f"no row of {', '.join(sorted(missing))}",
                "choose of the symbols in the file",
                file=self.paths[0],
            )

    def facts(self, name: str) -> TapeFacts:
        """Of a tape that a piece named."""
        skipped = self.skips.counts() if self.skips is not None else {}
        return self._owners.facts(
            name,
            tick_size=float(self.spec.tick),
            lot_size=1,
            sessions=self.spec.sessions,
            source=self.source,
            files=tuple(self._files),
            notes=self._notes(),
            counts={key: num for key, num in self._counts.items() if num} | skipped,
        )

    def _notes(self) -> tuple[str, ...]:
        notes = [*self._names, f"read by the mapping {self.spec.name}"]
        if str(self.spec.lot) != "1":
            notes.append(f"quantities count {self.spec.lot}")
        return tuple(notes)

    def _count(self, path: Path, rows: Parsed) -> None:
        names = list(self.spec.codes)
        for number, count in enumerate(np.bincount(rows.code, minlength=len(names))):
            self._counts[f"action {names[number]}"] += int(count)
        self._counts.update(rows.num_rounded)
        if len(rows.gap):
            self._counts["sequence_gaps"] += len(rows.gap)
            first = int(rows.gap[0])
            what = f"a gap in the sequence before {rows.sequence[first]}"
            remedy = "download the file again, or set sequence.contiguous = false"
            self._fault(path, rows, first, what, remedy, kept=True)

    def _fault(self, path, rows, i: int, what, remedy, kept: bool = False) -> None:
        line = int(rows.line[i])
        error = RowsError(what, remedy, file=path, line=line, rows=np.array([i]))
        if self.skips is None:
            raise error
        self.skips.add(error, int(not kept))

    def _by_symbol(self, path: Path, rows: Parsed) -> Iterator[Piece]:
        if rows.symbol is None:
            groups = [(self._symbol, np.arange(len(rows.day)))]
        else:
            names, number = np.unique(rows.symbol, return_inverse=True)
            order = np.argsort(number, kind="stable")
            cuts = np.flatnonzero(np.diff(number[order])) + 1
            groups = zip(names.tolist(), np.split(order, cuts), strict=True)
        for symbol, some in groups:
            if self._symbols is not None and symbol not in self._symbols:
                continue
            if symbol not in self._tapes:
                self._tapes[symbol] = FlowTapes(symbol, Flow(self.spec.crossing))

            def fault_fn(i, what, remedy, kept=False, some=some) -> None:
                self._fault(path, rows, int(some[i]), what, remedy, kept)

            batch = Batch(*(column[some] for column in rows.batch))
            made = self._tapes[symbol].made(
                rows.day[some], rows.time_ns[some], batch, fault_fn
            )
            for each in made:
                self._owners.claim(each.piece.name, self._tapes[symbol])
                yield each.piece
