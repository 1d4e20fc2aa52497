"""The order model's layers; they and its heads alone touch the module system.

A decoder in the manner of LLaMA 2 (RMSNorm, rotary positions, SwiGLU), with two ways
through the same weights: a whole sequence, or one order against a ring of past keys.
With bfloat16 the inputs of matrix products and what a block computes in between are
rounded; the stream of residuals, norms, softmaxes and sums stay float32.
Dimension key beside the shared one: E width of an attention head, C fields of a token.
"""

from functools import partial

import flax.linen as nn
import jax.numpy as jnp
import numpy as np

from marsjax.config import ModelConfig
from marsjax.lmm import vocab
from marsjax.lmm.attention import ring_attention, window_attention
from marsjax.lmm.cache import Cache, seen_slots, slot_of, write_key, write_value
from marsjax.lmm.heads import HEADS, SMALL
from marsjax.lmm.rotary import angles, rotate
from marsjax.lmm.sampling import Sampling
from marsjax.types import Array


class Block(nn.Module):
    """Attention and SwiGLU, each normed before and added to the stream."""

    config: ModelConfig

    def setup(self):
        c = self.config
        dense = partial(nn.Dense, use_bias=False, dtype=c.dtype)
        # Branches that end in the stream start smaller, the more there are of them.
        last = nn.initializers.variance_scaling(
            1 / (2 * c.num_layers), "fan_in", "normal"
        )
        self.norm_attention = nn.RMSNorm(dtype=c.dtype)
        self.qkv = dense((c.num_heads + 2 * c.kv_heads) * c.head_dim)
        self.attention_out = dense(c.d_model, kernel_init=last)
        self.norm_ff = nn.RMSNorm(dtype=c.dtype)
        self.gate = dense(c.ff_dim)
        self.up = dense(c.ff_dim)
        self.down = dense(c.d_model, kernel_init=last)
        self.drop = nn.Dropout(c.dropout)

    def _split(self, x: Array) -> tuple[Array, Array, Array]:
        """Queries ``[..., Hq, E]``, keys and values ``[..., H, E]``."""
        c = self.config
        heads = self.qkv(self.norm_attention(x))
        heads = heads.reshape(*x.shape[:-1], -1, c.head_dim)
        return tuple(jnp.split(heads, [c.num_heads, c.num_heads + c.kv_heads], axis=-2))

    def _feed_forward(self, x: Array) -> Array:
        x = self.norm_ff(x)
        return self.down(nn.silu(self.gate(x)) * self.up(x))

    def __call__(self, x_LD: Array, cos_L1E: Array, sin_L1E: Array, train: bool):
        c = self.config
        q_LHE, k_LHE, v_LHE = self._split(x_LD)
        q_LHE, k_LHE = (rotate(y, cos_L1E, sin_L1E) for y in (q_LHE, k_LHE))
        q_HGLE = q_LHE.swapaxes(0, 1).reshape(c.kv_heads, -1, len(x_LD), c.head_dim)
        mixed_HGLE = window_attention(
            q_HGLE, k_LHE.swapaxes(0, 1), v_LHE.swapaxes(0, 1), c.window
        )
        mixed_LD = jnp.moveaxis(mixed_HGLE, 2, 0).reshape(x_LD.shape)
        x_LD = x_LD + self.drop(self.attention_out(mixed_LD), deterministic=not train)
        return x_LD + self.drop(self._feed_forward(x_LD), deterministic=not train)

    def step(
        self,
        x_D: Array,
        rotation: tuple[Array, Array],
        ring: tuple[Array, Array],
        slot: Array,
        seen_W: Array,
    ) -> tuple[Array, tuple[Array, Array]]:
        """One order: its output ``[D]`` and the rings with its key and value."""
        c = self.config
        q_HE, k_HE, v_HE = self._split(x_D)
        k_HEW = write_key(ring[0], rotate(k_HE, *rotation), slot)
        v_HWE = write_value(ring[1], v_HE, slot)
        q_HGE = rotate(q_HE, *rotation).reshape(c.kv_heads, -1, c.head_dim)
        mixed_HGE = ring_attention(q_HGE, k_HEW, v_HWE, seen_W)
        x_D = x_D + self.attention_out(mixed_HGE.reshape(x_D.shape))
        return x_D + self._feed_forward(x_D), (k_HEW, v_HWE)


