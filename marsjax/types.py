"""The vocabulary every part of marsjax shares.

Dimension key for the suffixes of array names: B markets, L tokens in context,
T messages in time, S the two sides of a book, N order slots a side, K price levels
shown, A agents, D model width, H heads, F feed-forward or features, V vocabulary.

Units: ``price_ticks`` counts ticks, ``qty`` counts shares (or the smallest unit of
the instrument), time is ``(time_s, time_ns)``, seconds after midnight and the
nanoseconds within that second. Everything the exchange touches is int32.
"""

from enum import IntEnum, IntFlag
from typing import Any, NamedTuple

# A jax or numpy array; chex checks shapes and dtypes where it matters.
Array = Any

MAX_PRICE_TICKS = 2**28
"""Prices lie in ``[1, MAX_PRICE_TICKS]``: sums and differences of twice as much, such
as distances from twice the mid, then fit an int32."""

BACKGROUND_OWNER = 0
"""Owner of orders nobody else claims: those of a tape and of the model."""


class Side(IntEnum):
    """Side of an order. ``1 - side`` is the opposite one."""

    BUY = 0
    SELL = 1


class Kind(IntEnum):
    """What a row of the canonical message stream asks for or records.

    The exchange acts on ``LIMIT`` to ``COLLECT`` and from ``MARKET`` on. Those between
    are records of a tape that have no order to act on; readers keep them so that
    nothing is lost in silence.
    """

    NONE = 0  # padding: changes nothing
    LIMIT = 1  # match what crosses, rest what is left
    IOC = 2  # immediate-or-cancel: match what crosses, cancel what is left
    CANCEL = 3  # take `qty` off a resting order; 0, or all that is left, removes it
    MODIFY = 4  # give a resting order a new price and a new open quantity
    COLLECT = 5  # rest without matching: a call auction's order, or an opening book
    AUCTION_FILL = 6  # a call auction filled `qty` of order `order_id`
    HIDDEN_FILL = 7  # an execution against an order the tape does not show
    CROSS = 8  # a print outside the book, such as an auction cross
    HALT = 9  # trading halted or resumed
    MARKET = 10  # match at any price, cancel what is left; waits in an auction
    FOK = 11  # fill-or-kill: match all of it at once or reject it
    POST_ONLY = 12  # rest, or reject if it would match
    POST_ONLY_SLIDE = 13  # rest, one tick behind the best opposite if it would match
    MASS_CANCEL = 14  # take off every order of `owner`, oldest first
    PHASE = 15  # the exchange moves to phase `qty` (see `Phase`)
    UNCROSS = 16  # the exchange ends a call auction: one price, all that crosses


class Phase(IntEnum):
    """What the exchange does with orders now."""

    CONTINUOUS = 0  # match as orders come
    COLLECT = 1  # a call auction: orders rest and may be cancelled
    COLLECT_FINAL = 2  # a call auction whose orders can no longer be taken back
    HALTED = 3  # no new orders; cancels are taken
    CLOSED = 4  # nothing is taken


class SelfTrade(IntEnum):
    """What happens where an order would meet one of its own owner's."""

    OFF = 0  # they trade
    CANCEL_NEWEST = 1  # what is left of the incoming order expires
    CANCEL_OLDEST = 2  # the resting order is taken off, the incoming one goes on
    CANCEL_BOTH = 3  # the resting order is taken off and the incoming one expires
    DECREMENT = 4  # both lose the smaller quantity, without a trade


class EventKind(IntEnum):
    """One elementary action of the exchange."""

    NONE = 0  # nothing happened (padding, or the message was done already)
    REST = 1  # `qty` of the order now rests at `price_ticks`
    FILL = 2  # `qty` traded at the resting order's price
    CANCEL = 3  # `qty` of a resting order taken off
    REPLACE = 4  # a resting order's quantity lowered in place, priority kept
    EXPIRE = 5  # what is left, `qty`, of an order that does not rest, or may not
    REJECT = 6  # refused; `reason` holds the status bits
    DECREMENT = 7  # self-trade prevention took `qty` off both orders, no trade
    AUCTION_FILL = 8  # a call auction filled `qty` of the order at `price_ticks`
    UNCROSS = 9  # a call auction ended: `qty` traded at `price_ticks` (0: none)
    PHASE = 10  # the exchange moved to phase `qty`


