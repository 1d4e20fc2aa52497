"""Short numbers stay short and do not mislead."""

import pytest

from marsjax.plot.numbers import price_text, qty_text, round_qty_text, ticks_text


@pytest.mark.parametrize(
    ("qty", "text"),
    [
        (0, "0"),
        (9_999, "9,999"),
        (10_000, "10.0k"),
        (12_345, "12.3k"),
        (99_949, "99.9k"),
        (99_950, "100k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (9_997_000, "10.0M"),
        (2**31 - 1, "2.15B"),
        (2 * (2**31 - 1), "4.29B"),
        (2**63 - 1, "9.22e+18"),
    ],
)
def test_quantities(qty, text):
    assert qty_text(qty) == text


def test_any_quantity_of_a_book_takes_six_characters_at_most():
    edges = [d * 10**e + o for e in range(11) for d in (1, 5, 9) for o in (-1, 0, 1)]
    assert max(len(qty_text(qty)) for qty in edges) <= 6


def test_round_quantities_have_no_idle_zeros():
    texts = [round_qty_text(qty) for qty in (0, 2_500, 80_000, 100_000, 1_500_000_000)]
    assert texts == ["0", "2,500", "80k", "100k", "1.5B"]


def test_prices_are_in_currency_or_ticks():
    assert price_text(1_234_567, 0.01) == "12,345.67"
    assert price_text(12_345, 1e-8) == "0.00012345"
    assert price_text(2**28, None) == "268,435,456"


def test_one_tick_is_singular():
    assert [ticks_text(n) for n in (1, 2, 1_200)] == [
        "1 tick",
        "2 ticks",
        "1,200 ticks",
    ]
