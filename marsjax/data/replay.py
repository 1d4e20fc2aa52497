"""Runs a tape through the book, with as many slots as it turns out to need."""

from collections.abc import Callable

import jax
import numpy as np

from marsjax import book as mbook
from marsjax.data.tape import Tape, to_messages
from marsjax.types import Message, Status

FEWEST_SLOTS, MOST_SLOTS = 512, 65_536


def replay_messages(
    messages_T: Message,
    *,
    observe_fn: Callable | None = None,
    num_slots: int | None = None,
    progress_fn: Callable[[int], None] | None = None,
) -> mbook.StreamResult:
    """Run messages through an empty book that never fills up.

    Args:
      messages_T: the stream, numpy ``[T]``.
      observe_fn: view of the book to record after each message.
      num_slots: slots a side; by default doubled from 512 until nothing is rejected
        for want of room.
      progress_fn: called with the number of messages read.

    Raises:
      ValueError: the given ``num_slots``, or the most there may be, were too few.
    """
    result = mbook.run(
        mbook.init(FEWEST_SLOTS if num_slots is None else num_slots),
        messages_T,
        observe_fn=observe_fn,
        progress_fn=progress_fn,
        max_slots=MOST_SLOTS if num_slots is None else None,
    )
    if int(result.book.status) & Status.BOOK_FULL:
        slots = result.book.num_slots
        raise ValueError(f"a book of {slots} slots a side was full: use more slots")
    return result


def replay_tape(tape: Tape, **options) -> mbook.StreamResult:
    """`replay_messages` of a tape; every row of it is one message."""
    return replay_messages(to_messages(tape.messages), **options)


def replay_through(
    tape: Tape, row: int, observe_fn: Callable
) -> tuple[mbook.StreamResult, mbook.Book]:
    """Replay a tape in one pass and keep its book before message ``row``.

    Returns:
      the whole tape's result, as `replay_tape` gives it, and the book.
    """
    messages = to_messages(tape.messages)
    head, tail = (
        jax.tree.map(lambda x, part=part: x[part], messages)
        for part in (slice(None, row), slice(row, None))
    )
    first = replay_messages(head, observe_fn=observe_fn)
    second = mbook.run(first.book, tail, observe_fn=observe_fn, max_slots=MOST_SLOTS)
    joined = jax.tree.map(
        lambda a, b: np.concatenate([a, b]),
        (first.events, first.message_index, first.observations),
        (second.events, second.message_index + row, second.observations),
    )
    return mbook.StreamResult(second.book, *joined), first.book


def book_at(tape: Tape, row: int, num_slots: int | None = None) -> mbook.Book:
    """The book before message ``row`` of a tape, on the host."""
    messages = to_messages(tape.messages.head(row))
    result = replay_messages(messages, num_slots=num_slots)
    return jax.tree.map(np.asarray, result.book)
