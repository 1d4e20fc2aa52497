"""Checks before the exchange: no debt, no short sale, nothing lost."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from marsjax import book as mbook
from marsjax.book import wide
from marsjax.book.accounts import new_day, open_accounts
from marsjax.book.checked import check, submit_checked
from marsjax.book.checks import NEW_KINDS
from marsjax.book.fees import fees
from marsjax.book.rules import rules
from marsjax.types import EventKind, Kind, Message, Phase, Side, Status
from tests.book.tariff import FEES

NO_FEES = fees()
NUM_OWNERS = 3

checked = jax.jit(check)
submit = jax.jit(partial(mbook.submit, max_events=2))


@jax.jit
def trade_one(accounts, book, message):
    submit_fn = partial(mbook.submit, max_events=2)
    return submit_checked(accounts, NO_FEES, book, message, submit_fn)


def message(kind, side=0, price=10, qty=5, order_id=1, owner=1, display=0) -> Message:
    fields = (kind, side, price, qty, order_id, owner, display)
    return Message(*(jnp.int32(x) for x in fields))


kinds = st.sampled_from(
    [*NEW_KINDS, Kind.LIMIT, Kind.LIMIT, Kind.MODIFY, Kind.CANCEL, Kind.MASS_CANCEL]
)
orders = st.tuples(
    kinds,
    st.integers(0, 1),
    st.sampled_from([*range(96, 105), 0, 200]),
    st.sampled_from([1, 2, 5, 9, 40, 0]),
    st.integers(0, 9),
    st.integers(0, NUM_OWNERS),
    st.sampled_from([0, 0, 2]),
)
phases = st.sampled_from([Phase.CONTINUOUS] * 3 + [Phase.COLLECT])


@jax.jit
def trade(accounts, fees, book, messages_T):
    submit_fn = partial(mbook.submit, max_events=24)

    def one(carry, message):
        accounts, book = carry
        accounts, book, events_E = submit_checked(
            accounts, fees, book, message, submit_fn
        )
        return (accounts, book), (events_E, accounts.cash_A, accounts.sellable_A)

    return jax.lax.scan(one, (accounts, book), messages_T)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(orders, min_size=24, max_size=24),
    phases,
    st.integers(0, 3_000),
    st.booleans(),
)
def test_checked_accounts_stay_above_zero_and_nothing_is_lost(
    rows, phase, cash, next_day
):
    """Whatever is sent: no debt, no short sale, and cash and shares conserved."""
    end = [
        (Kind.UNCROSS, 0, 0, 0, 0, 0, 0),
        (Kind.PHASE, 0, 0, Phase.CONTINUOUS, 0, 0, 0),
    ]
    messages_T = Message(*np.array(rows[:12] + end + rows[12:], np.int32).T)
    start_cash = [cash] * NUM_OWNERS
    accounts = open_accounts(start_cash, [20, 0, 3], next_day_sells=next_day)
    book = mbook.init(16, rules=rules(high_ticks=200), phase=phase)
    (accounts, book), (events_TE, cash_TA, sellable_TA) = trade(
        accounts, FEES, book, messages_T
    )
    assert int(accounts.status) & int(Status.EVENTS_TRUNCATED) == 0
    assert np.all(np.asarray(cash_TA.hi)[:, 1:] >= 0)
    assert np.all(np.asarray(sellable_TA)[:, 1:] >= 0)
    total = sum(wide.to_int(accounts.cash_A)) + wide.to_int(accounts.fees_paid)
    assert total == sum(start_cash)
    assert int(jnp.sum(accounts.position_A)) == 23
    # One acknowledgement or reject for each message, checked or not.
    np.testing.assert_array_equal(np.sum(events_TE.is_last, axis=-1), 1)


def test_shares_bought_today_are_not_for_sale():
    book = mbook.init(8)
    accounts = open_accounts([100], next_day_sells=True)
    book, _ = submit(book, message(Kind.LIMIT, Side.SELL, order_id=7, owner=0))
    accounts, book, _ = trade_one(accounts, book, message(Kind.LIMIT))
    sell = message(Kind.LIMIT, Side.SELL)
    assert accounts.position_A.tolist() == [-5, 5]
    assert checked(accounts, NO_FEES, book, sell) == Status.NO_POSITION
    assert checked(new_day(accounts), NO_FEES, book, sell) == 0


def test_resting_orders_count():
    """Two orders of 60 do not both fit 100 of cash, whichever way they come about."""
    accounts, book = open_accounts([100], [8]), mbook.init(8)
    book, _ = submit(book, message(Kind.LIMIT, qty=6, order_id=1))
    book, _ = submit(book, message(Kind.LIMIT, Side.SELL, 20, 5, order_id=2))

    def bits(*args, **fields):
        return Status(int(checked(accounts, NO_FEES, book, message(*args, **fields))))

    for kind in NEW_KINDS:
        expected = Status.NO_CASH
        assert bits(kind, qty=6, order_id=3) == expected, kind
        assert bits(kind, Side.SELL, qty=4, order_id=3) == Status.NO_POSITION, kind
    assert bits(Kind.LIMIT, qty=4, order_id=3) == 0
    assert bits(Kind.LIMIT, Side.SELL, qty=3, order_id=3) == 0
    # A modify is what it makes of its order, whoever sends it.
    assert bits(Kind.MODIFY, price=10, qty=10, owner=0) == 0
    assert bits(Kind.MODIFY, price=10, qty=11, owner=0) == Status.NO_CASH
    assert bits(Kind.MODIFY, price=20, qty=9, order_id=2) == Status.NO_POSITION
    assert bits(Kind.MODIFY, qty=99, order_id=77) == 0  # the exchange rejects it
    # Everybody else, cancels, and what the exchange rejects anyway.
    assert bits(Kind.LIMIT, qty=10**6, order_id=3, owner=0) == 0
    assert bits(Kind.LIMIT, qty=10**6, order_id=3, owner=2) == 0
    assert bits(Kind.CANCEL) == bits(Kind.MASS_CANCEL) == bits(Kind.PHASE) == 0
    assert bits(Kind.LIMIT, qty=-5) == bits(Kind.LIMIT, price=2**28 + 1) == 0
    assert bits(Kind.LIMIT, 2) == 0


def test_fees_are_part_of_the_price():
    """Those of resting orders too: 50 and 5 + 5, beside 60 and 6 + 6."""
    taker, book = fees(taker="0.1", taker_per_share=1), mbook.init(8)
    order = message(Kind.LIMIT, order_id=2)
    for cash, expected in ((59, Status.NO_CASH), (60, Status.OK)):
        assert checked(open_accounts([cash]), taker, book, order) == expected
    book, _ = submit(book, message(Kind.LIMIT, qty=6))
    for cash, expected in ((131, Status.NO_CASH), (132, Status.OK)):
        assert checked(open_accounts([cash]), taker, book, order) == expected


def test_market_orders_and_icebergs_count_whole():
    """A market order at the day's highest price, 20; an iceberg with what it hides."""
    start = mbook.init(8, rules=rules(high_ticks=20), phase=Phase.COLLECT)
    accounts = open_accounts([100])
    market = partial(message, Kind.MARKET, price=0)
    assert checked(accounts, NO_FEES, start, market(qty=5)) == 0
    assert checked(accounts, NO_FEES, start, market(qty=6)) == Status.NO_CASH
    waiting = market(qty=3)  # 60 at most
    iceberg = message(Kind.LIMIT, qty=6, display=2)  # 60
    for resting in (waiting, iceberg):
        book, events = submit(start, resting)
        assert int(events.kind[0]) == EventKind.REST
        order = partial(message, Kind.LIMIT, order_id=2)
        assert checked(accounts, NO_FEES, book, order(qty=4)) == 0
        assert checked(accounts, NO_FEES, book, order(qty=5)) == Status.NO_CASH


