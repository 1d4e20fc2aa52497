"""One message of a market of agents.

Each agent has one decision before it, whose time, and the time its message arrives, are
known beforehand. A step takes the message that arrives first:

1. everybody whose decision comes before that arrival, and who has not looked yet, looks
   at the market as the last message left it;
2. the agent whose message arrives decides, by what it saw then and by its own draws;
3. the exchange takes the message;
4. the agent's next decision is set, or the next message of the same decision;
5. executors by volume whose share has grown decide now.

A message that arrives at the very time of a decision has been seen by it.
"""

from typing import Any

import jax
import jax.numpy as jnp

from marsjax.synth.agents import executor, maker, momentum, noise, value
from marsjax.synth.agents.clock import (
    NEVER,
    either,
    first_of,
    is_before,
    seconds_between,
)
from marsjax.synth.agents.exchange import count_reject, send
from marsjax.synth.agents.executor import Parent
from marsjax.synth.agents.fundamental import advance, at
from marsjax.synth.agents.message import message_of
from marsjax.synth.agents.once import once
from marsjax.synth.agents.params import Params, Trader
from marsjax.synth.agents.sight import TREND_UNIT, Sight, touch
from marsjax.synth.agents.state import Memory, State, sights
from marsjax.synth.agents.turn import next_turn, wake_by_volume
from marsjax.synth.agents.waits import trader_of
from marsjax.synth.agents.wish import draw
from marsjax.types import Array, Message


def step(
    params: Params, state: State, key: Array
) -> tuple[State, tuple[Message, Array, Array]]:
    """The next message of the market.

    Args:
      params: the population.
      state: the market.
      key: the market's key, the same at every step: draws are folded from it by agent
        and decision, and for the fundamental by second.

    Returns:
      the state, and ``(message, time_s, time_ns)``. A cancel's message carries side,
      price and quantity of the order as the agent saw it. Should no message come any
      more, its kind is ``NONE`` and time stands still.
    """
    memory_A = Memory(*state.memory_MA)
    agent, due = first_of(memory_A.due)
    is_over = due.s == NEVER
    now = either(is_over, state.time, due)
    moved = _mid_moved(params, state)
    looks_A = (memory_A.has_looked == 0) & is_before(memory_A.look, due)
    trend = jnp.round((moved - state.average) * TREND_UNIT).astype(jnp.int32)
    seen_VA = jnp.stack(sights(state.book, state.ledger_LA, trend))
    sight_VA = jnp.where(looks_A[None, :], seen_VA, state.sight_VA)
    memory_A = memory_A._replace(has_looked=memory_A.has_looked | looks_A)

    own = Memory(*jnp.stack(memory_A)[:, agent])
    sight = Sight(*sight_VA[:, agent])
    trader = trader_of(params, agent)
    parent_E = executor.begin(Parent(*state.parent_PE), now, state.volume)
    place = agent - params.firsts[Trader.EXECUTOR]
    parent = Parent(*jnp.stack(parent_E)[:, jnp.clip(place, 0, params.num_executors)])
    agent, due, now, own, sight, trader, parent = once(
        (agent, due, now, own, sight, trader, parent)
    )
    fundamental = advance(params, key, state.fundamental, now.s)
    draws = once(draw(key, agent, own.count))
    leg = jnp.where(trader == Trader.MAKER, maker.leg_of(own.leg, sight), 0)
    wish = _choose(
        trader,
        noise.decide(params, sight, draws),
        value.decide(params, sight, draws, at(fundamental, own.look_s)),
        momentum.decide(params, sight, draws),
        maker.decide(params, sight, leg),
        executor.decide(params, sight, parent, own.look),
    )
    message = message_of(params, agent, own, sight, wish, state.forced)
    message = message._replace(kind=jnp.where(is_over, 0, message.kind))
    message, leg = once((message, leg))
    book, ledger_LA, outcome = send(state.book, state.ledger_LA, message)

    volume = state.volume + outcome.traded_qty
    parent = parent._replace(done=parent.done + outcome.traded_qty)
    parent = executor.next_parent(params, parent, now, draws, agent == params.guest)
    own = next_turn(
        params, trader, agent, own, leg, message, parent, draws, state.forced
    )
    own, parent = once((own, parent))
    memory_A = _with_row(memory_A, agent, own)
    parent_E = _with_row(parent_E, place, parent)
    memory_A, parent_E = wake_by_volume(params, memory_A, parent_E, volume, now)
    weight = -jnp.expm1(-seconds_between(state.time, now) / params.momentum_s)
    state = State(
        book=book,
        time_s=now.s,
        time_ns=now.ns,
        next_id=jnp.maximum(state.next_id, message.order_id + 1),
        memory_MA=jnp.stack(memory_A),
        sight_VA=sight_VA,
        ledger_LA=ledger_LA,
        parent_PE=jnp.stack(parent_E),
        fundamental=fundamental,
        average=state.average + weight * (moved - state.average),
        volume=volume,
        rejected_R=state.rejected_R + count_reject(outcome.reason),
        forced=state.forced,
    )
    return state, (message, now.s, now.ns)


def _mid_moved(params: Params, state: State) -> Array:
    """How far the mid is from that of the opening, ticks."""
    bid, ask = touch(state.book)
    # Twice the mid fits an int32; its distance is small and exact in a float32.
    return (bid + ask + 1 - 2 * jnp.asarray(params.mid_ticks, jnp.int32)) / 2


def _choose(trader: Array, *wishes: Any) -> Any:
    """The wish of one kind of agent."""
    out = wishes[0]
    for code, wish in enumerate(wishes[1:], 1):
        is_it = trader == code
        out = jax.tree.map(lambda x, y, is_it=is_it: jnp.where(is_it, x, y), wish, out)
    return out


def _with_row(table: Any, place: Array, row: Any) -> Any:
    """The table with one agent's row put in; none, if the place is outside."""

    def put(x_N: Array, x: Array) -> Array:
        # A masked write: scatters cost more than arrays this small.
        here_N = jnp.arange(x_N.shape[0], dtype=jnp.int32) == place
        return jnp.where(here_N, x, x_N)

    return jax.tree.map(put, table, row)
