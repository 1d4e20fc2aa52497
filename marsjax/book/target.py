"""Which slot an elementary action touches."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax

from marsjax.book.auction import crossing
from marsjax.book.checks import is_in, is_new_order, static_reason
from marsjax.book.kernel import computed, only_if
from marsjax.book.pending import (
    ASKS,
    BIDS,
    CANCELLING,
    IDLE,
    LEFTOVER,
    MATCHING,
    Pending,
)
from marsjax.book.search import is_fillable, oldest_of, zeros
from marsjax.book.sight import Sight, is_waiting_market
from marsjax.book.slots import COUNT, Order, best_of, first_index, pick
from marsjax.book.state import Working
from marsjax.types import Array, Kind, Message


class Wanted(NamedTuple):
    """What only some messages ask for: int32 scalars, 0 where not asked.

    ``reason``: why the message is refused as far as its own fields tell; ``fillable``:
    a fill-or-kill order could be filled; ``is_mass``, ``owned``: a mass cancel goes on
    and how many orders it still finds; the ``oldest`` of them; the auction's price and
    volume.
    """

    reason: Array
    fillable: Array
    is_mass: Array
    owned: Array
    oldest_side: Array
    oldest_block: Array
    oldest_seq: Array
    auction_ticks: Array
    auction_qty: Array


def want(work: Working, message: Message, pending: Pending, sight: Sight) -> Wanted:
    """The searches that ``message`` asks for."""
    kind, is_fresh = message.kind, pending.stage == IDLE
    reason = static_reason(
        message, sight.side, sight.found.is_found, work.phase, work.rules
    )
    reason = computed(jnp.where(is_fresh, reason, 0))
    wants_all = is_fresh & (kind == Kind.FOK) & (reason == 0) & ~sight.too_far
    # It never halts the market: the best it would meet must be within the band, and it
    # counts no order beyond. (A rank is a price with the sign of the other side.)
    best = pick(sight.side, sight.rank_S[::-1])
    nearest = -sight.sign * work.reference_ticks - sight.band_ticks
    wants_all &= (sight.band_ticks < 0) | (best >= nearest)
    reach = -sight.sign * sight.limit_ticks
    edge = -sight.sign * work.reference_ticks + sight.band_ticks
    fillable = is_fillable(
        work.slots,
        sight.side,
        message.owner,
        message.qty,
        jnp.where(sight.band_ticks >= 0, jnp.minimum(reach, edge), reach),
        work.rules.self_trade,
        wants_all,
    )
    is_mass = is_fresh & (kind == Kind.MASS_CANCEL) & (reason == 0)
    is_mass |= pending.stage == CANCELLING
    oldest = oldest_of(work.slots, message.owner, is_mass)
    prices = (work.reference_ticks, work.last_price_ticks)
    auction = only_if(
        is_fresh & (kind == Kind.UNCROSS),
        lambda: crossing(work.slots, work.rules, *prices)[:2],
        zeros(2),
    )
    return Wanted(reason, fillable, is_mass, *oldest, *auction)


def block_with_room(room_C: Array, home: Array) -> Array:
    """The block where an order comes to rest: its home, else the first that has room;
    C if the side is full."""
    num_blocks = room_C.shape[0]
    index_C = lax.iota(jnp.int32, num_blocks)
    choice_C = jnp.where(index_C == home, -1, index_C)
    choice = jnp.min(jnp.where(room_C, choice_C, num_blocks))
    return jnp.where(choice < 0, home, choice)


class Target(NamedTuple):
    """The slot and the order in it, if any.

    ``legs``: an auction fills it; ``leftover``: an auction leaves it; ``meets``: it is
    the maker that the acting order reaches; ``has_room``: its side can take an order.
    """

    side: Array
    block: Array
    slot: Array
    order: Order
    legs: Array
    leftover: Array
    in_auction: Array
    meets: Array
    has_room: Array


def aim(
    work: Working,
    message: Message,
    pending: Pending,
    cache,
    sight: Sight,
    wanted: Wanted,
) -> tuple[Target, Order]:
    """The slot to touch and the block that it is in, ``[W]`` each field."""
    slots, kind, stage = work.slots, message.kind, pending.stage
    in_auction = is_in(stage, BIDS, ASKS, LEFTOVER)
    legs = is_in(stage, BIDS, ASKS) & (pending.qty > 0)
    left_bids, left_asks = (is_waiting_market(s, sight.rank_S[s]) for s in (0, 1))
    leftover = in_auction & ~legs & (left_bids | left_asks)
    is_ask_side = jnp.where(legs, stage != BIDS, ~left_bids)
    auction_side = is_ask_side.astype(jnp.int32)

    is_posting = is_in(kind, Kind.POST_ONLY, Kind.POST_ONLY_SLIDE)
    takes = (stage == IDLE) & is_new_order(kind) & ~is_posting
    meets = (takes | (stage == MATCHING)) & ~sight.waits & sight.crosses
    by_best = meets | in_auction
    best_side = jnp.where(in_auction, auction_side, 1 - sight.side)
    best_cache = tuple(pick(best_side, both) for both in zip(*cache, strict=True))
    best_seq, best_block = best_of(best_cache, pick(best_side, sight.rank_S))

    # An order that rests goes to the block where its id is looked for.
    room_C = pick(sight.side, (cache[0][COUNT], cache[1][COUNT])) < slots.width
    free_block = block_with_room(room_C, slots.home(message.order_id))
    block = jnp.minimum(free_block, slots.num_blocks - 1)
    block = jnp.where(by_best, best_block, block)
    block = jnp.where(sight.names, sight.found.block, block)
    block = jnp.where(wanted.is_mass, wanted.oldest_block, block)
    side = jnp.where(by_best, best_side, sight.side)
    side = jnp.where(wanted.is_mass, wanted.oldest_side, side)
    side, block = computed((side, block))

    block_W = computed(slots.block(side, block))
    is_live_W = block_W.qty > 0
    seq = jnp.where(wanted.is_mass, wanted.oldest_seq, best_seq)
    is_it_W = jnp.where(
        sight.names,
        is_live_W & (block_W.order_id == message.order_id),
        is_live_W & (block_W.seq == seq),
    )
    free_slot = slots.free_slot(is_live_W, message.order_id)
    slot = jnp.where(
        sight.names | by_best | wanted.is_mass, first_index(is_it_W), free_slot
    )
    slot = jnp.minimum(slot, slots.width - 1)
    has_room = free_block < slots.num_blocks
    target = Target(
        side,
        block,
        slot,
        slots.at(block_W, slot),
        legs,
        leftover,
        in_auction,
        meets,
        has_room,
    )
    return computed(target), block_W
