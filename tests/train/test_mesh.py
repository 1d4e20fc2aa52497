"""A run on many devices is the run on one, each array where its rule says."""

import dataclasses
import json

import jax
import numpy as np
import pytest
from jax.sharding import PartitionSpec

from marsjax.config import Config, MeshConfig, from_json, to_json
from marsjax.errors import InputError
from marsjax.train import load_checkpoint
from marsjax.train.checkpoint import find_checkpoint, load_state
from marsjax.train.mesh import make_mesh, mesh_sizes, share_of_process, specs
from marsjax.train.step import init_state
from tests.train.test_step import GOLDEN_LOSSES
from tests.train.worker import finish, job, start


def on(config, *sizes, **options):
    """``config`` on another mesh, with other options of training."""
    train = dataclasses.replace(config.train, **options)
    return dataclasses.replace(config, mesh=MeshConfig(*sizes), train=train)


def lines_of(out):
    """What a run has written while it trained."""
    return [json.loads(x) for x in (out / "metrics.jsonl").read_text().splitlines()]


def curve(out):
    """Loss and nats of the valid part, line by line."""
    return [(x["step"], x.get("loss", x.get("valid_nats"))) for x in lines_of(out)]


def test_the_rules_split_what_they_name(config):
    state = jax.eval_shape(lambda: init_state(config))
    found = specs(state, {"data": 2, "fsdp": 2, "tensor": 2})
    block, adam = found.params["blocks_0"], found.opt_state[1][0]
    assert block["qkv"]["kernel"] == PartitionSpec("fsdp", "tensor")
    assert block["down"]["kernel"] == PartitionSpec("tensor", "fsdp")
    assert found.params["tables"] == PartitionSpec(None, "fsdp")
    assert found.params["norm_out"]["scale"] == found.step == PartitionSpec()
    for like in (found.ema, adam.mu, adam.nu):
        assert like == found.params
    # Most of the state is split; what is left whole is small.
    whole = specs(state, {"data": 2, "fsdp": 1, "tensor": 1})
    assert set(jax.tree.leaves(whole, is_leaf=is_spec)) == {PartitionSpec()}
    left = [
        leaf.size
        for leaf, spec in zip(
            jax.tree.leaves(state.params),
            jax.tree.leaves(found.params, is_leaf=is_spec),
            strict=True,
        )
        if spec == PartitionSpec()
    ]
    total = sum(leaf.size for leaf in jax.tree.leaves(state.params))
    assert sum(left) < 0.1 * total


def is_spec(x):
    return isinstance(x, PartitionSpec)


def test_one_device_has_no_mesh(config):
    assert make_mesh(config) is None and share_of_process(None, 4) == (0, 1)
    assert mesh_sizes(MeshConfig(), 8) == (8, 1, 1)
    assert mesh_sizes(MeshConfig(2, None, 2), 8) == (2, 2, 2)
    # A config written before there were meshes is one without.
    old = json.loads(to_json(config))
    del old["mesh"]
    assert from_json(json.dumps(old), Config) == config


@pytest.mark.parametrize(
    ("sizes", "options", "says"),
    [
        ((2, 2, 2), {}, "is 8 devices, and there are 4"),
        ((1, 1, 4), {}, "2 heads do not split over 4 devices"),
        ((4, 1, 1), {"batch_size": 6}, "a batch of 6 does not split over 4 x 1"),
    ],
)
def test_a_mesh_that_does_not_fit_is_refused(config, monkeypatch, sizes, options, says):
    monkeypatch.setattr(jax, "device_count", lambda: 4)
    with pytest.raises(InputError, match=says):
        make_mesh(on(config, *sizes, **options))


@pytest.mark.parametrize("sizes", [(0, 1, 1), (None, None, 1)])
def test_sizes_that_mean_nothing_are_refused(sizes):
    with pytest.raises(InputError, match="config: mesh"):
        MeshConfig(*sizes)


def test_golden_steps_split_by_fsdp_and_tensor(config, dataset_dir):
    run = {"config": on(config, 1, 2, 2), "steps": 3}
    (losses,) = finish(start(job(dataset_dir, run), devices=4))
    np.testing.assert_allclose(losses, GOLDEN_LOSSES, atol=5e-4)


MESHES = ((1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2), (2, 2, 1), (1, 2, 2), (1, 4, 1))


@pytest.mark.slow
def test_every_mesh_trains_alike_and_resumes_on_any_other(
    config, dataset_dir, tmp_path
):
    config = on(config, batch_size=8, micro_batch=4)
    out = {sizes: tmp_path / "x".join(map(str, sizes)) for sizes in MESHES}
    runs = [{"config": on(config, *sizes), "out": out[sizes]} for sizes in MESHES]
    moved = {"config": on(config, 1, 4, 1), "out": tmp_path / "moved", "stop_at": 3}
    more = {"config": on(config, 2, 1, 1), "out": tmp_path / "moved", "resume": True}
    finish(start(job(dataset_dir, *runs, moved), devices=4))
    expected = curve(out[1, 1, 1])
    assert len(expected) == 8
    for sizes in MESHES:
        np.testing.assert_allclose(curve(out[sizes]), expected, atol=2e-4)

    # What four devices wrote is read on one as it is, and goes on there or on two.
    latest = find_checkpoint(tmp_path / "moved", ("latest",))
    saved = load_checkpoint(latest)
    state, meta = load_state(latest, saved.config)
    assert meta["devices"]["num"] == 4 and int(state.step) == 3
    for a, b in zip(*map(jax.tree.leaves, (state.ema, saved.params)), strict=True):
        np.testing.assert_array_equal(a, b)
    finish(start(job(dataset_dir, more), devices=2))
    np.testing.assert_allclose(curve(tmp_path / "moved"), expected, atol=2e-4)
