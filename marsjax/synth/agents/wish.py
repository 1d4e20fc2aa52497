"""What an agent decides: one message without its id, and the draws it decides by."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from marsjax.synth.agents.params import Params
from marsjax.synth.agents.sight import Sight
from marsjax.types import Array, Kind, Side


class Wish(NamedTuple):
    """int32 scalars; ``CANCEL`` means the agent's own order on ``side``."""

    kind: Array
    side: Array
    price_ticks: Array
    qty: Array


class Draws(NamedTuple):
    """Independent uniform draws in (0, 1) of one decision."""

    side: Array
    choice: Array
    size: Array
    price: Array
    wait: Array
    latency: Array


def draw(key: Array, agent: Array, count: Array) -> Draws:
    """The draws of an agent's decision number ``count``, whatever else happens."""
    key = jax.random.fold_in(jax.random.fold_in(key, agent), count)
    u = jax.random.uniform(key, (len(Draws._fields),), minval=2**-24)
    return Draws(*(u[i] for i in range(len(Draws._fields))))


def order_qty(params: Params, u: Array) -> Array:
    """Shares of an order of 1 + geometric lots."""
    stop = jnp.minimum(params.stop_prob, 1 - 1e-6)
    lots = 1 + jnp.floor(jnp.log(u) / jnp.log1p(-stop)).astype(jnp.int32)
    return lots * params.lot_size


def take(sight: Sight, side: Array, qty: Array, reach_ticks: Array = 0) -> Wish:
    """An immediate-or-cancel order at the opposite best, or ``reach_ticks`` behind."""
    towards = jnp.where(side == Side.BUY, 1, -1)
    price = sight.best(1 - side) + towards * reach_ticks
    return Wish(jnp.int32(Kind.IOC), side, price, qty)


def rest_or_cancel(sight: Sight, side: Array, price: Array, qty: Array) -> Wish:
    """A limit order, or the cancel of the one that rests on that side already.

    So no agent ever has more than one order on a side, and the book is never full.
    """
    kind = jnp.where(sight.resting(side) > 0, int(Kind.CANCEL), int(Kind.LIMIT))
    return Wish(kind, side, price, qty)


def either(condition: Array, one: Wish, other: Wish) -> Wish:
    """``one`` where the condition holds, else ``other``."""
    return jax.tree.map(lambda x, y: jnp.where(condition, x, y), one, other)
