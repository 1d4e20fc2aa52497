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
    heads that share keys takes half the time. Where H is 1 the arrays have no such
    axis: XLA drops axes of one from products, then writes twice, once in either shape,
    and copies the ring before it.

    ``k``: for each layer ``[H, E, W]``. ``v``: for each layer ``[H, W, E]``.
    ``length``: int32, orders written so far, at most W.
    """

    k: tuple[Array, ...]
    v: tuple[Array, ...]
    length: Array


def init_cache(config: ModelConfig) -> Cache:
    """An empty cache for one market."""
    heads = () if config.kv_heads == 1 else (config.kv_heads,)
    width, window = config.head_dim, config.window

    def make(*shape):
        shape = (*heads, *shape)
        return tuple(jnp.zeros(shape, config.dtype) for _ in range(config.num_layers))

    return Cache(make(width, window), make(window, width), jnp.int32(0))


def slot_of(position: Array, window: int) -> Array:
    """Slot of the order at ``position`` (int32, read as uint32)."""
    slot = jnp.asarray(position).astype(jnp.uint32) % jnp.uint32(window)
    return slot.astype(jnp.int32)


def write_key(ring_HEW: Array, new_HE: Array, slot: Array) -> Array:
    """``ring_HEW`` (or ``[E, W]``) with ``new_HE`` in ``slot``.

    With an unbatched ``slot`` this stays one in-place update under ``vmap``.
    """
    *heads, width, _ = ring_HEW.shape
    new_HE1 = new_HE.reshape(*heads, width, 1).astype(ring_HEW.dtype)
    place = (*(0 for _ in heads), 0, slot)
    return jax.lax.dynamic_update_slice(ring_HEW, new_HE1, place)


def write_value(ring_HWE: Array, new_HE: Array, slot: Array) -> Array:
    """``ring_HWE`` (or ``[W, E]``) with ``new_HE`` in ``slot``, like `write_key`."""
    *heads, _, width = ring_HWE.shape
    new_H1E = new_HE.reshape(*heads, 1, width).astype(ring_HWE.dtype)
    place = (*(0 for _ in heads), slot, 0)
    return jax.lax.dynamic_update_slice(ring_HWE, new_H1E, place)


def seen_slots(slot: Array, length: Array, window: int) -> Array:
    """Which slots hold an order, bool ``[W]``, once ``slot`` has been written.

    ``length`` counts the orders written, the one in ``slot`` included.
    """
    age_W = (slot - jnp.arange(window)) % window
    return age_W < length
