"""What an elementary action is: decided once, from what was seen."""

from typing import NamedTuple

import jax.numpy as jnp

from marsjax.book.checks import bits, first_of, is_auction, is_in, is_new_order
from marsjax.book.kernel import computed
from marsjax.book.pending import EXPIRING, IDLE, MATCHING, Pending
from marsjax.book.sight import Sight
from marsjax.book.slots import INT32_MAX, pick
from marsjax.book.state import Working
from marsjax.book.target import Target, Wanted
from marsjax.types import MAX_PRICE_TICKS, Array, Kind, Message, SelfTrade
from marsjax.types import Status as S


class Deed(NamedTuple):
    """At most one of the booleans holds, but for the pairs that are told.

    Attributes:
      reason: status bits of a refusal, of the message or of the rest of its order.
      qty, owner, display: of the acting order.
      cancels: a cancel takes quantity off the named order.
      replaces: a modify lowers its quantity in place.
      reinserts: a modify takes it out, to enter anew.
      mass: a mass cancel takes an order off.
      fills: a trade of ``trade_qty`` with the maker.
      decrements: the same without a trade, for self-trade prevention.
      takes_maker: self-trade prevention takes the maker off.
      gives_up: self-trade prevention ends the acting order.
      halts: a trade would be too far away; the market halts (``reason`` says so).
      rests, expires, refused: how the rest of the acting order ends.
      moves: the market moves to another phase.
    """

    reason: Array
    qty: Array
    owner: Array
    display: Array
    cancels: Array
    replaces: Array
    reinserts: Array
    mass: Array
    fills: Array
    decrements: Array
    trade_qty: Array
    takes_maker: Array
    gives_up: Array
    halts: Array
    rests: Array
    expires: Array
    refused: Array
    moves: Array


def decide(
    work: Working,
    message: Message,
    pending: Pending,
    sight: Sight,
    wanted: Wanted,
    target: Target,
) -> Deed:
    """The one thing that this action does."""
    rules, kind, stage = work.rules, message.kind, pending.stage
    order, is_fresh = target.order, stage == IDLE
    open_qty = order.qty + order.hidden
    lowers = (message.price_ticks == order.price_ticks) & (message.qty <= open_qty)
    lowers &= rules.keep_priority == 1
    reason, is_ok = computed(_refusal(work, message, pending, sight, wanted, lowers))
    modifies = is_ok & (kind == Kind.MODIFY)

    qty = jnp.where(is_fresh, message.qty, pending.qty)
    owner = jnp.where(is_fresh, message.owner, pending.owner)
    display = jnp.where(is_fresh, message.display_qty, pending.display)
    meets = target.meets & (~is_fresh | is_ok)
    distance = jnp.abs(order.price_ticks - work.reference_ticks)
    halts = meets & (sight.band_ticks >= 0) & (distance > sight.band_ticks)
    is_own = (order.owner == owner) & (owner != 0) & (rules.self_trade != SelfTrade.OFF)
    own = meets & ~halts & is_own
    takes_maker = own & is_in(
        rules.self_trade, SelfTrade.CANCEL_OLDEST, SelfTrade.CANCEL_BOTH
    )
    decrements = own & (rules.self_trade == SelfTrade.DECREMENT)
    gives_up = own & (rules.self_trade == SelfTrade.CANCEL_NEWEST)
    fills = meets & ~halts & ~own

    ends = (is_ok & is_new_order(kind)) | (stage == MATCHING)
    ends &= ~meets
    immediate = ~is_auction(work.phase) & is_in(kind, Kind.IOC, Kind.FOK, Kind.MARKET)
    total = pick(target.side, (work.total_qty_S[0], work.total_qty_S[1]))
    no_rest = bits(
        (~target.has_room, S.BOOK_FULL),
        (qty > INT32_MAX - total, S.TOTAL_QTY),
        (work.next_seq > INT32_MAX - 2**20, S.SEQUENCE),
    )
    no_rest = jnp.where(ends & ~immediate, no_rest, 0)
    return Deed(
        reason=first_of(reason, no_rest, bits((halts, S.HALT))),
        qty=qty,
        owner=owner,
        display=display,
        cancels=is_ok & (kind == Kind.CANCEL),
        replaces=modifies & lowers,
        reinserts=modifies & ~lowers,
        mass=wanted.is_mass & (~is_fresh | is_ok),
        fills=fills,
        decrements=decrements,
        trade_qty=jnp.where(fills | decrements, jnp.minimum(qty, order.qty), 0),
        takes_maker=takes_maker,
        gives_up=gives_up | (stage == EXPIRING),
        halts=halts,
        rests=ends & ~immediate & (no_rest == 0),
        expires=ends & immediate,
        refused=no_rest != 0,
        moves=is_ok & (kind == Kind.PHASE),
    )


def _refusal(
    work: Working,
    message: Message,
    pending: Pending,
    sight: Sight,
    wanted: Wanted,
    lowers: Array,
) -> tuple[Array, Array]:
    """Why a fresh message is refused, and whether it is taken."""
    kind, limit, rules = message.kind, sight.limit_ticks, work.rules
    is_fresh = (pending.stage == IDLE) & (kind != Kind.NONE)
    no_room = (limit < jnp.maximum(rules.low_ticks, 1)) | (
        limit > jnp.minimum(rules.high_ticks, MAX_PRICE_TICKS)
    )
    is_post_only = kind == Kind.POST_ONLY
    would_match = (is_post_only & sight.crosses) | (sight.slides & no_room)
    too_far = sight.too_far & ~((kind == Kind.MODIFY) & lowers)
    reason = first_of(
        wanted.reason,
        bits((too_far, S.COLLAR)),
        bits(
            (would_match, S.WOULD_MATCH),
            ((kind == Kind.FOK) & ~wanted.fillable, S.NOT_FILLABLE),
            ((kind == Kind.MASS_CANCEL) & (wanted.owned == 0), S.NO_ORDERS),
        ),
    )
    reason = jnp.where(is_fresh, reason, 0)
    return reason, is_fresh & (reason == 0)
