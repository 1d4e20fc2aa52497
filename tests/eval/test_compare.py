"""The nearer of two generators is found, and equal ones are not told apart."""

import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.eval.compare import compare, holm
from tests.eval.made_counts import (
    LAW,
    NUM_BINS,
    is_covered,
    made_counts,
    tilted,
    total_variation_fn,
)

GROUP_B = np.repeat(["a", "b"], 12)


def made_pair(rng, first: float, second: float, *, is_matched: bool):
    """Reference and two generators; matched ones share what their starts are like."""
    if not is_matched:
        return [made_counts(rng, 24, tilted(by)) for by in (0.0, first, second)]
    start_BM = rng.dirichlet(8 * LAW, size=24) + 1e-6
    out = []
    for by in (0.0, first, second):
        law_BM = start_BM * np.exp(by * np.linspace(-1, 1, NUM_BINS))[None]
        out.append(rng.multinomial(300, law_BM / law_BM.sum(axis=1, keepdims=True)))
    return [x.astype(float) for x in out]


def simulated(first: float, second: float, num: int, *, is_matched=False, told=None):
    out = []
    for seed in range(num):
        rng = np.random.default_rng([4, seed])
        score_fn = total_variation_fn(
            *made_pair(rng, first, second, is_matched=is_matched)
        )
        is_told = is_matched if told is None else told
        options = {"num_draws": 100, "seed": seed, "is_matched": is_told}
        out.append(compare(score_fn, GROUP_B, GROUP_B, GROUP_B, **options)["L1"])
    return out


@pytest.mark.parametrize("is_matched", [False, True])
def test_equal_generators_have_uniform_p_values(is_matched):
    found = simulated(0.5, 0.5, 200, is_matched=is_matched)
    p = np.array([x.p_value for x in found])
    for level in (0.05, 0.25, 0.5, 0.75):
        error = (level * (1 - level) / len(p)) ** 0.5
        assert abs((p <= level).mean() - level) < 3.5 * error, level
    assert np.mean([x.p_mean <= 0.05 for x in found]) <= 0.08
    assert is_covered([x.difference for x in found], 0.0) >= 0.93


def test_the_nearer_one_is_found():
    found = simulated(0.2, 1.0, 20)
    assert max(x.p_value for x in found) < 0.05
    assert max(x.difference.high for x in found) < 0
    assert max(x.p_mean for x in found) < 0.1
    turned = simulated(1.0, 0.2, 5)
    assert min(x.difference.low for x in turned) > 0
    for x in found:
        away = x.first.value - x.second.value
        assert np.isclose(x.difference.value, away)


def test_pairs_tell_more_than_the_same_windows_unpaired():
    paired = simulated(0.0, 0.3, 40, is_matched=True)
    unpaired = simulated(0.0, 0.3, 40, is_matched=True, told=False)
    power = [np.mean([x.p_value <= 0.05 for x in y]) for y in (paired, unpaired)]
    assert power[0] > power[1] + 0.2


def test_equally_far_but_different():
    """Their means do not differ: only the exact test of one law may say they do."""
    law = np.full(NUM_BINS, 1 / NUM_BINS)
    lean = np.tile([0.5, -0.5], NUM_BINS // 2) / NUM_BINS
    rng = np.random.default_rng(7)
    parts = [made_counts(rng, 24, x) for x in (law, law + lean, law - lean)]
    found = compare(total_variation_fn(*parts), GROUP_B, GROUP_B, GROUP_B)["L1"]
    assert found.p_mean > 0.05
    assert found.difference.low < 0 < found.difference.high


def test_holm_by_hand():
    found = holm({"a": 0.01, "b": 0.04, "c": np.nan, "d": 0.03, "e": 0.005})
    assert np.allclose(
        [found[k] for k in "abde"], [3 * 0.01, 2 * 0.03, 2 * 0.03, 4 * 0.005]
    )
    assert np.isnan(found["c"]) and list(found) == list("abcde")
    assert holm({}) == {}


def test_matched_sets_have_the_same_groups():
    with pytest.raises(InputError, match="not matched"):
        compare(None, GROUP_B, GROUP_B, GROUP_B[:-1], is_matched=True)
