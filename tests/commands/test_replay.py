"""``marsjax replay``: what it prints about a day's call auctions."""

import json
from dataclasses import replace

import pytest

from marsjax.cli import main
from marsjax.data import prepare_sse, write_tapes
from tests.data.fixtures import with_line, write
from tests.data.sse_day import ORDERS, TRADES

EQUAL = "the day equals the tape in all"


@pytest.fixture
def replayed(tmp_path, capsys):
    """A function that replays the made-up day, with trades as given, to its output."""

    def run(*options, trades=TRADES, source="sse"):
        files = write(tmp_path, XX_2024_orders=ORDERS, XX_2024_trades=trades)
        tape = replace(prepare_sse(*files), source=source)
        write_tapes(tmp_path / "store", [tape])
        main(["replay", str(tmp_path / "store"), *options])
        # Lines are folded to the width of a pipe.
        return " ".join(capsys.readouterr().out.split())

    return run


def test_auctions_beside_the_exchange_s(replayed):
    text = replayed()
    assert text.count("10.03 x 400") == text.count("10.15 x 340") == 2
    assert text.count(" yes ") == 2 and EQUAL in text
    (row,) = json.loads(replayed("--json"))
    assert row["fills_identical"] == row["fills_total"] == 2
    assert [a["auction"] for a in row["day"]["auctions"]] == [
        "opening auction",
        "closing auction",
    ]
    assert row["day"]["identical"]


def test_a_difference_is_told(replayed):
    text = replayed(trades=with_line(TRADES, 2, "300,8", "200,8"))
    assert "10.03 x 400" in text and "10.03 x 300" in text
    assert " NO " in text and "DIFFERS" in text and EQUAL not in text


def test_a_tape_without_auction_orders(replayed):
    text = replayed(source="marsjax")
    assert "no auction orders on the tape" in text and "Call auctions" not in text
    (row,) = json.loads(replayed("--json", source="marsjax"))
    assert row["day"] is None
