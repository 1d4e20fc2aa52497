"""Every series on a window that was written down by hand."""

import numpy as np
import pytest

from marsjax.eval.flow_series import (
    flow_imbalance,
    flow_imbalance_given,
    mean_flow_imbalance,
    volume_per_minute,
)
from marsjax.eval.mars_series import MARS
from marsjax.eval.series import CONDITIONAL, LOB_BENCH, UNCONDITIONAL
from marsjax.eval.windows import ASK, BID, CANCEL, LIMIT, MARKET
from tests.eval.made import blank_windows, hand_window, make_windows

nan = np.nan

# A bid inside the spread, a trade that empties the best ask, an ask in the same moment,
# three cancels of which the last leaves no ask at all.
WINDOW = hand_window(
    [
        (LIMIT, BID, 101, 3, 0, 0.0, None),
        (MARKET, BID, 102, 4, 4, 0.25, None),
        (LIMIT, ASK, 103, 2, 0, 0.25, None),
        (CANCEL, BID, 100, 5, 0, 1.0, None),
        (CANCEL, BID, 101, 3, 0, 1.5, 1.5),
        (CANCEL, ASK, 103, 8, 0, 2.0, 5.0),
    ],
    [
        ([(101, 3), (100, 5), (99, 7)], [(102, 4), (103, 6)]),
        ([(101, 3), (100, 5), (99, 7)], [(103, 6)]),
        ([(101, 3), (100, 5), (99, 7)], [(103, 8)]),
        ([(101, 3), (99, 7)], [(103, 8)]),
        ([(99, 7)], [(103, 8)]),
        ([(99, 7)], []),
    ],
    first=([(100, 5), (99, 7)], [(102, 4), (103, 6)]),
)

KNOWN = {
    "spread": [1, 2, 2, 2, 4, nan],
    "imbalance": [-1 / 7, -3 / 9, -5 / 11, -5 / 11, -1 / 15, nan],
    "log inter-arrival time": [
        nan,
        *np.log([250, 1e-9, 750, 500, 500]),
    ],
    # The last order came before the window did.
    "log time to cancel": [nan, nan, nan, nan, np.log(1.5), nan],
    "volume at the best ask": [4, 6, 8, 8, 8, nan],
    "volume at the best bid": [3, 3, 3, 3, 7, 7],
    "volume of ten ask levels": [10, 6, 8, 8, 8, 0],
    "volume of ten bid levels": [15, 15, 15, 10, 7, 7],
    "depth of buy limit orders": [0.5, nan, nan, nan, nan, nan],
    "depth of sell limit orders": [nan, nan, 1, nan, nan, nan],
    "depth of cancels of buy orders": [nan, nan, nan, 2, 0, nan],
    "depth of cancels of sell orders": [nan] * 6,
    "level of buy limit orders": [1, nan, nan, nan, nan, nan],
    "level of sell limit orders": [nan, nan, 1, nan, nan, nan],
    "level of cancels of buy orders": [nan, nan, nan, 2, 1, nan],
    "level of cancels of sell orders": [nan, nan, nan, nan, nan, 1],
    "volume per minute": [240, nan, nan, nan, nan, nan],
    # Fewer than the hundred messages of a mean.
    "order-flow imbalance": [nan] * 6,
    "order-flow imbalance before a higher mid": [nan] * 6,
    "order-flow imbalance before the same mid": [nan] * 6,
    "order-flow imbalance before a lower mid": [nan] * 6,
    "volume at the best ask given the spread": [4, 6, 8, 8, 8, nan],
    "spread given the hour": [1, 2, 2, 2, 4, nan],
    "spread given the volatility": [1, 2, 2, 2, 4, nan],
}


def test_there_are_21_and_3():
    assert len(UNCONDITIONAL) == 21 and len(CONDITIONAL) == 3
    assert {x.name for x in LOB_BENCH} == set(KNOWN)
    assert all(x.unit and x.meaning.endswith(".") for x in LOB_BENCH)


@pytest.mark.parametrize("series", LOB_BENCH, ids=lambda x: x.name)
def test_known_values(series):
    got = series.value_fn(WINDOW)
    assert got.dtype == np.float64
    np.testing.assert_allclose(got[0], KNOWN[series.name], rtol=1e-12)


def test_conditions():
    spread, hour, volatility = (x.condition_fn(WINDOW)[0] for x in CONDITIONAL)
    np.testing.assert_array_equal(spread, KNOWN["spread"])
    np.testing.assert_array_equal(hour, [9] * 6)
    # Mids 101.5, 102, 102, 101 at the ends of tenths 0, 2, 10 and 15 of a second.
    square = np.log(102 / 101.5) ** 2 + np.log(101 / 102) ** 2
    np.testing.assert_allclose(volatility, [np.sqrt(square / 15)] * 6)


