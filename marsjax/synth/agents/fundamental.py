"""The value of the share: an Ornstein-Uhlenbeck process, sampled every second.

``dv = kappa (m - v) dt + sigma dW``, whose transition over a second is exact,
``v' = m + a (v - m) + s N(0, 1)`` with ``a = exp(-kappa)`` and
``s**2 = sigma**2 (1 - a**2) / (2 kappa)`` (Uhlenbeck and Ornstein, Physical Review 36,
1930). The draw of a second depends on the key and that second alone: however many
messages come, the path is the same.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from marsjax.synth.agents.params import Params
from marsjax.types import Array

STREAM = 2**31 - 1  # of its draws: no agent has this index


class Fundamental(NamedTuple):
    """Its value in ticks in ``second`` and in the second before."""

    value: Array
    before: Array
    second: Array


def start_fundamental(params: Params) -> Fundamental:
    """At its mean, the mid of the opening book."""
    value = jnp.asarray(params.mid_ticks, jnp.float32) - 0.5
    return Fundamental(value, value, jnp.int32(0))


def advance(
    params: Params, key: Array, fundamental: Fundamental, second: Array
) -> Fundamental:
    """The fundamental in a later second (or the same)."""
    rate = jnp.asarray(params.fundamental_rate, jnp.float32)
    keep = jnp.exp(-rate)
    scale = params.fundamental_sigma * jnp.sqrt(-jnp.expm1(-2 * rate) / (2 * rate))
    mean = jnp.asarray(params.mid_ticks, jnp.float32) - 0.5

    def next_second(now: Fundamental) -> Fundamental:
        later = now.second + 1
        key_second = jax.random.fold_in(jax.random.fold_in(key, STREAM), later)
        noise = scale * jax.random.normal(key_second)
        value = mean + keep * (now.value - mean) + noise
        return Fundamental(value, now.value, later)

    return lax.while_loop(lambda now: now.second < second, next_second, fundamental)


def at(fundamental: Fundamental, second: Array) -> Array:
    """Its value in this second or the one before."""
    is_now = second == fundamental.second
    return jnp.where(is_now, fundamental.value, fundamental.before)
