"""One message at a time: `submit` carries a message through to its last event."""

from functools import lru_cache

import jax
import jax.numpy as jnp
from jax.custom_batching import custom_vmap

from marsjax.book.integers import to_int32
from marsjax.book.match import Pending, advance, nothing_pending
from marsjax.book.state import Book
from marsjax.types import Array, Event, Kind, Message, Status


def submit(
    book: Book,
    message: Message,
    *,
    max_events: int | None = 16,
    keep_priority: bool = True,
) -> tuple[Book, Event]:
    """Match one message against the book.

    Works under ``jit``, ``scan`` and ``vmap``. Under ``vmap`` the whole batch takes
    elementary actions until its slowest market is done; the others stand still without
    their books being copied.

    Args:
      book: the book, unbatched.
      message: the message, unbatched int32 scalars.
      max_events: E, rows of the event buffer. A message with more events is still
        matched exactly; its surplus events are not listed and the book's status gets
        `EVENTS_TRUNCATED`. The last row always holds the last event. ``None`` asks for
        the last event alone, in one row, and then nothing counts as cut.
      keep_priority: see :func:`marsjax.book.match.advance`.

    Returns:
      the book after the message, and its events ``[E]``, unused rows of kind ``NONE``.
    """
    if max_events is not None and max_events < 1:
        raise ValueError(f"max_events must be at least 1 or None, not {max_events}")
    message = jax.tree.map(lambda x: jnp.asarray(to_int32(x)), message)
    return _make_submit(max_events, keep_priority)(book, message)


@lru_cache
def _make_submit(max_events: int | None, keep_priority: bool):
    """`submit` with its static arguments fixed and its own rule for batching."""
    is_listed = max_events is not None
    num_rows = max_events if is_listed else 1

    def no_events() -> Event:
        # One array a field: a loop's buffers must not be shared.
        rows = (jnp.zeros((num_rows,), jnp.int32) for _ in Event._fields)
        return Event(*rows)

    def action(
        book: Book, message: Message, pending: Pending, row: Array, events: Event
    ):
        # A market that is done (row < 0) sees padding, which writes nothing.
        is_active = row >= 0
        kind = jnp.where(is_active, message.kind, int(Kind.NONE))
        book, event, pending = advance(
            book, message._replace(kind=kind), pending, keep_priority=keep_priority
        )
        is_last = event.is_last == 1
        keeps_row = (row < num_rows - 1) | is_last
        slot = jnp.where(
            is_active & keeps_row, jnp.minimum(row, num_rows - 1), num_rows
        )
        events = jax.tree.map(
            lambda buffer, x: buffer.at[slot].set(x, mode="drop"), events, event
        )
        overflow = is_active & is_listed & (row >= num_rows)
        status = jnp.where(overflow, jnp.uint32(Status.EVENTS_TRUNCATED), jnp.uint32(0))
        book = book.replace(status=book.status | status)
        row = jnp.where(is_active & ~is_last, row + 1, -1)
        return book, pending, row, events

    def loop(action_fn, is_running, book, message, pending, row, events):
        def body(carry):
            book, pending, row, events = carry
            return action_fn(book, message, pending, row, events)

        carry = (book, pending, row, events)
        book, _, _, events = jax.lax.while_loop(
            lambda carry: is_running(carry[2]), body, carry
        )
        return book, events

    def start():
        return nothing_pending(), jnp.zeros((), jnp.int32), no_events()

    @custom_vmap
    def run(book: Book, message: Message) -> tuple[Book, Event]:
        return loop(action, lambda row: row >= 0, book, message, *start())

    @run.def_vmap
    def run_batch(axis_size, in_batched, book, message):
        def spread(is_batched, x):
            return x if is_batched else jnp.broadcast_to(x, (axis_size, *x.shape))

        book, message = jax.tree.map(spread, tuple(in_batched), (book, message))
        # A fresh buffer for each market, so that the loop may write in place.
        pending, row, events = jax.tree.map(
            lambda x: jnp.broadcast_to(x, (axis_size, *x.shape)), start()
        )
        out = loop(
            jax.vmap(action),
            lambda row_B: jnp.any(row_B >= 0),
            book,
            message,
            pending,
            row,
            events,
        )
        return out, jax.tree.map(lambda _: True, out)

    return run
