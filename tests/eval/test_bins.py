"""Bins by hand, and as numpy has them."""

import numpy as np
import pytest

from marsjax.eval.bins import (
    MAX_ATOMS,
    count,
    decile_edges,
    finite,
    freedman_diaconis_edges,
    make_grid,
    point_edges,
)


def test_freedman_diaconis_by_hand():
    """0 to 7: quartiles 1.75 and 5.25, width 2 x 3.5 / 2, so two bins."""
    values = np.arange(8.0)
    edges = freedman_diaconis_edges(values, as_numpy=False)
    np.testing.assert_allclose(edges, [0, 3.5, 7])
    assert edges[-1] > 7, "the greatest value lies inside of the last bin"
    assert freedman_diaconis_edges(values, as_numpy=True)[-1] == 7


@pytest.mark.parametrize("seed", range(3))
def test_freedman_diaconis_as_numpy_where_every_bin_is_held(seed):
    values = np.sort(np.random.default_rng(seed).uniform(size=2000))
    edges = freedman_diaconis_edges(values, as_numpy=True)
    np.testing.assert_allclose(edges, np.histogram_bin_edges(values, bins="fd"))


def test_outliers_do_not_make_empty_bins():
    values = np.append(np.linspace(0, 1, 1000), 1e12)
    edges = freedman_diaconis_edges(values, as_numpy=False)
    assert len(edges) < 20 and edges[-1] > 1e12


def test_equal_quartiles():
    """One bin in the original, which sees nothing; Scott's width here."""
    values = np.sort(np.concatenate([np.zeros(90), np.arange(1, 11)]))
    assert len(freedman_diaconis_edges(values, as_numpy=True)) == 2
    assert len(freedman_diaconis_edges(values, as_numpy=False)) > 4


def test_constant_values_have_one_bin():
    for as_numpy in (True, False):
        low, high = freedman_diaconis_edges(np.full(5, 3.0), as_numpy=as_numpy)
        assert low == 3 < high


def test_repeated_deciles_have_a_bin_of_their_own():
    values = np.sort(np.concatenate([np.full(50, 1.0), np.linspace(2, 3, 50)]))
    edges = decile_edges(values)
    np.testing.assert_allclose(edges[:2], [1, 1.01])
    assert len(edges) == 7


def test_counts_by_hand():
    grid = make_grid(np.array([1.0, 2.0]), np.array([1.0, 2.0]), 1.0)
    # Below 1, 1, up to 2, 2, above 2; and bins below 1, up to 2, from 2.
    assert grid.num_cells == 5 and list(grid.start_K) == [0, 1, 3]
    value = np.array([[0.0, 1.0, 1.25], [2.0, 7.0, np.nan]])
    got = count(grid, value, ~np.isnan(value))
    np.testing.assert_array_equal(got.count_BM, [[1, 1, 1, 0, 0], [0, 0, 0, 1, 1]])
    # To the upper edge of the cell, and in the last one from its lower edge.
    np.testing.assert_allclose(
        got.rest_BM, [[1, 0, 0.75, 0, 0], [0, 0, 0, 0, 5]], atol=1e-6
    )


@pytest.mark.parametrize("num", [MAX_ATOMS // 2, 50 * MAX_ATOMS])
def test_cells_stay_few_and_nothing_is_lost(num):
    values = finite(np.random.default_rng(0).standard_t(2, size=num))
    grid = make_grid(values, freedman_diaconis_edges(values, as_numpy=False), 1.0)
    assert grid.num_cells < 4 * MAX_ATOMS
    got = count(grid, values[None], np.ones((1, num), bool))
    assert got.count_BM.sum() == num
    assert not got.count_BM[0, 0] and not got.count_BM[0, -1]


def test_points():
    edges = point_edges(np.array([1.0, 1.0, 4.0]))
    np.testing.assert_allclose(edges, [1, 1, 4, 4])
    assert (np.diff(edges) > 0).all()


def test_finite_sorts_and_drops():
    got = finite(np.array([[3, np.nan], [np.inf, -1]]))
    np.testing.assert_array_equal(got, [-1, 3])
