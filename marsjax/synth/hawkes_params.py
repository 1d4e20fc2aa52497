"""Parameters of the Hawkes market, its stability and its stationary rates."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from flax import struct

from marsjax import book as mbook
from marsjax.errors import InputError
from marsjax.synth.ranges import AT_LEAST_0, AT_MOST_1, check_ranges
from marsjax.types import MAX_PRICE_TICKS, Array

TYPES = ("limit buy", "limit sell", "market buy", "market sell")
TYPES += ("cancel buy", "cancel sell")
"""Types of event, I of them; a cancel's side is the resting order's."""

NUM_TYPES = len(TYPES)


def _base() -> Array:
    return jnp.array([1.05, 1.05, 0.08, 0.08, 0.87, 0.87], jnp.float32)


def _offspring() -> Array:
    """Three fifths of the offspring come fast and two fifths slowly."""
    total_II = np.array(
        [
            [0.30, 0.05, 0.20, 0.05, 0.20, 0.05],
            [0.05, 0.30, 0.05, 0.20, 0.05, 0.20],
            [0.04, 0.01, 0.30, 0.02, 0.01, 0.05],
            [0.01, 0.04, 0.02, 0.30, 0.05, 0.01],
            [0.25, 0.05, 0.05, 0.25, 0.25, 0.10],
            [0.05, 0.25, 0.25, 0.05, 0.10, 0.25],
        ]
    )
    return jnp.asarray(np.stack([0.6 * total_II, 0.4 * total_II]), jnp.float32)


@struct.dataclass
class Params:
    """The flow's law; dimension key: I types of event, M decay rates, K distances.

    The defaults of the flow are ours: a spectral radius of 0.70 on time scales of 30 ms
    and 1 s, orders that follow orders of their kind and side, cancels that follow
    limit orders, and quotes that flee from market orders, which is the pattern of
    fits to order books (Bacry, Jaisson, Muzy, "Estimation of slowly decreasing Hawkes
    kernels", Quantitative Finance 16(8), 2016). Distances and cancels have the shapes
    of Tables 2 and 3 of Cont, Stoikov and Talreja (2010).

    Attributes:
      base_I: events a second that nothing excites, all positive.
      offspring_MII: ``[m, i, j]``, mean number of events i that an event j excites at
        decay rate m; its sum over m has a spectral radius below 1.
      decay_M: decay rates, a second.
      distance_weight_K: a limit order arrives i = 1..K ticks from the opposite best in
        proportion to the weight of i, which is taken to the nearest 1,023rd of the
        largest (`marsjax.synth.flow_law.integer_weights`).
      cancel_weight_K: a cancel takes a live order in proportion to the weight of its
        distance, likewise; the last value holds beyond.
      depth_orders: a side with fewer live orders than this has its cancels slowed down
        in proportion.
      limit_stop_prob, market_stop_prob: sizes are 1 + geometric lots,
        ``P(size > n) = (1 - stop_prob)**n``.
      mid_ticks: where the first quotes stand.
      lot_size: shares a lot.
      opening_orders: orders at each distance of the opening book (static).
    """

    base_I: Array = struct.field(default_factory=_base)
    offspring_MII: Array = struct.field(default_factory=_offspring)
    decay_M: Array = struct.field(
        default_factory=lambda: jnp.array([30.0, 1.0], jnp.float32)
    )
    distance_weight_K: Array = struct.field(
        default_factory=lambda: jnp.arange(1, 11, dtype=jnp.float32) ** -0.52
    )
    cancel_weight_K: Array = struct.field(
        default_factory=lambda: jnp.array([0.71, 0.81, 0.68, 0.56, 0.47], jnp.float32)
    )
    depth_orders: Array = 40.0
    limit_stop_prob: Array = 0.6
    market_stop_prob: Array = 0.6
    mid_ticks: Array = 10_000
    lot_size: Array = 100
    opening_orders: int = struct.field(pytree_node=False, default=3)


class State(NamedTuple):
    """A running market: its book, clock, next free id and what its past excites.

    ``excited_MI``: intensity of type i now from past events at decay rate m, a second.
    """

    book: mbook.Book
    time_s: Array
    time_ns: Array
    next_id: Array
    excited_MI: Array


def branching_ratio(params: Params) -> Array:
    """``G[i, j]``, mean number of events i that an event j excites directly."""
    return jnp.sum(jnp.asarray(params.offspring_MII), axis=0)


def spectral_radius(params: Params) -> float:
    """Of `branching_ratio`; the flow is stable below 1 (host)."""
    matrix_II = np.asarray(branching_ratio(params), np.float64)
    return float(np.max(np.abs(np.linalg.eigvals(matrix_II))))


def stationary_rates(params: Params) -> Array:
    """Mean events a second of each type, ``(I - G)**-1 base``.

    Exact while the book takes every event; see `marsjax.synth.hawkes`. Hawkes, Oakes,
    "A cluster process representation of a self-exciting process", Journal of Applied
    Probability 11(3), 1974.
    """
    rest_II = jnp.eye(NUM_TYPES) - branching_ratio(params)
    return jnp.linalg.solve(rest_II, jnp.asarray(params.base_I))


def slots_needed(params: Params) -> int:
    """Slots a side: for the opening, and for twice as many as slow no cancel (host)."""
    opening = np.size(params.distance_weight_K) * params.opening_orders
    return max(opening, int(2 * float(params.depth_orders)))


def check(params: Params) -> None:
    """Refuse parameters that make no market, or an unstable one (host).

    Raises:
      InputError: a shape does not fit, a rate or weight is not positive and finite, or
        the spectral radius is not below 1.
    """
    num_decays = np.size(params.decay_M)
    shapes = {
        "base_I": (NUM_TYPES,),
        "offspring_MII": (num_decays, NUM_TYPES, NUM_TYPES),
        "decay_M": (num_decays,),
    }
    for name, shape in shapes.items():
        if np.shape(getattr(params, name)) != shape:
            raise InputError(
                f"{name} has shape {np.shape(getattr(params, name))}",
                f"give {shape}: {NUM_TYPES} types of event",
            )
    check_ranges(
        params,
        {
            "base_I": (0, np.inf),
            "offspring_MII": (AT_LEAST_0, np.inf),
            "decay_M": (0, np.inf),
            "distance_weight_K": (AT_LEAST_0, np.inf),
            "cancel_weight_K": (0, np.inf),
            "depth_orders": (0, np.inf),
            "limit_stop_prob": (0, AT_MOST_1),
            "market_stop_prob": (0, AT_MOST_1),
            "mid_ticks": (np.size(params.distance_weight_K), MAX_PRICE_TICKS // 2),
            "lot_size": (0, 2**20),
            "opening_orders": (0, 2**20),
        },
    )
    if float(np.asarray(params.distance_weight_K)[0]) <= 0:
        raise InputError("distance_weight_K begins with 0", "give distance 1 a weight")
    radius = spectral_radius(params)
    if not radius < 1:
        raise InputError(
            f"the flow is unstable: offspring have spectral radius {radius:.3f}",
            "scale offspring_MII down until it is below 1",
        )
