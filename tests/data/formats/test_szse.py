"""Shenzhen's files: orders with and without a price, trades, and cancels among them."""

import numpy as np
import polars as pl
import pytest

from marsjax.data import fidelity, in_session
from marsjax.data.formats.szse import SzseReader, prepare_szse
from marsjax.data.reader import collect
from marsjax.data.skips import Skips
from marsjax.errors import InputError
from marsjax.types import MAX_PRICE_TICKS, Kind
from tests.data.fixtures import assert_same_tape, with_line, write
from tests.data.market_files import Block, write_files
from tests.data.plain_book import replay_plain

ORDERS = """\
MDTime,OrderType,OrderPrice,OrderQty,OrderBSFlag,ApplSeqNum
09:15:00.000,2,100000,500,1,1
09:16:00.000,2,99900,300,2,2
09:17:00.000,2,101000,200,2,3
09:18:00.000,2,101000,100,2,4
09:30:00.000,2,102000,400,2,6
10:00:00.000,U,0,100,1,8
10:00:01.000,1,0,250,1,9
10:00:02.000,1,0,100,1,13
10:00:03.000,1,0,600,1,16
10:00:04.000,1,0,900,2,19
10:00:05.000,U,0,50,2,21
10:00:06.000,2,101500,70,2,23
13:00:00.000,2,101500,100,1,24
14:57:00.000,2,99000,20,1,27
14:58:00.000,2,99000,20,2,28
"""
# Bids 200 of order 1, then 100 of order 8 at its price. Order 9 takes orders 3 and 4;
# order 13 takes the rest of 4 and rests; order 16 takes order 6, and is cancelled; 19
# is cancelled whole; 21 finds no order of its side.
TRADES = """\
MDTime,TradeBuyNo,TradeSellNo,TradeType,TradeBSFlag,TradePrice,TradeQty,ApplSeqNum
09:25:00.000,1,2,F,0,100000,300,5
09:31:00.000,1,0,4,0,0,100,7
10:00:01.000,9,3,F,0,101000,200,10
10:00:01.000,9,4,F,0,101000,50,11
10:00:01.500,8,0,4,0,0,40,12
10:00:02.000,13,4,F,0,101000,50,14
10:00:02.500,13,0,4,0,0,20,15
10:00:03.000,16,6,F,0,102000,400,17
10:00:03.000,16,0,4,0,0,200,18
10:00:04.000,0,19,4,0,0,900,20
10:00:05.000,0,21,4,0,0,50,22
13:00:00.000,24,23,F,0,101500,70,25
14:56:59.000,24,0,4,0,0,30,26
15:00:00.000,27,28,F,0,99000,20,29
"""
L, K, C, A, I = Kind.LIMIT, Kind.COLLECT, Kind.CANCEL, Kind.AUCTION_FILL, Kind.IOC  # noqa: E741
COLUMNS = ["kind", "side", "price_ticks", "qty", "order_id"]
CANONICAL = [
    (K, 0, 1000, 500, 1),
    (K, 1, 999, 300, 2),
    (K, 1, 1010, 200, 3),
    (K, 1, 1010, 100, 4),
    (A, 0, 1000, 300, 1),
    (A, 1, 1000, 300, 2),
    (L, 1, 1020, 400, 6),
    (C, 0, 1000, 100, 1),
    (L, 0, 1000, 100, 8),
    (L, 0, 1010, 250, 9),
    (C, 0, 1000, 40, 8),
    (L, 0, 1010, 100, 13),
    (C, 0, 1010, 20, 13),
    (I, 0, 1020, 600, 16),
    (I, 1, MAX_PRICE_TICKS, 900, 19),
    (I, 1, MAX_PRICE_TICKS, 50, 21),
    (L, 1, 1015, 70, 23),
    (L, 0, 1015, 100, 24),
    (C, 0, 1015, 30, 24),
    (K, 0, 990, 20, 27),
    (K, 1, 990, 20, 28),
    (A, 0, 990, 20, 27),
    (A, 1, 990, 20, 28),
]


def prepare(folder, texts=(ORDERS, TRADES), **options):
    return prepare_szse(
        *write(folder, XX_2024_orders=texts[0], XX_2024_trades=texts[1]), **options
    )


