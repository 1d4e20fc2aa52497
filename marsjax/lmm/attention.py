"""Sliding-window causal attention, over a sequence and over a ring of past keys.

Dimension key beside the shared one: H key-value heads, G queries that share one, E
width of a head, W window.
"""

from functools import partial

import jax
import jax.numpy as jnp

from marsjax.types import Array

BLOCK = 64
"""Queries a block: small enough to skip most masked keys, large enough to be fast."""

NEVER = -1e30
"""Score of a key that must not be seen; finite, so that no 0 * inf can arise."""

_product = partial(jnp.einsum, preferred_element_type=jnp.float32)
"""Sums in float32, whatever the type of the factors."""


def window_attention(q_HGLE: Array, k_HLE: Array, v_HLE: Array, window: int) -> Array:
    """Query i sees the keys j with ``0 <= i - j < window``.

    Queries go in blocks, each against the only keys that it may see, so that the work
    grows with ``L * window`` and not with ``L**2``.

    Returns:
      ``[H, G, L, E]``.
    """
    length, width = q_HGLE.shape[-2:]
    outputs = []
    for start in range(0, length, BLOCK):
        stop = min(start + BLOCK, length)
        first = max(0, start - window + 1)
        k_HKE, v_HKE = k_HLE[:, first:stop], v_HLE[:, first:stop]
        score = _product("hgqe,hke->hgqk", q_HGLE[:, :, start:stop], k_HKE)
        age = jnp.arange(start, stop)[:, None] - jnp.arange(first, stop)[None, :]
        seen = ((age >= 0) & (age < window))[None, None]
        score = jnp.where(seen, score * width**-0.5, NEVER)
        weight = jax.nn.softmax(score, axis=-1).astype(v_HKE.dtype)
        outputs.append(_product("hgqk,hke->hgqe", weight, v_HKE).astype(v_HKE.dtype))
    return jnp.concatenate(outputs, axis=-2)


def ring_attention(q_HGE: Array, k_HEW: Array, v_HWE: Array, seen_W: Array) -> Array:
    """One query against the slots of a ring that ``seen_W`` (bool) allows.

    The softmax is divided by its sum after the product with the values and not before:
    a pass over the window less.

    Args:
      q_HGE: the query.
      k_HEW, v_HWE: the rings, without H if it is 1.
      seen_W: at least one slot is true.

    Returns:
      ``[H, G, E]``, of the type of the values; sums are float32.
    """
    *heads, width, window = k_HEW.shape
    q_HGE, shape = q_HGE.reshape(*heads, -1, width), q_HGE.shape
    score_HGW = _product("...ge,...ew->...gw", q_HGE, k_HEW) * width**-0.5
    seen_W = seen_W.reshape((1,) * (len(heads) + 1) + (window,))
    score_HGW = jnp.where(seen_W, score_HGW, NEVER)
    most_HG1 = jnp.max(score_HGW, axis=-1, keepdims=True)
    weight_HGW = jnp.exp(score_HGW - most_HG1)
    total_HG1 = jnp.sum(weight_HGW, axis=-1, keepdims=True)
    mixed_HGE = _product("...gw,...we->...ge", weight_HGW.astype(v_HWE.dtype), v_HWE)
    return (mixed_HGE / total_HG1).astype(v_HWE.dtype).reshape(shape)
