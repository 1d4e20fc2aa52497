"""Checkpoints are written while training goes on, and are whole or not there."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.train import load_checkpoint, read_dataset
from marsjax.train import save as save_module
from marsjax.train.checkpoint import find_checkpoint, load_state
from marsjax.train.save import Saver
from marsjax.train.step import init_state


@pytest.fixture(scope="module")
def dataset(dataset_dir):
    return read_dataset(dataset_dir)


def held(monkeypatch):
    """Lets checkpoints be finished only once the event it returns is set."""
    go_on, sums = threading.Event(), save_module.file_sums

    def wait(path):
        assert go_on.wait(60)
        return sums(path)

    monkeypatch.setattr(save_module, "file_sums", wait)
    return go_on


@jax.jit
def shift(tree):
    return jax.tree.map(lambda x: x + 1, tree)


def test_what_is_written_is_the_state_when_it_was_asked_for(
    config, dataset, tmp_path, monkeypatch
):
    state = init_state(config)
    expected = jax.tree.map(np.array, state)  # copies
    go_on = held(monkeypatch)
    next_step = jax.jit(shift, donate_argnums=0)
    with Saver(config, dataset) as saver:
        saver.save(tmp_path / "best", {"step": 3}, state.params)
        saver.save(tmp_path / "latest", {"step": 3}, state.params, state)
        state = next_step(state)  # goes on over the arrays just saved
        jax.block_until_ready(state)
        assert find_checkpoint(tmp_path, ("best", "latest")) is None
        go_on.set()
        saver.wait()
        for kind in ("best", "latest"):
            assert find_checkpoint(tmp_path, (kind,)).name == "00000003"
    found, meta = load_state(tmp_path / "latest/00000003", config)
    for a, b in zip(*map(jax.tree.leaves, (found, expected)), strict=True):
        np.testing.assert_array_equal(a, b)
    assert meta["step"] == 3


def test_what_cannot_be_finished_leaves_the_one_before(
    config, dataset, tmp_path, monkeypatch
):
    params = {"x": jnp.arange(3.0)}
    (tmp_path / "full").mkdir()
    sums = save_module.file_sums

    def full(path):
        if "00000002" in path.name:
            raise OSError(28, "No space left on device")
        return sums(path)

    monkeypatch.setattr(save_module, "file_sums", full)
    with (
        pytest.raises(InputError, match=r"latest: cannot be written \(No space left"),
        Saver(config, dataset) as saver,
    ):
        saver.save(tmp_path / "latest", {"step": 1}, params)
        saver.save(tmp_path / "latest", {"step": 2}, params)
    assert find_checkpoint(tmp_path, ("latest",)).name == "00000001"
    # The next one clears away what was left.
    with Saver(config, dataset) as saver:
        saver.save(tmp_path / "latest", {"step": 3}, params)
    assert [p.name for p in (tmp_path / "latest").iterdir()] == ["00000003"]


def test_what_was_begun_is_finished_after_an_error(config, dataset, tmp_path):
    params = init_state(config).params
    with pytest.raises(ZeroDivisionError), Saver(config, dataset) as saver:
        saver.save(tmp_path / "best", {"step": 1}, params)
        raise ZeroDivisionError
    assert load_checkpoint(tmp_path).meta["step"] == 1


def test_the_same_step_again_takes_the_place_of_the_first(config, dataset, tmp_path):
    with Saver(config, dataset) as saver:
        for value in (1.0, 2.0):
            params = {"x": jnp.full(3, value)}
            meta = {"step": 4, "valid_nats": value}
            saver.save(tmp_path / "best", meta, params)
    (path,) = (tmp_path / "best").iterdir()
    assert save_module.json.loads((path / "checkpoint.json").read_text())[
        "valid_nats"
    ] == (2.0)


def test_a_folder_that_cannot_be_made_is_told(config, dataset, tmp_path):
    (tmp_path / "latest").write_text("in the way")
    with (
        pytest.raises(InputError, match="latest: cannot be written"),
        Saver(config, dataset) as saver,
    ):
        saver.save(tmp_path / "latest", {"step": 1}, {"x": jnp.zeros(2)})
