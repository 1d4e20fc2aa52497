"""A run can be stopped and resumed without a trace, and does not outlive a NaN."""

import dataclasses
import json

import jax
import numpy as np
import pytest

from marsjax.config import to_json
from marsjax.errors import InputError
from marsjax.train import (
    evaluate,
    load_checkpoint,
    nats,
    read_dataset,
    run,
    train,
)
from marsjax.train.baselines import NAMES
from marsjax.train.checkpoint import find_checkpoint, load_state
from marsjax.train.step import init_state, make_train_step


def changed(config, **options):
    return dataclasses.replace(
        config, train=dataclasses.replace(config.train, **options)
    )


def lines(out, *leave_out):
    found = [json.loads(x) for x in (out / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in x.items() if k not in leave_out} for x in found]


def test_a_resumed_run_is_the_run_never_stopped(config, dataset_dir, tmp_path):
    assert config.model.dropout > 0
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    summary = train(config, dataset_dir, whole)
    assert summary["step"] == 6 and not summary["stopped_early"]
    assert train(config, dataset_dir, halves, stop_at=3)["step"] == 3
    with (halves / "metrics.jsonl").open("a") as file:  # as a killed run leaves it
        file.write('{"step": 4, "loss": 0.0}\n{"step": 5, "lo')
    resumed = train(config, dataset_dir, halves, resume=True)
    assert resumed["valid_nats"] == summary["valid_nats"]
    states = []
    for out in (whole, halves):
        found = find_checkpoint(out, ("latest",))
        assert found.name == "00000006" and len(list(found.parent.iterdir())) == 1
        saved = load_checkpoint(out).config
        states.append(load_state(found, saved)[0])
    for a, b in zip(*map(jax.tree.leaves, states), strict=True):
        np.testing.assert_array_equal(a, b)  # bit for bit
    assert lines(whole, "orders_per_s") == lines(halves, "orders_per_s")


def test_a_run_writes_what_it_promises(config, dataset_dir, tmp_path):
    out = tmp_path / "run"
    summary = train(config, dataset_dir, out)
    steps = [x for x in lines(out) if "loss" in x]
    assert [x["step"] for x in steps] == [1, 2, 3, 4, 5, 6]
    for x in steps:
        fields = x["type"] + x["price"] + x["volume"] + x["interval"]
        assert x["loss"] == pytest.approx(fields, abs=1e-4)
        assert {"learning_rate", "grad_norm", "orders_per_s"} <= set(x)
    valid = [x for x in lines(out) if "valid_nats" in x]
    assert [x["step"] for x in valid] == [3, 6]
    assert min(x["valid_nats"] for x in valid) == summary["valid_nats"]
    assert tuple(summary["baselines"]) == NAMES
    checkpoint = load_checkpoint(out, tokenizer_sha256="a" * 64)
    assert checkpoint.config.model.feature_scale == (0.1, 0.5, 1.0)
    assert checkpoint.dataset["tokenizer_sha256"] == "a" * 64
    assert checkpoint.tokenizer == (dataset_dir / "tokenizer.json").read_text()
    assert checkpoint.meta["valid_nats"] == summary["valid_nats"]
    files = {p.name for p in out.iterdir()}
    assert files == {"config.json", "metrics.jsonl", "latest", "best"}

    # What was kept scores what was reported, and the report holds together.
    report = evaluate(checkpoint, read_dataset(dataset_dir), "valid")
    assert report["nats"]["model"]["mean"].mean == pytest.approx(summary["valid_nats"])
    for name, value in summary["baselines"].items():
        assert report["nats"][name]["mean"].mean == pytest.approx(value)
        gain = report["gain"][name]["mean"]
        assert gain.low < gain.mean < gain.high
        assert gain.mean == pytest.approx(value - summary["valid_nats"], abs=1e-6)
    assert sum(report["fields"]) == pytest.approx(summary["valid_nats"], abs=1e-5)
    json.dumps(report)


