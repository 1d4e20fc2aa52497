"""What must hold of any stream of events, checked without a second exchange.

A `Ledger` follows the events alone and rebuilds from them what rests in the book: that
this is possible shows that the events are complete, and on the way it is easy to check
that priority is kept and no share is made or lost.
"""

from dataclasses import dataclass

import numpy as np

from marsjax.types import Event, EventKind, Kind, Phase, Status
from tests.oracle_checks import NEW

REFUSED_REST = Status.BOOK_FULL | Status.TOTAL_QTY | Status.SEQUENCE | Status.HALT


@dataclass
class Entry:
    """A resting order: ``price`` 0 for a market order, ``stamp`` its time priority."""

    side: int
    price: int
    qty: int
    owner: int
    stamp: int

    def rank(self) -> tuple[int, int]:
        sign = -1 if self.side == 0 else 1
        return (sign * self.price if self.price else -(2**31), self.stamp)


class Ledger:
    """The resting orders of a book with ``num_slots`` a side."""

    def __init__(self, num_slots: int, phase: int = Phase.CONTINUOUS):
        self.num_slots = num_slots
        self.phase = phase
        self.orders: dict[int, Entry] = {}
        self.stamps = 0
        self.may_cross = False  # orders were collected and no auction followed

    def follow(self, rows, events: Event, message_index) -> None:
        """Check all messages and their events."""
        told = [Event(*row) for row in np.stack(events, axis=-1).tolist()]
        split = np.searchsorted(message_index, np.arange(len(rows) + 1)).tolist()
        for i, row in enumerate(rows):
            self.message(row, told[split[i] : split[i + 1]])
        assert len(told) == split[-1]

    def message(self, row, events: list[Event]) -> None:
        kind, side, price, qty, order_id, owner, _ = row
        if kind == Kind.NONE:
            assert not events
            return
        assert [e.is_last for e in events] == [0] * (len(events) - 1) + [1]
        if kind == Kind.UNCROSS:
            self.uncross(events)
        elif events[0].kind == EventKind.REJECT and not (
            events[0].reason & REFUSED_REST
        ):
            # Nothing else happened; that no order changed shows in the end.
            assert len(events) == 1 and events[0].qty == qty
        elif kind in NEW:
            self.incoming(row, Entry(side, price, 0, owner, 0), events)
        elif kind == Kind.MODIFY and events[0].kind != EventKind.REPLACE:
            old = self.orders.pop(order_id)
            self.incoming(row, Entry(old.side, price, 0, old.owner, 0), events)
        else:
            for event in events:
                self.change(event)
        if self.phase == Phase.CONTINUOUS and not self.may_cross:
            best = [self.best(0), self.best(1)]
            assert None in best or best[0].price < best[1].price

    def incoming(self, row, order: Entry, events: list[Event]) -> None:
        """A new order, or a modified one that enters anew: what becomes of it."""
        kind, _, _, qty, order_id, _, _ = row
        assert order_id not in self.orders
        gone = 0
        for event in events:
            if event.kind == EventKind.CANCEL:  # self-trade prevention
                assert event.reason == Status.SELF_TRADE and event.owner == order.owner
                self.change(event)
                continue
            assert event.order_id == order_id and event.side == order.side
            assert event.owner == order.owner
            gone += event.qty
            if event.kind in (EventKind.FILL, EventKind.DECREMENT):
                self.trade(kind, order, event)
            elif event.kind == EventKind.REST:
                self.rest(kind, order, event)
            elif event.kind == EventKind.REJECT:
                in_side = sum(o.side == order.side for o in self.orders.values())
                is_full = bool(event.reason & Status.BOOK_FULL)
                assert not is_full or in_side == self.num_slots
                if event.reason & Status.HALT:
                    self.phase = Phase.HALTED
            else:
                assert event.kind == EventKind.EXPIRE
        # sent = filled + decremented + rested + expired + rejected
        assert gone == qty and all(e.qty > 0 for e in events)
        if kind == Kind.FOK:
            assert all(e.kind in (EventKind.FILL, EventKind.CANCEL) for e in events)

    def trade(self, kind, order: Entry, event: Event) -> None:
        """A fill of the best maker at its own price, within the order's limit."""
        maker = self.orders[event.maker_id]
        assert maker is self.best(1 - order.side)
        assert maker.price == event.price_ticks and maker.owner == event.maker_owner
        if kind != Kind.MARKET:
            sign = -1 if order.side == 0 else 1
            assert sign * maker.price >= sign * order.price
        if event.kind == EventKind.DECREMENT:
            assert maker.owner == order.owner != 0
        self.take(event.maker_id, event)

    def rest(self, kind, order: Entry, event: Event) -> None:
        if kind == Kind.MARKET:
            assert event.price_ticks == 0
        elif kind != Kind.POST_ONLY_SLIDE:
            assert event.price_ticks == order.price
        order.price, order.qty = event.price_ticks, event.qty
        order.stamp, self.stamps = self.stamps, self.stamps + 1
        self.orders[event.order_id] = order
        assert sum(o.side == order.side for o in self.orders.values()) <= self.num_slots
        self.may_cross |= kind == Kind.COLLECT or self.phase != Phase.CONTINUOUS

    def best(self, side: int) -> Entry | None:
        own = [order for order in self.orders.values() if order.side == side]
        return min(own, key=Entry.rank, default=None)

    def take(self, order_id: int, event: Event) -> None:
        """Quantity off an order; an iceberg that refills goes to the back."""
        order = self.orders[order_id]
        assert 0 < event.qty <= order.qty
        order.qty -= event.qty
        assert 0 <= event.refill_qty <= order.qty
        if event.refill_qty:
            order.stamp, self.stamps = self.stamps, self.stamps + 1
        if order.qty == 0:
            del self.orders[order_id]

    def change(self, event: Event) -> None:
        """A message about resting orders, or about the phase."""
        if event.kind == EventKind.PHASE:
            self.phase = event.qty
            return
        order = self.orders[event.order_id]
        assert (event.side, event.owner) == (order.side, order.owner)
        assert event.price_ticks == order.price and event.maker_id == -1
        if event.kind == EventKind.REPLACE:
            assert 0 < event.qty <= order.qty
            order.qty = event.qty
        else:
            assert event.kind == EventKind.CANCEL
            self.take(event.order_id, event)

    def uncross(self, events: list[Event]) -> None:
        """Both sides of an auction by priority, then what market orders become."""
        *events, last = events
        assert last.kind == EventKind.UNCROSS
        volume = [0, 0]
        for event in events:
            order = self.orders[event.order_id]
            assert (event.side, event.owner) == (order.side, order.owner)
            if event.kind == EventKind.AUCTION_FILL:
                assert order is self.best(event.side)
                assert event.price_ticks == last.price_ticks
                sign = -1 if event.side == 0 else 1
                assert not order.price or sign * order.price <= sign * last.price_ticks
                volume[event.side] += event.qty
                self.take(event.order_id, event)
                continue
            assert order.price == 0 and event.qty == order.qty
            if event.kind == EventKind.EXPIRE:
                del self.orders[event.order_id]
            else:
                assert event.kind == EventKind.REST
                assert event.price_ticks == last.price_ticks
                order.price = last.price_ticks
        assert volume == [last.qty, last.qty]
        assert (last.price_ticks > 0) == (last.qty > 0)
        self.may_cross = False

    def live(self, side: int) -> list[tuple]:
        """A side by priority: price (0: market), seq, id, owner, open quantity."""
        own = [(o.rank(), i, o) for i, o in self.orders.items() if o.side == side]
        own.sort(key=lambda row: row[0])
        return [(o.price, o.stamp, i, o.owner, o.qty) for _, i, o in own]
