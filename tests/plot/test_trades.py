"""What counts as one trade, and the list of the last ones."""

import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.plot import Trades, trades_of
from marsjax.plot.rows import row_axes, sheet
from marsjax.plot.trades import AUCTION, draw_trades
from marsjax.types import Event, EventKind, Side

BUY, SELL = int(Side.BUY), int(Side.SELL)


def events(*rows):
    """Events from rows of kind, side, price, quantity and whether it is the last."""
    values = np.array(rows, np.int32).reshape(-1, 5).T
    columns = dict.fromkeys(Event._fields, np.zeros(values.shape[1], np.int32))
    names = ("kind", "side", "price_ticks", "qty", "is_last")
    return Event(**columns | dict(zip(names, values, strict=True)))


def rows(trades):
    return [tuple(int(x) for x in row) for row in zip(*trades, strict=True)]


def test_a_trade_is_one_message_at_one_price():
    got = trades_of(
        events(
            (EventKind.REST, SELL, 100, 9, 1),
            (EventKind.FILL, BUY, 100, 5, 0),
            (EventKind.CANCEL, SELL, 100, 8, 0),  # self-trade prevention, in between
            (EventKind.FILL, BUY, 100, 4, 0),
            (EventKind.FILL, BUY, 101, 2, 1),
            (EventKind.FILL, BUY, 101, 3, 1),  # another message
            (EventKind.NONE, 0, 0, 0, 0),
            (EventKind.FILL, SELL, 101, 1, 1),
        )
    )
    assert rows(got) == [
        (100, 9, BUY),
        (101, 2, BUY),
        (101, 3, BUY),
        (101, 1, SELL),
    ]


def test_an_auction_is_one_trade_of_one_sides_quantity():
    got = trades_of(
        events(
            (EventKind.AUCTION_FILL, BUY, 2130, 300, 0),
            (EventKind.AUCTION_FILL, BUY, 2130, 100, 0),
            (EventKind.AUCTION_FILL, SELL, 2130, 400, 0),
            (EventKind.UNCROSS, BUY, 2130, 400, 1),
            (EventKind.FILL, SELL, 2130, 50, 1),
        )
    )
    assert rows(got) == [(2130, 400, AUCTION), (2130, 50, SELL)]


def test_quantities_do_not_overflow():
    most = 2**31 - 1
    got = trades_of(
        events((EventKind.FILL, BUY, 7, most, 0), (EventKind.FILL, BUY, 7, most, 1))
    )
    assert rows(got) == [(7, 2 * most, BUY)]


def test_no_trades():
    assert rows(trades_of(events())) == []
    assert rows(trades_of(events((EventKind.REST, BUY, 100, 9, 1)))) == []


def test_events_of_many_books_are_refused():
    many = Event(*(np.zeros((3, 5), np.int32) for _ in Event._fields))
    with pytest.raises(InputError, match=r"\(3, 5\).*; pick one"):
        trades_of(many)


def written(num_trades, num_rows):
    index = np.arange(num_trades)
    trades = Trades(
        1_000 + index, 1 + index, np.resize([BUY, SELL, AUCTION], len(index))
    )
    axes = row_axes(sheet(3, 3), 0, 0, 3, num_rows + 1, "")
    draw_trades(axes, trades, width=3, num_rows=num_rows, tick_size=None)
    return [text.get_text() for text in axes.texts][3:]  # without the headings


def test_the_newest_come_first():
    assert written(3, 3) == [
        *("◆ auction", "1,002", "3"),
        *("▼ sell", "1,001", "2"),
        *("▲ buy", "1,000", "1"),
    ]


def test_what_does_not_fit_is_counted():
    texts = written(1_200, 3)
    assert texts[0] == "and 1,198 before"
    assert texts[2::3] == ["2,199", "2,198"]


def test_without_trades_it_says_so():
    assert written(0, 3) == ["no trades"]
