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

    ``k``, ``v``: for each layer ``[H, W, E]`` (key-value heads, window, head width).
    ``length``: int32, orders written so far, at most W.
    """

    k: tuple[Array, ...]
    v: tuple[Array, ...]
    length: Array


def init_cache(config: ModelConfig) -> Cache:
    """An empty cache for one market."""
    shape = (config.kv_heads, config.window, config.head_dim)

    def make():
        return tuple(jnp.zeros(shape, config.dtype) for _ in range(config.num_layers))

    return Cache(make(), make(), jnp.int32(0))


def slot_of(position: Array, window: int) -> Array:
    """Slot of the order at ``position`` (int32, read as uint32)."""
    slot = jnp.asarray(position).astype(jnp.uint32) % jnp.uint32(window)
    return slot.astype(jnp.int32)


def write(ring_HWE: Array, new_HE: Array, slot: Array) -> Array:
    """``ring_HWE`` with ``new_HE`` in ``slot``.

    With an unbatched ``slot`` this stays one in-place update under ``vmap``.
    """
    return jax.lax.dynamic_update_slice(
        ring_HWE, new_HE[:, None].astype(ring_HWE.dtype), (0, slot, 0)
    )


def seen_slots(slot: Array, length: Array, window: int) -> Array:
    """Which slots hold an order, bool ``[W]``, once ``slot`` has been written.

    ``length`` counts the orders written, the one in ``slot`` included.
    """
    age_W = (slot - jnp.arange(window)) % window
    return age_W < length
