"""What file names tell, and files that do not belong together."""

import pytest

from marsjax.data.naming import identify, market_of, symbol_and_date
from marsjax.errors import InputError


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("SSE_600536.SH_2023-07-11_orders.csv.xz", ("600536.SH", "2023-07-11")),
        ("SZSE_000001.SZ_2023-07-11_trades.csv.gz", ("000001.SZ", "2023-07-11")),
        ("AAPL_2012-06-21_34200000_57600000_message_10.csv", ("AAPL", "2012-06-21")),
        ("AAPL_L50_message.csv.xz", ("AAPL", None)),
        ("AAPL_L10_first998_orderbook.csv.xz", ("AAPL", None)),
        ("AAPL_L1_orderbook_first_hour.csv.xz", ("AAPL", None)),
        ("market_007_2023-07-11_message_10.csv", ("market_007", "2023-07-11")),
        ("tape.csv", (None, None)),
    ],
)
def test_names(name, told):
    assert symbol_and_date(name) == told


def test_files_of_two_symbols_or_days_are_refused():
    with pytest.raises(InputError, match=r"symbol is BB, that of AA_orders\.csv is AA"):
        identify(["AA_orders.csv", "BB_trades.csv"], None, None)
    with pytest.raises(InputError, match="date is 2024-01-03"):
        identify(["A_2024-01-02_orders.csv", "A_2024-01-03_trades.csv"], None, None)


def test_files_of_two_simulated_markets_are_refused():
    paths = ["A_2024-01-02_m0000_message_10.csv", "A_2024-01-02_m0001_orderbook_10.csv"]
    assert [market_of([path]) for path in paths] == ["m0000", "m0001"]
    assert market_of(["A_2024-01-02_message_10.csv"]) is None
    with pytest.raises(InputError, match=r"market m0001, .* is of m0000"):
        market_of(paths)


def test_the_caller_wins():
    paths = ["AA_2024-01-02_orders.csv", "BB_trades.csv"]
    assert identify(paths, "CC", "2024-01-05") == ("CC", "2024-01-05", ())


def test_what_is_assumed_is_told():
    symbol, date, notes = identify(["x/stream.csv.gz"], None, None)
    assert (symbol, date) == ("stream", None)
    assert len(notes) == 2 and "--symbol" in notes[0] and "--date" in notes[1]


@pytest.mark.parametrize(
    ("symbol", "date"),
    [("A/B", None), ("..", None), ("A", "May"), ("A", "20230711"), ("A", "2023-W28-2")],
)
def test_unusable_arguments(symbol, date):
    with pytest.raises(InputError):
        identify(["tape.csv"], symbol, date)
