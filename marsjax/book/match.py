"""The matching rule: one elementary action of the exchange.

A message is a run of elementary actions: a fill, a fill, ..., then a rest, an expiry or
nothing. `advance` takes one such action, so that a stream of messages is one flat loop
in which a market that sweeps many orders does not hold up the others (see `stream`),
and the batched form has no inner loop that would copy the book.

Time priority is one counter. The best order of a side is the minimum of (price,
sequence) over its slots, a masked reduction with no sorting and no pointers.
"""

from typing import NamedTuple

import jax.numpy as jnp

from marsjax.book.state import Book, first_index
from marsjax.types import MAX_PRICE_TICKS, Array, Event, EventKind, Kind, Message
from marsjax.types import Status as S

_INT32_MAX = jnp.iinfo(jnp.int32).max


class Pending(NamedTuple):
    """What is left of the message in flight; all int32 scalars.

    ``qty`` 0 means that no message is in flight and the next one is to be read. Side
    and owner are kept because a modify takes them from the order that it removed.
    """

    qty: Array
    side: Array
    owner: Array


def nothing_pending() -> Pending:
    """No message in flight."""
    # Each field its own array: donated buffers must not be shared.
    return Pending(*(jnp.zeros((), jnp.int32) for _ in Pending._fields))


def best_slot(book: Book, side: Array) -> tuple[Array, Array]:
    """Slot and price of the order with priority on ``side``; slot N if it is empty."""
    live_N = book.qty_SN[side] > 0
    sign = 2 * jnp.asarray(side, jnp.int32) - 1  # bids: the highest price is best
    rank_N = jnp.where(live_N, sign * book.price_ticks_SN[side], _INT32_MAX)
    best_rank = jnp.min(rank_N)
    at_best_N = live_N & (rank_N == best_rank)
    seq_N = jnp.where(at_best_N, book.seq_SN[side], _INT32_MAX)
    slot = first_index(at_best_N & (seq_N == jnp.min(seq_N)))
    return slot, sign * best_rank


