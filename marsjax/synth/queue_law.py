"""The exact law of the queue-reactive market's next event.

Given the state every possible event has a rate, the wait is exponential with their sum
R, and the event is drawn in proportion to its rate r, so that the density of an event
after a wait w is ``r exp(-R w)``. A cancel takes any order of its queue alike. While
queues are drawn anew, there is one rate, ``redraw_rate``, and one thing to do: the
first queue that is not as it shall be, bids first, gets an order or loses one.
"""

from typing import NamedTuple

import jax.numpy as jnp

from marsjax.book import Book
from marsjax.synth import flow_book, flow_law
from marsjax.synth.flow_book import Touch
from marsjax.synth.queue_params import Params, State
from marsjax.types import Array, Kind, Message, Side


class View(NamedTuple):
    """What the law needs to know of a book: the touch and the queues' sizes.

    ``size_SX``: orders in the queues of each side; those of the model, and where the
    reference may move after an event, the next ones beyond.
    """

    touch: Touch
    size_SX: Array


class Rates(NamedTuple):
    """Rates of all events, a second, each ``[2, K]`` or ``[2]`` by side.

    A market order's side is its own; of the others, the queue's.
    """

    limit_SK: Array
    cancel_SK: Array
    market_S: Array
    far_S: Array

    def flat(self) -> Array:
        return jnp.concatenate([x.ravel() for x in self])


def queue_prices(ref_ticks: Array, num_queues: int) -> Array:
    """Prices of the first queues of each side, ``[2, X]``."""
    step_X = jnp.arange(num_queues, dtype=jnp.int32)
    return jnp.stack([ref_ticks - step_X, ref_ticks + 1 + step_X])


def look(book: Book, ref_ticks: Array, num_queues: int) -> View:
    """See so many queues a side of a book around the reference price."""
    price_SX = queue_prices(ref_ticks, num_queues)
    size_SX = [flow_book.orders_at(book, side, price_SX[side]) for side in range(2)]
    return View(flow_book.touch(book), jnp.stack(size_SX))


def is_redrawing(state: State) -> Array:
    """Whether queues are being drawn anew."""
    return jnp.any(state.target_SK >= 0)


def event_rates(params: Params, state: State, view: View) -> Rates:
    """Rates of every possible next event.

    Limit orders find no room in a full side or in a queue of the largest size, and
    market orders none in an empty first queue. While queues are drawn anew, what is to
    be done has ``redraw_rate``.
    """
    size_SK = view.size_SX
    at_SK = jnp.minimum(size_SK, params.largest)
    is_size_SKQ = at_SK[:, :, None] == jnp.arange(params.largest + 1)[None, None, :]

    def by_size(rate_KQ: Array) -> Array:
        rate_1KQ = jnp.asarray(rate_KQ)[None]
        return jnp.sum(jnp.where(is_size_SKQ, rate_1KQ, 0.0), axis=-1)

    has_room_S1 = (view.touch.num_S < state.book.num_slots)[:, None]
    limit_SK = jnp.where(
        has_room_S1 & (size_SK < params.largest), by_size(params.limit_rate_KQ), 0.0
    )
    cancel_SK = jnp.where(size_SK > 0, by_size(params.cancel_rate_KQ), 0.0)
    first_S = size_SK[:, 0]
    is_first_SQ = is_size_SKQ[:, 0]
    hit_S = jnp.sum(
        jnp.where(is_first_SQ, jnp.asarray(params.market_rate_Q)[None], 0.0), axis=-1
    )
    market_S = jnp.where(first_S > 0, hit_S, 0.0)[::-1]
    num_far_S = view.touch.num_S - jnp.sum(size_SK, axis=-1)
    usual = Rates(limit_SK, cancel_SK, market_S, num_far_S * params.far_cancel_rate)

    grows_SK = state.target_SK > size_SK
    place_SK = jnp.arange(size_SK.size, dtype=jnp.int32).reshape(size_SK.shape)
    is_off_SK = state.target_SK >= 0
    is_next_SK = place_SK == jnp.min(jnp.where(is_off_SK, place_SK, size_SK.size))
    redraw = Rates(
        jnp.where(is_next_SK & grows_SK, params.redraw_rate, 0.0),
        jnp.where(is_next_SK & ~grows_SK, params.redraw_rate, 0.0),
        jnp.zeros((2,)),
        jnp.zeros((2,)),
    )
    now = is_redrawing(state)
    return Rates(*(jnp.where(now, x, y) for x, y in zip(redraw, usual, strict=True)))


