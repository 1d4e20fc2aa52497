"""A small model with rough parameters, so that every part of it matters."""

import jax
import numpy as np

from marsjax.config import ModelConfig
from marsjax.lmm import OrderModel

NAMES = ("type", "price", "volume", "interval")
SMALL = dict(
    field_sizes=(3, 4, 5, 2),
    num_features=5,
    d_model=16,
    num_layers=2,
    num_heads=2,
    window=6,
)


def make(seed=0, **changes):
    """A model, its parameters and some orders."""
    config = ModelConfig(**(SMALL | changes))
    model = OrderModel(config)
    shapes = jax.eval_shape(model.init, jax.random.key(seed))
    leaves, tree = jax.tree.flatten(shapes)
    rng = np.random.default_rng(seed)
    leaves = [rng.normal(0, 0.3, x.shape).astype(x.dtype) for x in leaves]
    length = 20
    tokens = rng.integers(0, config.field_sizes, (length, 4)).astype(np.int32)
    features = rng.integers(-9, 9, (length, config.num_features)).astype(np.int16)
    return Jitted(config), jax.tree.unflatten(tree, leaves), tokens, features


class Jitted(OrderModel):
    """The order model compiled: much faster to test than one operation at a time."""

    apply = jax.jit(OrderModel.apply, static_argnums=0)
    log_prob = jax.jit(OrderModel.log_prob, static_argnums=0)
    prefill = jax.jit(OrderModel.prefill, static_argnums=0)
    sample = jax.jit(OrderModel.sample, static_argnums=0)
