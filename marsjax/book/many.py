"""Many books, each with its own stream of messages."""

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from marsjax.book.state import Book
from marsjax.book.stream import make_chunk, packed, start_cursor, unpacked
from marsjax.types import Array, Event, Message


class ManyResult(NamedTuple):
    """What many streams did.

    ``rows_BVA``: the events as the exchange wrote them, read through the properties.
    """

    books: Book
    rows_BVA: Array

    @property
    def events(self) -> Event:
        """``[B, A]`` each, those of a book in order, unused rows of kind ``NONE``."""
        return unpacked(self.rows_BVA)[0]

    @property
    def message_index(self) -> Array:
        """``[B, A]`` the message of each event."""
        return unpacked(self.rows_BVA)[1]


@lru_cache
def _make_run(num_actions: int, implementation: str, mesh: Mesh | None):
    """A jitted chunk for a batch of books; books and cursors are donated."""
    run = jax.vmap(make_chunk(num_actions, implementation))
    if mesh is not None:
        books = PartitionSpec(mesh.axis_names[0])
        run = jax.shard_map(
            run, mesh=mesh, in_specs=books, out_specs=books, check_vma=False
        )
    return jax.jit(run, donate_argnums=(0, 1))


def run_many(
    books_B: Book,
    messages_BT: Message,
    *,
    num_actions: int | None = None,
    implementation: str = "auto",
    mesh: Mesh | None = None,
) -> ManyResult:
    """Run ``B`` streams through ``B`` books, to the end of each.

    Every book reads its stream at its own pace: one that sweeps many orders does not
    hold up the others. The result does not depend on the batch, the implementation or
    the devices.

    Args:
      books_B: books with a leading axis (donated): many markets, many symbols, or the
        same book many times. Different rules are different data.
      messages_BT: int32 arrays ``[B, T]``; pad with kind ``NONE``.
      num_actions: A, elementary actions of a book a device call; by default enough for
        most streams (a quarter more than messages). More calls follow if they are
        needed.
      implementation: see :func:`marsjax.book.stream.make_chunk`.
      mesh: devices to divide the books over, along the mesh's first axis; B must be a
        multiple of their number.
    """
    num_books, length = messages_BT.kind.shape
    if num_actions is None:
        num_actions = length + length // 4 + 8
    run = _make_run(num_actions, implementation, mesh)
    rows_BTM = packed(messages_BT)
    cursor_B = jax.tree.map(
        lambda x: jnp.zeros((num_books, *x.shape), x.dtype), start_cursor()
    )
    if mesh is not None:
        books = NamedSharding(mesh, PartitionSpec(mesh.axis_names[0]))
        books_B, cursor_B, rows_BTM = jax.device_put(
            (books_B, cursor_B, rows_BTM), books
        )
    parts = []
    while True:
        books_B, cursor_B, rows_BVA = run(books_B, cursor_B, rows_BTM)
        parts.append(rows_BVA)
        if bool(np.all(np.asarray(cursor_B.position) >= length)):
            break
    rows_BVA = parts[0] if len(parts) == 1 else jnp.concatenate(parts, axis=-1)
    return ManyResult(books_B, rows_BVA)
