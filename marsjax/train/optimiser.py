"""AdamW or Muon with warm-up, decay, clipping and weight decay on matrices only."""

import jax
import optax
from optax.contrib import muon

from marsjax.config import TrainConfig
from marsjax.lmm import Params

MUON_RMS = 0.2
"""Root mean square of a Muon update before the learning rate: that of AdamW, so that
both take the same rates (Liu et al. 2025, arXiv:2502.16982, section 2.2)."""


def learning_rate(config: TrainConfig) -> optax.Schedule:
    """Linear from 0 to the peak, then down to the final share of it.

    ``cosine`` falls from the peak on, along a half cosine (Loshchilov and Hutter 2017);
    ``wsd`` stays there and falls in a line over the last ``decay_share`` of the steps
    (Hu et al. 2024, arXiv:2404.06395, section 4; never before the warm-up is over).
    """
    warmup = min(config.warmup_steps, config.steps - 1)
    peak, end = config.learning_rate, config.learning_rate * config.final_learning_rate
    if config.schedule == "cosine":
        return optax.warmup_cosine_decay_schedule(
            init_value=0.0 if warmup else peak,
            peak_value=peak,
            warmup_steps=warmup,
            decay_steps=config.steps,
            end_value=end,
        )
    decay = min(max(1, round(config.decay_share * config.steps)), config.steps - warmup)
    stable = config.steps - decay
    pieces = [
        optax.linear_schedule(0.0 if warmup else peak, peak, max(warmup, 1)),
        optax.constant_schedule(peak),
        optax.linear_schedule(peak, end, decay),
    ]
    return optax.join_schedules(pieces, [warmup, stable])


def is_matrix(params: Params) -> Params:
    """True for the kernels of dense layers; tables, biases and gains do not decay."""
    return jax.tree_util.tree_map_with_path(
        lambda path, _: path[-1].key == "kernel", params
    )


def is_of_block(params: Params) -> Params:
    """True for the matrices of the blocks, which Muon takes.

    Not for the embeddings and the head: they have a row or a column an outcome, of very
    different frequency (Jordan 2024, kellerjordan.github.io/posts/muon).
    """
    return jax.tree_util.tree_map_with_path(
        lambda path, _: path[0].key.startswith("blocks_") and path[-1].key == "kernel",
        params,
    )


def make_optimiser(config: TrainConfig) -> optax.GradientTransformation:
    """Gradient clipping, then AdamW (Loshchilov and Hutter 2019), or Muon with it."""
    return optax.chain(optax.clip_by_global_norm(config.clip_norm), _updates(config))


def _updates(config: TrainConfig) -> optax.GradientTransformation:
    adamw = optax.adamw(
        learning_rate(config),
        b1=0.9,
        b2=config.beta2,
        weight_decay=config.weight_decay,
        mask=is_matrix,
    )
    if config.optimiser == "adamw":
        return adamw
    # The split that optax makes by itself would give all it leaves to Adam one decay;
    # here each part has its mask, and Muon's holds matrices alone.
    orthogonal = muon(
        learning_rate(config),
        weight_decay=config.weight_decay,
        consistent_rms=MUON_RMS,
    )
    return optax.partition({True: orthogonal, False: adamw}, is_of_block)
