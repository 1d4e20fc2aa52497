"""Integers from outside, checked before they become the exchange's int32."""

import jax
import jax.numpy as jnp
import numpy as np

from marsjax.types import Array


def to_int32(values: Array) -> Array:
    """The same integers as int32; nothing is rounded or wrapped in silence.

    Args:
      values: Python integers, numpy or jax arrays of integers, or traced integers.

    Raises:
      TypeError: not integers.
      OverflowError: beyond int32 (values on the host only; a traced value has a type
        that says what it can hold).
    """
    if isinstance(values, jax.Array):
        if not jnp.issubdtype(values.dtype, jnp.integer):
            raise TypeError(f"a message needs integers, not {values.dtype}")
        return values.astype(jnp.int32)
    host = np.asarray(values)
    if not np.issubdtype(host.dtype, np.integer):
        raise TypeError(f"a message needs integers, not {host.dtype}")
    info = np.iinfo(np.int32)
    if host.size and (host.min() < info.min or host.max() > info.max):
        raise OverflowError("a message holds an integer beyond int32")
    return host.astype(np.int32)
