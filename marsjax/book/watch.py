"""A stream through a book, and a view of the book after each message, from its events.

As `marsjax.book.run` with an ``observe_fn``, for views that a
:class:`marsjax.book.ladder.Ladder` can give, at a cost that does not grow with the
book. Messages go through the exchange block by block, and after each block the ladder
begins anew from the book: what is kept at a time, and what has to be compiled, does not
depend on the length of the stream or on the prices and ids in it.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import jax
import numpy as np

from marsjax.book import stream
from marsjax.book.integers import to_int32
from marsjax.book.ladder import Ladder, follow
from marsjax.book.state import Book
from marsjax.book.steps import block_of
from marsjax.book.stream import StreamResult, run
from marsjax.types import Message

LookFn = Callable[[Ladder], Any]


def watch(book: Book, messages_T: Message, **options) -> StreamResult:
    """Run a stream of messages through one book and look at it after each.

    Arguments and errors are those of `watch_blocks`.

    Returns:
      what `marsjax.book.run` returns, with what ``look_fn`` saw as observations.
    """
    parts = []
    for start, result in watch_blocks(book, messages_T, **options):
        _, events, index, seen = result
        parts.append((events, index + start, seen))
    joined = jax.tree.map(lambda *xs: np.concatenate(xs), *parts)
    return StreamResult(result.book, *joined)


def watch_blocks(
    book: Book,
    messages_T: Message,
    *,
    look_fn: LookFn,
    block_size: int | None = None,
    max_slots: int | None = None,
    progress_fn: Callable[[int], None] | None = None,
) -> Iterator[tuple[int, StreamResult]]:
    """`watch`, a block of messages at a time.

    It runs on the CPU, where a loop of small steps is fastest.

    Args:
      book: the book before the stream.
      messages_T: int32 arrays ``[T]``, numpy or jax.
      look_fn: a view of a ladder (see `marsjax.book.ladder.follow`); the same function
        object must be passed again to reuse the compilation.
      block_size: messages of a block; by default one of
        `marsjax.book.stream.BLOCK_SIZES`, so that streams share compilations.
      max_slots: double the book's slots as `marsjax.book.run` does.
      progress_fn: called with the number of messages read so far.

    Yields:
      the first message of each block and what the block did, its messages counted from
      0. One block at least.

    Raises:
      RuntimeError: a ladder does not show what its book shows; never expected.
    """
    messages_T = jax.tree.map(lambda x: np.asarray(to_int32(x)), messages_T)
    num = len(messages_T.kind)
    size = stream.block_size(num) if block_size is None else block_size
    options = {"look_fn": look_fn, "num_messages": size}
    last_seen = None
    for start in range(0, max(num, 1), size):
        stop = min(start + size, num)
        block_T = stream.padded(messages_T, start, stop, size)
        before = jax.tree.map(np.asarray, book)
        with _on_cpu():
            book, *what, _ = run(before, block_T, max_slots=max_slots)
            first, seen_T = follow(*block_of(before, block_T, *what), **options)
            _check(last_seen, first)
            seen_T = jax.tree.map(np.asarray, seen_T)
            last_seen = jax.tree.map(lambda x: x[-1], seen_T)
            if stop == num:
                ladder, rows_AV, _ = block_of(book, block_T, *what)
                _check(last_seen, follow(ladder, rows_AV, np.int32(0), **options)[0])
        if progress_fn is not None:
            progress_fn(stop)
        seen_T = jax.tree.map(lambda x, n=stop - start: x[:n], seen_T)
        yield start, StreamResult(book, *what, seen_T)


def _check(expected: Any, seen: Any) -> None:
    """A ladder made of the book shows what the one that followed it did."""
    if expected is None:
        return
    same = jax.tree.map(lambda a, b: bool(np.all(a == np.asarray(b))), expected, seen)
    if not all(jax.tree.leaves(same)):
        raise RuntimeError("the ladder does not show what the book shows")


def _on_cpu():
    """The CPU as the default device, where there is one beside an accelerator.

    Where it is the default already nothing is set, for a setting of its own would be
    compiled anew.
    """
    if jax.default_backend() == "cpu":
        return nullcontext()
    try:
        return jax.default_device(jax.devices("cpu")[0])
    except RuntimeError:
        return nullcontext()
