"""Nasdaq TotalView-ITCH 5.0, as a stream the exchange can replay; binary.

Every stock of the file, or those chosen, is a tape:

=====================  ====================================================
A, F add               ``LIMIT``; ``COLLECT`` if it crosses, as orders do before the
                       cross that ends a halt
E executed             ``IOC`` of the opposite side at the order's price, with a new
                       id, and its fill in ``fills``
C executed with price  the same if it is printable and at the order's price, else
                       ``AUCTION_FILL``, as in a cross
X cancel, D delete     ``CANCEL``
U replace              ``CANCEL`` of the old reference, ``LIMIT`` of the new one: a
                       replaced order has a new number and loses its place, so it is
                       no ``MODIFY``
P trade                ``HIDDEN_FILL``, id 0
Q cross                ``CROSS``, if it has shares
H trading action       ``HALT``, price -1 (halted, paused), 0 (quotes only), 1 (trading)
S, R and others        counted
=====================  ====================================================

An execution out of the queue's order is an ``AUCTION_FILL``. The feed is complete: an
event of an unknown order is an error; a lenient reader keeps it as a ``CANCEL`` that
the exchange rejects, or as a ``HIDDEN_FILL``. Broken trades are counted, not undone.
Prices under a dollar may be off the tick: they are rounded away from the other side.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from marsjax.data.files import ProgressFn, StoredFile
from marsjax.data.formats.flow_tapes import NO_DAY, FlowTapes, Owners
from marsjax.data.formats.itch_events import ORDER_CODES, Events, order_events
from marsjax.data.formats.itch_messages import (
    NAMES,
    TYPES,
    Messages,
    fault,
    read_messages,
)
from marsjax.data.formats.local_time import day_of
from marsjax.data.formats.order_flow import Batch, Flow
from marsjax.data.naming import is_date
from marsjax.data.reader import Piece, TapeFacts
from marsjax.data.skips import Skips
from marsjax.errors import InputError

SESSIONS = ((34_200, 57_600),)
CHUNK_BYTES = 1 << 23
_NUM_LOCATES = 1 << 16
_UNITS = 10_000


class ItchReader:
    """A day of ITCH 5.0; one tape a stock.

    Args:
      path: the file, plain or packed.
      symbols: stocks to read; all by default.
      date: ISO date; by default from the file name, such as
        ``12302019.NASDAQ_ITCH50.gz`` or ``S081321-v50.txt.gz``.
      tick: price units of one ten-thousandth in a tick; 1 for stocks under a dollar.
      sessions: windows of continuous trading in seconds.
      skips: count what is at fault there and go on; ``None``: raise.
      progress_fn: told of the bytes read.
      chunk_bytes: about how much is held at a time.
    """

    source = "itch"

    def __init__(
        self,
        path: str | Path,
        *,
        symbols: Collection[str] | None = None,
        date: str | None = None,
        tick: int = 100,
        sessions: tuple[tuple[int, int], ...] = SESSIONS,
        skips: Skips | None = None,
        progress_fn: ProgressFn | None = None,
        chunk_bytes: int = CHUNK_BYTES,
    ):
        if tick < 1:
            raise InputError(f"a tick of {tick} price units", "give 1 or more")
        self.path, self.skips = Path(path), skips
        self._file = StoredFile(path, progress_fn)
        self._chunk_bytes, self._tick, self._sessions = chunk_bytes, tick, sessions
        self._symbols = None if symbols is None else set(symbols)
        date = date or date_of(path)
        if date is not None and not is_date(date):
            raise InputError(f"{date!r} is no date", "give it as YYYY-MM-DD")
        self._day = NO_DAY if date is None else day_of(date)
        self._notes = () if date else ("no date in the file name: pass --date",)
        self._stocks = np.zeros(_NUM_LOCATES, "S8")
        self._is_wanted = np.zeros(_NUM_LOCATES, bool)
        self._tapes: dict[int, FlowTapes] = {}  # by locate
        self._owners, self._locates = Owners(), {}
        self._seen = np.zeros((_NUM_LOCATES, len(TYPES)), np.int64)
        self._counts: Counter[str] = Counter()
        self._clock = 0

    def pieces(self) -> Iterator[Piece]:
        """Reads the file.

        Errors:
          :class:`~marsjax.errors.InputError` naming file and byte.
        """
        for messages in read_messages(self._file, self._chunk_bytes, self.skips):
            self._learn(messages)
            time_ns = self._times(messages)
            events = order_events(
                messages, self._is_wanted, self._stocks, self._tick,
                self._bad_fn(messages), self._counts,
            )  # fmt: skip
            yield from self._by_stock(messages, time_ns, events)
        missing = (self._symbols or set()) - {
            each.symbol for each in self._tapes.values()
        }
        if missing:
            raise InputError(
                f"no stock {', '.join(sorted(missing))} in the file",
                "choose of its stock directory",
                file=self.path,
            )

    def facts(self, name: str) -> TapeFacts:
        """Of a tape that a piece named."""
        locate = self._locates[name]
        seen = zip(TYPES, self._seen[locate].tolist(), strict=True)
        counts = {NAMES[kind]: num for kind, num in seen if num} | self._counts
        if self.skips is not None:
            counts |= self.skips.counts()
        return self._owners.facts(
            name,
            tick_size=self._tick / _UNITS,
            lot_size=1,
            sessions=self._sessions,
            source=self.source,
            files=(self._file.info,),
            notes=self._notes,
            counts=counts,
        )

    def _learn(self, messages: Messages) -> None:
        """Counts messages and enters the stocks of their directory."""
        size = len(TYPES)
        seen = np.bincount(messages.locate * size + messages.code)
        self._seen.reshape(-1)[: len(seen)] += seen
        some = np.flatnonzero(messages.code == TYPES.index("R"))
        for record in messages.of("R", some):
            locate, stock = int(record["locate"]), record["stock"].decode("latin-1")
            self._stocks[locate] = record["stock"]
            symbol = stock.strip()
            if locate not in self._tapes and (
                self._symbols is None or symbol in self._symbols
            ):
                self._is_wanted[locate] = True
                self._tapes[locate] = FlowTapes(symbol, Flow("collect", complete=True))
        unknown = (self._stocks == b"")[messages.locate]
        unknown &= np.isin(messages.code, ORDER_CODES)
        if unknown.any():
            first = int(np.flatnonzero(unknown)[0])
            fault(
                self._file, self.skips,
                f"stock locate {messages.locate[first]} has no directory message (R)",
                int(messages.offset[first]), int(unknown.sum()),
                "give the file from its start",
            )  # fmt: skip

    def _times(self, messages: Messages) -> np.ndarray:
        """Nanoseconds after midnight; a clock that went backwards stands still."""
        time_ns = messages.time_ns
        latest = np.maximum.accumulate(np.maximum(time_ns, self._clock))
        behind = np.flatnonzero(time_ns < latest)
        if len(behind):
            fault(
                self._file, self.skips, "the time goes backwards",
                int(messages.offset[behind[0]]), 0, "give the file in its own order",
            )  # fmt: skip
            self._counts["time_set_forward"] += len(behind)
        self._clock = int(latest[-1])
        return latest

    def _bad_fn(self, messages: Messages):
        def bad_fn(some, is_bad, what, remedy) -> None:
            first = int(np.flatnonzero(is_bad)[0])
            offset = int(messages.offset[some[first]])
            fault(
                self._file, self.skips, what(first), offset, int(is_bad.sum()), remedy
            )

        return bad_fn

    def _by_stock(self, messages, time_ns, events: Events) -> Iterator[Piece]:
        """Runs the events of each stock in turn."""
        locate = messages.locate[events.message]
        order = np.argsort(locate, kind="stable")
        locate = locate[order]
        batch = Batch(*(column[order] for column in events.batch))
        message = events.message[order]
        cuts = np.flatnonzero(np.diff(locate)) + 1
        for first, last in zip([0, *cuts], [*cuts, len(order)], strict=True):
            if first == last:
                continue
            some = message[first:last]

            def fault_fn(i, what, remedy, kept=False, some=some) -> None:
                offset = int(messages.offset[some[i]])
                fault(self._file, self.skips, what, offset, int(not kept), remedy)

            for made in self._tapes[int(locate[first])].made(
                np.full(len(some), self._day),
                time_ns[some],
                Batch(*(column[first:last] for column in batch)),
                fault_fn,
            ):
                name = made.piece.name
                self._owners.claim(name, self._tapes[int(locate[first])])
                self._locates[name] = int(locate[first])
                yield made.piece


def date_of(path: str | Path) -> str | None:
    """The date that the name of a Nasdaq file tells.

    Examples:
      >>> date_of("12302019.NASDAQ_ITCH50.gz"), date_of("20191230.BX_ITCH_50.gz")
      ('2019-12-30', '2019-12-30')
      >>> date_of("S081321-v50.txt.gz")
      '2021-08-13'
    """
    name = Path(path).name
    for pattern in (
        r"(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)",
        r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<m>[01]\d)(?P<d>[0-3]\d)(?!\d)",
        r"(?<!\d)(?P<m>[01]\d)(?P<d>[0-3]\d)(?P<y>(?:19|20)\d\d)(?!\d)",
        r"^S(?P<m>[01]\d)(?P<d>[0-3]\d)(?P<y>\d\d)(?!\d)",
    ):
        found = re.search(pattern, name)
        if found:
            date = f"{found['y']:0>4}-{found['m']}-{found['d']}"
            date = date if date[0] != "0" else "20" + date[2:]
            if is_date(date):
                return date
    return None
