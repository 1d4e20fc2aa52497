"""The exact law of the zero-intelligence market's next event.

Every possible event has a rate; the time to the next event is exponential with their
sum R, and the event is drawn in proportion to its rate r. A new order's size is drawn
apart. The density of an event after a wait w is ``r exp(-R w)`` times the probability
of its size, and the entropy of the pair, in nats with seconds as the unit of time, is

    (1 - log R) + (log R - sum r log r / R) + P(new order) H(size).
"""

import jax.numpy as jnp
from jax.scipy.special import xlogy

from marsjax import book as mbook
from marsjax.synth import flow_book
from marsjax.synth.flow_law import geometric_entropy, size_log_prob
from marsjax.synth.zi_params import Params, cancel_rate, limit_rates
from marsjax.types import Array, Kind, Message, Side


def references(book: mbook.Book) -> tuple[Array, Array]:
    """The quotes that distances are measured from; an empty side is one tick away."""
    return flow_book.references(flow_book.touch(book), book.last_price_ticks)


def event_rates(params: Params, book: mbook.Book) -> tuple[Array, Array, Array]:
    """Rates of every possible next event, a second.

    Returns:
      limit orders ``[2, num_distances]``, market orders ``[2]`` (0 where the other side
      is empty), and cancels of each slot ``[2, N]``; float32.
    """
    bid, ask = references(book)
    limit_SK = jnp.broadcast_to(limit_rates(params)[None], (2, params.num_distances))
    live_SN = book.qty_SN > 0
    market_S = params.market_rate * jnp.any(live_SN, axis=-1)[::-1]
    distance_SN = jnp.stack(
        [ask - book.price_ticks_SN[0], book.price_ticks_SN[1] - bid]
    )
    theta_SN = cancel_rate(jnp.asarray(params.cancel_rate_K), distance_SN)
    return limit_SK, market_S, jnp.where(live_SN, theta_SN, 0.0)


def log_prob(params: Params, state, message: Message, wait_s: Array) -> Array:
    """Log density of the next event, nats, given the state before it.

    Of its kind, side, price and size, of which order is cancelled, and of the waiting
    time in seconds. A new order's id and owner are names and cost nothing.

    Args:
      params: of the market.
      state: with the ``book`` that the event meets.
      message: the event, int32 scalars.
      wait_s: seconds since the last event.

    Returns:
      float32, ``-inf`` if the market cannot send the message: an order off the grid of
      prices or sizes, a market order at no best price or into an empty side, a cancel
      of no live order or of a part of one.
    """
    book, kind, side = state.book, message.kind, message.side
    limit_SK, market_S, cancel_SN = event_rates(params, book)
    bid, ask = references(book)
    total = jnp.sum(limit_SK) + jnp.sum(market_S) + jnp.sum(cancel_SN)

    is_buy = side == Side.BUY
    distance = jnp.where(is_buy, ask - message.price_ticks, message.price_ticks - bid)
    step_K = jnp.arange(1, params.num_distances + 1, dtype=jnp.int32)
    limit = jnp.sum(jnp.where(step_K == distance, limit_SK[0], 0.0))
    market = jnp.where(is_buy, market_S[0], market_S[1])
    market = jnp.where(distance == 0, market, 0.0)
    is_it_SN = (book.qty_SN > 0) & (book.order_id_SN == message.order_id)
    is_it_SN &= (message.qty == 0) | (book.qty_SN == message.qty)
    cancel = jnp.sum(jnp.where(is_it_SN, cancel_SN, 0.0))

    is_side = (side == Side.BUY) | (side == Side.SELL)
    is_new = (kind == Kind.LIMIT) | (kind == Kind.IOC)
    rate = jnp.where(kind == Kind.LIMIT, limit, 0.0)
    rate = jnp.where(kind == Kind.IOC, market, rate)
    rate = jnp.where(is_side, rate, 0.0)
    rate = jnp.where(kind == Kind.CANCEL, cancel, rate)
    rate = jnp.where(wait_s >= 0, rate, 0.0)
    stop_prob = jnp.float32(params.stop_prob)
    size = size_log_prob(message.qty, params.lot_size, stop_prob)
    size = jnp.where(is_new, size, 0.0)
    return jnp.log(rate) - total * wait_s + size


def hazard(params: Params, state, wait_s: Array) -> Array:
    """``R w``: of the next event's wait it is exponential with mean 1."""
    return sum(jnp.sum(x) for x in event_rates(params, state.book)) * wait_s


def event_entropy(params: Params, state) -> Array:
    """Entropy of the next event and its waiting time given the state, nats, float32."""
    limit_SK, market_S, cancel_SN = event_rates(params, state.book)
    new = jnp.sum(limit_SK) + jnp.sum(market_S)
    total = new + jnp.sum(cancel_SN)
    parts = sum(jnp.sum(xlogy(x, x)) for x in (limit_SK, market_S, cancel_SN))
    return (
        1.0
        - parts / total
        + new / total * geometric_entropy(jnp.float32(params.stop_prob))
    )
