"""Many messages of a market, and the effect of an intervention on them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from marsjax.synth.agents.clock import Time, seconds_between
from marsjax.synth.agents.intervention import Intervention, intervene
from marsjax.synth.agents.params import Params
from marsjax.synth.agents.state import State, mid2, no_forced
from marsjax.synth.agents.step import step
from marsjax.types import Array, Message


def simulate(
    key: Array,
    params: Params,
    state: State,
    num_orders: int,
    first: Array | int = 0,
    *,
    intervention: Intervention | None = None,
) -> tuple[State, tuple[Message, Array, Array]]:
    """``num_orders`` messages in one scan.

    Args:
      key: of this market; to go on from a state it left, give the same key.
      params: the population.
      state: of `start`, or where an earlier run ended.
      num_orders: T, messages.
      first: how many messages the market has had; not used, since draws go by agent
        and decision. Other markets' steps need it.
      intervention: laid into the state before the first message; give it once, not
        again with a state that has it.

    Returns:
      the state at the end, and messages, seconds and nanoseconds ``[T]``.
    """
    del first
    if intervention is not None:
        state = intervene(params, state, intervention)

    def body(state, _):
        return step(params, state, key)

    return jax.lax.scan(body, state, length=num_orders)


class Path(NamedTuple):
    """One run: ``state`` at its end; time and twice the mid after each message."""

    state: State
    messages_T: Message
    time_s_T: Array
    time_ns_T: Array
    mid2_ticks_T: Array


class Effect(NamedTuple):
    """Two runs of a market that differ in the intervention alone.

    ``time_s_G``: float seconds since the state's clock. ``mid_with_G``,
    ``mid_without_G``: mid in ticks then, NaN after a run's last message, and their
    ``difference_G``. ``with_it``, ``without``: the runs.
    """

    time_s_G: Array
    mid_with_G: Array
    mid_without_G: Array
    difference_G: Array
    with_it: Path
    without: Path


def effect(
    key: Array,
    params: Params,
    state: State,
    num_orders: int,
    intervention: Intervention,
    time_s_G: Array | None = None,
) -> Effect:
    """The true effect of an intervention on one market; ``vmap`` over keys and average.

    Both runs have ``num_orders`` messages, so that they end at different times; they
    are compared at equal times.

    Args:
      key, params, state, num_orders: as in `simulate`.
      intervention: what the first run has and the second has not.
      time_s_G: seconds since the state's clock at which to compare, float32; by default
        64, evenly up to the end of the shorter run. Give the same for all of a batch
        whose effects are averaged.
    """
    changed = intervene(params, state, intervention)
    room = changed.forced.time_s_F.shape[0]
    if state.forced.time_s_F.shape[0] != room:
        state = state._replace(forced=no_forced(room))

    def run(state: State) -> Path:
        def body(state, _):
            state, (message, time_s, time_ns) = step(params, state, key)
            return state, (message, time_s, time_ns, mid2(state.book))

        state, out = jax.lax.scan(body, state, length=num_orders)
        return Path(state, *out)

    # One program for both: a market does not depend on the others of its batch.
    pair = jax.tree.map(lambda *xs: jnp.stack(xs), changed, state)
    both = jax.vmap(run)(pair)
    with_it, without = (jax.tree.map(lambda x, i=i: x[i], both) for i in range(2))
    seconds = [
        seconds_between(state.time, Time(path.time_s_T, path.time_ns_T))
        for path in (with_it, without)
    ]
    if time_s_G is None:
        end_s = jnp.minimum(seconds[0][-1], seconds[1][-1])
        time_s_G = jnp.arange(1, 65) / 64 * end_s
    start_mid2 = mid2(state.book)
    mids = [
        _mid_at(time_s_G, time_s_T, path.mid2_ticks_T, start_mid2)
        for time_s_T, path in zip(seconds, (with_it, without), strict=True)
    ]
    return Effect(time_s_G, *mids, mids[0] - mids[1], with_it, without)


def _mid_at(
    time_s_G: Array, time_s_T: Array, mid2_T: Array, start_mid2: Array
) -> Array:
    """The mid after the last message up to each time; NaN after them all."""
    place_G = jnp.searchsorted(time_s_T, time_s_G, side="right")
    mid2_G = jnp.where(place_G == 0, start_mid2, mid2_T[jnp.maximum(place_G - 1, 0)])
    is_past_G = time_s_G > time_s_T[-1]
    return jnp.where(is_past_G, jnp.nan, mid2_G.astype(jnp.float32) / 2)
