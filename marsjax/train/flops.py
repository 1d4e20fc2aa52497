"""How much arithmetic the order model needs, counted from its matrices.

Model FLOPs as in PaLM (Chowdhery et al. 2022, arXiv:2204.02311, appendix B): what the
model's equations need, however it is computed, so that work done twice (a joint head's
logits, which the backward pass makes anew) is not counted twice. A multiplication and
an addition are two.

- Each entry of a dense layer's matrix: 2 an order forwards and 4 backwards, so 6 N.
  Counted are the projections of the blocks, of the features and of the head, joint or
  factorised. Tables of fields are looked up and not counted, though they are read by
  small products.
- Attention: a query meets the keys that it may see, a window or all there are before
  it: ``4 * keys * heads * head_dim`` forwards (scores and weighted sum) in each layer,
  and three times that with the backward pass. PaLM counts the masked half as well; here
  only what is seen counts.
"""

import jax

from marsjax.config import ModelConfig
from marsjax.lmm import OrderModel, Params
from marsjax.train.optimiser import is_matrix


def param_shapes(config: ModelConfig) -> Params:
    """The parameters as shapes, without making them."""
    return jax.eval_shape(OrderModel(config).init, jax.random.key(0))


def matrix_entries(config: ModelConfig) -> int:
    """Entries of the matrices that every order is multiplied with: N."""
    shapes = param_shapes(config)
    pairs = zip(
        jax.tree.leaves(shapes), jax.tree.leaves(is_matrix(shapes)), strict=True
    )
    return sum(leaf.size for leaf, counts in pairs if counts)


def mean_keys(length: int, window: int) -> float:
    """Keys that a query of a sequence sees on average, its own included."""
    full = min(length, window)
    seen = full * (full + 1) // 2 + (length - full) * full
    return seen / length


def train_flops(config: ModelConfig, length: int) -> float:
    """Of one predicted order, forwards and backwards, in windows of ``length``."""
    attention = mean_keys(length, config.window) * config.num_heads * config.head_dim
    return 6 * matrix_entries(config) + 12 * config.num_layers * attention
