"""Live orders of one instrument of Databento's MBO."""

from marsjax.data.formats.order_flow import OPS, Flow
from marsjax.types import Kind, Side

TRADE, CLOSE = len(OPS), len(OPS) + 1
"""Ops of their own: a ``T`` record, and the end of the records."""

MOST_PENDING = 1 << 16


class MboFlow(Flow):
    """What follows from how MBO tells of a trade: one ``T``, an ``F`` for each resting
    order that it fills, then a ``C`` or ``M`` that takes the filled quantity off.

    An ``F`` takes it off at once, and the ``C`` or ``M`` after it has nothing left to
    do. What no ``F`` accounts for of a ``T`` traded against an order that is not
    shown. ``extra``: whether the record is the last of its event.
    """

    def __init__(self):
        super().__init__("collect")
        self._do += [self._trade, self._close]
        self._filled: dict[int, int] = {}  # id -> quantity whose C or M is to come
        self._open: list[int] | None = None  # aggressor's side, price, quantity of a T

    def _trade(self, i, side, price, qty, order_id, extra):
        self._close(i)
        self._open = [side, price, qty]
        if extra:
            self._close(i)

    def _close(self, i, side=0, price=0, qty=0, order_id=0, extra=0):
        if self._open is None:
            return
        side, price, qty = self._open
        self._open = None
        if qty > 0 and side < 0:
            self._out += (i, int(Kind.CROSS), int(Side.BUY), price, qty, 0)
        elif qty > 0:
            self._out += (i, int(Kind.HIDDEN_FILL), 1 - side, price, qty, 0)

    def _execute(self, i, side, price, qty, order_id, extra):
        super()._execute(i, side, price, qty, order_id, extra)
        self._filled[order_id] = self._filled.get(order_id, 0) + qty
        if len(self._filled) > MOST_PENDING:
            self.counts["fill_without_cancel"] += len(self._filled)
            self._filled.clear()
        if self._open is not None:
            self._open[2] -= qty
            if extra:
                self._close(i)

    def _cancel(self, i, side, price, qty, order_id, extra):
        self._close(i)
        filled = self._filled.pop(order_id, 0)
        if filled:
            self.counts["cancel_after_fill"] += 1
            if qty < filled:
                self._filled[order_id] = filled - qty
            if qty <= filled or order_id not in self.queues.key_of:
                return
        super()._cancel(i, side, price, qty - filled, order_id, extra)

    def _delete(self, i, side, price, qty, order_id, extra):
        self._close(i)
        if self._filled.pop(order_id, 0) and order_id not in self.queues.key_of:
            self.counts["cancel_after_fill"] += 1
            return
        super()._delete(i, side, price, qty, order_id, extra)

    def _modify(self, i, side, price, qty, order_id, extra):
        self._close(i)
        if self._filled.pop(order_id, 0):
            self.counts["modify_after_fill"] += 1
            key = self.queues.key_of.get(order_id)
            if key == 2 * price + side and self.queues.left(order_id) == qty:
                return
        super()._modify(i, side, price, qty, order_id, extra)

    def _add(self, i, side, price, qty, order_id, extra):
        self._close(i)
        super()._add(i, side, price, qty, order_id, extra)

    def _collect(self, i, side, price, qty, order_id, extra):
        self._close(i)
        super()._collect(i, side, price, qty, order_id, extra)

    def _clear(self, i, side, price, qty, order_id, extra):
        self._close(i)
        self._filled.clear()
        super()._clear(i, side, price, qty, order_id, extra)
