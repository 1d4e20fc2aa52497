"""What comes next for an agent after its message."""

import jax.numpy as jnp

from marsjax.synth.agents import executor
from marsjax.synth.agents.clock import NEVER, Time, after_ns, arrival, either
from marsjax.synth.agents.executor import Parent
from marsjax.synth.agents.params import LEG_GAP_NS, MAX_LEGS, Params, Trader
from marsjax.synth.agents.state import Forced, Memory
from marsjax.synth.agents.waits import latency_ns, next_look
from marsjax.synth.agents.wish import Draws
from marsjax.types import Array, Kind, Message, Side


def next_turn(
    params: Params,
    trader: Array,
    agent: Array,
    own: Memory,
    leg: Array,
    message: Message,
    parent: Parent,
    draws: Draws,
    forced: Forced,
) -> Memory:
    """The agent's memory after its message.

    Args:
      params: the population.
      trader, agent: who it is.
      own: its memory before.
      leg: which message of its decision this was.
      message: what it sent.
      parent: its metaorder from now on, if it is an executor.
      draws: of this decision.
      forced: of the outsider.
    """
    delay_ns = latency_ns(params, trader, draws.latency)
    is_executor, is_outsider = trader == Trader.EXECUTOR, agent == params.outsider
    look = next_look(params, trader, own.look, delay_ns, draws.wait)
    look = either(is_executor, executor.next_look(parent, own.look), look)
    look = either(is_outsider, forced_time(forced, own.count + 1), look)
    look = either(own.leaves == 1, Time(jnp.int32(NEVER), jnp.int32(0)), look)
    due = arrival(look, jnp.where(is_outsider, 0, delay_ns))

    goes_on = (trader == Trader.MAKER) & (leg < MAX_LEGS - 1) & (own.leaves == 0)
    look = either(goes_on, own.look, look)
    due = either(goes_on, after_ns(own.due, jnp.int32(LEG_GAP_NS)), due)
    brings = message.kind == Kind.LIMIT
    is_buy = message.side == Side.BUY
    bids, asks = brings & is_buy, brings & ~is_buy
    return Memory(
        count=own.count + ~goes_on,
        leg=jnp.where(goes_on, leg + 1, 0),
        look_s=look.s,
        look_ns=look.ns,
        due_s=due.s,
        due_ns=due.ns,
        has_looked=goes_on.astype(jnp.int32),
        leaves=own.leaves,
        bid_id=jnp.where(bids, message.order_id, own.bid_id),
        ask_id=jnp.where(asks, message.order_id, own.ask_id),
        bid_ticks=jnp.where(bids, message.price_ticks, own.bid_ticks),
        ask_ticks=jnp.where(asks, message.price_ticks, own.ask_ticks),
    )


def forced_time(forced: Forced, place: Array) -> Time:
    """When a forced message comes; never, past the last of them."""
    num = forced.time_s_F.shape[0]
    at = jnp.minimum(place, num - 1)
    is_past = place >= num
    return Time(
        jnp.where(is_past, NEVER, forced.time_s_F[at]),
        jnp.where(is_past, 0, forced.time_ns_F[at]),
    )


def wake_by_volume(
    params: Params, memory_A: Memory, parent_E: Parent, volume: Array, now: Time
) -> tuple[Memory, Parent]:
    """POV executors whose share of the volume has grown decide now.

    Their messages take the latency without jitter.
    """
    is_due_E, child_E = executor.due_by_volume(params, parent_E, volume)
    part = slice(params.firsts[Trader.EXECUTOR], params.outsider)
    is_due_E &= (memory_A.due_s[part] == NEVER) & (memory_A.leaves[part] == 0)
    delay_ns = latency_ns(params, jnp.int32(Trader.EXECUTOR), jnp.float32(0))
    due = after_ns(now, delay_ns)

    def put(x_A: Array, value: Array) -> Array:
        return x_A.at[part].set(jnp.where(is_due_E, value, x_A[part]))

    memory_A = memory_A._replace(
        look_s=put(memory_A.look_s, now.s),
        look_ns=put(memory_A.look_ns, now.ns),
        due_s=put(memory_A.due_s, due.s),
        due_ns=put(memory_A.due_ns, due.ns),
    )
    child_E = jnp.where(is_due_E, child_E, parent_E.child_qty)
    return memory_A, parent_E._replace(child_qty=child_E)
