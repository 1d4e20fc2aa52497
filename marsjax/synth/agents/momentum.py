"""Momentum traders: they follow a mid that has left its average behind."""

import jax.numpy as jnp

from marsjax.synth.agents.params import Params
from marsjax.synth.agents.sight import TREND_UNIT, Sight
from marsjax.synth.agents.wish import (
    Draws,
    Wish,
    either,
    order_qty,
    rest_or_cancel,
    take,
)


def decide(params: Params, sight: Sight, draws: Draws) -> Wish:
    """Take with the trend; without one, wind the position down at its own best.

    Without a position it quotes on either side with equal chance.
    """
    threshold = params.momentum_ticks * TREND_UNIT
    trends = jnp.abs(sight.trend.astype(jnp.float32)) > threshold
    qty = order_qty(params, draws.size)
    taking = take(sight, (sight.trend < 0).astype(jnp.int32), qty)
    either_side = draws.side < 0.5
    sells = jnp.where(sight.position == 0, either_side, sight.position > 0)
    side = sells.astype(jnp.int32)
    quoting = rest_or_cancel(sight, side, sight.best(side), qty)
    return either(trends, taking, quoting)
