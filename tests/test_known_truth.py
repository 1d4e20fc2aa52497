"""The experiment pairs orders rightly, and a tiny run leaves what it promises."""

import json

import numpy as np
import pytest

from experiments.known_truth import Args, gap_of, main
from experiments.known_truth_data import first_orders
from experiments.known_truth_picture import LEAST, draw
from marsjax.config import ModelConfig, TrainConfig
from marsjax.errors import InputError
from marsjax.tokens.truth import DatasetTruth
from marsjax.train import Scores
from marsjax.train.data import Dataset, Segment

TRAIN = TrainConfig(
    batch_size=4, seq_len=16, eval_stride=16, ema_decay=0.5, final_learning_rate=1.0
)


def test_gaps_are_paired_order_by_order():
    rng = np.random.default_rng(0)
    truth = DatasetTruth(*rng.normal(-1, 1, (2, 40, 2)))
    first, second = np.arange(1, 20), np.arange(25, 40)
    scores = [
        Scores("a", first, truth.log_prob_TC[first] - [0.25, 0.5]),
        Scores("b", second, truth.log_prob_TC[second] - [0.75, 0.5]),
    ]
    gap = gap_of(7, scores, truth, ("x", "y"))
    assert gap.orders == 7
    np.testing.assert_allclose(gap.gap, [1, 1, 1])  # the same of every order
    np.testing.assert_allclose(gap.fields["x"], [0.5, 0.5, 0.5])
    whole = [-s.log_prob_TC.sum(axis=1).mean() for s in scores]
    np.testing.assert_allclose(gap.nats[0], np.mean(whole))
    joint = [s._replace(log_prob_TC=s.log_prob_TC.sum(1)[:, None]) for s in scores]
    again = gap_of(7, joint, truth, ("x", "y"))
    assert again.fields == {} and again.gap == gap.gap


def test_first_orders_are_those_of_the_first_days():
    segments = (
        Segment("a", "train", 0, 100),
        Segment("b", "train", 100, 200),
        Segment("c", "train", 200, 300),
        Segment("d", "test", 300, 400),
    )
    dataset = Dataset(None, None, None, segments, (), (), (), None, {}, "", None)
    kept = first_orders(dataset, 130).segments
    assert [s.stop - s.start for s in kept] == [100, 30, 0, 100]
    assert first_orders(dataset, 999).segments == segments


def test_stations_are_whole_steps():
    args = Args(out=None, orders=6_400, train=TRAIN)
    assert args.stations() == [(192, 3), (640, 10), (1920, 30), (6400, 100)]
    args = Args(out=None, orders=6_400, amounts=(640, 100, 650), train=TRAIN)
    assert args.stations() == [(128, 2), (640, 10)]


def test_the_figure_has_a_line_a_system_in_each_panel():
    point = {"orders": 10, "gap": (0.2, 0.1, 0.3)}
    below = {"orders": 100, "gap": (-0.1, -0.2, 0.1)}
    each = {"entropy": 7.0, "gaps": {"model": [point, below], "unigram": [point]}}
    figure = draw({"zi": each, "queue": each})
    assert len(figure.axes) == 2
    for axes in figure.axes:
        assert [len(line.get_xdata()) for line in axes.lines] == [2, 1]
        assert axes.lines[0].get_ydata().tolist() == [0.2, LEAST]
        assert axes.get_yscale() == axes.get_xscale() == "log"
    assert figure.axes[0].get_ylabel() and figure.axes[0].get_xlabel()


@pytest.mark.parametrize(
    "wrong",
    [
        {"day": 0},
        {"markets": ()},
        {"markets": ("zi", "zi")},
        {"amounts": (0,)},
        {"orders": 100, "amounts": (1_000,)},
    ],
)
def test_what_cannot_be_measured(tmp_path, wrong):
    with pytest.raises(InputError):
        main(Args(out=tmp_path / "out", train=TRAIN, **wrong))
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_tiny_run(tmp_path, capsys):
    args = Args(
        out=tmp_path / "out",
        markets=("zi",),
        orders=2_560,
        amounts=(640, 2_560),
        day=640,
        burn_in=100,
        held_out=1_280,
        slots=64,
        model=ModelConfig(d_model=16, num_layers=1, num_heads=2, window=16),
        train=TRAIN,
    )
    found = main(args)
    told = json.loads((tmp_path / "out/known_truth.json").read_text())
    assert told == json.loads(json.dumps(found))
    assert (tmp_path / "out/known_truth.png").stat().st_size > 5_000
    zi = found["zi"]
    assert zi["test_orders"] == 2 * 639
    assert abs(sum(zi["entropy_fields"].values()) - zi["entropy"]) < 1e-6
    assert {"model", "unigram", "bigram", "bigram_fields"} <= set(zi["gaps"])
    for gaps in zi["gaps"].values():
        assert [gap["orders"] for gap in gaps] == [640, 2_560]
        assert all(gap["gap"][1] > 0 for gap in gaps)  # the truth is never beaten
    first, last = zi["gaps"]["model"]
    assert last["gap"][2] < first["gap"][1]
    total = sum(mean for mean, *_ in last["fields"].values())
    assert abs(total - last["gap"][0]) < 1e-4
    assert capsys.readouterr().out.count("zi") >= 8
