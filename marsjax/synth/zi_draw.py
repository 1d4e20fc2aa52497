"""Drawing the next event inside the function that also matches it.

A draw in proportion to hundreds of rates is made in levels, each by one uniform number
of its own: the class (limit, market or cancel of either side), then the distance or the
block of slots, then the slot. The product of the levels' probabilities is the event's
rate over the total, so the law is the one of a single draw. There is no gather, scatter
or sort, so that on a CPU events are drawn and matched in one loop, compiled as a single
function (`marsjax.book.kernel`).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from marsjax.book.kernel import computed
from marsjax.book.slots import INT32_MAX, best_rank, pick
from marsjax.book.state import Working
from marsjax.synth import flow_book
from marsjax.synth.zi_params import Params, cancel_rate, limit_rates
from marsjax.types import Array, Kind, Message, Side

NUM_DRAWS = 5


class Rates(NamedTuple):
    """What a draw needs of the parameters; float32.

    ``limit_K``: rates by distance, a side. ``market``: a side. ``cancel_K``: by
    distance, the last beyond. ``lot_size``: int32.
    """

    limit_K: Array
    market: Array
    cancel_K: Array
    lot_size: Array


def rates_of(params: Params) -> Rates:
    """The rates of all events that do not depend on the book."""
    return Rates(
        limit_rates(params),
        jnp.asarray(params.market_rate, jnp.float32),
        jnp.asarray(params.cancel_rate_K, jnp.float32),
        jnp.asarray(params.lot_size, jnp.int32),
    )


def draws(key: Array, params: Params) -> Array:
    """The random numbers of one event as bits, ``[5]`` int32.

    Three uniform numbers in [0, 1), an exponential one of mean 1 and a size in lots;
    the first four float32.
    """
    words = jax.random.bits(key, (NUM_DRAWS,), jnp.uint32)
    uniform_3 = (words[:3] >> 8).astype(jnp.float32) * 2.0**-24
    # Open at 0, so that no logarithm is infinite.
    inner_2 = (words[3:].astype(jnp.float32) + 0.5) * 2.0**-32
    log_2 = jnp.log(inner_2)
    more = jnp.floor(log_2[1] / jnp.log1p(-jnp.float32(params.stop_prob)))
    floats_4 = jnp.concatenate([uniform_3, -log_2[:1]])
    bits_4 = lax.bitcast_convert_type(floats_4, jnp.int32)
    lots = 1 + more.astype(jnp.int32)
    return jnp.concatenate([bits_4, lots[None]])


def touch_of(work: Working) -> tuple[Array, Array]:
    """Best bid and ask in ticks, 0 where a side is empty."""
    bid, ask = (best_rank(side) for side in work.slots.cache())
    return jnp.where(bid < INT32_MAX, -bid, 0), jnp.where(ask < INT32_MAX, ask, 0)


def running_total(x_K: Array) -> Array:
    """Cumulative sums, never falling, as masked sums of a small array."""
    num = x_K.shape[0]
    rows = lax.broadcasted_iota(jnp.int32, (num, num), 0)
    columns = lax.broadcasted_iota(jnp.int32, (num, num), 1)
    return jnp.sum(jnp.where(columns <= rows, x_K[None, :], 0), axis=1)


def choose(total_K: Array, uniform: Array) -> Array:
    """An index in proportion to the steps of a running total."""
    draw = uniform * jnp.max(total_K)
    index = jnp.sum((total_K <= draw).astype(jnp.int32))
    return jnp.minimum(index, total_K.shape[0] - 1)


def draw_event(
    rates: Rates, work: Working, next_id: Array, draw_D: tuple[Array, ...]
) -> tuple[Message, Array]:
    """The next event of a market.

    Args:
      rates: of its parameters.
      work: its book.
      next_id: of a new order.
      draw_D: the scalars of `draws`.

    Returns:
      the message, and the waiting time in seconds, float32. A cancel's message has
      price, side and open quantity of the order that it takes off.
    """
    uniform_class, uniform_place, uniform_slot, waited = (
        lax.bitcast_convert_type(x, jnp.float32) for x in draw_D[:4]
    )
    slots = work.slots
    touch = computed(touch_of(work))
    seen = flow_book.Touch(*touch, num_S=None)
    bid, ask = computed(flow_book.references(seen, work.last_price_ticks))

    def theta(side: int | Array, price_ticks: Array, qty: Array) -> Array:
        distance = jnp.where(side == Side.BUY, ask - price_ticks, price_ticks - bid)
        return jnp.where(qty > 0, cancel_rate(rates.cancel_K, distance), 0.0)

    cancel_SC = []
    for side in (0, 1):
        order = slots.all(side)
        by_block_C = jnp.sum(theta(side, order.price_ticks, order.qty), axis=1)
        cancel_SC.append(computed(running_total(computed(by_block_C))))
    limit_K = computed(running_total(rates.limit_K))
    limit = jnp.max(limit_K)
    by_class = (
        limit,
        limit,
        jnp.where(touch[1] > 0, rates.market, 0.0),
        jnp.where(touch[0] > 0, rates.market, 0.0),
        jnp.max(cancel_SC[0]),
        jnp.max(cancel_SC[1]),
    )
    total, ends = jnp.float32(0), []
    for rate in by_class:
        total = total + rate
        ends.append(total)
    total, ends = computed((total, ends))
    draw = uniform_class * total
    which = sum((draw >= end).astype(jnp.int32) for end in ends[:-1])
    side, is_limit, is_cancel = which % 2, which < 2, which >= 4
    side, is_limit, is_cancel, which = computed((side, is_limit, is_cancel, which))

    distance = choose(limit_K, uniform_place) + 1
    block = choose(pick(side, cancel_SC), uniform_place)
    distance, block = computed((distance, block))
    block_W = computed(slots.block(side, block))
    theta_W = computed(theta(side, block_W.price_ticks, block_W.qty))
    slot = computed(choose(computed(running_total(theta_W)), uniform_slot))
    order = computed(slots.at(block_W, slot))

    distance = jnp.where(is_limit, distance, 0)
    new_price = jnp.where(side == Side.BUY, ask - distance, bid + distance)
    kind = jnp.where(is_limit, int(Kind.LIMIT), int(Kind.IOC))
    zero = jnp.zeros((), jnp.int32)
    message = Message(
        kind=jnp.where(is_cancel, int(Kind.CANCEL), kind),
        side=side,
        price_ticks=jnp.where(is_cancel, order.price_ticks, new_price),
        qty=jnp.where(is_cancel, order.qty, draw_D[4] * rates.lot_size),
        order_id=jnp.where(is_cancel, order.order_id, next_id),
        owner=zero,
        display_qty=zero,
    )
    return computed((message, waited / total))
