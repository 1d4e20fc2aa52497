"""A plain price-time book fast enough for whole tapes, to judge tapes without the
real exchange. It keeps a sorted list of prices, so a day of 70,000 messages takes less
than a second."""

from bisect import bisect_left, insort

import numpy as np

from marsjax.types import Event, EventKind, Kind, Side


class PlainBook:
    """First-in-first-out queues: ``levels[side][price][id] = quantity``."""

    def __init__(self):
        self.orders = {}
        self.levels = ({}, {})
        self.prices = ([], [])  # by priority: bids negated

    def level(self, k):
        """Ask price, ask quantity, bid price, bid quantity; 0 where empty."""
        row = []
        for side in (Side.SELL, Side.BUY):
            prices = self.prices[side]
            price = abs(prices[k]) if k < len(prices) else 0
            row += [price, sum(self.levels[side][price].values()) if price else 0]
        return row

    def send(self, kind, side, price, qty, order_id):
        """Events (kind, side, price, qty, order id, maker id) of one message."""
        events = []
        if kind == Kind.MASS_CANCEL:
            return [
                (
                    EventKind.CANCEL,
                    *self.orders[each],
                    self._take(each, 2**62),
                    each,
                    -1,
                )
                for each in list(self.orders)
            ]
        if kind == Kind.MODIFY:
            if order_id not in self.orders:
                return [(EventKind.REJECT, side, price, qty, order_id, -1)]
            side, old = self.orders[order_id]
            left = self.levels[side][old][order_id]
            if old == price and qty <= left:
                self._take(order_id, left - qty)
                return [(EventKind.REPLACE, side, price, qty, order_id, -1)]
            self._take(order_id, left)
            kind = Kind.LIMIT
        if kind in (Kind.LIMIT, Kind.IOC):
            qty = self._match(side, price, qty, order_id, events)
        if qty and kind in (Kind.LIMIT, Kind.COLLECT):
            self._rest(side, price, qty, order_id)
            events.append((EventKind.REST, side, price, qty, order_id, -1))
        elif qty and kind == Kind.IOC:
            events.append((EventKind.EXPIRE, side, price, qty, order_id, -1))
        elif kind in (Kind.CANCEL, Kind.AUCTION_FILL):
            if order_id in self.orders:
                side, price = self.orders[order_id]
                taken = self._take(order_id, qty)
                events.append((EventKind.CANCEL, side, price, taken, order_id, -1))
            else:
                events.append((EventKind.REJECT, side, price, qty, order_id, -1))
        return events

    def _match(self, side, price, qty, order_id, events):
        other = 1 - side
        while qty and self.prices[other]:
            best = abs(self.prices[other][0])
            if (best > price) if side == Side.BUY else (best < price):
                break
            maker = next(iter(self.levels[other][best]))
            taken = self._take(maker, qty)
            events.append((EventKind.FILL, side, best, taken, order_id, maker))
            qty -= taken
        return qty

    def _rest(self, side, price, qty, order_id):
        assert order_id not in self.orders, f"duplicate live id {order_id}"
        if price not in self.levels[side]:
            self.levels[side][price] = {}
            insort(self.prices[side], -price if side == Side.BUY else price)
        self.levels[side][price][order_id] = qty
        self.orders[order_id] = (side, price)

    def _take(self, order_id, qty):
        side, price = self.orders[order_id]
        queue = self.levels[side][price]
        taken = min(qty, queue[order_id])
        queue[order_id] -= taken
        if not queue[order_id]:
            del queue[order_id], self.orders[order_id]
        if not queue:
            del self.levels[side][price]
            key = -price if side == Side.BUY else price
            del self.prices[side][bisect_left(self.prices[side], key)]
        return taken


def replay_plain(frame, num_levels=1):
    """Events, row of each, and levels ``[T, K, 4]`` after each message."""
    book, events, message, levels = PlainBook(), [], [], []
    columns = ("kind", "side", "price_ticks", "qty", "order_id")
    for row, asked in enumerate(frame.select(columns).iter_rows()):
        new = book.send(*asked)
        events += new
        message += [row] * len(new)
        levels.append([book.level(k) for k in range(num_levels)])
    columns = np.array(events, np.int64).reshape(-1, 6).T
    names = ("kind", "side", "price_ticks", "qty", "order_id", "maker_id")
    rest = dict.fromkeys(("owner", "maker_owner", "reason", "is_last", "refill_qty"))
    event = Event(**dict(zip(names, columns, strict=True)), **rest)
    return event, np.array(message), np.array(levels)
