"""Streams of messages: one flat loop of elementary actions with its own read position.

`run_chunk` is the pure function; `run` calls it from the host until the stream is read.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from marsjax.book.batching import Inbox, Outbox, for_each_book
from marsjax.book.integers import to_int32
from marsjax.book.match import advance
from marsjax.book.pallas import make_pallas_chunk
from marsjax.book.pending import Pending, nothing_pending
from marsjax.book.state import Book, Working, with_slots
from marsjax.types import Array, Event, EventKind, Message, Status

ObserveFn = Callable[[Book], Any]

NUM_VALUES = len(Event._fields) + 1

BLOCK_SIZES = (1024, 8192)
"""Messages of a block of a short stream and of any other."""

_FULL = int(Status.BOOK_FULL)


class Cursor(NamedTuple):
    """Where a book stands in its stream."""

    position: Array  # index of the message in flight, or of the next one to read
    pending: Pending


class StreamResult(NamedTuple):
    """What a stream did, as numpy arrays in order.

    ``events``: ``[E]`` each; ``message_index``: ``[E]`` the message of each event;
    ``observations``: what ``observe_fn`` saw after each message, leading axis T.
    """

    book: Book
    events: Event
    message_index: np.ndarray
    observations: Any


@partial(
    jax.jit,
    static_argnames=("num_actions", "observe_fn"),
    donate_argnames=("book", "cursor"),
)
def run_chunk(
    book: Book,
    cursor: Cursor,
    messages_T: Message,
    *,
    num_actions: int,
    observe_fn: ObserveFn | None = None,
):
    """Take ``num_actions`` elementary actions on a stream; unbatched, jitted.

    Args:
      book: the book (donated).
      cursor: where it stands (donated).
      messages_T: the stream.
      num_actions: actions to take; beyond the end of the stream there are none.
      observe_fn: called on the book after each action.

    Returns:
      ``(book, cursor, (event, position, observation))``, the last with a leading axis
      ``num_actions``; an observation belongs to its message where ``is_last`` is 1.
    """
    rows_TM = packed(messages_T)
    if observe_fn is None:
        book, cursor, rows_VA = make_chunk(num_actions)(book, cursor, rows_TM)
        return book, cursor, (*unpacked(rows_VA), ())

    def action(carry, _):
        book, cursor = carry
        book, cursor, rows_VA = make_chunk(1)(book, cursor, rows_TM)
        return (book, cursor), (rows_VA[:, 0], observe_fn(book))

    (book, cursor), (rows_AV, seen) = lax.scan(
        action, (book, cursor), length=num_actions, xs=None
    )
    return book, cursor, (*unpacked(rows_AV.T), seen)


def packed(messages_T: Message) -> Array:
    """Messages as rows ``[..., T, 7]``."""
    display = messages_T.display_qty
    if display is None:
        display = jnp.zeros_like(messages_T.kind)
    return jnp.stack([*messages_T[:6], display], axis=-1)


def unpacked(rows: Array) -> tuple[Event, Array]:
    """Events and the positions of their messages from rows ``[..., 12, A]``."""
    columns = [rows[..., v, :] for v in range(NUM_VALUES)]
    return Event(*columns[:-1]), columns[-1]


@lru_cache
def make_chunk(num_actions: int, implementation: str = "auto"):
    """A function that takes so many elementary actions of a stream.

    Args:
      num_actions: rows of the buffer; the function ends earlier with the stream.
      implementation: see :func:`marsjax.book.batching.for_each_book`; or ``"pallas"``,
        a kernel for accelerators (`marsjax.book.pallas`).

    Returns:
      a function of a book, its cursor and messages as `packed` makes them, to the
      book, its cursor and rows that `unpacked` reads. ``vmap`` it.
    """
    if implementation == "pallas":
        return make_pallas_chunk(num_actions)

    def one(work: Working, cursor: Cursor, inbox: Inbox, outbox: Outbox):
        length = inbox.rows_BTM.shape[1]

        def goes_on(carry):
            i, _, (position, _), _ = carry
            return (i < num_actions) & (position < length)

        def action(carry):
            i, work, (position, pending), outbox = carry
            message = Message(*inbox.read(position))
            work, event, pending = advance(work, message, pending)
            outbox = outbox.write(i, jnp.stack([*event, position]))
            return i + 1, work, Cursor(position + event.is_last, pending), outbox

        start = (jnp.int32(0), work, cursor, outbox)
        return lax.while_loop(goes_on, action, start)[1:]

    return for_each_book(one, NUM_VALUES, num_actions, implementation)


def start_cursor() -> Cursor:
    """A cursor at the first message."""
    return Cursor(jnp.zeros((), jnp.int32), nothing_pending())


def run(
    book: Book,
    messages_T: Message,
    *,
    observe_fn: ObserveFn | None = None,
    chunk_size: int = 8192,
    progress_fn: Callable[[int], None] | None = None,
    max_slots: int | None = None,
) -> StreamResult:
    """Run a stream of messages through one book; host-side driver of `run_chunk`.

    Messages go in blocks of one of `BLOCK_SIZES`, the last one padded, so that streams
    of any length share compilations.

    Args:
      book: the book before the stream; it is donated.
      messages_T: int32 arrays ``[T]``, numpy or jax.
      observe_fn: a jittable view of the book to record after each message; the same
        function object must be passed again to reuse the compilation.
      chunk_size: elementary actions a device call (less for short streams).
      progress_fn: called with the number of messages read so far.
      max_slots: double the book's slots, up to this many a side, instead of rejecting
        an order for want of room; by default the book keeps its size.
    """
    messages_T = jax.tree.map(lambda x: np.asarray(to_int32(x)), messages_T)
    num = len(messages_T.kind)
    size = block_size(num)
    chunk_size = min(chunk_size, size)
    book = jax.tree.map(jnp.array, book)
    parts = []
    for start in range(0, max(num, 1), size):
        stop = min(start + size, num)
        block_T = padded(messages_T, start, stop, size)
        cursor, is_new = start_cursor(), True
        while is_new or int(cursor.position) < stop - start:
            # Donation takes the buffers: what a rewind needs is copied first.
            may_grow = max_slots is not None and 2 * book.num_slots <= max_slots
            before = jax.tree.map(jnp.array, (book, cursor)) if may_grow else None
            book, cursor, out = run_chunk(
                book, cursor, block_T, num_actions=chunk_size, observe_fn=observe_fn
            )
            if before is not None and int(book.status & ~before[0].status) & _FULL:
                book = with_slots(before[0], 2 * before[0].num_slots)
                cursor = before[1]
                continue
            is_new = False
            event, position, seen = jax.tree.map(np.asarray, out)
            parts.append((event, position + start, seen))
            if progress_fn is not None:
                progress_fn(min(start + int(cursor.position), num))
    event, position, seen = jax.tree.map(lambda *xs: np.concatenate(xs), *parts)
    is_done = (event.is_last == 1) & (position < num)
    happened = (event.kind != EventKind.NONE) & (position < num)
    return StreamResult(
        book=book,
        events=jax.tree.map(lambda x: x[happened], event),
        message_index=position[happened],
        observations=jax.tree.map(lambda x: x[is_done], seen),
    )


def block_size(num_messages: int) -> int:
    """The smallest of `BLOCK_SIZES` that holds a stream, or the largest."""
    return next((s for s in BLOCK_SIZES if s >= num_messages), BLOCK_SIZES[-1])


def padded(messages_T: Message, start: int, stop: int, size: int) -> Message:
    """Messages from ``start`` to ``stop``, numpy, and none at all up to ``size``."""
    pad = (0, start + size - stop)
    return jax.tree.map(lambda x: np.pad(x[start:stop], pad), messages_T)
