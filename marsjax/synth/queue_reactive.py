"""The queue-reactive market: intensities that depend on the queues' sizes.

Huang, Lehalle, Rosenbaum, "Simulating and Analyzing Order Book Data: The Queue-Reactive
Model", Journal of the American Statistical Association 110(509), 2015. K queues a side
stand at half-integer distances around a reference price. While it stands, the queues
are those of Model I (section 2.3.1): each is an independent birth-and-death process
whose rates depend on its own size. The reference moves as in Model III (section 3):
when an event moves the mid and the first queue in that direction is empty, the
reference follows by one tick with probability ``theta``; and when it does, with
probability ``theta_reinit``, all queues are drawn anew from their stationary law.

What an exchange that takes one message at a time makes of it:

- Market orders meet the opposite first queue only, and wait while it is empty, as price
  priority demands of orders that never trade through it.
- Where the reference moves and the queues are not all drawn anew, the one that enters
  the window is. Queues are drawn anew message by message: orders are added or cancelled
  one at a time, at ``redraw_rate``, until each queue has the size that was drawn.
- Orders left behind the window stay in the book and are cancelled at a rate of their
  own, so that the book stays bounded.
- Whether the reference moves, and what is drawn, is decided by the digits of the
  event's waiting time (`marsjax.synth.flow_law.clock_uniforms`), which are as good as
  independent coins. So the state follows from the messages and their times, nothing is
  hidden, and `log_prob` of a stream is exact (`follow`).
"""

import jax
import jax.numpy as jnp

from marsjax import book as mbook
from marsjax.errors import InputError
from marsjax.synth import flow_book, flow_law
from marsjax.synth.queue_fit import calibrate
from marsjax.synth.queue_law import (
    View,
    event_entropy,
    event_rates,
    hazard,
    is_redrawing,
    log_prob,
    look,
)
from marsjax.synth.queue_params import (
    Params,
    State,
    check,
    slots_needed,
    stationary_law,
)
from marsjax.synth.steps import simulate_steps
from marsjax.types import MAX_PRICE_TICKS, Array, Kind, Message, Side

__all__ = [
    "Params",
    "State",
    "adopt",
    "calibrate",
    "check",
    "event_entropy",
    "event_rates",
    "follow",
    "hazard",
    "is_redrawing",
    "log_prob",
    "look",
    "simulate",
    "slots_needed",
    "start",
    "stationary_law",
    "step",
]


def start(params: Params, num_slots: int = 128) -> tuple[State, Message]:
    """A market that opens with as many orders in each queue.

    Returns:
      the state at time 0, and the ``COLLECT`` messages ``[2 * K * opening_orders]``
      that make its book.

    Raises:
      InputError: the queues may outgrow the book.
    """
    k, most = params.num_queues, params.largest
    if num_slots < k * most:
        raise InputError(
            f"num_slots {num_slots} cannot hold {k} queues of {most} orders",
            f"give {k * most} or more, with room for orders left behind",
        )
    book, seeds_T = flow_book.opening(
        num_slots, [params.opening_orders] * k, params.mid_ticks, params.unit_qty
    )
    ref = jnp.asarray(params.mid_ticks, jnp.int32) - 1
    # Each its own array: donated buffers must not be shared.
    zero, also_zero = jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32)
    next_id = jnp.array(2 * k * params.opening_orders + 1, jnp.int32)
    target_SK = jnp.full((2, k), -1, jnp.int32)
    return State(book, zero, also_zero, next_id, ref, target_SK), seeds_T


