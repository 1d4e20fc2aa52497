"""The tree of bits finds the ends of any set, however it came about."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marsjax.book import occupied

ROWS = 3
SIZE = 32**ROWS
levels = st.integers(0, SIZE - 1) | st.sampled_from([0, 31, 32, 1023, 1024, SIZE - 1])


@jax.jit
def ends(words_SW):
    return [
        find(words_SW, ROWS, side)
        for side in range(2)
        for find in (occupied.lowest, occupied.highest)
    ]


@jax.jit
def put(words_SW, side, level, is_occupied):
    for place, word in occupied.changed_words(words_SW, ROWS, side, level, is_occupied):
        words_SW = jax.lax.dynamic_update_slice(
            words_SW, word[None, None], (side, place)
        )
    return words_SW


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1), levels, st.booleans()), max_size=12))
def test_ends_of_two_sets(changes):
    sets = np.zeros((2, SIZE), bool)
    sets[1, 77] = True
    words_SW = jnp.asarray(occupied.tree_of(sets))
    for side, level, is_occupied in changes:
        sets[side, level] = is_occupied
        words_SW = put(words_SW, side, level, is_occupied)
    np.testing.assert_array_equal(words_SW, occupied.tree_of(sets))
    for i, (level, is_any) in enumerate(ends(words_SW)):
        here = np.flatnonzero(sets[i // 2])
        assert bool(is_any) == bool(len(here))
        if len(here):
            assert int(level) == here[-(i % 2)]


@pytest.mark.parametrize(("size", "rows"), [(1, 1), (32, 1), (33, 2), (32_769, 4)])
def test_rows_of_a_tree(size, rows):
    assert occupied.num_rows(size) == rows
    starts = occupied.row_starts(rows)
    assert len(starts) == rows and starts[0] == 0
    is_any = np.zeros((2, 32**rows), bool)
    assert occupied.tree_of(is_any).shape == (2, starts[-1] + 1)
