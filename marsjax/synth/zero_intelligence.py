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
from flax import struct

from marsjax import book as mbook
from marsjax.types import Array, Kind, Message, Side


@struct.dataclass
class ZIParams:
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


class ZIState(NamedTuple):
    """A running market: its book, clock and the next free order id."""

    book: mbook.Book
    time_s: Array
    time_ns: Array
    next_id: Array


def add_time(time_s: Array, time_ns: Array, wait_s: Array) -> tuple[Array, Array]:
    """``(seconds, nanoseconds)`` after a wait given in float seconds."""
    whole = jnp.floor(wait_s)
    ns = time_ns + ((wait_s - whole) * 1e9).astype(jnp.int32)
    carry = ns // 1_000_000_000
    return time_s + whole.astype(jnp.int32) + carry, ns - carry * 1_000_000_000


def limit_rates(params: ZIParams) -> Array:
    """``lambda(i)`` for i = 1..num_distances, orders a second a side."""
    distance = jnp.arange(1, params.num_distances + 1, dtype=jnp.float32)
    return params.limit_k * distance**-params.limit_alpha


def references(book: mbook.Book) -> tuple[Array, Array]:
    """The quotes that distances are measured from; an empty side is one tick away."""
    now = mbook.quote(book)
    last = book.last_price_ticks
    bid = jnp.where(
        now.bid_ticks > 0,
        now.bid_ticks,
        jnp.where(now.ask_ticks > 0, now.ask_ticks - 1, last),
    )
    ask = jnp.where(now.ask_ticks > 0, now.ask_ticks, bid + 1)
    return bid, ask


def event_rates(params: ZIParams, book: mbook.Book) -> tuple[Array, Array, Array]:
    """Rates of every possible next event, a second.

    Returns:
      limit orders ``[2, num_distances]``, market orders ``[2]`` (0 where the other side
      is empty), and cancels of each slot ``[2, N]``.
    """
    bid, ask = references(book)
    limit_SK = jnp.broadcast_to(limit_rates(params), (2, params.num_distances))
    has_orders_S = jnp.any(book.qty_SN > 0, axis=-1)
    market_S = params.market_rate * has_orders_S[::-1]
    distance_SN = jnp.stack(
        [ask - book.price_ticks_SN[0], book.price_ticks_SN[1] - bid]
    )
    last = params.cancel_rate_K.shape[-1] - 1
    theta_SN = params.cancel_rate_K[jnp.clip(distance_SN - 1, 0, last)]
    return limit_SK, market_S, jnp.where(book.qty_SN > 0, theta_SN, 0.0)


def step(
    params: ZIParams, state: ZIState, key: Array
) -> tuple[ZIState, tuple[Message, Array, Array]]:
    """Draw the next event and send it to the exchange.

    Returns:
      the state, and ``(message, time_s, time_ns)``. A cancel's message carries the
      price, side and open quantity of the order it takes off.
    """
    key_wait, key_event, key_size = jax.random.split(key, 3)
    book = state.book
    limit_SK, market_S, cancel_SN = event_rates(params, book)
    rates = jnp.concatenate([limit_SK.ravel(), market_S, cancel_SN.ravel()])
    cumulative = jnp.cumsum(rates)
    total = cumulative[-1]
    draw = jax.random.uniform(key_event) * total
    event = jnp.sum(cumulative <= draw).astype(jnp.int32)
    event = jnp.minimum(event, rates.shape[0] - 1)
    wait_s = jax.random.exponential(key_wait) / total
    time_s, time_ns = add_time(state.time_s, state.time_ns, wait_s)
    lots = 1 + jnp.floor(
        jnp.log(jax.random.uniform(key_size, minval=1e-7))
        / jnp.log1p(-params.stop_prob)
    ).astype(jnp.int32)

    k, n = params.num_distances, book.num_slots
    is_limit, is_cancel = event < 2 * k, event >= 2 * k + 2
    is_market = ~is_limit & ~is_cancel
    flat = jnp.clip(event - 2 * k - 2, 0, 2 * n - 1)
    side = jnp.select([is_limit, is_market], [event // k, event - 2 * k], flat // n)
    slot = flat % n
    bid, ask = references(book)
    distance = jnp.where(is_market, 0, event % k + 1)
    new_price = jnp.where(side == Side.BUY, ask - distance, bid + distance)
    message = Message(
        kind=jnp.select(
            [is_limit, is_market],
            [jnp.int32(Kind.LIMIT), jnp.int32(Kind.IOC)],
            jnp.int32(Kind.CANCEL),
        ),
        side=side,
        price_ticks=jnp.where(is_cancel, book.price_ticks_SN[side, slot], new_price),
        qty=jnp.where(is_cancel, book.qty_SN[side, slot], lots * params.lot_size),
        order_id=jnp.where(is_cancel, book.order_id_SN[side, slot], state.next_id),
        owner=jnp.zeros((), jnp.int32),
    )
    book, _ = mbook.submit(book, message, max_events=None)
    next_id = state.next_id + jnp.where(is_cancel, 0, 1)
    return ZIState(book, time_s, time_ns, next_id), (message, time_s, time_ns)


def start(params: ZIParams, num_slots: int = 128) -> tuple[ZIState, Message]:
    """A market that opens with one lot at each distance on either side.

    Returns:
      the state at time 0, and the ``COLLECT`` messages ``[2 * num_distances]`` that
      make its book.
    """
    k = params.num_distances
    if num_slots < 2 * k:
        raise ValueError(f"num_slots must be at least {2 * k} for {k} distances")
    side = jnp.arange(2 * k, dtype=jnp.int32) // k
    distance = jnp.arange(2 * k, dtype=jnp.int32) % k
    mid = jnp.asarray(params.mid_ticks, jnp.int32)
    seeds_T = Message(
        kind=jnp.full((2 * k,), int(Kind.COLLECT), jnp.int32),
        side=side,
        price_ticks=jnp.where(side == Side.BUY, mid - 1 - distance, mid + distance),
        qty=jnp.full((2 * k,), params.lot_size, jnp.int32),
        order_id=jnp.arange(1, 2 * k + 1, dtype=jnp.int32),
        owner=jnp.zeros((2 * k,), jnp.int32),
    )
    book, _ = jax.lax.scan(
        lambda book, m: mbook.submit(book, m, max_events=None),
        mbook.init(num_slots),
        seeds_T,
    )
    zero = jnp.zeros((), jnp.int32)
    book = book.replace(last_price_ticks=mid)
    return ZIState(book, zero, zero, jnp.int32(2 * k + 1)), seeds_T


def simulate(
    key: Array, params: ZIParams, state: ZIState, num_orders: int
) -> tuple[ZIState, tuple[Message, Array, Array]]:
    """``num_orders`` events in one scan; step t uses ``fold_in(key, t)``.

    Returns:
      the state at the end, and messages, seconds and nanoseconds ``[num_orders]``.
    """

    def body(state, t):
        return step(params, state, jax.random.fold_in(key, t))

    return jax.lax.scan(body, state, jnp.arange(num_orders))