def test_canonical_rows(tmp_path):
    tape = prepare(tmp_path, date="2024-01-02")
    assert tape.messages.select(COLUMNS).rows() == CANONICAL
    assert tape.fills.rows() == [
        (9, 1010, 200, 3, 9),
        (9, 1010, 50, 4, 9),
        (11, 1010, 50, 4, 13),
        (13, 1020, 400, 6, 16),
        (17, 1015, 70, 23, 24),
    ]
    counts = tape.counts
    assert (counts["market_orders"], counts["orders_at_own_best"]) == (4, 2)
    assert counts["cancels_merged_into_orders"] == 3
    assert counts["trades_not_after_their_order"] == 0
    assert (tape.source, tape.tick_size, tape.sessions[-1][1]) == ("szse", 0.01, 53820)
    assert in_session(tape).sum() == 13
    events, message, _ = replay_plain(tape.messages)
    found = fidelity.fills_of_events(events, message)
    assert found.tolist() == fidelity.fills_of_frame(tape.fills, None).tolist()


@pytest.mark.parametrize("rows", range(1, 12, 2))
def test_chunks_of_any_size_give_the_same_tape(tmp_path, rows):
    tape = prepare(tmp_path)
    assert_same_tape(tape, prepare(tmp_path, chunk_rows=rows))


@pytest.mark.parametrize("rows", [40, 1_000])
def test_a_simulated_market_replays_fill_for_fill(tmp_path, rows):
    block = Block(3, 3_000)
    paths, _ = write_files(tmp_path, "szse", block, 2)
    (tape,) = collect(SzseReader(*paths, chunk_rows=rows))
    sent = block.rows[block.rows[:, 0] != Kind.CANCEL]
    assert tape.counts["orders_at_own_best"] > 100
    assert tape.counts["market_orders"] == 2 * (sent[:, 0] == Kind.IOC).sum()
    limits = tape.messages.filter(pl.col("kind").is_in([L, I]))
    assert limits["qty"].to_list() == 2 * sent[:, 3].tolist()
    resting = np.concatenate([sent[:, 0] == Kind.LIMIT] * 2)
    prices = limits["price_ticks"].to_numpy()[resting]
    assert prices.tolist() == np.concatenate([sent[:, 2]] * 2)[resting].tolist()
    events, message, _ = replay_plain(tape.messages)
    found = fidelity.fills_of_events(events, message)
    expected = fidelity.fills_of_frame(tape.fills, None)
    assert found.tolist() == expected.tolist() and len(found) > 500
    cancels = fidelity.compare_cancels(tape.messages, events, message)
    assert cancels == (tape.counts["cancel"], tape.counts["cancel"])


def test_the_exchange_s_own_names_and_codes(tmp_path):
    """Decimal prices, ASCII codes and a date before the time read the same."""
    tape = prepare(tmp_path)
    orders, trades = (pl.read_csv(text.encode()) for text in (ORDERS, TRADES))
    time = ("20240102" + pl.col("MDTime").str.replace_all("[:.]", "")).alias(
        "TransactTime"
    )
    code = {"1": 49, "2": 50, "U": 85, "F": 70, "4": 52}
    orders = orders.select(
        time,
        pl.col("OrderType").replace_strict(code).alias("OrdType"),
        (pl.col("OrderPrice") / 1e4).alias("Price"),
        "OrderQty",
        (pl.col("OrderBSFlag") + 48).alias("Side"),
        "ApplSeqNum",
    )
    trades = trades.select(
        time,
        pl.col("TradeBuyNo").alias("BidApplSeqNum"),
        pl.col("TradeSellNo").alias("OfferApplSeqNum"),
        pl.col("TradeType").replace_strict(code).alias("ExecType"),
        (pl.col("TradePrice") / 1e4).alias("LastPx"),
        pl.col("TradeQty").alias("LastQty"),
        "ApplSeqNum",
    )
    again = prepare(tmp_path, (orders.write_csv(), trades.write_csv()))
    assert again.messages.equals(tape.messages) and again.fills.equals(tape.fills)
    again = prepare(tmp_path, (orders.write_csv(), trades.drop("ExecType").write_csv()))
    assert again.messages.equals(tape.messages)


