"""What an elementary action leaves in the slot that it touches."""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax

from marsjax.book.deed import Deed
from marsjax.book.pending import Pending
from marsjax.book.sight import Sight
from marsjax.book.slots import COUNT, SPILLED, Order, Slots, cached_best, pick
from marsjax.book.state import Working
from marsjax.book.target import Target
from marsjax.types import Array, Message


class Change(NamedTuple):
    """The order after the action, and what went off the one that was there.

    ``refill_qty``: what an iceberg shows anew; ``leg_qty``: what an auction filled;
    ``expires_left``, ``reprices``: what becomes of a market order that an auction left.
    """

    order: Order
    off: Array
    refill_qty: Array
    leg_qty: Array
    expires_left: Array
    reprices: Array


def change_order(
    work: Working,
    message: Message,
    pending: Pending,
    sight: Sight,
    target: Target,
    deed: Deed,
) -> Change:
    """The order in the touched slot afterwards."""
    order = target.order
    open_qty = order.qty + order.hidden
    keeps_market = (work.rules.rest_market == 1) & (pending.volume > 0)
    expires_left = target.leftover & ~keeps_market
    reprices = target.leftover & keeps_market
    cancel_qty = jnp.where(message.qty == 0, open_qty, message.qty)
    leg_qty = jnp.where(target.legs, jnp.minimum(open_qty, pending.qty), 0)
    off = jnp.where(deed.cancels, jnp.minimum(cancel_qty, open_qty), leg_qty)
    off = jnp.where(deed.replaces, open_qty - message.qty, off) + deed.trade_qty
    whole = deed.reinserts | deed.mass | deed.takes_maker | expires_left
    off = jnp.where(whole, open_qty, off)
    by_trade = deed.fills | deed.decrements | target.legs
    after, refill_qty = _taken_off(order, off, by_trade, work.next_seq)
    after = after._replace(
        price_ticks=jnp.where(reprices, pending.price_ticks, order.price_ticks)
    )
    qty, display = deed.qty, deed.display
    shown = jnp.where(display > 0, jnp.minimum(display, qty), qty)
    resting = Order(
        sight.limit_ticks,
        shown,
        work.next_seq,
        message.order_id,
        deed.owner,
        qty - shown,
        display,
    )
    written = Order(
        *(
            jnp.where(deed.rests, new, old)
            for new, old in zip(resting, after, strict=True)
        )
    )
    return Change(written, off, refill_qty, leg_qty, expires_left, reprices)


def _taken_off(
    order: Order, qty: Array, by_trade: Array, next_seq: Array
) -> tuple[Order, Array]:
    """An order after ``qty`` of it is gone, and what an iceberg shows anew.

    A trade takes the part on display first, and an iceberg whose display is used up
    shows the next part at the back of its queue. A cancel or a lowered quantity takes
    the hidden part first and leaves the place in the queue.
    """
    rest = order.qty + order.hidden - qty
    refills = by_trade & (qty >= order.qty) & (rest > 0)
    refill = jnp.where(refills, jnp.minimum(order.display, rest), 0)
    shown = jnp.where(by_trade, order.qty - qty, jnp.minimum(order.qty, rest))
    shown = jnp.where(refills, refill, jnp.maximum(shown, 0))
    return order._replace(
        qty=shown,
        hidden=rest - shown,
        seq=jnp.where(refills, next_seq, order.seq),
    ), refill


def place_of(slots: Slots, target: Target, block_W: Order, after: Order, cache):
    """What to write where the target is, as `marsjax.book.slots.Slots.write` takes it.

    Returns:
      the order, the block's cached values, and the home from which, by the change, one
      more or less order is away.
    """
    side, block, before = target.side, target.block, target.order
    here_W = lax.iota(jnp.int32, slots.width) == target.slot
    after_W = block_W._replace(
        price_ticks=jnp.where(here_W, after.price_ticks, block_W.price_ticks),
        qty=jnp.where(here_W, after.qty, block_W.qty),
        seq=jnp.where(here_W, after.seq, block_W.seq),
    )
    rank, seq = cached_best(side, after_W)
    change = (after.qty > 0).astype(jnp.int32) - (before.qty > 0).astype(jnp.int32)
    home = slots.home(jnp.where(change > 0, after.order_id, before.order_id))
    count, spilled = (
        slots.one_of(pick(side, (cache[0][g], cache[1][g])), block)
        for g in (COUNT, SPILLED)
    )
    cached = (rank, seq, count + change, spilled)
    return after, cached, home, jnp.where(home == block, 0, change)
