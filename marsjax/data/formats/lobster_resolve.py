"""Finds the order that each LOBSTER event acts on, by keeping the queues."""

from heapq import heappop, heappush

import numpy as np

from marsjax.data.tape import FILL_SCHEMA
from marsjax.data.text import Table
from marsjax.types import Kind, Side

EVENTS = ("add", "partial_cancel", "delete", "execution", "hidden", "cross", "halt")
EXCEPTIONS = (
    "on_seed_order",
    "cancel_of_unknown_id",
    "execution_of_unknown_id",
    "execution_out_of_queue_order",
    "add_that_crosses",
    "more_than_is_left",
    "delete_of_another_size",
)
_KIND_OF_EVENT = np.array(
    [
        Kind.NONE,
        Kind.LIMIT,
        Kind.CANCEL,
        Kind.CANCEL,
        Kind.IOC,
        Kind.HIDDEN_FILL,
        Kind.CROSS,
        Kind.HALT,
    ]
)
_COLUMNS = ("time_s", "time_ns", "kind", "side", "price_ticks", "qty", "order_id")


class Queues:
    """First-in-first-out queues of what is left of each order.

    ``place``: id -> (side, price in ticks). ``queue``: (side, price) -> id -> shares.
    """

    def __init__(self):
        self.place: dict[int, tuple[int, int]] = {}
        self.queue: dict[tuple[int, int], dict[int, int]] = {}
        self._prices: tuple[list[int], list[int]] = ([], [])  # heaps, bids negated

    def add(self, order_id: int, side: int, price: int, qty: int) -> None:
        """Puts an order at the end of its queue."""
        if (side, price) not in self.queue:
            self.queue[side, price] = {}
            heappush(self._prices[side], -price if side == Side.BUY else price)
        self.queue[side, price][order_id] = qty
        self.place[order_id] = (side, price)

    def left(self, order_id: int) -> int:
        """Shares an order has left, 0 if it is not live."""
        place = self.place.get(order_id)
        return self.queue[place][order_id] if place else 0

    def take(self, order_id: int, qty: int) -> None:
        """Takes shares off a live order."""
        place = self.place[order_id]
        queue = self.queue[place]
        queue[order_id] -= qty
        if not queue[order_id]:
            del queue[order_id], self.place[order_id]
            if not queue:
                del self.queue[place]

    def front(self, side: int) -> tuple[int, int] | None:
        """Price and id of the order that is first in line, if there is one."""
        heap = self._prices[side]
        while heap:
            price = abs(heap[0])
            if (side, price) in self.queue:
                return price, next(iter(self.queue[side, price]))
            heappop(heap)
        return None


