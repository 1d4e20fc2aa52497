"""How activity changes in the course of the day.

A parabola: ``p(x) = 1 + u (12 (x - 1/2)**2 - 1)`` at the fraction x of the day, with
mean 1, ``1 + 2 u`` at either end and ``1 - u`` in the middle: the U-shape of volume
that Admati and Pfleiderer, "A Theory of Intraday Patterns", Review of Financial Studies
1(1), 1988, explain. After the day the activity stays as at its end.
"""

import jax.numpy as jnp

from marsjax.synth.agents.clock import Time
from marsjax.synth.agents.params import Params
from marsjax.types import Array


def day_fraction(params: Params, time: Time) -> Array:
    """Of the day that has passed; above 1 after it."""
    seconds = time.s.astype(jnp.float32) + time.ns.astype(jnp.float32) * 1e-9
    return seconds / params.day_s


def activity(params: Params, time: Time) -> Array:
    """``p``, relative to the mean of the day."""
    x = jnp.minimum(day_fraction(params, time), 1.0)
    return 1 + params.u_shape * (12 * (x - 0.5) ** 2 - 1)


def cumulative(params: Params, fraction: Array) -> Array:
    """The integral of ``p`` from the open to a fraction of the day."""
    x = jnp.minimum(fraction, 1.0)
    within = x + params.u_shape * (4 * (x - 0.5) ** 3 + 0.5 - x)
    return within + jnp.maximum(fraction - 1, 0) * (1 + 2 * params.u_shape)
