"""The guess of slots: near what a stream needs, whatever its ids are."""

import numpy as np
import pytest

from marsjax import book as mbook
from marsjax.book.room import SIZES, guess_slots
from marsjax.synth.random_stream import RandomStream
from marsjax.types import Kind, Message
from tests.book.streams import to_message


@pytest.mark.parametrize("num_ids", [None, 4_000])
def test_enough_for_a_stream_and_not_much_more(num_ids):
    """About 800 live orders a side, and many thousands that came and went."""
    stream = RandomStream(0, 800, num_ids=num_ids)
    rows = np.concatenate([stream.opening(), stream.rows(20_000)])
    assert guess_slots(to_message(rows)) == 1024
    assert guess_slots(to_message(rows[:200])) == SIZES[0]


def row(kind, side, price, order_id):
    return (int(kind), side, price, 100, order_id, 0, 0)


def many(kind, side, price, ids):
    return [row(kind, side, price, i) for i in ids]


@pytest.mark.parametrize(
    ("rows", "size"),
    [
        ([], 256),
        (many(Kind.LIMIT, 0, 100, range(300)), 1024),
        # Cancelled at once, or reached later: gone.
        ([x for i in range(900) for x in (row(1, 0, 9, i), row(3, 0, 0, i))], 256),
        ([*many(Kind.LIMIT, 0, 100, range(300)), row(Kind.IOC, 1, 100, 999)], 256),
        ([*many(Kind.LIMIT, 0, 100, range(300)), row(Kind.IOC, 1, 101, 999)], 1024),
        ([*many(Kind.COLLECT, 1, 100, range(300)), row(Kind.LIMIT, 0, 99, 999)], 1024),
        # Immediate orders never rest; an order that came again is another one.
        (many(Kind.IOC, 0, 100, range(300)), 256),
        ([row(Kind.LIMIT, 0, 100, 7), row(Kind.CANCEL, 0, 0, 7)] * 300, 256),
        (many(Kind.LIMIT, 1, 100, range(10**5)), 65_536),
    ],
)
def test_known_streams(rows, size):
    assert guess_slots(to_message(rows)) == size


def test_a_book_begins_with_what_was_guessed():
    rows = many(Kind.LIMIT, 0, 100, range(300))
    messages = Message(*np.array(rows, np.int32).T)
    assert mbook.init(guess_slots(messages)).num_slots == 1024
