"""Exact signed 64-bit integers in a JAX without 64-bit types: cash, in ticks x shares.

A price of up to 2**28 ticks times a quantity of up to 2**31 - 1 shares takes 59 bits,
more than an int32 holds and more than a float64 holds exactly. A `Wide` is two words,
``hi * 2**32 + lo``, in two's complement, and lies in ``[-2**63, 2**63)``; like an int32
it wraps beyond that, which leaves room for sixteen of the largest trades there can be.

Elementwise and unbatched; ``vmap`` works, and arrays of one shape too.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from marsjax.types import Array

RATE_ONE = 10**8
"""A rate of 1: rates are whole hundred-millionths, so that 0.00341 % is exact."""

_ROOT = 10**4  # RATE_ONE is its square, and it fits the 16 bits of a digit


class Wide(NamedTuple):
    """``hi * 2**32 + lo``: the sign is that of ``hi``.

    ``hi``: int32; ``lo``: uint32; one shape.
    """

    hi: Array
    lo: Array


def from_int(value: Any) -> Wide:
    """A Python integer, or a (nested) list of them, as a `Wide` (host side).

    Raises:
      TypeError: not integers.
      OverflowError: outside ``[-2**63, 2**63)``.
    """
    values = np.asarray(value, dtype=object)
    for one in values.flat:
        if isinstance(one, bool) or not isinstance(one, int | np.integer):
            raise TypeError(f"a wide integer needs an integer, not {one!r}")
        if not -(2**63) <= one < 2**63:
            raise OverflowError(f"{one} lies beyond 64 bits")
    signed = values.astype(np.int64)
    hi, lo = signed >> 32, signed & 0xFFFFFFFF
    return Wide(jnp.asarray(hi.astype(np.int32)), jnp.asarray(lo.astype(np.uint32)))


def to_int(wide: Wide) -> Any:
    """The exact Python integer, or a nested list of them (host side)."""
    hi = np.asarray(wide.hi).astype(np.int64)
    return ((hi << 32) | np.asarray(wide.lo).astype(np.int64)).tolist()


def from_int32(value: Array) -> Wide:
    """An int32 (traced or not) as a `Wide`."""
    value = jnp.asarray(value, jnp.int32)
    return Wide(value >> 31, value.astype(jnp.uint32))


def zeros(shape: tuple[int, ...] = ()) -> Wide:
    """Zeros of a shape."""
    return Wide(jnp.zeros(shape, jnp.int32), jnp.zeros(shape, jnp.uint32))


def where(condition: Array, a: Wide, b: Wide) -> Wide:
    """``a`` where the condition holds, else ``b``."""
    return jax.tree.map(lambda x, y: jnp.where(condition, x, y), a, b)


def add(a: Wide, b: Wide) -> Wide:
    """``a + b``."""
    lo = a.lo + b.lo
    return Wide(a.hi + b.hi + (lo < a.lo).astype(jnp.int32), lo)


def subtract(a: Wide, b: Wide) -> Wide:
    """``a - b``."""
    return Wide(a.hi - b.hi - (a.lo < b.lo).astype(jnp.int32), a.lo - b.lo)


def negate(a: Wide) -> Wide:
    """``-a``."""
    return subtract(jax.tree.map(jnp.zeros_like, a), a)


def is_negative(a: Wide) -> Array:
    """Whether ``a < 0``."""
    return a.hi < 0


def less(a: Wide, b: Wide) -> Array:
    """Whether ``a < b``; exact, with no difference that could overflow."""
    return (a.hi < b.hi) | ((a.hi == b.hi) & (a.lo < b.lo))


def multiply(a: Array, b: Array) -> Wide:
    """The exact product of two int32, at most 62 bits and a sign."""
    a, b = jnp.asarray(a, jnp.int32), jnp.asarray(b, jnp.int32)
    product = _multiply_words(_word_size(a), _word_size(b))
    return where((a < 0) != (b < 0), negate(product), product)


def total(values_N: Wide) -> Wide:
    """The sum over the first axis, of at most 2**16 values (ValueError beyond)."""
    if values_N.lo.shape[0] > 2**16:
        raise ValueError(
            f"no exact sum of {values_N.lo.shape[0]} values: at most 2**16"
        )
    low = jnp.sum(values_N.lo & 0xFFFF, axis=0, dtype=jnp.uint32)
    high = jnp.sum(values_N.lo >> 16, axis=0, dtype=jnp.uint32)
    carried = high + (low >> 16)  # below 2**32, since both sums are of 16-bit digits
    hi = jnp.sum(values_N.hi, axis=0, dtype=jnp.int32)
    return Wide(
        hi + (carried >> 16).astype(jnp.int32), (carried << 16) | (low & 0xFFFF)
    )


def multiply_rate(a: Wide, rate_e8: Array) -> Wide:
    """``a * rate_e8 / 10**8``, rounded towards zero to a whole unit.

    Args:
      a: anything above ``-2**63``.
      rate_e8: int32 in ``[-10**8, 10**8]``, so that the result is no larger than ``a``.
    """
    rate_e8 = jnp.asarray(rate_e8, jnp.int32)
    size, rate = where(is_negative(a), negate(a), a), _word_size(rate_e8)
    # size = quotient * 10**8 + rest, and only the rest has to be rounded.
    quotient, rest = _divide_by_one(size)
    whole = _multiply_words(quotient.lo, rate)
    high_part = quotient.hi.astype(jnp.uint32) * rate  # no larger than `a`: no carry
    whole = Wide(whole.hi + high_part.astype(jnp.int32), whole.lo)
    part, _ = _divide_by_one(_multiply_words(rest, rate))
    result = add(whole, part)
    return where(is_negative(a) != (rate_e8 < 0), negate(result), result)


def _word_size(a: Array) -> Array:
    """``|a|`` of an int32 as a uint32; -2**31 has one there."""
    word = a.astype(jnp.uint32)
    return jnp.where(a < 0, jnp.zeros_like(word) - word, word)


def _multiply_words(a: Array, b: Array) -> Wide:
    """Product of two uint32 below 2**63, by digits of 16 bits."""
    a_low, a_high, b_low, b_high = a & 0xFFFF, a >> 16, b & 0xFFFF, b >> 16
    low, cross, crossed = a_low * b_low, a_low * b_high, a_high * b_low
    middle = (low >> 16) + (cross & 0xFFFF) + (crossed & 0xFFFF)
    hi = a_high * b_high + (cross >> 16) + (crossed >> 16) + (middle >> 16)
    return Wide(hi.astype(jnp.int32), (middle << 16) | (low & 0xFFFF))


def _divide_by_root(a: Wide) -> tuple[Wide, Array]:
    """Quotient and remainder (uint32) of a non-negative `Wide` by 10**4."""
    hi = a.hi.astype(jnp.uint32)
    rest, quotient = jnp.zeros_like(hi), []
    for digit in (hi >> 16, hi & 0xFFFF, a.lo >> 16, a.lo & 0xFFFF):
        rest = (rest << 16) | digit  # below 10**4 * 2**16: fits
        quotient.append(rest // _ROOT)
        rest = rest % _ROOT
    hi = ((quotient[0] << 16) | quotient[1]).astype(jnp.int32)
    return Wide(hi, (quotient[2] << 16) | quotient[3]), rest


def _divide_by_one(a: Wide) -> tuple[Wide, Array]:
    """Quotient and remainder (uint32) of a non-negative `Wide` by `RATE_ONE`."""
    quotient, low = _divide_by_root(a)
    quotient, high = _divide_by_root(quotient)
    return quotient, high * _ROOT + low
