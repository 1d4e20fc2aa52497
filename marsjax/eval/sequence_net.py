"""A small causal network that tells two sets of sequences apart.

Each message gets a logit from itself and the 62 messages before it; a window's score
is their mean, as the mean of log-likelihood ratios would be. A loss for each message
learns from a few dozen windows what one for each window cannot.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from marsjax.types import Array

WIDTH = 32
DILATIONS = (1, 2, 4, 8, 16)
BATCH = 32
CHUNK = 10
"""Steps of one call of the compiled program."""

LEARNING_RATE = 3e-3
WEIGHT_DECAY = 0.05


class Net(nn.Module):
    """Dilated causal convolutions of three taps; about 22,000 parameters."""

    @nn.compact
    def __call__(self, x_TF: Array) -> Array:
        """A logit for each message, ``[T]``."""
        x_TD = nn.Dense(WIDTH)(x_TF)
        for dilation in DILATIONS:
            y_TD = nn.LayerNorm()(x_TD)
            # Shifts and a matrix product: far faster on a CPU than a dilated
            # convolution and its gradient.
            taps = (y_TD, _later(y_TD, dilation), _later(y_TD, 2 * dilation))
            y_TD = nn.gelu(nn.Dense(WIDTH)(jnp.concatenate(taps, axis=-1)))
            x_TD = x_TD + nn.Dense(WIDTH)(y_TD)
        return nn.Dense(1)(nn.gelu(nn.LayerNorm()(x_TD)))[:, 0]


class Sequences(NamedTuple):
    """N sequences: standardised features float32 ``[N, T, F]``, and their lengths."""

    x_NTF: np.ndarray
    length_N: np.ndarray


class _State(NamedTuple):
    params: dict
    opt_state: optax.OptState


def train(
    sequences: Sequences,
    label_N: np.ndarray,
    crop: int,
    num_steps: int,
    seed: int,
    progress_fn: Callable[[int], None] | None = None,
) -> dict:
    """Trains a network on random crops, as many of either label in each batch.

    Args:
      sequences: those to train on, with one of either label at least.
      label_N: bool, what is to be told.
      crop: messages of a crop, T at most.
      num_steps: steps, rounded up to a multiple of `CHUNK`.
      seed: of the weights and of the draws.
      progress_fn: called with the number of steps done since the last call.

    Returns:
      the network's parameters.
    """
    num_steps = -(-num_steps // CHUNK) * CHUNK
    num_features = sequences.x_NTF.shape[-1]
    state = _init(jax.random.key(seed), crop, num_features)
    batches = _batches(sequences, label_N, crop, np.random.default_rng(seed))
    for _ in range(0, num_steps, CHUNK):
        drawn = [next(batches) for _ in range(CHUNK)]
        state = _steps(state, *map(np.stack, zip(*drawn, strict=True)), num_steps)
        if progress_fn is not None:
            progress_fn(CHUNK)
    return state.params


def score(params: dict, sequences: Sequences, crop: int) -> np.ndarray:
    """Mean logit of each sequence, float64 ``[N]``; over crops that cover all of it."""
    num, length = sequences.x_NTF.shape[:2]
    starts = np.unique(np.linspace(0, length - crop, -(-length // crop)).astype(int))
    which = np.repeat(np.arange(num), len(starts))
    start = np.tile(starts, num)
    total_N, weight_N = np.zeros(num), np.zeros(num)
    for at in range(0, len(which), BATCH):
        # The last batch is filled up, so that there is one shape.
        rows = np.arange(at, at + BATCH) % len(which)
        x_STF, mask_ST = _cut(sequences, which[rows], start[rows], crop)
        logit_ST = np.asarray(_logits(params, x_STF), np.float64)
        here = min(BATCH, len(which) - at)
        sums = (logit_ST * mask_ST).sum(axis=1)[:here]
        np.add.at(total_N, which[rows[:here]], sums)
        np.add.at(weight_N, which[rows[:here]], mask_ST.sum(axis=1)[:here])
    return total_N / np.maximum(weight_N, 1)


def _batches(sequences: Sequences, label_N, crop: int, rng) -> Iterator[tuple]:
    """Features, masks and labels, the first half of a batch of one label."""
    sets = [np.flatnonzero(label_N == label) for label in (False, True)]
    label_S = np.repeat([0.0, 1.0], BATCH // 2).astype(np.float32)
    while True:
        which = np.concatenate([rng.choice(x, BATCH // 2) for x in sets])
        last = np.maximum(sequences.length_N[which] - crop, 0)
        start = rng.integers(0, last + 1)
        yield (*_cut(sequences, which, start, crop), label_S)


def _cut(sequences: Sequences, which, start, crop: int) -> tuple:
    """Crops ``[S, T, F]`` and which of their messages are no padding ``[S, T]``."""
    at_ST = start[:, None] + np.arange(crop)[None, :]
    mask_ST = at_ST < sequences.length_N[which][:, None]
    return sequences.x_NTF[which[:, None], at_ST], mask_ST.astype(np.float32)


def _later(x_TD: Array, by: int) -> Array:
    """The same, ``by`` messages later."""
    return jnp.pad(x_TD, ((by, 0), (0, 0)))[: len(x_TD)]


def _optimiser(num_steps: Array | int) -> optax.GradientTransformation:
    def rate(step: Array) -> Array:
        # Not optax's own: the number of steps is traced, so that one program does.
        return LEARNING_RATE * (1 + jnp.cos(jnp.pi * step / num_steps)) / 2

    return optax.chain(
        optax.clip_by_global_norm(1.0), optax.adamw(rate, weight_decay=WEIGHT_DECAY)
    )


@partial(jax.jit, static_argnums=(1, 2))
def _init(key: Array, crop: int, num_features: int) -> _State:
    params = Net().init(key, jnp.zeros((crop, num_features)))
    return _State(params, _optimiser(1).init(params))


@jax.jit
def _logits(params: dict, x_STF: Array) -> Array:
    return jax.vmap(Net().apply, in_axes=(None, 0))(params, x_STF)


def _loss(params: dict, x_STF: Array, mask_ST: Array, label_S: Array) -> Array:
    logit_ST = _logits(params, x_STF)
    label_ST = jnp.broadcast_to(label_S[:, None], logit_ST.shape)
    loss_ST = optax.sigmoid_binary_cross_entropy(logit_ST, label_ST)
    return jnp.sum(loss_ST * mask_ST) / jnp.maximum(jnp.sum(mask_ST), 1)


@jax.jit
def _steps(state: _State, x_KSTF, mask_KST, label_KS, num_steps: Array) -> _State:
    optimiser = _optimiser(num_steps)

    def step(state: _State, batch) -> tuple[_State, None]:
        grads = jax.grad(_loss)(state.params, *batch)
        updates, opt_state = optimiser.update(grads, state.opt_state, state.params)
        return _State(optax.apply_updates(state.params, updates), opt_state), None

    return jax.lax.scan(step, state, (x_KSTF, mask_KST, label_KS))[0]
