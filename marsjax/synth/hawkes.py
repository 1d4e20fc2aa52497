"""A market whose order flow is a multivariate Hawkes process.

Six types of event (limit, market and cancel of either side) excite themselves and each
other through sums of exponential kernels; type i has the intensity

    lambda_i(t) = base_i + sum_m sum_j offspring_mij decay_m
                  sum_{events k of type j before t} exp(-decay_m (t - t_k))

(Hawkes, "Spectra of some self-exciting and mutually exciting point processes",
Biometrika 58(1), 1971), so that offspring_mij is a mean number of children and the flow
is stable if their sum over m has a spectral radius below 1. Exponentials make the past
a state of M x I numbers.

The book takes a share f_i of each intensity (`intake`): none of what it cannot do, such
as a market order into an empty side, and of cancels less the fewer orders a side has,
without which the number of orders would be a random walk. What it does not take does
not happen and excites nothing; the law given the state stays exact. While every f is 1
the flow is the plain process. (State-dependent factors: Wu, Rambaldi, Muzy, Bacry,
"Queue-reactive Hawkes models for the order flow", 2019.)

The simulation is exact without thinning: given the past the flow is the sum of a
Poisson process and M ones of decaying intensity, whose first points are drawn by
inversion; the first of these is the next event (Dassios, Zhao, "Exact simulation of
Hawkes process with exponentially decaying intensity", Electronic Communications in
Probability 18, 2013).

Choices of ours: distances, sizes and which order a cancel takes are independent marks
(`Params`); a market order is an immediate-or-cancel order at the opposite best price.
"""

from functools import partial

import jax
import jax.numpy as jnp

from marsjax import book as mbook
from marsjax.errors import InputError
from marsjax.synth import flow_book, flow_law
from marsjax.synth.hawkes_fit import calibrate
from marsjax.synth.hawkes_law import (
    cancel_weights,
    distance_weights,
    event_entropy,
    hazard,
    intake,
    log_prob,
    look,
    taken,
    type_laws,
)
from marsjax.synth.hawkes_params import (
    TYPES,
    Params,
    State,
    branching_ratio,
    check,
    slots_needed,
    spectral_radius,
    stationary_rates,
)
from marsjax.synth.steps import simulate_steps
from marsjax.types import Array, Kind, Message, Side

__all__ = [
    "TYPES",
    "Params",
    "State",
    "branching_ratio",
    "calibrate",
    "check",
    "event_entropy",
    "follow",
    "hazard",
    "intake",
    "log_prob",
    "simulate",
    "slots_needed",
    "spectral_radius",
    "start",
    "stationary_rates",
    "step",
    "type_laws",
]


def start(params: Params, num_slots: int = 128) -> tuple[State, Message]:
    """A market that opens with one-lot orders at each distance, its past stationary.

    What the past excites begins at its mean, so that mean rates are those of
    `stationary_rates` from the start.

    Returns:
      the state at time 0, and the ``COLLECT`` messages ``[2 * K * opening_orders]``
      that make its book.

    Raises:
      InputError: the opening book does not fit.
    """
    num_distances = jnp.shape(params.distance_weight_K)[0]
    each = num_distances * params.opening_orders
    if num_slots < each:
        raise InputError(
            f"num_slots {num_slots} cannot hold {params.opening_orders} orders at each "
            f"of {num_distances} distances",
            f"give {2 * each} or more",
        )
    book, seeds_T = flow_book.opening(
        num_slots,
        [params.opening_orders] * num_distances,
        params.mid_ticks,
        params.lot_size,
    )
    rate_I = stationary_rates(params)
    # Mean intensity from decay rate m: children a second.
    excited_MI = jnp.sum(
        jnp.asarray(params.offspring_MII) * rate_I[None, None, :], axis=-1
    )
    # Each its own array: donated buffers must not be shared.
    zero, also_zero = jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32)
    next_id = jnp.array(2 * each + 1, jnp.int32)
    return State(book, zero, also_zero, next_id, excited_MI), seeds_T


