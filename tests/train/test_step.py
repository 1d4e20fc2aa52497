"""One optimiser step does what its parts say."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.lmm import OrderModel
from marsjax.train.data import read_dataset
from marsjax.train.optimiser import (
    is_matrix,
    is_of_block,
    learning_rate,
    make_optimiser,
)
from marsjax.train.sampler import make_sampler
from marsjax.train.step import gradients, init_state, loss_fn, make_train_step

GOLDEN_LOSSES = (4.8039, 4.7972, 4.7571)
GOLDEN_MUON = (4.8039, 4.7972, 4.7617)


def sampler_for(config, dataset_dir):
    return make_sampler(
        read_dataset(dataset_dir),
        length=config.train.seq_len,
        batch_size=config.train.batch_size,
        seed=0,
        mirror=True,
    )


def changed(config, **options):
    return dataclasses.replace(
        config, train=dataclasses.replace(config.train, **options)
    )


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "GOLDEN_LOSSES"),
        ({"optimiser": "muon", "schedule": "wsd", "decay_share": 0.9}, "GOLDEN_MUON"),
    ],
)
def test_golden_steps(config, dataset_dir, options, name):
    config = changed(config, **options)
    state, losses = init_state(config), []
    sampler, step_fn = sampler_for(config, dataset_dir), make_train_step(config)
    for step in range(3):
        state, metrics = step_fn(state, sampler(step))
        losses.append(float(metrics["loss"]))
    np.testing.assert_allclose(
        losses,
        globals()[name],
        atol=5e-4,
        err_msg="the first losses of a fixed run changed. If the model, its "
        "initialisation, the sampler or the optimiser changed on purpose, set "
        f"{name} to {tuple(round(x, 4) for x in losses)} and say so in the "
        "commit; trained checkpoints may then not load. If not, this is a bug.",
    )
    assert int(state.step) == 3


def test_groups_of_windows_give_the_gradient_of_the_batch(config, dataset_dir):
    batch = sampler_for(config, dataset_dir)(0)
    model = dataclasses.replace(config.model, dropout=0.0)
    config = dataclasses.replace(config, model=model)
    params, key = init_state(config).params, jax.random.key(0)
    compute = jax.jit(gradients, static_argnums=1)
    whole = compute(params, changed(config, micro_batch=None), batch, key)
    # 3 does not divide the batch of 4: groups of 2 are taken.
    for most in (1, 3):
        parts = compute(params, changed(config, micro_batch=most), batch, key)
        for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(parts), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)


def test_the_first_loss_is_that_of_a_uniform_guess(config, dataset_dir):
    batch = sampler_for(config, dataset_dir)(0)
    params = init_state(config).params
    compute = jax.jit(loss_fn, static_argnums=1)
    loss, fields = compute(params, OrderModel(config.model), batch, jax.random.key(0))
    np.testing.assert_allclose(fields, np.log(config.model.field_sizes), atol=0.1)
    np.testing.assert_allclose(fields.sum(), loss, rtol=1e-6)


@pytest.fixture
def ones(config):
    """Parameters that need no random numbers, and so no compilation."""
    shapes = jax.eval_shape(OrderModel(config.model).init, jax.random.key(0))
    return jax.tree.map(lambda x: jnp.ones(x.shape), shapes)


@pytest.mark.parametrize("optimiser", ["adamw", "muon"])
def test_only_matrices_decay(config, ones, optimiser):
    params = ones
    mask = is_matrix(params)
    assert mask["blocks_0"]["qkv"]["kernel"] and mask["features"]["kernel"]
    assert not mask["tables"] and not mask["features"]["bias"]
    assert not mask["norm_out"]["scale"] and not mask["head"]["table_price"]
    # With no gradient, decay alone moves the parameters.
    config = changed(config, warmup_steps=0, optimiser=optimiser)
    optimiser = make_optimiser(config.train)
    zero = jax.tree.map(jnp.zeros_like, params)
    updates, _ = jax.jit(optimiser.update)(zero, optimiser.init(params), params)
    moved = jax.tree.map(lambda x: bool(jnp.any(x != 0)), updates)
    assert moved == mask


def test_muon_orthogonalises_the_matrices_of_the_blocks_and_no_other(config, ones):
    assert sum(jax.tree.leaves(is_of_block(ones))) == 5
    rng, square = np.random.default_rng(0), {"kernel": np.zeros((16, 24))}
    params = {"blocks_0": {"up": square}, "head": square, "tables": np.zeros((7, 16))}
    grads = jax.tree.map(lambda x: jnp.asarray(rng.normal(size=x.shape)), params)
    config = changed(config, warmup_steps=0, weight_decay=0.0, clip_norm=1e9)
    found = {}
    for name in ("adamw", "muon"):
        optimiser = make_optimiser(changed(config, optimiser=name).train)
        update = jax.jit(optimiser.update)
        found[name], _ = update(grads, optimiser.init(params), params)
    ours, theirs = found["muon"], found["adamw"]
    np.testing.assert_array_equal(ours["tables"], theirs["tables"])
    np.testing.assert_array_equal(ours["head"]["kernel"], theirs["head"]["kernel"])
    # Singular values much alike (of the gradient: 1 to 9), and together about as large
    # as what AdamW does.
    update = np.asarray(ours["blocks_0"]["up"]["kernel"]) / config.train.learning_rate
    values = np.linalg.svd(update, compute_uv=False)
    assert values.max() / values.min() < 2
    assert 0.1 < np.sqrt(np.mean(update**2)) < 0.3


def test_the_learning_rate_rises_and_falls(config):
    options = dataclasses.replace(
        config.train, steps=100, warmup_steps=10, learning_rate=0.5
    )

    def at(*steps, **more):
        schedule = learning_rate(dataclasses.replace(options, **more))
        return [float(schedule(step)) for step in steps]

    middle = 0.5 * (1 + options.final_learning_rate) / 2
    end = 0.5 * options.final_learning_rate
    expected = [0, 0.25, 0.5, middle, end]
    assert at(0, 5, 10, 55, 100) == pytest.approx(expected, abs=1e-6)
    found = at(0, 5, 10, 79, 80, 90, 100, schedule="wsd", decay_share=0.2)
    assert found == pytest.approx([0, 0.25, 0.5, 0.5, 0.5, middle, end], abs=1e-6)
    # A decay as long as the run begins where the warm-up ends, or at once.
    found = at(5, 10, 55, 100, schedule="wsd", decay_share=1.0)
    assert found == pytest.approx([0.25, 0.5, middle, end], abs=1e-6)
    found = at(0, 50, 100, schedule="wsd", decay_share=1.0, warmup_steps=0)
    assert found == pytest.approx([0.5, middle, end], abs=1e-6)


def test_dropout_changes_with_the_step_and_not_with_the_call(config, dataset_dir):
    batch = sampler_for(config, dataset_dir)(0)
    step_fn = make_train_step(config)
    losses = [
        float(step_fn(init_state(config)._replace(step=jnp.int32(n)), batch)[1]["loss"])
        for n in (0, 0, 1)
    ]
    assert losses[0] == losses[1] != losses[2]
