"""Divergence by horizon: values by hand, and growth from common starts."""

import numpy as np
import pytest

from marsjax.eval.fit import fit
from marsjax.eval.horizon import (
    HORIZONS,
    Horizon,
    at_horizon,
    horizon_series,
    mid_change,
    share_of_same_starts,
)
from marsjax.eval.scores import distances, notes, prepare
from marsjax.eval.windows import BID, LIMIT, spread_ticks
from tests.eval.made import blank_windows, hand_window, make_windows


def message(time_s):
    return (LIMIT, BID, 100, 1, 0, time_s, None)


WINDOW = hand_window(
    [message(0.0), message(1.0), message(2.5), message(2.5)],
    [
        ([(100, 1)], [(102, 1)]),
        ([(100, 1)], [(103, 1)]),
        ([(101, 1)], [(105, 1)]),
        ([(104, 1)], [(105, 1)]),
    ],
    first=([(100, 1)], [(101, 1)]),
)


@pytest.mark.parametrize(
    "horizon, change, spread",
    [
        (Horizon(1, "messages"), 0.5, 2),
        (Horizon(4, "messages"), 4, 1),
        (Horizon(5, "messages"), np.nan, np.nan),
        (Horizon(0.5, "seconds"), 0.5, 2),
        (Horizon(1, "seconds"), 1, 3),
        (Horizon(2.5, "seconds"), 4, 1),
        (Horizon(3, "seconds"), np.nan, np.nan),
    ],
    ids=str,
)
def test_by_hand(horizon, change, spread):
    """The last message until then tells; nothing does beyond a window's end."""
    got = [at_horizon(WINDOW, x, horizon) for x in (mid_change, spread_ticks)]
    np.testing.assert_array_equal(got, [[[change]], [[spread]]])


def test_names():
    names = [x.name for x in horizon_series()]
    assert len(set(names)) == len(names) == 3 * len(HORIZONS)
    assert {"mid change after 1 message", "spread after 10 seconds"} <= set(names)


def test_divergence_grows_with_the_horizon():
    """A generator whose mid drifts: near at first, far at last."""
    real = make_windows(60, 100, 0)
    made = make_windows(60, 100, 1, start_seed=0)
    drift = (np.arange(100) / 4).astype(np.int32)[None, :, None, None]
    made = made._replace(level_price_BTSK=made.level_price_BTSK + drift)
    fitted = fit(real, series=horizon_series())
    stats = prepare(fitted, real), prepare(fitted, made)
    got = distances(fitted, *stats)
    w1 = [got[f"mid change after {k} messages", "W1"] for k in (10, 50, 100)]
    assert w1[0] < w1[1] < w1[2] and w1[2] > 2
    assert got["spread after 100 messages", "W1"] < 0.5
    # Beyond the windows' ends there is no answer.
    assert np.isnan(got["mid change after 500 messages", "L1"])
    assert "fewer than 10" in notes(fitted, *stats)["mid change after 500 messages"]


def test_shorter_windows_are_no_answer():
    real, short = make_windows(20, 60, 0), make_windows(20, 30, 1)
    series = horizon_series((Horizon(50, "messages"),))
    fitted = fit(real, series=series)
    got = distances(fitted, prepare(fitted, real), prepare(fitted, short))
    assert all(np.isnan(x) for x in got.values())


def test_starts():
    real = make_windows(6, 5, 0)
    same = make_windows(6, 9, 1, start_seed=0)
    assert share_of_same_starts(real, same) == 1
    assert share_of_same_starts(real, make_windows(6, 5, 1)) == 0
    assert share_of_same_starts(real.take([0, 1, 2]), same) == 0.5
    blank = blank_windows(2, 5)
    assert share_of_same_starts(blank, blank) == 0
    assert np.isnan(share_of_same_starts(real, real.take([])))


def test_a_start_without_a_book_has_no_change():
    unknown = WINDOW._replace(first_price_BSK=0 * WINDOW.first_price_BSK)
    assert np.isnan(mid_change(unknown)).all()
