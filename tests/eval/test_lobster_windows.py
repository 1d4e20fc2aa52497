"""LOBSTER folders give the windows of the tape they were written from."""

import shutil

import numpy as np
import pytest

from marsjax.commands.outcome import write_lobster_files
from marsjax.data import prepare_lobster
from marsjax.errors import InputError
from marsjax.eval.extract import windows_from_tape
from marsjax.eval.lobster_windows import windows_from_lobster
from marsjax.eval.windows import (
    CANCEL,
    HIDDEN,
    LIMIT,
    MARKET,
    OTHER,
    Windows,
    mid_ticks,
    spread_ticks,
)
from tests.eval.made_tapes import random_tape

LENGTH = 90
GONE = "9999999999,0,-9999999999,0"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A tape and the folder with its files."""
    folder, tape = tmp_path_factory.mktemp("lobster"), random_tape(4, 900)
    write_lobster_files(folder, [tape], lambda *_: None)
    return tape, folder


def test_the_same_windows_as_the_tape(written):
    tape, folder = written
    want = windows_from_tape(tape, LENGTH)
    got = windows_from_lobster(folder, LENGTH, merge=True)
    assert got.num_windows == 10 and (want.traded_BT > 0).sum() > 50
    assert set(np.unique(want.type_BT)) == {LIMIT, MARKET, CANCEL}
    # Not in the files: rows of the opening book, and its outermost level.
    np.testing.assert_array_equal(got.row_B[1:] > got.row_B[:-1], True)
    for name in set(Windows._fields) - {"row_B", "tape_B"}:
        x, y = getattr(got, name), getattr(want, name)
        if name.startswith("first"):
            np.testing.assert_array_equal(x[0, :, :-1], y[0, :, :-1])
            x, y = x[1:], y[1:]
        np.testing.assert_array_equal(x, y, err_msg=name)


def test_unmerged_rows_are_messages(written):
    tape, folder = written
    rows = (folder / f"{tape.name}_message_10.csv").read_text().splitlines()
    windows = windows_from_lobster(folder, len(rows))
    assert windows.used_BT.all() and windows.type_BT.shape == (1, len(rows))
    kind = np.array([row.split(",")[1] for row in rows])
    want = np.array([OTHER, LIMIT, CANCEL, CANCEL, MARKET])[kind.astype(int)]
    np.testing.assert_array_equal(windows.type_BT[0], want)
    merged = windows_from_lobster(folder, 900, merge=True)
    assert merged.type_BT.shape[1] < len(rows)
    assert merged.traded_BT.sum() == windows.traded_BT.sum() > 0


def message_files(folder, stem, messages, books):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / stem.format("message")).write_text("\n".join(messages) + "\n")
    (folder / stem.format("orderbook")).write_text("\n".join(books) + "\n")


MESSAGES = [
    "34200.1,1,7,5,10300,-1",
    "34200.5,3,1,10,10200,-1",
    "34201,4,7,2,10300,-1",
    "34201,4,8,3,10400,-1",
    "34201,1,9,6,10400,1",
    "34202,5,0,4,10350,1",
    "34203,9,0,4,10350,1",
    "34204,2,9,0,10400,1",
    "34205,2,9,1,10400,1",
    "34206,6,-1,100,10400,-1",
]
BOOKS = [
    "10200,10,10000,50",
    "10300,5,10000,50",
    "10300,3,10000,50",
    f"{GONE}",
    "10400,3,10400,6",
    "-1,0,10400,6",
    "0,0,10400,6",
    "10500,5,10400,6",
    "10500,5,10400,5",
    "10500,5,10400,5",
]


def test_rows_by_hand(tmp_path):
    """One-sided, crossed and empty books, unknown types and orders: as they are."""
    message_files(tmp_path, "A_2024-01-02_{}_1.csv", MESSAGES, BOOKS)
    notes = []
    windows = windows_from_lobster(tmp_path, 10, note_fn=notes.append)
    assert windows.type_BT[0].tolist() == [
        *(LIMIT, CANCEL, MARKET, MARKET, LIMIT, HIDDEN, OTHER, OTHER, CANCEL, OTHER)
    ]
    assert windows.side_BT[0, [0, 1, 2, 4, 5, 8]].tolist() == [1, 1, 0, 0, 0, 0]
    assert windows.traded_BT[0].tolist() == [0, 0, 2, 3, 0, 4, 0, 0, 0, 0]
    assert windows.age_ns_BT[0].tolist() == [-1] * 8 + [4 * 10**9, -1]
    spread = spread_ticks(windows)[0].tolist()
    assert spread[:3] == [2, 3, 3] and spread[7:] == [1, 1, 1]
    assert np.isnan(spread[3:7]).all() and np.isnan(mid_ticks(windows)[0, 3:7]).all()
    assert windows.first_price_BSK[0, :, 0].tolist() == [100, 102]
    assert notes == ["2 rows that make no sense are of type other"]

    merged = windows_from_lobster(tmp_path, 8, merge=True)
    at = (0, 2)
    assert merged.type_BT[at] == MARKET and merged.price_ticks_BT[at] == 104
    assert merged.qty_BT[at] == 11 and merged.traded_BT[at] == 5
    assert merged.level_qty_BTSK[at][:, 0].tolist() == [6, 3]
    assert merged.age_ns_BT[0, -2] == 4 * 10**9

    notes.clear()
    part = windows_from_lobster(
        tmp_path, 4, sessions=((34_201, 34_204),), note_fn=notes.append
    )
    assert part.row_B.tolist() == [2] and part.first_qty_BSK[0, 1, 0] == 5
    assert notes[0].startswith("5 messages outside")


def test_folders_of_lob_bench(tmp_path):
    """All generated files count, and the book before them is that of the condition."""
    stem = "A_2024-01-02_{}_real_id_"
    for n in range(2):
        for which, gens in (("real", [""]), ("cond", [""]), ("gen", range(3))):
            for g in gens:
                gen = f"_gen_id_{g}" if which == "gen" else ""
                books = [*BOOKS[:-1], f"10500,5,10400,{n + 1}"]
                name = f"{stem}{n}{gen}.csv"
                message_files(tmp_path / f"data_{which}", name, MESSAGES, books)
    with pytest.raises(InputError, match="LOB-Bench folder with data of real, gen"):
        windows_from_lobster(tmp_path, 10)
    windows = windows_from_lobster(tmp_path, 10, which="gen")
    assert windows.num_windows == 6
    assert windows.tape_B[1] == "A_2024-01-02_real_id_0_gen_id_1"
    assert set(windows.group_B) == {"A/2024-01-02"}
    assert windows.first_qty_BSK[:, 0, 0].tolist() == [1, 1, 1, 2, 2, 2]
    real = windows_from_lobster(tmp_path / "data_real", 5, max_windows=3)
    assert real.num_windows == 3 and len(set(real.tape_B)) == 2
    shutil.rmtree(tmp_path / "data_cond")
    alone = windows_from_lobster(tmp_path, 10, which="real")
    assert alone.first_qty_BSK[:, :, 0].tolist() == [[50, 10], [50, 10]]


def test_folders_that_cannot_be_read(tmp_path):
    with pytest.raises(InputError, match="no such folder"):
        windows_from_lobster(tmp_path / "none")
    with pytest.raises(InputError, match="no LOBSTER message file"):
        windows_from_lobster(tmp_path)
    name = "A_{}.csv"
    message_files(tmp_path, name, MESSAGES, BOOKS[:-1])
    with pytest.raises(InputError, match="9 books beside 10 messages"):
        windows_from_lobster(tmp_path, 5)
    message_files(tmp_path, name, MESSAGES, [*BOOKS[:-1], "10450,5,10400,5"])
    with pytest.raises(InputError, match="csv:10: a price is off tick"):
        windows_from_lobster(tmp_path, 5)
    assert windows_from_lobster(tmp_path, 10, tick=50).tick_size_B.tolist() == [0.005]
    message_files(tmp_path, name, MESSAGES, BOOKS)
    with pytest.raises(InputError, match="no file has 90 messages"):
        windows_from_lobster(tmp_path, 100)
    (tmp_path / "A_orderbook.csv").unlink()
    with pytest.raises(InputError, match="no orderbook file"):
        windows_from_lobster(tmp_path, 5)


def test_real_files(shared, tmp_path):
    """The book that is given and the one that a replay finds are the same inside."""
    found = {}
    for kind in ("message", "orderbook"):
        found[kind] = tmp_path / f"AAPL_2012-06-21_{kind}_10.csv.xz"
        shutil.copy(shared / f"data/AAPL_L10_first998_{kind}.csv.xz", found[kind])
    given = windows_from_lobster(tmp_path, 998)
    tape = prepare_lobster(found["message"], found["orderbook"])
    replayed = windows_from_tape(tape, 997)
    for name in ("qty_BT", "price_ticks_BT", "traded_BT", "time_ns_BT"):
        got, want = getattr(given, name)[:, 1:], getattr(replayed, name)
        np.testing.assert_array_equal(got, want)
    # Executions of orders that the file did not bring are hidden on the tape.
    assert (given.type_BT[:, 1:] == replayed.type_BT).mean() > 0.99
    assert (mid_ticks(given)[:, 1:] == mid_ticks(replayed)).mean() > 0.9
