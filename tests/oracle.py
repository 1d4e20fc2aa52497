"""A plain-Python exchange: slow, obvious, the judge of every fast one.

It shares no code with `marsjax.book` but the vocabulary. A message passes stages of
checks (`tests/oracle_checks.py`), then does what its kind says (`act`); incoming orders
are matched one elementary action at a time (`match`). The price of a call auction is
found in `tests/oracle_auction.py`.
"""

from dataclasses import dataclass, field

from marsjax.types import EventKind, Kind, Phase, SelfTrade, Status
from tests.oracle_auction import auction_price
from tests.oracle_book import (
    INT32_MAX,
    MARKET_PRICE,
    BookSide,
    OracleRules,
    Order,
    Row,
    crosses,
)
from tests.oracle_checks import collar_bound, is_in_place, slid_price, why_not

LAST_SEQ = 2**31 - 2**20


@dataclass
class Oracle:
    """One book. ``capacity`` orders a side; ``None`` for no limit."""

    capacity: int | None = None
    rules: OracleRules = field(default_factory=OracleRules)
    phase: int = Phase.CONTINUOUS
    reference: int = 0
    last_price: int = 0
    next_seq: int = 0
    status: int = 0
    live: dict[int, Order] = field(default_factory=dict)
    sides: tuple = field(default_factory=lambda: (BookSide(0), BookSide(1)))

    # What can be seen.

    def orders(self, side: int) -> list[Order]:
        """Live orders of a side, best price first, oldest first."""
        return list(self.sides[side])

    def find(self, order_id: int) -> Order | None:
        return self.live.get(order_id)

    def level2(self, num_levels: int) -> list[list[tuple[int, int]]]:
        """Best levels of each side as (price, displayed); no market orders."""
        out = []
        for side, book_side in enumerate(self.sides):
            prices = [
                book_side.sign * rank for rank in book_side.ranks[: num_levels + 1]
            ]
            shown = [
                (price, sum(o.displayed for o in book_side.levels[price].values()))
                for price in prices
                if price != MARKET_PRICE[side]
            ]
            out.append(shown[:num_levels])
        return out

    def quote(self) -> tuple[int, int, int, int]:
        """Best bid, best ask and their quantities; 0 where a side is empty."""
        bids, asks = self.level2(1)
        (bid, bid_qty), (ask, ask_qty) = (*bids, (0, 0))[0], (*asks, (0, 0))[0]
        return bid, ask, bid_qty, ask_qty

    # What a message does.

    def submit(self, kind, side, price, qty, order_id, owner=0, display=0) -> list:
        """Events ``(kind, order_id, maker_id, price, qty, reason, refill_qty)``.

        A reject's price is ``None``: what the fast book puts there means nothing.
        """
        if kind == Kind.NONE:
            return []
        row = Row(kind, side, price, qty, order_id, owner, display)
        reason = why_not(self, row)
        if reason:
            return self.reject(reason, order_id, qty)
        return self.act(row)

    def reject(self, reason: int, order_id: int, qty: int) -> list:
        self.status |= reason
        return [(EventKind.REJECT, order_id, -1, None, qty, int(reason), 0)]

    def act(self, row: Row) -> list:
        """What a message that passed all checks does."""
        if row.kind == Kind.CANCEL:
            order = self.live[row.order_id]
            taken = min(row.qty, order.qty) if row.qty else order.qty
            return [self.take_off(order, taken)]
        if row.kind == Kind.MASS_CANCEL:
            owned = [o for o in self.live.values() if o.owner == row.owner]
            owned.sort(key=lambda order: order.seq)
            return [self.take_off(order, order.qty) for order in owned]
        if row.kind == Kind.PHASE:
            self.phase = row.qty
            self.reference = row.price or self.reference
            return [(EventKind.PHASE, row.order_id, -1, row.price, row.qty, 0, 0)]
        if row.kind == Kind.UNCROSS:
            return self.uncross()
        if is_in_place(self, row):
            order = self.live[row.order_id]
            self.lower(order, order.qty - row.qty)
            told = (row.order_id, -1, row.price, row.qty, 0, 0)
            return [(EventKind.REPLACE, *told)]
        return self.enter(row)

    def enter(self, row: Row) -> list:
        """A new order, or a modified one that enters as if it were new."""
        kind, side, price, qty, order_id, owner, display = row
        if kind == Kind.MODIFY:
            old = self.live[order_id]
            side, owner, display = old.side, old.owner, display or old.display
            self.remove(old)
        elif kind == Kind.MARKET:
            price = MARKET_PRICE[side]
        elif kind == Kind.POST_ONLY_SLIDE:
            price = slid_price(self, row)
        order = Order(order_id, owner, side, price, display)
        if self.phase != Phase.CONTINUOUS or kind in (
            Kind.COLLECT,
            Kind.POST_ONLY,
            Kind.POST_ONLY_SLIDE,
        ):
            return self.rest(order, qty)
        limit = collar_bound(self, side) if kind == Kind.MARKET else price
        events, left = self.match(order, qty, limit)
        if left and kind in (Kind.LIMIT, Kind.MODIFY):
            events += self.rest(order, left)
        elif left:
            told = (order_id, -1, order.told_price, left, 0, 0)
            events.append((EventKind.EXPIRE, *told))
        return events

    def maker(self, side: int, limit: int) -> Order | None:
        """The best opposite order, if an order of ``side`` up to ``limit`` reaches it.

        A market order that waits for an auction is reached by none.
        """
        best = self.sides[1 - side].best()
        if best is None or best.is_market or not crosses(side, limit, best.price):
            return None
        return best

    def match(self, order: Order, left: int, limit: int) -> tuple[list, int]:
        """Events of an incoming order, and what is left of it to rest or expire."""
        events, mode = [], self.rules.self_trade
        while left and (maker := self.maker(order.side, limit)) is not None:
            if self.is_halt(maker.price):
                self.phase = Phase.HALTED
                return events + self.reject(Status.HALT, order.order_id, left), 0
            is_own = mode != SelfTrade.OFF and order.owner == maker.owner != 0
            if is_own and mode != SelfTrade.DECREMENT:
                if mode in (SelfTrade.CANCEL_OLDEST, SelfTrade.CANCEL_BOTH):
                    events.append(self.take_off(maker, maker.qty, Status.SELF_TRADE))
                if mode == SelfTrade.CANCEL_OLDEST:
                    continue
                told = (order.told_price, left, int(Status.SELF_TRADE), 0)
                events.append((EventKind.EXPIRE, order.order_id, -1, *told))
                return events, 0
            qty = min(left, maker.displayed)
            left -= qty
            refill = self.fill(maker, qty)
            if not is_own:
                self.last_price = maker.price
            kind = EventKind.DECREMENT if is_own else EventKind.FILL
            ids = (order.order_id, maker.order_id)
            events.append((kind, *ids, maker.price, qty, 0, refill))
        return events, left

    def is_halt(self, price: int) -> bool:
        if self.rules.halt_bps == 0 or self.reference == 0:
            return False
        band = self.reference * self.rules.halt_bps // 10_000
        return abs(price - self.reference) > band

    # What happens to one order.

    def rest(self, order: Order, left: int) -> list:
        book_side, reason = self.sides[order.side], 0
        if self.capacity is not None and book_side.count >= self.capacity:
            reason |= Status.BOOK_FULL
        if left > INT32_MAX - book_side.total:
            reason |= Status.TOTAL_QTY
        if self.next_seq >= LAST_SEQ:
            reason |= Status.SEQUENCE
        if reason:
            return self.reject(reason, order.order_id, left)
        self.join(order, left)
        return [(EventKind.REST, order.order_id, -1, order.told_price, left, 0, 0)]

    def join(self, order: Order, qty: int) -> None:
        """To the back of its queue, an iceberg with no more than its display."""
        order.displayed = min(order.display, qty) if order.display else qty
        order.hidden = qty - order.displayed
        order.seq = self.next_seq
        self.next_seq += 1
        self.sides[order.side].add(order)
        self.live[order.order_id] = order

    def remove(self, order: Order) -> None:
        self.sides[order.side].remove(order)
        del self.live[order.order_id]

    def lower(self, order: Order, qty: int) -> None:
        """Take ``qty`` off, what is hidden first."""
        hidden = min(qty, order.hidden)
        order.hidden -= hidden
        order.displayed -= qty - hidden
        self.sides[order.side].total -= qty
        if order.displayed == 0:
            self.remove(order)

    def take_off(self, order: Order, qty: int, reason: int = 0) -> tuple:
        """A cancel's event."""
        self.lower(order, qty)
        told = (order.told_price, qty, int(reason), 0)
        return (EventKind.CANCEL, order.order_id, -1, *told)

    def fill(self, order: Order, qty: int) -> int:
        """Take ``qty`` off, what is shown first; returns what is shown anew."""
        if qty < order.displayed:
            order.displayed -= qty
            self.sides[order.side].total -= qty
            return 0
        rest = order.qty - qty
        self.remove(order)
        if rest == 0:
            return 0
        self.join(order, rest)
        return order.displayed

    def indicative(self) -> tuple[int, int]:
        """Price and volume of a call auction that ended now; zeros if none would."""
        book = [
            [(None if o.is_market else o.price, o.qty) for o in self.orders(side)]
            for side in (0, 1)
        ]
        return auction_price(*book, self.rules, self.reference or self.last_price)

    def uncross(self) -> list:
        """A call auction: its fills, what becomes of market orders, its result."""
        price, volume = self.indicative()
        events = []
        for side in (0, 1):
            left = volume
            for order in self.orders(side):
                if left == 0:
                    break
                qty = min(left, order.qty)
                left -= qty
                told = (order.order_id, -1, price, qty, 0, self.fill(order, qty))
                events.append((EventKind.AUCTION_FILL, *told))
        for order in [o for side in (0, 1) for o in self.orders(side) if o.is_market]:
            self.remove(order)
            kind, told = EventKind.EXPIRE, 0
            if self.rules.rest_market and volume:
                kind, told = EventKind.REST, price
                self.reprice(order, price)
            events.append((kind, order.order_id, -1, told, order.qty, 0, 0))
        self.last_price = price or self.last_price
        return [*events, (EventKind.UNCROSS, -1, -1, price, volume, 0, 0)]

    def reprice(self, order: Order, price: int) -> None:
        """Back into the book at another price, with the seq that it had."""
        order.price = price
        book_side = self.sides[order.side]
        book_side.add(order)
        book_side.levels[price] = dict(sorted(book_side.levels[price].items()))
        self.live[order.order_id] = order
