"""Noise traders: market orders, limit orders near and far, and cancels."""

import jax.numpy as jnp

from marsjax.synth.agents.params import Params
from marsjax.synth.agents.sight import Sight
from marsjax.synth.agents.wish import (
    Draws,
    Wish,
    either,
    order_qty,
    rest_or_cancel,
    take,
)
from marsjax.types import Array, Side


def distance(params: Params, u: Array) -> Array:
    """Ticks from the opposite best: 1 + a power law (Bouchaud and others, 2002)."""
    behind = params.noise_offset_ticks * (u ** (-1 / params.noise_tail) - 1)
    limit = jnp.asarray(params.noise_max_ticks, jnp.float32)
    return 1 + jnp.floor(jnp.minimum(behind, limit)).astype(jnp.int32)


def decide(params: Params, sight: Sight, draws: Draws) -> Wish:
    """Either side with equal chance: take, or rest, or cancel what rests."""
    side = (draws.side < 0.5).astype(jnp.int32)
    qty = order_qty(params, draws.size)
    away = jnp.where(side == Side.BUY, -1, 1) * distance(params, draws.price)
    resting = rest_or_cancel(sight, side, sight.best(1 - side) + away, qty)
    takes = draws.choice < params.noise_market_prob
    return either(takes, take(sight, side, qty), resting)
