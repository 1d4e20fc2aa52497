"""Price fans are made, without a warning, whatever the markets did."""

import numpy as np
import pytest

from marsjax.plot import price_fan, save
from marsjax.plot.fan import _clip
from marsjax.plot.style import INK

SSE = ((34_200, 41_400), (46_800, 53_820))
OPTIONS = {"tick_size": 0.01, "start_s": 1_000.0, "sessions": SSE}
NAN = np.nan


def markets(num, orders=60, seed=0):
    rng = np.random.default_rng(seed)
    time = 1_000 + np.cumsum(rng.exponential(0.5, (num, orders)), axis=1)
    steps = rng.choice([-0.5, 0.0, 0.5], (num, orders))
    return time, 1_000 + np.cumsum(steps, axis=1)


def labels(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_a_fan_with_what_really_happened(tmp_path):
    time, mid = markets(32)
    real = (np.linspace(900, 1_100, 50), np.linspace(995, 1_005, 50))
    figure = price_fan(time, mid, real=real, currency="CNY", **OPTIONS)
    axes = figure.axes[0]
    assert axes.get_ylabel() == "mid price (CNY)"
    assert axes.get_xlabel().startswith("time of day (hh:mm")
    assert labels(figure) == [
        "median",
        "50%",
        "90% of markets",
        "4 of 32 markets",
        "what really happened",
    ]
    low, high = axes.get_xlim()
    assert low < 1_000 < high <= np.sort(time[:, -1])[3]
    assert save(figure, tmp_path / "new" / "fan.png").stat().st_size > 10_000


def test_a_fan_beside_the_true_market():
    """Its median and the edges of its band, drawn up to the end of the fan."""
    time, mid = markets(32)
    figure = price_fan(time, mid, true=markets(32, seed=1), **OPTIONS)
    assert labels(figure)[-2:] == ["true market, median", "true market, 90%"]
    low, high = figure.axes[0].get_xlim()
    drawn = [line for line in figure.axes[0].lines if line.get_color() == INK]
    assert len(drawn) == 3
    assert all(
        low <= x.min() and x.max() <= high for x in (d.get_xdata() for d in drawn)
    )
    real = (np.linspace(900, 1_000, 50), np.full(50, 1_000.0))
    figure = price_fan(time, mid, real=real, real_label="opening", **OPTIONS)
    assert labels(figure)[-1] == "opening"


@pytest.mark.parametrize(
    "change",
    [
        lambda time, mid: (time, np.full_like(mid, 1_000.0)),
        lambda time, mid: (time, np.full_like(mid, NAN)),
        lambda time, mid: (time, np.where(mid > 1_000, NAN, mid)),
        lambda time, mid: (np.where(time > 1_005, NAN, time), mid),
        lambda time, mid: (np.full_like(time, NAN), mid),
        lambda time, mid: (np.full_like(time, 1_000.0), mid),
        lambda time, mid: (time[:1], mid[:1]),
        lambda time, mid: (time[:, :1], mid[:, :1]),
        lambda time, mid: (time + 6_190, mid),
    ],
    ids=[
        "constant",
        "never two-sided",
        "holes",
        "stopped",
        "no order",
        "no time",
        "one market",
        "one order",
        "far off",
    ],
)
def test_odd_markets(change, tmp_path):
    time, mid = change(*markets(12))
    save(price_fan(time, mid, **OPTIONS), tmp_path / "fan.png")
    nothing = (np.zeros(0), np.zeros(0))
    save(price_fan(time, mid, real=nothing, **OPTIONS), tmp_path / "fan.png")


def test_one_market_makes_no_bands():
    figure = price_fan(*markets(1), **OPTIONS)
    assert labels(figure) == ["simulated market"]
    assert len(figure.axes[0].collections) == 0


def test_books_without_a_mid_are_named():
    time, mid = markets(12)
    axes = price_fan(time, np.full_like(mid, NAN), **OPTIONS).axes[0]
    assert any("one-sided" in text.get_text() for text in axes.texts)


def test_clipping_keeps_the_value_at_both_ends():
    time, mid = np.array([1.0, 3.0, 5.0]), np.array([10.0, 11.0, 12.0])
    got = _clip(time, mid, 2.0, 4.0, NAN)
    np.testing.assert_array_equal(got[0], [2.0, 3.0, 4.0])
    np.testing.assert_array_equal(got[1], [10.0, 11.0, 11.0])
    # Before its first time it has the given value; after its last it has none.
    got = _clip(time, mid, 0.0, 9.0, 7.0)
    np.testing.assert_array_equal(got[0], [0.0, 1.0, 3.0, 5.0])
    np.testing.assert_array_equal(got[1], [7.0, 10.0, 11.0, 12.0])
