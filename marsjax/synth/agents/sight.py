"""What agents see: the market's data and their own account, as of their decision.

An agent decides at one time and its message arrives later. What it sees is kept when it
looks; what it makes of that is a pure function of the picture and of its own draws, and
so is computed when the message arrives, which gives the same message.
"""

from typing import NamedTuple

import jax.numpy as jnp

from marsjax.book import Book
from marsjax.book.slots import INT32_MAX, RANK
from marsjax.types import Array

TREND_UNIT = 1024
"""Trends are kept as integers, in this part of a tick."""


class Sight(NamedTuple):
    """int32 scalars, or ``[A]`` each.

    ``bid_ticks``, ``ask_ticks``: the best quotes (`touch`). ``trend``: mid less its
    average, in 1 / `TREND_UNIT` ticks. ``position``: shares held. ``bid_qty``,
    ``ask_qty``: shares of its own that rest on either side.
    """

    bid_ticks: Array
    ask_ticks: Array
    trend: Array
    position: Array
    bid_qty: Array
    ask_qty: Array

    def resting(self, side: Array) -> Array:
        """Its own shares that rest on a side."""
        return jnp.where(side == 0, self.bid_qty, self.ask_qty)

    def best(self, side: Array) -> Array:
        """Best price of a side."""
        return jnp.where(side == 0, self.bid_ticks, self.ask_ticks)


def touch(book: Book) -> tuple[Array, Array]:
    """Best bid and ask; an empty side is one tick away, or at the last price."""
    # The blocks' cached ranks, instead of every slot.
    rank_S = jnp.min(book.cache_SGC[:, RANK], axis=-1)
    has_bid, has_ask = rank_S[0] != INT32_MAX, rank_S[1] != INT32_MAX
    last = book.last_price_ticks
    bid = jnp.where(has_bid, -rank_S[0], jnp.where(has_ask, rank_S[1] - 1, last))
    ask = jnp.where(has_ask, rank_S[1], bid + 1)
    return bid, ask
