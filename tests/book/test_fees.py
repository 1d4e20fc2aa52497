"""Fees: exact rates, rounded so that an order in pieces costs no more."""

import jax.numpy as jnp
import pytest

from marsjax.book import wide
from marsjax.book.fees import charge, fees, most
from tests.book.tariff import FEES


def charged(price: int, qty: int) -> int:
    rates = (FEES.taker_e8, FEES.taker_per_share_e8, FEES.stamp_duty_e8)
    return wide.to_int(charge(wide.multiply(price, qty), jnp.int32(qty), *rates))


def test_an_order_in_pieces_costs_no_more_than_at_once():
    assert charged(7, 100) == 30  # 0.21 and 0.35 of the value, 30 for the shares
    assert charged(7, 1) == 0
    assert charged(10_000, 10_000) == 30_000 + 3_000 + 50_000


def test_fees_are_exact_or_refused():
    assert int(fees(taker=0.0000341).taker_e8) == 3_410
    assert int(fees(taker="0.0003").auction_e8) == 30_000
    for wrong in ("0.000000001", 1.5, "-2"):
        with pytest.raises(ValueError, match="1e-8"):
            fees(maker=wrong)


def test_the_most_that_any_role_pays():
    assert [int(x) for x in most(FEES)] == [30_000, 30_000_000]
    assert [int(x) for x in most(fees(maker="-0.1"))] == [0, 0]
    assert [int(x) for x in most(fees(auction="0.1", maker_per_share=1))] == [
        10**7,
        10**8,
    ]