class Resolver:
    """Turns checked LOBSTER rows into canonical ones.

    Attributes:
      queues: the book so far.
      seeds: columns of the rows that rebuild the opening book.
      counts: how often each kind of row and each exception occurred.
      new_id: next unused order id.
    """

    def __init__(self, new_id: int):
        self.new_id = new_id
        self.queues = Queues()
        self.level_order: dict[tuple[int, int], int] = {}
        self.seeds = {name: np.zeros(0, np.int64) for name in _COLUMNS}
        self.counts: dict[str, int] = {}

    def seed(self, levels: np.ndarray, first: dict[str, int]) -> None:
        """Rebuilds the book after message 0, bids then asks, from the best outwards.

        Args:
          levels: ``int64[K, 4]`` ask price, ask quantity, bid price, bid quantity;
            quantity 0 where empty.
          first: message 0. If it adds an order, that order keeps its own id and is the
            last one of its level.
        """
        rows = []
        added = (first["side"], first["price_ticks"]) if first["type"] == 1 else None
        for side, column in ((Side.BUY, 2), (Side.SELL, 0)):
            for price, qty in levels[:, column : column + 2].tolist():
                own = min(int(first["qty"]), qty) if added == (side, price) else 0
                if qty > own:
                    self.level_order[side, price] = self.new_id
                    rows.append((self.new_id, side, price, qty - own))
                    self.new_id += 1
                if own:
                    rows.append((int(first["order_id"]), side, price, own))
        for row in rows:
            self.queues.add(*row)
        columns = np.array(rows, np.int64).reshape(-1, 4).T
        names = ("order_id", "side", "price_ticks", "qty")
        self.seeds = dict(zip(names, columns, strict=True))
        for name in ("time_s", "time_ns"):
            self.seeds[name] = np.full(len(rows), first[name])
        self.seeds["kind"] = np.full(len(rows), Kind.COLLECT)

    def resolve(
        self, table: Table, rows: dict[str, np.ndarray], skip: int
    ) -> tuple[dict[str, np.ndarray], dict[str, list[int]]]:
        """Canonical columns of messages ``skip:``, and the fills they must cause.

        ``row`` of the fills counts messages of the file.
        """
        body = {name: rows[name].copy() for name in _COLUMNS if name != "kind"}
        body["kind"] = _KIND_OF_EVENT[rows["type"]]
        fills = {name: [] for name in FILL_SCHEMA}
        seen = np.bincount(rows["type"][skip:], minlength=8)[1:].tolist()
        self.counts = dict(zip(EVENTS, seen, strict=True)) | dict.fromkeys(
            EXCEPTIONS, 0
        )
        columns = ("type", "order_id", "qty", "price_ticks", "side")
        events = zip(*(rows[name][skip:].tolist() for name in columns), strict=True)
        for i, (event, order_id, size, price, side) in enumerate(events, skip):
            if event == 1:
                if self.queues.left(order_id):
                    raise table.error(
                        i,
                        f"duplicate order id {order_id}: it is live",
                        "give one day of one instrument, without repeated rows",
                    )
                self._add(order_id, side, price, size)
            elif event <= 3:
                body["order_id"][i], body["qty"][i] = self._cancel(
                    event, order_id, size, (side, price)
                )
            elif event == 4:
                kind, target, taken = self._execute(order_id, size, (side, price))
                body["kind"][i], body["qty"][i] = kind, taken
                body["order_id"][i] = target
                if kind == Kind.IOC:
                    fill = (i, price, taken, target, self.new_id)
                    for name, value in zip(FILL_SCHEMA, fill, strict=True):
                        fills[name].append(value)
                    body["side"][i], body["order_id"][i] = 1 - side, self.new_id
                    self.new_id += 1
        return {name: values[skip:] for name, values in body.items()}, fills

    def _add(self, order_id: int, side: int, price: int, size: int) -> None:
        """Rests an order, after the matches the exchange will make of it.

        What it crosses can only be orders whose end an incomplete tape left out.
        """
        crosses = False
        while size:
            front = self.queues.front(1 - side)
            if not front or (
                front[0] > price if side == Side.BUY else front[0] < price
            ):
                break
            crosses = True
            taken = min(size, self.queues.left(front[1]))
            self.queues.take(front[1], taken)
            size -= taken
        self.counts["add_that_crosses"] += crosses
        if size:
            self.queues.add(order_id, side, price, size)

    def _target(self, order_id: int, level: tuple[int, int]) -> int:
        """The live order an event is about, -1 if it is unknown."""
        if self.queues.left(order_id):
            return order_id
        target = self.level_order.get(level, -1)
        if not self.queues.left(target):
            return -1
        self.counts["on_seed_order"] += 1
        return target

    def _cancel(
        self, event: int, order_id: int, size: int, level: tuple[int, int]
    ) -> tuple[int, int]:
        """Id and quantity of the ``CANCEL``; those of the tape if the id is unknown."""
        target = self._target(order_id, level)
        if target < 0:
            self.counts["cancel_of_unknown_id"] += 1
            return order_id, size
        left = self.queues.left(target)
        self.counts["more_than_is_left"] += size > left
        if event == 3 and target == order_id and size < left:
            self.counts["delete_of_another_size"] += 1
            size = left
        taken = min(size, left)
        self.queues.take(target, taken)
        return target, taken

    def _execute(
        self, order_id: int, size: int, level: tuple[int, int]
    ) -> tuple[Kind, int, int]:
        """Kind, resting order (or the id as it is) and quantity of an execution."""
        target = self._target(order_id, level)
        if target < 0:
            self.counts["execution_of_unknown_id"] += 1
            return Kind.HIDDEN_FILL, order_id, size
        left = self.queues.left(target)
        self.counts["more_than_is_left"] += size > left
        taken = min(size, left)
        in_order = self.queues.front(level[0]) == (level[1], target)
        self.queues.take(target, taken)
        if in_order:
            return Kind.IOC, target, taken
        self.counts["execution_out_of_queue_order"] += 1
        return Kind.AUCTION_FILL, target, taken