def log_prob(params: Params, state: State, message: Message, wait_s: Array) -> Array:
    """Log density of the next event, nats, given the state before it.

    Of its kind, side, price and size, of which order is cancelled, and of the waiting
    time in seconds. A new order's id and owner are names and cost nothing.

    Returns:
      float32, ``-inf`` if the market cannot send the message.
    """
    view = look(state.book, state.ref_ticks, params.num_queues)
    rates = event_rates(params, state, view)
    kind, side = message.kind, message.side
    is_side_S = jnp.arange(2) == side
    price_SK = queue_prices(state.ref_ticks, params.num_queues)

    def at_queue(rate_SK: Array, price_ticks: Array) -> Array:
        is_it_SK = is_side_S[:, None] & (price_SK == price_ticks)
        return jnp.sum(jnp.where(is_it_SK, rate_SK, 0.0))

    def of_side(rate_S: Array) -> Array:
        return jnp.sum(jnp.where(is_side_S, rate_S, 0.0))

    limit = at_queue(rates.limit_SK, message.price_ticks)
    # The price of the opposite first queue.
    best = jnp.where(side == Side.BUY, price_SK[1, 0], price_SK[0, 0])
    market = jnp.where(message.price_ticks == best, of_side(rates.market_S), 0.0)

    orders = flow_book.resting(state.book, side)
    is_it_CW = (orders.order_id == message.order_id) & (orders.qty > 0)
    is_it_CW &= (message.qty == 0) | (message.qty == orders.qty)
    price = jnp.sum(jnp.where(is_it_CW, orders.price_ticks, 0))
    size_SK = view.size_SX
    each_SK = rates.cancel_SK / jnp.maximum(size_SK, 1)
    num_far_S = jnp.maximum(view.touch.num_S - jnp.sum(size_SK, axis=-1), 1)
    is_near = jnp.any(is_side_S[:, None] & (price_SK == price))
    far = of_side(rates.far_S / num_far_S)
    cancel = jnp.where(is_near, at_queue(each_SK, price), far)
    cancel = jnp.where(jnp.any(is_it_CW), cancel, 0.0)

    is_unit = message.qty == params.unit_qty
    rate = jnp.where((kind == Kind.LIMIT) & is_unit, limit, 0.0)
    rate = jnp.where((kind == Kind.IOC) & is_unit, market, rate)
    rate = jnp.where(kind == Kind.CANCEL, cancel, rate)
    rate = jnp.where(wait_s >= 0, rate, 0.0)
    return jnp.log(rate) - jnp.sum(rates.flat()) * wait_s


def hazard(params: Params, state: State, wait_s: Array) -> Array:
    """``R w``: of the next event's wait it is exponential with mean 1."""
    view = look(state.book, state.ref_ticks, params.num_queues)
    return jnp.sum(event_rates(params, state, view).flat()) * wait_s


def event_entropy(params: Params, state: State) -> Array:
    """Entropy of the next event and its waiting time given the state, nats, float32.

    In closed form; seconds are the unit of the waiting time.
    """
    view = look(state.book, state.ref_ticks, params.num_queues)
    rates = event_rates(params, state, view)
    rate_E = rates.flat()
    total = jnp.sum(rate_E)
    size_SK = view.size_SX
    num_far_S = view.touch.num_S - jnp.sum(size_SK, axis=-1)
    which = jnp.sum(rates.cancel_SK * jnp.log(jnp.maximum(size_SK, 1)))
    which += jnp.sum(rates.far_S * jnp.log(jnp.maximum(num_far_S, 1)))
    event = flow_law.entropy_of_weights(rate_E)
    return 1.0 - jnp.log(total) + event + which / total
