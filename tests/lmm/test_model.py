"""The order model means what it says: one distribution, two ways to compute it."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.lmm import OrderModel, num_params
from tests.lmm.small import SMALL, make


@pytest.mark.parametrize("kv_heads", [None, 1])
@pytest.mark.parametrize("start", [0, 2**31 - 3])
def test_cached_steps_equal_the_full_pass_before_and_after_the_window_is_full(
    start, kv_heads
):
    model, params, tokens, features = make(num_kv_heads=kv_heads)
    assert len(tokens) > 3 * model.config.window
    full_LD = model.apply(params, tokens, features, start=0)

    def step(carry, order):
        hidden_D, cache = model.decode_step(params, *carry, *order)
        return (cache, carry[1] + 1), hidden_D

    first = (model.init_cache(), jnp.int32(start))
    _, steps_LD = jax.lax.scan(step, first, (tokens, features))
    np.testing.assert_allclose(steps_LD, full_LD, atol=1e-4)
    moved_LD = model.apply(params, tokens, features, start=jnp.int32(start))
    np.testing.assert_allclose(moved_LD, full_LD, atol=1e-4)


def test_prefill_continues_as_the_full_pass():
    model, params, tokens, features = make()
    full_LD = model.apply(params, tokens, features)
    cache, hidden_D, position = model.prefill(params, tokens[:-1], features[:-1])
    np.testing.assert_allclose(hidden_D, full_LD[-2], atol=1e-4)
    assert position == len(tokens) - 1
    last = (tokens[-1], features[-1])
    hidden_D, cache = model.decode_step(params, cache, position, *last)
    np.testing.assert_allclose(hidden_D, full_LD[-1], atol=1e-4)
    assert cache.length == model.config.window


def test_the_loss_of_one_token_depends_on_the_past_alone_and_on_the_whole_window():
    """Causality by the gradient with respect to the (continuous) features."""
    model, params, tokens, features = make(num_layers=1)
    target, window = 12, model.config.window

    def loss(features_LF):
        hidden_LD = model.apply(params, tokens, features_LF)
        row = slice(target - 1, target)
        return model.log_prob(params, hidden_LD[row], tokens[target : target + 1]).sum()

    gradient = jax.grad(loss)(features.astype(np.float32))
    reached = np.abs(gradient).max(axis=1) > 0
    expected = np.zeros(len(tokens), bool)
    expected[target - window : target] = True  # one layer: exactly one window
    np.testing.assert_array_equal(reached, expected)


@pytest.mark.parametrize("head", ["factorised", "joint"])
def test_likelihoods_of_all_outcomes_sum_to_one(head):
    model, params, tokens, features = make(head=head)
    hidden_D = model.apply(params, tokens, features)[-1]
    every = np.array(list(itertools.product(*map(range, SMALL["field_sizes"]))))
    hidden_LD = jnp.broadcast_to(hidden_D, (len(every), len(hidden_D)))
    each = model.log_prob(params, hidden_LD, every)
    assert each.shape == (len(every), 4)
    np.testing.assert_allclose(np.exp(each.sum(axis=1)).sum(), 1, atol=1e-5)
    # Each column is a conditional distribution of its own.
    np.testing.assert_allclose(np.exp(each[::40, 0]).sum(), 1, atol=1e-5)
    np.testing.assert_allclose(np.exp(each[:2, 3]).sum(), 1, atol=1e-5)


def test_the_joint_head_of_the_real_size_sums_to_one():
    model, params, tokens, features = make(
        head="joint", field_sizes=(3, 32, 32, 16), num_layers=1
    )
    hidden_LD = model.apply(params, tokens, features)[-1:]
    total = 0.0
    every = np.stack(np.unravel_index(np.arange(49_152), (3, 32, 32, 16)), axis=1)
    log_prob = jax.jit(jax.vmap(model.log_prob, in_axes=(None, None, 0)))
    for part in np.split(every, 48):
        total += np.exp(log_prob(params, hidden_LD, part[:, None]).sum(-1)).sum()
    np.testing.assert_allclose(total, 1, atol=1e-4)


def test_the_joint_head_has_the_gradient_of_its_total():
    model, params, tokens, features = make(head="joint")
    hidden_LD = model.apply(params, tokens, features)
    kernel, bias = params["head"]["kernel"], params["head"]["bias"]
    index = np.ravel_multi_index(tuple(tokens.T), SMALL["field_sizes"])

    def plain(kernel):
        logits = jax.nn.log_softmax(hidden_LD @ kernel + bias[None], axis=-1)
        return jnp.take_along_axis(logits, index[:, None], axis=1).sum()

    def ours(kernel):
        head = {"kernel": kernel, "bias": bias}
        return model.log_prob(params | {"head": head}, hidden_LD, tokens).sum()

    for mine, theirs in zip(
        jax.value_and_grad(ours)(kernel),
        jax.value_and_grad(plain)(kernel),
        strict=True,
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("head", ["factorised", "joint"])
def test_draws_follow_the_likelihood_and_the_mask(head):
    model, params, tokens, features = make(head=head, field_sizes=(3, 2, 3, 2))
    hidden_D = model.apply(params, tokens, features)[-1]
    keys = jax.random.split(jax.random.key(1), 20_000)
    sample = jax.jit(jax.vmap(model.sample, in_axes=(None, None, 0, None)))

    every = np.array(list(itertools.product(range(3), range(2), range(3), range(2))))
    hidden_LD = jnp.broadcast_to(hidden_D, (len(every), len(hidden_D)))
    expected = np.exp(model.log_prob(params, hidden_LD, every).sum(axis=1))
    for mask in ([True, True, True], [True, True, False], [False, False, True]):
        drawn = np.asarray(sample(params, hidden_D, keys, jnp.array(mask)))
        assert drawn.dtype == np.int32
        allowed = np.where(np.array(mask)[every[:, 0]], expected, 0)
        allowed /= allowed.sum()
        index = np.ravel_multi_index(tuple(drawn.T), (3, 2, 3, 2))
        share = np.bincount(index, minlength=len(every)) / len(keys)
        assert np.all(share[allowed == 0] == 0)
        sigma = np.sqrt(allowed / len(keys))
        assert np.all(np.abs(share - allowed) <= 5 * sigma)


def test_a_batch_equals_its_members_alone():
    model, params, tokens, features = make()
    tokens = np.stack([tokens, tokens[::-1]])
    features = np.stack([features, features[::-1]])
    batch = jax.vmap(model.apply, in_axes=(None, 0, 0))(params, tokens, features)
    steps = jax.vmap(model.prefill, in_axes=(None, 0, 0))(params, tokens, features)[1]
    for i in range(2):
        alone = model.apply(params, tokens[i], features[i])
        np.testing.assert_allclose(batch[i], alone, atol=1e-5)
        np.testing.assert_allclose(steps[i], alone[-1], atol=1e-4)


def test_dropout_acts_in_training_only():
    model, params, tokens, features = make(dropout=0.5)
    plain, _, _, _ = make()
    still = model.apply(params, tokens, features)
    np.testing.assert_array_equal(still, plain.apply(params, tokens, features))
    a, b = (
        model.apply(params, tokens, features, key=jax.random.key(k)) for k in (0, 1)
    )
    assert not np.allclose(a, b) and not np.allclose(a, still)


def test_feature_scale_multiplies_the_features():
    model, params, tokens, features = make(feature_scale=(0.5, 1.0, 2.0, 1.0, 0.25))
    plain, _, _, _ = make()
    scaled = features * np.array(model.config.feature_scale, np.float32)[None]
    np.testing.assert_allclose(
        model.apply(params, tokens, features),
        plain.apply(params, tokens, scaled),
        atol=1e-5,
    )


def test_inputs_that_are_left_out_change_nothing():
    model, params, tokens, features = make(inputs=("type", "volume", "book"))
    whole, _, _, _ = make()
    changed = tokens.copy()
    changed[:, [1, 3]] = (changed[:, [1, 3]] + 1) % np.array([4, 2])
    want = model.apply(params, tokens, features)
    np.testing.assert_array_equal(model.apply(params, changed, features), want)
    assert not np.allclose(whole.apply(params, tokens, features), want)
    hidden_D = model.prefill(params, changed, features)[1]
    np.testing.assert_allclose(hidden_D, want[-1], atol=1e-4)
    changed[:, 2] = (changed[:, 2] + 1) % 5
    assert not np.allclose(model.apply(params, changed, features), want)


def test_the_default_model_has_under_a_million_parameters():
    params = jax.eval_shape(OrderModel().init, jax.random.key(0))
    assert 500_000 < num_params(params) < 1_000_000
