"""Databento's market by order (MBO), as a stream the exchange can replay; DBN files.

Every instrument of the file, or those chosen, is a tape for each of its local days:

===============  ==========================================================
A add            ``LIMIT``; ``COLLECT`` if it crosses, as orders do in an auction, or is
                 part of a snapshot (flag ``F_SNAPSHOT``)
C cancel         ``CANCEL``; nothing after an ``F`` that took the quantity off already
M modify         ``MODIFY``, likewise; ``LIMIT`` if the order is unknown
F fill           ``IOC`` of the opposite side at the order's price, with a new id, and
                 its fill in ``fills``; ``AUCTION_FILL`` out of the queue's order
T trade          what no ``F`` of the same event accounts for: ``HIDDEN_FILL``, or
                 ``CROSS`` where no side is told
R clear          ``MASS_CANCEL``, if any order is live
N none           counted
===============  ==========================================================

A file may start within a day: a ``CANCEL`` of an unknown id keeps it, an ``F`` becomes
a ``HIDDEN_FILL``, and ``counts`` tells how many there are.
"""

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from marsjax.data.files import ProgressFn, StoredFile
from marsjax.data.formats.flow_tapes import FlowTapes, Owners
from marsjax.data.formats.local_time import day_and_time, to_local, zone_of
from marsjax.data.formats.mbo_events import Ticks, mbo_batch
from marsjax.data.formats.mbo_flow import CLOSE, MboFlow
from marsjax.data.formats.mbo_order import Channels, Clocks
from marsjax.data.formats.mbo_records import DbnFile, Records, library
from marsjax.data.formats.order_flow import Batch
from marsjax.data.reader import Piece, TapeFacts
from marsjax.data.skips import Skips
from marsjax.errors import InputError

CHUNK_BYTES = 1 << 23
ZONES = {
    "GLBX": "America/Chicago",
    "XNAS": "America/New_York",
    "XBOS": "America/New_York",
    "XPSX": "America/New_York",
    "XNYS": "America/New_York",
    "ARCX": "America/New_York",
    "XASE": "America/New_York",
    "XCHI": "America/New_York",
    "XCIS": "America/New_York",
    "BATS": "America/New_York",
    "BATY": "America/New_York",
    "EDGA": "America/New_York",
    "EDGX": "America/New_York",
    "IEXG": "America/New_York",
    "MEMX": "America/New_York",
    "EPRL": "America/New_York",
    "DBEQ": "America/New_York",
    "EQUS": "America/New_York",
    "IFUS": "America/New_York",
    "IFEU": "Europe/London",
    "NDEX": "Europe/London",
    "XEUR": "Europe/Berlin",
    "XEEE": "Europe/Berlin",
}
"""Time zone by the first part of a dataset's name; UTC for others."""

_US_STOCKS = ((34_200, 57_600),)
_WHOLE_DAY = ((0, 86_400),)