class Decoder(nn.Module):
    """The order model: embedding, blocks, final norm, head."""

    config: ModelConfig

    def setup(self):
        c = self.config
        self.tables = self.param("tables", SMALL, (sum(c.field_sizes), c.d_model))
        # Integers such as the time of day need more digits than bfloat16 has.
        self.features = nn.Dense(c.d_model, dtype="float32")
        self.norm_in = nn.LayerNorm(dtype="float32")
        self.blocks = [Block(c) for _ in range(c.num_layers)]
        self.norm_out = nn.RMSNorm(dtype=c.dtype)
        self.head = HEADS[c.head](c)
        self.drop = nn.Dropout(c.dropout)

    def _embed(self, token_C: Array, features_F: Array) -> Array:
        """Float32 ``[..., D]`` of orders with any leading axes."""
        c = self.config
        scale = np.ones(c.num_features) if c.feature_scale is None else c.feature_scale
        scale = np.asarray(scale, np.float32).reshape(
            (1,) * (features_F.ndim - 1) + (-1,)
        )
        hot = vocab.multi_hot(token_C, c.field_sizes)
        if c.inputs is not None:
            seen = np.isin(c.field_names, c.inputs).repeat(c.field_sizes)
            hot = jnp.where(seen.reshape((1,) * (hot.ndim - 1) + (-1,)), hot, 0.0)
        return self.norm_in(
            hot @ self.tables + self.features(features_F.astype("float32") * scale)
        )

    def __call__(
        self, tokens_LC: Array, features_LF: Array, start: Array, train: bool = False
    ) -> Array:
        """Hidden states ``[L, D]`` of a sequence whose first order is ``start``."""
        c = self.config
        x_LD = self._embed(tokens_LC, features_LF)
        x_LD = self.drop(x_LD, deterministic=not train)
        position = jnp.asarray(start).astype(jnp.uint32) + jnp.arange(
            len(tokens_LC), dtype=jnp.uint32
        )
        cos, sin = angles(position[:, None], c.head_dim, c.rope_base)
        for block in self.blocks:
            x_LD = block(x_LD, cos, sin, train)
        return self.norm_out(x_LD)

    def step(
        self, cache: Cache, position: Array, token_C: Array, features_F: Array
    ) -> tuple[Array, Cache]:
        """Hidden state ``[D]`` of one more order, and the cache that holds it."""
        c = self.config
        slot = slot_of(position, c.window)
        length = jnp.minimum(cache.length + 1, c.window)
        seen_W = seen_slots(slot, length, c.window)
        rotation = angles(jnp.asarray(position)[None], c.head_dim, c.rope_base)
        x_D, rings = self._embed(token_C, features_F), []
        for block, *ring in zip(self.blocks, cache.k, cache.v, strict=True):
            x_D, ring = block.step(x_D, rotation, ring, slot, seen_W)
            rings.append(ring)
        k, v = zip(*rings, strict=True)
        return self.norm_out(x_D), Cache(k, v, length)

    def log_prob(self, hidden_LD: Array, targets_LC: Array) -> Array:
        """Of each field given the ones before it, float32 ``[L, C]``."""
        return self.head.log_prob(hidden_LD, targets_LC)

    def sample(
        self, hidden_D: Array, key: Array, first_mask: Array, sampling: Sampling
    ) -> Array:
        """A token, int32 ``[C]``."""
        return self.head.sample(hidden_D, key, first_mask, sampling)

    def init_all(self, tokens_LC: Array, features_LF: Array) -> Array:
        """Touches every parameter."""
        return self.log_prob(self(tokens_LC, features_LF, 0), tokens_LC)
