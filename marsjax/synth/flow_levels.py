"""Live orders of a tape by id and by price, from the exchange's events (host)."""

from marsjax.types import EventKind, Kind, Side

_BETTER = (max, min)  # of two prices of a side


class Levels:
    """Live orders by id, and their number and shares by price.

    ``orders``: id to ``[side, price, shares]``. ``levels``: of each side, price to
    ``[orders, shares]``. ``num``: live orders a side. ``last_ticks``: price of the last
    trade, 0 before the first. ``gone``: ids that left the book, for the reader to
    clear.
    """

    def __init__(self):
        self.orders: dict[int, list[int]] = {}
        self.levels: tuple[dict, dict] = ({}, {})
        self.num = [0, 0]
        self.last_ticks = 0
        self.gone: list[int] = []
        self._best = [0, 0]

    def quotes(self) -> tuple[int, int]:
        """Best bid and ask, 0 where there is none."""
        return self._best[0], self._best[1]

    def references(self) -> tuple[int, int]:
        """Bid and ask that distances are measured from.

        As `marsjax.synth.flow_book.references`: an empty side stands one tick behind
        the other one's best; where both are empty the bid is the last price.
        """
        bid, ask = self._best
        bid = bid or (ask - 1 if ask else self.last_ticks)
        return bid, ask or bid + 1

    def follow(self, kind: int, acts: list[tuple]) -> None:
        """Follow a message of a kind through the exchange's events for it.

        ``acts``: kind, side, price, shares, order id and maker's id of each.
        """
        first = acts[0][0] if acts else EventKind.REJECT
        if kind == Kind.MODIFY and first not in (EventKind.REPLACE, EventKind.REJECT):
            self._remove(acts[0][4])  # it enters anew, of which no event tells
        for event, side, price, qty, order_id, maker_id in acts:
            if event == EventKind.REST:
                self._add(order_id, side, price, qty)
            elif event in (EventKind.FILL, EventKind.DECREMENT):
                self._reduce(maker_id, qty)
            elif event in (EventKind.CANCEL, EventKind.AUCTION_FILL, EventKind.EXPIRE):
                self._reduce(order_id, qty)
            elif event == EventKind.REPLACE and order_id in self.orders:
                self._reduce(order_id, self.orders[order_id][2] - qty)
            if event in (EventKind.FILL, EventKind.AUCTION_FILL):
                self.last_ticks = price

    def _add(self, order_id: int, side: int, price: int, qty: int) -> None:
        self._remove(order_id)  # one that an auction moves
        self.orders[order_id] = [side, price, qty]
        level = self.levels[side].setdefault(price, [0, 0])
        level[0] += 1
        level[1] += qty
        self.num[side] += 1
        best = self._best[side]
        if price:
            self._best[side] = _BETTER[side](best, price) if best else price

    def _remove(self, order_id: int) -> None:
        """An order out of the book, if it is there."""
        if order_id in self.orders:
            self._reduce(order_id, self.orders[order_id][2])

    def _reduce(self, order_id: int, qty: int) -> None:
        order = self.orders.get(order_id)
        if order is None:
            return
        side, price, left = order
        level = self.levels[side][price]
        level[1] -= min(qty, left)
        order[2] = left - qty
        if order[2] > 0:
            return
        del self.orders[order_id]
        self.gone.append(order_id)
        level[0] -= 1
        self.num[side] -= 1
        if level[0]:
            return
        del self.levels[side][price]
        if price == self._best[side]:
            # A market order that waits for an auction stands at price 0.
            prices = (price for price in self.levels[side] if price)
            self._best[side] = _BETTER[side](prices, default=0)


def distance(side: int, price_ticks: int, bid: int, ask: int) -> int:
    """Ticks from the opposite reference: 1 for the best that does not reach it."""
    return ask - price_ticks if side == Side.BUY else price_ticks - bid
