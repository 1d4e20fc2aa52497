"""From events that name orders to canonical rows, by keeping the queues.

Feeds of single orders tell the same few things in different words; a reader says which
(``ADD`` to ``CLEAR`` below) and a `Flow` makes the rows:

============  ==============================================================
ADD           ``LIMIT``; one that crosses as ``crossing`` says
COLLECT       ``COLLECT``: an order of a given book
CANCEL        ``CANCEL`` of ``qty``
CANCEL_TO     ``CANCEL`` of all but ``qty``
DELETE        ``CANCEL`` of all that is left
EXECUTE       ``IOC`` of the opposite side at the order's price, with a new id, and
              the fill it must cause in ``fills``; ``AUCTION_FILL``, which takes the
              quantity off without matching, of an order that is not the first in
              line or traded at another price
EXECUTE_TO    the same for all but ``qty``
AUCTION       ``AUCTION_FILL``
REPLACE       ``CANCEL`` of the order, ``LIMIT`` with the id ``extra`` on its side
MODIFY        ``MODIFY``: a lower quantity at the same price keeps its place
MODIFY_TO     ``MODIFY`` if the price changes, else ``EXECUTE_TO``
CLEAR         ``MASS_CANCEL`` if any order is live
RECORD        a row of kind ``extra`` as it is
SEND          the same, and it matches: ``IOC`` and ``MARKET`` of a feed of orders
============  ==============================================================

An event of an id that is not live leaves every other order alone and stays in the
stream: a ``CANCEL`` keeps its id (the exchange rejects it), an execution becomes a
``HIDDEN_FILL``. No resting order is invented. ``counts`` tells of all of this.
"""

from typing import NamedTuple

import numpy as np

from marsjax.data.formats.live_orders import FaultFn, LiveOrders
from marsjax.data.formats.lobster_queues import NO_ASK, Queues
from marsjax.types import Kind

OPS = (
    "ADD",
    "COLLECT",
    "CANCEL",
    "CANCEL_TO",
    "DELETE",
    "EXECUTE",
    "EXECUTE_TO",
    "AUCTION",
    "REPLACE",
    "MODIFY",
    "MODIFY_TO",
    "CLEAR",
    "RECORD",
    "SEND",
)
OP = {name: number for number, name in enumerate(OPS)}
NOTHING = -1
"""An event of this op is no event."""

# Ints, not members of the enumerations: half the time of the loop goes there.
_LIMIT, _IOC, _CANCEL = int(Kind.LIMIT), int(Kind.IOC), int(Kind.CANCEL)
_MODIFY, _COLLECT = int(Kind.MODIFY), int(Kind.COLLECT)
_MARKET, _MASS_CANCEL = int(Kind.MARKET), int(Kind.MASS_CANCEL)


class Batch(NamedTuple):
    """Events in order, ``int64[T]`` each; what an op does not use is any number."""

    op: np.ndarray
    side: np.ndarray
    price_ticks: np.ndarray
    qty: np.ndarray
    order_id: np.ndarray
    extra: np.ndarray


class Rows(NamedTuple):
    """Canonical rows of a batch.

    ``event``: the event each row is of. ``fills``: ``int64[F, 5]`` in the order of
    ``FILL_SCHEMA``, ``row`` counts rows of this batch.
    """

    event: np.ndarray
    kind: np.ndarray
    side: np.ndarray
    price_ticks: np.ndarray
    qty: np.ndarray
    order_id: np.ndarray
    fills: np.ndarray


