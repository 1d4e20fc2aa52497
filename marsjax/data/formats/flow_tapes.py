"""The tapes of one instrument that its events become, one a local day."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from marsjax.data.clock import NS
from marsjax.data.formats.live_orders import FaultFn
from marsjax.data.formats.order_flow import Batch, Flow, Rows
from marsjax.data.reader import Columns, Piece, TapeFacts
from marsjax.data.tape import FILL_SCHEMA, tape_name
from marsjax.errors import InputError
from marsjax.types import BACKGROUND_OWNER, Kind

NO_DAY = -1


class Made(NamedTuple):
    """A piece of the events ``[first, last)``.

    ``event``: that of each row. ``start``: the row of its tape at which it starts.
    """

    piece: Piece
    event: np.ndarray
    start: int
    first: int
    last: int


class FlowTapes:
    """Runs the events of an instrument and cuts them into tapes.

    A book that outlives a day opens the next one: its orders are that tape's first
    rows, as ``COLLECT``.

    Args:
      symbol: instrument.
      flow: its live orders.
    """

    def __init__(self, symbol: str, flow: Flow):
        self.symbol, self.flow = symbol, flow
        self._day: int | None = None
        self._tapes: dict[str, dict] = {}

    def made(
        self,
        day: np.ndarray,
        time_ns: np.ndarray,
        batch: Batch,
        fault_fn: FaultFn,
        with_empty: bool = False,
    ) -> Iterator[Made]:
        """Rows of the next events.

        Args:
          day: days since 1970, ``[T]``, or `NO_DAY`.
          time_ns: nanoseconds after midnight, ``[T]``.
          batch: the events.
          fault_fn: of an event that is at fault.
          with_empty: also give pieces without rows.
        """
        cuts = np.flatnonzero(np.diff(day)) + 1
        for first, last in zip([0, *cuts], [*cuts, len(day)], strict=True):
            if first < last:
                yield from self._one_day(
                    int(day[first]),
                    time_ns[first:last],
                    Batch(*(column[first:last] for column in batch)),
                    lambda i, *told, first=first, **how: fault_fn(
                        first + i, *told, **how
                    ),
                    first,
                    with_empty,
                )

    def _one_day(
        self, day, time_ns, batch, fault_fn, first, with_empty
    ) -> Iterator[Made]:
        if day != self._day:
            old, self._day = self._day, day
            self._open()
            live = None if old is None else self.flow.live()
            if live is not None and len(live.op):
                yield self._piece(_copied(live), time_ns[:1], first, first)
        rows = self.flow.run(batch, fault_fn)
        if len(rows.kind) or with_empty:
            last = first + len(time_ns)
            yield self._piece(rows, time_ns[rows.event], first, last)

    @property
    def name(self) -> str:
        """Of the tape that is read now."""
        return tape_name(safe_name(self.symbol), self._date())

    def _date(self) -> str | None:
        return None if self._day == NO_DAY else str(np.datetime64(self._day, "D"))

    def _open(self) -> None:
        self.flow.counts = Counter()
        self._tapes[self.name] = {
            "date": self._date(),
            "rows": 0,
            "seed_rows": 0,
            "kinds": np.zeros(len(Kind), np.int64),
            "exceptions": self.flow.counts,
        }

    def _piece(self, rows: Rows, time_ns: np.ndarray, first: int, last: int) -> Made:
        tape = self._tapes[self.name]
        start, length = tape["rows"], len(rows.kind)
        if tape["seed_rows"] == start:  # nothing but a given book so far
            others = np.flatnonzero(rows.kind != Kind.COLLECT)
            tape["seed_rows"] += int(others[0]) if len(others) else length
        tape["rows"] += length
        tape["kinds"] += np.bincount(rows.kind, minlength=len(Kind))
        time_ns = np.broadcast_to(time_ns, length)
        messages = {
            "time_s": time_ns // NS,
            "time_ns": time_ns % NS,
            "kind": rows.kind,
            "side": rows.side,
            "price_ticks": rows.price_ticks,
            "qty": rows.qty,
            "order_id": rows.order_id,
            "owner": np.full(length, BACKGROUND_OWNER),
        }
        fills: Columns = dict(zip(FILL_SCHEMA, rows.fills.T, strict=True))
        fills["row"] = fills["row"] + start
        piece = Piece(self.name, messages, fills)
        return Made(piece, rows.event + first, start, first, last)

    def facts(self, name: str, **common) -> TapeFacts:
        """Of a tape of this instrument; ``common`` are the reader's own."""
        tape = self._tapes[name]
        kinds = {
            f"rows {Kind(number).name}": int(count)
            for number, count in enumerate(tape["kinds"])
            if count
        }
        odd = sorted(tape["exceptions"].items())
        counts = kinds | {key: count for key, count in odd if count}
        if name == self.name and self.flow.num_held:
            counts["aggressors_waiting_at_the_end"] = self.flow.num_held
        counts |= common.pop("counts", {})
        return TapeFacts(
            name=name,
            symbol=self.symbol,
            date=tape["date"],
            seed_rows=tape["seed_rows"],
            counts=counts,
            **common,
        )


def safe_name(symbol: str) -> str:
    """A symbol as part of a folder's name.

    Examples:
      >>> safe_name("BRK.A"), safe_name("XYZ="), safe_name("B/B")
      ('BRK.A', 'XYZ_3d', 'B_2fB')
    """
    return re.sub(r"^\.|[^\w.+-]", lambda found: f"_{ord(found[0]):02x}", symbol)


class Owners:
    """Whose each tape is, by its name."""

    def __init__(self):
        self._owner: dict[str, FlowTapes] = {}

    def claim(self, name: str, tapes: FlowTapes) -> None:
        """Notes a piece's tape.

        Errors:
          :class:`InputError` if it is another instrument's.
        """
        owner = self._owner.setdefault(name, tapes)
        if owner is not tapes:
            raise InputError(
                f"symbols {owner.symbol!r} and {tapes.symbol!r} are both named {name}",
                "choose one of them",
            )

    def facts(self, name: str, **common) -> TapeFacts:
        """As `FlowTapes.facts`."""
        return self._owner[name].facts(name, **common)


def _copied(live: Batch) -> Rows:
    """Rows that rebuild a book, without events of their own."""
    return Rows(
        event=np.full(len(live.op), -1),
        kind=np.full(len(live.op), int(Kind.COLLECT)),
        side=live.side,
        price_ticks=live.price_ticks,
        qty=live.qty,
        order_id=live.order_id,
        fills=np.zeros((0, 5), np.int64),
    )
