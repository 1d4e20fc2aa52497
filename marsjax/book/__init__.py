"""The exchange: a pure function from (book, message) to (book, events).

Integers only, unbatched, no randomness; ``vmap`` at the edge. Orders sit in flat slots
and priority is the minimum of (price, sequence): no sorting, no linked lists. The
exchange acts one fill at a time (`match`), which `submit` repeats for one message and
`stream` for a whole tape.
"""

from marsjax.book.auction import Indicative, indicative
from marsjax.book.many import ManyResult, run_many
from marsjax.book.rules import Rules, TieBreak
from marsjax.book.state import Book, init, with_slots
from marsjax.book.stream import StreamResult, run
from marsjax.book.submit import submit
from marsjax.book.views import (
    Levels,
    LiveOrders,
    Quote,
    level2,
    live_orders,
    quote,
    volumes_around_mid,
)

__all__ = [
    "Book",
    "Indicative",
    "Levels",
    "LiveOrders",
    "ManyResult",
    "Quote",
    "Rules",
    "StreamResult",
    "TieBreak",
    "indicative",
    "init",
    "level2",
    "live_orders",
    "quote",
    "run",
    "run_many",
    "submit",
    "volumes_around_mid",
    "with_slots",
]
