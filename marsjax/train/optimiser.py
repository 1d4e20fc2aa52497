"""AdamW with warm-up, cosine decay, clipping and weight decay on matrices only."""

import jax
import optax

from marsjax.config import TrainConfig
from marsjax.lmm import Params


def learning_rate(config: TrainConfig) -> optax.Schedule:
    """Linear from 0 to the peak, then a half cosine down to the final share of it."""
    warmup = min(config.warmup_steps, config.steps - 1)
    return optax.warmup_cosine_decay_schedule(
        init_value=0.0 if warmup else config.learning_rate,
        peak_value=config.learning_rate,
        warmup_steps=warmup,
        decay_steps=config.steps,
        end_value=config.learning_rate * config.final_learning_rate,
    )


def is_matrix(params: Params) -> Params:
    """True for the kernels of dense layers; tables, biases and gains do not decay."""
    return jax.tree_util.tree_map_with_path(
        lambda path, _: path[-1].key == "kernel", params
    )


def make_optimiser(config: TrainConfig) -> optax.GradientTransformation:
    """Gradient clipping, then AdamW (Loshchilov and Hutter 2019)."""
    return optax.chain(
        optax.clip_by_global_norm(config.clip_norm),
        optax.adamw(
            learning_rate(config),
            b1=0.9,
            b2=config.beta2,
            weight_decay=config.weight_decay,
            mask=is_matrix,
        ),
    )
