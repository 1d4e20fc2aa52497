"""Checkpoints come back as they were, or are refused in one line."""

import dataclasses
import shutil

import jax
import numpy as np
import pytest

from marsjax.config import to_json
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


def test_another_tokenizer_is_refused(saved):
    path = saved[0]
    assert load_checkpoint(path, tokenizer_sha256="a" * 64)
    with pytest.raises(InputError, match="was trained with tokenizer aaaa"):
        load_checkpoint(path, tokenizer_sha256="b" * 64)


def damage_config(path):
    (path / "config.json").write_text("{")


def damage_meta(path):
    (path / "checkpoint.json").write_text("[]")


def damage_arrays(path):
    for file in (path / "params").rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def drop_arrays(path):
    shutil.rmtree(path / "params")


def drop_config(path):
    (path / "config.json").unlink()


def drop_meta(path):
    (path / "checkpoint.json").unlink()


def drop_dataset(path):
    (path / "dataset.json").unlink()


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (damage_config, "not JSON"),
        (damage_meta, "holds no object"),
        (damage_arrays, "missing, damaged or of another shape"),
        (drop_arrays, "missing, damaged or of another shape"),
        (drop_config, "cannot be read"),
        (drop_meta, "holds no checkpoint"),
        (drop_dataset, "cannot be read"),
    ],
)
def test_a_damaged_checkpoint_is_refused_in_one_line(saved, damage, says):
    path = saved[0]
    damage(path)
    with pytest.raises(InputError, match=says) as caught:
        load_checkpoint(path)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_parameters_of_another_shape_are_refused(saved):
    path, _, config = saved
    model = dataclasses.replace(config.model, d_model=32)
    text = to_json(dataclasses.replace(config, model=model))
    (path / "config.json").write_text(text)
    with pytest.raises(InputError, match="of another shape"):
        load_checkpoint(path)
