"""The plain book sees what the exchange sees, event for event."""

import numpy as np

from marsjax import book as mbook
from marsjax.book.stream import run
from marsjax.commands.plain_book import PlainBook
from marsjax.synth.random_stream import RandomStream
from marsjax.types import Kind, Message


def test_plain_book_is_the_exchange_on_a_realistic_stream():
    stream, plain = RandomStream(2, 32), PlainBook()
    rows = np.concatenate([stream.opening(), stream.rows(4_000)])
    # Cancels of a part, and orders that leave a remainder, come in too.
    rng = np.random.default_rng(0)
    is_cancel = rows[:, 0] == Kind.CANCEL
    one_left = is_cancel & (np.cumsum(is_cancel) == is_cancel.sum())
    rows[one_left, 3] = 1
    is_last_ioc = np.flatnonzero(rows[:, 0] == Kind.IOC)[-1]
    rows[is_last_ioc, 3] += rng.integers(10_000, 20_000)
    events = run(mbook.init(64), Message(*rows.T)).events
    columns = (events.kind, events.order_id, events.maker_id)
    columns += (events.price_ticks, events.qty)
    got = list(zip(*(x.tolist() for x in columns), strict=True))
    assert got == plain.run(rows.tolist())
