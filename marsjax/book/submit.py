"""One message at a time: `submit` carries a message through to its last event."""

from functools import lru_cache

import jax
import jax.numpy as jnp
from jax import lax

from marsjax.book.batching import Inbox, Outbox, for_each_book
from marsjax.book.integers import to_int32
from marsjax.book.match import advance
from marsjax.book.pending import nothing_pending
from marsjax.book.state import Book, Working
from marsjax.types import Event, EventKind, Message, Status


def submit(
    book: Book, message: Message, *, max_events: int | None = 16
) -> tuple[Book, Event]:
    """Match one message against the book.

    Works under ``jit``, ``scan`` and ``vmap`` (see `marsjax.book.batching`).

    Args:
      book: the book, unbatched.
      message: the message, unbatched int32 scalars.
      max_events: E, rows of the event buffer. A message with more events is still
        matched exactly; its surplus events are not listed and the book's status gets
        `EVENTS_TRUNCATED`. The last row always holds the last event. ``None`` asks for
        the last event alone, in one row, and then nothing counts as cut.

    Returns:
      the book after the message, and its events ``[E]``, unused rows of kind ``NONE``.
    """
    if max_events is not None and max_events < 1:
        raise ValueError(f"max_events must be at least 1 or None, not {max_events}")
    message = jax.tree.map(lambda x: jnp.asarray(to_int32(x)), message)
    if message.display_qty is None:
        message = message._replace(display_qty=jnp.zeros_like(message.kind))
    row_1M = jnp.stack(message)[None]
    book, _, events_VE = _make_submit(max_events)(book, (), row_1M)
    return book, Event(*(events_VE[v] for v in range(len(Event._fields))))


@lru_cache
def _make_submit(max_events: int | None):
    """`submit` with its static argument fixed."""
    is_listed = max_events is not None
    num_rows = max_events if is_listed else 1

    def one(work: Working, carried: tuple, inbox: Inbox, outbox: Outbox):
        message = Message(*inbox.read(jnp.int32(0)))

        def action(carry):
            work, pending, row, _, outbox = carry
            work, event, pending = advance(work, message, pending)
            is_last = event.is_last == 1
            is_event = event.kind != EventKind.NONE
            # Rows beyond the buffer go to the last one, which the last event keeps.
            slot = jnp.minimum(row, num_rows - 1)
            keeps = is_event & ((row < num_rows - 1) | is_last)
            row_V = jnp.where(keeps, jnp.stack(event), outbox.read(slot))
            outbox = outbox.write(slot, row_V)
            is_cut = is_event & is_listed & (row >= num_rows)
            bit = jnp.where(is_cut, int(Status.EVENTS_TRUNCATED), 0).astype(jnp.uint32)
            work = work._replace(status=work.status | bit)
            return work, pending, row + is_event, ~is_last, outbox

        start = (work, nothing_pending(), jnp.int32(0), jnp.bool_(True), outbox)
        work, *_, outbox = lax.while_loop(lambda c: c[3], action, start)
        return work, carried, outbox

    return for_each_book(one, len(Event._fields), num_rows)
