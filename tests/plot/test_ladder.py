"""Ladders of known books, and of odd ones."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from marsjax.book import Levels
from marsjax.errors import InputError
from marsjax.plot import Trades, ladder, save
from marsjax.plot.ladder import LADDER_WIDTH, ladder_rows
from marsjax.plot.style import ASK, BID


def levels(bids=(), asks=(), num_levels=6):
    price, qty = np.zeros((2, 2, num_levels), np.int32)
    for side, given in enumerate((bids, asks)):
        for k, (at, shares) in enumerate(given):
            price[side, k], qty[side, k] = at, shares
    return Levels(price, qty)


TWO_SIDED = levels([(100, 5), (98, 20)], [(101, 2), (102, 10), (110, 4)])
TRADES = Trades(np.array([100, 101]), np.array([7, 8]), np.array([1, 0]))


def texts(figure, place=0):
    return [text.get_text() for text in figure.axes[place].texts]


def bars(figure, color):
    """Widths of a side's bars, from the top; a level has a price cell, then a bar."""
    boxes = [p for p in figure.axes[0].patches if to_hex(p.get_facecolor()) == color]
    return [box.get_width() for box in boxes[1::2]]


def test_asks_stand_above_bids_with_the_best_in_the_middle():
    rows = ladder_rows(TWO_SIDED, 10)
    prices = [row.price_ticks for row in rows]
    assert prices == [110, 102, 101, 0, 100, 98]
    assert [row.qty for row in rows] == [4, 10, 2, 0, 5, 20]
    assert rows[3].remark == "spread 1 tick"
    assert [row.is_best for row in rows] == [0, 0, 1, 0, 1, 0]
    tops = [row.top for row in rows]
    assert (np.diff(tops) >= 1).all() and tops[0] == 1


def test_a_gap_between_prices_is_marked_and_a_coarse_grid_is_no_gap():
    assert [row.follows_gap for row in ladder_rows(TWO_SIDED, 10)] == [1, 0, 0, 0, 0, 1]
    key = "no orders at the prices between"
    assert key in texts(ladder(TWO_SIDED))
    coarse = levels([(100, 5), (95, 1)], [(110, 5), (115, 1), (125, 1)])
    rows = ladder_rows(coarse, 10, step_ticks=5)
    assert [row.follows_gap for row in rows] == [1, 0, 0, 0, 0, 0]
    close = levels([(100, 5), (99, 20)], [(110, 4)])
    assert key not in texts(ladder(close))


def test_only_the_best_levels_are_shown():
    rows = ladder_rows(TWO_SIDED, 1)
    assert [row.price_ticks for row in rows] == [101, 0, 100]
    with pytest.raises(InputError, match="num_levels is 0; show at least 1"):
        ladder(TWO_SIDED, num_levels=0)


def test_bars_are_in_proportion_and_grow_outwards():
    figure = ladder(TWO_SIDED)
    asks, bids = bars(figure, ASK.lower()), bars(figure, BID.lower())
    assert max(asks) > 0 > max(bids)
    longest = -bids[1]
    np.testing.assert_allclose(asks, longest * np.array([0.2, 0.5, 0.1]))
    np.testing.assert_allclose(bids, -longest * np.array([0.25, 1]))
    # The longest ends at the edge of the ladder.
    left = min(p.get_x() + min(0, p.get_width()) for p in figure.axes[0].patches)
    assert left == pytest.approx(0) and longest < LADDER_WIDTH / 2


@pytest.mark.parametrize(
    ("book", "words"),
    [
        (levels(), "the book is empty"),
        (levels(bids=[(100, 5)]), "no asks"),
        (levels(asks=[(1, 5)]), "no bids"),
        (levels([(100, 5)], [(100, 5)]), "locked"),
        (levels([(102, 5)], [(100, 5)]), "crossed by 2 ticks"),
        (levels([(1, 1)], [(2**28, 2**31 - 1)]), "spread 268,435,455 ticks"),
    ],
)
def test_odd_books_say_what_they_are(book, words, tmp_path):
    figure = ladder(book, TRADES)
    remarks = [row.remark for row in ladder_rows(book, 10) if row.remark]
    assert remarks == [words] and words in texts(figure)
    save(figure, tmp_path / "ladder.png")


def test_no_level_is_without_a_bar():
    tiny = levels([(100, 1)], [(101, 10**9)])
    (bid,), (ask,) = (bars(ladder(tiny), color.lower()) for color in (BID, ASK))
    assert -bid >= 0.004 * ask


def test_units():
    shown = texts(ladder(TWO_SIDED, tick_size=0.05, currency="CHF"))
    assert "price (CHF)" in shown and "5.05" in shown and "bids (shares)" in shown
    shown = texts(ladder(levels([(12_345, 12_345)])))
    assert "price (ticks)" in shown and "12,345" in shown and "12.3k" in shown


def test_trades_stand_beside():
    figure = ladder(TWO_SIDED, TRADES)
    assert [axes.get_title("left") for axes in figure.axes] == [
        "Price ladder",
        "Trades, newest first",
    ]
    assert texts(figure, 1)[3:] == ["▲ buy", "101", "8", "▼ sell", "100", "7"]
    assert len(ladder(TWO_SIDED).axes) == 1


def test_a_short_ladder_leaves_room_for_a_dozen_trades():
    many = Trades(*(np.resize(x, 30) for x in TRADES))
    shown = texts(ladder(levels([(100, 5)]), many), 1)
    assert "and 19 before" in shown


def widest(trades):
    """The most digits there can be, drawn."""
    top = 2**28
    book = levels([(top - 2, 2**31 - 1), (top - 3, 8_191)], [(top, 2**31 - 1)])
    figure = ladder(book, trades, tick_size=0.01, currency="CNY")
    figure.canvas.draw()
    return figure


def test_nothing_overlaps_or_is_cut_off_with_many_digits():
    many = Trades(np.full(3, 2**28), np.array([8_888, 99_900, 1]), np.array([-1, 0, 1]))
    figure = widest(many)
    assert figure.get_size_inches()[0] * 96 <= 602
    cell = figure.axes[0].patches[0].get_window_extent()
    prices = [t for t in figure.axes[0].texts if t.get_text().startswith("2,684")]
    assert len(prices) == 3
    for price in prices:
        box = price.get_window_extent()
        assert cell.x0 < box.x0 and box.x1 < cell.x1
    for axes in figure.axes:
        boxes = [text.get_window_extent() for text in axes.texts]
        for i, one in enumerate(boxes):
            assert one.x0 >= 0 and one.x1 <= figure.bbox.x1
            assert one.y0 >= 0 and one.y1 <= figure.bbox.y1
            assert not any(one.overlaps(other) for other in boxes[:i])


def test_levels_of_many_books_are_refused():
    many = Levels(np.zeros((3, 2, 5), np.int32), np.zeros((3, 2, 5), np.int32))
    with pytest.raises(InputError, match=r"\(3, 2, 5\), not \[2, K\]; pick one"):
        ladder(many)


def test_sides_are_not_told_by_colour_alone():
    """Asks lie right of the prices and bids left of them."""
    figure = ladder(TWO_SIDED)
    align = {t.get_text(): t.get_ha() for t in figure.axes[0].texts}
    assert align["20"] == "right" and align["10"] == "left"
