"""The compiled form of the book inside other programs."""

import jax
import jax.numpy as jnp
import numpy as np

from marsjax import book as mbook
from marsjax.types import Kind, Message, Status

BUY = Message(*(jnp.int32(x) for x in (int(Kind.LIMIT), 0, 10, 5, 1, 1)))


def then_a_loop(book, message):
    """A small loop after the exchange, which a compiler makes a call of its own."""
    book, events = mbook.submit(book, message)
    return jax.lax.scan(lambda c, q: (c + q, None), jnp.int32(0), events.qty)[0]


def test_a_loop_after_submit():
    assert int(jax.jit(then_a_loop)(mbook.init(8), BUY)) == 5


def test_constants_are_arguments_like_others():
    """Nothing depends on how much of a book or message is known when compiling."""
    assert int(jax.jit(lambda: then_a_loop(mbook.init(8), BUY))()) == 5
    assert int(jax.jit(lambda book: then_a_loop(book, BUY))(mbook.init(8))) == 5


def test_padding_leaves_every_bit():
    book, _ = mbook.submit(mbook.init(8), BUY)
    nothing = jax.tree.map(jnp.zeros_like, BUY)
    after, events = mbook.submit(book, nothing)
    jax.tree.map(np.testing.assert_array_equal, book, after)
    assert not events.kind.any()


def test_the_last_sequence_numbers():
    """Refills that use up the counter end, and the book says so."""
    book = mbook.init(8).replace(next_seq=jnp.int32(2**31 - 2**20 - 1))
    iceberg = Message(int(Kind.LIMIT), 1, 100, 50, 1, 0, 1)
    book, _ = mbook.submit(book, iceberg, max_events=None)
    book = book.replace(next_seq=jnp.int32(2**31 - 11))
    buy = Message(int(Kind.LIMIT), 0, 100, 20, 2, 0)
    book, events = mbook.submit(book, buy, max_events=32)
    assert int(events.qty.sum()) == 20 and int(book.total_qty_S[1]) == 30
    assert int(book.status) & Status.SEQUENCE
