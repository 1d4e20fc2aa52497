"""The state of one book: flat slots, each with its price, sequence and quantity."""

import jax.numpy as jnp
import numpy as np
from flax import struct

from marsjax.types import Array


@struct.dataclass
class Book:
    """One instrument's resting orders; all arrays int32.

    A slot is empty when its quantity is 0, and what its other fields then hold means
    nothing. Slots carry no order among themselves: priority is (price, sequence).

    Attributes:
      price_ticks_SN: limit price of each slot, side 0 the bids.
      qty_SN: open quantity, shares.
      seq_SN: time priority: the counter's value when the order came to rest.
      order_id_SN: id given by the sender, unique among live orders.
      owner_SN: who sent it.
      total_qty_S: ``[2]`` resting quantity of each side. An order that would take it
        past an int32 is refused, so that no sum over a level can overflow.
      next_seq: ``[]`` the sequence counter.
      last_price_ticks: ``[]`` price of the last fill, 0 before the first.
      status: ``[]`` uint32 sticky :class:`marsjax.types.Status` bits.
    """

    price_ticks_SN: Array
    qty_SN: Array
    seq_SN: Array
    order_id_SN: Array
    owner_SN: Array
    total_qty_S: Array
    next_seq: Array
    last_price_ticks: Array
    status: Array

    @property
    def num_slots(self) -> int:
        """Slots a side, N."""
        return self.qty_SN.shape[-1]


def init(num_slots: int) -> Book:
    """An empty book with ``num_slots`` slots a side."""
    if num_slots < 1:
        raise ValueError(f"num_slots must be at least 1, not {num_slots}")

    # Each field its own array: donated buffers must not be shared.
    def slots() -> Array:
        return jnp.zeros((2, num_slots), jnp.int32)

    return Book(
        price_ticks_SN=slots(),
        qty_SN=slots(),
        seq_SN=slots(),
        order_id_SN=slots(),
        owner_SN=slots(),
        total_qty_S=jnp.zeros((2,), jnp.int32),
        next_seq=jnp.zeros((), jnp.int32),
        last_price_ticks=jnp.zeros((), jnp.int32),
        status=jnp.zeros((), jnp.uint32),
    )


def with_slots(book: Book, num_slots: int) -> Book:
    """The same live orders in a book of ``num_slots`` slots a side (host).

    Slots have no order among themselves, so live orders simply move to the front.

    Raises:
      ValueError: a side has more live orders than that.
    """
    slots = {
        name: np.asarray(value)
        for name, value in vars(book).items()
        if name.endswith("_SN")
    }
    out = {name: np.zeros((2, num_slots), np.int32) for name in slots}
    for side in range(2):
        live = np.flatnonzero(slots["qty_SN"][side] > 0)
        if len(live) > num_slots:
            raise ValueError(
                f"{len(live)} live orders do not fit {num_slots} slots a side"
            )
        for name, old in slots.items():
            out[name][side, : len(live)] = old[side, live]
    return book.replace(**{name: jnp.asarray(x) for name, x in out.items()})


def first_index(mask_N: Array) -> Array:
    """Index of the first true element, or N (never -1) where there is none.

    A minimum over masked positions, because a reduction of one array vectorises and
    ``argmax`` does not.
    """
    n = mask_N.shape[-1]
    return jnp.min(jnp.where(mask_N, jnp.arange(n, dtype=jnp.int32), n), axis=-1)
