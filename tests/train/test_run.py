"""A run tells what it does, keeps no bad state, and stops when the loss rises."""

import dataclasses
import json
import struct

import pytest

from marsjax.errors import InputError
from marsjax.train import progress, run, tensorboard, train
from marsjax.train.checkpoint import find_checkpoint


@pytest.fixture
def calm(config):
    """100 steps that keep their state every 35 and are never evaluated before."""
    options = {"steps": 100, "checkpoint_every": 35, "eval_every": 1_000}
    options |= {"ema_decay": None, "patience": None, "log_every": 50}
    return dataclasses.replace(
        config, train=dataclasses.replace(config.train, **options)
    )


def losing(monkeypatch, losses):
    """Steps that learn nothing and report these losses."""

    def step_fn(state, batch):
        metrics = {"loss": losses(int(state.step) + 1), "grad_norm": 1.0}
        return state._replace(step=state.step + 1), metrics

    monkeypatch.setattr(run, "make_train_step", lambda _: step_fn)


def test_a_spike_stops_the_run_and_no_state_of_it_is_kept(
    calm, dataset_dir, tmp_path, monkeypatch
):
    losing(monkeypatch, lambda step: 3.0 + 0.01 * (step % 3) + 2.0 * (step > 68))
    with pytest.raises(InputError) as caught:
        train(calm, dataset_dir, tmp_path / "run")
    told = str(caught.value)
    assert "5.009 nats an order, the mean of the 10 steps up to 78" in told
    assert "from a level of 3.010" in told and "lower learning_rate (--init)" in told
    # Due at step 70, when the loss was high already.
    assert str(tmp_path / "run/latest/00000035") in told
    assert find_checkpoint(tmp_path / "run", ("latest",)).name == "00000035"
    # The level is kept too: the same losses stop a resumed run at the same step.
    with pytest.raises(InputError, match="up to 78, from a level of 3"):
        train(calm, dataset_dir, tmp_path / "run", resume=True)
    off = dataclasses.replace(calm, train=dataclasses.replace(calm.train, spike=None))
    summary = train(off, dataset_dir, tmp_path / "off", stop_at=90)
    assert summary["step"] == 90


def test_a_checkpoint_waits_until_the_loss_is_down_again(
    calm, dataset_dir, tmp_path, monkeypatch
):
    losing(monkeypatch, lambda step: 3.0 + 2.0 * (68 < step < 73))
    steps = []
    save = run.Run._save

    def told(self, kind, state=None):
        steps.append(self.step)
        save(self, kind, state)

    monkeypatch.setattr(run.Run, "_save", told)
    train(calm, dataset_dir, tmp_path / "run", stop_at=80)
    assert steps == [35, 73, 80]


def test_a_run_that_ends_high_keeps_the_state_before(
    calm, dataset_dir, tmp_path, monkeypatch
):
    losing(monkeypatch, lambda step: 3.0 + 2.0 * (step > 68))
    summary = train(calm, dataset_dir, tmp_path / "run", stop_at=70)
    assert summary["step"] == 70
    assert summary["checkpoint"].endswith("latest/00000035")


def events(folder):
    """Scalars of a TensorBoard file, read by the format of its records."""
    from tensorboardX.proto.event_pb2 import Event

    (file,) = folder.iterdir()
    data, found = file.read_bytes(), []
    while data:
        (length,) = struct.unpack("<Q", data[:8])
        event = Event.FromString(data[12 : 12 + length])
        for value in event.summary.value:
            found.append((event.step, value.tag, value.simple_value))
        data = data[16 + length :]
    return found


def test_tensorboard_gets_the_scalars_of_the_lines(tmp_path):
    pytest.importorskip("tensorboardX")
    writer = tensorboard.open_writer(tmp_path / "tensorboard", 0)
    metrics = progress.Metrics(tmp_path / "metrics.jsonl", 0, writer)
    metrics.write(step=10, loss=2.5, orders_per_s=100.0)
    metrics.write(step=20, valid_nats=2.25)
    metrics.close()
    text = (tmp_path / "metrics.jsonl").read_text()
    lines = [json.loads(x) for x in text.splitlines()]
    written = [
        (line["step"], name, value)
        for line in lines
        for name, value in line.items()
        if name != "step"
    ]
    assert events(tmp_path / "tensorboard") == written
    assert len(written) == 3


def test_tensorboard_is_asked_for_and_has_to_be_there(
    calm, dataset_dir, tmp_path, monkeypatch
):
    monkeypatch.setattr(tensorboard.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r'pip install "marsjax\[tensorboard\]"'):
        train(calm, dataset_dir, tmp_path / "run", tensorboard=True)
    assert not (tmp_path / "run").exists()
