"""LOBSTER files in chunks, round trips of whole streams, and faults to skip."""

import gzip
import lzma

import numpy as np
import polars as pl
import pytest

from marsjax.data import fidelity, prepare_lobster, write_lobster
from marsjax.data.formats.lobster import LobsterReader
from marsjax.data.reader import collect
from marsjax.data.skips import Skips
from marsjax.errors import InputError
from marsjax.types import EventKind, Kind
from tests.data.fixtures import (
    MESSAGES,
    ORDERBOOK,
    assert_same_tape,
    with_line,
    write,
)
from tests.data.formats.test_lobster_book import NARROW
from tests.data.market_files import Block, write_files
from tests.data.plain_book import replay_plain


@pytest.mark.parametrize("rows", [1, 2, 3, 100])
@pytest.mark.parametrize("book", [ORDERBOOK, NARROW, None], ids=["2", "1", "none"])
def test_chunks_of_any_size_give_the_same_tape(tmp_path, book, rows):
    paths = write(
        tmp_path, X_message=MESSAGES, **({"X_orderbook": book} if book else {})
    )
    level1 = write(tmp_path, X_level1_orderbook=NARROW)[0]
    tape = prepare_lobster(*paths, level1=level1)
    (again,) = collect(LobsterReader(*paths, level1=level1, chunk_rows=rows))
    assert_same_tape(tape, again)


@pytest.mark.parametrize("book", ["L10_first998", "L1"])
def test_a_real_tape_in_chunks(shared, book):
    data = shared / "data"
    name = {"L1": "AAPL_L1_orderbook_first_hour"}.get(book, f"AAPL_{book}_orderbook")
    paths = data / "AAPL_L50_message.csv.xz", data / f"{name}.csv.xz"
    tape = prepare_lobster(*paths)
    assert tape.counts["orderbook_rows_placed"] == len(tape.quotes)
    (again,) = collect(LobsterReader(*paths, chunk_rows=2_000))
    assert_same_tape(tape, again)


def written(folder, tape, levels):
    replay = replay_plain(tape.messages, levels)
    return write_lobster(folder, tape, *replay)[:2]


def test_a_simulated_market_is_read_and_replays(tmp_path):
    block = Block(5, 3_000)
    (path,), num_rows = write_files(tmp_path, "lobster", block)
    tape = prepare_lobster(path)
    assert (tape.name, len(tape.messages)) == ("RS_2024-01-02", num_rows)
    counts = tape.counts
    fills = int((block.events[:, 1] == EventKind.FILL).sum())
    assert counts["execution"] == len(tape.fills) == fills > 200
    assert counts["cancel_of_unknown_id"] == counts["add_that_crosses"] == 0
    assert counts["execution_out_of_queue_order"] == 0
    events, message, _ = replay_plain(tape.messages)
    found = fidelity.fills_of_events(events, message)
    assert found.tolist() == fidelity.fills_of_frame(tape.fills, None).tolist()


def test_canonical_to_files_and_back_is_identical(tmp_path):
    """Without an opening book: every row, id, time and fill."""
    (path,), _ = write_files(tmp_path, "lobster", Block(6, 2_000))
    tape = prepare_lobster(path)
    messages, book = written(tmp_path / "out", tape, 2)
    again = prepare_lobster(messages)
    assert again.messages.equals(tape.messages) and again.fills.equals(tape.fills)
    # With it the first message is part of the opening book, which knows no ids.
    seeded = prepare_lobster(messages, book)
    assert seeded.counts["orderbook_rows_placed"] == len(tape.messages)
    names = ["time_s", "time_ns", "kind", "side", "price_ticks", "qty"]
    after = seeded.messages[seeded.seed_rows :]
    assert after.select(names).equals(tape.messages[1:].select(names))


