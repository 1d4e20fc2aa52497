"""LOBSTER tapes as canonical streams, and what a replay of them reproduces."""

import pytest

from marsjax.data import (
    dense_ids,
    fidelity,
    in_session,
    prepare_lobster,
    read_tape,
    to_messages,
    write_tapes,
)
from marsjax.errors import InputError
from marsjax.types import EventKind, Kind
from tests.data.fixtures import MESSAGES, ORDERBOOK, with_line, write
from tests.data.plain_book import replay_plain

COLUMNS = ["kind", "side", "price_ticks", "qty", "order_id"]
L, K, C, I = Kind.LIMIT, Kind.COLLECT, Kind.CANCEL, Kind.IOC  # noqa: E741
H = Kind.HIDDEN_FILL
# Ids above 778, the largest of the file, are the reader's own.
CANONICAL = [
    (K, 0, 10000, 100, 501),
    (K, 0, 9999, 70, 779),
    (K, 1, 10003, 80, 780),
    (L, 1, 10002, 50, 502),
    (C, 0, 9999, 30, 779),
    (I, 1, 10000, 60, 781),
    (H, 1, 10001, 10, 0),
    (C, 0, 10000, 40, 501),
    (C, 0, 9000, 10, 777),
    (H, 0, 9001, 5, 778),
    (Kind.CROSS, 1, 10001, 500, -1),
    (Kind.HALT, 1, -1, 0, 0),
]


def prepare(folder, messages=MESSAGES, orderbook=ORDERBOOK, **options):
    texts = {"XX_2024-01-02_message_2": messages}
    if orderbook is not None:
        texts["XX_2024-01-02_orderbook_2"] = orderbook
    return prepare_lobster(*write(folder, **texts), **options)


def test_canonical_rows(tmp_path):
    tape = prepare(tmp_path)
    assert tape.messages.select(COLUMNS).rows() == CANONICAL
    assert tape.messages["time_ns"][5] == 123_456_789  # three more digits are cut
    assert tape.fills.rows() == [(5, 10000, 60, 501, 781)]
    assert (tape.name, tape.seed_rows, tape.tick_size) == ("XX_2024-01-02", 3, 0.01)
    counts = tape.counts
    assert counts["on_seed_order"] == 1
    assert counts["cancel_of_unknown_id"] == counts["execution_of_unknown_id"] == 1
    assert counts["price_rounded_down_to_tick"] == 1
    read = counts["messages_read"] - counts["skipped_as_part_of_the_seed"]
    assert read + counts["seed_orders"] == len(tape.messages)
    assert in_session(tape).tolist() == [row >= 3 for row in range(12)]


def test_made_up_tape_replays_to_the_given_book(tmp_path):
    tape = prepare(tmp_path)
    events, message, levels = replay_plain(tape.messages, 2)
    row, reference = fidelity.quotes_of_frame(tape.quotes)
    assert row.tolist() == [2, 3, 4, 5, 6, 7]
    assert fidelity.levels_exact(reference, levels[row]) == [1.0, 1.0]
    assert fidelity.compare_cancels(tape.messages, events, message) == (2, 2)
    unknown = fidelity.unknown_cancels(
        tape.messages["kind"].to_numpy(), tape.messages["order_id"].to_numpy()
    )
    assert unknown.nonzero()[0].tolist() == [8]


def test_records_are_no_orders_to_the_exchange(tmp_path):
    sent = to_messages(prepare(tmp_path).messages)
    assert sent.kind[[6, 9, 10, 11]].tolist() == [Kind.NONE] * 4
    assert all(field[11] == 0 for field in sent[:6])


def test_without_an_orderbook_nothing_is_seeded(tmp_path):
    tape = prepare(tmp_path, orderbook=None)
    assert (tape.seed_rows, tape.quotes, len(tape.messages)) == (0, None, 10)
    assert tape.counts["cancel_of_unknown_id"] == 2


def test_an_execution_out_of_turn_leaves_the_first_in_line_alone(tmp_path):
    tape = prepare(
        tmp_path,
        "34200.1,1,1,10,1000000,1\n34200.2,1,2,10,1000000,1\n34200.3,4,2,10,1000000,1\n"
        "34200.4,1,3,10,1000300,1\n34200.5,4,1,10,1000000,1\n",
        orderbook=None,
    )
    kinds = [L, L, Kind.AUCTION_FILL, L, Kind.AUCTION_FILL]
    assert tape.messages["kind"].to_list() == kinds
    assert tape.counts["execution_out_of_queue_order"] == 2
    events, _, levels = replay_plain(tape.messages)
    assert (events.kind != EventKind.FILL).all()
    assert levels[-1, 0].tolist() == [0, 0, 10003, 10]


def test_an_add_that_crosses_a_stale_order_takes_it(tmp_path):
    tape = prepare(
        tmp_path,
        "34200.1,1,1,10,1000000,1\n34200.2,1,2,15,999900,-1\n34200.3,4,2,5,999900,-1\n",
        orderbook=None,
    )
    assert tape.counts["add_that_crosses"] == 1
    events, message, levels = replay_plain(tape.messages)
    expected = fidelity.fills_of_frame(tape.fills, None)
    found = fidelity.fills_of_events(events, message)
    assert fidelity.compare_fills(expected, found) == (1, 2)
    assert levels[-1, 0].tolist() == [0, 0, 0, 0]


