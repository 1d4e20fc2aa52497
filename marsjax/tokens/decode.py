"""Tokens on the device: decode a drawn token, encode what was really sent."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from marsjax.tokens.clock import NS
from marsjax.tokens.tokenizer import TABLE_SIZE, Tokenizer
from marsjax.tokens.views import TICKS, View, view_of
from marsjax.types import Array


@struct.dataclass
class DeviceTokenizer:
    """A tokenizer as int32 arrays; intervals are split into (seconds, nanoseconds).

    ``view``: what markets show to the model, static under ``jit``.
    """

    price2_edges: Array
    lots_edges: Array
    book_lots_edges: Array
    price2_table: Array
    lots_table: Array
    interval_s_table: Array
    interval_ns_table: Array
    view: View = struct.field(pytree_node=False, default=TICKS)


class Draw(NamedTuple):
    """Values that a token stands for; int32 scalars."""

    price2: Array  # half ticks from the anchor
    lots: Array
    interval_s: Array
    interval_ns: Array


def to_device(tokenizer: Tokenizer) -> DeviceTokenizer:
    """The tokenizer of orders as the market uses it.

    Raises:
      InputError: a tokenizer of something else than orders.
    """

    def int32(x: np.ndarray) -> Array:
        # Small enough for sums with twice a price.
        return jnp.asarray(np.clip(x, -(2**29), 2**29), jnp.int32)

    edges, tables = tokenizer.edges, tokenizer.tables
    return DeviceTokenizer(
        price2_edges=int32(edges["price"]),
        lots_edges=int32(edges["volume"]),
        book_lots_edges=int32(edges["book_lots"]),
        price2_table=int32(tables["price"]),
        lots_table=int32(tables["volume"]),
        interval_s_table=int32(tables["interval"] // NS),
        interval_ns_table=int32(tables["interval"] % NS),
        view=view_of(tokenizer.schema),
    )


def draw_values(tokenizer: DeviceTokenizer, token_4: Array, key: Array) -> Draw:
    """Draw values from the bins of a token, each from its bin's own distribution."""
    price, volume, interval = jax.random.randint(key, (3,), 0, TABLE_SIZE)
    return Draw(
        price2=tokenizer.price2_table[token_4[1], price],
        lots=tokenizer.lots_table[token_4[2], volume],
        interval_s=tokenizer.interval_s_table[token_4[3], interval],
        interval_ns=tokenizer.interval_ns_table[token_4[3], interval],
    )


def on_tick(anchor2_ticks: Array, price2: Array, type_: Array) -> Array:
    """A price in ticks at ``price2`` half ticks from the anchor.

    The anchor may lie between two ticks when the drawn distance was measured from one
    that did not. Half a tick too much is then taken away from the mid, so that neither
    side gains, and an order at the mid itself stays passive.
    """
    raw2 = anchor2_ticks + price2
    sign = jnp.where(
        price2 == 0, 2 * (type_ == 0).astype(jnp.int32) - 1, jnp.sign(price2)
    )
    return (raw2 + jnp.where(raw2 % 2 == 0, 0, sign)) // 2


def encode_order(
    tokenizer: DeviceTokenizer,
    type_: Array,
    price2: Array,
    lots: Array,
    interval_bin: Array,
) -> Array:
    """Token ``int32[4]`` of an order as it was really sent."""

    def bin_of(edges: Array, value: Array) -> Array:
        return jnp.searchsorted(edges, value, side="left").astype(jnp.int32)

    return jnp.stack(
        [
            type_.astype(jnp.int32),
            bin_of(tokenizer.price2_edges, price2),
            bin_of(tokenizer.lots_edges, lots),
            interval_bin.astype(jnp.int32),
        ]
    )
