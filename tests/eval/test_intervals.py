"""Bootstrap weights, and intervals that hold what they say."""

import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.eval.intervals import (
    bootstrap,
    bootstrap_weights,
    estimate,
    jackknife_weights,
    level_of,
    widening,
)
from tests.eval.made_counts import LAW, is_covered, made_counts, tilted

GROUPS = np.array(["b", "a", "b", "b", "a"])


def test_windows_are_drawn_within_their_group():
    weights_RB = bootstrap_weights(GROUPS, 50)
    assert weights_RB.shape == (50, 5) and weights_RB.dtype == np.float64
    for name, num in (("a", 2), ("b", 3)):
        assert (weights_RB[:, name == GROUPS].sum(axis=1) == num).all()
    assert len(np.unique(weights_RB, axis=0)) > 10
    assert np.array_equal(weights_RB, bootstrap_weights(GROUPS, 50))
    assert not np.array_equal(weights_RB, bootstrap_weights(GROUPS, 50, seed=1))


def test_groups_are_drawn_whole():
    weights_RB = bootstrap_weights(GROUPS, 50, level="groups")
    a_RB, b_RB = weights_RB[:, GROUPS == "a"], weights_RB[:, GROUPS == "b"]
    assert (a_RB == a_RB[:, :1]).all() and (b_RB == b_RB[:, :1]).all()
    assert (a_RB[:, 0] + b_RB[:, 0] == 2).all()
    assert np.array_equal(
        jackknife_weights(GROUPS, "groups"), [[1, 0, 1, 1, 0], [0, 1, 0, 0, 1]]
    )


def test_one_group_is_drawn_by_its_windows():
    one = np.array(["a"] * 6)
    assert level_of(one, "groups") == ("windows", "one group only: over its windows")
    drawn = bootstrap_weights(one, 20, level="groups")
    assert np.array_equal(drawn, bootstrap_weights(one, 20))
    found = bootstrap(lambda w: {"x": w @ np.arange(6.0)}, one, level="groups")
    assert "one group" in found["x"].note
    assert level_of(GROUPS, "groups")[1] == "over 2 groups only"
    with pytest.raises(InputError, match="level"):
        level_of(one, "days")


def test_mean_is_covered_at_the_stated_rate():
    """Windows of a group share its effect: only drawing groups tells of other ones."""
    group_B = np.repeat(np.arange(15), 4)
    found = {"groups": [], "windows": []}
    for seed in range(300):
        rng = np.random.default_rng([1, seed])
        value_B = np.repeat(rng.normal(size=15), 4) + rng.normal(size=60)

        def mean_fn(weights_RB, value_B=value_B):
            return {"mean": weights_RB @ value_B / weights_RB.sum(axis=1)}

        for level, out in found.items():
            out.append(bootstrap(mean_fn, group_B, seed=seed, level=level)["mean"])
    assert 0.92 <= is_covered(found["groups"], 0.0) <= 0.98
    assert is_covered(found["windows"], 0.0) < 0.75


def test_distance_is_covered_where_the_bias_is_seen_to():
    """Of a sample to a fixed law: draws lie above, and `percentile` with them."""
    group_B = np.zeros(12, int)
    target, kinds = tilted(0.15), ("percentile", "centred", "basic")
    found, values = {kind: [] for kind in kinds}, []
    for seed in range(200):
        rng = np.random.default_rng([2, seed])
        counts_BM = made_counts(rng, 12, LAW)

        def away_fn(weights_RB, counts_BM=counts_BM):
            law_RM = weights_RB @ counts_BM
            law_RM /= law_RM.sum(axis=1, keepdims=True)
            return {"L1": np.abs(law_RM - target[None]).sum(axis=1) / 2}

        for kind, out in found.items():
            out.append(bootstrap(away_fn, group_B, seed=seed, kind=kind)["L1"])
        values.append(found["basic"][-1].value)
    truth, usual = np.abs(LAW - target).sum() / 2, np.mean(values)
    assert usual > 1.2 * truth
    assert is_covered(found["centred"], usual) >= 0.93
    assert is_covered(found["basic"], truth) >= 0.85
    assert is_covered(found["percentile"], truth) < 0.6


def test_kinds_of_interval_by_hand():
    draws_R = np.arange(101.0)
    low, high = 2.5, 97.5
    assert estimate(40, draws_R)[:3] == (40, low, high)
    assert estimate(40, draws_R, kind="basic")[:3] == (40, 80 - high, 80 - low)
    assert estimate(40, draws_R, kind="centred")[:3] == (40, low - 10, high - 10)
    assert estimate(40, draws_R, wider=2)[:3] == (40, 50 - 95, 50 + 95)
    symmetric = estimate(50, draws_R, kind="bca", jackknife_J=np.array([49, 50, 51.0]))
    assert np.allclose(symmetric[:3], (50, low, high))
    skewed = estimate(50, draws_R, kind="bca", jackknife_J=np.array([40, 55, 55.0]))
    assert skewed.low > low and skewed.high > high
    assert widening(np.zeros(2), "windows") > 8 > 1.1 > widening(np.zeros(40)) > 1


def test_missing_draws_are_told():
    draws_R = np.arange(100.0)
    draws_R[:3] = np.nan
    assert estimate(50, draws_R).note == "3 of 100 draws have no value"
    draws_R[:10] = np.nan
    found = estimate(50, draws_R, note="a note")
    assert found.value == 50 and np.isnan(found.low) and np.isnan(found.high)
    assert found.note == "a note; no interval: 10 of 100 draws have no value"
    assert estimate(np.nan, draws_R).note == "no value"
    one = bootstrap(lambda w: {"x": w[:, 0]}, np.zeros(1))["x"]
    assert one.value == 1 and np.isnan(one.low) and "too few" in one.note
