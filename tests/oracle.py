"""A plain-Python exchange: slow, obvious, the judge of every fast one.

Each side is a dictionary of price to a list of orders in time priority. It shares no
code with `marsjax.book` but the vocabulary.
"""

from dataclasses import dataclass, field

from marsjax.types import MAX_PRICE_TICKS, EventKind, Kind, Status


@dataclass
class Order:
    """A resting order."""

    order_id: int
    owner: int
    side: int
    price: int
    qty: int


@dataclass
class Oracle:
    """One book. ``capacity`` orders a side; ``None`` for no limit."""

    capacity: int | None = None
    keep_priority: bool = True
    levels: tuple[dict, dict] = field(default_factory=lambda: ({}, {}))
    status: int = 0

    def orders(self, side: int) -> list[Order]:
        """Live orders of a side, best price first, oldest first."""
        prices = sorted(self.levels[side], reverse=side == 0)
        return [order for price in prices for order in self.levels[side][price]]

    def find(self, order_id: int) -> Order | None:
        for side in (0, 1):
            for order in self.orders(side):
                if order.order_id == order_id:
                    return order
        return None

    def remove(self, order: Order) -> None:
        queue = self.levels[order.side][order.price]
        queue.remove(order)
        if not queue:
            del self.levels[order.side][order.price]

    def quote(self) -> tuple[int, int, int, int]:
        """Best bid, best ask and their quantities; 0 where a side is empty."""
        best = []
        for side in (0, 1):
            orders = self.orders(side)
            price = orders[0].price if orders else 0
            best.append((price, sum(o.qty for o in orders if o.price == price)))
        (bid, bid_qty), (ask, ask_qty) = best
        return bid, ask, bid_qty, ask_qty

    def level2(self, num_levels: int) -> list[list[tuple[int, int]]]:
        """Best levels of each side as (price, quantity)."""
        return [
            [
                (price, sum(o.qty for o in self.levels[side][price]))
                for price in sorted(self.levels[side], reverse=side == 0)[:num_levels]
            ]
            for side in (0, 1)
        ]

    def refuse(self, reason: Status, order_id: int, qty: int) -> list[tuple]:
        self.status |= int(reason)
        return [(EventKind.REJECT, order_id, -1, None, qty, int(reason))]

    def submit(self, kind, side, price, qty, order_id, owner=0) -> list[tuple]:
        """Events ``(kind, order_id, maker_id, price, qty, reason)`` of one message.

        A reject's price is ``None``: what the fast book puts there means nothing.
        """
        if kind == Kind.NONE:
            return []
        known = (Kind.LIMIT, Kind.IOC, Kind.COLLECT, Kind.CANCEL, Kind.MODIFY)
        if kind not in known:
            return self.refuse(Status.BAD_KIND, order_id, qty)
        order = self.find(order_id)
        is_new = kind in (Kind.LIMIT, Kind.IOC, Kind.COLLECT)
        reason = Status.OK
        if kind != Kind.CANCEL and not 1 <= price <= MAX_PRICE_TICKS:
            reason |= Status.BAD_PRICE
        if is_new and side not in (0, 1):
            reason |= Status.BAD_SIDE
        if qty < 0 or (qty == 0 and kind != Kind.CANCEL):
            reason |= Status.BAD_QTY
        if is_new and order is not None:
            reason |= Status.DUPLICATE_ID
        if not is_new and order is None:
            reason |= Status.UNKNOWN_ID
        if reason:
            return self.refuse(reason, order_id, qty)

        if kind == Kind.CANCEL:
            taken = order.qty if qty == 0 else min(qty, order.qty)
            order.qty -= taken
            if order.qty == 0:
                self.remove(order)
            return [(EventKind.CANCEL, order_id, -1, order.price, taken, 0)]
        if kind == Kind.MODIFY:
            if self.keep_priority and price == order.price and qty <= order.qty:
                order.qty = qty
                return [(EventKind.REPLACE, order_id, -1, price, qty, 0)]
            self.remove(order)
            side, owner = order.side, order.owner
        return self.match(kind, Order(order_id, owner, side, price, qty))

    def match(self, kind, order: Order) -> list[tuple]:
        events = []
        while order.qty and kind != Kind.COLLECT:
            others = self.orders(1 - order.side)
            if not others:
                break
            maker = others[0]
            is_buy = order.side == 0
            if (maker.price > order.price) if is_buy else (maker.price < order.price):
                break
            qty = min(order.qty, maker.qty)
            order.qty -= qty
            maker.qty -= qty
            if maker.qty == 0:
                self.remove(maker)
            events.append(
                (EventKind.FILL, order.order_id, maker.order_id, maker.price, qty, 0)
            )
        if order.qty == 0:
            return events
        end = (order.order_id, -1, order.price, order.qty, 0)
        if kind == Kind.IOC:
            return [*events, (EventKind.EXPIRE, *end)]
        orders, reason = self.orders(order.side), Status.OK
        if self.capacity is not None and len(orders) >= self.capacity:
            reason |= Status.BOOK_FULL
        if sum(o.qty for o in orders) + order.qty > 2**31 - 1:
            reason |= Status.TOTAL_QTY
        if reason:
            return events + self.refuse(reason, order.order_id, order.qty)
        self.levels[order.side].setdefault(order.price, []).append(order)
        return [*events, (EventKind.REST, *end)]