class Status(IntFlag):
    """Sticky bits: what has gone wrong in a book or a market since it was made."""

    OK = 0
    BOOK_FULL = 1
    UNKNOWN_ID = 2
    DUPLICATE_ID = 4
    BAD_QTY = 8
    BAD_PRICE = 16
    BAD_SIDE = 32
    BAD_KIND = 64
    EVENTS_TRUNCATED = 128
    SESSION_OVER = 256
    TOTAL_QTY = 512
    NOT_FILLABLE = 1024
    WOULD_MATCH = 2048
    SELF_TRADE = 4096
    PHASE = 8192
    TICK = 16384
    LOT = 32768
    PRICE_LIMIT = 65536
    COLLAR = 131072
    HALT = 262144
    NO_ORDERS = 524288
    BAD_ID = 1048576
    SEQUENCE = 2097152
    NO_CASH = 4194304
    NO_POSITION = 8388608


STATUS_TEXT = {
    Status.BOOK_FULL: "a side of the book was full and the rest of an order was "
    "rejected: use more slots",
    Status.UNKNOWN_ID: "a cancel or modify named an order that is not in the book",
    Status.DUPLICATE_ID: "a new order used the id of a live order and was rejected",
    Status.BAD_QTY: "a message had a quantity that is not allowed and was rejected",
    Status.BAD_PRICE: "a message had a price outside [1, 2**28] ticks and was rejected",
    Status.BAD_SIDE: "a message had a side other than 0 (buy) or 1 (sell)",
    Status.BAD_KIND: "a message had a kind that the exchange does not know",
    Status.EVENTS_TRUNCATED: "a message had more events than the buffer holds; the "
    "book is right, the list of events is cut: raise max_events",
    Status.TOTAL_QTY: "the rest of an order would have taken its side of the book past "
    "2**31 - 1 shares and was rejected: count in larger lots",
    Status.SESSION_OVER: "the session ended before the requested number of orders",
    Status.NOT_FILLABLE: "a fill-or-kill order could not be filled whole",
    Status.WOULD_MATCH: "a post-only order would have matched and was rejected",
    Status.SELF_TRADE: "an order met one of its own owner's",
    Status.PHASE: "a message came in a phase that does not take it, such as a closed "
    "market, and was rejected",
    Status.TICK: "a price off the tick grid was rejected",
    Status.LOT: "a quantity off the lot grid or above the largest order was rejected",
    Status.PRICE_LIMIT: "a price outside the day's limits was rejected",
    Status.COLLAR: "a price too far through the market was rejected",
    Status.HALT: "a trade too far from the reference price halted the market; the rest "
    "of the order was rejected",
    Status.NO_ORDERS: "a mass cancel found no order of its owner",
    Status.BAD_ID: "a new order had a negative id and was rejected",
    Status.SEQUENCE: "the book's sequence counter is used up: start a new book",
    Status.NO_CASH: "an account could not pay for an order, which was rejected",
    Status.NO_POSITION: "an account did not hold what an order sells; it was rejected",
}


def explain(status: int) -> list[str]:
    """One sentence for each bit set in ``status`` (host side)."""
    return [text for bit, text in STATUS_TEXT.items() if int(status) & bit]


class Message(NamedTuple):
    """A message to the exchange; every field int32, unbatched or ``[T]``.

    ``kind``: :class:`Kind`. ``side``: :class:`Side` (ignored by cancel and modify,
    which find the order by id). ``price_ticks``: limit price (ignored by cancel).
    ``qty``: shares. ``order_id``: the order, non-negative. ``owner``: who sent it.
    ``display_qty``: what an iceberg shows at a time; 0 shows all of it, and ``None``
    (no array at all) says that the stream has no icebergs.
    """

    kind: Array
    side: Array
    price_ticks: Array
    qty: Array
    order_id: Array
    owner: Array
    display_qty: Array | None = None


class Event(NamedTuple):
    """One elementary action of the exchange; every field int32.

    A message's events come in order and the last one has ``is_last = 1``.
    ``order_id``/``owner`` are the acting order's, ``maker_id``/``maker_owner`` the
    resting order's (-1 unless a fill), ``side`` the acting order's side.
    ``reason`` holds :class:`Status` bits of a reject, or of an expiry or cancel by
    self-trade prevention. ``refill_qty`` is what an iceberg that was filled shows anew,
    at the back of its queue (else 0). ``kind``: :class:`EventKind`.

    The last event is the message's one acknowledgement, or its reject.
    """

    kind: Array
    side: Array
    price_ticks: Array
    qty: Array
    order_id: Array
    owner: Array
    maker_id: Array
    maker_owner: Array
    reason: Array
    is_last: Array
    refill_qty: Array
