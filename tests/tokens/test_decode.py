"""Drawn values become prices that exist."""

import jax.numpy as jnp
import pytest

from marsjax.tokens import orders as tk
from marsjax.tokens.decode import on_tick


@pytest.mark.parametrize(
    ("anchor2", "price2", "type_", "expected"),
    [
        (201, -1, tk.BUY, 100),
        (201, 1, tk.BUY, 101),
        (200, -1, tk.BUY, 99),  # half a tick too near: away from the mid
        (200, 1, tk.SELL, 101),
        (201, 0, tk.BUY, 100),  # at the mid itself: the passive side
        (201, 0, tk.SELL, 101),
        (200, 0, tk.SELL, 100),
    ],
)
def test_prices_are_on_tick(anchor2, price2, type_, expected):
    got = on_tick(jnp.int32(anchor2), jnp.int32(price2), jnp.int32(type_))
    assert int(got) == expected
