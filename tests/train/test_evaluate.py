"""Every order of a part is scored once, as the full forward pass scores it."""

import dataclasses

import jax
import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.lmm import OrderModel
from marsjax.train import intervals, nats, read_dataset
from marsjax.train.data import Segment
from marsjax.train.evaluate import scored_positions, windows
from marsjax.train.step import init_state


@pytest.mark.parametrize("length", [2, 9, 24, 25, 26, 40, 41, 200])
def test_windows_score_each_target_once_with_its_context(length):
    segment, context, stride = Segment("a", "test", 100, 100 + length), 8, 16
    targets = []
    for window in windows(segment, context, stride):
        assert segment.start <= window.start and window.stop <= segment.stop
        assert window.stop - window.start <= context + stride + 1
        enough = window.first - window.start >= context
        assert enough or window.start == segment.start
        targets.extend(range(window.first, window.stop))
    assert targets == list(range(101, 100 + length))


def test_nats_equal_one_forward_pass_over_the_segment(config, dataset_dir):
    """With one layer a window of context is all there is to know."""
    dataset = read_dataset(dataset_dir)
    params, model = init_state(config).params, OrderModel(config.model)
    scores = nats(params, config, dataset, "valid")

    @jax.jit
    def score_fn(params, tokens, features, targets):
        return model.log_prob(params, model.apply(params, tokens, features), targets)

    assert [s.tape for s in scores] == ["tape0", "tape1"]
    for found, segment in zip(scores, dataset.part("valid"), strict=True):
        span = slice(segment.start, segment.stop)
        tokens = dataset.tokens_TC[span].astype(np.int32)
        given = tokens[:-1], dataset.features_TF[span][:-1]
        expected = score_fn(params, *given, tokens[1:])
        np.testing.assert_allclose(found.log_prob_TC, expected, atol=1e-4)
        np.testing.assert_array_equal(
            found.position_T, np.arange(segment.start + 1, segment.stop)
        )


def test_a_limited_evaluation_scores_orders_of_the_whole_part(config, dataset_dir):
    dataset = read_dataset(dataset_dir)
    params = init_state(config).params
    full = {s.tape: s for s in nats(params, config, dataset, "valid")}
    some = nats(params, config, dataset, "valid", max_orders=64)
    for score in some:
        at = np.searchsorted(full[score.tape].position_T, score.position_T)
        np.testing.assert_allclose(
            score.log_prob_TC, full[score.tape].log_prob_TC[at], atol=1e-5
        )
    total = sum(len(s.position_T) for s in some)
    assert 0 < total < sum(len(s.position_T) for s in full.values())


def test_a_model_of_another_shape_is_refused(config, dataset_dir):
    dataset = read_dataset(dataset_dir)
    model = dataclasses.replace(config.model, num_features=4)
    other = dataclasses.replace(config, model=model)
    params = init_state(config).params
    with pytest.raises(InputError, match="has fields, their sizes and features"):
        nats(params, other, dataset, "valid")


def test_an_empty_part_is_refused(dataset_dir):
    dataset = read_dataset(dataset_dir)
    empty = dataclasses.replace(dataset, segments=(Segment("a", "test", 0, 1),))
    with pytest.raises(InputError, match="no orders to score"):
        scored_positions(empty, "test")


def test_intervals_cover_the_truth_and_widen_when_orders_cluster():
    rng = np.random.default_rng(0)
    independent = rng.normal(size=5_000)
    clustered = np.repeat(rng.normal(size=50), 100)
    found = intervals({"a": independent, "b": clustered})
    width = {tape: i.high - i.low for tape, i in found.items()}
    for tape, values in (("a", independent), ("b", clustered)):
        assert found[tape].low < values.mean() == pytest.approx(found[tape].mean)
        assert found[tape].high > values.mean()
    # A mean of 50 independent blocks has about the error 1 / sqrt(50).
    assert width["b"] == pytest.approx(2 * 1.96 / 50**0.5, rel=0.35)
    assert width["a"] == pytest.approx(2 * 1.96 / 5_000**0.5, rel=0.35)
    middle = (independent.mean() + clustered.mean()) / 2
    assert found["mean"].mean == pytest.approx(middle)
    assert width["mean"] < width["b"]
