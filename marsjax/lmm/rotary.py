"""Rotary positions that stay exact however long a rollout grows.

A float angle ``position * frequency`` loses its digits after some ten thousand
orders. Here frequency j is an integer ``n_j`` of 2**32-ths of a turn a position, and
``position * n_j`` is taken modulo 2**32, which is what uint32 does on overflow: the
phase has no error at any position.

Source: RoFormer (Su et al. 2021), eq. 15, for the rotation.
"""

import math

import jax.numpy as jnp
import numpy as np

from marsjax.types import Array


def frequencies(head_dim: int, base: float) -> np.ndarray:
    """Steps ``n_j`` in 2**-32 turns a position, uint32 ``[head_dim / 2]``."""
    exponent = np.arange(0, head_dim, 2) / head_dim
    return np.rint(2.0**32 * base**-exponent / (2 * math.pi)).astype(np.uint32)


def angles(position: Array, head_dim: int, base: float) -> tuple[Array, Array]:
    """Cosine and sine of the phases at ``position``.

    Args:
      position: int32, any shape ``[...]``; negative values read as uint32.
      head_dim: width of an attention head.
      base: of the frequencies.

    Returns:
      Cosine and sine, float32 ``[..., head_dim / 2]``.
    """
    steps = jnp.asarray(frequencies(head_dim, base))
    position = jnp.asarray(position).astype(jnp.uint32)[..., None]
    phase = position * jnp.reshape(steps, (1,) * (position.ndim - 1) + (-1,))
    # A signed phase is the same angle in [-pi, pi), where float32 is finest.
    signed = jnp.asarray(phase).astype(jnp.int32)
    angle = signed.astype(jnp.float32) * np.float32(2 * math.pi / 2.0**32)
    return jnp.cos(angle), jnp.sin(angle)


def rotate(x: Array, cos: Array, sin: Array) -> Array:
    """Rotates the two halves of the last axis of ``x``, in float32.

    ``x`` is ``[..., head_dim]``; ``cos`` and ``sin`` have as many axes as ``x``
    and broadcast against its halves.
    """
    a, b = jnp.split(x.astype(jnp.float32), 2, axis=-1)
    turned = jnp.concatenate([a * cos - b * sin, a * sin + b * cos], axis=-1)
    return turned.astype(x.dtype)
