"""The state of a market of agents."""

from typing import NamedTuple

import jax.numpy as jnp

from marsjax import book as mbook
from marsjax.synth.agents.clock import NEVER, Time
from marsjax.synth.agents.fundamental import Fundamental
from marsjax.synth.agents.params import Params
from marsjax.synth.agents.sight import Sight, touch
from marsjax.types import Array, Message


class Memory(NamedTuple):
    """What the simulator knows of each agent, int32 scalars or ``[A]`` each.

    ``count``: decisions so far. ``leg``: which message of the decision comes next.
    ``look_s``, ``look_ns``: time of the decision; ``due_s``, ``due_ns``: when its
    message arrives. ``has_looked``: whether `Sight` is of this decision. ``leaves``: 1
    if the agent is to be taken out. ``bid_id``, ``ask_id``, ``bid_ticks``,
    ``ask_ticks``: its last order on either side.
    """

    count: Array
    leg: Array
    look_s: Array
    look_ns: Array
    due_s: Array
    due_ns: Array
    has_looked: Array
    leaves: Array
    bid_id: Array
    ask_id: Array
    bid_ticks: Array
    ask_ticks: Array

    @property
    def look(self) -> Time:
        return Time(self.look_s, self.look_ns)

    @property
    def due(self) -> Time:
        return Time(self.due_s, self.due_ns)


class Forced(NamedTuple):
    """Messages from outside, in order of time: int32 ``[F]`` each."""

    messages_F: Message
    time_s_F: Array
    time_ns_F: Array


class State(NamedTuple):
    """A running market.

    Attributes:
      book, time_s, time_ns: the book after the last message, and its time.
      next_id: larger than any order id so far.
      memory_MA: fields of `Memory`, int32 ``[12, A]``.
      sight_VA: fields of `Sight`, int32 ``[6, A]``: what each agent saw when it looked.
      ledger_LA: fields of `marsjax.synth.agents.exchange.Ledger`, int32 ``[5, A + 1]``.
      parent_PE: fields of `marsjax.synth.agents.executor.Parent`, int32 ``[11, E]``,
        the guest's last.
      fundamental: the value of the share.
      average: moving average of the mid, ticks less the opening mid.
      volume: shares traded, int32.
      rejected_R: rejects by `marsjax.synth.agents.exchange.REASONS`, int32 ``[2]``.
      forced: messages of an intervention.
    """

    book: mbook.Book
    time_s: Array
    time_ns: Array
    next_id: Array
    memory_MA: Array
    sight_VA: Array
    ledger_LA: Array
    parent_PE: Array
    fundamental: Fundamental
    average: Array
    volume: Array
    rejected_R: Array
    forced: Forced

    @property
    def time(self) -> Time:
        return Time(self.time_s, self.time_ns)


def mid2(book: mbook.Book) -> Array:
    """Twice the mid in ticks, of `touch`."""
    bid, ask = touch(book)
    return bid + ask


def order_id(params: Params, agent: Array, count: Array, side: Array) -> Array:
    """The id of an agent's order: of who, when and which side alone.

    So an order has the same id whatever else happens. Unique while
    ``2 * num_agents * count`` fits an int32, some 16 million decisions an agent.
    """
    return 1 + agent + params.num_agents * (2 * count + side)


def no_forced(num: int = 1) -> Forced:
    """Room for messages that never come."""
    zeros_F = jnp.zeros((num,), jnp.int32)
    messages_F = Message(*(zeros_F for _ in range(6)))
    return Forced(messages_F, jnp.full((num,), NEVER, jnp.int32), zeros_F)


def sights(book: mbook.Book, ledger_LA: Array, trend: Array) -> Sight:
    """What each agent would see now, ``[A]`` each; ``trend`` as in `Sight`."""
    num_agents = ledger_LA.shape[1] - 1
    bid, ask = touch(book)
    market = (jnp.broadcast_to(x, (num_agents,)) for x in (bid, ask, trend))
    position_A, _, _, bid_qty_A, ask_qty_A = ledger_LA[:, 1:]
    return Sight(*market, position_A, bid_qty_A, ask_qty_A)
