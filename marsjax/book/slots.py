"""Where a book keeps its orders: slots in blocks, each block with its best cached.

A side of N slots is C blocks of W. Which block an order goes to is a hash of its id, so
that finding an order by id reads one block and no table of handles is kept. Where that
block is full the order goes to another one and its own block counts it as spilled; only
then does a search look further. Finding the best order reads the C cached minima and
one block. Nothing here sorts, points, or writes more than one slot at a time.

The arrays carry a leading axis of books and an index into it, so that a loop over many
books on a CPU reads and writes them in place (see `batching`).
"""

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax

from marsjax.types import MAX_PRICE_TICKS, Array

INT32_MAX = 2**31 - 1

FIELDS = ("price_ticks", "qty", "seq", "order_id", "owner", "hidden", "display")
PRICE, QTY, SEQ, ORDER_ID, OWNER, HIDDEN, DISPLAY = range(len(FIELDS))

CACHE = ("rank", "seq", "count", "spilled")
RANK, CACHED_SEQ, COUNT, SPILLED = range(len(CACHE))


class Order(NamedTuple):
    """The fields of one slot, int32 scalars, or of a block of slots, ``[W]`` each.

    ``qty`` is what the order shows and 0 in an empty slot, ``hidden`` what an iceberg
    holds back, ``display`` how much it shows at a time (0: not an iceberg).
    """

    price_ticks: Array
    qty: Array
    seq: Array
    order_id: Array
    owner: Array
    hidden: Array
    display: Array


class Slots(NamedTuple):
    """Orders of B books and the index of the one that is meant; int32.

    ``order_BSCFW``: the fields of every slot. ``cache_BSGC``: of every block the best
    rank and sequence, the number of live orders, and how many orders hash to it but
    live elsewhere.
    """

    order_BSCFW: Array
    cache_BSGC: Array
    index: Array

    @property
    def num_blocks(self) -> int:
        return self.order_BSCFW.shape[2]

    @property
    def width(self) -> int:
        return self.order_BSCFW.shape[4]

    def home(self, order_id: Array) -> Array:
        """The block that an id hashes to."""
        return home_block(order_id, self.num_blocks)

    def ids(self, block: Array) -> tuple[tuple[Array, Array], ...]:
        """Ids and quantities ``[W]`` of a block, for each side."""
        start = (self.index, 0, block, 0, 0)
        size = (1, 2, 1, len(FIELDS), self.width)
        both_SFW = lax.dynamic_slice(self.order_BSCFW, start, size)[0, :, 0]
        return tuple((both_SFW[s, ORDER_ID], both_SFW[s, QTY]) for s in range(2))

    def cache(self) -> tuple[tuple[Array, ...], ...]:
        """The cached ``[C]`` arrays, for each side."""
        start = (self.index, 0, 0, 0)
        size = (1, *self.cache_BSGC.shape[1:])
        cache_SGC = lax.dynamic_slice(self.cache_BSGC, start, size)[0]
        return tuple(tuple(cache_SGC[s, g] for g in range(len(CACHE))) for s in (0, 1))

    def block(self, side: Array, block: Array) -> Order:
        """The fields of a block, ``[W]`` each."""
        start = (self.index, side, block, 0, 0)
        size = (1, 1, 1, len(FIELDS), self.width)
        block_FW = lax.dynamic_slice(self.order_BSCFW, start, size)[0, 0, 0]
        return Order(*(block_FW[f] for f in range(len(FIELDS))))

    def at(self, block_W: Order, slot: Array) -> Order:
        """One slot of a block."""
        return Order(*(lax.dynamic_slice(x, (slot,), (1,))[0] for x in block_W))

    def all(self, side: int) -> Order:
        """Every slot of a side, ``[C, W]`` each."""
        start = (self.index, side, 0, 0, 0)
        size = (1, 1, *self.order_BSCFW.shape[2:])
        side_CFW = lax.dynamic_slice(self.order_BSCFW, start, size)[0, 0]
        return Order(*(side_CFW[:, f] for f in range(len(FIELDS))))

    def write(
        self,
        side: Array,
        block: Array,
        slot: Array,
        order: Order,
        cached: tuple[Array, Array, Array, Array],
        spill_home: Array,
        spill_change: Array,
    ) -> "Slots":
        """One slot and its block's cache; one more or less spilled from a home."""
        column_F = jnp.stack(order)
        order_BSCFW = lax.dynamic_update_slice(
            self.order_BSCFW,
            column_F[None, None, None, :, None],
            (self.index, side, block, 0, slot),
        )
        cache_BSGC = lax.dynamic_update_slice(
            self.cache_BSGC,
            jnp.stack(cached)[None, None, :, None],
            (self.index, side, 0, block),
        )
        at = (self.index, side, SPILLED, spill_home)
        spilled = lax.dynamic_slice(cache_BSGC, at, (1, 1, 1, 1)) + spill_change
        cache_BSGC = lax.dynamic_update_slice(cache_BSGC, spilled, at)
        return Slots(order_BSCFW, cache_BSGC, self.index)

    def block_of(self, is_it_CW: Array) -> Array:
        """The first block with a true element; 0 if there is none."""
        block = first_index(jnp.max(is_it_CW.astype(jnp.int32), axis=-1) > 0)
        return jnp.where(block < self.num_blocks, block, 0)

    def free_slot(self, is_live_W: Array, order_id: Array) -> Array:
        """The first empty slot of a block, W if there is none."""
        del order_id  # its block was chosen already
        return first_index(~is_live_W)

    def one_of(self, x_C: Array, block: Array) -> Array:
        """A block's element of a cached array."""
        return lax.dynamic_slice(x_C, (block,), (1,))[0]

    @staticmethod
    def pair(bid: Array, ask: Array) -> Array:
        """One value a side as the book keeps it, ``[2]``."""
        return jnp.stack([bid, ask])


