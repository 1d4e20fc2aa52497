"""Zero intelligence: Poisson limit orders, market orders and cancels.

Cont, Stoikov, Talreja, "A Stochastic Model for Order Book Dynamics", Operations
Research 58(3), 2010. Limit orders arrive at distance i >= 1 ticks from the opposite
best quote at rate ``lambda(i) = k / i**alpha`` a side, market orders at rate ``mu`` a
side, and each resting order at distance i is cancelled at rate ``theta(i)``. All are
independent Poisson processes, so the next event is one draw in proportion to its rate,
after an exponential time whose rate is their sum.

Two choices of ours: sizes are geometric in lots (one lot throughout in the paper), and
a market order is an immediate-or-cancel order at the opposite best price.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from marsjax import book as mbook
from marsjax.errors import InputError
from marsjax.synth import flow_book
from marsjax.synth.zi_draw import draws, rates_of
from marsjax.synth.zi_fit import calibrate
from marsjax.synth.zi_law import (
    event_entropy,
    event_rates,
    hazard,
    log_prob,
    references,
)
from marsjax.synth.zi_loop import make_loop
from marsjax.synth.zi_params import Params, check, limit_rates, slots_needed
from marsjax.types import Array, Message

__all__ = [
    "Params",
    "State",
    "calibrate",
    "check",
    "event_entropy",
    "event_rates",
    "hazard",
    "limit_rates",
    "log_prob",
    "references",
    "simulate",
    "slots_needed",
    "start",
    "step",
]


class State(NamedTuple):
    """A running market: its book, clock and the next free order id."""

    book: mbook.Book
    time_s: Array
    time_ns: Array
    next_id: Array


def start(params: Params, num_slots: int = 128) -> tuple[State, Message]:
    """A market that opens with one lot at each distance on either side.

    Args:
      params: of the market.
      num_slots: slots a side of its book.

    Returns:
      the state at time 0, and the ``COLLECT`` messages ``[2 * num_distances]`` that
      make its book.

    Raises:
      InputError: the opening book does not fit.
    """
    k = params.num_distances
    if num_slots < k:
        raise InputError(
            f"num_slots {num_slots} cannot hold an order at each of {k} distances",
            f"give {2 * k} or more",
        )
    book, seeds_T = flow_book.opening(
        num_slots, [1] * k, params.mid_ticks, params.lot_size
    )
    # Each its own array: donated buffers must not be shared.
    zero_2 = (jnp.zeros((), jnp.int32), jnp.zeros((), jnp.int32))
    return State(book, *zero_2, jnp.array(2 * k + 1, jnp.int32)), seeds_T


def step(
    params: Params, state: State, key: Array
) -> tuple[State, tuple[Message, Array, Array]]:
    """Draw the next event and send it to the exchange.

    Returns:
      the state, and ``(message, time_s, time_ns)``. A cancel's message carries the
      price, side and open quantity of the order it takes off.
    """
    state, out_1 = _run(params, state, draws(key, params)[None])
    return state, jax.tree.map(lambda x: x[0], out_1)


def simulate(
    key: Array, params: Params, state: State, num_orders: int, first: Array | int = 0
) -> tuple[State, tuple[Message, Array, Array]]:
    """As `marsjax.synth.steps.simulate_steps` of `step`, all in one loop."""
    keys_T = jax.vmap(lambda t: jax.random.fold_in(key, t))(
        first + jnp.arange(num_orders)
    )
    return _run(params, state, jax.vmap(lambda k: draws(k, params))(keys_T))


def _run(params: Params, state: State, draws_TD: Array):
    """The events that the random numbers ``[T, 5]`` make."""
    carried = (rates_of(params), *state[1:])
    book, carried, rows_VT = make_loop(len(draws_TD))(state.book, carried, draws_TD)
    *fields, time_s, time_ns = rows_VT
    message = Message(*fields, owner=jnp.zeros_like(time_s))
    return State(book, *carried[1:]), (message, time_s, time_ns)
