"""Value traders: they know the fundamental, with an error, and trade towards it."""

import jax.numpy as jnp
from jax.scipy.special import ndtri

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


def decide(params: Params, sight: Sight, draws: Draws, fundamental: Array) -> Wish:
    """Take what is cheaper (dearer) than its value by more than the edge, else quote.

    Its quote lies the edge away from its value, on either side with equal chance, and
    never crosses the market it sees.
    """
    value = fundamental + params.value_error_ticks * ndtri(draws.price)
    low, high = value - params.value_edge_ticks, value + params.value_edge_ticks
    buys, sells = low > sight.ask_ticks, high < sight.bid_ticks
    qty = order_qty(params, draws.size)
    taking = take(sight, sells.astype(jnp.int32), qty)
    side = (draws.side < 0.5).astype(jnp.int32)
    bid = jnp.minimum(jnp.floor(low).astype(jnp.int32), sight.ask_ticks - 1)
    ask = jnp.maximum(jnp.ceil(high).astype(jnp.int32), sight.bid_ticks + 1)
    price = jnp.where(side == Side.BUY, bid, ask)
    quoting = rest_or_cancel(sight, side, price, qty)
    return either(buys | sells, taking, quoting)