def block_width(num_slots: int) -> int:
    """Slots a block for a side of ``num_slots``: its divisor nearest the square root.

    An action reads the cached values of all blocks and the slots of a few, so that
    about as many blocks as slots in a block cost least. Widths two times smaller and
    larger were measured within the noise.
    """
    divisors = [w for w in range(1, num_slots + 1) if num_slots % w == 0]
    return min(divisors, key=lambda w: (abs(w * w - num_slots), -w))


def home_block(order_id: Array, num_blocks: int) -> Array:
    """Multiplicative hash of an id (Knuth, TAOCP 3, section 6.4) onto the blocks.

    Ids in arithmetic progression, which is what exchanges give, spread evenly.
    """
    if num_blocks == 1:
        return jnp.zeros_like(order_id)
    mixed = order_id.astype(jnp.uint32) * jnp.uint32(2654435769)
    return ((mixed >> 16) * jnp.uint32(num_blocks) >> 16).astype(jnp.int32)


def is_limit_price(price_ticks: Array) -> Array:
    """Whether it may be a limit, and not the mark of a waiting market order."""
    return (price_ticks >= 1) & (price_ticks <= MAX_PRICE_TICKS)


def pick(side: Array, pair) -> Array:
    """The value of a side."""
    return jnp.where(side == 0, pair[0], pair[1])


def sign_of(side: Array) -> Array:
    """-1 for bids and 1 for asks: the best order has the smallest sign * price."""
    return 2 * side - 1


def first_index(mask_N: Array) -> Array:
    """Index of the first true element, or N (never -1) where there is none.

    A minimum over masked positions, because a reduction of one array vectorises and
    ``argmax`` does not.
    """
    n = mask_N.shape[-1]
    return jnp.min(jnp.where(mask_N, lax.iota(jnp.int32, n), n))


def any_of(mask: Array) -> Array:
    """Whether any element is true, as a maximum of integers."""
    return jnp.max(mask.astype(jnp.int32)) > 0


def best_rank(cache_side: tuple[Array, ...]) -> Array:
    """Rank of the order with priority on a side; INT32_MAX if there is none."""
    return jnp.min(cache_side[RANK])


def best_of(cache_side: tuple[Array, ...], rank: Array) -> tuple[Array, Array]:
    """Sequence and block of the order with priority, given the side's best rank."""
    rank_C, seq_C = cache_side[RANK], cache_side[CACHED_SEQ]
    seq_C = jnp.where(rank_C == rank, seq_C, INT32_MAX)
    seq = jnp.min(seq_C)
    return seq, jnp.minimum(first_index(seq_C == seq), rank_C.shape[0] - 1)


def cached_best(side: Array, block_W: Order) -> tuple[Array, Array]:
    """Best rank and sequence of a block, as its cache keeps them."""
    rank_W = jnp.where(block_W.qty > 0, sign_of(side) * block_W.price_ticks, INT32_MAX)
    rank = jnp.min(rank_W)
    is_best_W = (rank_W == rank) & (block_W.qty > 0)
    seq = jnp.min(jnp.where(is_best_W, block_W.seq, INT32_MAX))
    return rank, seq
