"""Pictures of real books: what the market sees, and what a ladder cannot show."""

import jax
import numpy as np
import pytest

from marsjax.book import init, run
from marsjax.book.rules import rules
from marsjax.errors import InputError
from marsjax.plot import picture_of, save
from marsjax.types import Kind, Message, Phase, Side

BUY, SELL = int(Side.BUY), int(Side.SELL)


def result_of(*rows, **options):
    """A small book after messages of kind, side, price and quantity; ids count up."""
    values = np.array([(*row, i, 0) for i, row in enumerate(rows, start=1)], np.int32)
    return run(init(16, **options), Message(*values.reshape(-1, 6).T))


RESTING = (
    (Kind.LIMIT, BUY, 100, 50),
    (Kind.LIMIT, BUY, 99, 70),
    (Kind.LIMIT, SELL, 102, 30),
    (Kind.LIMIT, SELL, 103, 12_345),
)


def words(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def titles(figure):
    return [axes.get_title("left") for axes in figure.axes]


@pytest.fixture(scope="module")
def traded():
    return result_of(*RESTING, (Kind.IOC, BUY, 103, 45))


def test_ladder_trades_and_depth(traded, tmp_path):
    figure = picture_of(traded.book, traded.events, title="ACME")
    assert titles(figure) == ["ACME", "Trades, newest first", "Depth"]
    shown = words(figure)
    assert {"100", "50", "99", "70", "103", "12.3k", "spread 3 ticks"} <= set(shown)
    assert "102" in shown  # a price of a trade, no longer of a level
    at = shown.index("▲ buy")
    assert shown[at : at + 6] == ["▲ buy", "103", "15", "▲ buy", "102", "30"]
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    assert names == ["bids", "asks", "mid 101.5"]
    save(figure, tmp_path / "book.png")


def test_without_events_there_are_no_trades(traded):
    figure = picture_of(traded.book, tick_size=0.01, currency="USD")
    assert titles(figure) == ["Book", "Depth"]
    assert "1.03" in words(figure)
    assert figure.axes[1].get_xlabel() == "price (USD)"


def test_the_book_stays_as_it_was(traded):
    before = jax.tree.map(np.array, traded.book)
    picture_of(traded.book, traded.events)
    same = jax.tree.map(lambda x, y: np.array_equal(x, y), before, traded.book)
    assert all(jax.tree.leaves(same))


def test_an_empty_book_says_so(tmp_path):
    result = result_of()
    figure = picture_of(result.book, result.events)
    shown = words(figure)
    assert shown.count("the book is empty") == 2 and "no trades" in shown
    save(figure, tmp_path / "book.png")


def test_a_one_sided_book_says_so():
    result = result_of(RESTING[0])
    assert words(picture_of(result.book)).count("no asks") == 2


def test_a_call_auction_says_what_it_would_do():
    crossing = (
        (Kind.LIMIT, BUY, 105, 400),
        (Kind.LIMIT, SELL, 103, 300),
        (Kind.MARKET, BUY, 0, 60),
    )
    result = result_of(*crossing, phase=Phase.COLLECT)
    shown = words(picture_of(result.book, result.events))
    assert "crossed by 2 ticks" in shown
    assert "Call auction, collecting orders." in shown
    assert any(text.startswith("It would trade 300 shares at 105") for text in shown)
    assert "Market orders wait: 60 shares to buy, 0 to sell." in shown
    after = result_of(*crossing, (Kind.UNCROSS, 0, 0, 0), phase=Phase.COLLECT)
    shown = words(picture_of(after.book, after.events))
    at = shown.index("◆ auction")
    assert shown[at + 1 : at + 3] == ["105", "300"]
    assert "It would trade nothing now." in shown


@pytest.mark.parametrize(
    ("phase", "text"),
    [(Phase.HALTED, "Trading is halted."), (Phase.CLOSED, "The market is closed.")],
)
def test_other_phases_are_named(phase, text):
    assert text in words(picture_of(init(16, phase=phase)))


def test_status_bits_are_named():
    result = result_of((Kind.CANCEL, BUY, 0, 5))
    assert "status: UNKNOWN_ID" in words(picture_of(result.book))


def test_all_status_bits_fit():
    book = init(16).replace(status=np.uint32(2**24 - 1))
    figure = picture_of(book)
    figure.canvas.draw()
    lines = [text for text in figure.axes[0].texts if "_" in text.get_text()]
    assert len(lines) > 2
    edge = figure.axes[1].get_window_extent().x0
    for line in lines:
        box = line.get_window_extent()
        assert box.y0 > 0 and box.x1 < edge


def test_the_price_grid_of_the_rules_is_no_gap():
    rows = ((Kind.LIMIT, BUY, 100, 5), (Kind.LIMIT, BUY, 95, 5))
    key = "no orders at the prices between"
    assert key in words(picture_of(result_of(*rows).book))
    assert key not in words(picture_of(result_of(*rows, rules=rules(tick=5)).book))


def test_batches_are_refused(traded):
    many = jax.tree.map(lambda x: np.stack([x] * 3), traded.book)
    with pytest.raises(InputError, match=r"batch of books, \(3,\); pick one with jax"):
        picture_of(many)
    events = jax.tree.map(lambda x: np.stack([x] * 3), traded.events)
    with pytest.raises(InputError, match="pick one book's"):
        picture_of(traded.book, events)
    picture_of(jax.tree.map(lambda x: x[1], many), traded.events)
