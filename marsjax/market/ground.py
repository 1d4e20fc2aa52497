"""Grounding: from a drawn token to a message that the live book can take."""

from typing import NamedTuple

import jax.numpy as jnp

from marsjax import book as mbook
from marsjax.tokens.decode import Draw, on_tick
from marsjax.tokens.observe import to_lots
from marsjax.tokens.orders import BUY, CANCEL
from marsjax.types import (
    BACKGROUND_OWNER,
    MAX_PRICE_TICKS,
    Array,
    Kind,
    Message,
    Side,
)

_INT32_MAX = jnp.iinfo(jnp.int32).max


def can_cancel(book: mbook.Book) -> Array:
    """Whether a background order is live."""
    return jnp.any((book.qty_SN > 0) & (book.owner_SN == BACKGROUND_OWNER))


class Target(NamedTuple):
    """The order a cancel takes off; int32 scalars."""

    side: Array
    price_ticks: Array
    qty: Array
    order_id: Array


def cancel_target(book: mbook.Book, wanted2: Array, lots: Array, lot_size: Array):
    """The live background order nearest to what the model asked for.

    Nearest in price, then in quantity, then the oldest; only the background's own
    orders, so that the model never cancels a user's. MarS takes the oldest at the
    nearest price; the model here also draws a volume, which singles out a better match.

    Args:
      book: the book.
      wanted2: twice the wanted price, ticks.
      lots: the wanted quantity.
      lot_size: shares a lot.

    Returns:
      a `Target`; what it holds means nothing if `can_cancel` is false.
    """
    live = mbook.live_orders(book)
    is_ours = live.is_live & (live.owner == BACKGROUND_OWNER)

    def keep_nearest(mask, distance):
        nearest = jnp.min(jnp.where(mask, distance, _INT32_MAX))
        return mask & (distance == nearest)

    mask = keep_nearest(is_ours, jnp.abs(2 * live.price_ticks - wanted2))
    mask = keep_nearest(mask, jnp.abs(to_lots(live.qty, lot_size) - lots))
    # Sequence numbers are unique, but a wanted price midway ties two sides' orders.
    mask = keep_nearest(mask, live.seq)

    # One pass over the slots for where it is; `argmax` would take several.
    slot = jnp.sum(jnp.where(mask, jnp.arange(len(mask)), 0))
    return Target(
        live.side[slot], live.price_ticks[slot], live.qty[slot], live.order_id[slot]
    )


class Grounded(NamedTuple):
    """A message for the exchange, and what its token says of price and quantity."""

    message: Message
    price2: Array
    lots: Array


def ground(
    book: mbook.Book,
    type_: Array,
    draw: Draw,
    anchor2_ticks: Array,
    next_id: Array,
    lot_size: Array,
) -> Grounded:
    """A message on tick and on lot, or the cancel of an order that is live.

    Args:
      book: the live book.
      type_: sell, buy or cancel, as tokens number them.
      draw: values of the token.
      anchor2_ticks: twice the price that the draw is measured from.
      next_id: id for a new order.
      lot_size: shares a lot.
    """
    is_cancel = type_ == CANCEL
    target = cancel_target(book, anchor2_ticks + draw.price2, draw.lots, lot_size)
    new_price = on_tick(anchor2_ticks, draw.price2, type_)
    price = jnp.where(
        is_cancel, target.price_ticks, jnp.clip(new_price, 1, MAX_PRICE_TICKS)
    )
    lots = jnp.where(is_cancel, to_lots(target.qty, lot_size), draw.lots)
    new_side = jnp.where(type_ == BUY, int(Side.BUY), int(Side.SELL))
    message = Message(
        kind=jnp.where(is_cancel, int(Kind.CANCEL), int(Kind.LIMIT)),
        side=jnp.where(is_cancel, target.side, new_side),
        price_ticks=price,
        qty=jnp.where(is_cancel, target.qty, draw.lots * lot_size),
        order_id=jnp.where(is_cancel, target.order_id, next_id),
        owner=jnp.full_like(next_id, BACKGROUND_OWNER),
    )
    return Grounded(message, 2 * price - anchor2_ticks, lots)
