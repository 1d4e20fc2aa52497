"""One rule for one book, and how many books go through it.

On a CPU the whole loop over messages and books is compiled as one function and the
books are taken one after the other, so that a book stays in the cache and nothing is
dispatched between two elementary actions; elsewhere it is ``vmap``. Both give the same
integers, and so does any batch, since no book sees another.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import custom_vmap

from marsjax.book.kernel import computed, in_mode, one_kernel
from marsjax.book.slots import Slots
from marsjax.book.state import Book, Working, closed, working
from marsjax.types import Array


class Inbox(NamedTuple):
    """Messages of B books, and the book that is meant."""

    rows_BTM: Array
    index: Array

    def read(self, t: Array) -> tuple[Array, ...]:
        """The fields of message ``t``."""
        num_fields = self.rows_BTM.shape[2]
        start = (self.index, t, 0)
        row_M = lax.dynamic_slice(self.rows_BTM, start, (1, 1, num_fields))
        row_M = computed(row_M[0, 0])
        return tuple(row_M[m] for m in range(num_fields))


class Outbox(NamedTuple):
    """Events of B books, a field after the other, and the book that is meant."""

    rows_BVA: Array
    index: Array

    def read(self, i: Array) -> Array:
        """Row ``i``, ``[V]``."""
        size = (1, self.rows_BVA.shape[1], 1)
        return lax.dynamic_slice(self.rows_BVA, (self.index, 0, i), size)[0, :, 0]

    def write(self, i: Array, row_V: Array) -> "Outbox":
        start = (self.index, 0, i)
        rows_BVA = lax.dynamic_update_slice(self.rows_BVA, row_V[None, :, None], start)
        return Outbox(rows_BVA, self.index)


OneFn = Callable[[Working, Any, Inbox, Outbox], tuple[Working, Any, Outbox]]

IMPLEMENTATIONS = ("auto", "loop", "vmap")


def for_each_book(
    one_fn: OneFn, num_values: int, num_rows: int, implementation: str = "auto"
) -> Callable[[Book, Any, Array], tuple[Book, Any, Array]]:
    """``one_fn`` on one book, or under any ``vmap`` on many.

    Args:
      one_fn: pure, without gather, scatter or sort: a book, a pytree of scalars that
        it carries, an inbox and an outbox to the same without the inbox.
      num_values, num_rows: V and A of the outbox, which begins with zeros.
      implementation: ``"loop"`` takes the books one after the other, in one function;
        ``"vmap"`` all at once; ``"auto"`` is the first on a CPU, else the second.

    Returns:
      a function of a book, what it carries, and messages ``[T, M]``, to the book, what
      it carries, and rows ``[V, A]``.
    """
    if implementation not in IMPLEMENTATIONS:
        raise ValueError(f"{implementation!r} is not one of {IMPLEMENTATIONS}")

    def by_platform(loop_fn: Callable, vmap_fn: Callable, *args):
        loop_fn = one_kernel(in_mode("loop", loop_fn))
        vmap_fn = in_mode("vmap", vmap_fn)
        if implementation == "auto":
            return lax.platform_dependent(*args, cpu=loop_fn, default=vmap_fn)
        return (loop_fn if implementation == "loop" else vmap_fn)(*args)

    def unbatched(book: Book, carried, rows_TM: Array):
        outbox = Outbox(jnp.zeros((1, num_values, num_rows), jnp.int32), jnp.int32(0))
        inbox = Inbox(rows_TM[None], jnp.int32(0))
        work, carried, outbox = one_fn(working(book), carried, inbox, outbox)
        return closed(work), carried, outbox.rows_BVA[0]

    def one_after_the_other(book_B: Book, carried_B, rows_BTM: Array):
        num_books = rows_BTM.shape[0]
        names = Working._fields[1:]
        small_B = tuple(getattr(book_B, name) for name in names)
        rows_BVA = jnp.zeros((num_books, num_values, num_rows), jnp.int32)

        def body(b, carry):
            order, cache, scalars_B, rows_BVA = carry
            small, carried = jax.tree.map(
                lambda x: lax.dynamic_index_in_dim(x, b, keepdims=False), scalars_B
            )
            work, carried, outbox = one_fn(
                Working(Slots(order, cache, b), *small),
                carried,
                Inbox(rows_BTM, b),
                Outbox(rows_BVA, b),
            )
            slots, *small = work
            scalars_B = jax.tree.map(
                lambda xs, x: lax.dynamic_update_index_in_dim(xs, x, b, 0),
                scalars_B,
                (tuple(small), carried),
            )
            return slots.order_BSCFW, slots.cache_BSGC, scalars_B, outbox.rows_BVA

        start = (book_B.order_SCFW, book_B.cache_SGC, (small_B, carried_B), rows_BVA)
        order, cache, scalars_B, rows_BVA = lax.fori_loop(0, num_books, body, start)
        small_B, carried_B = scalars_B
        book_B = Book(order, cache, **dict(zip(names, small_B, strict=True)))
        return book_B, carried_B, rows_BVA

    @custom_vmap
    def batched(book_B: Book, carried_B, rows_BTM: Array):
        return by_platform(
            one_after_the_other, jax.vmap(unbatched), book_B, carried_B, rows_BTM
        )

    @batched.def_vmap
    def merge_axes(axis_size, in_batched, *args):
        args = jax.tree.map(_spreader(axis_size), tuple(in_batched), args)
        out = batched(*jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), args))
        out = jax.tree.map(lambda x: x.reshape(axis_size, -1, *x.shape[1:]), out)
        return out, jax.tree.map(lambda _: True, out)

    @custom_vmap
    def run(book: Book, carried, rows_TM: Array):
        return by_platform(unbatched, unbatched, book, carried, rows_TM)

    @run.def_vmap
    def add_axis(axis_size, in_batched, *args):
        out = batched(*jax.tree.map(_spreader(axis_size), tuple(in_batched), args))
        return out, jax.tree.map(lambda _: True, out)

    return run


def _spreader(axis_size: int) -> Callable:
    def spread(is_batched, x):
        return x if is_batched else jnp.broadcast_to(x, (axis_size, *x.shape))

    return spread
