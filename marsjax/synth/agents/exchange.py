"""One message through the exchange, and who gains what by it.

The ledger is booked fill by fill, inside the exchange's own loop over elementary
actions, so that it is exact however many orders a message meets.
"""

from functools import lru_cache
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from marsjax.book import Book, wide
from marsjax.book.batching import Inbox, Outbox, for_each_book
from marsjax.book.kernel import computed
from marsjax.book.match import advance
from marsjax.book.pending import nothing_pending
from marsjax.book.state import Working
from marsjax.types import Array, Event, EventKind, Message, Side, Status


class Ledger(NamedTuple):
    """Accounts by owner, int32 ``[A + 1]`` each; owner 0 is everybody else.

    ``position``: shares, negative if sold short. ``cash_hi``, ``cash_lo``: ticks x
    shares, the words of a :class:`marsjax.book.wide.Wide` (``cash``). ``bid_qty``,
    ``ask_qty``: shares that rest in the book.
    """

    position: Array
    cash_hi: Array
    cash_lo: Array
    bid_qty: Array
    ask_qty: Array

    @property
    def cash(self) -> wide.Wide:
        """Exact cash, ticks x shares."""
        return wide.Wide(self.cash_hi, _bits(self.cash_lo, jnp.uint32))


class Outcome(NamedTuple):
    """``reason``: status bits of a reject, else 0. ``traded_qty``: shares."""

    reason: Array
    traded_qty: Array


def open_ledger(num_agents: int) -> Array:
    """Nobody holds anything, ``[5, A + 1]``: the fields of `Ledger`."""
    return jnp.zeros((len(Ledger._fields), num_agents + 1), jnp.int32)


def send(book: Book, ledger_LA: Array, message: Message) -> tuple[Book, Array, Outcome]:
    """Carry a message through to its last event.

    Args:
      book: the book, unbatched; ``vmap`` works.
      ledger_LA: the fields of `Ledger`, int32 ``[5, A + 1]``.
      message: int32 scalars; no `MODIFY`, whose rest the ledger would not know.
    """
    display = jnp.zeros_like(message.kind)
    row_1M = jnp.stack([*message[:6], display])[None]
    book, ledger_LA, rows_V1 = _make_send()(book, ledger_LA, row_1M)
    return book, ledger_LA, Outcome(rows_V1[0, 0], rows_V1[1, 0])


@lru_cache
def _make_send():
    def one(work: Working, ledger_LA: Array, inbox: Inbox, outbox: Outbox):
        message = Message(*inbox.read(jnp.int32(0)))

        def action(carry):
            work, pending, ledger_LA, traded, *_ = carry
            work, event, pending = advance(work, message, pending)
            ledger_LA = _book_event(ledger_LA, event)
            traded += jnp.where(event.kind == EventKind.FILL, event.qty, 0)
            is_refused = event.kind == EventKind.REJECT
            reason = jnp.where(is_refused, event.reason, 0)
            return work, pending, ledger_LA, traded, reason, event.is_last == 0

        zero = jnp.int32(0)
        start = (work, nothing_pending(), ledger_LA, zero, zero, jnp.bool_(True))
        work, _, ledger_LA, traded, reason, _ = lax.while_loop(
            lambda c: c[-1], action, start
        )
        return work, ledger_LA, outbox.write(zero, jnp.stack([reason, traded]))

    return for_each_book(one, len(Outcome._fields), 1)


def _book_event(ledger_LA: Array, event: Event) -> Array:
    """The ledger after one event."""
    is_fill = event.kind == EventKind.FILL
    fill_qty = jnp.where(is_fill, event.qty, 0)
    rests = jnp.where(event.kind == EventKind.REST, event.qty, 0)
    off = jnp.where(event.kind == EventKind.CANCEL, event.qty, 0)
    value = wide.multiply(event.price_ticks, fill_qty)
    ledger_LA = _book_side(
        ledger_LA, event.owner, event.side, fill_qty, value, rests - off
    )
    maker = jnp.where(is_fill, event.maker_owner, 0)
    return _book_side(ledger_LA, maker, 1 - event.side, fill_qty, value, -fill_qty)


def _book_side(
    ledger_LA: Array,
    owner: Array,
    side: Array,
    qty: Array,
    value: wide.Wide,
    resting: Array,
) -> Array:
    """One side of a trade, and what more of the owner's shares rest on that side."""
    has_row = (owner > 0) & (owner < ledger_LA.shape[1])
    at = (0, jnp.where(has_row, owner, 0))
    row_L = lax.dynamic_slice(ledger_LA, at, (ledger_LA.shape[0], 1))[:, 0]
    row = Ledger(*(row_L[i] for i in range(len(Ledger._fields))))
    is_buy = side == Side.BUY
    cash = wide.add(row.cash, wide.where(is_buy, wide.negate(value), value))
    row = Ledger(
        position=row.position + jnp.where(is_buy, qty, -qty),
        cash_hi=cash.hi,
        cash_lo=_bits(cash.lo, jnp.int32),
        bid_qty=row.bid_qty + jnp.where(is_buy, resting, 0),
        ask_qty=row.ask_qty + jnp.where(is_buy, 0, resting),
    )
    # Owner 0's shares and orders are not kept: seeds of others may rest there.
    return lax.dynamic_update_slice(ledger_LA, computed(jnp.stack(row))[:, None], at)


def _bits(x: Array, dtype) -> Array:
    return lax.bitcast_convert_type(x, dtype)


REASONS = ("late_cancel", "other")
"""Rejects that are counted: of a cancel whose order was filled (or, of an agent that is
taken out, of a mass cancel that found none), and for any other reason."""


def count_reject(reason: Array) -> Array:
    """One in the place of :data:`REASONS` that it belongs to, int32 ``[2]``."""
    is_late = (reason & int(Status.UNKNOWN_ID | Status.NO_ORDERS)) != 0
    is_other = (reason != 0) & ~is_late
    return jnp.stack([is_late, is_other]).astype(jnp.int32)


def profit(ledger: Ledger, mid2_ticks: Array) -> Array:
    """What each owner has gained, ticks x shares, float32 ``[A + 1]``.

    Cash and shares at the mid, given twice; exact before it is rounded to a float.
    """
    shares = wide.multiply(
        ledger.position, jnp.broadcast_to(mid2_ticks, ledger.position.shape)
    )
    twice = wide.add(wide.add(ledger.cash, ledger.cash), shares)
    loses = wide.is_negative(twice)
    size = wide.where(loses, wide.negate(twice), twice)
    amount = size.hi.astype(jnp.float32) * 2.0**32 + size.lo.astype(jnp.float32)
    return jnp.where(loses, -amount, amount) / 2


def exact_profit(ledger: Ledger, mid2_ticks: int) -> list[int]:
    """Twice `profit`, as exact integers (host)."""
    cash = wide.to_int(ledger.cash)
    position = np.asarray(ledger.position).tolist()
    return [2 * c + p * int(mid2_ticks) for c, p in zip(cash, position, strict=True)]
