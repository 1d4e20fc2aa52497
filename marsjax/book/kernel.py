"""Loops over small arrays, compiled for a CPU as one function.

XLA's CPU compiler runs each operation of a loop as a task of its own, which costs more
than the operation where arrays are this small. A call that carries the attribute
``xla_cpu_small_call`` is compiled as a single function instead; it may hold no gather,
scatter or sort. The attributes change nothing but speed.

The exchange is written once and traced in one of three modes: ``"loop"`` for that one
function, ``"vmap"`` for arrays of books, ``"pallas"`` for a kernel of an accelerator.
"""

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

import jax
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata

_MODE: ContextVar[str] = ContextVar("mode", default="vmap")


def in_mode(mode: str, fn: Callable) -> Callable:
    """``fn``, traced in a mode."""

    @wraps(fn)
    def traced(*args):
        token = _MODE.set(mode)
        try:
            return fn(*args)
        finally:
            _MODE.reset(token)

    return traced


def one_kernel(fn: Callable) -> Callable:
    """``fn`` compiled as one function on a CPU."""
    call = _as_call(fn, xla_cpu_small_call="true", inlineable="false")
    # An argument that is a constant would be put into the function, whose parameter
    # then goes unused, and the compiler (jaxlib 0.10.1) aborts on one without a use.
    return lambda *args: call(*lax.optimization_barrier(args))


def computed(values: Any) -> Any:
    """The same values, computed once at this point.

    A compiler that fuses each result with all that leads to it computes a long chain of
    scalars anew for each of its results, and reads a book again after it was written,
    which forces a copy. A call of its own stops that.
    """
    if _MODE.get() != "loop":
        return values
    return _as_call(lax.optimization_barrier, inlineable="false")(values)


def only_if(is_wanted: jax.Array, fn: Callable[[], Any], default: Any) -> Any:
    """``fn()`` where ``is_wanted``, else ``default`` (same structure and dtypes).

    ``lax.cond`` under ``vmap`` runs both its branches for everybody. There this is a
    loop of no or one turn: a batch in which no book asks for the work does not pay.
    """
    if _MODE.get() == "loop":
        return lax.cond(is_wanted, lambda: fn(), lambda: default)
    start = (is_wanted, default)
    return lax.while_loop(lambda c: c[0], lambda c: (~c[0], fn()), start)[1]


def _as_call(fn: Callable, **attributes: str) -> Callable:
    inner = jax.jit(fn)

    def call(*args):
        # On a value, the attributes go to the operation that makes it: the call.
        leaves, structure = jax.tree.flatten(inner(*args))
        leaves[0] = set_xla_metadata(leaves[0], **attributes)
        return jax.tree.unflatten(structure, leaves)

    return call
