"""The exchange against real tapes: the fidelity that `marsjax replay` prints."""

import pytest

from marsjax.data import prepare_lobster, prepare_sse, read_store, write_tape
from marsjax.data.replay import replay_messages, replay_tape
from marsjax.data.replay_check import check_tape
from marsjax.data.tape import to_messages
from marsjax.synth import synthetic_tape

SSE = {"600536": 33_105, "600761": 24_668, "601825": 5_340}


@pytest.mark.parametrize(
    "code", [pytest.param("600536", marks=pytest.mark.slow), "600761", "601825"]
)
def test_shanghai_fill_for_fill(shared, code):
    files = (
        shared / f"data/SSE_{code}.SH_2023-07-11_{kind}.csv.xz"
        for kind in ("orders", "trades")
    )
    row = check_tape(prepare_sse(*files))
    assert row["symbol"] == f"{code}.SH"
    assert row["fills_identical"] == row["fills_total"] == SSE[code]
    assert row["cancels_matched"] == row["cancels_total"] > 0
    assert row["auction_fills_matched"] == row["auction_fills_total"] > 0
    assert row["crossed_states"] == 0
    assert row["quotes_exact"] is None and row["status"] == []


def test_aapl_against_its_given_books(shared):
    row = check_tape(
        prepare_lobster(
            shared / "data/AAPL_L50_message.csv.xz",
            shared / "data/AAPL_L10_first998_orderbook.csv.xz",
            level1=shared / "data/AAPL_L1_orderbook_first_hour.csv.xz",
        )
    )
    assert row["level1_total"] == 25_640
    assert row["level1_exact"] / row["level1_total"] >= 0.999
    assert row["levels_exact"] == [1.0] * 10 and row["quotes_exact"] == 1.0
    assert row["quotes_compared"] == 999
    assert row["crossed_states"] == 0
    assert row["fills_identical"] == row["fills_total"] > 4_000


def test_msft_against_its_given_book(shared):
    row = check_tape(
        prepare_lobster(
            shared / "data/MSFT_L50_1000_message.csv.xz",
            shared / "data/MSFT_L50_1000_orderbook.csv.xz",
        )
    )
    assert row["levels_exact"][:20] == [1.0] * 20
    assert row["crossed_states"] == 0


def test_a_damaged_tape_is_told_from_a_good_one():
    """The check can fail: a fill printed at a wrong price is not identical."""
    tape = synthetic_tape(1, 600)
    fills = check_tape(tape)
    assert fills["fills_total"] == 0 and fills["cancels_matched"] > 0
    frame = tape.messages.with_columns(qty=tape.messages["qty"] + 1)
    damaged = check_tape(type(tape)(**{**vars(tape), "messages": frame}))
    assert damaged["cancels_matched"] < damaged["cancels_total"]


@pytest.mark.slow
def test_slots_grow_until_nothing_is_rejected(tmp_path):
    messages = to_messages(synthetic_tape(1, 400).messages)
    with pytest.raises(ValueError, match="more slots"):
        replay_messages(messages, num_slots=16)
    assert int(replay_messages(messages).book.status) == 0


def test_a_store_replays_like_its_tape(tmp_path):
    tape = synthetic_tape(2, 300)
    write_tape(tmp_path / "store", tape)
    (back,) = read_store(tmp_path / "store")
    one, two = replay_tape(tape), replay_tape(back)
    for a, b in zip(one.events, two.events, strict=True):
        assert (a == b).all()
