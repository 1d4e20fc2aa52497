"""Views of a book: quotes, levels, volumes around the mid, live orders. Unbatched.

An empty side shows price 0 and quantity 0: a one-sided book has no spread, and no view
invents one. Sums cannot overflow, since the book bounds the total of each side. Views
show what the market sees: displayed quantities, and no market orders that wait for an
auction.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from marsjax.book.slots import INT32_MAX, is_limit_price
from marsjax.book.state import Book
from marsjax.types import MAX_PRICE_TICKS, Array, Side


class Quote(NamedTuple):
    """Best prices (ticks) and the quantities there; price 0 means an empty side."""

    bid_ticks: Array
    ask_ticks: Array
    bid_qty: Array
    ask_qty: Array


class Levels(NamedTuple):
    """The best K levels a side, best first; price 0 and quantity 0 where none."""

    price_ticks_SK: Array
    qty_SK: Array


class LiveOrders(NamedTuple):
    """Every slot, sides stacked ``[2N]``; ``is_live`` marks those with an order."""

    is_live: Array
    side: Array
    price_ticks: Array
    qty: Array
    seq: Array
    order_id: Array
    owner: Array


def best_price(book: Book, side: Array) -> Array:
    """Best price of a side in ticks, 0 if it is empty."""
    return _best_prices(book)[side]


def _best_prices(book: Book) -> tuple[Array, Array]:
    """Best bid and ask among limit orders."""
    price_SN = book.price_ticks_SN
    is_limit_SN = is_limit_price(price_SN) & (book.qty_SN > 0)
    bid = jnp.max(jnp.where(is_limit_SN[0], price_SN[0], 0))
    ask = jnp.min(jnp.where(is_limit_SN[1], price_SN[1], INT32_MAX))
    return bid, jnp.where(ask == INT32_MAX, 0, ask)


def volume_at(book: Book, side: Array, price_ticks_K: Array) -> Array:
    """Resting quantity of a side at each of the given prices, ``[K]``."""
    # Prices innermost: a CPU then sums them side by side.
    at_NK = book.price_ticks_SN[side][:, None] == price_ticks_K[None, :]
    at_NK &= is_limit_price(price_ticks_K)[None, :]
    return jnp.sum(jnp.where(at_NK, book.qty_SN[side][:, None], 0), axis=0)


def quote(book: Book) -> Quote:
    """Best bid and ask with the quantity at each."""
    bid, ask = best_price(book, Side.BUY), best_price(book, Side.SELL)
    return Quote(
        bid,
        ask,
        volume_at(book, Side.BUY, bid[None])[0],
        volume_at(book, Side.SELL, ask[None])[0],
    )


def level2(book: Book, num_levels: int) -> Levels:
    """The best ``num_levels`` levels a side, exact, one reduction a level."""

    def next_level(last_rank_S, _):
        sign_S1 = jnp.array([[-1], [1]], jnp.int32)
        rank_SN = jnp.where(book.qty_SN > 0, sign_S1 * book.price_ticks_SN, INT32_MAX)
        beyond_SN = rank_SN > last_rank_S[:, None]
        rank_S = jnp.min(jnp.where(beyond_SN, rank_SN, INT32_MAX), axis=-1)
        at_SN = (rank_SN == rank_S[:, None]) & (book.qty_SN > 0)
        qty_S = jnp.sum(jnp.where(at_SN, book.qty_SN, 0), axis=-1)
        price_S = jnp.where(rank_S == INT32_MAX, 0, sign_S1[:, 0] * rank_S)
        return rank_S, (price_S, qty_S)

    # Waiting market orders have ranks at and before these.
    start_S = jnp.array([-MAX_PRICE_TICKS - 1, 0], jnp.int32)
    _, (price_KS, qty_KS) = jax.lax.scan(next_level, start_S, length=num_levels)
    return Levels(price_KS.T, qty_KS.T)


def volumes_around_mid(book: Book, num_ticks: int, mid2_ticks: Array) -> Array:
    """Resting quantity at the ticks around a mid, bids negative.

    Args:
      num_ticks: ticks on each side; the result is ``[2 * num_ticks]`` in order of
        price, the first half below the mid, the second above it. A tick at the mid
        itself is left out: an order there would be the best and move the mid.
      mid2_ticks: twice the mid in ticks (best bid plus best ask), so that a mid between
        two ticks is an integer.

    Returns:
      bids below the mid, negative, and asks above it. A book at rest has no others
      there; one that collects orders for a call auction may, and they are left out.
    """
    step_K = jnp.arange(num_ticks, dtype=jnp.int32)
    below_K = (mid2_ticks + 1) // 2 - num_ticks + step_K
    above_K = mid2_ticks // 2 + 1 + step_K
    return jnp.concatenate(
        [-volume_at(book, Side.BUY, below_K), volume_at(book, Side.SELL, above_K)]
    )


def live_orders(book: Book) -> LiveOrders:
    """All slots as one flat table."""
    qty = book.qty_SN.reshape(-1)
    n = book.num_slots
    return LiveOrders(
        is_live=qty > 0,
        side=jnp.arange(2 * n, dtype=jnp.int32) // n,
        price_ticks=book.price_ticks_SN.reshape(-1),
        qty=qty,
        seq=book.seq_SN.reshape(-1),
        order_id=book.order_id_SN.reshape(-1),
        owner=book.owner_SN.reshape(-1),
    )
