"""The Mann-Whitney statistic by hand, and how often its interval holds."""

import numpy as np
from scipy.stats import mannwhitneyu

from marsjax.eval.rank_auc import auc, auc_estimate


def test_as_scipy_has_it():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 6, 30) * 1.0, rng.integers(1, 8, 20) * 1.0
    folds = np.zeros(30), np.zeros(20)
    expected = mannwhitneyu(second, first).statistic / 600
    np.testing.assert_allclose(auc(first, second, *folds), [expected])


def test_pairs_of_one_fold_alone():
    """Scores of another model, however large, do not count."""
    first, second = np.array([0.0, 100.0]), np.array([1.0, 101.0])
    np.testing.assert_allclose(auc(first, second, np.arange(2), np.arange(2)), [1.0])
    assert np.isnan(auc(first, second, np.zeros(2), np.ones(2)))[0]


def test_weights_are_copies():
    rng = np.random.default_rng(1)
    first, second = rng.normal(size=12), rng.normal(size=9)
    num_B, num_C = rng.integers(0, 3, 12), rng.integers(0, 3, 9)
    folds = np.arange(12) % 2, np.arange(9) % 2
    weighted = auc(first, second, *folds, num_B[None] * 1.0, num_C[None] * 1.0)
    copies = auc(
        *(np.repeat(x, n) for x, n in ((first, num_B), (second, num_C))),
        *(np.repeat(x, n) for x, n in zip(folds, (num_B, num_C), strict=True)),
    )
    np.testing.assert_allclose(weighted, copies)


def test_the_interval_covers():
    """Normal scores one apart: the AUC is Phi(1 / sqrt 2) = 0.760."""
    rng = np.random.default_rng(2)
    covered = 0
    for seed in range(200):
        scores = rng.normal(size=32), 1 + rng.normal(size=32)
        folds = (np.arange(32) % 2,) * 2
        groups = (np.zeros(32),) * 2
        found = auc_estimate(scores, folds, groups, num_draws=200, seed=seed)
        covered += found.low <= 0.76025 <= found.high
    assert 0.90 <= covered / 200 <= 0.99


def test_all_pairs_in_order():
    scores, folds, groups = (np.arange(9.0), np.arange(9.0) + 9), (np.zeros(9),) * 2, 0
    groups = (np.zeros(9),) * 2
    found = auc_estimate(scores, folds, groups)
    assert found[:3] == (1.0, 1.0, 1.0)
    assert "every pair" in found.note