def test_short_sales_and_the_largest_position():
    book = mbook.init(8)
    most = 2**31 - 1
    sell = message(Kind.LIMIT, Side.SELL, qty=most)
    held = open_accounts([2**62], [-5], can_short=True)
    assert checked(held, NO_FEES, book, sell) == Status.TOTAL_QTY
    held = open_accounts([2**62], [0], can_short=[True])
    assert checked(held, NO_FEES, book, sell) == 0
    held = open_accounts([2**62], [1])
    buy = message(Kind.LIMIT, qty=most)
    assert checked(held, NO_FEES, book, buy) == Status.TOTAL_QTY


def test_a_failed_check_leaves_the_book_alone():
    """Under vmap: the first owner can pay, the second cannot."""
    books = jax.tree.map(lambda x: jnp.stack([x, x]), mbook.init(8))
    accounts = jax.tree.map(
        lambda *x: jnp.stack(x), open_accounts([50]), open_accounts([49])
    )
    order = jax.tree.map(lambda x: jnp.stack([x, x]), message(Kind.LIMIT))
    accounts, after, events_BE = jax.vmap(trade_one)(accounts, books, order)
    assert events_BE.kind[:, 0].tolist() == [EventKind.REST, EventKind.REJECT]
    assert events_BE.reason[:, 0].tolist() == [0, Status.NO_CASH]
    assert events_BE.is_last[:, 0].tolist() == [1, 1]
    assert accounts.status.tolist() == [0, Status.NO_CASH]
    books, after = (book.replace(cache_SGC=None) for book in (books, after))
    for before, now in zip(jax.tree.leaves(books), jax.tree.leaves(after), strict=True):
        np.testing.assert_array_equal(before[1], now[1])


def test_cut_events_show_in_the_accounts():
    book = mbook.init(8)
    for order_id in range(3):
        order = message(Kind.LIMIT, Side.SELL, order_id=order_id, owner=0)
        book, _ = submit(book, order)
    accounts = open_accounts([10**6])
    bought, now, _ = trade_one(accounts, book, message(Kind.IOC, qty=10, order_id=9))
    assert int(bought.status) == 0 and int(bought.position_A[1]) == 10
    cut, now, _ = trade_one(accounts, book, message(Kind.IOC, qty=15, order_id=9))
    assert int(cut.status) == int(now.status) == int(Status.EVENTS_TRUNCATED)
    # Sticky in the book, not found again in the next message.
    later, now, _ = trade_one(accounts, now, message(Kind.LIMIT, order_id=10))
    assert int(later.status) == 0 and int(now.status) & int(Status.EVENTS_TRUNCATED)
