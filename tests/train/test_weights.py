"""A run that begins with the weights of another carries what they have seen."""

import dataclasses
import hashlib

import jax
import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.train import load_checkpoint, read_dataset, run, train
from marsjax.train.checkpoint import META
from marsjax.train.data import data_record
from marsjax.train.weights import KEY, read_weights


def changed(config, part="train", **options):
    new = dataclasses.replace(getattr(config, part), **options)
    return dataclasses.replace(config, **{part: new})


@pytest.fixture(scope="module")
def other_dir(make_dataset, dataset_dir, tmp_path_factory):
    """A dataset of the same tokenizer from another source."""
    dataset = read_dataset(dataset_dir)
    times = {"train": [[34200, 0], [35000, 0]], "valid": [[35000, 0], [36000, 0]]}
    tape = {"symbol": "B", "date": None, "files": [{"sha256": "c" * 64}]}
    arrays = np.array(dataset.tokens_TC)[::-1], np.array(dataset.features_TF)[::-1]
    path = tmp_path_factory.mktemp("other") / "dataset"
    return make_dataset(path, *arrays, tapes={"B_m1": tape | {"split_time": times}})


@pytest.fixture(autouse=True)
def steps_that_do_nothing(monkeypatch):
    def step_fn(state, batch):
        metrics = {"loss": 1.0, "grad_norm": 1.0}
        return state._replace(step=state.step + 1), metrics

    monkeypatch.setattr(run, "make_train_step", lambda _: step_fn)


def test_weights_are_taken_over_with_their_past(
    config, dataset_dir, other_dir, tmp_path
):
    config = changed(config, eval_every=100, steps=100)
    first_dir, second_dir = tmp_path / "first", tmp_path / "second"
    train(changed(config, seed=1), other_dir, first_dir, stop_at=1)
    train(config, dataset_dir, second_dir, init=first_dir, stop_at=1)
    first, second = load_checkpoint(first_dir), load_checkpoint(second_dir)
    jax.tree.map(np.testing.assert_array_equal, first.params, second.params)
    own, before = second.meta["data"]
    assert [own] == data_record([(read_dataset(dataset_dir), 1.0)])
    origin = hashlib.sha256((first.path / META).read_bytes()).hexdigest()
    assert before == first.meta["data"][0] | {KEY: origin}
    assert before["tapes"]["B_m1"]["train"] == [[34200, 0], [35000, 0]]

    # It goes on without the first checkpoint, but not with another.
    train(config, dataset_dir, second_dir, resume=True, stop_at=2)
    assert load_checkpoint(second_dir).meta["data"] == [own, before]
    with pytest.raises(InputError, match="begun with the weights of another"):
        train(config, dataset_dir, second_dir, resume=True, init=second_dir)
    # What comes after carries both.
    dataset = read_dataset(dataset_dir)
    weights = read_weights(second_dir, second.config, dataset)
    assert [set(each["tapes"]) for each in weights.record] == [set(), {"B_m1"}]

    def refused(says, **model):
        with pytest.raises(InputError, match=says) as caught:
            read_weights(first_dir, changed(first.config, "model", **model), dataset)
        assert "\n" not in str(caught.value)

    refused("d_model 16, not 32", d_model=32)
    refused("num_heads 2, not 4; num_kv_heads None, not 2", num_heads=4, num_kv_heads=2)
    other = changed(first.config, "model", window=4, dropout=0.0)
    assert read_weights(first_dir, other, dataset).params.keys() == first.params.keys()


def test_another_tokenizer_is_refused_before_anything_is_written(
    config, dataset_dir, make_dataset, tmp_path
):
    train(config, dataset_dir, tmp_path / "first", stop_at=1)
    dataset = read_dataset(dataset_dir)
    arrays = np.array(dataset.tokens_TC), np.array(dataset.features_TF)
    other = make_dataset(tmp_path / "other", *arrays, tokenizer_sha256="b" * 64)
    with pytest.raises(InputError, match="was trained with tokenizer aaaa"):
        train(config, other, tmp_path / "second", init=tmp_path / "first")
    assert not (tmp_path / "second").exists()
