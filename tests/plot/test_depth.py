"""Cumulative depth, and depth charts of odd books."""

import numpy as np
import pytest

from marsjax.book import Levels
from marsjax.plot import cumulative_depth, depth_chart, save
from marsjax.plot.depth import _outline
from marsjax.types import Side


def levels(bids=(), asks=(), num_levels=4):
    price, qty = np.zeros((2, 2, num_levels), np.int32)
    for side, given in enumerate((bids, asks)):
        for k, (at, shares) in enumerate(given):
            price[side, k], qty[side, k] = at, shares
    return Levels(price, qty)


TWO_SIDED = levels([(100, 5), (98, 7)], [(101, 2), (102, 3), (110, 4)])


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_quantities_add_up_from_the_best_price():
    price, depth = cumulative_depth(TWO_SIDED, Side.SELL)
    np.testing.assert_array_equal(price, [101, 102, 110])
    np.testing.assert_array_equal(depth, [2, 5, 9])
    price, depth = cumulative_depth(TWO_SIDED, Side.BUY)
    np.testing.assert_array_equal(price, [100, 98])
    np.testing.assert_array_equal(depth, [5, 12])


def test_sums_do_not_overflow():
    big = levels([(100, 2**31 - 1), (99, 2**31 - 1)])
    assert cumulative_depth(big, Side.BUY)[1][-1] == 2 * (2**31 - 1)


def test_steps_rise_at_each_price_away_from_the_best():
    corners = _outline(np.array([100, 98]), np.array([5, 12]), Side.BUY, 1)
    np.testing.assert_array_equal(corners[0], [100, 100, 98, 98, 97])
    np.testing.assert_array_equal(corners[1], [0, 5, 5, 12, 12])


def test_mid_and_spread_are_named_where_there_are_both_sides():
    assert texts(depth_chart(TWO_SIDED, tick_size=0.01)) == ["mid 1.005, spread 1 tick"]
    even = levels([(100, 5)], [(102, 5)])
    assert texts(depth_chart(even, tick_size=0.01)) == ["mid 1.01, spread 2 ticks"]


@pytest.mark.parametrize(
    ("book", "words"),
    [
        (levels(), "the book is empty"),
        (levels(bids=[(100, 5)]), "no asks"),
        (levels(asks=[(1, 5)]), "no bids"),
        (levels([(100, 5)], [(100, 5)]), "mid 1.00, locked"),
        (levels([(101, 5)], [(100, 5)]), "mid 1.005, crossed by 1 tick"),
        (levels([(1, 1)], [(90_000, 10**9)]), "mid 450.005, spread 89999 ticks"),
    ],
)
def test_odd_books(book, words, tmp_path):
    figure = depth_chart(book, tick_size=0.01)
    assert texts(figure) == [words]
    save(figure, tmp_path / "depth.png")


def test_a_second_book_is_an_outline(tmp_path):
    figure = depth_chart(TWO_SIDED, other=levels([(97, 30)]), tick_size=0.01)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["simulated bids", "simulated asks", "real book"]
    assert figure.axes[0].get_ylim()[1] > 30
    low, high = figure.axes[0].get_xlim()
    assert low < 0.97 and high > 1.10
    save(figure, tmp_path / "depth.png")
    save(depth_chart(levels(), other=TWO_SIDED, tick_size=0.01), tmp_path / "d.png")
