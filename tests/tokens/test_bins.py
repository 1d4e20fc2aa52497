"""Known answers for equal-frequency bins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marsjax.tokens.bins import (
    equal_frequency_edges,
    quantile_table,
    symmetric_edges,
    to_bins,
)


def test_distinct_values_split_evenly():
    edges = equal_frequency_edges(np.arange(100), 4)
    assert edges.tolist() == [24, 49, 74]
    assert np.bincount(to_bins(np.arange(100), edges)).tolist() == [25] * 4


def test_a_frequent_value_has_its_own_bin():
    values = np.array([1] * 10 + [2] * 60 + list(range(3, 33)))
    bins = to_bins(values, equal_frequency_edges(values, 5))
    assert len(set(bins[values == 2])) == 1
    assert set(values[bins == bins[values == 2][0]]) == {2}


def test_outliers_fall_in_the_end_bins():
    edges = equal_frequency_edges(np.arange(100), 4)
    assert to_bins(np.array([-(10**12), 10**12]), edges).tolist() == [0, 3]


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=200), st.integers(1, 16))
def test_bins_cover_and_keep_order(values, num_bins):
    values = np.array(values)
    edges = equal_frequency_edges(values, num_bins)
    bins = to_bins(np.sort(values), edges)
    assert len(edges) == num_bins - 1
    assert (np.diff(edges) >= 0).all() and (np.diff(bins) >= 0).all()
    assert bins.min() >= 0 and bins.max() < num_bins
    # A value more frequent than its share of all stands alone in its bin.
    unique, counts = np.unique(values, return_counts=True)
    for value in unique[counts * num_bins >= 2 * len(values)]:
        in_bin = values[to_bins(values, edges) == to_bins(value, edges)]
        if to_bins(value, edges) < num_bins - 1:
            assert set(in_bin) == {value}


@given(st.lists(st.integers(-99, 99).filter(bool), min_size=1, max_size=200))
def test_symmetric_bins_mirror(values):
    values = np.array(values)
    edges = symmetric_edges(values, 8)
    assert (to_bins(values, edges) + to_bins(-values, edges) == 7).all()


def test_table_samples_the_bins_distribution():
    values = np.array([1] * 30 + [2] * 10 + [9] * 40)
    edges = equal_frequency_edges(values, 2)
    table = quantile_table(values, edges, 100)
    assert (table[0] == 1).sum() == 75 and (table[0] == 2).sum() == 25
    assert (table[1] == 9).all()


def test_an_empty_bin_decodes_to_a_neighbour():
    table = quantile_table(np.array([5, 5, 5]), np.array([4, 5, 5]), 4)
    assert (table == 5).all()


def test_nothing_to_bin_is_an_error():
    with pytest.raises(ValueError, match="no values"):
        equal_frequency_edges(np.array([]), 4)
