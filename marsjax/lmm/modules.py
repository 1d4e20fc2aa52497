"""The order model's layers: the only file that touches the module system.

A decoder in the manner of LLaMA 2 (RMSNorm, rotary positions, SwiGLU), with two ways
through the same weights: a whole sequence, or one order against a ring of past keys.
Dimension key beside the shared one: E width of an attention head, C fields of a token.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from marsjax.config import ModelConfig
from marsjax.lmm import vocab
from marsjax.lmm.attention import ring_attention, window_attention
from marsjax.lmm.cache import Cache, seen_slots, slot_of, write
from marsjax.lmm.rotary import angles, rotate
from marsjax.types import Array

# Logits start near zero: the first loss is then that of a uniform guess.
SMALL = nn.initializers.normal(0.02)

JOINT_CHUNK = 16
"""Orders of a sequence whose joint logits are in memory at once."""


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
        k_HWE = write(ring[0], rotate(k_HE, *rotation), slot)
        v_HWE = write(ring[1], v_HE, slot)
        q_HGE = rotate(q_HE, *rotation).reshape(c.kv_heads, -1, c.head_dim)
        mixed_HGE = ring_attention(q_HGE, k_HWE, v_HWE, seen_W)
        x_D = x_D + self.attention_out(mixed_HGE.reshape(x_D.shape))
        return x_D + self._feed_forward(x_D), (k_HWE, v_HWE)


class FactorisedHead(nn.Module):
    """Field by field (type -> price -> volume -> interval), a small network each.

    Each sees the hidden state and the fields before its own, so that the product of
    the softmaxes is a proper distribution over all outcomes.
    """

    config: ModelConfig

    def setup(self):
        c = self.config
        width, sizes = c.d_model, c.field_sizes
        self.hidden = nn.Dense(len(sizes) * width, dtype=c.dtype)
        self.tables = [
            self.param(f"table_{name}", SMALL, (sum(sizes[:field]), width))
            for field, name in enumerate(c.field_names)
            if field > 0
        ]
        self.out = [nn.Dense(size, kernel_init=SMALL) for size in sizes]

    def states(self, hidden: Array) -> list[Array]:
        """What each field's network starts from: ``[..., D]`` each."""
        num = len(self.config.field_sizes)
        return jnp.split(self.hidden(hidden).astype(jnp.float32), num, axis=-1)

    def logits(self, state: Array, known: Array, field: int) -> Array:
        """Float32 ``[..., size of field]``; ``known`` is the multi-hot of a token of
        which only the fields before ``field`` are read."""
        if field > 0:
            table = self.tables[field - 1]
            state = state + known[..., : len(table)] @ table
        return self.out[field](nn.silu(state))

    def log_prob(self, hidden_LD: Array, targets_LC: Array) -> Array:
        sizes = self.config.field_sizes
        known = vocab.multi_hot(targets_LC, sizes)
        hot = jnp.split(known, np.cumsum(sizes)[:-1], axis=-1)
        states = self.states(hidden_LD)
        each = [
            jnp.sum(nn.log_softmax(self.logits(states[f], known, f)) * hot[f], axis=-1)
            for f in range(len(sizes))
        ]
        return jnp.stack(each, axis=-1)

    def sample(
        self, hidden_D: Array, key: Array, first_mask: Array, temperature: Array
    ) -> Array:
        sizes = self.config.field_sizes
        states, noise = self.states(hidden_D), vocab.gumbels(key, sizes)
        known, drawn = jnp.zeros(0), []
        for field, size in enumerate(sizes):
            logits = self.logits(states[field], known, field) / temperature
            if field == 0:
                logits = jnp.where(first_mask, logits, -jnp.inf)
            drawn.append(jnp.argmax(logits + noise[field]))
            known = jnp.concatenate([known, jax.nn.one_hot(drawn[-1], size)])
        return jnp.stack(drawn).astype(jnp.int32)


