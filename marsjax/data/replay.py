"""Runs a tape through the book, with as many slots as it turns out to need."""

from collections.abc import Callable, Iterator

import jax
import numpy as np

from marsjax import book as mbook
from marsjax.data.tape import Tape, to_messages
from marsjax.types import Message, Status

MOST_SLOTS = 65_536


def replay_messages(
    messages_T: Message,
    *,
    observe_fn: Callable | None = None,
    look_fn: Callable | None = None,
    num_slots: int | None = None,
    progress_fn: Callable[[int], None] | None = None,
) -> mbook.StreamResult:
    """Run messages through an empty book that never fills up.

    Args:
      messages_T: the stream, numpy ``[T]``.
      observe_fn: view of the book to record after each message.
      look_fn: in its place a view of a ladder, which is much faster on deep books
        (`marsjax.book.watch`).
      num_slots: slots a side; by default guessed from the messages and doubled until
        nothing is rejected for want of room.
      progress_fn: called with the number of messages read.

    Raises:
      ValueError: the given ``num_slots``, or the most there may be, were too few.
    """
    book, options = _start(messages_T, num_slots)
    see = {"observe_fn": observe_fn, "look_fn": look_fn}
    return _checked(_run(book, messages_T, **see, **options, progress_fn=progress_fn))


def replay_blocks(
    tape: Tape,
    look_fn: Callable,
    *,
    num_slots: int | None = None,
    block_size: int | None = None,
    progress_fn: Callable[[int], None] | None = None,
) -> Iterator[tuple[int, mbook.StreamResult]]:
    """`replay_tape` with ``look_fn``, a block of messages at a time.

    For tapes of any length: see `marsjax.book.watch_blocks` for what it yields.
    """
    messages_T = to_messages(tape.messages)
    book, options = _start(messages_T, num_slots)
    options |= {"block_size": block_size, "progress_fn": progress_fn}
    options["look_fn"] = look_fn
    for start, result in mbook.watch_blocks(book, messages_T, **options):
        yield start, _checked(result)


def _start(messages_T: Message, num_slots: int | None) -> tuple[mbook.Book, dict]:
    """An empty book and how far it may grow."""
    if num_slots is not None:
        return mbook.init(num_slots), {}
    return mbook.init(mbook.guess_slots(messages_T)), {"max_slots": MOST_SLOTS}


def _run(book, messages_T, *, observe_fn, look_fn, **options) -> mbook.StreamResult:
    """By one of the two ways to see the book."""
    if look_fn is None:
        return mbook.run(book, messages_T, observe_fn=observe_fn, **options)
    if observe_fn is not None:
        raise ValueError("give observe_fn or look_fn, not both")
    return mbook.watch(book, messages_T, look_fn=look_fn, **options)


def _checked(result: mbook.StreamResult) -> mbook.StreamResult:
    if int(result.book.status) & Status.BOOK_FULL:
        slots = result.book.num_slots
        raise ValueError(f"a book of {slots} slots a side was full: use more slots")
    return result


def replay_tape(tape: Tape, **options) -> mbook.StreamResult:
    """`replay_messages` of a tape; every row of it is one message."""
    return replay_messages(to_messages(tape.messages), **options)


def replay_through(
    tape: Tape,
    row: int,
    observe_fn: Callable | None = None,
    look_fn: Callable | None = None,
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
    see = {"observe_fn": observe_fn, "look_fn": look_fn}
    first = replay_messages(head, **see)
    if not len(tail.kind):
        return first, first.book
    second = _run(first.book, tail, **see, max_slots=MOST_SLOTS)
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
