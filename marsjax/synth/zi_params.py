"""Parameters of the zero-intelligence market."""

import jax.numpy as jnp
import numpy as np
from flax import struct

from marsjax.synth.ranges import AT_LEAST_0, AT_MOST_1, check_ranges
from marsjax.types import MAX_PRICE_TICKS, Array


@struct.dataclass
class Params:
    """Rates of the market; the defaults are Tables 2 and 3 of the paper.

    Attributes:
      limit_k, limit_alpha: ``lambda(i) = k / i**alpha``, orders a second a side.
      market_rate: market orders a second a side.
      cancel_rate_K: ``theta(i)`` for i = 1..K, a second an order; the last value holds
        beyond K.
      stop_prob: sizes are 1 + geometric lots, ``P(size > n) = (1 - stop_prob)**n``.
      mid_ticks: where the first quotes stand.
      lot_size: shares a lot.
      num_distances: limit orders arrive at distances 1..this (static).
    """

    limit_k: Array = 1.92
    limit_alpha: Array = 0.52
    market_rate: Array = 0.94
    cancel_rate_K: Array = struct.field(
        default_factory=lambda: jnp.array([0.71, 0.81, 0.68, 0.56, 0.47])
    )
    stop_prob: Array = 0.6
    mid_ticks: Array = 10_000
    lot_size: Array = 100
    num_distances: int = struct.field(pytree_node=False, default=10)


def check(params: Params) -> None:
    """Refuse parameters that make no market (host).

    Raises:
      InputError: a rate is negative or not finite, no limit orders arrive, sizes or
        prices are impossible.
    """
    check_ranges(
        params,
        {
            "limit_k": (0, np.inf),
            "limit_alpha": (-np.inf, np.inf),
            "market_rate": (AT_LEAST_0, np.inf),
            "cancel_rate_K": (AT_LEAST_0, np.inf),
            "stop_prob": (0, AT_MOST_1),
            "mid_ticks": (params.num_distances + 1, MAX_PRICE_TICKS // 2),
            "lot_size": (0, 2**20),
            "num_distances": (0, 2**20),
        },
    )


def limit_rates(params: Params) -> Array:
    """``lambda(i)`` for i = 1..num_distances, orders a second a side."""
    distance = jnp.arange(1, params.num_distances + 1, dtype=jnp.float32)
    return jnp.float32(params.limit_k) * distance ** -jnp.float32(params.limit_alpha)


def slots_needed(params: Params) -> int:
    """Slots a side for the orders there would be if quotes stood, and half as many.

    Each distance would be a queue M/M/infinity of mean ``lambda(i) / theta(i)``.
    """
    theta_K = np.asarray(params.cancel_rate_K, np.float64)
    place_i = np.minimum(np.arange(params.num_distances), len(theta_K) - 1)
    theta_i = np.maximum(theta_K[place_i], 1e-6)
    live = float(np.sum(np.asarray(limit_rates(params)) / theta_i))
    return params.num_distances + int(1.5 * live)


def cancel_rate(cancel_rate_K: Array, distance: Array) -> Array:
    """``theta(i)`` at distances of any shape; no gather, so that a kernel may ask."""
    num = cancel_rate_K.shape[0]
    rate = jnp.broadcast_to(cancel_rate_K[num - 1], distance.shape)
    for i in range(num - 1, 0, -1):
        rate = jnp.where(distance <= i, cancel_rate_K[i - 1], rate)
    return rate
