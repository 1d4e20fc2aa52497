"""Timing the exchange, with a plain book beside it that must see the same trades."""

import statistics
import time
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from marsjax.book import init
from marsjax.book.many import ManyResult, run_many
from marsjax.book.state import Book
from marsjax.book.stream import run
from marsjax.commands.plain_book import PlainBook
from marsjax.synth.random_stream import RandomStream
from marsjax.types import EventKind, Message

MOST_STREAMS = 64
"""Streams that differ; more books than that share them in turn."""


class Mismatch(Exception):
    """The exchange's trades are not those of the plain book."""


class Speed(NamedTuple):
    """Seconds of the timed calls and what went through them."""

    num_messages: int
    seconds: list[float]
    cpu_seconds: list[float]
    compile_s: float
    plain_s: float
    plain_messages: int
    bytes_a_book: int


class Streams(NamedTuple):
    """Streams that differ, D of them: books, what follows, and what comes of it."""

    books_D: Book
    rows_DTM: np.ndarray
    fills_D2: np.ndarray
    plain_s: float


@cache
def _opened(num_slots: int, seed: int) -> Book:
    """A book half full of a stream's opening, as numpy arrays."""
    rows_TM = _stream(num_slots, seed).opening()
    book = run(init(num_slots), Message(*rows_TM.T)).book
    return jax.tree.map(np.asarray, book)


def _stream(num_slots: int, seed: int) -> RandomStream:
    return RandomStream(seed, max(num_slots // 2, 1))


def make_streams(num_streams: int, num_slots: int, length: int, seed: int) -> Streams:
    """Streams of ``length`` messages after an opening, run through the plain book."""
    books, rows, fills, plain_s = [], [], [], 0.0
    for d in range(num_streams):
        books.append(_opened(num_slots, seed + d))
        stream = _stream(num_slots, seed + d)
        opening = stream.opening().tolist()
        rows.append(stream.rows(length))
        seconds, events = _run_plain(opening, rows[-1].tolist())
        plain_s += seconds
        traded = [qty for kind, *_, qty in events if kind == EventKind.FILL]
        fills.append((len(traded), sum(traded)))
    books_D = jax.tree.map(lambda *x: np.stack(x), *books)
    return Streams(books_D, np.stack(rows), np.array(fills), plain_s)


def _run_plain(opening: list, messages: list) -> tuple[float, list]:
    """Seconds, median of three, and events of the plain book after an opening."""
    seconds = []
    for _ in range(3):
        plain = PlainBook()
        plain.run(opening)
        began = time.perf_counter()
        events = plain.run(messages)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), events


def measure(
    num_books: int,
    num_slots: int,
    num_messages: int,
    *,
    repeats: int,
    seed: int,
    implementation: str = "auto",
    mesh: Mesh | None = None,
    progress_fn: Callable[[], None] = lambda: None,
) -> Speed:
    """Time `run_many` on half-full books, after a first call that compiles it.

    Books and messages lie on the device before the clock starts. Every call must make
    the plain book's fills.

    Args:
      num_books, num_slots: B and N.
      num_messages: of all books together; each gets an equal part, at least one.
      repeats: timed calls.
      seed: of the streams.
      implementation, mesh: see :func:`marsjax.book.many.run_many`.
      progress_fn: called after each call.

    Raises:
      Mismatch: the exchange and the plain book traded differently.
    """
    length = max(num_messages // num_books, 1)
    num_streams = min(num_books, MOST_STREAMS)
    streams = make_streams(num_streams, num_slots, length, seed)
    of_book = np.arange(num_books) % num_streams
    place = None if mesh is None else NamedSharding(mesh, PartitionSpec("books"))

    def on_device(x):
        return jax.device_put(x[of_book], place)

    books_B = jax.tree.map(on_device, streams.books_D)
    messages_BT = Message(*(on_device(x) for x in np.moveaxis(streams.rows_DTM, -1, 0)))
    seconds, cpu_seconds = [], []
    for _ in range(repeats + 1):
        own_B = jax.block_until_ready(jax.tree.map(jnp.copy, books_B))
        began, cpu_began = time.perf_counter(), time.process_time()
        result = run_many(own_B, messages_BT, implementation=implementation, mesh=mesh)
        jax.block_until_ready(result)
        seconds.append(time.perf_counter() - began)
        cpu_seconds.append(time.process_time() - cpu_began)
        check_fills(result, streams.fills_D2[of_book])
        progress_fn()
    first, *seconds = seconds
    return Speed(
        num_messages=num_books * length,
        seconds=seconds,
        cpu_seconds=cpu_seconds[1:],
        compile_s=max(first - statistics.median(seconds), 0.0),
        plain_s=streams.plain_s,
        plain_messages=num_streams * length,
        bytes_a_book=sum(x[0].nbytes for x in jax.tree.leaves(streams.books_D)),
    )


def check_fills(result: ManyResult, fills_B2: np.ndarray) -> None:
    """Each book has the plain one's number of fills and traded quantity.

    Raises:
      Mismatch: one has not, or has refused a message.
    """
    is_fill_BA = np.asarray(result.events.kind) == EventKind.FILL
    traded_BA = np.where(is_fill_BA, np.asarray(result.events.qty), 0)
    got_B2 = np.stack([is_fill_BA.sum(1), traded_BA.sum(1, dtype=np.int64)], axis=-1)
    for b in np.flatnonzero((got_B2 != fills_B2).any(axis=-1))[:1]:
        raise Mismatch(
            f"book {b} made {got_B2[b, 0]} fills of {got_B2[b, 1]} shares, the plain "
            f"book {fills_B2[b, 0]} of {fills_B2[b, 1]}"
        )
    if np.asarray(result.books.status).any():
        raise Mismatch("a book refused a message that the plain book took")
