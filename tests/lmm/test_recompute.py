"""Without a cache: the same states as with one, within the context and past it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.config import ModelConfig
from marsjax.lmm import OrderModel
from marsjax.lmm.recompute import RecomputedModel

NUM, HISTORY = 14, 3


def states(num_layers: int, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Hidden states of the orders after a history, with a cache and without."""
    sizes = {"field_sizes": (3, 5), "field_names": ("type", "price")}
    config = ModelConfig(
        **sizes,
        num_features=2,
        d_model=16,
        num_layers=num_layers,
        num_heads=2,
        num_kv_heads=1,
        window=window,
    )
    cached = OrderModel(config)
    recomputed = RecomputedModel(cached)
    params = cached.init(jax.random.key(0))
    params = jax.tree.map(lambda x: x * np.float32(1.5), params)
    rng = np.random.default_rng(1)
    tokens_LC = jnp.asarray(rng.integers(0, sizes["field_sizes"], (NUM, 2)), jnp.int32)
    features_LF = jnp.asarray(rng.integers(-3, 4, (NUM, 2)), jnp.int32)
    start, _, _ = cached.prefill(params, tokens_LC[:HISTORY], features_LF[:HISTORY])
    context = recomputed.context_of(tokens_LC[:HISTORY], features_LF[:HISTORY])

    def run(model, carried):
        def step(carried, order):
            hidden_D, carried = model.decode_step(params, carried, *order)
            return carried, hidden_D

        after = slice(HISTORY, None)
        rows = (jnp.arange(NUM), tokens_LC, features_LF)
        return jax.lax.scan(step, carried, tuple(x[after] for x in rows))[1]

    return jax.jit(lambda: (run(cached, start), run(recomputed, context)))()


@pytest.mark.parametrize(("num_layers", "window"), [(2, NUM), (1, 5)])
def test_same_states(num_layers, window):
    """Two layers within the context; one however often the ring has gone round."""
    with_cache, without = states(num_layers, window)
    assert np.abs(with_cache).max() > 0.5
    np.testing.assert_allclose(with_cache, without, atol=2e-5)


def test_two_layers_remember_a_little_more_than_the_context():
    with_cache, without = states(2, 5)
    inside = 5 - HISTORY
    np.testing.assert_allclose(with_cache[:inside], without[:inside], atol=2e-5)
    assert np.abs(with_cache[inside:] - without[inside:]).max() > 1e-3
