"""The quantiles behind a price fan."""

import numpy as np
import pytest

from marsjax.plot.fan_bands import LEVELS, fan_bands, fan_end, values_on_grid

NAN = np.nan


def test_previous_values():
    grid = np.array([0.0, 1.0, 1.5, 2.0, 3.0, 4.0])
    time, mid = np.array([1.0, 2.0, 3.0, NAN]), np.array([10.0, NAN, 12.0, 99.0])
    got = values_on_grid(time, mid, grid, before=9.0)
    np.testing.assert_array_equal(got, [9.0, 10.0, 10.0, NAN, 12.0, NAN])


def test_the_last_of_equal_times_counts():
    got = values_on_grid(np.array([1.0, 1.0]), np.array([5.0, 6.0]), np.array([1.0]))
    assert got == [6.0]


def test_a_market_that_never_moved_has_no_values():
    nothing = np.full(3, NAN)
    assert np.isnan(values_on_grid(nothing, nothing, np.array([0.0]), 5.0)).all()


@pytest.mark.parametrize(("num", "end"), [(10, 2.0), (1, 1.0), (64, 7.0)])
def test_the_fan_ends_when_fewer_than_nine_in_ten_run(num, end):
    # Market b stops at b + 1: at `end` exactly the needed share still runs.
    time = np.arange(1.0, num + 1)[:, None]
    assert fan_end(time) == end
    assert (time >= end).sum() >= 0.9 * num > (time > end).sum()


def test_quantiles_are_those_of_the_markets():
    num_markets = 21
    time = np.tile([1.0, 10.0], (num_markets, 1))
    mid = np.stack([np.arange(num_markets) + 100.0, np.full(num_markets, 7.0)], axis=1)
    bands = fan_bands(time, mid, 0.0, start_mid_ticks=50.0, num_points=11)
    np.testing.assert_allclose(bands.time_s_G, np.arange(11))
    np.testing.assert_allclose(bands.mid_ticks_QG[:, 0], 50.0)
    for g in range(1, 10):
        np.testing.assert_allclose(
            bands.mid_ticks_QG[:, g], 100 + 20 * np.array(LEVELS)
        )
    np.testing.assert_allclose(bands.mid_ticks_QG[:, 10], 7.0)
    assert (bands.num_G == num_markets).all()


def test_one_sided_markets_are_left_out_and_half_must_have_a_mid():
    time = np.tile([0.0, 1.0, 2.0, 3.0], (20, 1))
    mid = np.full((20, 4), 100.0)
    mid[:5, 1] = NAN  # 15 of 20 have a mid
    mid[5:, 1] = 200.0
    mid[:11, 2] = NAN  # 9 of 20
    bands = fan_bands(time, mid, 0.0, num_points=4)
    np.testing.assert_array_equal(bands.num_G, [20, 15, 9, 20])
    np.testing.assert_allclose(bands.mid_ticks_QG[:, 1], 200.0)
    assert np.isnan(bands.mid_ticks_QG[:, 2]).all()


def test_few_markets_make_no_bands():
    bands = fan_bands(np.ones((7, 1)), np.ones((7, 1)), 0.0, start_mid_ticks=1.0)
    assert np.isnan(bands.mid_ticks_QG).all()
    bands = fan_bands(np.ones((8, 1)), np.ones((8, 1)), 0.0, start_mid_ticks=1.0)
    assert np.isfinite(bands.mid_ticks_QG).all()