def test_a_trade_that_its_order_does_not_cause(tmp_path):
    """As where trading resumes with an auction: both orders are reduced."""
    orders = "10:00:00.000,2,100000,100,1,1\n10:01:00.000,2,100000,100,2,2\n"
    orders += "10:02:00.000,2,100000,5,2,3\n"
    trades = "10:05:00.000,1,2,F,0,100000,60,4\n"
    heads = [text.splitlines()[0] + "\n" for text in (ORDERS, TRADES)]
    tape = prepare(tmp_path, (heads[0] + orders, heads[1] + trades))
    assert tape.counts["trades_not_after_their_order"] == 1
    assert tape.messages["kind"].to_list() == [L, L, L, A, A]
    assert tape.messages["order_id"].to_list()[-2:] == [1, 2]


FAULTS = [
    ("orders", 2, "100000", "100050", "orders.csv:2: OrderPrice 100050 is off tick"),
    ("orders", 2, ",2,", ",7,", "orders.csv:2: OrderType '7' is unknown"),
    ("orders", 2, ",1,1", ",3,1", "orders.csv:2: OrderBSFlag '3' is unknown"),
    ("orders", 2, ",500,", ",0,", "orders.csv:2: OrderQty is 0"),
    ("orders", 2, "2,100000", "1,0", "orders.csv:2: an order without a price is not"),
    ("orders", 9, "10:00:02", "09:00:02", "orders.csv:9: the time goes backwards"),
    ("trades", 2, ",F,", ",X,", "trades.csv:2: ExecType 'X' is unknown"),
    ("trades", 2, ",F,", ",4,", "trades.csv:2: a cancel names two orders"),
    ("trades", 3, ",4,", ",F,", "trades.csv:3: a trade names one order"),
    ("trades", 3, "1,0,4", "0,0,4", "trades.csv:3: the row names no order"),
    ("trades", 3, "1,0,4", "0,1,4", "trades.csv:3: the cancel has the wrong side"),
    ("trades", 2, "1,2,F", "2,1,F", "trades.csv:2: the trade has the wrong side"),
    ("trades", 2, ",300,", ",301,", "trades.csv:2: trade of 301 of order 2, which has"),
    ("trades", 4, "9,3,F", "9,77,F", "trades.csv:4: TradeSellNo 77 is of no order"),
    ("trades", 4, "101000", "100900", "trades.csv:4: the trade is not at the price of"),
    ("trades", 13, "101500", "101600", "trades.csv:13: order 24 trades at a worse"),
    ("trades", 3, ",100,7", ",900,7", "trades.csv:3: cancel of 900 of order 1, which"),
]


@pytest.mark.parametrize(("file", "line", "old", "new", "error"), FAULTS)
def test_faults(tmp_path, file, line, old, new, error):
    texts = dict(zip(("orders", "trades"), (ORDERS, TRADES), strict=True))
    texts["trades"] = texts["trades"].replace("TradeType", "ExecType")
    texts[file] = with_line(texts[file], line, old, new)
    with pytest.raises(InputError) as caught:
        prepare(tmp_path, (texts["orders"], texts["trades"]))
    assert error in str(caught.value) and "; " in str(caught.value)
    skips = Skips()
    tape = prepare(tmp_path, (texts["orders"], texts["trades"]), skips=skips)
    assert tape.counts["skipped"] == skips.total >= 1
    assert error[:20] in " ".join(skips.lines())


def test_a_market_order_that_does_nothing_at_all(tmp_path):
    orders, trades = ORDERS, TRADES
    lines = trades.splitlines(keepends=True)
    texts = orders, "".join([*lines[:10], *lines[11:]])
    with pytest.raises(InputError, match=r"orders\.csv:11: order 19 has no price"):
        prepare(tmp_path, texts)


def test_columns_of_neither_kind(tmp_path):
    orders, trades = ORDERS, TRADES
    with pytest.raises(InputError, match=r"trades\.csv:1: no column TradeBuyNo or Bid"):
        prepare(tmp_path, (orders, orders))
    with pytest.raises(InputError, match=r"orders\.csv:1: no column OrderType or Ord"):
        prepare(tmp_path, (trades, trades))
