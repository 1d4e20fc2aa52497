"""Random messages for the exchange, and what a book did in the oracle's form.

A row is ``(kind, side, price, qty, order_id, owner, display)``.
"""

import numpy as np

from marsjax.book.rules import Rules, rules
from marsjax.types import Event, EventKind, Kind, Message, Phase, Side
from tests.oracle import Oracle, OracleRules

# How often each kind comes in a day that has everything in it.
EVERYTHING = {
    Kind.LIMIT: 30,
    Kind.CANCEL: 12,
    Kind.MODIFY: 12,
    Kind.IOC: 5,
    Kind.COLLECT: 2,
    Kind.MARKET: 8,
    Kind.FOK: 7,
    Kind.POST_ONLY: 4,
    Kind.POST_ONLY_SLIDE: 5,
    Kind.MASS_CANCEL: 2,
    Kind.PHASE: 5,
    Kind.UNCROSS: 2,
    Kind.NONE: 2,
    Kind.HALT: 1,
}
# Orders of plain continuous trading, as on most tapes.
PLAIN = {Kind.LIMIT: 50, Kind.CANCEL: 35, Kind.IOC: 5, Kind.MODIFY: 10}


def random_rows(
    rng: np.random.Generator,
    num: int,
    kinds: dict[Kind, int],
    *,
    num_ids: int = 40,
    window: int = 12,
    mid: int = 100,
    reach: int = 3,
    depth: int = 6,
    max_qty: int = 9,
    num_owners: int = 4,
    tick: int = 1,
    lot: int = 1,
    bad: float = 0.02,
) -> np.ndarray:
    """Rows ``[num, 7]`` with some of everything, bad input among them.

    Args:
      kinds: weights of the kinds.
      num_ids: new orders take so many ids in turn, so that some are live already.
      window: cancels and modifies name one of so many rows before.
      mid, reach, depth: buys are priced in ``[mid - depth, mid + reach]``, sells alike.
      tick, lot: most prices (their distances, too) and quantities are multiples of it.
      bad: share of rows with a value that no message may have.
    """

    def chance(share):
        return rng.random(num) < share

    weight = np.array(list(kinds.values()), float)
    kind = rng.choice([int(k) for k in kinds], num, p=weight / weight.sum())
    if Kind.UNCROSS in kinds:  # an auction ends before the phase does, half the time
        ends = np.append(kind[1:] == Kind.PHASE, False) & chance(0.5)
        kind = np.where(ends, int(Kind.UNCROSS), kind)
    side = rng.integers(0, 2, num)
    away = rng.integers(-depth, reach + 1, num) * tick + chance(0.03)
    price = mid // tick * tick + np.where(side == 0, 1, -1) * away
    qty = rng.integers(1, max_qty + 1, num)
    qty = np.where(chance(0.95), -(-qty // lot) * lot, qty)
    owner = rng.integers(0, num_owners, num)
    display = np.where(chance(0.3), rng.integers(1, max_qty, num), 0)

    # Cancels and modifies name an order sent before, many modifies at its price.
    index = np.arange(num)
    is_modify, is_cancel = kind == Kind.MODIFY, kind == Kind.CANCEL
    back = np.where(is_modify | is_cancel, rng.integers(1, window + 1, num), 0)
    order_id = (index - back) % num_ids
    before = price[np.maximum(index - back, 0)]
    price = np.where(is_modify & chance(0.5), before, price)
    qty = np.where(is_cancel & chance(0.6), 0, qty)

    phases = [Phase.CONTINUOUS] * 9 + [Phase.COLLECT] * 5
    phases += [Phase.COLLECT_FINAL, Phase.HALTED, Phase.CLOSED]
    is_phase = kind == Kind.PHASE
    qty = np.where(is_phase, rng.choice([int(p) for p in phases], num), qty)
    price = np.where(is_phase & chance(0.5), 0, price)

    rows = np.stack([kind, side, price, qty, order_id, owner, display], axis=-1)
    values = np.array([-1, 0, 2, 5, 17, 2**28, 2**28 + 1, 2**31 - 1, -(2**31)])
    spoilt = rng.choice(values, rows.shape)
    is_spoilt = rng.random(rows.shape) < bad / rows.shape[1]
    return np.where(is_spoilt, spoilt, rows).astype(np.int32)


def to_message(rows, length: int | None = None) -> Message:
    """Rows as a stream, padded to a length with messages that do nothing."""
    rows = np.asarray(rows, np.int32).reshape(-1, len(Message._fields))
    if length is not None:
        rows = np.pad(rows, ((0, length - len(rows)), (0, 0)))
    return Message(*rows.T)


def to_rules(oracle_rules: OracleRules) -> Rules:
    return rules(**vars(oracle_rules))


def as_tuples(events: Event) -> list[tuple]:
    """Events as the oracle gives them."""
    columns = (
        events.kind,
        events.order_id,
        events.maker_id,
        events.price_ticks,
        events.qty,
        events.reason,
        events.refill_qty,
    )
    return [
        (k, i, m, None if k == EventKind.REJECT else p, q, r, f)
        for k, i, m, p, q, r, f in zip(
            *(np.asarray(x).tolist() for x in columns), strict=True
        )
    ]


SLOT_FIELDS = ("price_ticks", "seq", "order_id", "owner", "qty", "hidden", "display")


def live_orders(book, side: int) -> list[tuple]:
    """Live orders of a side by priority: price, seq, id, owner, displayed, hidden,
    display."""
    columns = [np.asarray(book.field(name))[side].tolist() for name in SLOT_FIELDS]
    orders = [row for row in zip(*columns, strict=True) if row[4] > 0]
    sign = -1 if side == Side.BUY else 1
    return sorted(orders, key=lambda row: (sign * row[0], row[1]))


def assert_same_state(book, oracle: Oracle) -> None:
    """A book holds what the oracle holds, order for order and number for number."""
    for side in Side:
        want = [
            (o.price, o.seq, o.order_id, o.owner, o.displayed, o.hidden, o.display)
            for o in oracle.orders(side)
        ]
        assert live_orders(book, side) == want
    numbers = {
        "total_qty": [side.total for side in oracle.sides],
        "next_seq": oracle.next_seq,
        "last_price": oracle.last_price,
        "reference": oracle.reference,
        "phase": oracle.phase,
        "status": oracle.status,
    }
    assert {
        "total_qty": np.asarray(book.total_qty_S).tolist(),
        "next_seq": int(book.next_seq),
        "last_price": int(book.last_price_ticks),
        "reference": int(book.reference_ticks),
        "phase": int(book.phase),
        "status": int(book.status),
    } == numbers
