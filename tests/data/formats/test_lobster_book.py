"""Orderbook files: faults, and books of fewer levels than their messages."""

import numpy as np
import pytest

from marsjax.data import fidelity, prepare_lobster
from marsjax.data.formats.lobster_book import read_books
from marsjax.errors import InputError
from tests.data.fixtures import MESSAGES, ORDERBOOK, with_line, write
from tests.data.plain_book import replay_plain

FAULTS = [
    (2, "1000200", "1000250", ":2: a price of the ask side is off tick"),
    (2, "999900", "999950", ":2: a price of the bid side is off tick"),
    (2, "1000200", "1000300", ":2: the levels of the ask side are not in order"),
    (2, "999900", "1000100", ":2: the levels of the bid side are not in order"),
    (2, "1000000,100", "1000200,100", ":2: the best bid is not below the best ask"),
    (2, ",50,", ",0,", ":2: a size of the ask side is outside"),
    (2, ",70", ",x", ":2: 7 is 'x', not a whole number"),
    (2, ",999900,70", ",70", ":2: the row is cut off: 7 fields instead of 8"),
    (2, "1000000", "0", ":2: a price of the bid side is not positive"),
]


@pytest.mark.parametrize(("line", "old", "new", "error"), FAULTS)
def test_faults(tmp_path, line, old, new, error):
    (path,) = write(tmp_path, orderbook=with_line(ORDERBOOK, line, old, new))
    with pytest.raises(InputError) as caught:
        list(read_books(path, 100))
    assert f"orderbook.csv{error}" in str(caught.value)


def test_columns_that_are_no_levels(tmp_path):
    (path,) = write(tmp_path, orderbook="1000300,80,1000000\n")
    with pytest.raises(InputError, match="3 columns, which is no multiple of 4"):
        list(read_books(path, 100))


def test_more_books_than_messages(tmp_path):
    paths = write(tmp_path, X_message=MESSAGES.splitlines()[0], X_orderbook=ORDERBOOK)
    with pytest.raises(InputError, match=r"X_orderbook\.csv:2: more orderbook rows"):
        prepare_lobster(*paths)


# Level 1 of the made-up tape: rows of messages outside of it are missing.
NARROW = """\
1000300,80,1000000,100
1000200,50,1000000,100
1000200,50,1000000,40
1000200,50,1000000,40
1000200,50,999900,40
"""


def test_rows_of_a_narrower_book_find_their_messages(tmp_path):
    paths = write(tmp_path, X_message=MESSAGES, X_orderbook=NARROW)
    tape = prepare_lobster(*paths)
    assert tape.counts["orderbook_rows_placed"] == 5
    # Message 2 (a cancel at the second level) and what is unknown have no row.
    assert (tape.quotes["row"] - tape.seed_rows + 1).to_list() == [0, 1, 3, 4, 5]
    row, reference = fidelity.quotes_of_frame(tape.quotes)
    levels = replay_plain(tape.messages)[2]
    same = (reference == levels[row]).all(axis=(1, 2))
    assert same.tolist() == [True] * 4 + [False]  # the level below was never seen


def test_a_book_that_does_not_follow_is_refused(tmp_path):
    books = with_line(NARROW, 3, ",40", ",41")
    paths = write(tmp_path, X_message=MESSAGES, X_orderbook=books)
    with pytest.raises(
        InputError, match=r"X_orderbook\.csv:3: no message turns .*; gi"
    ):
        prepare_lobster(*paths)


@pytest.mark.parametrize("new", ["999900,100", "1000000,99"])
def test_an_opening_book_without_the_first_order_is_refused(tmp_path, new):
    books = with_line(NARROW, 1, "1000000,100", new)
    paths = write(tmp_path, X_message=MESSAGES, X_orderbook=books)
    with pytest.raises(InputError, match=r"X_orderbook\.csv:1: the first row does not"):
        prepare_lobster(*paths)


def test_a_first_order_outside_of_the_levels_is_no_fault(tmp_path):
    messages = "34200.1,1,1,10,990000,1\n"
    paths = write(tmp_path, X_message=messages, X_orderbook="1000300,80,1000000,5\n")
    assert prepare_lobster(*paths).counts["orderbook_rows_placed"] == 1


def test_as_many_rows_as_messages_belong_to_them_in_order(tmp_path):
    books = with_line(NARROW, 3, ",40", ",41")
    messages = "".join(MESSAGES.splitlines(keepends=True)[:5])
    paths = write(tmp_path, X_message=messages, X_orderbook=books)
    assert prepare_lobster(*paths).counts["orderbook_rows_placed"] == 5


def test_a_real_pair_with_a_row_of_the_book_for_each_message(shared):
    name = str(shared / "data/AAPL_L10_first998")
    tape = prepare_lobster(f"{name}_message.csv.xz", f"{name}_orderbook.csv.xz")
    assert len(tape.quotes) == tape.counts["messages_read"]


def test_a_real_book_of_other_messages_is_refused(shared):
    with pytest.raises(InputError, match=r"L10_first998_orderbook\.csv\.xz:\d+: "):
        prepare_lobster(
            shared / "data/MSFT_L50_1000_message.csv.xz",
            shared / "data/AAPL_L10_first998_orderbook.csv.xz",
            symbol="X",
        )


def test_empty_levels_are_null(tmp_path):
    paths = write(tmp_path, X_message=MESSAGES, X_orderbook=ORDERBOOK)
    tape = prepare_lobster(*paths)
    assert tape.quotes.row(0)[5:7] == (None, None)
    levels = fidelity.quotes_of_frame(tape.quotes)[1]
    assert levels[0, 1].tolist() == [0, 0, 9999, 70]
    assert levels.dtype == np.int64