def test_flow_imbalance():
    np.testing.assert_array_equal(flow_imbalance(WINDOW)[0], [3, 4, -2, 0, -3, nan])
    mean = [nan, 3.5, 1, -1, -1.5, nan]
    np.testing.assert_array_equal(mean_flow_imbalance(WINDOW, 2)[0], mean)
    given = {1: [nan] * 6, 0: [nan, 3.5, 1] + [nan] * 3, -1: [nan] * 3 + [-1, nan, nan]}
    for direction, expected in given.items():
        got = flow_imbalance_given(WINDOW, direction, 2)
        np.testing.assert_array_equal(got[0], expected)


def test_mean_flow_imbalance_over_100_messages():
    windows = make_windows(3, 150)
    each, mean = flow_imbalance(windows), mean_flow_imbalance(windows)
    assert np.isnan(mean[:, :99]).all()
    np.testing.assert_allclose(mean[:, 120], each[:, 21:121].mean(axis=1))


def test_volume_of_the_seconds_at_the_ends():
    """Half of the first second is held; of the last less than a tenth."""
    trade = (MARKET, BID, 102, 6, 6)
    book = ([(100, 5)], [(102, 4)])
    times = (0.5, 0.7, 1.2, 3.05)
    windows = hand_window([(*trade, t, None) for t in times], [book] * 4)
    got = volume_per_minute(windows)
    np.testing.assert_allclose(np.sort(got[0])[:2], [360, 1440])
    assert np.isnan(np.sort(got[0])[2:]).all()


@pytest.mark.parametrize("book", [([(103, 1)], [(102, 1)]), ([(102, 1)], [(102, 1)])])
def test_crossed_books_have_no_value(book):
    windows = hand_window([(LIMIT, BID, 103, 1, 0, 0.0, None)], [book])
    for series in LOB_BENCH:
        if not series.name.startswith("level"):
            assert np.isnan(series.value_fn(windows)).all(), series.name


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (2, 0), (2, 1), (2, 5)])
def test_empty_windows_have_no_value(shape):
    windows = blank_windows(*shape)
    for series in LOB_BENCH + MARS:
        assert np.isnan(series.value_fn(windows)).all(), series.name
        if series.condition_fn is not None:
            assert np.isnan(series.condition_fn(windows)).all()


def test_padding_has_no_value():
    """A window and the same one among longer ones have the same values."""
    long = make_windows(2, 40)
    used = np.arange(40) < 25
    padded = long._replace(type_BT=np.where(used[None], long.type_BT, 0))
    short = type(long)(
        *(
            x[:, :25] if k.endswith(("BT", "BTSK")) else x
            for k, x in long._asdict().items()
        )
    )
    for series in LOB_BENCH + MARS:
        got, expected = series.value_fn(padded), series.value_fn(short)
        got, expected = (np.sort(x, axis=1)[:, :25] for x in (got, expected))
        np.testing.assert_array_equal(got, expected, err_msg=series.name)


def test_mars_on_two_minutes():
    """Three orders in the first minute, one of which trades; a cancel counts not."""
    book = ([(100, 5)], [(102, 4)])
    higher = ([(101, 5)], [(103, 4)])
    windows = hand_window(
        [
            (LIMIT, BID, 100, 2, 0, 5.0, None),
            (LIMIT, ASK, 102, 4, 0, 6.0, None),
            (MARKET, ASK, 100, 6, 6, 7.0, None),
            (CANCEL, ASK, 102, 99, 0, 8.0, None),
            (LIMIT, BID, 101, 7, 0, 66.0, None),
            (LIMIT, BID, 101, 7, 0, 125.0, None),
        ],
        [book, book, book, higher, higher, book],
    )
    got = {x.name: x.value_fn(windows)[0] for x in MARS}
    np.testing.assert_allclose(got["mean order volume of a minute"], [4, 7, 7])
    np.testing.assert_allclose(got["aggressive ratio of a minute"], [1 / 3, 0, 0])
    np.testing.assert_allclose(got["buy ratio of a minute"], [1 / 3, 1, 1])
    step = np.log(102 / 101)
    np.testing.assert_allclose(got["1-minute return"], [step, -step])
    np.testing.assert_allclose(got["2-minute return"], [0], atol=1e-12)
    assert got["3-minute return"].size == 0
