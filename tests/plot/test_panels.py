"""Comparison panels: the shares behind them, and odd data."""

import numpy as np
import pytest

from marsjax.plot import comparison_panels, save
from marsjax.plot.panels import ecdf, spread_shares


def orders(num, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "spread_ticks": rng.geometric(0.5, num).astype(float),
        "lots": rng.geometric(0.1, num),
        "interval_s": np.where(rng.random(num) < 0.3, 0.0, rng.exponential(1.0, num)),
        "type": rng.integers(0, 3, num),
    }


def test_ecdf():
    values, share = ecdf(np.array([3.0, 1.0, 1.0, 0.0]))
    np.testing.assert_array_equal(values, [0, 1, 3])
    np.testing.assert_allclose(share, [0.25, 0.75, 1.0])


def test_wide_spreads_share_the_last_step():
    shares = spread_shares(np.array([1.0, 1.0, 2.0, 9.0, -1.0]), 3)
    np.testing.assert_allclose(shares, [0.2, 0.4, 0.2, 0.2])


def test_bars_are_the_shares_of_each_type():
    data = orders(100)
    data["type"] = np.repeat([0, 1, 2], [50, 30, 20])  # sell, buy, cancel
    axes = comparison_panels(data, orders(10)).axes[3]
    heights = [bar.get_height() for bar in axes.containers[0]]
    names = [text.get_text() for text in axes.get_xticklabels()]
    assert names == ["buy", "sell", "cancel"]
    np.testing.assert_allclose(heights, [0.3, 0.5, 0.2])


def test_units_and_counts_are_named(tmp_path):
    figure = comparison_panels(orders(1_000), orders(500), labels=("tape", "model"))
    names = [axes.get_xlabel() for axes in figure.axes]
    assert names == ["spread (ticks)", "quantity (lots)", "interval (s)", "order type"]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["tape, 1,000 orders", "model, 500 orders"]
    save(figure, tmp_path / "panels.png")


@pytest.mark.parametrize(
    "change",
    [
        lambda data: {key: values[:0] for key, values in data.items()},
        lambda data: {key: values[:1] for key, values in data.items()},
        lambda data: data | {"spread_ticks": np.full(50, np.nan)},
        lambda data: data | {"spread_ticks": np.full(50, 400.0)},
        lambda data: data | {"interval_s": np.zeros(50)},
        lambda data: data | {"lots": np.ones(50)},
    ],
    ids=["empty", "one order", "one-sided", "wide", "no time", "one size"],
)
def test_odd_data(change, tmp_path):
    odd = change(orders(50))
    save(comparison_panels(orders(50), odd), tmp_path / "panels.png")
    save(comparison_panels(odd, odd), tmp_path / "panels.png")
