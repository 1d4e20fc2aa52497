"""Logs of created, changed and deleted orders as canonical tapes."""

import lzma

import numpy as np
import pytest

from marsjax.data import fidelity
from marsjax.data.formats.bitstamp import BitstampReader
from marsjax.data.formats.live_orders import PATIENCE
from marsjax.data.reader import collect
from marsjax.data.skips import Skips
from marsjax.errors import InputError
from marsjax.types import Kind
from tests.data.fixtures import with_line
from tests.data.formats.replays import check_replay, rows, same

L, C, I = Kind.LIMIT, Kind.CANCEL, Kind.IOC  # noqa: E741
START_MS = 1_430_438_404_000  # 2015-05-01 00:00:04 UTC
HEADER = "id,timestamp,exchange.timestamp,price,volume,action,direction"
EVENTS = [
    (1, 0, "100.00", 20_000_000, "created", "bid"),
    (2, 100, "100.05", 10_000_000, "created", "ask"),
    (3, 100, "100.10", 5_004_999, "created", "ask"),
    (4, 200, "100.10", 30_000_000, "created", "bid"),  # crosses orders 2 and 3
    (4, 210, "100.10", 20_000_000, "changed", "bid"),
    (2, 211, "100.05", 0, "deleted", "ask"),
    (4, 220, "100.10", 17_000_000, "changed", "bid"),
    (3, 221, "100.10", 2_004_999, "changed", "ask"),
    (3, 300, "100.10", 2_004_999, "deleted", "ask"),  # and order 4 rests
    (6, 350, "100.20", 1_000_000, "deleted", "ask"),  # out of order
    (6, 350, "100.20", 1_000_000, "created", "ask"),
    (6, 351, "100.20", 1_000_000, "deleted", "ask"),
    (7, 400, "99.90", 1_000_000, "changed", "bid"),  # first heard of
    (7, 410, "99.95", 1_000_000, "changed", "bid"),
    (9, 420, "99.00", 1_000_000, "deleted", "bid"),  # unknown
    (9, 420, "98.00", 0, "deleted", "bid"),
    (8, 430, "99.00", 0, "deleted", "bid"),
    (10, 500, "100.10", 100, "created", "ask"),  # a market order, at its own pace
    (10, 501, "100.10", 0, "deleted", "ask"),
    (4, 502, "100.10", 16_999_900, "changed", "bid"),
]
CANONICAL = [
    (L, 0, 10000, 2000, 1),
    (L, 1, 10005, 1000, 2),
    (L, 1, 10010, 500, 3),
    (I, 0, 10005, 1000, None),
    (I, 0, 10010, 300, None),
    (C, 1, 10010, 200, 3),
    (L, 0, 10010, 1700, 4),
    (C, 1, 10020, 100, 6),
    (L, 0, 9990, 100, 7),
    (Kind.MODIFY, 0, 9995, 100, 7),
    (C, 0, 9900, 100, 9),
    (Kind.HIDDEN_FILL, 0, 9900, 0, 8),
]


def csv(events=EVENTS):
    lines = [HEADER]
    for order, ms, price, volume, action, side in events:
        times = f"{START_MS + ms},{START_MS}"
        lines.append(f"{order},{times},{price},{volume},{action},{side}")
    return "\n".join(lines) + "\n"


def log(events=EVENTS, books=((205, [], [["100.05", "0.1"]]),)):
    lines = []
    for order, ms, price, volume, action, side in events:
        lines.append(
            f'{START_MS + ms} order_{action} {{"price": "{price}", "amount": '
            f'"{volume / 1e8:.8f}", "datetime": "1", "id": {order}, '
            f'"order_type": {int(side == "ask")}}}'
        )
    for ms, bids, asks in books:
        text = f'{{"bids": {bids}, "asks": {asks}}}'.replace("'", '"')
        lines.append(f"{START_MS + ms} order_book {text}")
    lines.append(f'{START_MS + 205} trade {{"price": 1.0, "amount": 1.0, "id": 1}}')
    return "\n".join(sorted(lines, key=lambda line: int(line[:13]))) + "\n"