@pytest.mark.parametrize("name", ["AAPL_L50", "MSFT_L50_1000"])
def test_a_real_tape_to_files_and_back_is_identical(shared, tmp_path, name):
    """But for the cancels of orders nobody knows, which the exchange refuses."""
    whole = prepare_lobster(shared / f"data/{name}_message.csv.xz")
    first = tmp_path / f"{name.split('_')[0]}_2012-06-21_message_1.csv"
    with lzma.open(shared / f"data/{name}_message.csv.xz", "rt") as file:
        first.write_text("".join(file.readlines()[:20_000]))
    tape = prepare_lobster(first)
    assert tape.messages["kind"].to_list() == whole.messages["kind"][:20_000].to_list()
    unknown = fidelity.unknown_cancels(
        tape.messages["kind"].to_numpy(), tape.messages["order_id"].to_numpy()
    )
    assert unknown.sum() == tape.counts["cancel_of_unknown_id"] > 20
    again = prepare_lobster(written(tmp_path / "out", tape, 1)[0])
    known = tape.messages.filter(~pl.Series(unknown))
    same = again.messages["order_id"].to_numpy() == known["order_id"].to_numpy()
    # The reader's own ids lie above those of the file, which lacks the unknown ones.
    assert set(known["kind"].to_numpy()[~same]) <= {Kind.IOC}
    names = [
        name for name in known.columns if name not in ("order_id", "symbol", "date")
    ]
    assert again.messages.select(names).equals(known.select(names))
    names = ["price_ticks", "qty", "maker_id"]
    assert again.fills.select(names).equals(tape.fills.select(names))


def test_packed_files_are_read_alike(tmp_path):
    paths = write(tmp_path, X_message=MESSAGES, X_orderbook=ORDERBOOK)
    tape = prepare_lobster(*paths)
    for path in paths:
        path.write_bytes(gzip.compress(path.read_bytes()))
    assert prepare_lobster(*paths).messages.equals(tape.messages)


# Line of the messages, what is changed, rows skipped, and the reason.
FAULTS = [
    (2, "34200.5", "34199.5", 1, "the time goes backwards"),
    (2, ",1,502", ",8,502", 1, "type is unknown"),
    (2, "1000200", "1000250", 1, "price is off tick"),
    (2, "1000200", "one", 1, "price is not a whole number"),
    (2, ",502,", ",501,", 1, "duplicate order id"),
    (6, ",40,1000000,1", "", 2, "the row is cut off"),
    (10, ",-1,-1", ",-", 1, "the row is cut off"),
]


@pytest.mark.parametrize(("line", "old", "new", "num", "reason"), FAULTS)
@pytest.mark.parametrize("rows", [1, 100])
def test_faults_are_skipped_and_told(tmp_path, line, old, new, num, reason, rows):
    """The resolver goes on, and the books stay with their messages."""
    texts = {"X_message": with_line(MESSAGES, line, old, new), "X_orderbook": ORDERBOOK}
    paths = write(tmp_path, **texts)
    with pytest.raises(InputError, match=rf"X_message\.csv:{line}: "):
        prepare_lobster(*paths)
    skips = Skips()
    (tape,) = collect(LobsterReader(*paths, skips=skips, chunk_rows=rows))
    assert skips.total == num and tape.counts["messages_read"] == 9
    assert any(name.startswith(f"skipped: {reason}") for name in tape.counts)
    assert f"X_message.csv:{line}: " in skips.lines()[0]
    kinds = prepare_lobster(*write(tmp_path, X_message=MESSAGES)).messages["kind"]
    expected = [kind for i, kind in enumerate(kinds, 1) if i not in (1, line)]
    found = tape.messages["kind"].to_list()[tape.seed_rows :]
    if line == 2:  # nobody knows what acts on it; all else is as it was
        assert len(found) == len(expected)
    row = tape.quotes["row"].to_numpy() - tape.seed_rows + 1
    lines = [i for i in range(1, 11) if i != line]
    assert [lines[r] for r in row] == [i for i in range(1, 7) if i != line]


BOOK_FAULTS = [
    (3, "1000000,100", "1000200,100", "the best bid is not below the best ask"),
    (3, "1000200", "1000250", "a price of the ask side is off tick"),
    (3, ",999900,40", "", "the row is cut off"),
]


