"""A book held in the registers of an accelerator: every slot of a side is one lane.

The same methods as `marsjax.book.slots.Slots`, without an index into memory: a read is
a reduction over masked lanes and a write is a masked select. Orders take the same slots
as they would there, so that both leave the same book, bit for bit.
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax

from marsjax.book.slots import (
    INT32_MAX,
    Order,
    home_block,
    pick,
    sign_of,
)
from marsjax.types import Array


class Registers(NamedTuple):
    """Orders of one book, int32 ``[N]`` for each side and field.

    ``num_memory_blocks``: blocks that the book has in memory, which tell where an order
    comes to rest.
    """

    bids: Order
    asks: Order
    num_memory_blocks: int

    num_blocks = 1

    @property
    def width(self) -> int:
        return self.bids.qty.shape[0]

    def home(self, order_id: Array) -> Array:
        return jnp.zeros_like(order_id)

    def ids(self, block: Array) -> tuple[tuple[Array, Array], ...]:
        del block
        return tuple((x.order_id, x.qty) for x in (self.bids, self.asks))

    def cache(self) -> tuple[tuple[Array, ...], ...]:
        """Of every lane what `Slots` keeps of every block."""
        out = []
        for side, order in enumerate((self.bids, self.asks)):
            is_live_N = order.qty > 0
            rank_N = jnp.where(is_live_N, sign_of(side) * order.price_ticks, INT32_MAX)
            seq_N = jnp.where(is_live_N, order.seq, INT32_MAX)
            count = jnp.sum(is_live_N.astype(jnp.int32))
            count_N = jnp.where(order.qty < 0, 0, count)
            out.append((rank_N, seq_N, count_N, jnp.zeros_like(rank_N)))
        return tuple(out)

    def block(self, side: Array, block: Array) -> Order:
        del block
        return Order(*(pick(side, both) for both in zip(*self[:2], strict=True)))

    def at(self, block_W: Order, slot: Array) -> Order:
        here_N = lax.iota(jnp.int32, self.width) == slot
        return Order(*(jnp.sum(jnp.where(here_N, x, 0)) for x in block_W))

    def all(self, side: int) -> Order:
        return self[side]

    def block_of(self, is_it_N: Array) -> Array:
        del is_it_N
        return jnp.zeros((), jnp.int32)

    def free_slot(self, is_live_W: Array, order_id: Array) -> Array:
        """Where the order would go in memory: its block, else the first with room."""
        lane_N = lax.iota(jnp.int32, self.width)
        home = home_block(order_id, self.num_memory_blocks)
        block_N = lax.div(lane_N, self.width // self.num_memory_blocks)
        choice_N = jnp.where(block_N == home, lane_N - self.width, lane_N)
        choice = jnp.min(jnp.where(is_live_W, self.width, choice_N))
        return jnp.where(choice < 0, choice + self.width, choice)

    def one_of(self, x_C: Array, block: Array) -> Array:
        del block
        return jnp.max(x_C)

    @staticmethod
    def pair(bid: Array, ask: Array) -> tuple[Array, Array]:
        return bid, ask

    def write(
        self,
        side: Array,
        block: Array,
        slot: Array,
        order: Order,
        cached: tuple[Array, ...],
        spill_home: Array,
        spill_change: Array,
    ) -> "Registers":
        del block, cached, spill_home, spill_change
        here_N = lax.iota(jnp.int32, self.width) == slot
        sides = (
            Order(
                *(
                    jnp.where(here_N & (side == s), new, old)
                    for new, old in zip(order, self[s], strict=True)
                )
            )
            for s in range(2)
        )
        return Registers(*sides, self.num_memory_blocks)
