"""An agent's wish as a message of the exchange."""

import jax
import jax.numpy as jnp

from marsjax.synth.agents.params import Params
from marsjax.synth.agents.sight import Sight
from marsjax.synth.agents.state import Forced, Memory, order_id
from marsjax.synth.agents.wish import Wish
from marsjax.types import Array, Kind, Message, Side


def message_of(
    params: Params,
    agent: Array,
    own: Memory,
    sight: Sight,
    wish: Wish,
    forced: Forced,
) -> Message:
    """The message that an agent sends.

    A cancel carries side, price and quantity of the order as the agent saw it. The
    outsider sends what is forced, and an agent that is taken out a mass cancel.
    """
    is_buy, is_cancel = wish.side == Side.BUY, wish.kind == Kind.CANCEL
    last_ticks = jnp.where(is_buy, own.bid_ticks, own.ask_ticks)
    last_id = jnp.where(is_buy, own.bid_id, own.ask_id)
    new_id = order_id(params, agent, own.count, wish.side)
    message = Message(
        kind=wish.kind,
        side=wish.side,
        price_ticks=jnp.where(is_cancel, last_ticks, jnp.maximum(wish.price_ticks, 1)),
        qty=jnp.where(is_cancel, sight.resting(wish.side), wish.qty),
        order_id=jnp.where(is_cancel, last_id, new_id),
        owner=agent + 1,
    )
    zero = jnp.int32(0)
    goodbye = Message(jnp.int32(Kind.MASS_CANCEL), zero, zero, zero, zero, agent + 1)
    place = jnp.minimum(own.count, forced.time_s_F.shape[0] - 1)
    given = jax.tree.map(lambda x_F: x_F[place], forced.messages_F)
    given = given._replace(owner=agent + 1)
    is_given, leaves = agent == params.outsider, own.leaves == 1

    def which(x: Array, y: Array, z: Array) -> Array:
        return jnp.where(is_given, y, jnp.where(leaves, z, x))

    return jax.tree.map(which, message, given, goodbye)
