"""Searches that look at more than one block, each only for a message that asks."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from marsjax.book.kernel import only_if
from marsjax.book.slots import INT32_MAX, SPILLED, Slots, any_of, is_limit_price, pick
from marsjax.types import Array, SelfTrade


def zeros(num: int) -> tuple[Array, ...]:
    """So many int32 zeros."""
    return tuple(jnp.zeros((), jnp.int32) for _ in range(num))


class Found(NamedTuple):
    """Where a live order is; side 0 and block 0 if there is none."""

    is_found: Array
    side: Array
    block: Array


def find_order(slots: Slots, order_id: Array, cache) -> Found:
    """The block of a live order, by its id."""
    home = slots.home(order_id)
    (bid_ids, bid_qty), (ask_ids, ask_qty) = slots.ids(home)
    is_bid_W = (bid_qty > 0) & (bid_ids == order_id)
    is_ask_W = (ask_qty > 0) & (ask_ids == order_id)
    code = jnp.max(is_bid_W.astype(jnp.int32) + 2 * is_ask_W.astype(jnp.int32))
    is_found = code > 0
    found = (is_found.astype(jnp.int32), (code == 2).astype(jnp.int32), home)
    if slots.num_blocks == 1:
        return Found(is_found, found[1], home)
    spilled_S = [slots.one_of(side[SPILLED], home) for side in cache]
    is_elsewhere = ~is_found & (spilled_S[0] + spilled_S[1] > 0)

    def look_everywhere():
        block_S, has = [], []
        for side in range(2):
            order = slots.all(side)
            is_it_CW = (order.qty > 0) & (order.order_id == order_id)
            has.append(any_of(is_it_CW))
            block_S.append(slots.block_of(is_it_CW))
        side = has[1].astype(jnp.int32)
        is_any = (has[0] | has[1]).astype(jnp.int32)
        return is_any, side, pick(side, block_S)

    found = only_if(is_elsewhere, look_everywhere, found)
    return Found(found[0] > 0, found[1], found[2])


class Oldest(NamedTuple):
    """The oldest live order of an owner, and how many there are on both sides."""

    count: Array
    side: Array
    block: Array
    seq: Array


def oldest_of(slots: Slots, owner: Array, is_wanted: Array) -> Oldest:
    """Find the oldest order of ``owner``; all zeros where not wanted."""

    def look():
        count, seq_S, block_S = [], [], []
        for side in range(2):
            order = slots.all(side)
            is_it_CW = (order.qty > 0) & (order.owner == owner)
            count.append(jnp.sum(is_it_CW.astype(jnp.int32)))
            seq_S.append(jnp.min(jnp.where(is_it_CW, order.seq, INT32_MAX)))
            block_S.append(slots.block_of(is_it_CW & (order.seq == seq_S[-1])))
        side = (seq_S[1] < seq_S[0]).astype(jnp.int32)
        return Oldest(count[0] + count[1], side, pick(side, block_S), pick(side, seq_S))

    return only_if(is_wanted, look, Oldest(*zeros(4)))


def is_fillable(
    slots: Slots,
    side: Array,
    owner: Array,
    qty: Array,
    limit_rank: Array,
    self_trade: Array,
    is_wanted: Array,
) -> Array:
    """Whether an order could be filled whole, at once, self-trade prevention included.

    Args:
      side, owner, qty: of the incoming order.
      limit_rank: worst rank of the opposite side that it reaches.
      self_trade: the book's :class:`marsjax.types.SelfTrade`.

    Hidden parts count: a refill is matched by the same order. An order of its own owner
    in the way ends the count, unless the book would take it off.
    """

    def look():
        side_sign = 1 - 2 * side  # rank of the opposite side: sign * price
        bids, asks = slots.all(0), slots.all(1)
        order = jax.tree.map(lambda b, a: jnp.where(side == 0, a, b), bids, asks)
        rank = side_sign * order.price_ticks
        is_market = ~is_limit_price(order.price_ticks)
        is_live = order.qty > 0
        reach = is_live & (rank <= limit_rank) & ~is_market
        blocked = any_of(is_live & is_market)
        prevents = (self_trade != SelfTrade.OFF) & (owner != 0)
        is_own = reach & (order.owner == owner) & prevents
        stops = is_own & (self_trade != SelfTrade.CANCEL_OLDEST)
        stop_rank = jnp.min(jnp.where(stops, rank, INT32_MAX))
        stop_seq = jnp.min(jnp.where(stops & (rank == stop_rank), order.seq, INT32_MAX))
        before = reach & ~is_own & (rank < stop_rank)
        level = reach & ~is_own & (rank == stop_rank) & (order.seq < stop_seq)
        total = jnp.sum(jnp.where(before, order.qty + order.hidden, 0))
        total = total + jnp.sum(jnp.where(level, order.qty, 0))
        return ((total >= qty) & ~blocked).astype(jnp.int32)

    return only_if(is_wanted, look, jnp.zeros((), jnp.int32)) > 0
