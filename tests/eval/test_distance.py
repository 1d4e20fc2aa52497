"""Distances by hand, and as scipy has them."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from marsjax.eval.bins import count, finite, freedman_diaconis_edges, make_grid
from marsjax.eval.distance import (
    compare,
    kolmogorov_smirnov,
    total_variation_of,
    wasserstein,
)


def compared(ref, gen) -> dict[str, float]:
    """Through bins fixed on the first."""
    ref, gen = (np.asarray(x, np.float64)[None] for x in (ref, gen))
    sorted_ref = finite(ref)
    edges = freedman_diaconis_edges(sorted_ref, as_numpy=False)
    grid = make_grid(sorted_ref, edges, sorted_ref.std())
    counts = [count(grid, x, np.isfinite(x)) for x in (ref, gen)]
    found = compare(grid, *counts)
    return {name: float(value[0]) for name, value in found.by_metric.items()}


def test_by_hand():
    """Bins [0, 3.5), [3.5, 7] and beyond: shares 1/2, 1/2, 0 and 3/4, 0, 1/4.

    F - G is -5/8, -4/8, ..., 1/8 over the seven unit steps and 1/4 over the three
    beyond, so that W1 is (5 + 4 + 3 + 2 + 1 + 0 + 1) / 8 + 3/4 = 11/4 over the
    deviation of 0..7, the root of 21/4.
    """
    got = compared(range(8), [0, 0, 0, 10])
    assert got["L1"] == pytest.approx(1 / 2)
    assert got["overlap"] == pytest.approx(1 / 2)
    assert got["KS"] == pytest.approx(5 / 8)
    assert got["W1"] == pytest.approx((11 / 4) / np.sqrt(21 / 4), rel=1e-6)


def test_the_same_is_at_zero_and_apart_at_one():
    values = np.random.default_rng(0).normal(size=300)
    same, apart = compared(values, values), compared(values, values + 100)
    assert same == {"L1": 0, "W1": 0, "KS": 0, "overlap": 1}
    assert (apart["L1"], apart["overlap"]) == (1, 0)
    assert apart["KS"] == pytest.approx(1)
    assert apart["W1"] == pytest.approx(100 / values.std(), rel=1e-5)


@pytest.mark.parametrize("shift", [0.0, 0.3])
@pytest.mark.parametrize("is_discrete", [True, False])
def test_against_exact_samples(shift, is_discrete):
    """Exact with few distinct values, and within a thousandth with many."""
    rng = np.random.default_rng(1)
    ref, gen = rng.standard_t(3, size=(2, 8000))
    gen = 1.1 * gen + shift
    if is_discrete:
        ref, gen = np.round(4 * ref), np.round(4 * gen) + 0.5 * rng.integers(2)
    got = compared(ref, gen)
    within = 1e-6 if is_discrete else 1e-3
    assert got["W1"] == pytest.approx(wasserstein(ref, gen), abs=within)
    assert got["KS"] == pytest.approx(kolmogorov_smirnov(ref, gen), abs=5 * within)
    assert kolmogorov_smirnov(ref, gen) == pytest.approx(ks_2samp(ref, gen).statistic)
    edges = freedman_diaconis_edges(finite(ref), as_numpy=False)
    assert got["L1"] == pytest.approx(total_variation_of(ref, gen, edges), abs=1e-6)


def test_values_between_and_beyond_those_of_the_reference_are_exact():
    """Here F - G changes its sign between two of the reference's."""
    ref, gen = [0, 1, 5, 9], [2, 3, 4, 13]
    got = compared(ref, gen)
    assert got["KS"] == pytest.approx(ks_2samp(ref, gen).statistic) == 0.5
    assert got["W1"] == pytest.approx(wasserstein(ref, gen), rel=1e-6)


def test_z_scores_are_of_the_reference():
    """Doubling both changes nothing; doubling the reference's deviation halves W1."""
    rng = np.random.default_rng(0)
    ref, gen = rng.normal(size=(2, 400)) + np.array([[0.0], [1.0]])
    assert wasserstein(ref, gen) == pytest.approx(wasserstein(2 * ref, 2 * gen))
    assert compared(ref, gen)["W1"] == pytest.approx(
        compared(7 * ref + 3, 7 * gen + 3)["W1"], rel=1e-4
    )


def test_missing_and_constant():
    nothing = compared(range(8), [np.nan])
    assert all(np.isnan(x) for x in nothing.values())
    constant = compared([2.0] * 5, [2.0] * 3)
    assert constant["W1"] == 0 and constant["L1"] == 0
    moved = compared([2.0] * 5, [3.0] * 3)
    assert np.isnan(moved["W1"]) and moved["L1"] == moved["KS"] == 1
