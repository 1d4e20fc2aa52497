"""A market's events one by one, in one scan."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from marsjax.types import Array, Message


def simulate_steps(
    step: Callable,
    key: Array,
    params: Any,
    state: Any,
    num_orders: int,
    first: Array | int = 0,
) -> tuple[Any, tuple[Message, Array, Array]]:
    """``num_orders`` events; event t is ``step`` with ``fold_in(key, t)``.

    Args:
      step: of the market (`marsjax.synth.markets`).
      key: of the market.
      params: its law.
      state: where it stands.
      num_orders: T.
      first: t of the first of them.

    Returns:
      the state at the end, and messages, seconds and nanoseconds ``[T]``.
    """

    def body(state, t):
        return step(params, state, jax.random.fold_in(key, t))

    return jax.lax.scan(body, state, first + jnp.arange(num_orders))