def test_training_learns(config, dataset_dir, tmp_path):
    """The type is a function of a feature: its log 2 nats must mostly go."""
    config = changed(
        config, steps=150, learning_rate=0.02, mirror=False, eval_every=150
    )
    config = changed(config, checkpoint_every=150, log_every=50, batch_size=8)
    train(config, dataset_dir, tmp_path / "run")
    last = lines(tmp_path / "run")[-1]
    assert last["valid_type"] < 0.2
    assert last["valid_nats"] < last["valid_unigram"]


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_checkpoint(
    config, dataset_dir, tmp_path, monkeypatch
):
    out = tmp_path / "run"
    train(config, dataset_dir, out, stop_at=3)
    before = load_checkpoint(out)

    def make_poisoned(config):
        step_fn = make_train_step(config)

        def poisoned(state, batch):
            state, metrics = step_fn(state, batch)
            if state.step == 5:
                params = jax.tree.map(lambda x: x * np.nan, state.params)
                return state._replace(params=params), metrics | {"loss": np.nan}
            return state, metrics

        return poisoned

    monkeypatch.setattr(run, "make_train_step", make_poisoned)
    with pytest.raises(InputError, match="loss is not finite at step 5") as caught:
        train(config, dataset_dir, out, resume=True)
    assert "latest/00000003" in str(caught.value)
    after = load_checkpoint(out)
    for a, b in zip(*map(jax.tree.leaves, (before.params, after.params)), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.slow
def test_patience_ends_a_run_that_does_not_improve(
    config, dataset_dir, tmp_path, monkeypatch
):
    step_fn = make_train_step(config)
    monkeypatch.setattr(run, "make_train_step", lambda _: step_fn)
    first = nats(init_state(config).params, config, read_dataset(dataset_dir), "valid")
    monkeypatch.setattr(run, "nats", lambda *_, **__: first)  # never better
    config = changed(config, steps=50, eval_every=1, patience=2)
    summary = train(config, dataset_dir, tmp_path / "run")
    assert summary["stopped_early"] and summary["step"] == 3
    # Resuming finds it stopped.
    again = train(config, dataset_dir, tmp_path / "run", resume=True)
    assert again["stopped_early"] and again["step"] == 3


def test_folders_that_are_not_ours_are_left_alone(config, dataset_dir, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(InputError, match="holds no run"):
        train(config, dataset_dir, out, resume=True)
    out.mkdir()
    (out / "thesis.tex").write_text("x")
    with pytest.raises(InputError, match="is not empty"):
        train(config, dataset_dir, out)
    assert [p.name for p in out.iterdir()] == ["thesis.tex"]
    with pytest.raises(InputError, match="holds no run"):
        train(config, dataset_dir, out, resume=True)


def test_resuming_another_config_or_dataset_is_refused(
    config, dataset_dir, make_dataset, tmp_path
):
    out = tmp_path / "run"
    train(config, dataset_dir, out, stop_at=1)
    with pytest.raises(InputError, match="another config"):
        train(changed(config, seed=7), dataset_dir, out, resume=True)
    dataset = read_dataset(dataset_dir)
    arrays = np.array(dataset.tokens_TC), np.array(dataset.features_TF)
    other = make_dataset(tmp_path / "other", *arrays, tokenizer_sha256="b" * 64)
    with pytest.raises(InputError, match="another tokenizer"):
        train(config, other, out, resume=True)
    mix = [(dataset_dir, 0.5)]
    with pytest.raises(InputError, match="other data, or on the same with other"):
        train(config, dataset_dir, out, mix=mix, resume=True)
    train(config, dataset_dir, tmp_path / "mixed", mix=mix, stop_at=1)
    data = load_checkpoint(tmp_path / "mixed").meta["data"]
    assert [record["weight"] for record in data] == [1.0, 0.5]
    assert {record["sha256"] for record in data} == {dataset.sha256}


def test_a_run_stopped_before_its_first_checkpoint_begins_anew(
    config, dataset_dir, tmp_path
):
    for resume in (False, True):
        out = tmp_path / f"run{resume}"
        (out / ".dataset-x1").mkdir(parents=True)
        (out / "best/.00000003.partial").mkdir(parents=True)
        (out / "config.json").write_text(to_json(changed(config, seed=9)))
        (out / "metrics.jsonl").write_text('{"step": 0}\n')
        train(config, dataset_dir, out, resume=resume, stop_at=1)
        assert lines(out)[0]["step"] == 1
        assert load_checkpoint(out).config.train.seed == config.train.seed
        assert not (out / ".dataset-x1").exists()


def test_what_fails_before_a_checkpoint_leaves_nothing(
    config, dataset_dir, tmp_path, monkeypatch
):
    out = tmp_path / "a/run"
    with pytest.raises(InputError, match="no training segment"):
        train(changed(config, seq_len=100_000), dataset_dir, out)
    assert not out.parent.exists()

    def make_poisoned(_):
        return lambda state, batch: (state, {"loss": np.nan, "grad_norm": 1.0})

    monkeypatch.setattr(run, "make_train_step", make_poisoned)
    with pytest.raises(InputError, match="not finite at step 1"):
        train(config, dataset_dir, out)
    assert not out.parent.exists()


def test_a_folder_that_cannot_be_made_or_is_another_programs(
    config, dataset_dir, tmp_path
):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="file/run: cannot be"):
        train(config, dataset_dir, tmp_path / "file/run")
    out = tmp_path / "other"
    out.mkdir()
    (out / "config.json").write_text('{"theme": "dark"}')
    with pytest.raises(InputError, match="is not empty and holds no run"):
        train(config, dataset_dir, out)
    assert (out / "config.json").read_text() == '{"theme": "dark"}'
