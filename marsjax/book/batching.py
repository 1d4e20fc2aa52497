"""One rule for one book, and how many books go through it.

On a CPU the whole loop over messages and books is compiled as one function and the
books are taken one after the other, so that a book stays in the cache and nothing is
dispatched between two elementary actions; elsewhere it is ``vmap``. Both give the same
integers, and so does any batch, since no book sees another.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import custom_vmap

from marsjax.book.kernel import in_mode, one_kernel
from marsjax.book.slots import Slots
from marsjax.book.state import Book, Working, closed, working
from marsjax.types import Array

OneFn = Callable[[Working, Array], tuple[Working, Array]]


IMPLEMENTATIONS = ("auto", "loop", "vmap")


def for_each_book(
    one_fn: OneFn, implementation: str = "auto"
) -> Callable[[Book, Array], tuple[Book, Array]]:
    """``one_fn`` on one book, or under any ``vmap`` on many.

    Args:
      one_fn: pure, without gather, scatter or sort: a book and a pytree of arrays to
        the book and a pytree of arrays.
      implementation: ``"loop"`` takes the books one after the other, in one function;
        ``"vmap"`` all at once; ``"auto"`` is the first on a CPU, else the second.
    """
    if implementation not in IMPLEMENTATIONS:
        raise ValueError(f"{implementation!r} is not one of {IMPLEMENTATIONS}")

    def by_platform(loop_fn: Callable, vmap_fn: Callable, *args):
        loop_fn = one_kernel(in_mode("loop", loop_fn))
        vmap_fn = in_mode("vmap", vmap_fn)
        if implementation == "auto":
            return lax.platform_dependent(*args, cpu=loop_fn, default=vmap_fn)
        return (loop_fn if implementation == "loop" else vmap_fn)(*args)

    def unbatched(book: Book, args):
        work, out = one_fn(working(book), args)
        return closed(work), out

    def one_after_the_other(book_B: Book, args_B):
        axis_size = book_B.next_seq.shape[0]
        names = Working._fields[1:]
        small_B = tuple(getattr(book_B, name) for name in names)
        example = jax.eval_shape(
            unbatched, *jax.tree.map(lambda x: x[0], (book_B, args_B))
        )[1]
        out_B = jax.tree.map(
            lambda x: jnp.zeros((axis_size, *x.shape), x.dtype), example
        )

        def body(b, carry):
            order, cache, small_B, out_B = carry
            small, args = jax.tree.map(
                lambda x: lax.dynamic_index_in_dim(x, b, keepdims=False),
                (small_B, args_B),
            )
            work, out = one_fn(Working(Slots(order, cache, b), *small), args)
            slots, *small = work
            put = lambda xs, x: lax.dynamic_update_index_in_dim(xs, x, b, 0)  # noqa: E731
            small_B, out_B = jax.tree.map(put, (small_B, out_B), (tuple(small), out))
            return slots.order_BSCFW, slots.cache_BSGC, small_B, out_B

        order, cache, small_B, out_B = lax.fori_loop(
            0,
            axis_size,
            body,
            (book_B.order_SCFW, book_B.cache_SGC, small_B, out_B),
        )
        return Book(order, cache, **dict(zip(names, small_B, strict=True))), out_B

    @custom_vmap
    def batched(book_B: Book, args_B):
        return by_platform(one_after_the_other, jax.vmap(unbatched), book_B, args_B)

    @batched.def_vmap
    def merge_axes(axis_size, in_batched, book_B, args_B):
        book, args = jax.tree.map(
            _spreader(axis_size), tuple(in_batched), (book_B, args_B)
        )
        flat = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), (book, args))
        out = batched(*flat)
        out = jax.tree.map(lambda x: x.reshape(axis_size, -1, *x.shape[1:]), out)
        return out, jax.tree.map(lambda _: True, out)

    @custom_vmap
    def run(book: Book, args):
        return by_platform(unbatched, unbatched, book, args)

    @run.def_vmap
    def add_axis(axis_size, in_batched, book, args):
        book, args = jax.tree.map(_spreader(axis_size), tuple(in_batched), (book, args))
        out = batched(book, args)
        return out, jax.tree.map(lambda _: True, out)

    return run


def _spreader(axis_size: int) -> Callable:
    def spread(is_batched, x):
        return x if is_batched else jnp.broadcast_to(x, (axis_size, *x.shape))

    return spread
