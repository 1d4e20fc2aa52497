"""Heat maps of tiny known books, and of odd ones."""

import dataclasses

import numpy as np
import pytest

from marsjax.data.tape import Tape, message_frame
from marsjax.plot import book_heatmap, draw_heatmap, heatmap_arrays, save
from marsjax.types import Kind, Side

NAMES = ("time_s", "kind", "side", "price_ticks", "qty", "order_id")
BUY, SELL = int(Side.BUY), int(Side.SELL)
ROWS = (
    (100, Kind.LIMIT, BUY, 1_000, 50, 1),
    (101, Kind.LIMIT, SELL, 1_002, 30, 2),
    (102, Kind.LIMIT, SELL, 1_003, 20, 3),
    (104, Kind.LIMIT, BUY, 1_003, 40, 4),  # takes 30 at 1002 and 10 at 1003
    (105, Kind.MODIFY, BUY, 999, 60, 1),
    (106, Kind.CANCEL, SELL, 0, 4, 3),
    (108, Kind.LIMIT, SELL, 5_000, 9, 5),  # far outside of the window
)


def tape_of(rows, seed_rows=0):
    columns = dict(zip(NAMES, np.array(rows, int).reshape(-1, 6).T, strict=True))
    zeros = np.zeros(len(rows), int)
    return Tape(
        name="X",
        symbol="X",
        date=None,
        messages=message_frame("X", None, time_ns=zeros, owner=zeros, **columns),
        tick_size=0.01,
        lot_size=1,
        sessions=((100, 200),),
        source="test",
        seed_rows=seed_rows,
    )


@pytest.fixture(scope="module")
def arrays():
    return heatmap_arrays(
        tape_of(ROWS), window_s=(0.0, 10.0), num_prices=16, num_columns=10
    )


def test_cells_are_the_book_at_the_left_edge(arrays):
    expected = np.zeros((2, 10, 6), int)  # prices 998 to 1003
    expected[BUY, :5, 2] = 50
    expected[BUY, 5:, 1] = 60
    expected[SELL, 1:4, 4] = 30
    expected[SELL, 2:4, 5] = 20
    expected[SELL, 4:6, 5] = 10
    expected[SELL, 6:, 5] = 6
    low = arrays.price_ticks_P[0]
    got = arrays.qty_SPC[:, 998 - low : 1_004 - low]
    np.testing.assert_array_equal(got, expected.transpose(0, 2, 1))
    assert arrays.qty_SPC.sum() == expected.sum()
    np.testing.assert_array_equal(arrays.edges_s_C1, np.arange(11))


def test_best_quotes(arrays):
    bids = [1_000] * 5 + [999] * 5
    asks = [0, 1_002, 1_002, 1_002] + [1_003] * 6
    np.testing.assert_array_equal(arrays.best_ticks_SC, [bids, asks])


def test_trades_are_one_an_aggressor_and_price(arrays):
    np.testing.assert_array_equal(arrays.trade_s_F, [4.0, 4.0])
    np.testing.assert_array_equal(arrays.trade_ticks_F, [1_002, 1_003])
    np.testing.assert_array_equal(arrays.trade_qty_F, [30, 10])
    np.testing.assert_array_equal(arrays.trade_side_F, [BUY, BUY])
    assert arrays.num_trades_outside == 0


def test_a_window_after_the_trades_has_none_of_them():
    late = heatmap_arrays(
        tape_of(ROWS), window_s=(5.0, 7.0), num_prices=16, num_columns=4
    )
    assert len(late.trade_s_F) == 0
    # The book is still that of the whole stream: columns at 5, 5.5, 6 and 6.5 s.
    at = 1_003 - late.price_ticks_P[0]
    np.testing.assert_array_equal(late.qty_SPC[SELL, at], [10, 10, 6, 6])


def test_prices_outside_are_left_out_and_counted():
    rows = [*ROWS, (109, Kind.LIMIT, BUY, 5_000, 15, 6)]  # 6 at 1003, 9 at 5000
    arrays = heatmap_arrays(tape_of(rows), window_s=(0.0, 10.0), num_prices=16)
    assert arrays.num_trades_outside == 1
    assert arrays.trade_qty_F.sum() == 30 + 10 + 6


def test_the_window_follows_the_quotes_by_default():
    arrays = heatmap_arrays(tape_of(ROWS))
    assert arrays.edges_s_C1[0] == 0 and arrays.edges_s_C1[-1] == 8
    assert arrays.price_ticks_P[0] < 995 and arrays.price_ticks_P[-1] > 1_007
    assert arrays.qty_SPC.shape == (2, 32, 600)


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        ROWS[:1],
        [(100, Kind.LIMIT, SELL, 1, 5, 1)],
        [ROWS[0], (101, Kind.CANCEL, BUY, 0, 0, 1)],
        [],
    ],
    ids=["two-sided", "one order", "no bids", "emptied", "empty"],
)
def test_odd_tapes(rows, tmp_path):
    figure = book_heatmap(tape_of(rows), num_prices=16, currency="CNY")
    save(figure, tmp_path / "heat.png")
    assert figure.axes[0].get_ylabel() == "price (CNY)"


def test_no_resting_order_is_said():
    figure = book_heatmap(tape_of([]), num_prices=16)
    assert any("no resting orders" in t.get_text() for t in figure.axes[0].texts)


def test_seeds_are_in_the_book_but_not_in_the_default_window():
    early = [(90, Kind.COLLECT, BUY, 1_001, 7, 9), (105, *ROWS[1][1:])]
    arrays = heatmap_arrays(tape_of(early, seed_rows=1), num_prices=16)
    assert arrays.edges_s_C1[0] < 5 < arrays.edges_s_C1[-1]  # widened about 5 s
    at = 1_001 - arrays.price_ticks_P[0]
    np.testing.assert_array_equal(arrays.qty_SPC[BUY, at], 7)


def test_of_many_trades_the_largest_are_drawn_and_it_says_so(arrays, tmp_path):
    num = 1_000
    many = arrays._replace(
        trade_s_F=np.linspace(0, 10, num),
        trade_ticks_F=np.full(num, 1_002),
        trade_qty_F=np.arange(1, num + 1),
        trade_side_F=np.arange(num) % 2,
    )
    figure = draw_heatmap(many)
    axes = figure.axes[0]
    assert axes.get_title(loc="right") == "largest 400 of 1,000 trades drawn"
    drawn = [len(dots.get_offsets()) for dots in axes.collections]
    assert sum(drawn) == 400
    save(figure, tmp_path / "heat.png")


def test_a_break_is_marked(arrays, tmp_path):
    broken = dataclasses.replace(tape_of(ROWS), sessions=((100, 104), (160, 200)))
    figure = draw_heatmap(arrays._replace(sessions=broken.sessions))
    ticks = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert "00:01:44\nbreak\n00:02:40" in ticks
    save(figure, tmp_path / "heat.png")