def read(folder, text, name="BTCUSD_orders.csv", **options):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return collect(BitstampReader(path, **options))


def test_canonical_rows_and_fills(tmp_path):
    (tape,) = read(tmp_path, csv())
    assert (tape.name, tape.tick_size) == ("BTCUSD_2015-05-01", 0.01)
    assert rows(tape) == CANONICAL
    assert [fill[:4] for fill in tape.fills.rows()] == [
        (3, 10005, 1000, 2),
        (4, 10010, 300, 3),
    ]
    counts = tape.counts
    assert counts["lines_read"] == len(EVENTS)
    # Two for order 4, one for the order that left a hundredth of a lot to it.
    assert counts["execution_of_aggressor"] == 3
    assert counts["created_after_its_end"] == 1
    assert counts["event_after_the_end"] == 2
    assert counts["modify_of_unknown_id"] == 1
    assert counts["cancel_of_unknown_id"] == 2
    assert counts["execution_of_unknown_id"] == 1
    assert counts["volume_rounded_to_lot"] == 5
    check_replay(tape)


def test_a_raw_log_holds_the_same_and_its_books(tmp_path):
    books = [
        (205, [["100.00", "0.2"]], [["100.05", "0.1"], ["100.10", "0.05"]]),
        (230, [["100.00", "0.2"]], [["100.10", "0.02"]]),
    ]
    (tape,) = read(tmp_path, log(books=books), levels=3)
    (plain,) = read(tmp_path, csv())
    assert tape.messages.equals(plain.messages) and tape.fills.equals(plain.fills)
    assert (tape.counts["books"], tape.counts["trades"]) == (2, 1)
    row, given = fidelity.quotes_of_frame(tape.quotes)
    assert row.tolist() == [2, 4]
    levels = check_replay(tape, 3)
    assert fidelity.levels_exact(given, levels[row]) == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("chunk_rows", [1, 2, 7])
def test_chunks_make_no_difference(tmp_path, chunk_rows):
    for text in (csv(), log()):
        whole = read(tmp_path, text)
        same(whole, read(tmp_path, text, chunk_rows=chunk_rows))


def test_lots_ticks_and_units(tmp_path):
    (tape,) = read(tmp_path, csv(), lot="1e-6", tick=0.05)
    assert tape.messages["qty"][2] == 50_050
    assert tape.messages["price_ticks"][1] == 2001
    assert "quantities count 0.000001" in tape.notes[-1]
    (tape,) = read(tmp_path, csv(), unit="1e-6")
    assert tape.messages["qty"][0] == 200_000
    with pytest.raises(InputError, match="lot '0' is not a positive number"):
        read(tmp_path, csv(), lot="0")


def test_midnight_starts_a_tape_with_the_book(tmp_path):
    events = [*EVENTS, (12, 86_400_000, "100.20", 10_000_000, "created", "ask")]
    first, second = read(tmp_path, csv(events))
    assert (first.date, second.date) == ("2015-05-01", "2015-05-02")
    assert second.seed_rows == 3 == len(second.messages) - 1
    assert second.messages["kind"][:3].to_list() == [Kind.COLLECT] * 3
    assert rows(second)[-1] == (L, 1, 10020, 1000, 12)
    (moved,) = read(tmp_path, csv(), zone="America/New_York")
    assert (moved.date, moved.messages["time_s"][0]) == ("2015-04-30", 72_004)


