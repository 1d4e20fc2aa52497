"""The exchange: a pure function from (book, message) to (book, events).

Integers only, unbatched, no randomness; ``vmap`` at the edge. It acts one fill at a
time (`match`), which `submit` repeats for one message, `stream` for a tape and `many`
for a batch of books.

How orders are kept, and why. A flat array of slots needs no pointers and no sorting,
but every message scans all of it: one book went from 273 thousand messages a second at
128 slots a side to 64 thousand at 4,096. Sorted arrays shift on every insert; queues
linked through price levels need scatters, a bounded range of prices and a table of
handles. So slots are in blocks, and of each block the best order and the room are
cached (`slots`). An order goes to the block that its id hashes to, so finding it by id
reads one block and there are no handles to keep. A message reads about 2 sqrt(N) values
instead of N; nothing is bounded, and where a block is full the order goes to another
one at the price of a longer search for the ids of that block alone.

How it is compiled, and why. Each action is a few hundred scalar operations; what costs
is dispatching them. On a CPU the loop over messages and books is one function
(`kernel`, `batching`), in which a book stays in the cache and is written in place; that
made a single book ten times faster. On an accelerator it is ``vmap``, or a Pallas
kernel that keeps a book in registers for a whole stream (`pallas`). All are the same
source, `advance`, and give the same integers. `marsjax bench book` measures them.

Rules, phases and self-trade prevention are data in the book (`rules`); days and venues
are data beside it (`sessions`, `day`, `venue`, `presets`); cash, positions and fees are
kept in `accounts` and checked in `checked`.
"""

from marsjax.book.auction import Indicative, indicative
from marsjax.book.ladder import Ladder
from marsjax.book.many import ManyResult, run_many
from marsjax.book.room import guess_slots
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
from marsjax.book.watch import watch, watch_blocks

__all__ = [
    "Book",
    "Indicative",
    "Ladder",
    "Levels",
    "LiveOrders",
    "ManyResult",
    "Quote",
    "Rules",
    "StreamResult",
    "TieBreak",
    "guess_slots",
    "indicative",
    "init",
    "level2",
    "live_orders",
    "quote",
    "run",
    "run_many",
    "submit",
    "volumes_around_mid",
    "watch",
    "watch_blocks",
    "with_slots",
]
