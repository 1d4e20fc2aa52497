"""A book from its opening messages is the exchange's own."""

import jax
import numpy as np
import pytest

from marsjax import book as mbook
from marsjax.data.replay import replay_messages
from marsjax.synth.markets import MARKETS
from marsjax.synth.opening import book_of, opening_messages
from marsjax.synth.random_stream import RandomStream
from marsjax.types import Message


@pytest.mark.parametrize("name", [x for x in MARKETS if MARKETS[x].has_law])
def test_an_opening_is_the_book_that_its_messages_make(name):
    """Through the exchange, in numbers and in places."""
    market = MARKETS[name].functions
    state, seeds_T = jax.jit(market.start, static_argnums=1)(market.Params(), 256)
    seeds_T = jax.tree.map(np.asarray, seeds_T)
    book = mbook.run(mbook.init(256), seeds_T).book
    assert int(book.status) == 0
    for made in (state.book, book_of(seeds_T, 256)):
        made = made.replace(last_price_ticks=book.last_price_ticks)
        jax.tree.map(np.testing.assert_array_equal, made, book)


def test_a_book_in_the_middle_of_a_day_is_made_again():
    stream = RandomStream(0, 100, num_ids=800)
    rows = np.concatenate([stream.opening(), stream.rows(2_000)])
    book = replay_messages(Message(*rows.T[:6].astype(np.int32))).book
    seeds_T = opening_messages(book)
    assert len(seeds_T.kind) > 150
    again = book_of(seeds_T, 256)
    jax.tree.map(np.testing.assert_array_equal, opening_messages(again), seeds_T)
    with pytest.raises(ValueError, match="do not fit"):
        book_of(seeds_T, 64)
