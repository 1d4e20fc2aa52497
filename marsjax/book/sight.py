"""What a message sees: the best of both sides, the order it names, its limit."""

from typing import NamedTuple

import jax.numpy as jnp

from marsjax.book.checks import basis_points, collar, is_auction, is_in, is_new_order
from marsjax.book.kernel import computed
from marsjax.book.pending import IDLE, MARKET_BUY, MARKET_SELL, Pending
from marsjax.book.search import Found, find_order
from marsjax.book.slots import INT32_MAX, best_rank, pick, sign_of
from marsjax.book.state import Working
from marsjax.types import MAX_PRICE_TICKS, Array, Kind, Message, Phase


class Sight(NamedTuple):
    """Scalars; prices in ticks.

    Attributes:
      rank_S: best rank of each side (`marsjax.book.slots.best_rank`), a pair.
      found: where the order is that the message names.
      side, sign: of the acting order.
      limit_ticks: how far it may match, fixed when it comes.
      crosses: it reaches the best opposite limit order.
      slides: it is a post-only order whose price was moved behind the best opposite.
      too_far: the collar forbids its price.
      names: it cancels or modifies an order.
      waits: it rests without matching.
      band_ticks: how far from the reference a trade may be; -1 for no bound.
    """

    rank_S: tuple[Array, Array]
    found: Found
    side: Array
    sign: Array
    limit_ticks: Array
    crosses: Array
    slides: Array
    too_far: Array
    names: Array
    waits: Array
    band_ticks: Array


def is_waiting_market(side: Array, rank: Array) -> Array:
    """Whether the best rank of a side belongs to a market order in an auction."""
    return jnp.where(side == 0, rank < -MAX_PRICE_TICKS, rank == MARKET_SELL)


def look(work: Working, message: Message, pending: Pending, cache) -> Sight:
    """See the book as ``message`` does."""
    rules, phase, kind = work.rules, work.phase, message.kind
    rank_S, found = computed(
        (
            tuple(best_rank(side) for side in cache),
            find_order(work.slots, message.order_id, cache),
        )
    )
    is_fresh = pending.stage == IDLE
    names = is_fresh & is_in(kind, Kind.CANCEL, Kind.MODIFY)
    is_sell = (message.side == 1).astype(jnp.int32)
    side = jnp.where(names, found.side, is_sell)
    side = jnp.where(is_fresh, side, pending.side)
    sign = sign_of(side)
    opposite, own = pick(side, rank_S[::-1]), pick(side, rank_S)
    has_opposite = (opposite < INT32_MAX) & ~is_waiting_market(1 - side, opposite)
    has_own = (own < INT32_MAX) & ~is_waiting_market(side, own)
    opposite_ticks = jnp.where(has_opposite, -sign * opposite, 0)
    own_ticks = jnp.where(has_own, sign * own, 0)

    reach = collar(rules, side, opposite_ticks, own_ticks, work.last_price_ticks)
    widest = jnp.where(side == 0, MAX_PRICE_TICKS, 1)
    market_ticks = jnp.where(
        is_auction(phase),
        jnp.where(side == 0, MARKET_BUY, MARKET_SELL),
        jnp.where(reach.has_collar, reach.bound_ticks, widest),
    )
    limit = jnp.where(kind == Kind.MARKET, market_ticks, message.price_ticks)
    limit = jnp.where(is_fresh, limit, pending.price_ticks)
    crosses = jnp.where(side == 0, limit >= opposite_ticks, limit <= opposite_ticks)
    crosses &= has_opposite
    beyond = jnp.where(side == 0, limit > reach.bound_ticks, limit < reach.bound_ticks)
    is_priced = is_new_order(kind) & ~is_in(kind, Kind.MARKET, Kind.COLLECT)
    is_priced |= kind == Kind.MODIFY
    too_far = is_priced & beyond & reach.has_collar & (phase == Phase.CONTINUOUS)
    slides = (kind == Kind.POST_ONLY_SLIDE) & is_fresh & crosses
    limit = jnp.where(slides, opposite_ticks + sign * rules.tick, limit)
    has_band = (rules.halt_bps > 0) & (work.reference_ticks > 0)
    band = basis_points(jnp.maximum(work.reference_ticks, 0), rules.halt_bps)
    return Sight(
        rank_S,
        found,
        side,
        sign,
        limit,
        crosses,
        slides,
        too_far,
        names,
        is_auction(phase) | (kind == Kind.COLLECT),
        jnp.where(has_band, band, -1),
    )
