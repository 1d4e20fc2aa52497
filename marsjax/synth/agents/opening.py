"""How a market of agents opens: the same for every seed."""

import jax
import jax.numpy as jnp

from marsjax import book as mbook
from marsjax.errors import InputError
from marsjax.synth.agents.clock import NEVER, Time, after, arrival
from marsjax.synth.agents.exchange import open_ledger, send
from marsjax.synth.agents.executor import Parent
from marsjax.synth.agents.fundamental import start_fundamental
from marsjax.synth.agents.params import Params, Schedule, Trader
from marsjax.synth.agents.sight import Sight
from marsjax.synth.agents.state import Memory, State, no_forced, order_id
from marsjax.synth.agents.waits import latency_ns, mean_wait_s, trader_of
from marsjax.types import Kind, Message, Side

ORDERS_A_LEVEL = 4


def start(params: Params, num_slots: int = 128) -> tuple[State, Message]:
    """A market that opens with a lot of each noise trader on either side.

    The first decisions of each kind are spread evenly over its mean wait, so that an
    opening needs no seed.

    Args:
      params: the population.
      num_slots: slots a side; an agent never has more than one order on a side, so that
        one slot for each is always enough (forced messages apart).

    Returns:
      the state at time 0, and the ``COLLECT`` messages ``[2 * num_noise]`` that make
      its book.

    Raises:
      InputError: too few slots.
    """
    num = params.num_agents
    if num_slots < num:
        raise InputError(
            f"{num_slots} slots a side for {num} agents", f"give at least {num}"
        )
    seeds_T = _seeds(params)
    ledger_LA = open_ledger(num)

    def collect(carry, message):
        return send(*carry, message)[:2], None

    (book, ledger_LA), _ = jax.lax.scan(
        collect, (mbook.init(num_slots), ledger_LA), seeds_T
    )
    mid = jnp.asarray(params.mid_ticks, jnp.int32)
    book = book.replace(last_price_ticks=mid)
    parent_E = _parents(params)
    memory_A = _memory(params, parent_E, seeds_T)
    zero = jnp.zeros((), jnp.int32)
    state = State(
        book=book,
        time_s=zero,
        time_ns=zero,
        next_id=jnp.max(seeds_T.order_id) + 1,
        memory_MA=jnp.stack(memory_A),
        sight_VA=jnp.zeros((len(Sight._fields), num), jnp.int32),
        ledger_LA=ledger_LA,
        parent_PE=jnp.stack(parent_E),
        fundamental=start_fundamental(params),
        average=jnp.zeros(()),
        volume=zero,
        rejected_R=jnp.zeros((2,), jnp.int32),
        forced=no_forced(),
    )
    return state, seeds_T


def _seeds(params: Params) -> Message:
    """The opening orders, those of the bids first."""
    num = params.num_noise
    side_T = jnp.arange(2 * num, dtype=jnp.int32) // num
    agent_T = jnp.arange(2 * num, dtype=jnp.int32) % num
    away_T = agent_T // ORDERS_A_LEVEL
    mid = jnp.asarray(params.mid_ticks, jnp.int32)
    return Message(
        kind=jnp.full((2 * num,), int(Kind.COLLECT), jnp.int32),
        side=side_T,
        price_ticks=jnp.where(side_T == Side.BUY, mid - 1 - away_T, mid + away_T),
        qty=jnp.full((2 * num,), params.lot_size, jnp.int32),
        order_id=order_id(params, agent_T, jnp.int32(0), side_T),
        owner=agent_T + 1,
    )


def _parents(params: Params) -> Parent:
    """Each executor's first metaorder, of mean size; the guest has none."""
    num = params.num_executors + 1
    index_E = jnp.arange(num, dtype=jnp.int32)
    is_guest_E = index_E == num - 1
    zeros_E = jnp.zeros((num,), jnp.int32)

    def same(value) -> jnp.ndarray:
        return jnp.broadcast_to(jnp.asarray(value, jnp.int32), (num,))

    begins = Time(zeros_E, zeros_E)
    start_E = after(begins, (index_E + 0.5) / num * params.executor_gap_s)
    lots_E = jnp.where(is_guest_E, 0, same(params.executor_lots))
    return Parent(
        schedule=index_E % len(Schedule),
        side=index_E % 2,
        qty=lots_E * params.lot_size,
        done=zeros_E,
        start_s=jnp.where(is_guest_E, NEVER, start_E.s),
        start_ns=jnp.where(is_guest_E, 0, start_E.ns),
        duration_s=same(params.executor_duration_s),
        interval_s=same(params.executor_interval_s),
        bps=same(params.executor_bps),
        start_volume=same(-1),
        child_qty=zeros_E,
    )


def _memory(params: Params, parent_E: Parent, seeds_T: Message) -> Memory:
    """First decisions, and noise traders that know their opening orders."""
    num = params.num_agents
    agent_A = jnp.arange(num, dtype=jnp.int32)
    trader_A = trader_of(params, agent_A)
    zeros_A = jnp.zeros((num,), jnp.int32)
    firsts = jnp.array(params.firsts, jnp.int32)
    counts_A = jnp.diff(firsts, append=num)[trader_A]
    place_A = (agent_A - firsts[trader_A] + 0.5) / counts_A
    look_A = after(Time(zeros_A, zeros_A), place_A * mean_wait_s(params, trader_A))
    # Executors begin with their metaorders, or when volume says so; the outsider never.
    schedule_E = parent_E.schedule
    waits_E = (schedule_E == Schedule.POV) | (parent_E.qty == 0)
    first, last = params.firsts[Trader.EXECUTOR], params.outsider
    look_s_A = look_A.s.at[first:last].set(jnp.where(waits_E, NEVER, parent_E.start_s))
    look_ns_A = look_A.ns.at[first:last].set(jnp.where(waits_E, 0, parent_E.start_ns))
    look_s_A = look_s_A.at[last].set(NEVER)
    look_ns_A = look_ns_A.at[last].set(0)
    look_A = Time(look_s_A, look_ns_A)
    delay_A = latency_ns(params, trader_A, jnp.full((num,), 0.5))
    due_A = arrival(look_A, delay_A)
    num_noise = params.num_noise
    id_ST = seeds_T.order_id.reshape(2, num_noise)
    price_ST = seeds_T.price_ticks.reshape(2, num_noise)
    return Memory(
        # Number 0 is the opening's; the outsider counts forced messages from 0.
        count=zeros_A.at[:last].set(1),
        leg=zeros_A,
        look_s=look_A.s,
        look_ns=look_A.ns,
        due_s=due_A.s,
        due_ns=due_A.ns,
        has_looked=zeros_A,
        leaves=zeros_A,
        bid_id=zeros_A.at[:num_noise].set(id_ST[0]),
        ask_id=zeros_A.at[:num_noise].set(id_ST[1]),
        bid_ticks=zeros_A.at[:num_noise].set(price_ST[0]),
        ask_ticks=zeros_A.at[:num_noise].set(price_ST[1]),
    )
