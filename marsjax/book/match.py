"""The matching rule: one elementary action of the exchange.

A message is a run of elementary actions: a fill, a fill, ..., then a rest, an expiry or
nothing. `advance` takes one such action, so that a stream of messages is one flat loop
in which a market that sweeps many orders does not hold up the others (see `stream`).

Each action writes at most one slot, of one block, which it has read before:

- a cancel or modify, the block of the order that it names;
- a fill, the block of the best order of the other side;
- a rest, a block with room on its own side.

The rule is branch-free. An action that writes nothing writes back what it read.
"""

import jax.numpy as jnp

from marsjax.book import settle
from marsjax.book.checks import bits
from marsjax.book.deed import Deed, decide
from marsjax.book.kernel import computed
from marsjax.book.pending import Pending
from marsjax.book.report import event_of, is_uncrossed, what_is_left
from marsjax.book.sight import look
from marsjax.book.slots import INT32_MAX
from marsjax.book.state import Working
from marsjax.book.target import Target, aim, want
from marsjax.types import Event, Message, Phase, Status


def advance(
    work: Working, message: Message, pending: Pending
) -> tuple[Working, Event, Pending]:
    """Take one elementary action for ``message``.

    Call again with the same message until the event has ``is_last``.

    Args:
      work: the book as the exchange works on it.
      message: the message in flight, or a fresh one if nothing is pending; all seven
        fields int32 scalars.
      pending: what is left of it.

    Returns:
      the book, the event, and what is left of the message. A refused message leaves
      every order as it was and sets its status bits.
    """
    cache = work.slots.cache()
    sight = computed(look(work, message, pending, cache))
    wanted = want(work, message, pending, sight)
    target, block_W = aim(work, message, pending, cache, sight, wanted)
    deed = computed(decide(work, message, pending, sight, wanted, target))
    change = computed(settle.change_order(work, message, pending, sight, target, deed))
    left = what_is_left(work, message, pending, sight, wanted, target, deed, change)
    event = event_of(message, pending, sight, target, deed, change, left.stage)
    small = _count(work, message, pending, target, deed, change)
    place = settle.place_of(work.slots, target, block_W, change.order, cache)
    # All that is read comes before the write, which then needs no copy of the book.
    place, small, event, left = computed((place, small[1:], event, left))
    slots = work.slots.write(target.side, target.block, target.slot, *place)
    return Working(slots, *small), event, left


def _count(
    work: Working,
    message: Message,
    pending: Pending,
    target: Target,
    deed: Deed,
    change: settle.Change,
) -> Working:
    """The scalars of the book after the action."""
    added = jnp.where(deed.rests, deed.qty, 0) - change.off
    bid_qty, ask_qty = (work.total_qty_S[s] for s in range(2))
    total_qty_S = work.slots.pair(
        bid_qty + jnp.where(target.side == 0, added, 0),
        ask_qty + jnp.where(target.side == 1, added, 0),
    )
    ends_auction = is_uncrossed(target) & (pending.volume > 0)
    last = jnp.where(ends_auction, pending.price_ticks, work.last_price_ticks)
    sets_reference = deed.moves & (message.price_ticks > 0)
    phase = jnp.where(deed.moves, message.qty, work.phase)
    # Resting stops a million before the end (`SEQUENCE`); refills may go on to it, and
    # from there on they share a place in the queue.
    next_seq = work.next_seq + (deed.rests | (change.refill_qty > 0))
    is_used_up = next_seq >= INT32_MAX
    reason = deed.reason | bits((is_used_up, Status.SEQUENCE))
    return work._replace(
        total_qty_S=total_qty_S,
        next_seq=jnp.minimum(next_seq, INT32_MAX - 1),
        last_price_ticks=jnp.where(deed.fills, target.order.price_ticks, last),
        reference_ticks=jnp.where(
            sets_reference, message.price_ticks, work.reference_ticks
        ),
        phase=jnp.where(deed.halts, int(Phase.HALTED), phase),
        status=work.status | reason.astype(jnp.uint32),
    )
