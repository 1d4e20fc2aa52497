"""Wide integers against Python's, over all of their range."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from marsjax.book import wide
from marsjax.types import MAX_PRICE_TICKS

edges32 = [0, 1, -1, 2**16, 2**16 - 1, 2**28, 2**31 - 1, -(2**31), 10**8]
edges64 = [*edges32, 2**32, 2**32 - 1, -(2**32), 2**59, 2**62, 2**63 - 1, 1 - 2**63]
int32 = st.one_of(st.sampled_from(edges32), st.integers(-(2**31), 2**31 - 1))
int64 = st.one_of(st.sampled_from(edges64), st.integers(1 - 2**63, 2**63 - 1))
rates = st.one_of(
    st.sampled_from([0, 1, -1, 10**8, -(10**8), 50_000]), st.integers(-(10**8), 10**8)
)
quick = settings(max_examples=200, deadline=None)


def wrapped(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


@jax.jit
def sums(a, b):
    return wide.add(a, b), wide.subtract(a, b), wide.negate(a), wide.less(a, b)


@quick
@given(int64, int64)
def test_sums_and_order(a, b):
    plus, minus, negated, less = sums(wide.from_int(a), wide.from_int(b))
    assert wide.to_int(plus) == wrapped(a + b)
    assert wide.to_int(minus) == wrapped(a - b)
    assert wide.to_int(negated) == -a
    assert bool(less) == (a < b)
    assert not bool(sums(wide.from_int(a), wide.from_int(a))[3])


product = jax.jit(wide.multiply)


@quick
@given(int32, int32)
def test_products(a, b):
    result = product(jnp.int32(a), jnp.int32(b))
    assert wide.to_int(result) == a * b
    assert bool(wide.is_negative(result)) == (a * b < 0)


def test_the_largest_trade_fits():
    result = wide.multiply(MAX_PRICE_TICKS, 2**31 - 1)
    assert wide.to_int(result) == MAX_PRICE_TICKS * (2**31 - 1) < 2**59


scaled = jax.jit(wide.multiply_rate)


@quick
@given(int64, rates)
@example(2**63 - 1, 10**8)
@example(99_999_999, 99_999_999)
@example(-(10**8) - 1, 10**8 - 1)
def test_rates_round_towards_zero(a, rate):
    result = wide.to_int(scaled(wide.from_int(a), jnp.int32(rate)))
    size = abs(a * rate) // wide.RATE_ONE
    assert result == (size if (a < 0) == (rate < 0) else -size)


@quick
@given(st.lists(st.integers(-(2**50), 2**50), min_size=1, max_size=9))
def test_totals(values):
    assert wide.to_int(wide.total(wide.from_int(values))) == sum(values)


def test_total_of_many_full_words():
    values = [2**32 - 1] * 2**16  # every 16-bit digit at its largest
    assert wide.to_int(wide.total(wide.from_int(values))) == sum(values)


def test_int32_and_batches():
    values = np.array(edges32, np.int32)
    assert wide.to_int(wide.from_int32(values)) == edges32
    batched = jax.vmap(wide.multiply)(values, values[::-1])
    pairs = zip(edges32, edges32[::-1], strict=True)
    assert wide.to_int(batched) == [a * b for a, b in pairs]
    assert wide.to_int(wide.zeros((2,))) == [0, 0]
    assert batched.hi.dtype == jnp.int32 and batched.lo.dtype == jnp.uint32


def test_what_does_not_fit_is_refused():
    assert wide.to_int(wide.from_int(-(2**63))) == -(2**63)
    for value in (2**63, -(2**63) - 1):
        with pytest.raises(OverflowError, match="64 bits"):
            wide.from_int(value)
    for value in (1.5, True, "1"):
        with pytest.raises(TypeError, match="integer"):
            wide.from_int(value)