def step(
    params: Params, state: State, key: Array
) -> tuple[State, tuple[Message, Array, Array]]:
    """Draw the next event and send it to the exchange.

    Returns:
      the state, and ``(message, time_s, time_ns)``. A cancel's message carries the
      price, side and open quantity of the order it takes off.
    """
    num_waits = 1 + jnp.shape(params.decay_M)[0]
    u = jax.random.uniform(key, (num_waits + 3,))
    view = look(state)
    taken_RI = taken(params, state, view)
    wait_R = _first_points(u[:num_waits], taken_RI, jnp.asarray(params.decay_M))
    wait_s = jnp.min(wait_R)
    row_I = jnp.sum(
        jnp.where((jnp.arange(num_waits) == jnp.argmin(wait_R))[:, None], taken_RI, 0),
        axis=0,
    )
    u_type, u_place, u_size = u[num_waits:]
    type_ = flow_law.pick(jnp.stack(flow_law.ordered_sums(row_I)), u_type)
    side, is_limit, is_cancel = type_ % 2, type_ < 2, type_ >= 4

    weight_K = distance_weights(params, view, side)
    far = 1 + flow_law.pick(flow_law.prefix_sums(weight_K)[0], u_place)
    limit_price = jnp.where(side == Side.BUY, view.ask - far, view.bid + far)
    best = jnp.where(side == Side.BUY, view.ask, view.bid)
    orders = flow_book.resting(state.book, side)
    weight_CW = cancel_weights(params, view, side, orders)
    old_price, old_qty, old_id = flow_book.pick_order(orders, weight_CW, u_place)
    stop = jnp.where(is_limit, params.limit_stop_prob, params.market_stop_prob)
    lots = flow_law.geometric(u_size, stop)

    def by_kind(limit: Array, market: Array, cancel: Array) -> Array:
        return jnp.where(is_limit, limit, jnp.where(is_cancel, cancel, market))

    size = lots * jnp.asarray(params.lot_size, jnp.int32)
    message = Message(
        kind=by_kind(*(jnp.int32(k) for k in (Kind.LIMIT, Kind.IOC, Kind.CANCEL))),
        side=side,
        price_ticks=by_kind(limit_price, best, old_price),
        qty=by_kind(size, size, old_qty),
        order_id=by_kind(state.next_id, state.next_id, old_id),
        owner=jnp.zeros((), jnp.int32),
    )
    time_s, time_ns = flow_law.add_time(state.time_s, state.time_ns, wait_s)
    state = follow(params, state, message, time_s, time_ns)
    return state, (message, time_s, time_ns)


def _first_points(u_R: Array, taken_RI: Array, decay_M: Array) -> Array:
    """First point of each part of the flow, seconds, infinite where there is none.

    The integral of ``a exp(-decay w)`` reaches an exponential variable e at
    ``-log(1 - e decay / a) / decay``, or never.
    """
    total_R = flow_law.ordered_sums(taken_RI.T)[-1]
    e_R = flow_law.exponential(u_R)
    part_M = e_R[1:] * decay_M / jnp.maximum(total_R[1:], 1e-30)
    is_point_M = part_M < 1
    wait_M = -jnp.log1p(-jnp.where(is_point_M, part_M, 0.0)) * (1.0 / decay_M)
    wait_M = jnp.where(is_point_M, wait_M, jnp.inf)
    return jnp.concatenate([e_R[:1] / total_R[:1], wait_M])


def follow(
    params: Params, state: State, message: Message, time_s: Array, time_ns: Array
) -> State:
    """The state after an event that was given, drawn or not, at its time."""
    wait_s = flow_law.elapsed(state.time_s, state.time_ns, time_s, time_ns)
    book, _ = mbook.submit(state.book, message, max_events=None)
    kind = message.kind
    class_ = jnp.where(kind == Kind.LIMIT, 0, jnp.where(kind == Kind.CANCEL, 2, 1))
    type_ = 2 * class_ + jnp.clip(message.side, 0, 1)
    decay_M1 = jnp.asarray(params.decay_M)[:, None]
    offspring_MII = jnp.asarray(params.offspring_MII)
    is_type_I = jnp.arange(offspring_MII.shape[-1]) == type_
    jump_MI = jnp.sum(jnp.where(is_type_I[None, None, :], offspring_MII, 0.0), axis=-1)
    left_M1 = jnp.exp(-flow_law.rounded(decay_M1 * wait_s))
    excited_MI = flow_law.rounded(state.excited_MI * left_M1)
    excited_MI += flow_law.rounded(decay_M1 * jump_MI)
    next_id = jnp.where(
        kind == Kind.CANCEL,
        state.next_id,
        jnp.maximum(state.next_id, message.order_id + 1),
    )
    return State(book, time_s, time_ns, next_id, excited_MI)


simulate = partial(simulate_steps, step)
"""``num_orders`` events: see `marsjax.synth.steps.simulate_steps`."""
