"""A small book in plain Python: what the exchange's speed is compared with.

Limit orders, immediate-or-cancel orders and cancels, by price and time, on dictionaries
and sorted lists. It knows no rules and checks nothing, which only makes it faster.
"""

from bisect import bisect_left, insort

from marsjax.types import EventKind, Kind

_LIMIT, _CANCEL = int(Kind.LIMIT), int(Kind.CANCEL)
_REST, _FILL = int(EventKind.REST), int(EventKind.FILL)
_TAKEN_OFF, _EXPIRE = int(EventKind.CANCEL), int(EventKind.EXPIRE)


class PlainBook:
    """One book; events are ``(kind, order_id, maker_id, price, qty)``."""

    def __init__(self):
        # Of each side: price rank (the best is the smallest) -> {id: open quantity},
        # oldest first, and the ranks in order.
        self._levels: tuple[dict, dict] = ({}, {})
        self._ranks: tuple[list, list] = ([], [])
        self._where: dict[int, tuple[int, int]] = {}

    def run(self, rows: list[list[int]]) -> list[tuple]:
        """Events of messages, each a list of `marsjax.types.Message`'s fields."""
        events: list[tuple] = []
        for kind, side, price, qty, order_id, *_ in rows:
            if kind == _CANCEL:
                self._cancel(order_id, qty, events)
                continue
            left = self._match(side, price, qty, order_id, events)
            if left and kind == _LIMIT:
                self._rest(side, price, left, order_id)
                events.append((_REST, order_id, -1, price, left))
            elif left:
                events.append((_EXPIRE, order_id, -1, price, left))
        return events

    def _match(self, side: int, price: int, left: int, order_id: int, events) -> int:
        """Fill what crosses; returns what is left."""
        other, sign = 1 - side, 1 - 2 * side
        ranks = self._ranks[other]
        while left and ranks and ranks[0] <= sign * price:
            level = self._levels[other][ranks[0]]
            maker_id, open_qty = next(iter(level.items()))
            qty = min(left, open_qty)
            left -= qty
            events.append((_FILL, order_id, maker_id, sign * ranks[0], qty))
            if qty < open_qty:
                level[maker_id] = open_qty - qty
            else:
                self._remove(other, ranks[0], maker_id)
        return left

    def _rest(self, side: int, price: int, qty: int, order_id: int) -> None:
        rank = price if side else -price
        level = self._levels[side].get(rank)
        if level is None:
            level = self._levels[side][rank] = {}
            insort(self._ranks[side], rank)
        level[order_id] = qty
        self._where[order_id] = side, rank

    def _cancel(self, order_id: int, qty: int, events) -> None:
        """Take ``qty`` off (0: all) an order that is live."""
        side, rank = self._where[order_id]
        level = self._levels[side][rank]
        open_qty = level[order_id]
        qty = min(qty, open_qty) if qty else open_qty
        if qty < open_qty:
            level[order_id] = open_qty - qty
        else:
            self._remove(side, rank, order_id)
        events.append((_TAKEN_OFF, order_id, -1, rank if side else -rank, qty))

    def _remove(self, side: int, rank: int, order_id: int) -> None:
        level = self._levels[side][rank]
        del level[order_id], self._where[order_id]
        if not level:
            ranks = self._ranks[side]
            del self._levels[side][rank], ranks[bisect_left(ranks, rank)]
