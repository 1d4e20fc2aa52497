"""The baselines are proper distributions, fitted on the train segments alone."""

import copy
import dataclasses
import itertools

import numpy as np
import pytest

from marsjax.train import fit_baselines, read_dataset
from marsjax.train.baseline_counts import Counter, Ladder
from marsjax.train.baselines import NAMES, neighbours
from marsjax.train.evaluate import Scores, scored_positions

SIZES = (3, 4, 5, 2)
EVERY = np.array(list(itertools.product(*map(range, SIZES))))


@pytest.fixture(scope="module")
def fitted(dataset_dir):
    dataset = read_dataset(dataset_dir)
    return dataset, fit_baselines(dataset)


def test_each_sums_to_one_after_any_orders(fitted):
    dataset, baselines = fitted
    tokens = np.array(dataset.tokens_TC[:2])
    pairs = [
        (SIZES, [0, 0, 0, 0]),  # the size of each field: no such order
        ([2, 3, 4, 1], [1, 2, 4, 1]),
        ([0, 1, 0, 0], [2, 3, 0, 1]),
        tuple(tokens),  # seen in this order
    ]
    for pair in pairs:
        earlier, before = (np.tile(order, (len(EVERY), 1)) for order in pair)
        found = baselines.log_prob(before, EVERY, earlier)
        assert set(found) == set(NAMES)
        for name in NAMES:
            np.testing.assert_allclose(np.exp(found[name]).sum(), 1, atol=1e-9)


def test_mixtures_and_small_pseudo_counts_stay_proper(fitted):
    _, baselines = fitted
    before = np.tile([1, 2, 4, 1], (len(EVERY), 1))
    for mixture in (0.0, 0.3, 1.0):
        weights = dict.fromkeys(baselines.weights, 0.1) | {"mixture": mixture}
        trigram = copy.copy(baselines.trigram)
        trigram.mixture = mixture
        changed = dataclasses.replace(baselines, weights=weights, trigram=trigram)
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
    for name, expected in zip(NAMES, np.log([4, 2, 2, 2, 2]), strict=True):
        loss = -np.mean([score.log_prob_TC.mean() for score in scores[name]])
        assert loss == pytest.approx(expected, abs=0.01), name
        for found, asked in zip(scores[name], like, strict=True):
            np.testing.assert_array_equal(found.position_T, asked.position_T)


def test_a_trigram_learns_what_two_orders_tell_and_a_bigram_cannot(
    make_dataset, tmp_path
):
    """Price bins that go on or turn back: known from two, of one alone half of 4."""
    rng = np.random.default_rng(0)
    prices = [0, 1]
    for turns in rng.random(7_998) < 0.1:
        step = prices[-1] - prices[-2]
        prices.append((prices[-1] + (-step if turns else step)) % 4)
    tokens = np.zeros((8_000, 4), np.uint8)
    tokens[:, 1] = prices
    features = np.zeros((len(tokens), 3), np.int16)
    dataset = read_dataset(make_dataset(tmp_path, tokens, features))
    baselines = fit_baselines(dataset)
    positions = np.concatenate(list(scored_positions(dataset, "test").values()))
    orders = neighbours(dataset, positions)
    found = baselines.log_prob(orders.before, orders.after, orders.earlier)
    known = -(0.1 * np.log(0.1) + 0.9 * np.log(0.9))
    for name, expected in zip(NAMES[1:], (np.log(2),) * 2 + (known,) * 2, strict=True):
        assert -found[name].mean() == pytest.approx(expected, abs=0.03), name


def test_the_first_order_of_a_segment_has_none_before_it(fitted):
    dataset, _ = fitted
    start = dataset.part("valid")[0].start
    orders = neighbours(dataset, np.array([1, 2, start + 1, start + 2]))
    np.testing.assert_array_equal(orders.earlier[[0, 2]], [SIZES, SIZES])
    tokens = dataset.tokens_TC
    np.testing.assert_array_equal(orders.earlier[[1, 3]], tokens[[0, start]])
    np.testing.assert_array_equal(orders.before, tokens[[0, 1, start, start + 1]])


def test_a_ladder_by_hand():
    """Two contexts, one of them seen with the longer context 1 alone."""
    short, long, outcome = (np.array(x) for x in ([0, 0, 1], [1, 1, 2], [0, 1, 1]))
    ladder = Ladder([(short, 2), (long, 3)], outcome, 2)
    ladder.pseudo = [2.0, 1.0]
    asked = [(np.array([0, 0, 1]), 2), (np.array([1, 2, 1]), 3)]
    found = ladder.probability(ladder.counts(asked, np.array([0, 0, 0])), 0.5)
    # (1 + 2 * 0.5) / (2 + 2); then (1 + 1 * 0.5) / (2 + 1), or nothing more is known;
    # context 1 has only been seen with outcome 1: (0 + 2 * 0.5) / (1 + 2).
    np.testing.assert_allclose(found, [0.5, 0.5, 1 / 3])


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
