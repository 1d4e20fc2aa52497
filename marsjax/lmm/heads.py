"""The order model's heads: from a hidden state to the law of the next order.

Dimension key beside the shared one: C fields of a token.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from marsjax.config import ModelConfig
from marsjax.lmm import vocab
from marsjax.lmm.sampling import Sampling, shaped
from marsjax.types import Array

# Logits start near zero: the first loss is then that of a uniform guess.
SMALL = nn.initializers.normal(0.02)

JOINT_CHUNK = 16
"""Orders of a sequence whose joint logits are in memory at once."""


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
        self, hidden_D: Array, key: Array, first_mask: Array, sampling: Sampling
    ) -> Array:
        sizes = self.config.field_sizes
        states, noise = self.states(hidden_D), vocab.gumbels(key, sizes)
        known, drawn = jnp.zeros(0), []
        for field, size in enumerate(sizes):
            logits = self.logits(states[field], known, field)
            if field == 0:
                logits = jnp.where(first_mask, logits, -jnp.inf)
            drawn.append(jnp.argmax(shaped(logits, field, sampling) + noise[field]))
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
        self, hidden_D: Array, key: Array, first_mask: Array, sampling: Sampling
    ) -> Array:
        logits = _joint_logits(self.kernel, self.bias, self.config, hidden_D)
        noise, drawn = vocab.gumbels(key, self.config.field_sizes), []
        for field in range(logits.ndim):
            field_logits = _marginal(logits)
            if field == 0:
                field_logits = jnp.where(first_mask, field_logits, -jnp.inf)
            field_logits = shaped(field_logits, field, sampling)
            drawn.append(jnp.argmax(field_logits + noise[field]))
            logits = logits[drawn[-1]]
        return jnp.stack(drawn).astype(jnp.int32)


def _joint_logits(
    kernel: Array, bias: Array, config: ModelConfig, hidden_D: Array
) -> Array:
    """Float32, one axis a field."""
    logits = jnp.matmul(
        hidden_D.astype(config.dtype),
        kernel.astype(config.dtype),
        preferred_element_type=jnp.float32,
    )
    return (logits + bias).reshape(config.field_sizes)


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
