"""The state of one book: its slots, what it counts, its phase and its rules."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from marsjax.book.integers import to_int32
from marsjax.book.rules import Rules
from marsjax.book.rules import rules as make_rules
from marsjax.book.slots import CACHE, FIELDS, INT32_MAX, Slots, block_width, home_block
from marsjax.types import Array, Phase


@struct.dataclass
class Book:
    """One instrument's resting orders; all arrays int32 but ``status``.

    A slot is empty when its quantity is 0, and what its other fields then hold means
    nothing. Where an order lies carries no meaning either: priority is (price,
    sequence). ``price_ticks_SN`` and its like are views of ``order_SCFW``; a leading
    axis of books is allowed everywhere.

    Attributes:
      order_SCFW: ``[2, C, 7, W]`` the slots (`marsjax.book.slots`), side 0 the bids.
      cache_SGC: ``[2, 4, C]`` best rank and sequence, live and spilled orders, of each
        block.
      total_qty_S: ``[2]`` resting quantity of each side, hidden parts included. An
        order that would take it past an int32 is refused, so that no sum can overflow.
      next_seq: ``[]`` the sequence counter.
      last_price_ticks: ``[]`` price of the last trade, 0 before the first.
      reference_ticks: ``[]`` price that halts and auctions refer to, 0 for none.
      phase: ``[]`` :class:`marsjax.types.Phase`.
      status: ``[]`` uint32 sticky :class:`marsjax.types.Status` bits.
      rules: :class:`marsjax.book.rules.Rules`.
    """

    order_SCFW: Array
    cache_SGC: Array
    total_qty_S: Array
    next_seq: Array
    last_price_ticks: Array
    reference_ticks: Array
    phase: Array
    status: Array
    rules: Rules

    @property
    def num_slots(self) -> int:
        """Slots a side, N."""
        return self.order_SCFW.shape[-3] * self.order_SCFW.shape[-1]

    def field(self, name: str) -> Array:
        """One field of every slot, ``[2, N]``."""
        x_SCW = self.order_SCFW[..., FIELDS.index(name), :]
        return x_SCW.reshape(*x_SCW.shape[:-2], -1)

    @property
    def price_ticks_SN(self) -> Array:
        """Limit price; outside [1, 2**28] for a market order waiting for an auction."""
        return self.field("price_ticks")

    @property
    def qty_SN(self) -> Array:
        """Displayed open quantity, shares; 0 in an empty slot."""
        return self.field("qty")

    @property
    def hidden_SN(self) -> Array:
        """Open quantity that an iceberg holds back, shares."""
        return self.field("hidden")

    @property
    def seq_SN(self) -> Array:
        """Time priority: the counter's value when the order came to rest."""
        return self.field("seq")

    @property
    def order_id_SN(self) -> Array:
        """Id given by the sender, unique among live orders."""
        return self.field("order_id")

    @property
    def owner_SN(self) -> Array:
        """Who sent it."""
        return self.field("owner")


class Working(NamedTuple):
    """A book as the exchange works on it: the fields of `Book`, orders in `Slots`."""

    slots: Slots
    total_qty_S: Array
    next_seq: Array
    last_price_ticks: Array
    reference_ticks: Array
    phase: Array
    status: Array
    rules: Rules


def working(book: Book) -> Working:
    """An unbatched book opened for work."""
    slots = Slots(book.order_SCFW[None], book.cache_SGC[None], jnp.int32(0))
    return Working(slots, *(getattr(book, name) for name in Working._fields[1:]))


def closed(work: Working) -> Book:
    """The book that was worked on."""
    slots, *rest = work
    names = Working._fields[1:]
    return Book(
        slots.order_BSCFW[0],
        slots.cache_BSGC[0],
        **dict(zip(names, rest, strict=True)),
    )


