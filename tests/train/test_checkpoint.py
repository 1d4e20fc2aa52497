"""Checkpoints come back as they were, or are refused in one line."""

import shutil

import jax
import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.train import load_checkpoint, read_dataset
from marsjax.train.checkpoint import save_checkpoint
from marsjax.train.step import init_state


@pytest.fixture
def saved(config, dataset_dir, tmp_path):
    """A checkpoint and what it holds."""
    params = init_state(config).params
    meta = {"step": 7, "valid_nats": 1.5}
    dataset = read_dataset(dataset_dir)
    save_checkpoint(tmp_path / "best", config, dataset, meta | {"step": 5}, params)
    path = save_checkpoint(tmp_path / "best", config, dataset, meta, params)
    return path, params, config


def test_a_checkpoint_comes_back_by_its_own_path_and_by_its_run(saved):
    path, params, config = saved
    assert [p.name for p in path.parent.iterdir()] == ["00000007"]
    for name in (path, path.parents[1]):
        found = load_checkpoint(name)
        assert found.config == config and found.path == path
        assert found.meta["step"] == 7 and found.meta["valid_nats"] == 1.5
        jax.tree.map(np.testing.assert_array_equal, found.params, params)


def test_only_checkpoints_make_way_for_a_newer_one(saved, dataset_dir):
    path, params, config = saved
    best = path.parent
    (best / ".DS_Store").write_text("x")
    (best / "notes").mkdir()
    (best / ".00000008.partial").mkdir()  # as a killed run leaves it
    save_checkpoint(best, config, read_dataset(dataset_dir), {"step": 9}, params)
    assert {p.name for p in best.iterdir()} == {".DS_Store", "notes", "00000009"}
    assert load_checkpoint(best.parent).meta["step"] == 9


def test_another_tokenizer_is_refused(saved):
    path = saved[0]
    assert load_checkpoint(path, tokenizer_sha256="a" * 64)
    with pytest.raises(InputError, match="was trained with tokenizer aaaa"):
        load_checkpoint(path, tokenizer_sha256="b" * 64)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def biggest(path):
    return max((path / "params").rglob("*"), key=lambda p: p.stat().st_size)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: cut(biggest(path)), "params/.*: is changed since it was written"),
        (lambda path: cut(path / "config.json"), "config.json: is changed"),
        (lambda path: cut(path / "checkpoint.json"), "checkpoint.json: is damaged"),
        (lambda path: (path / "checkpoint.json").write_text("[]"), "is damaged"),
        (lambda path: shutil.rmtree(path / "params"), "params/.*: is missing"),
        (lambda path: (path / "config.json").unlink(), "config.json: is missing"),
        (lambda path: (path / "dataset.json").unlink(), "dataset.json: is missing"),
        (lambda path: (path / "checkpoint.json").unlink(), "holds no checkpoint"),
    ],
)
def test_a_damaged_checkpoint_is_refused_in_one_line(saved, damage, says):
    path = saved[0]
    damage(path)
    with pytest.raises(InputError, match=says) as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)
