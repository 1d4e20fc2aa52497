"""The intervals hold the truth as often as they say."""

import numpy as np
import pytest
from scipy.signal import lfilter

from marsjax.train.bootstrap import block_means, intervals


def test_intervals_of_dependent_orders_hold_the_mean_about_95_times_of_100():
    """A first-order autoregression; as if independent it were half as often."""
    rng, times, held, held_alone = np.random.default_rng(0), 200, 0, 0
    for seed in range(times):
        values = lfilter([1], [1, -0.9], rng.normal(size=5_000))
        found = intervals({"tape": values}, draws=400, seed=seed)["tape"]
        held += found.low <= 0 <= found.high
        held_alone += abs(values.mean()) <= 1.96 * values.std() / len(values) ** 0.5
    assert 0.89 <= held / times <= 0.99
    assert held_alone / times < 0.6


def test_the_mean_of_tapes_weighs_them_alike():
    values = {"a": np.full(100, 1.0), "b": np.full(900, 3.0)}
    found = intervals(values)
    assert found["a"] == (1, 1, 1) and found["b"] == (3, 3, 3)
    assert found["mean"] == (2, 2, 2)


def test_blocks_are_whole_and_weighed_by_their_orders():
    rng = np.random.default_rng(0)
    means = block_means(np.arange(10.0), 3, 500, rng)  # blocks of 4, 3 and 3
    blocks = np.array([[6.0, 4], [15, 3], [24, 3]])  # sum and orders of each
    picks = np.stack(np.meshgrid(*[range(3)] * 3), -1).reshape(-1, 3)
    possible = blocks[picks, 0].sum(axis=1) / blocks[picks, 1].sum(axis=1)
    assert all(np.isclose(possible, mean).any() for mean in means)
    assert means.mean() == pytest.approx(4.5, abs=0.3)
