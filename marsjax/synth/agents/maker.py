"""Market makers of Avellaneda and Stoikov (2008).

Their equations (29) and (30): with inventory q, the reservation price is
``r = mid - q gamma sigma**2 (T - t)`` and the quotes lie half of
``gamma sigma**2 (T - t) + (2 / gamma) ln(1 + gamma / k)`` to either side of it. T - t
is held at a horizon, since this market has no end; q counts in lots.
"""

import jax.numpy as jnp

from marsjax.synth.agents.params import Params
from marsjax.synth.agents.sight import Sight
from marsjax.synth.agents.wish import Wish
from marsjax.types import Array, Kind, Side


def reservation_price(params: Params, mid: Array, inventory_lots: Array) -> Array:
    """Where the maker is indifferent, ticks."""
    risk = params.maker_gamma * params.maker_sigma**2 * params.maker_horizon_s
    return mid - inventory_lots * risk


def optimal_spread(params: Params) -> Array:
    """From bid to ask, ticks."""
    risk = params.maker_gamma * params.maker_sigma**2 * params.maker_horizon_s
    fills = 2 / params.maker_gamma * jnp.log1p(params.maker_gamma / params.maker_k)
    return risk + fills


def quotes(params: Params, sight: Sight) -> tuple[Array, Array]:
    """Bid and ask on the tick grid, outwards; neither crosses the market it sees."""
    mid = (sight.bid_ticks + sight.ask_ticks).astype(jnp.float32) / 2
    lots = sight.position.astype(jnp.float32) / params.lot_size
    centre = reservation_price(params, mid, lots)
    half = optimal_spread(params) / 2
    bid = jnp.floor(centre - half).astype(jnp.int32)
    ask = jnp.ceil(centre + half).astype(jnp.int32)
    return (
        jnp.minimum(bid, sight.ask_ticks - 1),
        jnp.maximum(ask, sight.bid_ticks + 1),
    )


def leg_of(leg: Array, sight: Sight) -> Array:
    """The message to send: 0, 2 cancel the bid, ask; 1, 3 bring the new bid, ask.

    There is nothing to cancel where nothing rested when the maker looked.
    """
    skips = ((leg == 0) & (sight.bid_qty == 0)) | ((leg == 2) & (sight.ask_qty == 0))
    return leg + skips


def decide(params: Params, sight: Sight, leg: Array) -> Wish:
    """The message of a leg."""
    side = leg // 2
    bid, ask = quotes(params, sight)
    is_cancel = leg % 2 == 0
    return Wish(
        kind=jnp.where(is_cancel, int(Kind.CANCEL), int(Kind.LIMIT)),
        side=side,
        price_ticks=jnp.where(side == Side.BUY, bid, ask),
        qty=jnp.asarray(params.maker_lots * params.lot_size, jnp.int32),
    )
