"""Accounts: trades and fees to the last unit, and shares bought today."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marsjax.book import wide
from marsjax.book.accounts import apply, apply_all, new_day, open_accounts, worth
from marsjax.book.fees import fees
from marsjax.types import Event, EventKind, Side
from tests.book.tariff import FEES

NUM_OWNERS = 3  # owner 4 has no row of its own

events = st.tuples(
    st.sampled_from(
        [EventKind.FILL, EventKind.FILL, EventKind.AUCTION_FILL, *EventKind]
    ),
    st.integers(0, 1),
    st.sampled_from([1, 7, 2149, 2**20, 2**28]),
    st.sampled_from([1, 3, 100, 12_345, 2**20]),
    st.integers(-1, NUM_OWNERS + 1),
    st.integers(-1, NUM_OWNERS + 1),
)


def make_events(rows) -> Event:
    kind, side, price, qty, owner, maker = np.array(rows, np.int32).T
    none = np.zeros_like(kind)
    return Event(kind, side, price, qty, none, owner, none, maker, none, none + 1, none)


def whole(units: int, rate_e8: int) -> int:
    """``units * rate_e8 / 1e8`` towards zero, in Python."""
    size = abs(units * rate_e8) // 10**8
    return size if units * rate_e8 >= 0 else -size


settle = jax.jit(apply_all)


@settings(max_examples=60, deadline=None)
@given(st.lists(events, min_size=8, max_size=8))
def test_accounts_against_python(rows):
    start = [10**12, 2**61, 5]
    accounts = open_accounts(start, [100, 0, 7], can_short=True)
    accounts = settle(accounts, FEES, make_events(rows))
    cash, shares, paid = [0, *start], [0, 100, 0, 7], 0
    rates = jax.tree.map(int, FEES)

    def leg(owner, side, price, qty, rate, per_share):
        nonlocal paid
        row = owner if 1 <= owner <= NUM_OWNERS else 0
        value = price * qty
        fee = whole(value, rate) + whole(qty, per_share)
        fee += whole(value, rates.stamp_duty_e8) if side == Side.SELL else 0
        cash[row] += (value if side == Side.SELL else -value) - fee
        shares[row] += qty if side == Side.BUY else -qty
        paid += fee

    for kind, side, price, qty, owner, maker in rows:
        if kind == EventKind.AUCTION_FILL:
            auction = (rates.auction_e8, rates.auction_per_share_e8)
            leg(owner, side, price, qty, *auction)
        elif kind == EventKind.FILL:
            leg(owner, side, price, qty, rates.taker_e8, rates.taker_per_share_e8)
            maker_rates = (rates.maker_e8, rates.maker_per_share_e8)
            leg(maker, 1 - side, price, qty, *maker_rates)
    assert wide.to_int(accounts.cash_A) == cash
    assert accounts.position_A.tolist() == shares
    assert wide.to_int(accounts.fees_paid) == paid


def test_shares_bought_today_can_be_sold_tomorrow():
    bought = make_events([(EventKind.FILL, 0, 10, 5, 1, 0)])
    one = jax.tree.map(lambda x: jnp.int32(x[0]), bought)
    for is_next_day, sellable in ((True, 3), (False, 8)):
        accounts = open_accounts([100], [3], next_day_sells=is_next_day)
        accounts = apply(accounts, fees(), one)
        assert accounts.sellable_A.tolist() == [-5, sellable]
        assert accounts.position_A.tolist() == [-5, 8]
        assert new_day(accounts).sellable_A.tolist() == [-5, 8]
        assert wide.to_int(worth(accounts, jnp.int32(11))) == [-5, 50 + 88]


def test_accounts_of_no_one_and_of_too_much():
    with pytest.raises(ValueError, match="owners"):
        open_accounts([1, 2], [3])
    with pytest.raises(ValueError, match="owners"):
        open_accounts([1], can_short=[True, False])
    with pytest.raises(OverflowError):
        open_accounts([2**63])
    with pytest.raises(OverflowError):
        open_accounts([0], [2**31])


def test_batches_of_accounts():
    batch = jax.tree.map(
        lambda *x: jnp.stack(x), open_accounts([50]), open_accounts([60])
    )
    sale = make_events([(EventKind.FILL, Side.SELL, 10, 5, 1, 0)])
    after = jax.vmap(apply_all, in_axes=(0, None, None))(batch, FEES, sale)
    cash = wide.to_int(after.cash_A)
    assert cash[1][1] - cash[0][1] == 10
    assert wide.to_int(after.fees_paid) == [0, 0]  # 1 (of 1.5), and a rebate of 1