@pytest.mark.parametrize(("line", "old", "new", "reason"), BOOK_FAULTS)
@pytest.mark.parametrize("rows", [1, 100])
def test_books_at_fault_are_skipped(tmp_path, line, old, new, reason, rows):
    """As many books as messages: the others stay where they are."""
    messages = "".join(MESSAGES.splitlines(keepends=True)[:6])
    paths = write(tmp_path, X_message=messages,
                  X_orderbook=with_line(ORDERBOOK, line, old, new))  # fmt: skip
    with pytest.raises(InputError, match=rf"X_orderbook\.csv:{line}: {reason}"):
        prepare_lobster(*paths)
    skips = Skips()
    (tape,) = collect(LobsterReader(*paths, skips=skips, chunk_rows=rows))
    assert skips.total == 1 and reason in skips.lines()[0]
    assert (tape.quotes["row"] - tape.seed_rows + 1).to_list() == [0, 1, 3, 4, 5]


def test_books_after_a_skipped_one_find_their_messages_again(tmp_path):
    """Fewer books than messages: the one behind the gap has none, the rest do."""
    books = with_line(NARROW, 3, "1000000,40", "1000300,40")
    paths = write(tmp_path, X_message=MESSAGES, X_orderbook=books)
    skips = Skips()
    (tape,) = collect(LobsterReader(*paths, skips=skips))
    assert skips.total == 1
    assert tape.counts["orderbook_rows_placed"] == 3
    assert (tape.quotes["row"] - tape.seed_rows + 1).to_list() == [0, 1, 5]


def test_a_lenient_start_waits_for_a_message_with_a_book(tmp_path):
    messages = "".join(MESSAGES.splitlines(keepends=True)[:6])
    books = with_line(ORDERBOOK, 1, "1000300", "1000350")
    paths = write(tmp_path, X_message=messages, X_orderbook=books)
    skips = Skips()
    (tape,) = collect(LobsterReader(*paths, skips=skips))
    assert skips.total == 2 and tape.counts["messages_read"] == 5
    assert tape.messages["price_ticks"].to_list()[: tape.seed_rows] == [
        10_000, 9_999, 10_002, 10_003,
    ]  # fmt: skip
    paths = write(tmp_path, X_message=MESSAGES, X_orderbook=books)
    with pytest.raises(
        InputError, match=r"orderbook\.csv:1: the first row, which seeds"
    ):
        collect(LobsterReader(*paths, skips=Skips()))


def test_more_books_than_messages_are_left_out(tmp_path):
    messages = "".join(MESSAGES.splitlines(keepends=True)[:4])
    paths = write(tmp_path, X_message=messages, X_orderbook=ORDERBOOK)
    skips = Skips()
    (tape,) = collect(LobsterReader(*paths, skips=skips))
    assert tape.counts["orderbook_rows_placed"] == 4
    assert (
        "skipped 2 rows" in skips.lines()[0] and "X_orderbook.csv:5" in skips.lines()[0]
    )


def test_a_book_that_does_not_follow_is_left_out(tmp_path):
    books = with_line(NARROW, 3, ",40", ",41")
    paths = write(tmp_path, X_message=MESSAGES, X_orderbook=books)
    skips = Skips()
    (tape,) = collect(LobsterReader(*paths, skips=skips))
    assert skips.total == 3 and len(tape.quotes) == 2
    assert "X_orderbook.csv:3: no message turns the row before" in skips.lines()[0]


def test_the_reader_s_own_ids_lie_above_all_of_the_file(tmp_path):
    lines = MESSAGES.splitlines(keepends=True)
    paths = write(tmp_path, X_message="".join([*lines, "34208,1,9000000,5,900000,1\n"]))
    tape = prepare_lobster(*paths)
    assert tape.fills["taker_id"].to_list() == [9_000_001]
    assert np.unique(tape.messages["order_id"].to_numpy()).max() == 9_000_001
