"""Every event that can come next, with its rate: the laws of `zi` and `queue` in full.

Where `log_prob` of a market weighs one event, a menu lists them all, so that the law
can be summed over whatever is counted as one, such as the bins of a tokenizer
(`marsjax.tokens.truth`). It is of markets whose rates stand still between events: the
wait is then exponential with the sum of all rates, and independent of what comes.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np

from marsjax.errors import InputError
from marsjax.synth import queue_law, zi_law
from marsjax.synth.markets import Market
from marsjax.types import Array


class Menu(NamedTuple):
    """All possible next events of a state; rates a second, float32.

    ``new_SE``, ``price_ticks_SE``: rates and prices of new orders of each side, limit
    and market orders alike; sizes are drawn apart (`Law.size_tail`). ``cancel_SN``:
    rates at which the order in each slot is cancelled whole; 0 where there is none.
    """

    new_SE: Array
    price_ticks_SE: Array
    cancel_SN: Array


class Law(NamedTuple):
    """A market's law as lists of events.

    ``menu(params, state) -> Menu``, unbatched. ``size_tail(params, lots_n) ->
    float64[n]``: the chance that a new order is larger than so many lots (host).
    """

    menu: Callable[[Any, Any], Menu]
    size_tail: Callable[[Any, np.ndarray], np.ndarray]


def law_of(market: Market) -> Law:
    """The law of a market as lists of events.

    Raises:
      InputError: its law is not known, or its rates move between events.
    """
    if market.name not in _LAWS:
        raise InputError(
            f"the events of {market.title} have no fixed rates between events",
            f"use a market of {', '.join(_LAWS)}",
        )
    return _LAWS[market.name]


def zi_menu(params, state) -> Menu:
    """Of zero intelligence: a market order, then limit orders by distance."""
    limit_SK, market_S, cancel_SN = zi_law.event_rates(params, state.book)
    bid, ask = zi_law.references(state.book)
    step_E = jnp.arange(params.num_distances + 1, dtype=jnp.int32)
    return Menu(
        new_SE=jnp.concatenate([market_S[:, None], limit_SK], axis=-1),
        price_ticks_SE=jnp.stack([ask - step_E, bid + step_E]),
        cancel_SN=cancel_SN,
    )


def zi_size_tail(params, lots_n: np.ndarray) -> np.ndarray:
    """Geometric: ``(1 - stop_prob)**n``."""
    return (1.0 - np.float64(params.stop_prob)) ** np.maximum(lots_n, 0)


def queue_menu(params, state) -> Menu:
    """Of the queue-reactive market: a market order, then limit orders by queue."""
    view = queue_law.look(state.book, state.ref_ticks, params.num_queues)
    rates = queue_law.event_rates(params, state, view)
    price_SK = queue_law.queue_prices(state.ref_ticks, params.num_queues)
    # A market order's price is that of the opposite first queue.
    best_S1 = price_SK[::-1, :1]
    size_SK = view.size_SX
    each_SK = rates.cancel_SK / jnp.maximum(size_SK, 1)
    num_far_S = jnp.maximum(view.touch.num_S - jnp.sum(size_SK, axis=-1), 1)
    cancel_SN = jnp.stack(
        [_cancels(state.book, s, price_SK, each_SK, rates, num_far_S) for s in (0, 1)]
    )
    return Menu(
        new_SE=jnp.concatenate([rates.market_S[:, None], rates.limit_SK], axis=-1),
        price_ticks_SE=jnp.concatenate([best_S1, price_SK], axis=-1),
        cancel_SN=cancel_SN,
    )


def _cancels(book, side: int, price_SK, each_SK, rates, num_far_S) -> Array:
    """Rates of the slots of a side, by the queue that each order stands in, ``[N]``."""
    price_N = book.price_ticks_SN[side]
    is_here_NK = price_N[:, None] == price_SK[side][None, :]
    near_N = jnp.sum(jnp.where(is_here_NK, each_SK[side][None, :], 0.0), axis=-1)
    far = rates.far_S[side] / num_far_S[side]
    rate_N = jnp.where(jnp.any(is_here_NK, axis=-1), near_N, far)
    return jnp.where(book.qty_SN[side] > 0, rate_N, 0.0)


def queue_size_tail(params, lots_n: np.ndarray) -> np.ndarray:
    """All orders have one size."""
    lots = -(-int(params.unit_qty) // int(params.lot_size))
    return (lots > np.asarray(lots_n)).astype(np.float64)


_LAWS = {"zi": Law(zi_menu, zi_size_tail), "queue": Law(queue_menu, queue_size_tail)}
