"""The network finds what differs in order alone, and nothing where nothing differs."""

import jax
import numpy as np
import pytest

from marsjax.eval.discriminator import (
    GENERATED,
    REAL,
    SHUFFLED,
    discriminate,
    split,
)
from marsjax.eval.message_features import NAMES, message_features
from marsjax.eval.sequence_net import BATCH, _init, _logits
from marsjax.eval.windows import MARKET
from tests.eval.made import blank_windows, hand_window, make_windows

SMALL = {"num_steps": 60, "crop": 72}
"""One shape for all tests, so that it compiles once."""

SHORT = SMALL | {"num_steps": 10}

LIVELY = make_windows(32, 100, seed=1)


@pytest.fixture(scope="module")
def against_memoryless():
    done = []
    other = make_windows(32, 100, seed=2, memory=0.0)
    found = discriminate(
        LIVELY, other, progress_fn=lambda *at: done.append(at), **SMALL
    )
    return found, done


def test_finds_another_order(against_memoryless):
    found, _ = against_memoryless
    assert found[GENERATED].value > 0.9
    assert found[GENERATED].low <= found[GENERATED].value <= found[GENERATED].high
    assert found[SHUFFLED].value > 0.9


def test_real_against_real_is_chance(against_memoryless):
    real = against_memoryless[0][REAL]
    assert real.low < 0.5 < real.high
    assert 0.2 < real.value < 0.8


def test_progress_runs_to_the_end(against_memoryless):
    done = against_memoryless[1]
    assert done[-1] == (360, 360)
    assert [x for x, _ in done] == list(range(10, 361, 10))


def test_the_same_law_and_copies_are_chance():
    """A replay is taught with its original, so that it is no worse than chance."""
    alike = discriminate(LIVELY, make_windows(32, 100, seed=4), **SMALL)[GENERATED]
    assert alike.low < 0.5 < alike.high
    replay = discriminate(LIVELY, LIVELY, **SHORT)[GENERATED]
    np.testing.assert_allclose(replay.value, 0.5)


def test_seeds_decide():
    other = make_windows(32, 100, seed=5)
    first, again = (discriminate(LIVELY, other, **SHORT) for _ in range(2))
    assert first == again
    assert first != discriminate(LIVELY, other, seed=1, **SHORT)


def test_too_few_windows():
    found = discriminate(LIVELY, LIVELY.take(np.arange(5)), **SHORT)
    assert np.isnan(found[GENERATED].value)
    assert "fewer than 8" in found[GENERATED].note
    assert found[SHUFFLED].value > 0


def test_nothing_to_compare():
    blank = blank_windows(9, 20)
    found = discriminate(blank, blank)
    assert all(np.isnan(x.value) and x.note for x in found.values())


def test_the_network_is_causal(against_memoryless):
    x_STF = np.random.default_rng(0).normal(size=(BATCH, 72, len(NAMES)))
    moved_STF = x_STF.copy()
    moved_STF[:, 5] += 1
    params = _init(jax.random.key(0), 72, len(NAMES)).params
    one_ST, two_ST = (
        np.asarray(_logits(params, x.astype(np.float32))) for x in (x_STF, moved_STF)
    )
    is_moved_T = (np.abs(one_ST - two_ST) > 1e-7).any(axis=0)
    np.testing.assert_array_equal(np.flatnonzero(is_moved_T), np.arange(5, 5 + 63))
    num = sum(x.size for x in jax.tree.leaves(params))
    assert 20_000 <= num <= 50_000


def test_folds_keep_groups_or_hours_together():
    rng = np.random.default_rng(0)
    folds, note = split((LIVELY, LIVELY), rng)
    assert not note
    for group in np.unique(LIVELY.group_B):
        inside = LIVELY.group_B == group
        assert len({*folds[0][inside], *folds[1][inside]}) == 1
    day = LIVELY._replace(group_B=np.full(32, "A/2024-01-01"))
    folds, note = split((day, day.take(np.arange(4, 28))), rng)
    assert not note
    assert (np.abs(np.diff(folds[0])) > 0).sum() == 2
    np.testing.assert_array_equal(folds[0][4:28], folds[1])
    other = day._replace(group_B=np.full(32, "B/2024-01-01"))
    late = other._replace(clock_s_BT=other.clock_s_BT * 0 + 50_000)
    folds, note = split((day, late), rng)
    assert "drawn" in note
    assert {fold.mean() for fold in folds} == {0.5}


def test_features_by_hand():
    book, one_sided = ([(100, 6)], [(104, 2)]), ([(100, 6)], [])
    windows = hand_window(
        [
            (MARKET, 0, 104, 10, 10, 1.0, None),
            (MARKET, 1, 100, 1, 1, 2.0, None),
            (MARKET, 1, 100, 1, 1, 2.0, None),
        ],
        [book, one_sided, book],
        ([(100, 6)], [(102, 2)]),
    )
    found = {k: x for k, x in zip(NAMES, message_features(windows)[0].T, strict=True)}
    np.testing.assert_allclose(found["is market"], 1)
    np.testing.assert_allclose(found["side"], [-1, 1, 1])
    # A buy at 104 with the mid at 101 is 3 ticks beyond it.
    np.testing.assert_allclose(found["price"], [np.arcsinh(-3), np.arcsinh(-2), np.nan])
    np.testing.assert_allclose(found["is sound"], [1, 0, 1])
    np.testing.assert_allclose(found["log spread"], [np.log(4), np.nan, np.log(4)])
    np.testing.assert_allclose(found["imbalance"], [0.5, np.nan, 0.5])
    np.testing.assert_allclose(found["mid change"], [1, np.nan, np.nan])
    np.testing.assert_allclose(found["log interval"][1:], np.log([1e9, 1e3]))
    assert np.isnan(message_features(blank_windows(1, 3))).all()


def test_windows_of_single_messages_do_not_crash():
    used = np.arange(100) < 1
    single = LIVELY._replace(
        type_BT=np.where(used[None], LIVELY.type_BT, 0).astype(np.int8)
    )
    found = discriminate(LIVELY, single, **SHORT)
    assert 0 <= found[GENERATED].value <= 1
