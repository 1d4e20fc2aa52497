"""The report holds the model beside every baseline, on the same orders."""

import jax
import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.lmm import OrderModel
from marsjax.train import Checkpoint, evaluate, read_dataset
from marsjax.train.baseline_boosted import can_boost
from marsjax.train.evaluate import Scores
from marsjax.train.report import best_baseline, fit_kinds


class Told:
    """A baseline of a constant likelihood."""

    def __init__(self, **nats):
        self.nats = nats

    def scores(self, dataset, like):
        return {
            name: [
                Scores(s.tape, s.position_T, np.full((len(s.position_T), 2), -x / 2))
                for s in like
            ]
            for name, x in self.nats.items()
        }


@pytest.fixture
def checkpoint(config, dataset_dir):
    params = OrderModel(config.model).init(jax.random.key(0))
    return Checkpoint(params, config, {}, {}, None, dataset_dir)


def test_every_baseline_given_and_none(checkpoint, dataset_dir):
    dataset = read_dataset(dataset_dir)
    baselines = [Told(bad=9.0, good=3.0), Told(other=5.0)]
    report = evaluate(checkpoint, dataset, "test", baselines=baselines)
    assert list(report["nats"]) == ["model", "bad", "good", "other"]
    assert best_baseline(report) == "good"
    for name, nats in (("bad", 9), ("good", 3), ("other", 5)):
        for tape, ours in report["nats"]["model"].items():
            assert report["nats"][name][tape] == pytest.approx((nats,) * 3)
            gain = report["gain"][name][tape]
            assert gain.mean == pytest.approx(nats - ours.mean)
            # Paired: of a constant the gain has the interval of the model.
            assert gain.high - gain.low == pytest.approx(ours.high - ours.low)
    bare = evaluate(checkpoint, dataset, "test", baselines=[])
    assert set(bare["nats"]) == {"model"} and best_baseline(bare) is None


def test_kinds_are_fitted_as_named(dataset_dir):
    dataset, told = read_dataset(dataset_dir), []
    (counts,) = fit_kinds(
        dataset, ["counts"], progress_fn=lambda done, total: told.append((done, total))
    )
    assert told == [(0, 1), (1, 1)]
    assert type(counts).__name__ == "Baselines"
    if not can_boost():
        with pytest.raises(InputError, match="LightGBM"):
            fit_kinds(dataset, ["boosted"])
