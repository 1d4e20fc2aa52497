"""Recovery of Shanghai's orders as sent, and what the reader refuses."""

import pytest

from marsjax.data import dense_ids, fidelity, in_session, prepare_sse, to_messages
from marsjax.errors import InputError
from marsjax.types import Kind
from tests.data.fixtures import ORDERS, TRADES, with_line, write
from tests.data.plain_book import replay_plain

COLUMNS = ["time_s", "time_ns", "kind", "side", "price_ticks", "qty", "order_id"]
L, K, C, A = Kind.LIMIT, Kind.COLLECT, Kind.CANCEL, Kind.AUCTION_FILL
AS_SENT = [
    (33300, 30_000_000, K, 0, 1000, 500, 11),
    (33360, 0, K, 1, 999, 300, 12),
    (33420, 0, K, 1, 1010, 250, 13),
    (33480, 0, K, 1, 1010, 150, 20),
    (33900, 10_000_000, A, 0, 1000, 300, 11),
    (33900, 10_000_000, A, 1, 1000, 300, 12),
    (34200, 0, L, 0, 998, 200, 14),
    (34205, 120_000_000, L, 1, 1011, 150, 15),
    (36000, 0, L, 0, 1010, 500, 16),
    (41399, 0, L, 1, 1010, 100, 17),
    (46800, 0, C, 1, 1011, 150, 15),
    (53819, 990_000_000, L, 1, 1020, 100, 18),
    (53820, 0, K, 0, 997, 700, 19),
    (54000, 100_000_000, A, 0, 1010, 50, 19),
    (54000, 100_000_000, A, 1, 1010, 50, 18),
]


def prepare(folder, orders=ORDERS, trades=TRADES, **options):
    return prepare_sse(
        *write(folder, XX_2024_orders=orders, XX_2024_trades=trades), **options
    )


def test_orders_as_sent(tmp_path):
    tape = prepare(tmp_path, symbol="600000.SH", date="2024-01-02")
    assert tape.messages.select(COLUMNS).rows() == AS_SENT
    assert tape.fills.rows() == [
        (8, 1010, 250, 13, 16),
        (8, 1010, 150, 20, 16),
        (9, 1010, 100, 16, 17),
    ]
    assert tape.name == "600000.SH_2024-01-02"
    assert (tape.tick_size, tape.lot_size, tape.seed_rows) == (0.01, 100, 0)
    counts = tape.counts
    read = counts["orders_read"] + counts["trades_read"]
    merged = counts["continuous_trades_merged_into_orders"] - 2  # two orders traded
    merged += counts["remainders_merged_into_orders"]
    assert read - merged + counts["auction_trades"] == counts["messages"] == 15
    assert in_session(tape).tolist() == [6 <= row <= 11 for row in range(15)]


def test_made_up_day_replays(tmp_path):
    tape = prepare(tmp_path)
    events, message, _ = replay_plain(tape.messages)
    found = fidelity.fills_of_events(events, message)
    assert found.tolist() == fidelity.fills_of_frame(tape.fills, None).tolist()


@pytest.mark.parametrize("code", ["600536", "600761", "601825"])
def test_real_tape_replays_exactly(shared, code):
    paths = [
        shared / f"data/SSE_{code}.SH_2023-07-11_{kind}.csv.xz"
        for kind in ("orders", "trades")
    ]
    tape = prepare_sse(*paths)
    assert (tape.symbol, tape.date, tape.notes) == (f"{code}.SH", "2023-07-11", ())
    events, message, levels = replay_plain(tape.messages)
    expected = fidelity.fills_of_frame(tape.fills, dense_ids(tape.messages))
    fills = fidelity.compare_fills(expected, fidelity.fills_of_events(events, message))
    trades = tape.counts["continuous_trades_merged_into_orders"]
    assert fills == (trades, trades)
    cancels = fidelity.compare_cancels(tape.messages, events, message)
    assert cancels == (tape.counts["cancel"], tape.counts["cancel"])
    auction = fidelity.compare_cancels(
        tape.messages, events, message, of=Kind.AUCTION_FILL
    )
    assert auction == (tape.counts["auction_fill"], 2 * tape.counts["auction_trades"])
    assert fidelity.crossed_states(levels[:, 0], in_session(tape)) == 0
    assert set(to_messages(tape.messages).kind) == {
        Kind.LIMIT,
        Kind.CANCEL,
        Kind.COLLECT,
    }