class JointHead(nn.Module):
    """One softmax over all outcomes (MarS, section 3.1)."""

    config: ModelConfig

    def setup(self):
        c = self.config
        outcomes = vocab.num_outcomes(c.field_sizes)
        self.kernel = self.param("kernel", SMALL, (c.d_model, outcomes))
        self.bias = self.param("bias", nn.initializers.zeros, (outcomes,))

    def log_prob(self, hidden_LD: Array, targets_LC: Array) -> Array:
        # All logits of a batch would not fit in memory: a few orders at a time, and
        # once more in the backward pass.
        one = partial(_joint_log_prob, self.kernel, self.bias, self.config)
        return jax.lax.map(
            jax.checkpoint(lambda row: one(*row)),
            (hidden_LD, targets_LC),
            batch_size=JOINT_CHUNK,
        )

    def sample(
        self, hidden_D: Array, key: Array, first_mask: Array, temperature: Array
    ) -> Array:
        logits = _joint_logits(self.kernel, self.bias, self.config, hidden_D)
        logits, drawn = logits / temperature, []
        noise = vocab.gumbels(key, self.config.field_sizes)
        for field in range(logits.ndim):
            field_logits = _marginal(logits)
            if field == 0:
                field_logits = jnp.where(first_mask, field_logits, -jnp.inf)
            drawn.append(jnp.argmax(field_logits + noise[field]))
            logits = logits[drawn[-1]]
        return jnp.stack(drawn).astype(jnp.int32)


def _joint_logits(
    kernel: Array, bias: Array, config: ModelConfig, hidden_D: Array
) -> Array:
    """Float32, one axis a field."""
    logits = hidden_D.astype(config.dtype) @ kernel.astype(config.dtype)
    return (logits.astype(jnp.float32) + bias).reshape(config.field_sizes)


def _marginal(logits: Array) -> Array:
    """Log weights along the first axis, the others summed out."""
    return jax.nn.logsumexp(logits.reshape(len(logits), -1), axis=1)


def _joint_log_prob(
    kernel: Array, bias: Array, config: ModelConfig, hidden_D: Array, target_C: Array
) -> Array:
    """Log-probability of each field given the ones before, ``[C]``."""
    logits = _joint_logits(kernel, bias, config, hidden_D)
    weights = [jax.nn.logsumexp(logits)]
    for field in range(logits.ndim):
        logits = logits[target_C[field]]
        weights.append(jax.nn.logsumexp(logits))
    weights = jnp.stack(weights)
    # The sums in between cancel in the total; to differentiate them would cost twice.
    inner = jax.lax.stop_gradient(weights)
    chain = inner[1:] - inner[:-1]
    total = weights[-1] - weights[0]
    return chain.at[-1].add(total - jax.lax.stop_gradient(total))


HEADS = {"factorised": FactorisedHead, "joint": JointHead}


class Decoder(nn.Module):
    """The order model: embedding, blocks, final norm, head."""

    config: ModelConfig

    def setup(self):
        c = self.config
        self.tables = self.param("tables", SMALL, (sum(c.field_sizes), c.d_model))
        self.features = nn.Dense(c.d_model, dtype=c.dtype)
        self.norm_in = nn.LayerNorm(dtype=c.dtype)
        self.blocks = [Block(c) for _ in range(c.num_layers)]
        self.norm_out = nn.RMSNorm(dtype=c.dtype)
        self.head = HEADS[c.head](c)
        self.drop = nn.Dropout(c.dropout)

    def _embed(self, token_C: Array, features_F: Array) -> Array:
        """``[..., D]`` of orders with any leading axes."""
        c = self.config
        scale = np.ones(c.num_features) if c.feature_scale is None else c.feature_scale
        scale = np.asarray(scale, np.float32).reshape(
            (1,) * (features_F.ndim - 1) + (-1,)
        )
        tokens = vocab.multi_hot(token_C, c.field_sizes) @ self.tables
        return self.norm_in(
            tokens.astype(c.dtype) + self.features(features_F.astype("float32") * scale)
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
        self, hidden_D: Array, key: Array, first_mask: Array, temperature: Array
    ) -> Array:
        """A token, int32 ``[C]``."""
        return self.head.sample(hidden_D, key, first_mask, temperature)

    def init_all(self, tokens_LC: Array, features_LF: Array) -> Array:
        """Touches every parameter."""
        return self.log_prob(self(tokens_LC, features_LF, 0), tokens_LC)
