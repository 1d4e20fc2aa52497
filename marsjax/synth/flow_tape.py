"""A tape as an order flow: each order with the book it met, on the host."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from marsjax.data.replay import replay_tape
from marsjax.data.tape import Tape
from marsjax.types import EventKind, Kind, Side

LIMIT, MARKET, CANCEL = 0, 2, 4
"""Types of event are these plus the side, a cancel's being the resting order's."""


class FlowEvent(NamedTuple):
    """One order of continuous trading.

    ``session``: which session it lies in. ``time_s``: seconds, float. ``type_``:
    ``LIMIT``, ``MARKET`` or ``CANCEL`` plus ``side``. ``bid``, ``ask``: the quotes
    before it, 0 where there is none. A market order is any that trades at once.
    """

    session: int
    time_s: float
    type_: int
    side: int
    price_ticks: int
    qty: int
    order_id: int
    bid: int
    ask: int


class Levels:
    """Live orders by id, and their number and shares by price.

    ``orders``: id to ``[side, price, shares]``. ``levels``: of each side, price to
    ``[orders, shares]``. ``num``: live orders a side. ``gone``: ids that left the book,
    for the reader to clear.
    """

    def __init__(self):
        self.orders: dict[int, list[int]] = {}
        self.levels: tuple[dict, dict] = ({}, {})
        self.num = [0, 0]
        self.gone: list[int] = []

    def quotes(self) -> tuple[int, int]:
        """Best bid and ask, 0 where there is none."""
        return max(self.levels[0], default=0), min(self.levels[1], default=0)

    def add(self, order_id: int, side: int, price: int, qty: int) -> None:
        self.orders[order_id] = [side, price, qty]
        level = self.levels[side].setdefault(price, [0, 0])
        level[0] += 1
        level[1] += qty
        self.num[side] += 1

    def reduce(self, order_id: int, qty: int) -> None:
        order = self.orders.get(order_id)
        if order is None:
            return
        side, price, left = order
        level = self.levels[side][price]
        level[1] -= min(qty, left)
        order[2] = left - qty
        if order[2] <= 0:
            del self.orders[order_id]
            self.gone.append(order_id)
            level[0] -= 1
            self.num[side] -= 1
            if not level[0]:
                del self.levels[side][price]


def walk(tape: Tape, left_out: Counter) -> Iterator[tuple[FlowEvent, Levels]]:
    """The orders of continuous trading, each with the book just before it.

    The book is the exchange's own, followed through its events. At the next iteration
    it moves on.

    Args:
      tape: any.
      left_out: rows of continuous trading that are no event, counted by reason.
    """
    result = replay_tape(tape)
    frame, events = tape.messages, result.events
    num = len(frame)
    time_s = frame["time_s"].to_numpy()
    time_T = (time_s + frame["time_ns"].to_numpy() * 1e-9).tolist()
    session_T = np.full(num, -1)
    for s, (start, end) in enumerate(tape.sessions):
        session_T[(time_s >= start) & (time_s < end)] = s
    session_T[: tape.seed_rows] = -1
    kind_T = frame["kind"].to_list()
    names = ("kind", "side", "price_ticks", "qty", "order_id", "maker_id")
    columns = [np.asarray(getattr(events, name)).tolist() for name in names]
    first_T = np.searchsorted(result.message_index, np.arange(num + 1)).tolist()

    book = Levels()
    for row in range(num):
        own = slice(first_T[row], first_T[row + 1])
        acts = list(zip(*(x[own] for x in columns), strict=True))
        if session_T[row] >= 0:
            what = _classify(kind_T[row], acts, book)
            if isinstance(what, str):
                left_out[what] += 1
            else:
                about = (int(session_T[row]), time_T[row], *what)
                yield FlowEvent(*about, *book.quotes()), book
        for kind, side, price, qty, order_id, maker_id in acts:
            if kind == EventKind.REST:
                book.add(order_id, side, price, qty)
            elif kind == EventKind.FILL:
                book.reduce(maker_id, qty)
            elif kind == EventKind.CANCEL:
                book.reduce(order_id, qty)
            elif kind == EventKind.REPLACE and order_id in book.orders:
                book.reduce(order_id, book.orders[order_id][2] - qty)


def _classify(kind: int, acts: list[tuple], book: Levels) -> str | tuple[int, ...]:
    """Type, side, price, shares and id of an order, or why it is none."""
    kinds = [act[0] for act in acts]
    if not acts or EventKind.REJECT in kinds:
        return "refused, or no order"
    if kind == Kind.CANCEL and kinds[0] == EventKind.CANCEL:
        _, side, price, qty, order_id, _ = acts[0]
        if order_id in book.orders and qty < book.orders[order_id][2]:
            return "partial cancel"
        return CANCEL + side, side, price, qty, order_id
    if kind in (Kind.CANCEL, Kind.MODIFY, Kind.MASS_CANCEL, Kind.COLLECT):
        return "modify, mass cancel or auction order"
    _, side, price, _, order_id, _ = acts[0]
    qty = sum(act[3] for act in acts)
    if EventKind.FILL in kinds:
        return MARKET + side, side, price, qty, order_id
    if EventKind.REST in kinds:
        return LIMIT + side, side, price, qty, order_id
    return "took nothing and rested nowhere"


def distance(side: int, price_ticks: int, bid: int, ask: int) -> int:
    """Ticks from the opposite best; one tick from its own where that side is empty."""
    if side == Side.BUY:
        return (ask or bid + 1) - price_ticks
    return price_ticks - (bid or ask - 1)


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