def find_order(book: Book, order_id: Array) -> tuple[Array, Array, Array]:
    """``(is_found, side, slot)`` of a live order; slot N if there is none."""
    n = book.num_slots
    match_SN = (book.qty_SN > 0) & (book.order_id_SN == order_id)
    flat = first_index(match_SN.reshape(-1))
    is_found = flat < 2 * n
    side = jnp.where(is_found, flat // n, 0)
    return is_found, side, jnp.where(is_found, flat % n, n)


def _reason(message: Message, is_found: Array) -> Array:
    """Status bits for which the exchange refuses a fresh message, 0 if it does not."""
    kind, qty = message.kind, message.qty
    is_new = (kind == Kind.LIMIT) | (kind == Kind.IOC) | (kind == Kind.COLLECT)
    is_cancel, is_modify = kind == Kind.CANCEL, kind == Kind.MODIFY
    price_ok = (message.price_ticks >= 1) & (message.price_ticks <= MAX_PRICE_TICKS)
    side_ok = (message.side == 0) | (message.side == 1)
    qty_ok = jnp.where(is_cancel, qty >= 0, qty > 0)
    faults = (
        (~(is_new | is_cancel | is_modify), S.BAD_KIND),
        ((is_new | is_modify) & ~price_ok, S.BAD_PRICE),
        (is_new & ~side_ok, S.BAD_SIDE),
        (~qty_ok, S.BAD_QTY),
        (is_new & is_found, S.DUPLICATE_ID),
        ((is_cancel | is_modify) & ~is_found, S.UNKNOWN_ID),
    )
    bits = jnp.zeros((), jnp.int32)
    for is_fault, bit in faults:
        bits |= jnp.where(is_fault, int(bit), 0)
    # An unknown kind has no other fault worth telling; padding has none at all.
    bits = jnp.where(bits & int(S.BAD_KIND), int(S.BAD_KIND), bits)
    return jnp.where(kind == Kind.NONE, 0, bits)


def advance(
    book: Book, message: Message, pending: Pending, *, keep_priority: bool = True
) -> tuple[Book, Event, Pending]:
    """Take one elementary action for ``message``.

    Call again with the same message while ``pending.qty > 0``. The whole rule is
    branch-free: each action is a write to at most one slot of a side, and "no write"
    is a write to slot N, which is dropped.

    Args:
      book: the book, unbatched.
      message: the message in flight, or a fresh one if ``pending.qty == 0``.
      pending: what is left of it.
      keep_priority: a modify that only lowers the quantity keeps its place in the
        queue; if false every modify is a cancel and a new order.

    Returns:
      the book, the event, and what is left of the message. A refused message leaves
      every order as it was and sets its status bits.
    """
    n = book.num_slots
    kind = message.kind
    is_fresh = pending.qty == 0
    is_new = (kind == Kind.LIMIT) | (kind == Kind.IOC) | (kind == Kind.COLLECT)

    # Orders that the message names.
    is_found, side_f, slot_f = find_order(book, message.order_id)
    reason = jnp.where(is_fresh, _reason(message, is_found), 0)
    is_ok = reason == 0
    open_qty = jnp.where(is_found, book.qty_SN.at[side_f, slot_f].get(mode="clip"), 0)
    open_price = book.price_ticks_SN.at[side_f, slot_f].get(mode="clip")
    owner_f = book.owner_SN.at[side_f, slot_f].get(mode="clip")
    owner_f = jnp.where(is_found, owner_f, message.owner)

    is_cancel = is_fresh & is_ok & (kind == Kind.CANCEL)
    is_modify = is_fresh & is_ok & (kind == Kind.MODIFY)
    lowers = (message.price_ticks == open_price) & (message.qty <= open_qty)
    is_replace = is_modify & lowers & keep_priority
    is_reinsert = is_modify & ~is_replace
    cancel_qty = jnp.where(message.qty == 0, open_qty, message.qty)
    cancel_qty = jnp.minimum(cancel_qty, open_qty)
    new_open = jnp.where(is_cancel, open_qty - cancel_qty, 0)
    new_open = jnp.where(is_replace, message.qty, new_open)
    touch = jnp.where(is_cancel | is_modify, slot_f, n)
    qty_SN = book.qty_SN.at[side_f, touch].set(new_open, mode="drop")
    taken_off = jnp.where(is_cancel | is_modify, open_qty - new_open, 0)
    total_qty_S = book.total_qty_S.at[side_f].add(-taken_off)

    # The order that takes part in matching.
    enters = is_fresh & is_ok & (is_new | is_reinsert)
    taker_qty = jnp.where(is_fresh, jnp.where(enters, message.qty, 0), pending.qty)
    side = jnp.where(is_fresh, jnp.where(is_new, message.side, side_f), pending.side)
    owner = jnp.where(
        is_fresh, jnp.where(is_new, message.owner, owner_f), pending.owner
    )
    side = jnp.where(side == 1, 1, 0)  # a refused message may hold any side
    slot_m, price_m = best_slot(book, 1 - side)
    reaches = jnp.where(
        side == 0, message.price_ticks >= price_m, message.price_ticks <= price_m
    )
    fills = (taker_qty > 0) & (slot_m < n) & reaches & (kind != Kind.COLLECT)
    maker_qty = book.qty_SN.at[1 - side, slot_m].get(mode="clip")
    fill_qty = jnp.where(fills, jnp.minimum(taker_qty, maker_qty), 0)
    qty_SN = qty_SN.at[1 - side, jnp.where(fills, slot_m, n)].set(
        maker_qty - fill_qty, mode="drop"
    )
    total_qty_S = total_qty_S.at[1 - side].add(-fill_qty)
    left = jnp.where(fills, taker_qty - fill_qty, 0)

    # What does not match rests, expires, or finds its side full.
    stays = (taker_qty > 0) & ~fills
    expires = stays & (kind == Kind.IOC)
    slot_free = first_index(qty_SN[side] == 0)
    is_full = stays & ~expires & (slot_free == n)
    is_too_much = stays & ~expires & (taker_qty > _INT32_MAX - total_qty_S[side])
    rests = stays & ~expires & ~is_full & ~is_too_much
    slot_r = jnp.where(rests, slot_free, n)
    total_qty_S = total_qty_S.at[side].add(jnp.where(rests, taker_qty, 0))
    reason |= jnp.where(is_full, int(S.BOOK_FULL), 0)
    reason |= jnp.where(is_too_much, int(S.TOTAL_QTY), 0)

    def write(old_SN: Array, value: Array) -> Array:
        return old_SN.at[side, slot_r].set(value, mode="drop")

    new_book = book.replace(
        price_ticks_SN=write(book.price_ticks_SN, message.price_ticks),
        qty_SN=write(qty_SN, taker_qty),
        seq_SN=write(book.seq_SN, book.next_seq),
        order_id_SN=write(book.order_id_SN, message.order_id),
        owner_SN=write(book.owner_SN, owner),
        total_qty_S=total_qty_S,
        next_seq=book.next_seq + rests.astype(jnp.int32),
        last_price_ticks=jnp.where(fills, price_m, book.last_price_ticks),
        status=book.status | reason.astype(jnp.uint32),
    )

    event_kind = jnp.select(
        [reason != 0, fills, rests, expires, is_cancel, is_replace],
        [
            jnp.int32(EventKind.REJECT),
            jnp.int32(EventKind.FILL),
            jnp.int32(EventKind.REST),
            jnp.int32(EventKind.EXPIRE),
            jnp.int32(EventKind.CANCEL),
            jnp.int32(EventKind.REPLACE),
        ],
        jnp.int32(EventKind.NONE),
    )
    event = Event(
        kind=event_kind,
        side=jnp.where(is_cancel | is_modify, side_f, side),
        price_ticks=jnp.select(
            [fills, is_cancel], [price_m, open_price], message.price_ticks
        ),
        qty=jnp.select(
            [fills, stays, is_cancel],
            [fill_qty, taker_qty, cancel_qty],
            message.qty,
        ),
        order_id=message.order_id,
        owner=owner,
        maker_id=jnp.where(
            fills, book.order_id_SN.at[1 - side, slot_m].get(mode="clip"), -1
        ),
        maker_owner=jnp.where(
            fills, book.owner_SN.at[1 - side, slot_m].get(mode="clip"), -1
        ),
        reason=reason,
        is_last=(left == 0).astype(jnp.int32),
    )
    return new_book, event, Pending(left, side, owner)
