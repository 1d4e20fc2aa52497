"""The live orders of one instrument while its feed is read."""

from collections import Counter
from collections.abc import Callable, Iterator

from marsjax.data.formats.lobster_queues import Queues
from marsjax.types import Kind

FIRST_OWN_ID = 2**62
"""Ids of the readers' own orders start here; those of feeds must be below."""

PATIENCE = 1000
"""Events that an order is held for; what is still in its way then has gone."""

FaultFn = Callable[..., None]
"""``fault_fn(event, what, remedy, kept=False)`` raises, or counts if its reader is
lenient; ``kept``: the event has its row all the same."""

# Ints, not members of the enumerations: half the time of the loop goes there.
_LIMIT, _CANCEL = int(Kind.LIMIT), int(Kind.CANCEL)
_AUCTION_FILL, _HIDDEN_FILL = int(Kind.AUCTION_FILL), int(Kind.HIDDEN_FILL)


class LiveOrders:
    """Queues, the orders that wait to enter them, and the rows made so far.

    Args:
      crossing: what a new order that meets the other side becomes. ``match``: a
        ``LIMIT`` that the exchange matches. ``collect``: a ``COLLECT``, for a feed of
        resting orders alone, whose books cross in auctions only. ``hold``: no row
        until its remainder rests, for a feed that prints the executions of both
        orders of a trade.
      complete: whether every order is in the feed, so that an unknown id is a fault.
    Attributes:
      queues: the book.
      counts: exceptions so far, by name.
    """

    def __init__(self, crossing: str, complete: bool):
        self.queues = Queues()
        self.counts: Counter[str] = Counter()
        self._crossing, self._complete = crossing, complete
        # id -> side, price, quantity, the number of the event that brought it
        self._held: dict[int, tuple[int, int, int, int]] = {}
        self._best_when_held: list[int] | None = None
        self._num_events = 0  # of the batches before
        self._next_id = FIRST_OWN_ID

    def orders(self) -> Iterator[tuple[int, int, int, int]]:
        """Side, price, quantity and id; bids first, from the best, each in turn."""
        queues = self.queues.queues
        for key in sorted(queues, key=lambda key: key if key & 1 else -key - 2**60):
            for order_id, qty in queues[key].items():
                yield key & 1, key >> 1, qty, order_id

    @property
    def num_held(self) -> int:
        """Orders that wait to enter the book."""
        return len(self._held)

    def _begin(self, fault_fn: FaultFn) -> None:
        self._fault_fn = fault_fn
        self._out: list[int] = []  # event, kind, side, price, quantity, id; flat
        self._fills: list[int] = []  # row, price, quantity, maker, taker; flat

    def _own_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _place(self, order_id: int) -> tuple[int, int] | None:
        """Side and price of an order that rests or is held, else ``None``."""
        key = self.queues.key_of.get(order_id)
        if key is not None:
            return key & 1, key >> 1
        held = self._held.get(order_id)
        return held and held[:2]

    def _left(self, order_id: int) -> int | None:
        """Quantity of an order that rests or is held, else ``None``."""
        key = self.queues.key_of.get(order_id)
        if key is not None:
            return self.queues.queues[key][order_id]
        held = self._held.get(order_id)
        return held and held[2]

    def _meets(self, side: int, price: int) -> bool:
        """Whether an order would meet the other side."""
        best = self.queues.best
        return best[0] >= price if side else best[1] <= price

    def _match(self, side: int, price: int, qty: int) -> int:
        """Takes what an order meets, as the exchange will; returns what is left."""
        while qty and self._meets(side, price):
            maker = self.queues.front(1 - side)[1]
            taken = min(qty, self.queues.left(maker))
            self.queues.take(maker, taken)
            qty -= taken
        return qty

    def _hold(self, i: int, side: int, price: int, qty: int, order_id: int) -> None:
        self._held[order_id] = (side, price, qty, self._num_events + i)
        self._best_when_held = None

    def _release(self, i: int) -> None:
        """Lets held orders rest that no longer meet the other side."""
        best, now = self.queues.best, self._num_events + i
        oldest = self._held[next(iter(self._held))][3]
        if best == self._best_when_held and now - oldest <= PATIENCE:
            return
        for order_id, (side, price, qty, since) in list(self._held.items()):
            while now - since > PATIENCE and self._meets(side, price):
                self._take_off_stale(i, 1 - side)
            if not self._meets(side, price):
                del self._held[order_id]
                self.queues.add(order_id, side, price, qty)
                self._out += (i, _LIMIT, side, price, qty, order_id)
        self._best_when_held = list(best)

    def _take_off_stale(self, i: int, side: int) -> None:
        """Cancels the first in line, whose end the feed did not tell."""
        price, order_id = self.queues.front(side)
        left = self.queues.left(order_id)
        self.counts["stale_order_taken_off"] += 1
        self.queues.take(order_id, left)
        self._out += (i, _CANCEL, side, price, left, order_id)

    def _shrink(self, i: int, order_id: int, qty: int) -> bool:
        """Takes a quantity off a held order; false if there is none of this id."""
        if order_id not in self._held:
            return False
        side, price, left, since = self._held[order_id]
        self.counts["more_than_is_left"] += qty > left
        if qty < left:
            self._held[order_id] = (side, price, left - qty, since)
            self._release(i)
        else:
            del self._held[order_id]
        return True

    def _cancel_elsewhere(self, i, side, price, qty, order_id) -> None:
        """A cancel of an order that does not rest."""
        if self._shrink(i, order_id, qty):
            self.counts["cancel_of_aggressor"] += 1
            return
        self._unknown(i, "cancel", order_id)
        self._out += (i, _CANCEL, max(side, 0), price, qty, order_id)

    def _execute_elsewhere(self, i, side, price, qty, order_id) -> None:
        """An execution of an order that does not rest."""
        if self._shrink(i, order_id, qty):
            self.counts["execution_of_aggressor"] += 1
            return
        self._unknown(i, "execution", order_id)
        self._out += (i, _HIDDEN_FILL, max(side, 0), price, qty, order_id)

    def _auction_fill(self, i: int, price: int, qty: int, order_id: int) -> None:
        side = self.queues.key_of[order_id] & 1
        self.queues.take(order_id, qty)
        self._out += (i, _AUCTION_FILL, side, price, qty, order_id)
        if self._held:
            self._release(i)

    def _unknown(self, i: int, what: str, order_id: int) -> None:
        self.counts[f"{what}_of_unknown_id"] += 1
        if self._complete:
            self._fault_fn(
                i,
                f"{what} of unknown order {order_id}",
                "give the file from its start",
                kept=True,
            )

    def _crossed(self, i: int, side: int, price: int) -> None:
        self.counts["given_book_crossed"] += 1
        best = self.queues.best[1 - side]
        self._fault_fn(
            i,
            f"the given book is crossed: an order at {price} ticks meets one at {best}",
            "give a book from outside of an auction",
            kept=True,
        )

    def _duplicate(self, i: int, order_id: int) -> None:
        self._fault_fn(
            i,
            f"duplicate order id {order_id}: it is live",
            "give one day of one instrument, without repeated rows",
        )
