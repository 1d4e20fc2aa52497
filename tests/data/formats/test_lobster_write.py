"""Written LOBSTER files say what the exchange did, and read back the same."""

import lzma
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from marsjax.data import Tape, message_frame, prepare_lobster, write_lobster
from marsjax.errors import InputError
from marsjax.types import Event, EventKind, Kind
from tests.data.plain_book import replay_plain

L, K, C, I = Kind.LIMIT, Kind.COLLECT, Kind.CANCEL, Kind.IOC  # noqa: E741
ROWS = [
    (K, 0, 100, 50, 1),
    (K, 1, 102, 10, 2),
    (K, 1, 103, 20, 3),
    (L, 1, 104, 30, 4),
    (C, 0, 0, 20, 1),
    (L, 0, 103, 45, 5),  # two fills over two levels, and a rest at 103
    (I, 0, 90, 5, 6),  # expires: no row
    (C, 0, 0, 7, 99),  # refused: no row
    (I, 1, 103, 4, 7),
    (C, 0, 0, 0, 5),
    (Kind.HIDDEN_FILL, 1, 101, 9, 0),
    (Kind.HALT, 1, -1, 0, 0),
]
MESSAGES = """\
34203.000000003,1,4,30,10400,-1
34204.000000004,2,1,20,10000,1
34205.000000005,4,2,10,10200,-1
34205.000000005,4,3,20,10300,-1
34205.000000005,1,5,15,10300,1
34208.000000008,4,5,4,10300,1
34209.000000009,3,5,11,10300,1
34210.000000010,5,0,9,10100,-1
34211.000000011,7,0,0,-1,-1
"""
NONE_ASK, NONE_BID = "9999999999,0", "-9999999999,0"
BOOKS = f"""\
10200,10,10000,50,10300,20,{NONE_BID}
10200,10,10000,30,10300,20,{NONE_BID}
10300,20,10000,30,10400,30,{NONE_BID}
10400,30,10000,30,{NONE_ASK},{NONE_BID}
10400,30,10300,15,{NONE_ASK},10000,30
10400,30,10300,11,{NONE_ASK},10000,30
10400,30,10000,30,{NONE_ASK},{NONE_BID}
10400,30,10000,30,{NONE_ASK},{NONE_BID}
10400,30,10000,30,{NONE_ASK},{NONE_BID}
"""


def made_up_tape(rows=ROWS):
    values = np.array(rows).T
    names = ("kind", "side", "price_ticks", "qty", "order_id")
    place = np.arange(len(rows))
    return Tape(
        name="XX_2024-01-02",
        symbol="XX",
        date="2024-01-02",
        messages=message_frame(
            "XX",
            "2024-01-02",
            time_s=34200 + place,
            time_ns=place,
            owner=0 * place,
            **dict(zip(names, values, strict=True)),
        ),
        tick_size=0.01,
        lot_size=1,
        sessions=((34200, 57600),),
        source="made up",
        seed_rows=3,
    )


def cancel_of_all(frame):
    """The plain book takes a cancel's quantity at its word."""
    return frame.with_columns(
        qty=pl.when(pl.col("order_id") == 5, pl.col("kind") == C)
        .then(11)
        .otherwise("qty")
        .cast(pl.Int32)
    )


def test_rows_and_the_book_after_each(tmp_path):
    tape = made_up_tape()
    replay = replay_plain(cancel_of_all(tape.messages), 2)
    messages, books, counts = write_lobster(tmp_path / "out", tape, *replay)
    assert messages.name == "XX_2024-01-02_message_2.csv"
    assert messages.read_text() == MESSAGES
    assert books.name == "XX_2024-01-02_orderbook_2.csv"
    assert books.read_text() == BOOKS
    assert counts == {"rows": 9, "messages_without_row": 2}
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_written_files_read_back(tmp_path):
    tape = made_up_tape()
    replay = replay_plain(cancel_of_all(tape.messages), 10)
    paths = write_lobster(tmp_path, tape, *replay)[:2]
    again = prepare_lobster(*paths)
    assert (again.name, again.tick_size) == (tape.name, tape.tick_size)
    levels = replay_plain(again.messages, 10)[2]
    assert (levels[-1] == replay[2][-1]).all()
    second = write_lobster(tmp_path / "2", again, *replay_plain(again.messages, 10))
    # Message 0 is now in the seed, and the seed's orders have ids of the reader's.
    first, then = (path.read_text().splitlines() for path in (paths[0], second[0]))
    but_id = [[line.split(",")[:2] + line.split(",")[3:] for line in each]
              for each in (first[1:], then)]  # fmt: skip
    assert but_id[0] == but_id[1] and len(then) == 8
    assert sum(a != b for a, b in zip(first[1:], then, strict=True)) == 3
    assert second[1].read_text() == paths[1].read_text().split("\n", 1)[1]


@pytest.mark.parametrize(
    ("name", "levels", "changed"),
    [("AAPL_L10_first998", 10, 9), ("MSFT_L50_1000", 20, 227)],
)
def test_a_real_tape_is_written_as_it_was(shared, tmp_path, name, levels, changed):
    data = shared / "data"
    source = data / f"{name}_message.csv.xz"
    tape = prepare_lobster(source, data / f"{name}_orderbook.csv.xz")
    events, message, book = replay_plain(tape.messages, levels)
    written = write_lobster(tmp_path, tape, events, message, book)[0]
    old = lzma.decompress(source.read_bytes()).decode().splitlines()[1:]
    new = written.read_text().splitlines()
    assert len(old) == len(new)
    different = [
        (a, b)
        for a, b in zip(old, new, strict=True)
        if a.split(",")[1:] != b.split(",")[1:]
        or float(a.split(",")[0]) != float(b.split(",")[0])
    ]
    # Only what acts on an order of the seed, or on one nobody knows, reads otherwise.
    counts = tape.counts
    assert len(different) == changed
    assert changed == counts["on_seed_order"] + counts["execution_of_unknown_id"]


def test_a_modify_that_re_enters_is_refused(tmp_path):
    tape = made_up_tape([(K, 0, 100, 50, 1), (Kind.MODIFY, 0, 101, 50, 1)])
    fields = np.array([[EventKind.REST, 0, 100, 50, 1, -1]] * 2).T
    names = ("kind", "side", "price_ticks", "qty", "order_id", "maker_id")
    rest = dict.fromkeys(("owner", "maker_owner", "reason", "is_last", "refill_qty"))
    events = Event(**dict(zip(names, fields, strict=True)), **rest)
    with pytest.raises(ValueError, match="re-enters"):
        write_lobster(tmp_path, tape, events, np.arange(2), np.zeros((2, 1, 4), int))
    assert not list(tmp_path.iterdir())


def test_a_tick_the_format_cannot_hold(tmp_path):
    tape = replace(made_up_tape(), tick_size=0.00005)
    replay = replay_plain(cancel_of_all(tape.messages), 2)
    with pytest.raises(InputError, match="whole ten-thousandths"):
        write_lobster(tmp_path / "out", tape, *replay)
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    tape = made_up_tape()
    replay = replay_plain(cancel_of_all(tape.messages), 2)
    with pytest.raises(InputError, match="cannot be written"):
        write_lobster(tmp_path / "file", tape, *replay)
