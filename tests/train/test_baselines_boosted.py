"""Boosted trees, where LightGBM is installed; and what is said where it is not."""

import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.train import baseline_boosted, read_dataset
from marsjax.train.baseline_boosted import can_boost, fit_boosted
from marsjax.train.evaluate import Scores, scored_positions


def test_without_lightgbm_the_extra_is_named(dataset_dir, monkeypatch):
    monkeypatch.setattr(baseline_boosted, "can_boost", lambda: False)
    with pytest.raises(InputError, match=r"\[boosted\]"):
        fit_boosted(read_dataset(dataset_dir))


@pytest.mark.skipif(not can_boost(), reason="LightGBM is not installed")
def test_trees_learn_from_the_features_and_are_proper(dataset_dir):
    dataset = read_dataset(dataset_dir)
    boosted = fit_boosted(dataset)
    like = [
        Scores(tape, position_T, np.zeros((len(position_T), 1)))
        for tape, position_T in scored_positions(dataset, "test").items()
    ]
    (first, _) = boosted.scores(dataset, like)["boosted"]
    assert first.log_prob_TC.shape == (len(like[0].position_T), 4)
    loss_C = -first.log_prob_TC.mean(axis=0)
    assert (loss_C < np.log([1, 4, 5, 2]) + 0.3).all(), loss_C
    assert (loss_C > np.log([1, 4, 5, 2]) - 0.1).all()
    again = fit_boosted(dataset).log_prob(dataset, like[0].position_T)
    np.testing.assert_array_equal(again, first.log_prob_TC)
    # Each factor sums to one over its field: 2 outcomes stand side by side too.
    for f, tree in enumerate(boosted.trees):
        inputs = baseline_boosted._inputs(dataset, like[0].position_T, f)
        np.testing.assert_allclose(tree.predict(inputs).sum(axis=1), 1, atol=1e-6)
