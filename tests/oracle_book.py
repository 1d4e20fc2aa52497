"""Where the oracle keeps its orders, and the rules it goes by."""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from marsjax.book.rules import TIE_BREAKS
from marsjax.types import MAX_PRICE_TICKS, SelfTrade

INT32_MAX = 2**31 - 1
MARKET_PRICE = (MAX_PRICE_TICKS + 1, 0)  # of a waiting market order: best of its side


@dataclass
class OracleRules:
    """As `marsjax.book.rules.rules`: the same names and defaults."""

    tick: int = 1
    lot: int = 1
    odd_lot_sells: bool = False
    max_qty: int = INT32_MAX
    low_ticks: int = 1
    high_ticks: int = MAX_PRICE_TICKS
    collar_bps: int = 0
    collar_ticks: int = 0
    halt_bps: int = 0
    self_trade: int = SelfTrade.OFF
    keep_priority: bool = True
    tie_breaks: tuple = TIE_BREAKS
    band_bps: int = 0
    rest_market: bool = False


class Row(NamedTuple):
    """A message."""

    kind: int
    side: int
    price: int
    qty: int
    order_id: int
    owner: int = 0
    display: int = 0


@dataclass(slots=True)
class Order:
    """A live order; ``display`` is what an iceberg shows at a time, 0 for all."""

    order_id: int
    owner: int
    side: int
    price: int
    display: int = 0
    displayed: int = 0
    hidden: int = 0
    seq: int = 0

    @property
    def qty(self) -> int:
        """All that is open."""
        return self.displayed + self.hidden

    @property
    def is_market(self) -> bool:
        return self.price == MARKET_PRICE[self.side]

    @property
    def told_price(self) -> int:
        """The price in events: 0 for a market order."""
        return 0 if self.is_market else self.price


class BookSide:
    """Live orders of a side: price -> {seq: order}, oldest first."""

    def __init__(self, side: int):
        self.sign = -1 if side == 0 else 1
        self.levels: dict[int, dict[int, Order]] = {}
        self.ranks: list[int] = []  # sign * price, sorted: the best comes first
        self.total = 0
        self.count = 0

    def add(self, order: Order) -> None:
        level = self.levels.get(order.price)
        if level is None:
            level = self.levels[order.price] = {}
            insort(self.ranks, self.sign * order.price)
        level[order.seq] = order
        self.total += order.displayed + order.hidden
        self.count += 1

    def remove(self, order: Order) -> None:
        level = self.levels[order.price]
        del level[order.seq]
        if not level:
            del self.levels[order.price]
            del self.ranks[bisect_left(self.ranks, self.sign * order.price)]
        self.total -= order.displayed + order.hidden
        self.count -= 1

    def best(self) -> Order | None:
        """First by price, then by seq."""
        if not self.ranks:
            return None
        return next(iter(self.levels[self.sign * self.ranks[0]].values()))

    def __iter__(self) -> Iterator[Order]:
        for rank in self.ranks:
            yield from self.levels[self.sign * rank].values()


def crosses(side: int, limit: int, price: int) -> bool:
    """Whether an order of ``side`` with this limit reaches an opposite price."""
    return limit >= price if side == 0 else limit <= price


def crosses_strictly(order: Order, other: Order) -> bool:
    """Whether ``other``, of the same side, has the better price."""
    return other.price > order.price if order.side == 0 else other.price < order.price