ORDER_FAULTS = [
    (4, "101000,250", "101050,250", "orders.csv:4: OrderPrice 101050 is off tick"),
    (4, "101000,250", "0,250", "orders.csv:4: OrderPrice is 0, not positive"),
    (4, "250", "-250", "orders.csv:4: OrderQty is -250"),
    (4, "250", "0", "orders.csv:4: OrderQty is 0"),
    (4, "250", "4x0", "orders.csv:4: OrderQty is '4x0', not a whole number"),
    (4, "250", "", "orders.csv:4: OrderQty is '', not a whole number"),
    (4, ",13,3", "", "orders.csv:4: the row is cut off: 5 fields instead of 7"),
    (4, ",13,3", ",13,3,9", "orders.csv:4: the row is long"),
    (4, "00.000,2", "00.000,1", "orders.csv:4: OrderType 1 is unknown"),
    (4, ",2,13", ",3,13", "orders.csv:4: OrderBSFlag 3 is unknown"),
    (4, ",13,3", ",13,2", "orders.csv:4: ApplSeqNum 2 does not rise"),
    (4, ",13,3", ",11,3", "orders.csv:4: duplicate order id 11"),
    (4, "09:17:00.000", "09:15:59.999", "orders.csv:4: the time goes backwards"),
    (4, "09:17:00.000", "9:17", "orders.csv:4: MDTime is '9:17', not a time"),
    (6, "09:30:00.000", "09:24:59.000", "orders.csv:6: the time goes backwards"),
    (6, ",14,6", ",14,5", "trades.csv:2: ApplSeqNum 5 is in both files"),
    (8, "101000", "100900", "orders.csv:8: order 16 trades or rests at a better"),
    (8, ",1,16", ",2,16", "orders.csv:8: order 16 changes its side"),
    (9, ",15,12", ",99,12", "orders.csv:9: cancel of 150 of order 99, which is not"),
    (9, "101100", "101200", "orders.csv:9: the cancel is not at the price of order 15"),
    (9, "150,2,15", "150,1,15", "orders.csv:9: the cancel has the wrong side for"),
    (4, ",13,3", f",{-(2**63)},3", "orders.csv:4: OrderNO -9223372036854775808 is neg"),
    (2, ",11,1", f",11,{-(2**63)}", "orders.csv:2: ApplSeqNum -9223372036854775808 is"),
    (9, ",150,", ",151,", "orders.csv:9: cancel of 151 of order 15, which has 150"),
]


@pytest.mark.parametrize(("line", "old", "new", "error"), ORDER_FAULTS)
def test_faults_in_orders(tmp_path, line, old, new, error):
    with pytest.raises(InputError) as caught:
        prepare(tmp_path, orders=with_line(ORDERS, line, old, new))
    assert error in str(caught.value)
    assert "; " in str(caught.value) and "\n" not in str(caught.value)


TRADE_FAULTS = [
    (3, ",1,101000", ",7,101000", "trades.csv:3: TradeBSFlag 7 is unknown"),
    (3, ",1,101000", ",0,101000", "trades.csv:3: TradeBSFlag does not fit the time"),
    (2, ",0,100000", ",1,100000", "trades.csv:2: TradeBSFlag does not fit the time"),
    (4, ",150,", ",151,", "trades.csv:4: trade of 151 of order 20, which has 150 left"),
    (3, "101000", "100900", "trades.csv:3: the trade is not at the price of order 13"),
    (5, "16,17", "14,17", "trades.csv:5: the trade is not at the price of order 14"),
    (3, "16,13", f"{-(2**63)},13", "trades.csv:3: TradeBuyNo -9223372036854775808 is"),
    (5, "16,17", "98,17", "trades.csv:5: trade of 100 of order 98, which is not live"),
    (5, "16,17", "16,15", "trades.csv:5: duplicate order id 15"),
    (6, "19,18,0", "19,14,0", ""),
]


@pytest.mark.parametrize(("line", "old", "new", "error"), TRADE_FAULTS)
def test_faults_in_trades(tmp_path, line, old, new, error):
    trades = with_line(TRADES, line, old, new)
    if not error:  # an auction trade may name any order that has enough left
        assert len(prepare(tmp_path, trades=trades).messages) == 15
        return
    with pytest.raises(InputError) as caught:
        prepare(tmp_path, trades=trades)
    assert error in str(caught.value)


def test_swapped_files_name_the_missing_columns(tmp_path):
    with pytest.raises(InputError, match=r"orders\.csv:1: no column OrderType, "):
        prepare(tmp_path, orders=TRADES, trades=ORDERS)


def test_header_without_rows(tmp_path):
    with pytest.raises(InputError, match="header but no row"):
        prepare(tmp_path, trades=TRADES.splitlines()[0] + "\n")