def test_an_order_whose_end_was_lost_makes_way(tmp_path):
    events = [
        (1, 0, "100.00", 10_000, "created", "bid"),
        (2, 0, "100.00", 10_000, "created", "ask"),
    ]
    for k in range(PATIENCE + 2):
        action = "deleted" if k % 2 else "created"
        events.append((10 + k // 2, k, "90.00", 10_000, action, "bid"))
    (tape,) = read(tmp_path, csv(events))
    assert tape.counts["stale_order_taken_off"] == 1
    assert rows(tape)[-2:] == [(C, 0, 10000, 1, 1), (L, 1, 10000, 1, 2)]
    check_replay(tape)


FAULTS = [
    (2, ",created", ",made", "csv:2: action is 'made', not one of created, changed"),
    (2, ",bid", ",buy", "csv:2: direction is 'buy', not one of bid, ask"),
    (2, "100.00", "100.001", "csv:2: price 100.001 is off tick (ticks of 0.01)"),
    (2, "100.00", "-1.00", "csv:2: price is '-1.00', not a positive number"),
    (2, "100.00", "", "csv:2: price is '', not a positive number"),
    (2, "100.00", "9999999999", "csv:2: price 9999999999 is over 2**28 ticks"),
    (2, ",20000000,", ",0,", "csv:2: volume is '0', not a positive number"),
    (2, ",20000000,", f",{10**15},", "csv:2: volume 1000000000000000 is over 2**31"),
    (3, f"{START_MS + 100},", f"{START_MS - 1},", "csv:3: the time goes backwards"),
    (2, f"1,{START_MS},", "1,12:00,", "csv:2: timestamp is '12:00', not a whole"),
    (2, f"1,{START_MS},", f"1,{2**50},", "is not in milliseconds since 1970"),
    (3, "2,14", "1,14", "csv:3: duplicate order id 1: it is live"),
    (3, "2,14", "-2,14", "csv:3: id -2 is out of range"),
    (3, ",ask", "", "csv:3: the row is cut off: 6 fields instead of 7"),
]


@pytest.mark.parametrize(("line", "old", "new", "error"), FAULTS)
def test_faults(tmp_path, line, old, new, error):
    text = with_line(csv(EVENTS[:3]), line, old, new)
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    assert error in str(caught.value)
    assert "; " in str(caught.value) and "\n" not in str(caught.value)
    skips = Skips()
    (tape,) = read(tmp_path, text, skips=skips)
    assert len(tape.messages) == 2 and skips.total == 1
    assert skips.counts().items() <= tape.counts.items()


def test_faults_of_logs(tmp_path):
    for text, error in (
        (log(books=[(5, [[101, 1]], [[100, 1]])]), "the book is crossed: bid 101.0"),
        (log(books=[(5, [["x", 1]], [])]), "the book has no bids and asks"),
        (log().replace('"amount"', '"size"', 1), "the order has no id, price, amount"),
        (log().replace("order_created", "order_made", 1), "csv:1: the line begins"),
    ):
        with pytest.raises(InputError, match=error):
            read(tmp_path, text)
        skips = Skips()
        read(tmp_path, text, skips=skips)
        assert skips.total == 1
    with pytest.raises(InputError, match="this is not text"):
        read(tmp_path, csv().encode() + b"\xff\xfe\n")
    with pytest.raises(InputError, match="cut off"):
        read(tmp_path, lzma.compress(csv().encode())[:-9])
    with pytest.raises(InputError, match="no column id, timestamp"):
        read(tmp_path, "a,b\n1,2\n")


def test_real_log_replays_to_its_own_books(shared):
    (tape,) = collect(
        BitstampReader(shared / "data/bitstamp_2015_raw.log.xz", symbol="BTCUSD")
    )
    assert len(tape.messages) == 49_614 and len(tape.fills) == 611
    odd = {"execution_out_of_queue_order", "stale_order_taken_off"}
    assert not odd & set(tape.counts)
    levels = check_replay(tape)
    row, given = fidelity.quotes_of_frame(tape.quotes)
    time_s = tape.messages["time_s"].to_numpy()
    late = time_s[row] >= time_s[0] + 1800
    given, found = given[late, 0], levels[row[late], 0]
    price = (given[:, ::2] == found[:, ::2]).all(axis=1)
    # Each order of a level is rounded to a lot, the given level once.
    size = (np.abs(given - found)[:, 1::2] <= 2).all(axis=1)
    assert (price.sum(), (price & size).sum(), len(price)) == (4_487, 4_486, 4_490)
    (plain,) = collect(
        BitstampReader(shared / "data/bitstamp_2015_orders.csv.xz", symbol="BTCUSD")
    )
    # The CSV cuts volumes that the log rounds.
    assert plain.messages.drop("qty").equals(tape.messages.drop("qty"))