def init(
    num_slots: int,
    *,
    rules: Rules | None = None,
    phase: Phase = Phase.CONTINUOUS,
    reference_ticks: int = 0,
) -> Book:
    """An empty book.

    Args:
      num_slots: slots a side, best a power of two (a side is divided into equal
        blocks; a prime number makes one long block).
      rules: what the book accepts (`marsjax.book.rules`); by default everything.
      phase: the phase it begins in.
      reference_ticks: for example the previous close; 0 for none.
    """
    if num_slots < 1:
        raise ValueError(f"num_slots must be at least 1, not {num_slots}")
    width = block_width(num_slots)
    num_blocks = num_slots // width
    cache_SGC = jnp.zeros((2, len(CACHE), num_blocks), jnp.int32)

    # Each field its own array: donated buffers must not be shared.
    def scalar(value: int = 0) -> Array:
        return jnp.array(to_int32(value))

    return Book(
        order_SCFW=jnp.zeros((2, num_blocks, len(FIELDS), width), jnp.int32),
        cache_SGC=cache_SGC.at[:, :2].set(INT32_MAX),
        total_qty_S=jnp.zeros((2,), jnp.int32),
        next_seq=scalar(),
        last_price_ticks=scalar(),
        reference_ticks=scalar(reference_ticks),
        phase=scalar(int(Phase(phase))),
        status=jnp.zeros((), jnp.uint32),
        rules=make_rules() if rules is None else rules,
    )


def rebuild_cache(order_SCFW: Array) -> Array:
    """The cached values of every block, ``[2, 4, C]``, from its slots."""
    num_blocks = order_SCFW.shape[1]
    field = {name: order_SCFW[:, :, f] for f, name in enumerate(FIELDS)}
    is_live_SCW = field["qty"] > 0
    sign_S11 = jnp.array([-1, 1], jnp.int32)[:, None, None]
    rank_SCW = jnp.where(is_live_SCW, sign_S11 * field["price_ticks"], INT32_MAX)
    rank_SC = jnp.min(rank_SCW, axis=-1)
    is_best_SCW = is_live_SCW & (rank_SCW == rank_SC[..., None])
    seq_SC = jnp.min(jnp.where(is_best_SCW, field["seq"], INT32_MAX), axis=-1)
    count_SC = jnp.sum(is_live_SCW.astype(jnp.int32), axis=-1)
    home_SCW = home_block(field["order_id"], num_blocks)
    block_C = jnp.arange(num_blocks, dtype=jnp.int32)
    is_away_SCW = is_live_SCW & (home_SCW != block_C[None, :, None])
    away_SNC = is_away_SCW.reshape(2, -1, 1) & (
        home_SCW.reshape(2, -1, 1) == block_C[None, None, :]
    )
    spilled_SC = jnp.sum(away_SNC.astype(jnp.int32), axis=1)
    return jnp.stack([rank_SC, seq_SC, count_SC, spilled_SC], axis=1)


# On the host one program each, for every step of its own would be compiled.
_cache_of = jax.jit(rebuild_cache)
_homes_of = jax.jit(home_block, static_argnums=1)


def with_slots(book: Book, num_slots: int) -> Book:
    """The same live orders in a book of ``num_slots`` slots a side (host).

    Raises:
      ValueError: a side has more live orders than that.
    """
    old = {name: np.asarray(book.field(name)) for name in FIELDS}
    width = block_width(num_slots)
    num_blocks = num_slots // width
    order_SCFW = np.zeros((2, num_blocks, len(FIELDS), width), np.int32)
    for side in range(2):
        live = np.flatnonzero(old["qty"][side] > 0)
        if len(live) > num_slots:
            raise ValueError(
                f"{len(live)} live orders do not fit {num_slots} slots a side"
            )
        order_MF = np.stack([old[name][side, live] for name in FIELDS], axis=-1)
        _place(order_MF, order_SCFW[side])
    order_SCFW = jnp.asarray(order_SCFW)
    return book.replace(order_SCFW=order_SCFW, cache_SGC=_cache_of(order_SCFW))


def _place(order_MF: np.ndarray, order_CFW: np.ndarray) -> None:
    """Put the live orders of a side where the exchange would look for them.

    First all orders that find room in their home, then the others.
    """
    num_blocks, _, width = order_CFW.shape
    # As many ids as slots, so that books of one size share a compilation.
    ids = np.zeros(num_blocks * width, np.int32)
    ids[: len(order_MF)] = order_MF[:, FIELDS.index("order_id")]
    home_M = np.asarray(_homes_of(ids, num_blocks))[: len(order_MF)]
    count_C = np.zeros(num_blocks, int)

    def put(order_F: np.ndarray, block: int) -> None:
        order_CFW[block, :, count_C[block]] = order_F
        count_C[block] += 1

    without_home = []
    for order_F, home in zip(order_MF, home_M, strict=True):
        if count_C[home] < width:
            put(order_F, home)
        else:
            without_home.append(order_F)
    for order_F in without_home:
        put(order_F, int(np.argmax(count_C < width)))
