"""bfloat16 rounds the inputs of products and nothing that adds up."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.lmm.modules import Block, Decoder
from tests.lmm.small import make

EPS = 2.0**-8  # of bfloat16


def error(half, whole) -> float:
    """Root mean square error relative to the root mean square."""
    half, whole = (np.asarray(x, np.float64) for x in (half, whole))
    return float(np.sqrt(((half - whole) ** 2).mean() / (whole**2).mean()))


@pytest.fixture(scope="module", params=["factorised", "joint"])
def both(request):
    """The same parameters in float32 and in bfloat16."""
    shape = {"head": request.param, "num_layers": 4, "num_kv_heads": 1}
    half, params, tokens, features = make(dtype="bfloat16", **shape)
    whole, *_ = make(**shape)
    features = features * np.int16(100)  # as large as a time of day
    return half, whole, params, tokens, features


def test_forward_and_steps_agree_to_the_precision_of_bfloat16(both):
    half, whole, params, tokens, features = both
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(params))
    want_LD = whole.apply(params, tokens, features)
    got_LD = half.apply(params, tokens, features)
    assert got_LD.dtype == jnp.bfloat16
    assert 0.1 * EPS < error(got_LD, want_LD) < 4 * EPS
    cache, hidden_D, _ = half.prefill(params, tokens, features)
    assert hidden_D.dtype == cache.k[0].dtype == jnp.bfloat16
    assert error(hidden_D, want_LD[-1]) < 4 * EPS
    nats = half.log_prob(params, got_LD, tokens)
    assert nats.dtype == jnp.float32
    want = whole.log_prob(params, want_LD, tokens)
    assert np.abs(nats - want).mean() < 4 * EPS * np.abs(want).mean()


def test_the_stream_between_blocks_is_float32(both):
    half, _, params, tokens, features = both

    def streams(params):
        decoder = Decoder(half.config)
        _, state = decoder.apply(
            {"params": params},
            tokens,
            features,
            0,
            capture_intermediates=lambda module, name: (
                isinstance(module, Block) and name == "__call__"
            ),
        )
        return state["intermediates"]

    seen = jax.tree.leaves(jax.eval_shape(streams, params))
    assert len(seen) == half.config.num_layers
    assert {x.dtype for x in seen} == {np.dtype("float32")}


def test_products_of_bfloat16_add_up_in_float32():
    """In bfloat16 a sum of ones stands still at 256."""
    ones = jnp.ones((3, 4096), jnp.bfloat16)
    product = jax.jit(lambda a, b: a @ b.T)
    np.testing.assert_array_equal(product(ones, ones).astype(np.float32), 4096)
