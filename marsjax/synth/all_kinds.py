"""Every kind of message, and bad input, made of a stream's plain ones.

What the stream believes of its book is then no longer true: an id that it takes for
free may be live, one that it cancels may be gone. Both are messages worth sending, and
neither lasts, for ids come round again.
"""

import numpy as np

from marsjax.synth.random_stream import LOT
from marsjax.types import Kind, Message, Phase, Side

KIND, SIDE, PRICE, QTY, ID, OWNER, DISPLAY = range(len(Message._fields))
ODD_VALUES = (-1, 0, 2, 5, 17, 2**28, 2**28 + 1, 2**31 - 1, -(2**31))
ODD_KINDS = (Kind.NONE, Kind.AUCTION_FILL, Kind.HIDDEN_FILL, Kind.CROSS, Kind.HALT, 17)
# Phases that are left again after some messages; most are auctions that end in a price.
BREAKS = (Phase.COLLECT, Phase.COLLECT, Phase.COLLECT, Phase.COLLECT_FINAL)
BREAKS += (Phase.HALTED, Phase.CLOSED)


def with_all_kinds(
    rng: np.random.Generator,
    rows: np.ndarray,
    num_ids: int,
    *,
    rare: float = 1e-3,
    bad: float = 2e-3,
    num_owners: int = 8,
) -> np.ndarray:
    """A changed copy of rows of :class:`marsjax.synth.random_stream.RandomStream`.

    Of the limit orders some become post-only (rejecting or sliding), icebergs, orders
    that only collect, or reach through the opposite side; of the cancels a tenth
    takes off a part and a tenth is a modify, many of these in place; of the
    immediate-or-cancel orders a third becomes market orders. One new order in a hundred
    has an id drawn from all, as has one cancel.

    Args:
      rng: of the draws.
      rows: ``[T, 7]``.
      num_ids: ids are drawn below this.
      rare: chance a message of what costs a walk through the book: a fill-or-kill, and
        at a tenth of it each a mass cancel and the start of an auction or halt of 20
        to 200 messages; twice as often trading is told to go on.
      bad: chance a message that one field has an odd value or the kind is none to act
        on.
      num_owners: owners are drawn below this; 0 is everybody else.
    """
    num, rows = len(rows), rows.copy()

    def some(where: np.ndarray, share: float) -> np.ndarray:
        return where & (rng.random(num) < share)

    def put(where: np.ndarray, column: int, values) -> None:
        rows[where, column] = np.broadcast_to(values, num)[where]

    kind = rows[:, KIND].copy()
    is_new = (kind == Kind.LIMIT) | (kind == Kind.IOC)
    put(is_new, OWNER, rng.integers(0, num_owners, num))
    put(some(is_new, 0.2), DISPLAY, rng.integers(LOT // 4, 3 * LOT, num))
    towards = np.where(rows[:, SIDE] == Side.BUY, 1, -1) * rng.integers(1, 12, num)
    put(some(kind == Kind.LIMIT, 0.08), PRICE, rows[:, PRICE] + towards)
    for share, to in (
        (0.06, Kind.POST_ONLY),
        (0.06, Kind.POST_ONLY_SLIDE),
        (0.02, Kind.COLLECT),
    ):
        put(some(kind == Kind.LIMIT, share), KIND, int(to))
    put(some(kind == Kind.IOC, 0.33), KIND, int(Kind.MARKET))
    put(some(is_new, 2 * rare), KIND, int(Kind.FOK))

    is_cancel = kind == Kind.CANCEL
    choice = rng.random(num)
    put(is_cancel & (choice < 0.2), QTY, rng.integers(1, 2 * LOT, num))
    is_modify = is_cancel & (choice < 0.1)
    put(is_modify, KIND, int(Kind.MODIFY))
    put(some(is_modify, 0.5), PRICE, rows[:, PRICE] + towards)
    put(some(is_modify, 0.5), QTY, rng.integers(1, 6 * LOT, num))

    put(some(is_new | is_cancel, 0.01), ID, rng.integers(0, num_ids, num))
    is_odd = rng.random(num) < bad
    column = rng.integers(0, len(Message._fields), num)
    rows[is_odd, column[is_odd]] = rng.choice(ODD_VALUES, num)[is_odd]
    # A vast iceberg would trade millions of times.
    put(rows[:, QTY] > 2**20, DISPLAY, 0)
    put(some(is_odd, 0.3), KIND, rng.choice([int(k) for k in ODD_KINDS], num))

    is_mass = rng.random(num) < rare / 10
    put(is_mass, KIND, int(Kind.MASS_CANCEL))
    put(is_mass, OWNER, rng.integers(0, num_owners, num))
    # Trading goes on, from a new reference price, wherever a rule has halted it.
    is_start = some(is_new, 2 * rare)
    put(is_start, KIND, int(Kind.PHASE))
    put(is_start, QTY, int(Phase.CONTINUOUS))
    for start in np.flatnonzero(rng.random(num) < rare / 10):
        _break(rng, rows, start)
    return rows


def _break(rng: np.random.Generator, rows: np.ndarray, start: int) -> None:
    """An auction or a halt from this row on, and the end of it; in place."""
    end = start + int(rng.integers(20, 200))
    if end + 1 >= len(rows):
        return
    phase = int(rng.choice([int(p) for p in BREAKS]))
    reference = int(rows[start, PRICE]) if rng.random() < 0.5 else 0
    rows[start] = (Kind.PHASE, 0, reference, phase, 0, 0, 0)
    if phase in (Phase.COLLECT, Phase.COLLECT_FINAL) and rng.random() < 0.9:
        rows[end] = (Kind.UNCROSS, 0, 0, 0, 0, 0, 0)
    rows[end + 1] = (Kind.PHASE, 0, 0, int(Phase.CONTINUOUS), 0, 0, 0)
