"""Depth as a part of a larger picture: outliers, labels, legend."""

from itertools import pairwise

import numpy as np
import pytest

from marsjax.book import Levels
from marsjax.plot.depth_panel import draw_depth, without_outliers
from marsjax.plot.rows import placed, sheet


def levels(bids=(), asks=(), num_levels=6):
    price, qty = np.zeros((2, 2, num_levels), np.int32)
    for side, given in enumerate((bids, asks)):
        for k, (at, shares) in enumerate(given):
            price[side, k], qty[side, k] = at, shares
    return Levels(price, qty)


def draw(book, tick_size=None, width=2.7):
    figure = sheet(4, 3)
    axes = placed(figure, 0.7, 0.3, width, 2)
    handles = draw_depth(axes, book, tick_size=tick_size, currency="USD")
    figure.canvas.draw()
    return axes, [handle.get_label() for handle in handles]


TWO_SIDED = levels([(100, 5), (98, 20)], [(101, 2), (103, 4)])


def test_steps_and_legend():
    axes, names = draw(TWO_SIDED)
    assert names == ["bids", "asks", "mid 100.5"]
    heights = [line.get_ydata().max() for line in axes.lines[:2]]
    assert heights == [25, 6]
    assert axes.get_xlabel() == "price (ticks)"
    assert draw(TWO_SIDED, 0.01)[1][-1] == "mid 1.005"
    even = levels([(100, 5)], [(102, 5)])
    assert draw(even, 0.01)[1][-1] == "mid 1.01"


@pytest.mark.parametrize(
    ("book", "words", "names"),
    [
        (levels(), ["the book is empty"], []),
        (levels(bids=[(100, 5)]), ["no asks"], ["bids"]),
        (levels(asks=[(1, 5)]), ["no bids"], ["asks"]),
        (levels([(101, 5)], [(100, 5)]), [], ["bids", "asks"]),  # no mid if crossed
    ],
)
def test_odd_books(book, words, names):
    axes, got = draw(book)
    assert [text.get_text() for text in axes.texts] == words
    assert got == names


def test_stub_quotes_are_left_out_and_counted():
    book = levels(
        [(10_000, 5), (9_999, 5), (9_998, 5), (1, 9)],
        [(10_001, 5), (10_002, 5), (20_000_000, 9)],
    )
    near, num_far = without_outliers(book)
    assert num_far == 2
    assert near.qty_SK.sum() == 25 and book.qty_SK.sum() == 43
    axes, _ = draw(book)
    assert axes.get_xlabel() == "price (ticks); 2 far levels not drawn"
    low, high = axes.get_xlim()
    assert low > 9_900 and high < 10_100


@pytest.mark.parametrize(
    "book", [levels(), levels([(100, 5)], [(2**28, 5)]), TWO_SIDED]
)
def test_without_outliers_all_is_drawn(book):
    near, num_far = without_outliers(book)
    assert num_far == 0
    np.testing.assert_array_equal(near.qty_SK, book.qty_SK)


@pytest.mark.parametrize("first", [1, 1_000, 10**6, 2**28 - 60])
@pytest.mark.parametrize("tick_size", [None, 0.01, 1e-8])
def test_labels_of_prices_do_not_overlap(first, tick_size):
    book = levels([(first + 5 * k, 1) for k in range(6)][::-1])
    axes, _ = draw(book, tick_size)
    labels = [label for label in axes.get_xticklabels() if label.get_text()]
    boxes = [label.get_window_extent() for label in labels]
    assert boxes
    assert all(a.x1 < b.x0 for a, b in pairwise(boxes))
    assert boxes[-1].x1 <= axes.get_window_extent().x1 + 0.3 * axes.get_figure().dpi
