"""Orders checked against their owner's account before the exchange sees them.

Nothing is reserved in the account: what an owner's live orders may still cost, or
deliver, is read off the book whenever a message of that owner is checked. That is one
pass over the slots, done only for messages that are checked, and it cannot drift from
the book. An account all of whose orders are checked never goes below zero cash, or
(unless it may sell short) below zero shares, as long as what a seller is charged is no
more than the value sold.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from marsjax.book import wide
from marsjax.book.accounts import Accounts, apply_all, row_cash, row_of
from marsjax.book.checks import is_new_order
from marsjax.book.fees import Fees, charge, most
from marsjax.book.kernel import only_if
from marsjax.book.slots import is_limit_price
from marsjax.book.state import Book
from marsjax.book.wide import Wide
from marsjax.types import (
    Array,
    Event,
    EventKind,
    Kind,
    Message,
    Side,
    Status,
)

SubmitFn = Callable[[Book, Message], tuple[Book, Event]]


class Reserved(NamedTuple):
    """The live orders of the owner of a message, a modified order left out.

    ``side``, ``owner``: of the message, or of the order that it modifies;
    ``is_found``: whether there is such an order. ``bid_value``: the bids at their
    limits, ticks x shares; ``bid_qty``, ``ask_qty``: open shares, hidden ones included.
    """

    is_found: Array
    side: Array
    owner: Array
    bid_value: Wide
    bid_qty: Array
    ask_qty: Array


def reserved(book: Book, message: Message) -> Reserved:
    """See `Reserved`; unbatched, one pass over the slots.

    A market order that waits for an auction counts at the day's highest price. The book
    bounds the open quantity of a side, so that no sum overflows.
    """
    is_modify = message.kind == Kind.MODIFY
    is_live_SN = book.qty_SN > 0
    is_named_SN = is_live_SN & (book.order_id_SN == message.order_id) & is_modify
    is_found = is_named_SN.any()
    named_side = is_named_SN[Side.SELL].any().astype(jnp.int32)
    named_owner = jnp.sum(jnp.where(is_named_SN, book.owner_SN, 0), dtype=jnp.int32)
    owner = jnp.where(is_modify, named_owner, message.owner)
    is_own_SN = is_live_SN & (book.owner_SN == owner) & ~is_named_SN
    open_SN = jnp.where(is_own_SN, book.qty_SN + book.hidden_SN, 0)
    bid_ticks_N = jnp.minimum(book.price_ticks_SN[Side.BUY], book.rules.high_ticks)
    values_N = jax.vmap(wide.multiply)(bid_ticks_N, open_SN[Side.BUY])
    return Reserved(
        is_found=is_found,
        side=jnp.where(is_modify, named_side, message.side),
        owner=owner,
        bid_value=wide.total(values_N),
        bid_qty=jnp.sum(open_SN[Side.BUY], dtype=jnp.int32),
        ask_qty=jnp.sum(open_SN[Side.SELL], dtype=jnp.int32),
    )


def nothing_reserved() -> Reserved:
    """No live orders."""
    zero = jnp.zeros((), jnp.int32)
    return Reserved(jnp.zeros((), bool), zero, zero, wide.zeros(), zero, zero)


def check(accounts: Accounts, fees: Fees, book: Book, message: Message) -> Array:
    """What stands against an order before the exchange sees it: uint32 `Status` bits.

    A buy must be paid for, at its limit and with the highest fee that it may meet, from
    the cash that the owner's resting bids leave; a market order at the day's highest
    price (``rules.high_ticks``), which is why a venue without price limits needs limit
    orders or much cash. A sell must be of shares that are sellable and not in resting
    asks. A modify is checked as what it makes of its order, whose owner it belongs to.

    Everything else, everybody else's messages, and what the exchange rejects anyway for
    its price, side or quantity, passes.

    Returns:
      ``NO_CASH``, ``NO_POSITION``, or ``TOTAL_QTY`` where the position could pass an
      int32; 0 if nothing stands against it.
    """
    is_modify = message.kind == Kind.MODIFY
    is_new = is_new_order(message.kind)
    is_market = message.kind == Kind.MARKET
    # Everybody else's messages do not pay for a look at the whole book.
    is_looked_up = is_modify | (is_new & (row_of(accounts, message.owner) > 0))
    rest = only_if(is_looked_up, lambda: reserved(book, message), nothing_reserved())
    row, side = row_of(accounts, rest.owner), rest.side
    price_ticks = jnp.where(is_market, book.rules.high_ticks, message.price_ticks)
    is_sound = (message.qty > 0) & ((side == Side.BUY) | (side == Side.SELL))
    is_sound &= is_limit_price(price_ticks)
    is_checked = (is_new | (is_modify & rest.is_found)) & is_sound & (row > 0)
    qty = jnp.where(is_checked, message.qty, 0)
    value = wide.multiply(price_ticks, qty)

    limit = most(fees)
    zero = jnp.zeros((), jnp.int32)
    new_fee = charge(value, qty, *limit, zero)
    resting_fee = charge(rest.bid_value, rest.bid_qty, *limit, zero)
    cost = wide.add(wide.add(value, new_fee), wide.add(rest.bid_value, resting_fee))
    is_short_of_cash = wide.less(row_cash(accounts, row), cost)

    sellable = accounts.sellable_A[row]
    lacks_shares = (sellable < 0) | (sellable - rest.ask_qty < qty)
    lacks_shares &= accounts.can_short_A[row] == 0

    # The position if all of the owner's orders on this side were filled.
    is_buy = side == Side.BUY
    resting_qty = jnp.where(is_buy, rest.bid_qty, rest.ask_qty)
    change = wide.add(wide.from_int32(resting_qty), wide.from_int32(qty))
    change = wide.where(is_buy, change, wide.negate(change))
    position = wide.add(wide.from_int32(accounts.position_A[row]), change)
    is_too_large = position.hi != (position.lo.astype(jnp.int32) >> 31)

    bits = jnp.where(is_buy & is_short_of_cash, int(Status.NO_CASH), 0)
    bits |= jnp.where(~is_buy & lacks_shares, int(Status.NO_POSITION), 0)
    bits |= jnp.where(is_too_large, int(Status.TOTAL_QTY), 0)
    return jnp.where(is_checked, bits, 0).astype(jnp.uint32)


def submit_checked(
    accounts: Accounts,
    fees: Fees,
    book: Book,
    message: Message,
    submit_fn: SubmitFn,
) -> tuple[Accounts, Book, Event]:
    """Check a message, submit it, settle its trades.

    Args:
      submit_fn: ``(book, message) -> (book, events_E)``, such as
        ``partial(submit, max_events=16)``.

    Returns:
      accounts, book and events ``[E]``. Where the check fails the book is as it was and
      the first event is a ``REJECT`` with the reason. If the events were cut
      (``Status.EVENTS_TRUNCATED``, also in the accounts' status), the accounts lack
      those that are missing: raise ``max_events``.
    """
    reason = check(accounts, fees, book, message)
    passes = reason == 0
    kind = jnp.where(passes, message.kind, int(Kind.NONE))
    cut_bit = jnp.asarray(int(Status.EVENTS_TRUNCATED), jnp.uint32)
    was_cut = book.status & cut_bit
    book = book.replace(status=book.status & ~cut_bit)
    book, events_E = submit_fn(book, message._replace(kind=kind))
    cut = book.status & cut_bit
    book = book.replace(status=book.status | was_cut)
    none = jnp.asarray(-1, jnp.int32)
    refusal = Event(
        kind=jnp.asarray(int(EventKind.REJECT), jnp.int32),
        side=message.side,
        price_ticks=message.price_ticks,
        qty=message.qty,
        order_id=message.order_id,
        owner=message.owner,
        maker_id=none,
        maker_owner=none,
        reason=reason.astype(jnp.int32),
        is_last=jnp.asarray(1, jnp.int32),
        refill_qty=jnp.asarray(0, jnp.int32),
    )
    is_refusal_E = ~passes & (jnp.arange(events_E.kind.shape[0]) == 0)
    events_E = jax.tree.map(
        lambda x_E, value: jnp.where(is_refusal_E, value, x_E), events_E, refusal
    )
    accounts = accounts.replace(status=accounts.status | reason | cut)
    return apply_all(accounts, fees, events_E), book, events_E
