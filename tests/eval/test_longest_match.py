"""Longest matches against a search by hand and against theory."""

import numpy as np
import pytest

from marsjax.eval.longest_match import longest_matches


def by_hand(row, searched) -> int:
    best = 0
    for other in searched:
        for i in range(len(row)):
            for j in range(len(other)):
                n = 0
                while i + n < len(row) and j + n < len(other):
                    if row[i + n] != other[j + n] or row[i + n] < 0:
                        break
                    n += 1
                best = max(best, n)
    return best


@pytest.mark.parametrize("seed", range(6))
def test_as_by_hand(seed):
    rng = np.random.default_rng(seed)
    num_symbols = rng.integers(1, 5)
    rows = rng.integers(-1 if seed % 2 else 0, num_symbols, size=(5, 24))
    searched = rng.integers(-1 if seed % 2 else 0, num_symbols, size=(4, 31))
    found = longest_matches(rows, searched)
    expected = [by_hand(row, searched) for row in rows]
    np.testing.assert_array_equal(found.length_B, expected)
    for row, length, i, c, j in zip(rows, *found, strict=True):
        np.testing.assert_array_equal(row[i : i + length], searched[c, j : j + length])


def test_a_planted_copy_is_found():
    rng = np.random.default_rng(0)
    searched = rng.integers(0, 1000, size=(20, 5000))
    rows = rng.integers(0, 1000, size=(8, 500))
    rows[3, 111:151] = searched[7, 2345:2385]
    found = longest_matches(rows, searched)
    assert found.length_B[3] == 40
    assert (found.start_B[3], found.source_B[3]) == (111, 7)
    assert found.source_start_B[3] == 2345
    assert (np.delete(found.length_B, 3) < 5).all()


def test_no_match_crosses_an_end():
    searched = np.array([[0, 1, 2], [3, 4, 5]])
    rows = np.array([[1, 2, 3, 4], [5, -1, 0, 1], [6, 7, -1, -1]])
    found = longest_matches(rows, searched)
    np.testing.assert_array_equal(found.length_B, [2, 2, 0])
    np.testing.assert_array_equal(found.start_B, [0, 2, -1])
    np.testing.assert_array_equal(found.source_B, [0, 0, -1])


def test_whole_sequences_and_empty_ones():
    rows = np.tile(np.arange(7), (2, 1))
    assert (longest_matches(rows, rows).length_B == 7).all()
    assert (longest_matches(rows, np.zeros((2, 0), int)).length_B == 0).all()
    assert longest_matches(rows[:0], rows).length_B.shape == (0,)
    same = np.zeros((1, 50), int)
    assert longest_matches(same, np.zeros((3, 20), int)).length_B == 20


def test_random_sequences_grow_with_the_logarithm():
    """About log(n m) / log(symbols): Arratia and Waterman, 1985."""
    rng = np.random.default_rng(1)
    means = []
    for size in (1_000, 100_000):
        rows = rng.integers(0, 4, size=(64, 500))
        found = longest_matches(rows, rng.integers(0, 4, size=(1, size)))
        means.append(found.length_B.mean())
        expected = np.log(500 * size) / np.log(4)
        assert abs(means[-1] - expected) < 1.0
    np.testing.assert_allclose(means[1] - means[0], np.log(100) / np.log(4), atol=0.5)
