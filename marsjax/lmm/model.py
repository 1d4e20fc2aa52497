"""The order model as pure functions of its parameters, for one market.

``model = OrderModel(ModelConfig())`` holds the shape and nothing else: it is hashable,
and its methods are pure functions that ``jit``, ``scan``, ``vmap`` and ``grad`` take.
A token is int32 ``[C]``, an integer a field (of orders: type, price bin, volume bin,
interval bin); features are integers ``[F]`` of the book after that order. The hidden
state after order t gives the distribution of order t + 1. Events of another domain take
the place of orders by another schema alone (`marsjax.tokens.schema`).
"""

from dataclasses import dataclass, field

import jax
import jax.numpy as jnp

from marsjax.config import ModelConfig
from marsjax.lmm.cache import Cache, init_cache
from marsjax.lmm.modules import Decoder
from marsjax.lmm.sampling import Sampling, make_sampling
from marsjax.types import Array

Params = dict[str, Array]


@dataclass(frozen=True)
class OrderModel:
    """A decoder over orders with a cached and a whole-sequence form."""

    config: ModelConfig = field(default_factory=ModelConfig)

    def init(self, key: Array) -> Params:
        """Fresh parameters, float32."""
        tokens_LC = jnp.zeros((2, len(self.config.field_sizes)), jnp.int32)
        features_LF = jnp.zeros((2, self.config.num_features), jnp.int16)
        decoder = Decoder(self.config)
        return decoder.init(key, tokens_LC, features_LF, method="init_all")["params"]

    def apply(
        self,
        params: Params,
        tokens_LC: Array,
        features_LF: Array,
        *,
        start: Array | int = 0,
        key: Array | None = None,
    ) -> Array:
        """Hidden states of a sequence, ``[L, D]``.

        Args:
          params: of :meth:`init`.
          tokens_LC: integers, each below its field size.
          features_LF: integers.
          start: position of the first order; the result does not depend on it.
          key: of the dropout; None: no dropout.
        """
        train = key is not None and self.config.dropout > 0
        return Decoder(self.config).apply(
            {"params": params},
            tokens_LC,
            features_LF,
            start,
            train,
            rngs={"dropout": key} if train else None,
        )

    def log_prob(self, params: Params, hidden_LD: Array, targets_LC: Array) -> Array:
        """Log-likelihood of the orders that follow, in nats, float32 ``[L, C]``.

        Column f is the log-probability of field f given the fields before it; the sum
        of a row is the log-probability of the order, with either head.
        """
        return Decoder(self.config).apply(
            {"params": params}, hidden_LD, targets_LC, method="log_prob"
        )

    def init_cache(self) -> Cache:
        """An empty cache for one market."""
        return init_cache(self.config)

    def decode_step(
        self,
        params: Params,
        cache: Cache,
        position: Array,
        token_C: Array,
        features_F: Array,
    ) -> tuple[Array, Cache]:
        """One more order: the same hidden state as :meth:`apply` at its place.

        Args:
          params: of :meth:`init`.
          cache: of the orders before.
          position: int32, one more than the last one's; any first value, the sign is
            ignored. Leave it unbatched under ``vmap`` (``in_axes=None``): the cache is
            then updated in place inside a loop.
          token_C: the order.
          features_F: the book after it.

        Returns:
          Hidden state ``[D]`` and the new cache.
        """
        return Decoder(self.config).apply(
            {"params": params}, cache, position, token_C, features_F, method="step"
        )

    def sample(
        self,
        params: Params,
        hidden_D: Array,
        key: Array,
        first_mask: Array | None = None,
        sampling: Sampling | None = None,
    ) -> Array:
        """Draws the next order.

        Args:
          params: of :meth:`init`.
          hidden_D: after the last order.
          key: typed key.
          first_mask: bool, the values of the first field (of orders: the types) that
            are allowed; None: all. At least one must be.
          sampling: temperature, top-k and top-p of each field; None: the draw follows
            :meth:`log_prob` exactly.

        Returns:
          A token, int32 ``[C]``.
        """
        if first_mask is None:
            first_mask = jnp.ones(self.config.field_sizes[0], bool)
        if sampling is None:
            sampling = make_sampling(self.config.field_names)
        return Decoder(self.config).apply(
            {"params": params}, hidden_D, key, first_mask, sampling, method="sample"
        )

    def prefill(
        self, params: Params, tokens_LC: Array, features_LF: Array
    ) -> tuple[Cache, Array, Array]:
        """Runs a history of L >= 1 orders through the cache.

        Returns:
          The cache, the hidden state ``[D]`` after the last order, and the position of
          the next order (int32, L).
        """

        def step(carry, order):
            cache, _, position = carry
            hidden_D, cache = self.decode_step(params, cache, position, *order)
            return (cache, hidden_D, position + 1), None

        hidden_D = jnp.zeros(self.config.d_model, self.config.dtype)
        first = (self.init_cache(), hidden_D, jnp.int32(0))
        return jax.lax.scan(step, first, (tokens_LC, features_LF))[0]


def num_params(params: Params) -> int:
    """How many numbers ``params`` (arrays or their shapes) hold."""
    return sum(leaf.size for leaf in jax.tree.leaves(params))