class MboReader:
    """A DBN file of the MBO schema.

    Args:
      path: the file, plain or packed.
      symbols: instruments to read, by symbol; all by default.
      date: keep this local day alone.
      tick: price of a tick; by default the greatest that all prices of orders are
        multiples of, found in a first pass over the file.
      zone: time zone of days and times; by default that of the dataset.
      clock: ``ts_event``, the exchange's, or ``ts_recv``, the capture's.
      contiguous: whether a channel's sequence numbers must leave out none; by default
        where the file is said to be of all symbols.
      sessions: windows of continuous trading in seconds; by default 9:30 to 16:00 for
        datasets of New York, else the whole day.
      skips: count what is at fault there and go on; ``None``: raise.
      progress_fn: told of the bytes read.
      chunk_bytes: about how much is held at a time.
    """

    source = "databento"

    def __init__(
        self,
        path: str | Path,
        *,
        symbols: Collection[str] | None = None,
        date: str | None = None,
        tick: str | float | None = None,
        zone: str | None = None,
        clock: str = "ts_event",
        contiguous: bool | None = None,
        sessions: tuple[tuple[int, int], ...] | None = None,
        skips: Skips | None = None,
        progress_fn: ProgressFn | None = None,
        chunk_bytes: int = CHUNK_BYTES,
    ):
        if clock not in ("ts_event", "ts_recv"):
            raise InputError(f"clock {clock!r} is unknown", "use ts_event or ts_recv")
        library()
        self.path, self.skips = Path(path), skips
        self._file = StoredFile(path, progress_fn)
        self._chunk_bytes, self._clock, self._contiguous = (
            chunk_bytes,
            clock,
            contiguous,
        )
        self._symbols = None if symbols is None else set(symbols)
        self._date, self._zone_name, self._sessions = date, zone, sessions
        self._zone = zone_of(zone or "UTC")
        self._ticks = Ticks(tick)
        self._names: dict[int, str] = {}
        self._tapes: dict[int, FlowTapes] = {}  # by instrument
        self._owners, self._numbers = Owners(), {}
        self._last: dict[int, tuple[int, int]] = {}  # day and time of its last record
        self._clocks, self._channels = Clocks(), Channels()
        self._counts: Counter[str] = Counter()
        self._offset = 0

    def pieces(self) -> Iterator[Piece]:
        """Reads the file, twice if the tick is not given.

        Errors:
          :class:`~marsjax.errors.InputError` naming file and byte.
        """
        if self._ticks.given is None:
            survey = DbnFile(StoredFile(self.path), self._chunk_bytes, Skips())
            for records in survey.records():
                self._ticks.learn(records)
        dbn = DbnFile(self._file, self._chunk_bytes, self.skips)
        for records in dbn.records():
            if not self._names and not self._tapes:
                self._begin(dbn.metadata)
            for mapping in records.mappings:
                number, symbol = dbn.mapped_symbol(mapping)
                self._names[number] = symbol
            self._counts.update(records.others)
            yield from self._pieces(dbn, records)
        for number, (day, time_ns) in self._last.items():
            batch = Batch(np.array([CLOSE]), *np.zeros((5, 1), np.int64))
            times = (np.array([day]), np.array([time_ns]))
            yield from self._made(dbn, number, *times, batch, np.array([self._offset]))
        found = {self._name(number) for number in self._tapes}
        missing = (self._symbols or set()) - found
        if missing:
            raise InputError(
                f"no record of {', '.join(sorted(missing))} in the file",
                "choose of the symbols it was asked for",
                file=self.path,
            )

    def facts(self, name: str) -> TapeFacts:
        """Of a tape that a piece named."""
        skipped = self.skips.counts() if self.skips is not None else {}
        tick = self._ticks.of(self._numbers[name])
        notes = ()
        if self._ticks.given is None:
            notes = (f"a tick of {tick / 1e9:g} is inferred from the prices",)
        return self._owners.facts(
            name,
            tick_size=tick / 1e9,
            lot_size=1,
            sessions=self._sessions,
            source=self.source,
            files=(self._file.info,),
            notes=notes,
            counts=self._counts | skipped,
        )

    def _begin(self, metadata) -> None:
        """Takes what the head of the file tells."""
        for symbol, intervals in metadata.mappings.items():
            for interval in intervals:
                key, value = symbol, interval["symbol"]
                if not value.isdigit():  # asked for by number
                    key, value = value, key
                if value.isdigit():
                    self._names.setdefault(int(value), key)
        part = metadata.dataset.split(".")[0]
        zone = self._zone_name or ZONES.get(part, "UTC")
        self._zone = zone_of(zone)
        if self._sessions is None:
            of_stocks = ZONES.get(part) == "America/New_York" and part != "IFUS"
            self._sessions = _US_STOCKS if of_stocks else _WHOLE_DAY
        if self._contiguous is None:
            self._contiguous = list(metadata.symbols) == ["ALL_SYMBOLS"]

    def _name(self, number: int) -> str:
        return self._names.get(number, f"instrument_{number}")

    def _pieces(self, dbn: DbnFile, records: Records) -> Iterator[Piece]:
        fields, offset = records.fields, records.offset
        if not len(fields):
            return
        self._offset = int(offset[-1])
        self._counts["records_read"] += len(fields)
        for told in self._channels.faults(fields, bool(self._contiguous)):
            self._counts[told.count] += told.number
            dbn.fault(told.what, int(offset[told.row]), told.remedy, rows=0)
        number = fields["instrument_id"]
        order = np.argsort(number, kind="stable")
        cuts = np.flatnonzero(np.diff(number[order])) + 1
        for some in np.split(order, cuts):
            instrument = int(number[some[0]])
            if self._symbols is None or self._name(instrument) in self._symbols:
                yield from self._instrument(dbn, instrument, fields[some], offset[some])

    def _instrument(self, dbn, number, fields, offset) -> Iterator[Piece]:
        """Runs the next records of one instrument."""
        if number not in self._tapes:
            self._tapes[number] = FlowTapes(self._name(number), MboFlow())

        def bad_fn(row: int, num: int, what: str, remedy: str, kept=False) -> None:
            what = f"{what} of {self._name(number)}"
            dbn.fault(what, int(offset[row]), remedy, rows=0 if kept else num)

        moment, num_set = self._clocks.moments(number, fields, self._clock, bad_fn)
        self._counts["time_set_forward"] += num_set
        batch = mbo_batch(fields, self._ticks.of(number), bad_fn, self._counts)
        day, time_ns = day_and_time(to_local(moment, self._zone))
        self._last[number] = (int(day[-1]), int(time_ns[-1]))
        yield from self._made(dbn, number, day, time_ns, batch, offset)

    def _made(self, dbn, number, day, time_ns, batch, offset) -> Iterator[Piece]:
        tapes = self._tapes[number]

        def fault_fn(i, what, remedy, kept=False) -> None:
            what = f"{what} of {tapes.symbol}"
            dbn.fault(what, int(offset[i]), remedy, rows=int(not kept))

        for made in tapes.made(day, time_ns, batch, fault_fn):
            if self._date is None or made.piece.name.endswith(self._date):
                self._owners.claim(made.piece.name, tapes)
                self._numbers[made.piece.name] = number
                yield made.piece