FAULTS = [
    (2, "34200.5", "34199.5", "_message_2.csv:2: the time goes backwards"),
    (2, "34200.5", "3.42e4", "_message_2.csv:2: time is '3.42e4', not seconds"),
    (2, ",1,502", ",8,502", "_message_2.csv:2: type 8 is unknown"),
    (2, ",-1", ",0", "_message_2.csv:2: direction 0 is unknown"),
    (2, ",50,", ",0,", "_message_2.csv:2: size is 0"),
    (2, ",50,", ",-50,", "_message_2.csv:2: size is -50"),
    (2, "1000200", "1000250", "_message_2.csv:2: price 1000250 is off tick"),
    (2, "1000200", "-1000200", "_message_2.csv:2: price is -1000200, not positive"),
    (2, "1000200", "one", "_message_2.csv:2: price is 'one', not a whole number"),
    (2, ",502,", ",501,", "_message_2.csv:2: duplicate order id 501: it is live"),
    (2, ",502,", ",-502,", "_message_2.csv:2: order id -502 is negative"),
    (2, ",502,", f",{2**63 - 1},", f"_message_2.csv:2: order id {2**63 - 1} is over"),
    (9, "1000100", f"{-(2**63)}", "_message_2.csv:9: the price or size of this"),
    (10, ",-1,-1", f",{-(2**63)},-1", "_message_2.csv:10: the price or size of this"),
    (5, ",10,", ",0,", "_message_2.csv:5: size is 0"),
    (9, ",500,", f",{2**31},", "_message_2.csv:9: the price or size of this cross"),
    (10, ",-1,-1", ",-1", "_message_2.csv:10: the row is cut off: 5 fields"),
]


@pytest.mark.parametrize(("line", "old", "new", "error"), FAULTS)
def test_faults_in_messages(tmp_path, line, old, new, error):
    with pytest.raises(InputError) as caught:
        prepare(tmp_path, messages=with_line(MESSAGES, line, old, new))
    assert error in str(caught.value)
    assert "; " in str(caught.value) and "\n" not in str(caught.value)


def test_simulated_markets_of_one_day_are_told_apart(tmp_path):
    texts = {
        f"6.SH_2023-07-11_{market}_message_2": MESSAGES for market in ("m0000", "m0001")
    }
    first, second = map(prepare_lobster, write(tmp_path, **texts))
    assert (first.symbol, first.date) == (second.symbol, "2023-07-11")
    assert first.name == "6.SH_2023-07-11_m0000"
    write_tapes(tmp_path / "store", [first, second])
    assert read_tape(tmp_path / "store", second.name).symbol == "6.SH"


def test_the_tick_is_an_argument(tmp_path):
    tape = prepare(tmp_path, tick=50)
    assert tape.tick_size == 0.005
    assert tape.messages["price_ticks"][0] == 20_000
    assert tape.counts["price_rounded_down_to_tick"] == 0
    with pytest.raises(InputError, match="a tick of 0 price units"):
        prepare(tmp_path, tick=0)


# As measured with this reader; the levels of an N-level file decay from the outside.
REAL = [
    ("AAPL_L50", "AAPL_L10_first998", 10, 999, 53, 24),
    ("MSFT_L50_1000", "MSFT_L50_1000", 45, 1000, 0, 0),
]


@pytest.mark.parametrize(
    ("name", "book", "exact", "rows", "unknown", "out_of_order"), REAL
)
def test_real_tape_replays_to_the_given_book(
    shared, name, book, exact, rows, unknown, out_of_order
):
    tape = prepare_lobster(
        shared / f"data/{name}_message.csv.xz", shared / f"data/{book}_orderbook.csv.xz"
    )
    assert tape.counts["orderbook_rows_placed"] == rows
    assert tape.counts["cancel_of_unknown_id"] == unknown
    assert tape.counts["execution_of_unknown_id"] == 0
    assert tape.counts["execution_out_of_queue_order"] == out_of_order
    row, reference = fidelity.quotes_of_frame(tape.quotes)
    first = tape.messages.head(int(row[-1]) + 1)  # as far as there is a book
    levels = replay_plain(first, exact)[2]
    assert fidelity.levels_exact(reference[:, :exact], levels[row]) == [1.0] * exact


def test_one_hour_against_the_level_1_book(shared):
    data = shared / "data"
    tape = prepare_lobster(
        data / "AAPL_L50_message.csv.xz",
        data / "AAPL_L10_first998_orderbook.csv.xz",
        level1=data / "AAPL_L1_orderbook_first_hour.csv.xz",
    )
    events, message, levels = replay_plain(tape.messages)
    states = levels[tape.seed_rows - 1 :, 0]
    reference = fidelity.level1_of_frame(tape.level1)
    assert fidelity.level1_exact(reference, states) == (25_622, 25_640)
    assert fidelity.crossed_states(levels[:, 0], in_session(tape)) == 0
    expected = fidelity.fills_of_frame(tape.fills, dense_ids(tape.messages))
    fills = fidelity.compare_fills(expected, fidelity.fills_of_events(events, message))
    assert fills == (4_043, 4_043)
    cancels = fidelity.compare_cancels(tape.messages, events, message)
    assert cancels == (41_420, 41_420)
