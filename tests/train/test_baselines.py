"""The baselines are proper distributions, fitted on the train segments alone."""

import dataclasses
import itertools

import numpy as np
import pytest

from marsjax.train import fit_baselines, read_dataset
from marsjax.train.baselines import NAMES, Counter
from marsjax.train.evaluate import Scores, scored_positions

SIZES = (3, 4, 5, 2)
EVERY = np.array(list(itertools.product(*map(range, SIZES))))


@pytest.fixture(scope="module")
def fitted(dataset_dir):
    dataset = read_dataset(dataset_dir)
    return dataset, fit_baselines(dataset)


def test_each_sums_to_one_after_any_order(fitted):
    _, baselines = fitted
    for before in ([0, 0, 0, 0], [1, 2, 4, 1], [2, 3, 0, 1]):
        found = baselines.log_prob(np.tile(before, (len(EVERY), 1)), EVERY)
        for name in NAMES:
            np.testing.assert_allclose(np.exp(found[name]).sum(), 1, atol=1e-9)


def test_mixtures_and_small_pseudo_counts_stay_proper(fitted):
    _, baselines = fitted
    before = np.tile([1, 2, 4, 1], (len(EVERY), 1))
    for mixture in (0.0, 0.3, 1.0):
        weights = dict.fromkeys(baselines.weights, 0.1) | {"mixture": mixture}
        changed = dataclasses.replace(baselines, weights=weights)
        for log_prob in changed.log_prob(before, EVERY).values():
            np.testing.assert_allclose(np.exp(log_prob).sum(), 1, atol=1e-9)


def test_the_unigram_approaches_the_frequencies(fitted):
    dataset, baselines = fitted
    weights = dict.fromkeys(baselines.weights, 1e-6)
    bare = dataclasses.replace(baselines, weights=weights)
    train = np.concatenate(
        [dataset.tokens_TC[s.start : s.stop] for s in dataset.part("train")]
    )
    index = np.ravel_multi_index(tuple(train.T), SIZES)
    share = np.bincount(index, minlength=len(EVERY)) / len(index)
    found = np.exp(bare.log_prob(EVERY, EVERY)["unigram"])
    np.testing.assert_allclose(found, share, atol=1e-6)


def test_a_bigram_learns_what_follows_and_a_unigram_cannot(make_dataset, tmp_path):
    """Price bins that stay or go one up: log 2 is left of log 4."""
    rng = np.random.default_rng(0)
    tokens = np.zeros((8_000, 4), np.uint8)
    tokens[:, 1] = np.cumsum(rng.integers(0, 2, len(tokens))) % 4
    features = np.zeros((len(tokens), 3), np.int16)
    dataset = read_dataset(make_dataset(tmp_path, tokens, features))
    like = [
        Scores(tape, position_T, np.zeros((len(position_T), 1)))
        for tape, position_T in scored_positions(dataset, "test").items()
    ]
    scores = fit_baselines(dataset).scores(dataset, like)
    for name, expected in zip(NAMES, np.log([4, 2, 2]), strict=True):
        loss = -np.mean([score.log_prob_TC.mean() for score in scores[name]])
        assert loss == pytest.approx(expected, abs=0.01), name
        for found, asked in zip(scores[name], like, strict=True):
            np.testing.assert_array_equal(found.position_T, asked.position_T)


def test_orders_outside_the_train_part_count_for_nothing(
    fitted, make_dataset, tmp_path
):
    dataset, baselines = fitted
    tokens = np.array(dataset.tokens_TC)
    for segment in dataset.part("test"):
        tokens[segment.start : segment.stop] = 0
    changed = make_dataset(tmp_path, tokens, np.array(dataset.features_TF))
    again = fit_baselines(read_dataset(changed))
    assert again.weights == baselines.weights
    before = np.tile([1, 2, 4, 1], (len(EVERY), 1))
    for name, log_prob in again.log_prob(before, EVERY).items():
        np.testing.assert_array_equal(log_prob, baselines.log_prob(before, EVERY)[name])


def test_counter_counts():
    counter = Counter(np.array([5, 3, 5, 9]))
    np.testing.assert_array_equal(counter(np.array([3, 5, 4, 10, 0])), [1, 2, 0, 0, 0])
    np.testing.assert_array_equal(Counter(np.zeros(0, np.int64))(np.array([1])), [0])
