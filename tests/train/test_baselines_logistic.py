"""The regressions are proper, learn from the features, and only from the train part."""

import numpy as np
import pytest

from marsjax.train import read_dataset
from marsjax.train.baseline_logistic import (
    PENALTIES,
    Rows,
    fit_logistic,
    make_rows,
    some_positions,
)
from marsjax.train.evaluate import Scores, scored_positions
from tests.train.test_baselines import EVERY, SIZES


@pytest.fixture(scope="module")
def fitted(dataset_dir):
    dataset = read_dataset(dataset_dir)
    return dataset, fit_logistic(dataset)


def test_it_sums_to_one_after_any_order(fitted):
    _, logistic = fitted
    for bins, before in (([0, 0, 0], [0, 0, 0, 0]), ([7, 3, 5], [2, 3, 4, 1])):
        told = (np.tile(x, (len(EVERY), 1)) for x in (bins, before))
        rows = Rows(*(np.asarray(x, np.int32) for x in (*told, EVERY)))
        log_prob = logistic.log_prob(rows).sum(axis=1, dtype=np.float64)
        assert np.exp(log_prob).sum() == pytest.approx(1, abs=1e-5)


def test_it_learns_from_the_features(fitted):
    """The type is a function of a feature; nothing is known of the other fields."""
    dataset, logistic = fitted
    like = [
        Scores(tape, position_T, np.zeros((len(position_T), 1)))
        for tape, position_T in scored_positions(dataset, "test").items()
    ]
    scores = logistic.scores(dataset, like)["logistic"]
    for found, asked in zip(scores, like, strict=True):
        np.testing.assert_array_equal(found.position_T, asked.position_T)
        assert found.log_prob_TC.shape == (len(asked.position_T), len(SIZES))
    loss_C = -np.concatenate([s.log_prob_TC for s in scores]).mean(axis=0)
    known = np.log([1, 4, 5, 2])
    assert (loss_C < known + 0.3).all() and loss_C[0] < np.log(3) / 3, loss_C
    assert (loss_C > known - 0.1).all(), loss_C


def test_it_is_the_same_again_and_sees_no_test_order(fitted, make_dataset, tmp_path):
    dataset, logistic = fitted
    tokens, features = np.array(dataset.tokens_TC), np.array(dataset.features_TF)
    for segment in dataset.part("test"):
        tokens[segment.start : segment.stop] = 0
        features[segment.start : segment.stop] = 9
    changed = read_dataset(make_dataset(tmp_path, tokens, features))
    again = fit_logistic(changed)
    for ours, theirs in zip(logistic.weights, again.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(logistic.edges_FK, again.edges_FK)
    assert again.penalties == logistic.penalties
    assert set(logistic.penalties) <= set(PENALTIES)


def test_inputs_are_of_the_order_before(fitted):
    dataset, _ = fitted
    edges = np.array([[-1, 0, 4]] * 3)
    rows = make_rows(dataset, np.array([5, 900]), edges)
    np.testing.assert_array_equal(rows.before, dataset.tokens_TC[[4, 899]])
    np.testing.assert_array_equal(rows.after, dataset.tokens_TC[[5, 900]])
    values = np.asarray(dataset.features_TF[[4, 899]])
    expected = (values[..., None] >= edges[0]).sum(
        axis=-1
    )  # -1, 0 and 4 are lower ends
    np.testing.assert_array_equal(rows.bins, expected)


def test_very_many_orders_are_thinned_evenly(fitted):
    dataset, _ = fitted
    every = some_positions(dataset, "train", 10**6)
    few = some_positions(dataset, "train", 10)
    assert len(few) == 10 and few[0] == every[0] and few[-1] == every[-1]
    assert np.ptp(np.diff(np.searchsorted(every, few))) <= 1
