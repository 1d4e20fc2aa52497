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

    The exchange acts on ``LIMIT`` to ``COLLECT``. The rest are records of a tape that
    have no order to act on; readers keep them so that nothing is lost in silence.
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


class EventKind(IntEnum):
    """One elementary action of the exchange."""

    NONE = 0  # nothing happened (padding, or the message was done already)
    REST = 1  # `qty` of the order now rests at `price_ticks`
    FILL = 2  # `qty` traded at the resting order's price
    CANCEL = 3  # `qty` of a resting order taken off
    REPLACE = 4  # a resting order's quantity lowered in place, priority kept
    EXPIRE = 5  # unfilled remainder `qty` of an immediate-or-cancel order
    REJECT = 6  # refused; `reason` holds the status bits


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
}


def explain(status: int) -> list[str]:
    """One sentence for each bit set in ``status`` (host side)."""
    return [text for bit, text in STATUS_TEXT.items() if int(status) & bit]


class Message(NamedTuple):
    """A message to the exchange; every field int32, unbatched or ``[T]``.

    ``kind``: :class:`Kind`. ``side``: :class:`Side` (ignored by cancel and modify,
    which find the order by id). ``price_ticks``: limit price (ignored by cancel).
    ``qty``: shares. ``order_id``: the order, non-negative. ``owner``: who sent it.
    """

    kind: Array
    side: Array
    price_ticks: Array
    qty: Array
    order_id: Array
    owner: Array


class Event(NamedTuple):
    """One elementary action of the exchange; every field int32.

    A message's events come in order and the last one has ``is_last = 1``.
    ``order_id``/``owner`` are the acting order's, ``maker_id``/``maker_owner`` the
    resting order's (-1 unless a fill), ``side`` the acting order's side.
    ``reason`` holds :class:`Status` bits of a reject. ``kind``: :class:`EventKind`.
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
