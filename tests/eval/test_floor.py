"""Real windows are at the floor, others are above it."""

from functools import partial

import numpy as np
import pytest

from marsjax.eval import scores
from marsjax.eval.cut import join
from marsjax.eval.fit import fit
from marsjax.eval.floor import floored, floors, share_beyond, to_scores
from tests.eval.made import make_windows
from tests.eval.made_counts import (
    LAW,
    is_covered,
    made_counts,
    tilted,
    total_variation_fn,
)

GROUP_B = np.repeat(["a", "b"], 14)
NUM_SIMULATIONS = 200


def simulated(by: float, key: int):
    """Scores of generated windows whose law leans by so much."""
    out = []
    for seed in range(NUM_SIMULATIONS):
        rng = np.random.default_rng([key, seed])
        parts = (made_counts(rng, 28, law) for law in (LAW, tilted(by)))
        score_fn = total_variation_fn(*parts)
        out.append(floored(score_fn, GROUP_B, GROUP_B, seed=seed, num_draws=100)["L1"])
    return out


def test_real_against_real_is_at_the_floor():
    found = simulated(0.0, 1)
    excess = np.array([x.excess.value for x in found])
    assert abs(excess.mean()) < 4 * excess.std() / NUM_SIMULATIONS**0.5
    assert is_covered([x.excess for x in found], 0.0) >= 0.93
    p = np.array([x.p_value for x in found])
    for level in (0.05, 0.25, 0.5, 0.75):
        error = (level * (1 - level) / NUM_SIMULATIONS) ** 0.5
        assert abs((p <= level).mean() - level) < 3.5 * error, level


def test_another_law_is_above_it_and_the_intervals_hold():
    found = simulated(1.0, 2)
    assert max(x.p_value for x in found) < 0.05
    assert min(x.excess.low for x in found) > 0
    for name in ("value", "excess"):
        estimates = [getattr(x, name) for x in found]
        truth = np.mean([x.value for x in estimates])
        assert 0.91 <= is_covered(estimates, truth) <= 0.99, name


def test_other_days_are_at_the_floor_of_days_and_not_of_windows():
    """Each day has a law of its own; generated are six more days of the same market."""
    rng = np.random.default_rng(3)
    days = [
        np.concatenate([made_counts(rng, 6, rng.dirichlet(40 * LAW)) for _ in range(6)])
        for _ in range(2)
    ]
    group_B = np.repeat(np.arange(6).astype(str), 6)
    score_fn = total_variation_fn(*days)
    by_window = floored(score_fn, group_B, group_B)["L1"]
    by_day = floored(score_fn, group_B, group_B, level="groups")["L1"]
    assert by_window.p_value < 0.05 < by_day.p_value
    assert by_day.excess.low < 0 < by_window.excess.low
    assert by_day.floor.value > by_window.floor.value
    assert "6 groups" in by_day.excess.note


def test_value_is_floor_and_excess():
    rng = np.random.default_rng(4)
    counts = [made_counts(rng, 28, law) for law in (LAW, tilted(0.5))]
    options = {"num_draws": 50, "seed": 3}
    score_fn = total_variation_fn(*counts)
    found = floored(score_fn, GROUP_B, GROUP_B, **options)["L1"]
    assert np.isclose(found.value.value, found.floor.value + found.excess.value)
    assert found.num_windows == 14
    whole = total_variation_fn(*counts)
    ones, zeros = np.ones((1, 28)), np.zeros((1, 28))
    pair = np.concatenate([ones, zeros], 1), np.concatenate([zeros, ones], 1)
    assert found.whole == whole(*pair)["L1"][0]
    again = floored(score_fn, GROUP_B, GROUP_B, **options)["L1"]
    assert again == found
    alone = floors(total_variation_fn(counts[0]), GROUP_B, num_draws=50, seed=3)["L1"]
    assert abs(alone.value - found.floor.value) < 0.02
    (row,) = to_scores({("x", "L1"): found}, "made")
    assert row.name == "x" and row.family == "made" and row.excess == found.excess

    def likeness_fn(*weights):
        return {"L1": 1 - score_fn(*weights)["L1"]}

    like = floored(
        likeness_fn, GROUP_B, GROUP_B, is_similarity_fn=lambda name: True, **options
    )["L1"]
    assert like.p_value == found.p_value
    assert np.isclose(like.excess.value, -found.excess.value)


@pytest.mark.parametrize("num", [1, 2])
def test_too_few_windows_say_so(num):
    rng = np.random.default_rng(5)
    score_fn = total_variation_fn(made_counts(rng, num), made_counts(rng, num))
    group_B = np.array(["a"] * num)
    with np.errstate(invalid="ignore"):
        found = floored(score_fn, group_B, group_B, num_draws=20)["L1"]
    assert "fewer than 4 windows" in found.excess.note
    assert np.isnan(found.excess.low)


def test_share_beyond_counts_the_value_itself():
    assert share_beyond(2.0, np.array([0.0, 1.0, 2.0, 3.0])) == 3 / 5
    assert share_beyond(9.0, np.zeros(99)) == 0.01
    assert np.isnan(share_beyond(np.nan, np.zeros(3)))
    assert np.isnan(share_beyond(1.0, np.array([np.nan])))


def test_distribution_scores_of_windows():
    """A market of the same law, and one with a wider spread."""
    reference = make_windows(24, 100, seed=1)
    fitted = fit(reference)

    def found(**of):
        generated = make_windows(24, 100, seed=2, **of)
        stats = scores.prepare(fitted, join([reference, generated]))
        score_fn = partial(scores.distances, fitted, stats, stats)
        groups = reference.group_B, generated.group_B
        is_similarity_fn = {"overlap": True}.get
        return floored(
            score_fn,
            *groups,
            num_draws=100,
            is_similarity_fn=lambda key: is_similarity_fn(key[1], False),
        )

    same, wide = found(), found(spread_ticks=4.0)
    p = np.array([x.p_value for x in same.values()])
    assert np.nanmean(p < 0.05) < 0.25
    for metric in ("L1", "W1", "KS", "overlap"):
        key = ("spread", metric)
        assert same[key].excess.low < 0 < same[key].excess.high, metric
        assert wide[key].p_value < 0.02, metric
        excess = wide[key].excess
        assert excess.high < 0 if metric == "overlap" else excess.low > 0, metric
