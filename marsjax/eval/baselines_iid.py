"""Messages drawn independently of each other, through the exchange.

From the real book at the moments where the reference's windows begin, each message is a
row of the `Pool` drawn at random: its type, side, size, waiting time, and its price as
ticks from the best price of now. A cancel takes one of the live orders of its side that
are nearest to the price drawn. So the mix of messages is the real one, and all that
they have to do with each other and with the book is gone.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from marsjax import book as mbook
from marsjax.data.tape import Tape
from marsjax.eval.baselines_pool import Pool
from marsjax.eval.baselines_start import Moment, to_tape, with_room
from marsjax.synth import flow_book
from marsjax.types import (
    BACKGROUND_OWNER,
    MAX_PRICE_TICKS,
    Array,
    Kind,
    Message,
    Side,
)

SOURCE = "i.i.d. messages"
AT_ONCE = 16
"""Books in a device call; sets of any size share its compilation."""
_FACTORS = (0x7FEB352D, 0x846CA68B)
_INT32_MAX = jnp.iinfo(jnp.int32).max


class Drawn(NamedTuple):
    """A row of a pool, and random bits, int32, to choose an order by."""

    kind: Array
    side: Array
    ticks: Array
    qty: Array
    is_part: Array
    bits: Array


def ground(book: mbook.Book, drawn: Drawn, next_id: Array) -> Message:
    """The message that a drawn row is in a book; pure, unbatched.

    Args:
      book: the live book.
      drawn: the row.
      next_id: id for a new order.

    Returns:
      a message of kind ``NONE`` where there is no order to cancel; a hidden execution
      has its price and size and is left to the tape.
    """
    seen = flow_book.touch(book)
    bid, ask = flow_book.references(seen, book.last_price_ticks)
    is_buy = drawn.side == Side.BUY
    is_cancel = drawn.kind == Kind.CANCEL
    wanted = jnp.where(is_buy, bid - drawn.ticks, ask + drawn.ticks)
    price, qty, order_id = nearest(book, drawn.side, wanted, drawn.bits)
    new_price = jnp.where(is_buy, ask - drawn.ticks, bid + drawn.ticks)
    new_price = jnp.clip(new_price, 1, MAX_PRICE_TICKS)
    is_part = drawn.is_part & (drawn.qty < qty)
    taken = jnp.where(is_part, drawn.qty, qty)
    is_nothing = is_cancel & (seen.num_S[drawn.side] == 0)
    return Message(
        kind=jnp.where(is_nothing, int(Kind.NONE), drawn.kind),
        side=drawn.side,
        price_ticks=jnp.where(is_cancel, price, new_price),
        qty=jnp.where(is_cancel, taken, drawn.qty),
        order_id=jnp.where(is_cancel, order_id, next_id),
        owner=jnp.full_like(next_id, BACKGROUND_OWNER),
    )


def nearest(book: mbook.Book, side: Array, wanted: Array, bits: Array):
    """Price, quantity and id of a random one of the orders nearest to a price.

    Which one depends on their ids and the bits, not on the slots they lie in.
    """
    orders = flow_book.resting(book, side)
    is_live_CW = orders.qty > 0
    far_CW = jnp.where(is_live_CW, jnp.abs(orders.price_ticks - wanted), _INT32_MAX)
    is_near_CW = is_live_CW & (far_CW == jnp.min(far_CW))
    # Odd factors and shifts permute the 32 bits, so that no two ids are alike.
    mixed_CW = orders.order_id.astype(jnp.uint32) ^ bits.astype(jnp.uint32)
    for factor in _FACTORS:
        mixed_CW = (mixed_CW ^ (mixed_CW >> 16)) * jnp.uint32(factor)
    mixed_CW = (mixed_CW >> 1).astype(jnp.int32)
    first = jnp.min(jnp.where(is_near_CW, mixed_CW, _INT32_MAX))
    is_it_CW = is_near_CW & (mixed_CW == first)
    order_id = jnp.min(jnp.where(is_it_CW, orders.order_id, _INT32_MAX))
    is_it_CW &= orders.order_id == order_id
    price = jnp.sum(jnp.where(is_it_CW, orders.price_ticks, 0))
    return price, jnp.sum(jnp.where(is_it_CW, orders.qty, 0)), order_id


@lru_cache
def _make_run():
    """A jitted loop of T drawn messages through each of a batch of books."""

    def run(book: mbook.Book, drawn_T: Drawn, next_id: Array) -> Message:
        def body(carry, drawn: Drawn):
            book, next_id = carry
            message = ground(book, drawn, next_id)
            is_shown = message.kind != Kind.HIDDEN_FILL
            kind = jnp.where(is_shown, message.kind, int(Kind.NONE))
            book, _ = mbook.submit(book, message._replace(kind=kind), max_events=None)
            return (book, next_id + 1), message

        return jax.lax.scan(body, (book, next_id), drawn_T)[1]

    return jax.jit(jax.vmap(run))


def iid_tapes(
    moments: Sequence[Moment],
    books: Sequence[mbook.Book],
    pools: Mapping[str, Pool],
    length: int,
    seed: int = 0,
) -> list[Tape]:
    """Tapes of messages drawn independently, one from each moment on.

    Args:
      moments, books: where they begin.
      pools: what to draw from, by symbol.
      length: T, messages of each; a few less where there was no order to cancel.
      seed: of the draws; a tape depends on it and on its moment's number alone.
    """
    index_BT, drawn_BT = [], []
    for moment in moments:
        rng = np.random.default_rng([seed, moment.number, 1])
        pool = pools[moment.symbol]
        index_T = rng.integers(len(pool.type_N), size=length)
        index_BT.append(index_T)
        columns = (pool.kind_N, pool.side_N, pool.ticks_N, pool.qty_N, pool.is_part_N)
        bits_T = rng.integers(_INT32_MAX, size=length, dtype=np.int32)
        drawn_BT.append(Drawn(*(x[index_T] for x in columns), bits_T))
    fitted = with_room(books, length)
    tapes = [None] * len(moments)
    for first in range(0, len(moments), AT_ONCE):
        at = list(range(first, min(first + AT_ONCE, len(moments))))
        # The last batch is filled up with copies of its first market.
        padded = (at + at[:1] * AT_ONCE)[:AT_ONCE]
        books_B, drawn_B = (
            jax.tree.map(lambda *x: np.stack(x), *(items[b] for b in padded))
            for items in (fitted, drawn_BT)
        )
        next_id_B = np.array([moments[b].next_id for b in padded], np.int32)
        sent_BT = jax.tree.map(np.asarray, _make_run()(books_B, drawn_B, next_id_B))
        for i, b in enumerate(at):
            pool = pools[moments[b].symbol]
            tapes[b] = to_tape(
                moments[b],
                fitted[b],
                jax.tree.map(lambda x, i=i: x[i], sent_BT),
                np.cumsum(pool.wait_ns_N[index_BT[b]]),
                source=SOURCE,
                notes=(f"{SOURCE}, seed {seed}",),
            )
    return tapes
