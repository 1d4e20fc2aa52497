"""Realistic random streams of messages, for measuring and for testing an exchange.

The stream keeps a plain book of its own, so that every cancel names a live order and
every marketable order takes what it means to take. Rows are `Message`'s fields in
order: ``(kind, side, price, qty, order_id, owner, display)``.
`marsjax.synth.all_kinds` makes every other kind of them, and bad input.
"""

from heapq import heapify, heappop, heappush

import numpy as np

from marsjax.types import BACKGROUND_OWNER, Kind, Message

MARKETABLE = 0.1  # share of all messages
TAKES = (0.6, 0.9)  # P(takes one order), P(takes one or two); else three
INFORMED = 0.7  # share of marketable orders that move the quotes to the hidden mid
DRIFT = 0.04  # chance a message that the hidden mid moves by a tick
MEAN_DISTANCE = 8  # ticks behind the mid, geometric
MEAN_LOTS = 2  # of an order beyond its first
LOT = 100

# Plain integers are quicker than an enum's members.
_LIMIT, _IOC, _CANCEL = int(Kind.LIMIT), int(Kind.IOC), int(Kind.CANCEL)


class RandomStream:
    """An endless stream of one instrument, about 47 % adds and 43 % cancels.

    The rest are marketable limit and immediate-or-cancel orders that take one to three
    resting orders (60, 30, 10 %), the last of them in part. Adds lie at geometric
    distances behind a hidden mid that wanders, at least a tick behind the best opposite
    order; any live order is as likely to be cancelled as any other. Each side is held
    at ``num_live`` orders: the further it is off, the more of its messages are adds
    (or cancels); it never reaches one and a half times that.

    Args:
      seed: of all draws; any number of `rows` at a time gives the same stream.
      num_live: live orders a side.
      mid_ticks: where the market starts.
      num_ids: ids are ``0 .. num_ids - 1``, taken again when their order is gone; at
        least four times ``num_live`` and four.
    """

    def __init__(
        self,
        seed: int,
        num_live: int,
        *,
        mid_ticks: int = 100_000,
        num_ids: int | None = None,
    ):
        if num_live < 1:
            raise ValueError(f"num_live must be at least 1, not {num_live}")
        self.num_live, self.mid = num_live, mid_ticks
        self.num_ids = 2**31 - 1 if num_ids is None else num_ids
        if self.num_ids < 4 * num_live + 4:
            raise ValueError(f"{num_ids} ids are too few for {num_live} orders a side")
        self._rng = np.random.default_rng(seed)
        self._next_id = self._num_sent = 0
        # Of a live order: [rank, number in time, id, quantity, side, place]; rank is
        # the price with the sign that puts the best first. Heaps forget lazily.
        self._orders: dict[int, list] = {}
        self._ids: tuple[list, list] = ([], [])
        self._heaps: tuple[list, list] = ([], [])

    def opening(self) -> np.ndarray:
        """Adds that fill both sides, ``[2 * num_live, 7]``; call it first."""
        draws = _distances_and_lots(self._rng.random((2 * self.num_live, 2)))
        return _as_rows([self._add(i % 2, *draw) for i, draw in enumerate(draws)])

    def rows(self, num: int) -> np.ndarray:
        """The next ``num`` messages, int32 ``[num, 7]``."""
        u_T5 = self._rng.random((num, 5))
        draws = _distances_and_lots(u_T5[:, 3:])
        out = []
        for (what, which, drift), draw in zip(u_T5[:, :3].tolist(), draws, strict=True):
            if drift < DRIFT:
                self.mid += 1 if drift < DRIFT / 2 else -1
            if what < MARKETABLE and self._ids[0] and self._ids[1]:
                out.append(self._take(what / MARKETABLE, which))
                continue
            # What is left of a draw after a choice is as uniform as the draw was.
            side, which = (0, 2 * which) if which < 0.5 else (1, 2 * which - 1)
            what = (what - MARKETABLE) / (1 - MARKETABLE)
            num_here = len(self._ids[side])
            if num_here == 0 or what < 1.5 - num_here / self.num_live:
                out.append(self._add(side, *draw))
            else:
                out.append(self._cancel(side, which))
        return _as_rows(out)

    def _new_id(self) -> int:
        while self._next_id in self._orders:
            self._next_id = (self._next_id + 1) % self.num_ids
        order_id = self._next_id
        self._next_id = (order_id + 1) % self.num_ids
        return order_id

    def _best(self, side: int) -> list | None:
        """The live order first in line; its heap forgets those that are gone."""
        heap = self._heaps[side]
        while heap and heap[0][3] == 0:
            heappop(heap)
        return heap[0] if heap else None

    def _add(self, side: int, distance: int, lots: int) -> tuple:
        sign = 2 * side - 1
        rank = sign * self.mid + distance + side
        best = self._best(1 - side)
        if best is not None:
            rank = max(rank, 1 - best[0])
        order_id, qty = self._new_id(), (1 + lots) * LOT
        ids, heap = self._ids[side], self._heaps[side]
        self._num_sent += 1
        order = [rank, self._num_sent, order_id, qty, side, len(ids)]
        self._orders[order_id] = order
        ids.append(order_id)
        heappush(heap, order)
        if len(heap) > 64 + 4 * len(ids):
            heap[:] = [order for order in heap if order[3]]
            heapify(heap)
        return (_LIMIT, side, sign * rank, qty, order_id)

    def _cancel(self, side: int, which: float) -> tuple:
        ids = self._ids[side]
        order = self._orders[ids[int(which * len(ids))]]
        row = (_CANCEL, side, (2 * side - 1) * order[0], 0, order[2])
        self._remove(order)
        return row

    def _remove(self, order: list) -> None:
        """Take an order out; the last id of its side's list takes its place there."""
        _, _, order_id, _, side, place = order
        ids = self._ids[side]
        last = ids.pop()
        if last != order_id:
            ids[place] = last
            self._orders[last][5] = place
        order[3] = 0
        del self._orders[order_id]

    def _take(self, what: float, which: float) -> tuple:
        """A marketable order: a limit order if ``what`` is below a half, or IOC."""
        bid, ask = -self._best(0)[0], self._best(1)[0]
        is_buy = self.mid * 2 > bid + ask
        if which > INFORMED:
            is_buy = which > (1 + INFORMED) / 2
            which = (which - INFORMED) / (1 - INFORMED) % 0.5 * 2
        else:
            which /= INFORMED
        side = 0 if is_buy else 1
        num_takes = 1 + (which > TAKES[0]) + (which > TAKES[1])
        qty = 0
        maker = self._best(1 - side)
        for _ in range(num_takes - 1):
            if len(self._ids[1 - side]) < 2:
                break
            qty += maker[3]
            self._remove(maker)
            maker = self._best(1 - side)
        part = max(1, maker[3] // 2)
        price = (1 - 2 * side) * maker[0]
        if part == maker[3]:
            self._remove(maker)
        else:
            maker[3] -= part
        return (_LIMIT if what < 0.5 else _IOC, side, price, qty + part, self._new_id())


def _distances_and_lots(u_T2: np.ndarray) -> list[list[int]]:
    """Geometric distances in ticks and quantities in lots, from uniform draws."""
    mean = np.array([[MEAN_DISTANCE, MEAN_LOTS]])
    return np.floor(np.log1p(-u_T2) / np.log1p(-1 / mean)).astype(int).tolist()


def _as_rows(rows: list[tuple]) -> np.ndarray:
    out = np.zeros((len(rows), len(Message._fields)), np.int32)
    out[:, :5] = np.array(rows, np.int32).reshape(-1, 5)
    out[:, 5] = BACKGROUND_OWNER
    return out
