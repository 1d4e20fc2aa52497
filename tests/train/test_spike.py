"""A loss that rises is told from one that is uneven."""

import numpy as np
import pytest

from marsjax.train.spike import DEVIATIONS, FEWEST, HISTORY, STEPS, LossWatch


def watch_of(losses, spike=1.0):
    """A watch that has seen losses, none of which was a spike."""
    watch = LossWatch(spike)
    assert not any(watch.add(loss) for loss in losses)
    return watch


def uneven(count, seed=0, deviation=0.1):
    return 7 + deviation * np.random.default_rng(seed).normal(size=count)


def test_a_loss_that_stays_high_is_a_spike_at_its_tenth_step():
    watch = watch_of(uneven(300))
    found = [watch.add(8.5) for _ in range(STEPS)]
    assert found[:-1] == [None] * (STEPS - 1)
    assert found[-1].loss == 8.5
    assert found[-1].level == pytest.approx(7, abs=0.05)
    # One good step before the tenth, and the count begins anew.
    watch = watch_of(uneven(300))
    for _ in range(STEPS - 1):
        watch.add(8.5)
    assert not watch.is_calm
    watch.add(7.0)
    assert watch.is_calm
    assert [watch.add(8.5) for _ in range(STEPS - 1)] == [None] * (STEPS - 1)


def test_less_than_a_nat_or_within_the_noise_is_none():
    watch = watch_of(uneven(300))
    assert not any(watch.add(7.9) for _ in range(1_000))
    wide = watch_of(uneven(300, deviation=0.5))
    assert wide.limit == pytest.approx(7 + 0.5 * DEVIATIONS, abs=0.6)
    assert not any(wide.add(9.0) for _ in range(STEPS))
    assert watch_of(uneven(300), spike=0.5).add(7.9) is None
    assert not watch_of([*uneven(300), 7.9], spike=0.5).is_calm


def test_nothing_is_judged_without_a_past_or_when_turned_off():
    watch = watch_of([1.0] * (FEWEST - 1))
    assert watch.limit == np.inf
    watch.add(1.0)
    assert watch.limit == 2.0
    off = watch_of(uneven(300), spike=None)
    assert not any(off.add(1e6) for _ in range(50)) and off.is_calm


def test_neither_training_nor_heavy_tails_set_it_off():
    falling = 6.9 + 4 * np.exp(-np.arange(5_000) / 300)
    noise = 0.3 * np.random.default_rng(1).standard_t(3, size=5_000)
    watch_of(falling + noise)


def test_a_resumed_watch_is_the_one_that_went_on():
    losses = uneven(500)
    whole, half = watch_of(losses), watch_of(losses[:400])
    assert len(half.past) == HISTORY
    again = LossWatch(1.0, half.past)
    for loss in losses[400:]:
        again.add(loss)
    assert again.past == whole.past and again.limit == whole.limit
