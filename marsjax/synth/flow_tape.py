"""A tape as an order flow: each order with the book it met, on the host."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from marsjax.data.replay import replay_tape
from marsjax.data.tape import Tape, in_session
from marsjax.synth.flow_levels import Levels, distance
from marsjax.types import EventKind, Kind

LIMIT, MARKET, CANCEL = 0, 2, 4
"""Types of event are these plus the side, a cancel's being the resting order's."""
OTHER = 6
"""A row that is none of them."""


class FlowEvent(NamedTuple):
    """One row of continuous trading.

    ``row``: of the tape. ``session``: which session it lies in. ``time_s``: seconds,
    float. ``type_``: ``LIMIT``, ``MARKET`` or ``CANCEL`` plus ``side``, or ``OTHER``,
    whose side, price, shares and id mean nothing; ``why`` then says what it is. A
    market order is any that trades at once. ``bid``, ``ask``: the quotes before it, 0
    where there is none; ``ref_bid``, ``ref_ask``: what distances are measured from
    (`Levels.references`).
    """

    row: int
    session: int
    time_s: float
    type_: int
    why: str
    side: int
    price_ticks: int
    qty: int
    order_id: int
    bid: int
    ask: int
    ref_bid: int
    ref_ask: int

    @property
    def distance(self) -> int:
        """Ticks from the opposite reference."""
        return distance(self.side, self.price_ticks, self.ref_bid, self.ref_ask)


def rows_of(tape: Tape) -> Iterator[tuple[FlowEvent, Levels]]:
    """The rows of continuous trading, each with the book just before it.

    The book is the exchange's own, followed through its events. At the next iteration
    it moves on; when there is none, it is the book after the last row.
    """
    result = replay_tape(tape)
    frame, events = tape.messages, result.events
    num = len(frame)
    time_s = frame["time_s"].to_numpy()
    time_T = (time_s + frame["time_ns"].to_numpy() * 1e-9).tolist()
    session_T = np.full(num, -1)
    for s, (start, end) in enumerate(tape.sessions):
        session_T[(time_s >= start) & (time_s < end)] = s
    session_T = np.where(in_session(tape), session_T, -1).tolist()
    kind_T = frame["kind"].to_list()
    names = ("kind", "side", "price_ticks", "qty", "order_id", "maker_id")
    acts = zip(*(np.asarray(getattr(events, n)).tolist() for n in names), strict=True)
    acts = list(acts)
    first_T = np.searchsorted(result.message_index, np.arange(num + 1)).tolist()

    book = Levels()
    num = 1 + max((t for t in range(num) if session_T[t] >= 0), default=-1)
    for row in range(num):
        own = acts[first_T[row] : first_T[row + 1]]
        if session_T[row] >= 0:
            what = _classify(kind_T[row], own, book)
            if isinstance(what, str):
                what = (OTHER, what, 0, 0, 0, 0)
            about = (row, session_T[row], time_T[row], *what)
            yield FlowEvent(*about, *book.quotes(), *book.references()), book
        book.follow(kind_T[row], own)


def walk(tape: Tape, left_out: Counter) -> Iterator[tuple[FlowEvent, Levels]]:
    """`rows_of` that are orders; the others are counted by reason in ``left_out``."""
    for event, book in rows_of(tape):
        if event.type_ == OTHER:
            left_out[event.why] += 1
        else:
            yield event, book


def _classify(kind: int, acts: list[tuple], book: Levels) -> str | tuple:
    """Type, "", side, price, shares and id of an order, or why it is none."""
    kinds = [act[0] for act in acts]
    if not acts or EventKind.REJECT in kinds:
        return "refused, or no order"
    if kind == Kind.CANCEL and kinds[0] == EventKind.CANCEL:
        _, side, price, qty, order_id, _ = acts[0]
        if order_id in book.orders and qty < book.orders[order_id][2]:
            return "partial cancel"
        return CANCEL + side, "", side, price, qty, order_id
    if kind in (Kind.CANCEL, Kind.MODIFY, Kind.MASS_CANCEL, Kind.COLLECT):
        return "modify, mass cancel or auction order"
    _, side, price, _, order_id, _ = acts[0]
    qty = sum(act[3] for act in acts)
    if EventKind.FILL in kinds:
        return MARKET + side, "", side, price, qty, order_id
    if EventKind.REST in kinds:
        return LIMIT + side, "", side, price, qty, order_id
    return "took nothing and rested nowhere"


def spread_ties(time_T: np.ndarray) -> tuple[np.ndarray, int, float]:
    """Orders of one time stamp spread evenly over the clock's step.

    A clock too coarse for the flow gives waits of zero, which no density of waiting
    times survives.

    Args:
      time_T: seconds, not falling.

    Returns:
      the times, how many orders shared the stamp of the one before them, and the step:
      the smallest difference there is.
    """
    gap_T = np.diff(time_T)
    if not (gap_T > 0).any():
        return time_T, int((gap_T == 0).sum()), 0.0
    step = float(gap_T[gap_T > 0].min())
    first_T = np.r_[True, gap_T > 0]
    group_T = np.cumsum(first_T) - 1
    start_G = np.flatnonzero(first_T)
    size_G = np.diff(np.r_[start_G, len(time_T)])
    place_T = np.arange(len(time_T)) - start_G[group_T]
    out_T = time_T + step * place_T / size_G[group_T]
    return out_T, int((gap_T == 0).sum()), step