class Flow(LiveOrders):
    """The events of one instrument, with its live orders.

    Args and attributes as in `LiveOrders`.
    """

    def __init__(self, crossing: str = "match", complete: bool = False):
        super().__init__(crossing, complete)
        self._do = [getattr(self, f"_{name.lower()}") for name in OPS]

    def run(self, batch: Batch, fault_fn: FaultFn) -> Rows:
        """Rows of the next events."""
        self._begin(fault_fn)
        do = self._do
        events = zip(*(column.tolist() for column in batch), strict=True)
        for i, (op, side, price, qty, order_id, extra) in enumerate(events):
            if op >= 0:
                do[op](i, side, price, qty, order_id, extra)
        self._num_events += len(batch.op)
        rows = np.array(self._out, np.int64).reshape(-1, 6).T
        return Rows(*rows, np.array(self._fills, np.int64).reshape(-1, 5))

    def live(self) -> Batch:
        """``COLLECT`` events that rebuild the book."""
        collect = OP["COLLECT"]
        rows = [(collect, *order, 0) for order in self.orders()]
        return Batch(*np.array(rows, np.int64).reshape(-1, 6).T)

    # What each op does: (event, side, price in ticks, quantity, order id, extra).

    def _add(self, i, side, price, qty, order_id, extra):
        queues = self.queues
        if order_id in queues.key_of or order_id in self._held:
            self._duplicate(i, order_id)
            return
        kind, left, best = _LIMIT, qty, queues.best
        if best[0] >= price if side else best[1] <= price:
            self.counts["add_that_crosses"] += 1
            if self._crossing == "hold":
                self._hold(i, side, price, qty, order_id)
                return
            if self._crossing == "collect":
                kind = _COLLECT
            else:
                left = self._match(side, price, qty)
        if left:
            queues.add(order_id, side, price, left)
        self._out += (i, kind, side, price, qty, order_id)

    def _collect(self, i, side, price, qty, order_id, extra):
        if order_id in self.queues.key_of:
            self._duplicate(i, order_id)
            return
        if self._meets(side, price):
            self._crossed(i, side, price)
        self.queues.add(order_id, side, price, qty)
        self._out += (i, _COLLECT, side, price, qty, order_id)

    def _cancel(self, i, side, price, qty, order_id, extra):
        key = self.queues.key_of.get(order_id)
        if key is None:
            self._cancel_elsewhere(i, side, price, qty, order_id)
            return
        left = self.queues.queues[key][order_id]
        if qty > left:
            self.counts["more_than_is_left"] += 1
            qty = left
        self.queues.take(order_id, qty)
        self._out += (i, _CANCEL, key & 1, key >> 1, qty, order_id)
        if self._held:
            self._release(i)

    def _cancel_to(self, i, side, price, qty, order_id, extra):
        left = self._left(order_id)
        if left is None:
            self._cancel_elsewhere(i, side, price, qty, order_id)
        elif qty < left:
            self._cancel(i, side, price, left - qty, order_id, extra)
        else:
            self.counts["change_of_nothing"] += 1

    def _delete(self, i, side, price, qty, order_id, extra):
        queues = self.queues
        key = queues.key_of.get(order_id)
        if key is None:
            self._cancel_elsewhere(
                i, side, price, self._left(order_id) or qty, order_id
            )
            return
        left = queues.queues[key][order_id]
        queues.take(order_id, left)
        self._out += (i, _CANCEL, key & 1, key >> 1, left, order_id)
        if self._held:
            self._release(i)

    def _execute(self, i, side, price, qty, order_id, extra):
        queues = self.queues
        key = queues.key_of.get(order_id)
        if key is None:
            self._execute_elsewhere(i, side, price, qty, order_id)
            return
        queue = queues.queues[key]
        left, side, own_price = queue[order_id], key & 1, key >> 1
        if qty > left:
            self.counts["more_than_is_left"] += 1
            qty = left
        if price and price != own_price:
            self.counts["execution_at_another_price"] += 1
        elif queues.best[side] != own_price or next(iter(queue)) != order_id:
            self.counts["execution_out_of_queue_order"] += 1
        else:
            taker = self._own_id()
            self._fills += (len(self._out) // 6, own_price, qty, order_id, taker)
            self._out += (i, _IOC, 1 - side, own_price, qty, taker)
            queues.take(order_id, qty)
            if self._held:
                self._release(i)
            return
        self._auction_fill(i, price or own_price, qty, order_id)

    def _execute_to(self, i, side, price, qty, order_id, extra):
        left = self._left(order_id)
        if left is None:
            self._execute_elsewhere(i, side, price, 0, order_id)
        elif qty < left:
            self._execute(i, side, price, left - qty, order_id, extra)
        else:
            self.counts["change_of_nothing"] += 1

    def _auction(self, i, side, price, qty, order_id, extra):
        key = self.queues.key_of.get(order_id)
        if key is None:
            self._execute_elsewhere(i, side, price, qty, order_id)
            return
        left = self.queues.queues[key][order_id]
        self.counts["more_than_is_left"] += qty > left
        self._auction_fill(i, price or key >> 1, min(qty, left), order_id)

    def _replace(self, i, side, price, qty, order_id, extra):
        place = self._place(order_id)
        self._delete(i, side, 0, 0, order_id, 0)
        side = place[0] if place else side
        if side >= 0:
            self._add(i, side, price, qty, extra, 0)
        else:
            self.counts["replacement_of_unknown_id"] += 1

    def _modify(self, i, side, price, qty, order_id, extra):
        queues = self.queues
        key = queues.key_of.get(order_id)
        if key is None:
            held = self._held.pop(order_id, None)
            if held is None:
                self._unknown(i, "modify", order_id)
            side = held[0] if held else side
            if side >= 0:
                self._add(i, side, price, qty, order_id, 0)
            return
        left, side, own_price = queues.queues[key][order_id], key & 1, key >> 1
        if price == own_price and qty <= left:
            if qty == left:
                self.counts["change_of_nothing"] += 1
                return
            queues.take(order_id, left - qty)
            self._out += (i, _MODIFY, side, price, qty, order_id)
            return
        queues.take(order_id, left)
        start = len(self._out)
        self._add(i, side, price, qty, order_id, 0)
        if len(self._out) > start and self._out[start + 1] == _LIMIT:
            self._out[start + 1] = _MODIFY
        else:  # it does not enter now, or without matching
            self._out[start:start] = (i, _CANCEL, side, own_price, left, order_id)
        if self._held:
            self._release(i)

    def _modify_to(self, i, side, price, qty, order_id, extra):
        place = self._place(order_id)
        if place is not None and place[1] == price:
            self._execute_to(i, side, price, qty, order_id, extra)
        else:
            self._modify(i, side, price, qty, order_id, extra)

    def _clear(self, i, side, price, qty, order_id, extra):
        self._held.clear()
        if self.queues.key_of:
            self.queues = Queues()
            self._out += (i, _MASS_CANCEL, 0, 0, 0, 0)

    def _record(self, i, side, price, qty, order_id, extra):
        self._out += (i, extra, side, price, qty, order_id)

    def _send(self, i, side, price, qty, order_id, extra):
        far = 0 if side else NO_ASK - 1
        self._match(side, far if extra == _MARKET else price, qty)
        self._out += (i, extra, side, price, qty, order_id)
