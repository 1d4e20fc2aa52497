"""What an order flow sees of its book, and how it picks one of the live orders."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from marsjax.book import Book, init
from marsjax.book.slots import COUNT, ORDER_ID, PRICE, QTY, RANK
from marsjax.book.state import rebuild_cache
from marsjax.synth.flow_law import prefix_sums, rounded
from marsjax.synth.opening import book_of
from marsjax.types import Array, Kind, Message, Side


def opening(
    num_slots: int, orders_K: Sequence[int], mid_ticks: Array, qty: Array
) -> tuple[Book, Message]:
    """A book of equal orders around a mid, and the messages that make it.

    Args:
      num_slots: slots a side.
      orders_K: how many orders at ``mid - 1 - k`` and at ``mid + k``, for each k.
      mid_ticks: the price of the best ask; also taken as the last price.
      qty: shares of each order.
    """
    unit_T, order_SCFW = _unit_opening(num_slots, tuple(orders_K))
    mid, qty = (jnp.asarray(x, jnp.int32) for x in (mid_ticks, qty))
    is_order_SCW = order_SCFW[:, :, QTY] > 0
    price_SCW = jnp.where(is_order_SCW, mid + order_SCFW[:, :, PRICE], 0)
    qty_SCW = jnp.where(is_order_SCW, qty, 0)
    order_SCFW = jnp.asarray(order_SCFW).at[:, :, PRICE].set(price_SCW)
    order_SCFW = order_SCFW.at[:, :, QTY].set(qty_SCW)
    num = len(unit_T.kind) // 2
    book = init(num_slots).replace(
        order_SCFW=order_SCFW,
        cache_SGC=rebuild_cache(order_SCFW),
        total_qty_S=jnp.broadcast_to(num * qty, (2,)),
        next_seq=jnp.array(2 * num, jnp.int32),
        last_price_ticks=jnp.array(mid),
    )
    seeds_T = jax.tree.map(jnp.asarray, unit_T)
    prices_T = mid + seeds_T.price_ticks
    return book, seeds_T._replace(price_ticks=prices_T, qty=qty * seeds_T.qty)


@lru_cache
def _unit_opening(num_slots: int, orders_K: tuple[int, ...]):
    """The messages of `opening` at a mid of 0, a share each, and where they lie."""
    far_T = np.repeat(np.arange(len(orders_K), dtype=np.int32), orders_K)
    num = len(far_T)
    ones_T = np.ones(2 * num, np.int32)
    messages_T = Message(
        kind=int(Kind.COLLECT) * ones_T,
        side=np.repeat(np.arange(2, dtype=np.int32), num),
        price_ticks=np.concatenate([-1 - far_T, far_T]),
        qty=ones_T,
        order_id=np.arange(1, 2 * num + 1, dtype=np.int32),
        owner=0 * ones_T,
    )
    with jax.ensure_compile_time_eval():
        book = book_of(messages_T, num_slots)
        return messages_T, np.asarray(book.order_SCFW)


class Touch(NamedTuple):
    """Best prices in ticks, 0 where a side is empty, and live orders a side ``[2]``."""

    bid_ticks: Array
    ask_ticks: Array
    num_S: Array


class Resting(NamedTuple):
    """The orders of one side, ``[C, W]`` each; ``qty`` is 0 in an empty slot."""

    price_ticks: Array
    qty: Array
    order_id: Array


def touch(book: Book) -> Touch:
    """The touch from the book's cached values, which are few."""
    num_S = jnp.sum(book.cache_SGC[:, COUNT], axis=-1)
    rank_S = jnp.min(book.cache_SGC[:, RANK], axis=-1)
    bid = jnp.where(num_S[0] > 0, -rank_S[0], 0)
    return Touch(bid, jnp.where(num_S[1] > 0, rank_S[1], 0), num_S)


def references(seen: Touch, last_price_ticks: Array) -> tuple[Array, Array]:
    """Bid and ask that distances are measured from.

    An empty side stands one tick behind the other one's best; where both are empty the
    bid is the last price.
    """
    has_bid, has_ask = seen.bid_ticks > 0, seen.ask_ticks > 0
    no_bid = jnp.where(has_ask, seen.ask_ticks - 1, last_price_ticks)
    bid = jnp.where(has_bid, seen.bid_ticks, no_bid)
    return bid, jnp.where(has_ask, seen.ask_ticks, bid + 1)


def resting(book: Book, side: Array) -> Resting:
    """Every slot of a side."""
    fields = (PRICE, QTY, ORDER_ID)
    both = (tuple(book.order_SCFW[s, :, f] for f in fields) for s in range(2))
    return Resting(
        *(jnp.where(side == Side.BUY, x, y) for x, y in zip(*both, strict=True))
    )


def distances(price_ticks: Array, side: Array, bid: Array, ask: Array) -> Array:
    """Ticks from the opposite reference: 1 for the best that does not cross it."""
    return jnp.where(side == Side.BUY, ask - price_ticks, price_ticks - bid)


def pick_order(orders: Resting, weight_CW: Array, u: Array) -> tuple[Array, ...]:
    """One order in proportion to its weight: first its block, then its slot.

    Args:
      orders: of one side.
      weight_CW: whole numbers, not negative, not all zero.
      u: uniform in [0, 1).

    Returns:
      its price, quantity and id.
    """
    sum_C, total = prefix_sums(jnp.sum(weight_CW, axis=-1))
    target = rounded(u * total)
    is_before_C = (sum_C <= target) & (sum_C < total)
    block = jnp.sum(is_before_C.astype(jnp.int32))
    rest = target - jnp.max(jnp.where(is_before_C, sum_C, 0.0))
    is_block_C1 = (jnp.arange(weight_CW.shape[0]) == block)[:, None]

    def of_block(x_CW: Array) -> Array:
        return jnp.sum(jnp.where(is_block_C1, x_CW, jnp.zeros((), x_CW.dtype)), axis=0)

    sum_W, total = prefix_sums(of_block(weight_CW))
    is_before_W = (sum_W <= rest) & (sum_W < total)
    slot = jnp.sum(is_before_W.astype(jnp.int32))
    is_slot_W = jnp.arange(weight_CW.shape[1]) == slot
    return tuple(jnp.sum(jnp.where(is_slot_W, of_block(x), 0)) for x in orders)


def orders_at(book: Book, side: int, price_ticks_X: Array) -> Array:
    """Live orders of a side at each of a few prices, ``[X]``."""
    price_CW, qty_CW = (book.order_SCFW[side, :, f] for f in (PRICE, QTY))
    price_CW = jnp.where(qty_CW > 0, price_CW, 0)

    def at(price_ticks: Array) -> Array:
        # Blocks first: sums along the longer axis of memory vectorise.
        is_at_CW = (price_CW == price_ticks).astype(jnp.int32)
        return jnp.sum(jnp.sum(is_at_CW, axis=0))

    return jnp.stack([at(price_ticks_X[x]) for x in range(price_ticks_X.shape[0])])
