"""The order model without a cache: each order reads the whole context again.

What MarS does (arXiv 2409.07486), and what a ring of keys and values is measured
against. It takes the place of `OrderModel` in a market: the same weights, draws and
positions, but what a market carries is its last orders themselves.

Both give the same hidden states while the history fits the context. Once it slides, a
model of several layers with a cache still knows a little of what came before the
context, through keys and values that were made when it was there; with one layer they
stay the same.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp

from marsjax.config import ModelConfig
from marsjax.lmm.model import OrderModel, Params
from marsjax.types import Array


class Context(NamedTuple):
    """The last orders of one market, W of them at most, the oldest first.

    ``tokens``: int32 ``[W, C]``. ``features``: int32 ``[W, F]``. ``length``: int32,
    orders in it; what lies behind them means nothing.
    """

    tokens: Array
    features: Array
    length: Array


@dataclass(frozen=True)
class RecomputedModel:
    """An order model that recomputes; see `OrderModel` for its methods."""

    cached: OrderModel

    @property
    def config(self) -> ModelConfig:
        """Shape of the model."""
        return self.cached.config

    def context_of(self, tokens_LC: Array, features_LF: Array) -> Context:
        """The last orders of a history of L."""
        window = self.config.window

        def last(rows):
            rows = jnp.asarray(rows, jnp.int32)[-window:]
            return jnp.pad(rows, ((0, window - len(rows)), (0, 0)))

        length = min(window, len(tokens_LC))
        return Context(last(tokens_LC), last(features_LF), jnp.int32(length))

    def sample(self, *args) -> Array:
        """As of the model."""
        return self.cached.sample(*args)

    def decode_step(
        self,
        params: Params,
        context: Context,
        position: Array,
        token_C: Array,
        features_F: Array,
    ) -> tuple[Array, Context]:
        """One more order: hidden state ``[D]`` and the context with it at its end."""
        context = _pushed(context, token_C, features_F)
        last = context.length - 1
        hidden_WD = self.cached.apply(
            params, context.tokens, context.features, start=position - last
        )
        hidden_D = jax.lax.dynamic_index_in_dim(hidden_WD, last, keepdims=False)
        return hidden_D, context


def _pushed(context: Context, token_C: Array, features_F: Array) -> Context:
    """The context with one more order behind the others; the oldest makes room."""
    window = len(context.tokens)
    is_full = context.length == window
    place = context.length - is_full.astype(jnp.int32)

    def push(rows, row):
        rows = jnp.where(is_full, jnp.roll(rows, -1, axis=0), rows)
        return jax.lax.dynamic_update_index_in_dim(
            rows, row.astype(rows.dtype), place, 0
        )

    return Context(
        push(context.tokens, token_C), push(context.features, features_F), place + 1
    )
