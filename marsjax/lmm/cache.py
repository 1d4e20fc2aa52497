"""A ring of the last ``window`` keys and values of each layer, for one market.

Slot ``position % window`` holds the order at ``position``. What an order wrote never
changes and positions are rotary, so the window slides without recomputation.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from marsjax.config import ModelConfig
from marsjax.types import Array


class Cache(NamedTuple):
    """Past keys and values; one array a layer, so that each is written in place.

    H key-value heads, W window, E head width. Keys lie with the window innermost: on a
    CPU both products of attention then run along the rows of what they read, which for
    heads that share keys takes half the time.

    ``k``: for each layer ``[H, E, W]``. ``v``: for each layer ``[H, W, E]``.
    ``length``: int32, orders written so far, at most W.
    """

    k: tuple[Array, ...]
    v: tuple[Array, ...]
    length: Array


def init_cache(config: ModelConfig) -> Cache:
    """An empty cache for one market."""
    heads, width, window = config.kv_heads, config.head_dim, config.window

    def make(*shape):
        return tuple(jnp.zeros(shape, config.dtype) for _ in range(config.num_layers))

    return Cache(make(heads, width, window), make(heads, window, width), jnp.int32(0))


def slot_of(position: Array, window: int) -> Array:
    """Slot of the order at ``position`` (int32, read as uint32)."""
    slot = jnp.asarray(position).astype(jnp.uint32) % jnp.uint32(window)
    return slot.astype(jnp.int32)


def write_key(ring_HEW: Array, new_HE: Array, slot: Array) -> Array:
    """``ring_HEW`` with ``new_HE`` in ``slot``.

    With an unbatched ``slot`` this stays one in-place update under ``vmap``.
    """
    new_HE1 = new_HE[:, :, None].astype(ring_HEW.dtype)
    return _written(ring_HEW, new_HE1, (0, 0, slot))


def write_value(ring_HWE: Array, new_HE: Array, slot: Array) -> Array:
    """``ring_HWE`` with ``new_HE`` in ``slot``, in place like `write_key`."""
    new_H1E = new_HE[:, None].astype(ring_HWE.dtype)
    return _written(ring_HWE, new_H1E, (0, slot, 0))


def _written(ring: Array, new: Array, place: tuple) -> Array:
    # Without the barrier XLA may write twice, once for attention in a shape of its own
    # (as with one head), and then it copies the ring first.
    ring = jax.lax.dynamic_update_slice(ring, new, place)
    return jax.lax.optimization_barrier(ring)


def seen_slots(slot: Array, length: Array, window: int) -> Array:
    """Which slots hold an order, bool ``[W]``, once ``slot`` has been written.

    ``length`` counts the orders written, the one in ``slot`` included.
    """
    age_W = (slot - jnp.arange(window)) % window
    return age_W < length
