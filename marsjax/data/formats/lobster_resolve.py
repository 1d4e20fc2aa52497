"""Finds the order that each LOBSTER event acts on, by keeping the queues."""

from typing import NamedTuple

import numpy as np

from marsjax.data.formats.lobster_queues import Queues
from marsjax.data.tape import FILL_SCHEMA
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
COLUMNS = ("time_s", "time_ns", "kind", "side", "price_ticks", "qty", "order_id")
# Plain integers are quicker than an enum's members.
_IOC, _HIDDEN_FILL, _AUCTION_FILL = map(
    int, (Kind.IOC, Kind.HIDDEN_FILL, Kind.AUCTION_FILL)
)


class Resolved(NamedTuple):
    """Canonical rows of some messages.

    ``body``: columns `COLUMNS`. ``fills``: of `FILL_SCHEMA`, ``row`` counts the rows of
    ``body``. ``repeated``: places of the messages that were left out of it, since they
    add an order that is live.
    """

    body: dict[str, np.ndarray]
    fills: dict[str, np.ndarray]
    repeated: np.ndarray


class Resolver:
    """Turns checked LOBSTER rows into canonical ones, some at a time.

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
        self.seeds = {name: np.zeros(0, np.int64) for name in COLUMNS}
        self.counts = dict.fromkeys(EVENTS + EXCEPTIONS, 0)

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
                    self.level_order[int(side), price] = self.new_id
                    rows.append((self.new_id, int(side), price, qty - own))
                    self.new_id += 1
                if own:
                    rows.append((int(first["order_id"]), int(side), price, own))
        for row in rows:
            self.queues.add(*row)
        columns = np.array(rows, np.int64).reshape(-1, 4).T
        names = ("order_id", "side", "price_ticks", "qty")
        self.seeds = dict(zip(names, columns, strict=True))
        for name in ("time_s", "time_ns"):
            self.seeds[name] = np.full(len(rows), first[name])
        self.seeds["kind"] = np.full(len(rows), Kind.COLLECT)

    def resolve(self, rows: dict[str, np.ndarray]) -> Resolved:
        """Canonical columns of the next messages, and the fills they must cause.

        Args:
          rows: ``time_s``, ``time_ns``, ``type``, ``order_id``, ``qty``,
            ``price_ticks`` and ``side``, ``[T]`` each.
        """
        body = {name: rows[name].copy() for name in COLUMNS if name != "kind"}
        body["kind"] = _KIND_OF_EVENT[rows["type"]]
        changes, fills, repeated = [], [], []
        key_of, queues, best = self.queues.key_of, self.queues.queues, self.queues.best
        add, take = self.queues.add, self.queues.take
        columns = ("type", "order_id", "qty", "price_ticks", "side")
        events = zip(*(rows[name].tolist() for name in columns), strict=True)
        # The usual cases are written out: this loop is what reading takes longest at.
        for i, (event, order_id, size, price, side) in enumerate(events):
            if event == 1:
                if order_id in key_of:
                    repeated.append(i)
                elif price > best[0] if side else price < best[1]:
                    key = 2 * price + side
                    if key in queues:
                        queues[key][order_id] = size
                        key_of[order_id] = key
                    else:
                        add(order_id, side, price, size)
                else:
                    self._cross(order_id, side, price, size)
            elif event <= 3:
                key = key_of.get(order_id)
                if key is None:
                    target, taken = self._cancel(event, order_id, size, (side, price))
                elif size == (left := queues[key][order_id]):
                    take(order_id, size)
                    continue
                elif event == 2 and size < left:
                    queues[key][order_id] = left - size
                    continue
                else:
                    target, taken = self._cancel(event, order_id, size, (side, price))
                changes.append((i, target, taken))
            elif event == 4:
                kind, target, taken = self._execute(order_id, size, side, price)
                fills.append((i, kind, target, taken))
        self._count(rows, repeated)
        return self._written(body, changes, fills, np.array(repeated, np.int64))

    def _count(self, rows, repeated: list[int]) -> None:
        seen = np.bincount(rows["type"], minlength=8)[1:].tolist()
        for name, num in zip(EVENTS, seen, strict=True):
            self.counts[name] += num
        self.counts["add"] -= len(repeated)

    def _written(self, body, changes, executed, repeated) -> Resolved:
        """Puts what the loop found into the columns."""
        if changes:
            i, target, taken = np.array(changes, np.int64).T
            body["order_id"][i], body["qty"][i] = target, taken
        i, kind, target, taken = np.array(executed, np.int64).reshape(-1, 4).T
        body["kind"][i], body["order_id"][i], body["qty"][i] = kind, target, taken
        is_fill = kind == _IOC
        i, target, taken = i[is_fill], target[is_fill], taken[is_fill]
        taker = self.new_id + np.arange(len(i))
        self.new_id += len(i)
        body["side"][i] = 1 - body["side"][i]
        body["order_id"][i] = taker
        keep = np.ones(len(body["kind"]), bool)
        keep[repeated] = False
        values = (np.cumsum(keep)[i] - 1, body["price_ticks"][i], taken, target, taker)
        fills = dict(zip(FILL_SCHEMA, values, strict=True))
        if len(repeated):
            body = {name: column[keep] for name, column in body.items()}
        return Resolved(body, fills, repeated)

    def _cross(self, order_id: int, side: int, price: int, size: int) -> None:
        """Rests an order, after the matches the exchange will make of it.

        What it crosses can only be orders whose end an incomplete tape left out.
        """
        self.counts["add_that_crosses"] += 1
        sign = 1 if side else -1
        while size and sign * self.queues.best[1 - side] >= sign * price:
            first = self.queues.front(1 - side)[1]
            taken = min(size, self.queues.left(first))
            self.queues.take(first, taken)
            size -= taken
        if size:
            self.queues.add(order_id, side, price, size)

    def _target(self, order_id: int, level: tuple[int, int]) -> int:
        """The live order an event is about, -1 if it is unknown."""
        if order_id in self.queues.key_of:
            return order_id
        target = self.level_order.get(level, -1)
        if target not in self.queues.key_of:
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
        self, order_id: int, size: int, side: int, price: int
    ) -> tuple[int, int, int]:
        """Kind, resting order (or the id as it is) and quantity of an execution."""
        target = self._target(order_id, (side, price))
        if target < 0:
            self.counts["execution_of_unknown_id"] += 1
            return _HIDDEN_FILL, order_id, size
        left = self.queues.left(target)
        self.counts["more_than_is_left"] += size > left
        taken = min(size, left)
        in_order = self.queues.front(side) == (price, target)
        self.queues.take(target, taken)
        if in_order:
            return _IOC, target, taken
        self.counts["execution_out_of_queue_order"] += 1
        return _AUCTION_FILL, target, taken
