"""Windows hold consecutive messages of their part, and say where they come from."""

from dataclasses import replace

import numpy as np
import pytest

from marsjax.data import SplitSpec, prepare_sse, read_store, write_tapes
from marsjax.errors import InputError
from marsjax.eval.cut import join, shares
from marsjax.eval.extract import windows_at, windows_from_store, windows_from_tape
from marsjax.eval.levels import follow_tape
from marsjax.eval.windows import CANCEL, LIMIT, MARKET, NONE, mid_ticks, spread_ticks
from tests.eval.made_tapes import made_tape, random_tape

HALVES = SplitSpec((0.5, 0.25, 0.25), embargo_s=0)


def test_a_window_by_hand():
    """Messages are those of the sessions; the book moves in the break, too."""
    windows = windows_from_tape(made_tape(), 5, fewest=4)
    assert windows.row_B.tolist() == [2, 7, 13]
    assert windows.used_BT.sum(axis=1).tolist() == [5, 5, 4]
    assert windows.type_BT[1].tolist()[:2] == [MARKET, CANCEL]
    assert windows.clock_s_BT[1].tolist() == [34_206, 34_250, 34_301, 34_302, 34_310]
    assert (windows.time_ns_BT[1] // 10**9).tolist() == [6, 50, 61, 62, 70]
    assert windows.first_price_BSK[:, :, 0].tolist() == [
        [100, 102],
        [103, 104],
        [101, 0],
    ]
    assert windows.first_qty_BSK[:, :, 0].tolist() == [[50, 10], [35, 30], [5, 0]]
    spread = spread_ticks(windows)
    assert spread[0].tolist() == [2, 2, 1, 1, 1]
    # The bids of the break are there when the next session's first message comes.
    assert mid_ticks(windows)[1, 1:4].tolist() == [102, 102.5, 102.5]
    assert np.isnan(spread[1, 4]) and np.isnan(spread[2]).all()
    last = windows.take([2])
    assert last.type_BT[0, 4] == NONE and last.age_ns_BT[0, 4] == -1
    assert last.time_ns_BT[0, 4] == last.time_ns_BT[0, 3]
    assert not last.level_qty_BTSK[0, 4].any()
    assert set(windows.group_B) == {"XX/2024-01-02"}
    assert set(windows.tape_B) == {"XX_2024-01-02"}


def test_short_ends_and_strides():
    tape = made_tape()
    assert windows_from_tape(tape, 5).num_windows == 2  # 14 messages
    assert windows_from_tape(tape, 14).num_windows == 1
    assert windows_from_tape(tape, 15).used_BT.sum() == 14  # nine tenths of it
    none = windows_from_tape(tape, 16)
    assert none.num_windows == 0 and none.level_qty_BTSK.shape == (0, 16, 2, 10)
    assert np.isnan(mid_ticks(none)).sum() == 0
    starts = windows_from_tape(tape, 5, stride=2).row_B
    assert starts.tolist() == [2, 4, 6, 8, 11]
    assert windows_from_tape(tape, 2, rows=(5, 9)).row_B.tolist() == [5, 7]
    assert windows_at(tape, [34_203, 34_270, 34_302.5], 4).row_B.tolist() == [4, 10, 12]
    assert windows_at(tape, [34_312], 4).num_windows == 0
    with pytest.raises(InputError, match="length is 0"):
        windows_from_tape(tape, 0)
    with pytest.raises(InputError, match="not split"):
        windows_from_tape(tape, 2, part="test")


def test_the_same_as_the_whole_tape():
    tape = random_tape(1, 600)
    windows = windows_from_tape(tape, 100)
    whole = follow_tape(tape)
    assert windows.num_windows == 6
    rows = windows.row_B[:, None] + np.arange(100)
    for name in ("type", "side", "price_ticks", "qty", "traded", "age_ns", "time_ns"):
        got, want = getattr(windows, f"{name}_BT"), getattr(whole, f"{name}_T")
        np.testing.assert_array_equal(got, want[rows])
    np.testing.assert_array_equal(windows.level_qty_BTSK, whole.level_qty_RSK[rows])
    np.testing.assert_array_equal(
        windows.first_price_BSK, whole.level_price_RSK[windows.row_B - 1]
    )
    assert set(np.unique(windows.type_BT)) == {LIMIT, MARKET, CANCEL}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Three markets of 600 messages and one of 30."""
    folder = tmp_path_factory.mktemp("store")
    tapes = [random_tape(s, 600, name=f"XX_2024-01-02_m{s:04d}") for s in range(3)]
    short = random_tape(9, 30, name="YY_2024-01-02")
    write_tapes(folder, [*tapes, replace(short, symbol="YY")], HALVES)
    return folder


def test_a_store(store):
    notes, told = [], []
    windows = windows_from_store(
        store,
        length=100,
        note_fn=notes.append,
        progress_fn=lambda *x: told.append(x),
    )
    names, counts = np.unique(windows.tape_B, return_counts=True)
    assert names.tolist() == [f"XX_2024-01-02_m{s:04d}" for s in range(3)]
    assert counts.tolist() == [6, 6, 6] and told[-1] == ("YY_2024-01-02", 4, 4)
    assert notes == [
        "1 of 4 tapes have fewer than 90 messages in continuous trading and give no "
        "window"
    ]
    each = [windows_from_tape(tape, 100) for tape in read_store(store)[:3]]
    for got, want in zip(windows, join(each), strict=True):
        np.testing.assert_array_equal(got, want)
    assert windows_from_store(store, length=10, symbols=["YY"]).num_windows == 3
    for options, what in (
        ({"symbols": ["ZZ"]}, "no tape has the symbol ZZ"),
        ({"part": "tests"}, "no part"),
        ({"length": 10_000}, "no tape has 9,000 messages"),
    ):
        with pytest.raises(InputError, match=what):
            windows_from_store(store, **options)


def test_a_choice_is_balanced_and_repeatable(store):
    notes = []
    options = {"length": 50, "note_fn": notes.append}
    some = windows_from_store(store, max_windows=8, **options)
    counts = np.unique(some.tape_B, return_counts=True)[1]
    assert sorted(counts.tolist()) == [2, 3, 3]
    whole = windows_from_store(store, length=50)
    places = set(zip(whole.tape_B, whole.row_B, strict=True))
    assert len(set(zip(some.tape_B, some.row_B, strict=True)) & places) == 8
    again = windows_from_store(store, max_windows=8, **options)
    np.testing.assert_array_equal(some.row_B, again.row_B)
    other = windows_from_store(store, max_windows=8, seed=1, **options)
    assert some.row_B.tolist() != other.row_B.tolist()
    assert windows_from_store(store, max_windows=99, **options).num_windows == 36
    assert notes[-1] == "36 windows, of 99 asked for"
    rng = np.random.default_rng(0)
    assert shares([2, 100, 0, 7], 20, rng).tolist() == [2, 11, 0, 7]
    assert shares([1, 1, 1], 2, rng).sum() == 2


def test_parts_do_not_mix(store):
    tape = read_store(store)[0]
    for part in ("train", "valid", "test"):
        start, stop = tape.split[part]
        windows = windows_from_tape(tape, 40, part=part)
        assert windows.num_windows == (stop - start + 4) // 40
        assert windows.row_B[0] == start and windows.row_B[-1] + 36 <= stop
        some = windows_from_store(store, length=40, part=part, max_windows=3)
        assert (some.row_B >= start).all() and (some.row_B + 36 <= stop).all()


@pytest.mark.slow
def test_a_real_day(shared):
    files = [
        shared / f"data/SSE_601825.SH_2023-07-11_{kind}.csv.xz"
        for kind in ("orders", "trades")
    ]
    windows = windows_from_tape(prepare_sse(*files))
    mix = np.bincount(windows.type_BT.ravel(), minlength=6) / windows.used_BT.sum()
    assert windows.num_windows == 20 and mix[[LIMIT, MARKET, CANCEL]].sum() == 1
    assert 0.1 < mix[CANCEL] < 0.3 and 0.2 < mix[MARKET] < 0.4
    spread = spread_ticks(windows)
    assert np.nanmedian(spread) == 1 and np.isnan(spread[windows.used_BT]).mean() < 1e-3
    is_cancel = windows.type_BT == CANCEL
    assert (windows.age_ns_BT[is_cancel] >= 0).all()
