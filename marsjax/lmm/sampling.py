"""How the next order is drawn: temperature, top-k and top-p of each field.

Each acts on the distribution of a field given the ones drawn before it, with either
head, in this order: the logits are divided by the temperature, all but the k likeliest
values are left out, then all but the fewest of these whose share reaches p (nucleus
sampling, Holtzman et al. 2020, arXiv 1904.09751). What is left is renormalised.

Dimension key beside the shared one: C fields of a token, V values of one field.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from marsjax.errors import InputError
from marsjax.types import Array

PAIRS = 256
"""Up to so many values all pairs are compared, which is faster than to sort them."""


class Sampling(NamedTuple):
    """Of each field; arrays, so that other values need no other compilation.

    Where ``top_k_C`` or ``top_p_C`` is None there is no such restriction, and without
    both no value is ranked.

    Attributes:
      temperature_C: float32, positive; at 1 draws follow the model.
      top_k_C: int32, how many values may be drawn; 0: all.
      top_p_C: float32 in (0, 1]; 1: all.
    """

    temperature_C: Array
    top_k_C: Array | None = None
    top_p_C: Array | None = None


def make_sampling(
    field_names: Sequence[str],
    temperature: float | Sequence[float] = 1.0,
    top_k: int | Sequence[int] | None = None,
    top_p: float | Sequence[float] | None = None,
) -> Sampling:
    """Options checked and spread over the fields.

    Args:
      field_names: of the C fields of a token.
      temperature: a number, or one a field.
      top_k: the same, 0 or more (0: all values); None: no restriction.
      top_p: the same, above 0 and up to 1; None: no restriction.

    Raises:
      InputError: a value outside its range, or neither one nor C of them.
    """
    names = tuple(field_names)

    def spread(what, values, dtype, is_good, remedy):
        if values is None:
            return None
        given = np.atleast_1d(np.asarray(values))
        if given.shape not in ((1,), (len(names),)):
            raise InputError(
                f"{what} has {given.size} values",
                f"give one, or one a field: {' '.join(names)}",
            )
        for value in given.tolist():
            if not is_good(value):
                raise InputError(f"{what} is {value}", remedy)
        return jnp.asarray(np.broadcast_to(given, (len(names),)), dtype)

    positive = "give a positive number"
    whole = "give a whole number, 0 for all values"
    share = "give a number above 0 and up to 1"
    return Sampling(
        spread("temperature", temperature, jnp.float32, _is_positive, positive),
        spread("top_k", top_k, jnp.int32, _is_count, whole),
        spread("top_p", top_p, jnp.float32, lambda x: 0 < x <= 1, share),
    )


def _is_positive(x: float) -> bool:
    return 0 < x < float("inf")


def _is_count(x: float) -> bool:
    return x == int(x) and 0 <= x < 2**31 if np.isfinite(x) else False


def shaped(logits_V: Array, field: int, sampling: Sampling) -> Array:
    """The logits that a field is drawn by; -inf for values that must not be drawn.

    Args:
      logits_V: of the field given the ones before, float32; -inf is allowed.
      field: its number, static.
      sampling: the options.
    """
    logits_V = logits_V / sampling.temperature_C[field]
    if sampling.top_k_C is None and sampling.top_p_C is None:
        return logits_V
    rank_V, before_fn = _ranked(logits_V)
    if sampling.top_k_C is not None:
        k = sampling.top_k_C[field]
        logits_V = jnp.where((rank_V < k) | (k == 0), logits_V, -jnp.inf)
    if sampling.top_p_C is not None:
        p, share_V = sampling.top_p_C[field], jax.nn.softmax(logits_V)
        # Rounding must take nothing off where p is 1, nor ever the likeliest value.
        keep_V = (before_fn(share_V) < p) | (p == 1) | (rank_V == 0)
        logits_V = jnp.where(keep_V, logits_V, -jnp.inf)
    return logits_V


def _ranked(logits_V: Array) -> tuple[Array, Callable[[Array], Array]]:
    """How many values are likelier than each, of equal ones the first; and a function
    that adds up what is given of these."""
    if len(logits_V) > PAIRS:
        order_V = jnp.argsort(-logits_V)
        rank_V = jnp.argsort(order_V)

        def before(share_V):
            sorted_V = share_V[order_V]
            return (jnp.cumsum(sorted_V) - sorted_V)[rank_V]

        return rank_V, before
    index_V = jnp.arange(len(logits_V))
    is_equal_VV = logits_V[None, :] == logits_V[:, None]
    is_first_VV = index_V[None, :] < index_V[:, None]
    ahead_VV = (logits_V[None, :] > logits_V[:, None]) | (is_equal_VV & is_first_VV)

    def before(share_V):
        return jnp.sum(jnp.where(ahead_VV, share_V[None, :], 0.0), axis=-1)

    return jnp.sum(ahead_VV, axis=-1), before
