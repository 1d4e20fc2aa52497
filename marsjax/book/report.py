"""What an elementary action tells, and what it leaves of its message."""

import jax.numpy as jnp

from marsjax.book.deed import Deed
from marsjax.book.pending import (
    ASKS,
    BIDS,
    CANCELLING,
    EXPIRING,
    IDLE,
    LEFTOVER,
    MATCHING,
    Pending,
)
from marsjax.book.settle import Change
from marsjax.book.sight import Sight
from marsjax.book.slots import is_limit_price
from marsjax.book.state import Working
from marsjax.book.target import Target, Wanted
from marsjax.types import (
    Array,
    Event,
    EventKind,
    Kind,
    Message,
    SelfTrade,
    Status,
)


def is_uncrossed(target: Target) -> Array:
    """Whether an auction has nothing left to do but to tell its result."""
    return target.in_auction & ~target.legs & ~target.leftover


def what_is_left(
    work: Working,
    message: Message,
    pending: Pending,
    sight: Sight,
    wanted: Wanted,
    target: Target,
    deed: Deed,
    change: Change,
) -> Pending:
    """The message's next stage."""
    stage, order = pending.stage, target.order
    left = deed.qty - deed.trade_qty
    goes_on = (deed.takes_maker | deed.fills | deed.decrements) & (left > 0)
    takes_both = work.rules.self_trade == SelfTrade.CANCEL_BOTH
    calls = (stage == IDLE) & (message.kind == Kind.UNCROSS)
    leg_left = pending.qty - change.leg_qty
    after_leg = jnp.where(stage == BIDS, ASKS, LEFTOVER)
    next_stage = (goes_on | deed.reinserts).astype(jnp.int32) * MATCHING
    for is_it, code in (
        (deed.takes_maker & takes_both, EXPIRING),
        (deed.mass & (wanted.owned > 1), CANCELLING),
        (calls, jnp.where(wanted.auction_qty > 0, BIDS, LEFTOVER)),
        (target.legs, jnp.where(leg_left > 0, stage, after_leg)),
        (target.leftover, LEFTOVER),
    ):
        next_stage = jnp.where(is_it, code, next_stage)
    # The asks of an auction begin with the whole volume again.
    leg_qty = jnp.where(leg_left > 0, leg_left, pending.volume)
    qty = jnp.where(target.legs, leg_qty, left)
    qty = jnp.where(deed.reinserts, message.qty, qty)
    qty = jnp.where(calls, wanted.auction_qty, qty)
    display = jnp.where(message.display_qty > 0, message.display_qty, order.display)
    return Pending(
        stage=next_stage,
        qty=jnp.where(next_stage == LEFTOVER, 0, qty),
        side=sight.side,
        owner=jnp.where(deed.reinserts, order.owner, deed.owner),
        price_ticks=jnp.where(calls, wanted.auction_ticks, sight.limit_ticks),
        display=jnp.where(deed.reinserts, display, deed.display),
        volume=jnp.where(calls, wanted.auction_qty, pending.volume),
    )


def event_of(
    message: Message,
    pending: Pending,
    sight: Sight,
    target: Target,
    deed: Deed,
    change: Change,
    next_stage: Array,
) -> Event:
    """The event of the action; of kind ``NONE`` for an inner step."""
    order, uncrossed = target.order, is_uncrossed(target)
    rejects = deed.reason != 0
    takes_off = deed.cancels | deed.mass | deed.takes_maker
    trades = deed.fills | deed.decrements
    kind = (deed.rests | change.reprices).astype(jnp.int32) * int(EventKind.REST)
    for is_it, code in (
        (deed.fills, EventKind.FILL),
        (takes_off, EventKind.CANCEL),
        (deed.replaces, EventKind.REPLACE),
        (deed.expires | deed.gives_up | change.expires_left, EventKind.EXPIRE),
        (deed.decrements, EventKind.DECREMENT),
        (target.legs, EventKind.AUCTION_FILL),
        (uncrossed, EventKind.UNCROSS),
        (deed.moves, EventKind.PHASE),
        (rejects, EventKind.REJECT),
    ):
        kind = jnp.where(is_it, int(code), kind)

    # Market orders have no price to tell.
    is_market = message.kind == Kind.MARKET
    asked_ticks = jnp.where(is_market, 0, message.price_ticks)
    at_auction = target.legs | change.reprices | uncrossed
    price = jnp.where(is_limit_price(order.price_ticks), order.price_ticks, 0)
    price = jnp.where(at_auction, pending.price_ticks, price)
    price = jnp.where(deed.rests, jnp.where(is_market, 0, sight.limit_ticks), price)
    is_asked = rejects | deed.expires | deed.gives_up | deed.replaces | deed.moves
    price = jnp.where(is_asked, asked_ticks, price)

    is_rest = deed.rests | deed.expires | deed.gives_up | deed.refused | deed.halts
    of_order = takes_off | target.legs | target.leftover
    open_qty = order.qty + order.hidden
    order_qty = jnp.where(target.legs | deed.cancels, change.off, open_qty)
    qty = jnp.where(is_rest, deed.qty, message.qty)
    qty = jnp.where(trades, deed.trade_qty, qty)
    qty = jnp.where(of_order, order_qty, qty)
    qty = jnp.where(uncrossed, pending.volume, qty)

    order_id = jnp.where(uncrossed, -1, message.order_id)
    # A refused cancel or modify names no order: its owner is who sent it.
    owner = jnp.where(deed.replaces, order.owner, deed.owner)
    own = deed.takes_maker | deed.gives_up
    return Event(
        kind=kind,
        side=jnp.where(of_order, target.side, jnp.where(uncrossed, 0, sight.side)),
        price_ticks=price,
        qty=qty,
        order_id=jnp.where(of_order, order.order_id, order_id),
        owner=jnp.where(of_order, order.owner, jnp.where(uncrossed, 0, owner)),
        maker_id=jnp.where(trades, order.order_id, -1),
        maker_owner=jnp.where(trades, order.owner, -1),
        reason=jnp.where(own, int(Status.SELF_TRADE), deed.reason),
        is_last=(next_stage == IDLE).astype(jnp.int32),
        refill_qty=change.refill_qty,
    )
