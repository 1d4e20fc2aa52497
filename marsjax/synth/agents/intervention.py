"""Interventions, and their true effect: the same market with and without.

What common random numbers hold fixed. Every draw is folded from the market's key, the
agent and the number of its decision (of the fundamental: the second), so that nothing
an intervention does changes another draw. Decisions of noise, value and momentum
traders and of makers come at times that depend on those draws alone: with and without
the intervention each of them decides at the same times, by the same draws, and gives
its orders the same ids; only what it sees differs. Executors by volume follow the
volume, and an executor whose metaorder ends earlier or later draws its next one by the
same draws at another time. Until the intervention's first message both markets are
equal bit for bit, and with no intervention at all they stay so.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from marsjax.errors import InputError
from marsjax.synth.agents import executor
from marsjax.synth.agents.clock import Time, arrival, either, is_before
from marsjax.synth.agents.executor import Parent
from marsjax.synth.agents.params import Params, Schedule, Trader
from marsjax.synth.agents.state import Forced, Memory, State
from marsjax.synth.agents.turn import forced_time
from marsjax.synth.agents.waits import latency_ns
from marsjax.types import Array, Kind, Message, Side

FORCED_KINDS = (
    Kind.LIMIT,
    Kind.IOC,
    Kind.CANCEL,
    Kind.MARKET,
    Kind.FOK,
    Kind.POST_ONLY,
    Kind.POST_ONLY_SLIDE,
    Kind.MASS_CANCEL,
)


class Metaorder(NamedTuple):
    """A metaorder of the guest; int32 scalars (`metaorder`)."""

    schedule: Array
    side: Array
    qty: Array
    start_s: Array
    duration_s: Array
    interval_s: Array
    bps: Array


@struct.dataclass
class Intervention:
    """What is done to a market; each part may be ``None``.

    Attributes:
      metaorder: :class:`Metaorder`.
      removed_A: bool ``[A]``, agents that leave: instead of its next message each takes
        off all its orders (one mass cancel, refused if it has none) and sends no more.
      forced: :class:`marsjax.synth.agents.state.Forced`, messages of the outsider.
    """

    metaorder: Metaorder | None = None
    removed_A: Array | None = None
    forced: Forced | None = None


def metaorder(
    side: Side,
    qty: int,
    *,
    start_s: int = 0,
    duration_s: int = 60,
    schedule: Schedule = Schedule.TWAP,
    interval_s: int = 5,
    participation: float = 0.1,
) -> Intervention:
    """An intervention that executes a metaorder (host).

    Args:
      side: of the metaorder.
      qty: shares; 0 does nothing at all.
      start_s: whole second of the market's clock when it begins.
      duration_s, interval_s: whole seconds it takes, and between child orders (TWAP and
        VWAP); a child order each interval, the first at the start.
      schedule: how it is cut.
      participation: share of all volume, its own included (POV).

    Raises:
      InputError: values that make no metaorder.
    """
    if qty < 0 or qty >= 2**30:
        raise InputError(f"a metaorder of {qty} shares", "give 0 to 2**30 - 1")
    if start_s < 0 or interval_s < 1 or duration_s < interval_s:
        raise InputError(
            f"start {start_s} s, duration {duration_s} s, interval {interval_s} s",
            "start at 0 or later, and let the duration hold an interval of 1 s or more",
        )
    bps = round(participation * 10_000)
    if not 1 <= bps < 10_000:
        raise InputError(
            f"a participation of {participation}", "give a share between 0.0001 and 1"
        )
    values = (Schedule(schedule), Side(side), qty, start_s, duration_s, interval_s, bps)
    return Intervention(Metaorder(*(jnp.int32(int(value)) for value in values)))


def removal(params: Params, *who: Trader | int) -> Intervention:
    """An intervention that takes agents out: whole kinds, or single indices (host).

    Raises:
      InputError: an index that no agent has.
    """
    removed_A = np.zeros((params.num_agents,), bool)
    for one in who:
        if isinstance(one, Trader) and one < Trader.OUTSIDER:
            removed_A[params.firsts[one] : params.firsts[one + 1]] = True
        elif not isinstance(one, Trader) and 0 <= one < params.outsider:
            removed_A[one] = True
        else:
            raise InputError(f"no agent {one}", f"give 0 to {params.outsider - 1}")
    return Intervention(removed_A=jnp.asarray(removed_A))


def forcing(messages_F: Message, time_s_F: Array, time_ns_F: Array) -> Intervention:
    """An intervention that sends given messages at given times (host).

    Args:
      messages_F: ``[F]``; the owner is set to the outsider. Give new orders ids
        that the market does not reach, such as ``2**30`` and on.
      time_s_F, time_ns_F: when each reaches the exchange, not decreasing.

    Raises:
      InputError: nothing to send, times that go backwards, or a kind that may not be
        forced (`FORCED_KINDS`).
    """
    arrays = [np.asarray(x, np.int32) for x in messages_F[:6]]
    time_s, time_ns = np.asarray(time_s_F, np.int32), np.asarray(time_ns_F, np.int32)
    if not len(time_s):
        raise InputError("no messages to force", "give at least one")
    time = time_s.astype(np.int64) * 10**9 + time_ns
    if (np.diff(time) < 0).any():
        raise InputError("times of forced messages go backwards", "sort them")
    if not np.isin(arrays[0], [int(kind) for kind in FORCED_KINDS]).all():
        names = ", ".join(kind.name for kind in FORCED_KINDS)
        raise InputError("a kind that may not be forced", f"use {names}")
    messages = Message(*(jnp.asarray(x) for x in arrays))
    return Intervention(
        forced=Forced(messages, jnp.asarray(time_s), jnp.asarray(time_ns))
    )


def intervene(params: Params, state: State, intervention: Intervention) -> State:
    """The state with the intervention laid into it; nothing has happened yet.

    Times before the state's own clock count as now. A second metaorder takes the place
    of the guest's first, and so do forced messages.
    """
    memory_A, parent_E = Memory(*state.memory_MA), Parent(*state.parent_PE)
    forced, order = intervention.forced, intervention.metaorder
    if intervention.removed_A is not None:
        leaves_A = (memory_A.leaves == 1) | intervention.removed_A
        memory_A = memory_A._replace(leaves=leaves_A.astype(jnp.int32))
    if order is not None:
        start = Time(order.start_s, jnp.int32(0))
        start = not_before(start, state.time)
        parent = _parent_of(order, start)
        works = order.qty > 0

        def put(x_E: Array, x: Array) -> Array:
            return x_E.at[-1].set(jnp.where(works, x, x_E[-1]))

        parent_E = jax.tree.map(put, parent_E, parent)
        delay_ns = latency_ns(params, jnp.int32(Trader.EXECUTOR), jnp.float32(0))
        look = executor.next_look(parent, start)
        memory_A = _plan(memory_A, params.guest, look, delay_ns)
    if forced is not None:
        time_F = not_before(Time(forced.time_s_F, forced.time_ns_F), state.time)
        forced = Forced(forced.messages_F, *time_F)
        look = forced_time(forced, jnp.int32(0))
        memory_A = _plan(memory_A, params.outsider, look, jnp.int32(0))
        memory_A = memory_A._replace(count=memory_A.count.at[params.outsider].set(0))
    return state._replace(
        memory_MA=jnp.stack(memory_A),
        parent_PE=jnp.stack(parent_E),
        forced=state.forced if forced is None else forced,
    )


def _parent_of(order: Metaorder, start: Time) -> Parent:
    zero = jnp.zeros_like(order.qty)
    return Parent(
        schedule=order.schedule,
        side=order.side,
        qty=order.qty,
        done=zero,
        start_s=start.s,
        start_ns=start.ns,
        duration_s=order.duration_s,
        interval_s=order.interval_s,
        bps=order.bps,
        start_volume=zero - 1,
        child_qty=zero,
    )


def _plan(memory_A: Memory, agent: int, look: Time, delay_ns: Array) -> Memory:
    """The agent's next decision is this one."""
    due = arrival(look, delay_ns)
    new = {"look_s": look.s, "look_ns": look.ns, "due_s": due.s, "due_ns": due.ns}
    new["has_looked"] = 0
    return memory_A._replace(
        **{name: getattr(memory_A, name).at[agent].set(x) for name, x in new.items()}
    )


def not_before(time: Time, earliest: Time) -> Time:
    """The later of both."""
    return either(is_before(time, earliest), earliest, time)
