"""Prices on the tick grid, times on the clock."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from marsjax.plot.axes import clock_axis, price_axis, price_decimals, price_range

SSE = ((34_200, 41_400), (46_800, 53_820))


def clock(start_s, end_s, sessions=SSE):
    axes = Figure().add_subplot()
    name = clock_axis(axes, start_s, end_s, sessions)
    labels = [text.get_text() for text in axes.get_xticklabels()]
    return name, dict(zip(axes.get_xticks(), labels, strict=True))


def test_a_break_is_one_point_with_both_times():
    name, labels = clock(7_000, 7_400)
    assert name == "time of day (hh:mm)"
    assert labels[7_200] == "11:30\nbreak\n13:00"
    assert labels[7_140] == "11:29" and labels[7_260] == "13:01"


def test_the_whole_day():
    _, labels = clock(0, 14_220)
    assert labels[0] == "09:30" and labels[7_200].startswith("11:30\n")
    assert labels[12_600] == "14:30"
    assert len(labels) <= 10


@pytest.mark.parametrize(
    ("end_s", "texts"),
    [
        (3_605, {3_600: "10:30:00", 3_601: "10:30:01"}),
        (3_600.05, {3_600.01: "10:30:00.01"}),
    ],
)
def test_short_windows_show_seconds(end_s, texts):
    name, labels = clock(3_600, end_s)
    assert name == "time of day (hh:mm:ss)"
    for at, text in texts.items():
        near = min(labels, key=lambda x: abs(x - at))
        assert near == pytest.approx(at, abs=1e-6)
        assert labels[near] == text


def test_a_break_at_the_edge_of_the_window_is_no_break():
    _, labels = clock(6_600, 7_200)
    assert not any("break" in text for text in labels.values())


@pytest.mark.parametrize(
    ("tick", "decimals"), [(0.01, 2), (1, 0), (0.25, 2), (1e-5, 5)]
)
def test_decimals_show_a_tick(tick, decimals):
    assert price_decimals(tick) == decimals


def test_price_labels_are_whole_ticks():
    axes = Figure().add_subplot()
    price_axis(axes.yaxis, (9.97, 10.03), 0.01)
    texts = [text.get_text() for text in axes.get_yticklabels()]
    assert texts == ["9.97", "9.98", "9.99", "10.00", "10.01", "10.02", "10.03"]
    assert axes.get_ylim() == (9.97, 10.03)
    price_axis(axes.yaxis, (-0.02, 0.03), 0.01)
    assert min(axes.get_yticks()) == 0


def test_a_constant_price_gets_a_few_ticks_of_room():
    low, high = price_range(np.array([10.0, np.nan, 10.0]), 0.01)
    assert low == pytest.approx(9.98) and high == pytest.approx(10.02)