def adopt(params: Params, state: State) -> State:
    """The state with a book that is not the market's own.

    The reference stands at the book's mid, half a tick below where that is a price (see
    `marsjax.synth.flow_book.references` for a one-sided book), and no queue is being
    drawn anew.
    """
    bid, ask = flow_book.references(
        flow_book.touch(state.book), state.book.last_price_ticks
    )
    k = params.num_queues
    # The window stays within the prices there are.
    ref = jnp.clip((bid + ask - 1) // 2, k, MAX_PRICE_TICKS - k)
    return state._replace(ref_ticks=ref, target_SK=jnp.full_like(state.target_SK, -1))


def step(
    params: Params, state: State, key: Array
) -> tuple[State, tuple[Message, Array, Array]]:
    """Draw the next event and send it to the exchange.

    Returns:
      the state, and ``(message, time_s, time_ns)``. A cancel's message carries the
      price, side and open quantity of the order it takes off.
    """
    view = look(state.book, state.ref_ticks, params.num_queues)
    state, _, out = _step(params, _cumulative(params), state, view, key)
    return state, out


def _cumulative(params: Params) -> Array:
    """Chance of each queue to be no larger than 0..Q - 1, ``[K, Q]``."""
    return jnp.cumsum(stationary_law(params), axis=-1)[:, :-1]


def _step(params: Params, cdf_KQ: Array, state: State, view: View, key: Array):
    """`step`, given what the last one saw of the book."""
    u_wait, u_event, u_order = jax.random.uniform(key, (3,))
    rate_E = flow_law.rounded(event_rates(params, state, view).flat())
    sum_E = jnp.stack(flow_law.ordered_sums(rate_E))
    wait_s = flow_law.exponential(u_wait) / sum_E[-1]
    event = flow_law.pick(sum_E, u_event)
    k = params.num_queues
    is_limit, is_market = event < 2 * k, (event >= 4 * k) & (event < 4 * k + 2)
    is_far = event >= 4 * k + 2
    is_new = is_limit | is_market
    side = jnp.where(event < 4 * k, event % (2 * k) // k, (event - 4 * k) % 2)
    queue = jnp.where(event < 4 * k, event % k, 0)
    # A market order meets the other side's first queue.
    queue_side = jnp.where(is_market, 1 - side, side)
    away = jnp.where(queue_side == Side.BUY, -queue, 1 + queue)
    price = state.ref_ticks + away

    orders = flow_book.resting(state.book, side)
    last = jnp.where(side == Side.BUY, 1 - k, k)
    beyond = jnp.where(
        side == Side.BUY,
        orders.price_ticks < state.ref_ticks + last,
        orders.price_ticks > state.ref_ticks + last,
    )
    is_one_CW = (orders.qty > 0) & jnp.where(
        is_far, beyond, orders.price_ticks == price
    )
    old_price, old_qty, old_id = flow_book.pick_order(
        orders, is_one_CW.astype(jnp.float32), u_order
    )
    message = Message(
        kind=jnp.where(
            is_new,
            jnp.where(is_limit, int(Kind.LIMIT), int(Kind.IOC)),
            int(Kind.CANCEL),
        ),
        side=side,
        price_ticks=jnp.where(is_new, price, old_price),
        qty=jnp.where(is_new, jnp.asarray(params.unit_qty, jnp.int32), old_qty),
        order_id=jnp.where(is_new, state.next_id, old_id),
        owner=jnp.zeros((), jnp.int32),
    )
    time_s, time_ns = flow_law.add_time(state.time_s, state.time_ns, wait_s)
    state, view = _follow(params, cdf_KQ, state, view, message, time_s, time_ns)
    return state, view, (message, time_s, time_ns)


def follow(
    params: Params, state: State, message: Message, time_s: Array, time_ns: Array
) -> State:
    """The state after an event that was given, drawn or not, at its time."""
    view = look(state.book, state.ref_ticks, params.num_queues)
    cdf_KQ = _cumulative(params)
    return _follow(params, cdf_KQ, state, view, message, time_s, time_ns)[0]


def _follow(
    params: Params, cdf_KQ: Array, state: State, view: View, message, time_s, time_ns
) -> tuple[State, View]:
    """`follow`, given what the book looked like, and what it looks like then."""
    k = params.num_queues
    before = view.touch
    book, _ = mbook.submit(state.book, message, max_events=None)
    is_new = message.kind != Kind.CANCEL
    next_id = jnp.maximum(state.next_id, jnp.where(is_new, message.order_id + 1, 0))
    wait = flow_law.time_between(state.time_s, state.time_ns, time_s, time_ns)
    u = flow_law.clock_uniforms(*wait, 2 + 2 * k)

    was_redrawing = is_redrawing(state)
    view = look(book, state.ref_ticks, k + 1)
    move = jnp.where(was_redrawing, 0, _move(params, before, view, state.ref_ticks))
    move = jnp.where(u[0] < params.theta, move, 0)
    is_all = (move != 0) & (u[1] < params.theta_reinit)

    # Sizes as the window sees them after the move: it leaves one queue and meets one.
    size_SX = view.size_SX
    here_SK, out_SK = size_SX[:, :k], size_SX[:, 1:]
    in_SK = jnp.pad(size_SX[:, : k - 1], ((0, 0), (1, 0)))
    shift_S1 = jnp.stack([move, -move])[:, None]  # 1: away from the touch
    size_SK = jnp.where(shift_S1 > 0, in_SK, jnp.where(shift_S1 < 0, out_SK, here_SK))
    u_SK = u[2:].reshape(2, k)
    drawn_SK = jnp.sum((cdf_KQ[None] <= u_SK[:, :, None]).astype(jnp.int32), axis=-1)
    is_last_K = jnp.arange(k) == k - 1
    enters_SK = (shift_S1 < 0) & is_last_K[None, :]
    target_SK = jnp.where(is_all | enters_SK, drawn_SK, state.target_SK)
    target_SK = jnp.where(target_SK == size_SK, -1, target_SK)
    # A side without room takes no more orders: what it lacks is given up.
    is_full_S1 = (view.touch.num_S >= book.num_slots)[:, None]
    target_SK = jnp.where(is_full_S1 & (target_SK > size_SK), -1, target_SK)
    ref = state.ref_ticks + move
    state = State(book, time_s, time_ns, next_id, ref, target_SK)
    return state, View(view.touch, size_SK)


def _move(
    params: Params, before: flow_book.Touch, view: View, ref_ticks: Array
) -> Array:
    """Where the reference may go after an event: 1 up, -1 down, 0 nowhere.

    The mid must have moved that way, its first queue there be empty, and the window
    stay within the prices there are.
    """
    after, k = view.touch, params.num_queues
    has_mids = (before.bid_ticks > 0) & (before.ask_ticks > 0)
    has_mids &= (after.bid_ticks > 0) & (after.ask_ticks > 0)
    rise = (after.bid_ticks - before.bid_ticks) + (after.ask_ticks - before.ask_ticks)
    up = (rise > 0) & (view.size_SX[1, 0] == 0) & (ref_ticks + k < MAX_PRICE_TICKS)
    down = (rise < 0) & (view.size_SX[0, 0] == 0) & (ref_ticks - k >= 1)
    return jnp.where(has_mids, up.astype(jnp.int32) - down.astype(jnp.int32), 0)


def simulate(
    key: Array, params: Params, state: State, num_orders: int, first: Array | int = 0
) -> tuple[State, tuple[Message, Array, Array]]:
    """`marsjax.synth.steps.simulate_steps`; each step knows what the last one saw."""
    cdf_KQ = _cumulative(params)

    def seeing_step(params, carry, key):
        state, view, out = _step(params, cdf_KQ, *carry, key)
        return (state, view), out

    carry = (state, look(state.book, state.ref_ticks, params.num_queues))
    (state, _), out = simulate_steps(seeing_step, key, params, carry, num_orders, first)
    return state, out
