"""First-in-first-out queues of what is left of each order, for a reader's loop."""

from bisect import bisect_left, insort

NO_BID, NO_ASK = -1, 2**62
"""What stands for the best price of an empty side: anything is better."""


class Queues:
    """A plain price-time book of orders by id.

    Attributes:
      key_of: id -> key of its queue, twice the price plus the side.
      queues: key -> id -> shares left, oldest first.
      best: best bid and best ask; `NO_BID`, `NO_ASK` where a side is empty.
    """

    def __init__(self):
        self.key_of: dict[int, int] = {}
        self.queues: dict[int, dict[int, int]] = {}
        self.best = [NO_BID, NO_ASK]
        # The best price is the last of each: asks are negated.
        self._prices: tuple[list[int], list[int]] = ([], [])

    def add(self, order_id: int, side: int, price: int, qty: int) -> None:
        """Puts an order at the end of its queue."""
        key = 2 * price + side
        queue = self.queues.get(key)
        if queue is None:
            self.queues[key] = {order_id: qty}
            insort(self._prices[side], -price if side else price)
            self._note_best(side)
        else:
            queue[order_id] = qty
        self.key_of[order_id] = key

    def left(self, order_id: int) -> int:
        """Shares that a live order has left."""
        return self.queues[self.key_of[order_id]][order_id]

    def take(self, order_id: int, qty: int) -> None:
        """Takes shares off a live order."""
        key = self.key_of[order_id]
        queue = self.queues[key]
        left = queue[order_id] - qty
        if left:
            queue[order_id] = left
            return
        del queue[order_id], self.key_of[order_id]
        if not queue:
            del self.queues[key]
            side, price = key & 1, key >> 1
            prices = self._prices[side]
            signed = -price if side else price
            if prices[-1] == signed:
                prices.pop()
                self._note_best(side)
            else:
                del prices[bisect_left(prices, signed)]

    def front(self, side: int) -> tuple[int, int] | None:
        """Price and id of the order that is first in line, if there is one."""
        if not self._prices[side]:
            return None
        price = self.best[side]
        return price, next(iter(self.queues[2 * price + side]))

    def _note_best(self, side: int) -> None:
        prices = self._prices[side]
        if not prices:
            self.best[side] = NO_ASK if side else NO_BID
        else:
            self.best[side] = -prices[-1] if side else prices[-1]
