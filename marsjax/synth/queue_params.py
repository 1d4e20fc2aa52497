"""Parameters of the queue-reactive market and the stationary law of its queues."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from flax import struct

from marsjax import book as mbook
from marsjax.errors import InputError
from marsjax.synth.ranges import AT_LEAST_0, AT_MOST_1, check_ranges
from marsjax.types import MAX_PRICE_TICKS, Array

MOST = 24  # largest queue of the default tables, orders


def _size() -> np.ndarray:
    return np.arange(MOST + 1.0)


def _limit() -> Array:
    q = _size()
    rows = [0.9 + 0.5 * np.exp(-q / 2), 0.8 + 0.2 * np.exp(-q / 4), 0.6 + 0 * q]
    return jnp.asarray(np.stack(rows), jnp.float32)


def _cancel() -> Array:
    grows = 1 - np.exp(-_size() / 6)
    rows = [0.9 * grows, 1.1 * grows, 0.9 * grows]
    return jnp.asarray(np.stack(rows), jnp.float32)


def _market() -> Array:
    return jnp.asarray(0.3 + 0.7 * np.exp(-_size() / 4), jnp.float32)


@struct.dataclass
class Params:
    """Intensities by queue and size; dimension key: K queues a side, Q largest size.

    A queue's size counts orders, all of ``unit_qty`` shares, the average event size of
    the paper. The default tables are ours, for the paper has them in figures only, and
    follow what those show of a large-tick stock: limit orders depend little on the
    queue but rush into an empty first one, cancels rise and level off, market orders
    fall with the first queue's size. ``theta`` and ``theta_reinit`` are near what the
    paper fits to such a stock (section 3).

    Attributes:
      limit_rate_KQ: ``[i, q]``, limit orders a second into a queue of q, i = 0 the
        first; none into one of Q.
      cancel_rate_KQ: cancels a second from a queue of q (of all its orders together).
      market_rate_Q: market orders a second into the opposite first queue of q.
      theta: chance that the reference price follows the mid, where it can.
      theta_reinit: chance that all queues are drawn anew when it does.
      redraw_rate: messages a second while queues are drawn anew.
      far_cancel_rate: cancels a second of each order beyond the K queues.
      unit_qty: shares of every order.
      mid_ticks: where the first ask queue stands; the reference is half a tick below.
      lot_size: shares a lot.
      opening_orders: orders in each queue of the opening book (static).
    """

    limit_rate_KQ: Array = struct.field(default_factory=_limit)
    cancel_rate_KQ: Array = struct.field(default_factory=_cancel)
    market_rate_Q: Array = struct.field(default_factory=_market)
    theta: Array = 0.7
    theta_reinit: Array = 0.85
    redraw_rate: Array = 100.0
    far_cancel_rate: Array = 0.05
    unit_qty: Array = 100
    mid_ticks: Array = 10_000
    lot_size: Array = 100
    opening_orders: int = struct.field(pytree_node=False, default=5)

    @property
    def num_queues(self) -> int:
        """Queues a side, K."""
        return jnp.shape(self.limit_rate_KQ)[0]

    @property
    def largest(self) -> int:
        """Largest size of a queue, Q."""
        return jnp.shape(self.limit_rate_KQ)[1] - 1


class State(NamedTuple):
    """A running market: its book, clock, next free id and reference price.

    ``ref_ticks``: price of the first bid queue; the reference price is half a tick
    above it. ``target_SK``: sizes that queues are on their way to, -1 where a queue is
    free. Both follow from the messages and their times alone.
    """

    book: mbook.Book
    time_s: Array
    time_ns: Array
    next_id: Array
    ref_ticks: Array
    target_SK: Array


def stationary_law(params: Params) -> Array:
    """Chance of each size of each queue while the reference stands, ``[K, Q + 1]``.

    Model I is a birth-and-death process a queue (section 2.3.1 of the paper), so

        pi_i(n) = pi_i(0) prod_{j = 1..n} birth_i(j - 1) / death_i(j).
    """
    birth_KQ, death_KQ = birth_and_death(params)
    log_ratio_KQ = jnp.log(birth_KQ[:, :-1]) - jnp.log(death_KQ[:, 1:])
    log_KQ = jnp.pad(jnp.cumsum(log_ratio_KQ, axis=-1), ((0, 0), (1, 0)))
    weight_KQ = jnp.exp(log_KQ - jnp.max(log_KQ, axis=-1, keepdims=True))
    return weight_KQ / jnp.sum(weight_KQ, axis=-1, keepdims=True)


def birth_and_death(params: Params) -> tuple[Array, Array]:
    """Rates up and down from each size of each queue, a second, ``[K, Q + 1]`` each."""
    q_1Q = jnp.arange(params.largest + 1)[None, :]
    birth_KQ = jnp.where(q_1Q < params.largest, jnp.asarray(params.limit_rate_KQ), 0.0)
    is_first_K1 = (jnp.arange(params.num_queues) == 0)[:, None]
    market_1Q = jnp.asarray(params.market_rate_Q)[None, :]
    death_KQ = jnp.asarray(params.cancel_rate_KQ) + jnp.where(
        is_first_K1, market_1Q, 0.0
    )
    return birth_KQ, jnp.where(q_1Q > 0, death_KQ, 0.0)


def slots_needed(params: Params) -> int:
    """Slots a side for queues of the largest size; those left behind are few (host)."""
    return params.num_queues * params.largest


def check(params: Params) -> None:
    """Refuse parameters that make no market (host).

    Raises:
      InputError: tables do not fit each other, a rate is negative, a queue can grow
        but not shrink, a probability or a price is impossible.
    """
    shape = np.shape(params.limit_rate_KQ)
    if len(shape) != 2 or shape[0] < 1 or shape[1] < 2:
        raise InputError(
            f"limit_rate_KQ has shape {shape}", "give a row a queue, sizes 0 to Q"
        )
    for name, wanted in (("cancel_rate_KQ", shape), ("market_rate_Q", shape[1:])):
        if np.shape(getattr(params, name)) != wanted:
            raise InputError(
                f"{name} has shape {np.shape(getattr(params, name))}",
                f"give {wanted}, as limit_rate_KQ has {shape}",
            )
    check_ranges(
        params,
        {
            "limit_rate_KQ": (AT_LEAST_0, np.inf),
            "cancel_rate_KQ": (AT_LEAST_0, np.inf),
            "market_rate_Q": (AT_LEAST_0, np.inf),
            "theta": (AT_LEAST_0, AT_MOST_1),
            "theta_reinit": (AT_LEAST_0, AT_MOST_1),
            "redraw_rate": (0, np.inf),
            "far_cancel_rate": (AT_LEAST_0, np.inf),
            "unit_qty": (0, 2**20),
            "mid_ticks": (shape[0], MAX_PRICE_TICKS // 2),
            "lot_size": (0, 2**20),
            "opening_orders": (0, shape[1]),
        },
    )
    birth_KQ, death_KQ = (np.asarray(x) for x in birth_and_death(params))
    if not (birth_KQ[:, :-1] > 0).all() or not (death_KQ[:, 1:] > 0).all():
        raise InputError(
            "a queue has no way up or no way down from some size",
            "give limit_rate_KQ below Q, and cancel_rate_KQ above 0, positive rates",
        )
