"""When agents decide, and how long their messages take."""

import jax.numpy as jnp

from marsjax.synth.agents.clock import NS, Time, after, after_ns
from marsjax.synth.agents.params import Params, Trader
from marsjax.synth.agents.profile import activity
from marsjax.types import Array


def trader_of(params: Params, agent: Array) -> Array:
    """The kind of an agent, :class:`Trader`."""
    return sum((agent >= n).astype(jnp.int32) for n in params.firsts[1:])


def of_trader(values, trader: Array) -> Array:
    """The value of a kind of agent, from a sequence of one for each."""
    out = jnp.asarray(values[0], jnp.float32)
    for code in range(1, len(values)):
        out = jnp.where(trader == code, values[code], out)
    return out


def latency_ns(params: Params, trader: Array, u: Array) -> Array:
    """Nanoseconds from the decision to the exchange."""
    seconds = of_trader(params.latency_s, jnp.minimum(trader, Trader.EXECUTOR))
    longer = 1 + params.latency_jitter * u
    return jnp.maximum(1, jnp.round(seconds * longer * NS)).astype(jnp.int32)


def mean_wait_s(params: Params, trader: Array) -> Array:
    """Seconds from one decision to the next of all but executors."""
    waits_s = (
        params.noise_wait_s,
        params.value_wait_s,
        params.momentum_wait_s,
        params.maker_interval_s,
    )
    return of_trader(waits_s, trader)


def next_look(
    params: Params, trader: Array, look: Time, delay_ns: Array, u: Array
) -> Time:
    """The next decision of a noise, value or momentum trader, or of a maker.

    A maker's comes after its interval, another's an exponential wait after the last
    message arrived. Neither depends on what the messages did.
    """
    mean_s = mean_wait_s(params, trader)
    wait_s = -jnp.log(u) * mean_s / activity(params, look)
    is_maker = trader == Trader.MAKER
    return after(
        after_ns(look, jnp.where(is_maker, 0, delay_ns)),
        jnp.where(is_maker, mean_s, wait_s),
    )
