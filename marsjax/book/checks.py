"""Why the exchange refuses a message, and how far an order may reach.

Checks come in stages and the first stage that finds a fault gives the reason, so that a
message is refused for what is wrong with it first.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax

from marsjax.book.rules import Rules
from marsjax.book.slots import is_limit_price
from marsjax.types import MAX_PRICE_TICKS, Array, Kind, Message, Phase
from marsjax.types import Status as S


def is_in(value: Array, *codes: int) -> Array:
    """Whether a value is one of the codes."""
    out = value == int(codes[0])
    for code in codes[1:]:
        out |= value == int(code)
    return out


NEW_KINDS = (
    Kind.LIMIT,
    Kind.IOC,
    Kind.COLLECT,
    Kind.MARKET,
    Kind.FOK,
    Kind.POST_ONLY,
    Kind.POST_ONLY_SLIDE,
)


def is_new_order(kind: Array) -> Array:
    """Whether a message brings an order."""
    return is_in(kind, *NEW_KINDS)


def is_auction(phase: Array) -> Array:
    """Whether orders are being collected for a call auction."""
    return is_in(phase, Phase.COLLECT, Phase.COLLECT_FINAL)


def bits(*faults: tuple[Array, S]) -> Array:
    """The status bits of the faults that hold."""
    out = jnp.zeros((), jnp.int32)
    for is_fault, bit in faults:
        out |= is_fault.astype(jnp.int32) * int(bit)
    return out


def first_of(*reasons: Array) -> Array:
    """The first reason that is not 0."""
    out = reasons[-1]
    for reason in reasons[-2::-1]:
        out = jnp.where(reason != 0, reason, out)
    return out


def basis_points(value: Array, bps: Array) -> Array:
    """floor(value * bps / 10000) without leaving int32; value and bps not negative."""
    whole, rest = lax.div(value, 10_000), lax.rem(value, 10_000)
    return whole * bps + lax.div(rest * bps, 10_000)


def static_reason(
    message: Message,
    side: Array,
    is_found: Array,
    phase: Array,
    rules: Rules,
) -> Array:
    """Faults that the message, the phase and the rules show without the prices.

    ``side``: of the order meant, which a modify takes from the book.
    """
    kind, qty, price = message.kind, message.qty, message.price_ticks
    is_new = is_new_order(kind)
    is_cancel, is_modify = kind == Kind.CANCEL, kind == Kind.MODIFY
    is_phase, is_mass = kind == Kind.PHASE, kind == Kind.MASS_CANCEL
    is_control = is_phase | (kind == Kind.UNCROSS)
    is_order = is_new | is_modify
    has_price = is_order & (kind != Kind.MARKET)

    known = is_new | is_cancel | is_modify | is_mass | is_control
    immediate = is_in(kind, Kind.IOC, Kind.FOK, Kind.POST_ONLY, Kind.POST_ONLY_SLIDE)
    takes_back = is_cancel | is_modify | is_mass
    out_of_phase = ~is_control & (
        (phase == Phase.CLOSED)
        | ((phase == Phase.HALTED) & is_order)
        | (is_auction(phase) & immediate)
        | ((phase == Phase.COLLECT_FINAL) & takes_back)
    )
    bad_qty = jnp.where(is_cancel, qty < 0, is_order & (qty <= 0))
    bad_qty |= is_order & (message.display_qty < 0)
    bad_phase = (qty < 0) | (qty > max(Phase)) | (price < 0) | (price > MAX_PRICE_TICKS)
    fields = bits(
        (has_price & ~is_limit_price(price), S.BAD_PRICE),
        (is_new & ((message.side < 0) | (message.side > 1)), S.BAD_SIDE),
        (bad_qty | (is_phase & bad_phase), S.BAD_QTY),
        (is_new & (message.order_id < 0), S.BAD_ID),
        (is_new & is_found, S.DUPLICATE_ID),
        ((is_cancel | is_modify) & ~is_found, S.UNKNOWN_ID),
    )
    odd = (lax.rem(qty, rules.lot) != 0) & ~((side == 1) & (rules.odd_lot_sells == 1))
    outside = (price < rules.low_ticks) | (price > rules.high_ticks)
    by_rule = bits(
        (has_price & (lax.rem(price, rules.tick) != 0), S.TICK),
        (is_order & (odd | (qty > rules.max_qty)), S.LOT),
        (has_price & outside, S.PRICE_LIMIT),
    )
    reason = first_of(
        bits((~known, S.BAD_KIND)), bits((out_of_phase, S.PHASE)), fields, by_rule
    )
    return jnp.where(kind == Kind.NONE, 0, reason)


class Reach(NamedTuple):
    """How far an order may go: is there a collar, and the worst price it allows."""

    has_collar: Array
    bound_ticks: Array


def collar(
    rules: Rules, side: Array, opposite: Array, own: Array, last_price_ticks: Array
) -> Reach:
    """The collar for a side.

    Args:
      opposite, own: best limit prices of the two sides in ticks, 0 for none.
    """
    base = first_of(opposite, own, last_price_ticks)
    width = jnp.maximum(basis_points(base, rules.collar_bps), rules.collar_ticks)
    bound = jnp.where(side == 0, base + width, base - width)
    return Reach(
        (rules.collar_bps > 0) & (base > 0), jnp.clip(bound, 1, MAX_PRICE_TICKS)
    )
