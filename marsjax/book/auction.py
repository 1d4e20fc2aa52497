"""The price of a call auction: largest volume, then the rulebook's tie-breaks.

No sorting: bids at or above a price and asks at or below it are sums over the slots,
monotone in the price, so every bound is found by bisection.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import lax

from marsjax.book.rules import NUM_TIE_BREAKS, Rules, TieBreak
from marsjax.book.slots import INT32_MAX, Order, Slots, is_limit_price
from marsjax.book.state import Book, working
from marsjax.types import MAX_PRICE_TICKS, Array

_BISECTIONS = 30  # halvings that any range of prices below 2**29 needs


class Indicative(NamedTuple):
    """What a call auction would do now; int32 scalars, all 0 where nothing crosses.

    ``surplus``: bids less asks, in shares, at the price.
    """

    price_ticks: Array
    qty: Array
    surplus: Array


def indicative(book: Book) -> Indicative:
    """Price and volume at which a call auction would end now."""
    slots = working(book).slots
    return crossing(slots, book.rules, book.reference_ticks, book.last_price_ticks)


def crossing(
    slots: Slots, rules: Rules, reference_ticks: Array, last_price_ticks: Array
) -> Indicative:
    """The auction price among the multiples of ``rules.tick``.

    Prices range over those of the live limit orders; where there are only market
    orders, over the day's limits if the rules set any, else the reference price.
    """
    bids, asks = slots.all(0), slots.all(1)
    bid_open, ask_open = (
        jnp.where(x.qty > 0, x.qty + x.hidden, 0) for x in (bids, asks)
    )
    tick = rules.tick
    ref = jnp.where(reference_ticks > 0, reference_ticks, last_price_ticks)
    first, last, is_any = _range(bids, asks, rules, ref)

    # Everything below counts in ticks of the rule: price = k * tick.
    def bid_qty(k: Array) -> Array:
        return jnp.sum(jnp.where(bids.price_ticks >= k * tick, bid_open, 0))

    def ask_qty(k: Array) -> Array:
        return jnp.sum(jnp.where(asks.price_ticks <= k * tick, ask_open, 0))

    def excess(k: Array) -> Array:
        return bid_qty(k) - ask_qty(k)

    # Excess falls with the price. Up to where it reaches 0 the asks bound the volume,
    # from there on the bids do.
    balance = _first_where(lambda k: excess(k) <= 0, first, last)
    at_k = (jnp.maximum(balance - 1, first), jnp.minimum(balance, last))
    volume = jnp.maximum(*(jnp.minimum(bid_qty(k), ask_qty(k)) for k in at_k))
    low = _first_where(lambda k: ask_qty(k) >= volume, first, last)
    high = _first_where(lambda k: bid_qty(k) < volume, first, last) - 1
    volume = jnp.where(is_any, volume, 0)

    def narrow(r: Array, bounds: tuple[Array, Array]) -> tuple[Array, Array]:
        code = sum(
            jnp.where(r == i, rules.tie_breaks_R[i], 0) for i in range(NUM_TIE_BREAKS)
        )
        return _tie_break(code, *bounds, excess, rules, ref)

    low, _ = lax.fori_loop(0, NUM_TIE_BREAKS, narrow, (low, high))
    crosses = volume > 0
    return Indicative(
        jnp.where(crosses, low * tick, 0),
        volume,
        jnp.where(crosses, excess(low), 0),
    )


def _range(
    bids: Order, asks: Order, rules: Rules, ref: Array
) -> tuple[Array, Array, Array]:
    """Lowest and highest candidate, in ticks of the rule, and whether there are any."""
    lowest, highest = [], []
    for order in (bids, asks):
        is_limit = (order.qty > 0) & is_limit_price(order.price_ticks)
        lowest.append(jnp.min(jnp.where(is_limit, order.price_ticks, INT32_MAX)))
        highest.append(jnp.max(jnp.where(is_limit, order.price_ticks, 0)))
    low, high = jnp.minimum(*lowest), jnp.maximum(*highest)
    has_limits = (rules.low_ticks > 1) & (rules.high_ticks < MAX_PRICE_TICKS)
    only_market = high == 0
    low = jnp.where(only_market, jnp.where(has_limits, rules.low_ticks, ref), low)
    high = jnp.where(only_market, jnp.where(has_limits, rules.high_ticks, ref), high)
    first = lax.div(low + rules.tick - 1, rules.tick)
    last = lax.div(high, rules.tick)
    return first, jnp.maximum(first, last), (high > 0) & (last >= first)


def _first_where(is_true: Callable[[Array], Array], first: Array, last: Array) -> Array:
    """Smallest k in [first, last] from which on ``is_true`` holds; last + 1 if none."""

    def step(_, bounds):
        low, high = bounds  # the answer lies in [low, high]
        middle = low + lax.shift_right_arithmetic(high - low, 1)
        is_open, holds = low < high, is_true(middle)
        return (
            jnp.where(is_open & ~holds, middle + 1, low),
            jnp.where(is_open & holds, middle, high),
        )

    return lax.fori_loop(0, _BISECTIONS, step, (first, last + 1))[0]


def _tie_break(code, low, high, excess, rules: Rules, ref: Array):
    """Narrow the range ``[low, high]`` by one rule."""
    tick = rules.tick
    # The smallest surplus lies where the excess changes sign, on one side or on both.
    falls = _first_where(lambda k: excess(k) <= 0, low, high)
    least = jnp.minimum(
        jnp.where(falls > low, excess(jnp.maximum(falls - 1, low)), INT32_MAX),
        jnp.where(falls <= high, -excess(jnp.minimum(falls, high)), INT32_MAX),
    )
    surplus_low = _first_where(lambda k: excess(k) <= least, low, high)
    surplus_high = _first_where(lambda k: excess(k) < -least, low, high) - 1

    # ceil(ref * bps / 10000) without leaving int32.
    whole, rest = lax.div(ref, 10_000), lax.rem(ref, 10_000)
    width = whole * rules.band_bps + lax.div(rest * rules.band_bps + 9_999, 10_000)
    has_band = (rules.band_bps > 0) & (ref > 0)
    upper = jnp.where(has_band, lax.div(ref + width, tick), high)
    lower = jnp.where(has_band, lax.div(ref - width + tick - 1, tick), low)
    highest = jnp.maximum(low, jnp.minimum(high, upper))
    lowest = jnp.minimum(high, jnp.maximum(low, lower))
    all_bids, all_asks = excess(high) > 0, excess(low) < 0
    press = (
        jnp.where(all_bids, highest, jnp.where(all_asks, lowest, low)),
        jnp.where(all_bids, highest, jnp.where(all_asks, lowest, high)),
    )

    nearest = jnp.clip(lax.div(2 * ref + tick, 2 * tick), low, high)
    middle = low + lax.div(high - low + 1, 2)
    ranges = {
        TieBreak.SURPLUS: (surplus_low, surplus_high),
        TieBreak.PRESSURE: press,
        TieBreak.REFERENCE: (
            jnp.where(ref > 0, nearest, low),
            jnp.where(ref > 0, nearest, high),
        ),
        TieBreak.MIDDLE: (middle, middle),
        TieBreak.HIGHEST: (high, high),
        TieBreak.LOWEST: (low, low),
    }
    new_low, new_high = low, high
    for rule, (rule_low, rule_high) in ranges.items():
        new_low = jnp.where(code == int(rule), rule_low, new_low)
        new_high = jnp.where(code == int(rule), rule_high, new_high)
    return new_low, new_high
