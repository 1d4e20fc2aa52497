"""An order as small integers, as one index, and as a multi-hot vector.

Dimension key beside the shared one: C fields of a token.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

from marsjax.types import Array


def joint_index(token_C: Array, field_sizes: tuple[int, ...]) -> Array:
    """``[..., C]`` fields to one index ``[...]``.

    With the sizes of orders ``type*16384 + price*512 + volume*16 + interval``.
    """
    index = token_C[..., 0]
    for field in range(1, len(field_sizes)):
        index = index * field_sizes[field] + token_C[..., field]
    return index


def split_index(index: Array, field_sizes: tuple[int, ...]) -> Array:
    """Inverse of :func:`joint_index`: ``[...]`` to int32 ``[..., C]``."""
    fields = []
    for size in field_sizes[:0:-1]:
        fields.append(index % size)
        index = index // size
    return jnp.stack([index, *fields[::-1]], axis=-1).astype(jnp.int32)


def num_outcomes(field_sizes: tuple[int, ...]) -> int:
    """How many orders there are."""
    return math.prod(field_sizes)


def multi_hot(token_C: Array, field_sizes: tuple[int, ...]) -> Array:
    """The one-hot vectors of the fields side by side, float32 ``[..., sum(sizes)]``.

    A matrix product with it looks up and sums the fields' tables, and its gradient is
    a product too: much faster than gathers and scatters of so few rows.
    """
    return jnp.concatenate(
        [jax.nn.one_hot(token_C[..., f], size) for f, size in enumerate(field_sizes)],
        axis=-1,
    )


def gumbels(key: Array, field_sizes: tuple[int, ...]) -> list[Array]:
    """Gumbel noise of each field, float32 ``[size]``, from one call of the generator.

    ``argmax(logits + noise)`` is a draw from the softmax of the logits, and never one
    of probability zero.
    """
    noise = jax.random.gumbel(key, (sum(field_sizes),))
    return jnp.split(noise, np.cumsum(field_sizes)[:-1])
