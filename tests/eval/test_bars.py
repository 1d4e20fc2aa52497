"""Bars are floored, whole, and know of breaks."""

import numpy as np
import pytest

from marsjax.data import write_tapes
from marsjax.errors import InputError
from marsjax.eval.bars import bars_from_store, bars_from_tape, bars_from_windows
from marsjax.eval.extract import windows_from_tape
from marsjax.types import Kind
from tests.eval.made_tapes import made_tape, random_tape

L, K, C, I = Kind.LIMIT, Kind.COLLECT, Kind.CANCEL, Kind.IOC  # noqa: E741
# Bars of 20 s: three in each session, the book 99-101, then 99-103 from 34,219 on.
ROWS = [
    (34_200.0, K, 0, 99, 50, 1),
    (34_200.0, K, 1, 101, 10, 2),
    (34_200.0, K, 1, 103, 90, 3),
    (34_219.0, I, 0, 101, 10, 4),  # buys all at 101
    (34_220.0, I, 1, 99, 20, 5),  # the next bar, though no time has passed in it
    (34_229.0, Kind.HIDDEN_FILL, 1, 102, 4, 0),  # bought from a hidden ask
    (34_280.0, L, 0, 101, 7, 6),  # in the break
    (34_305.0, I, 0, 103, 90, 7),  # no ask is left
    (34_345.0, L, 1, 105, 9, 8),
    (34_359.75, L, 1, 104, 9, 9),
]
NAMES = ("mid_ticks", "return", "volume", "signed_volume", "num_messages")


def columns(bars) -> dict:
    """The only series without its padding."""
    return {
        name: getattr(bars, f"{name}_BM")[0][bars.used_BM[0]]
        for name in (*NAMES, "start_s", "spread_ticks", "session")
    }


def test_bars_by_hand():
    tape = made_tape(ROWS, seed_rows=3)
    bars = bars_from_tape(tape, 20, realised_after_s=10)
    got = columns(bars)
    assert got["start_s"].tolist() == [0, 20, 40, 60, 80, 100]
    assert got["session"].tolist() == [0, 0, 0, 1, 1, 1]
    # The third bar is empty; at the end of the fourth and fifth no ask is left.
    mid = [101, 101, 101, np.nan, np.nan, 102.5]
    np.testing.assert_array_equal(got["mid_ticks"], mid)
    np.testing.assert_array_equal(got["return"], [np.nan, 0, 0, np.nan, np.nan, np.nan])
    assert got["volume"].tolist() == [10, 24, 0, 90, 0, 0]
    assert got["signed_volume"].tolist() == [10, -16, 0, 90, 0, 0]
    assert got["num_messages"].tolist() == [1, 2, 0, 1, 0, 2]
    # 2 for 19 s and 4 for one; 2 (101 to 103) for 5 s, then none until 105 comes.
    spread = [(2 * 19 + 4) / 20, 4, 4, 2, np.nan, (4 * 14.75 + 3 * 0.25) / 15]
    np.testing.assert_allclose(got["spread_ticks"], spread)
    # Sold at 99, then 4 bought at 102; the mid 10 s later is 101.
    later = [0, (20 * 4 + 4 * 2) / 24, np.nan, np.nan, np.nan, np.nan]
    np.testing.assert_allclose(bars.realised_spread_ticks_BM[0], later)
    assert bars.group_B.tolist() == ["XX/2024-01-02"] and bars.bar_s == 20


def test_only_whole_bars():
    """Of a session, and of what the tape covers."""
    tape = made_tape(ROWS, seed_rows=3)
    assert columns(bars_from_tape(tape, 25))["start_s"].tolist() == [0, 25, 60, 85]
    late = made_tape([(t + 1.5, *row) for t, *row in ROWS], seed_rows=3)
    assert columns(bars_from_tape(late, 20))["start_s"].tolist() == [
        20,
        40,
        60,
        80,
        100,
    ]
    early = made_tape(ROWS[:6], seed_rows=3)
    assert columns(bars_from_tape(early, 10))["start_s"].tolist() == [0, 10]
    assert bars_from_tape(made_tape(ROWS[:3], seed_rows=3), 5).start_s_BM.size == 0
    with pytest.raises(InputError, match="bars of 0 s"):
        bars_from_tape(tape, 0)


def test_returns_across_a_break():
    rows = [*ROWS[:7], (34_305.0, L, 1, 102, 9, 7), (34_341.0, C, 0, 0, 0, 7)]
    tape = made_tape(rows, seed_rows=3)
    within = columns(bars_from_tape(tape, 20))["return"]
    across = columns(bars_from_tape(tape, 20, across_breaks=True))["return"]
    # Before the break 99-103, after it 101-102 thanks to the order in between.
    assert np.isnan(within[3]) and within[4] == 0
    assert across[3] == np.log(101.5 / 101) and np.isnan(across[0])


def test_windows_have_the_bars_of_their_tape():
    tape = random_tape(2, 900)
    whole = bars_from_tape(tape, 0.5, realised_after_s=0.1)
    windows = windows_from_tape(tape, 900)
    one = bars_from_windows(windows, 0.5, realised_after_s=0.1)
    assert whole.used_BM.sum() == one.used_BM.sum() == 13
    for name in whole._fields:
        x, y = getattr(whole, name), getattr(one, name)
        if name.endswith("_BM"):
            np.testing.assert_allclose(x, y, err_msg=name)
    assert np.isfinite(whole.realised_spread_ticks_BM).sum() > 5
    assert len(np.unique(whole.mid_ticks_BM)) > 3

    parts = bars_from_windows(windows_from_tape(tape, 300), 0.5)
    assert parts.used_BM.sum(axis=1).tolist() == [4, 3, 4]
    at = np.searchsorted(whole.start_s_BM[0], parts.start_s_BM[1, :3])
    np.testing.assert_array_equal(parts.volume_BM[1, :3], whole.volume_BM[0, at])
    assert np.isnan(parts.volume_BM[1, 3:]).all()


def test_windows_with_a_break_inside():
    tape = made_tape(ROWS, seed_rows=3)
    bars = bars_from_windows(windows_from_tape(tape, 6), 5)
    got = columns(bars)
    # The first message comes at 19 s; nothing is known from 29 s to the break.
    assert got["start_s"].tolist() == [20, *range(65, 115, 5)]
    assert np.isnan(got["return"][1]) and got["session"][1] == 1
    empty = windows_from_tape(tape, 6)._replace(type_BT=np.zeros((1, 6), np.int8))
    assert bars_from_windows(empty, 5).used_BM.sum() == 0


def test_a_store(tmp_path):
    tapes = [
        random_tape(s, n, name=f"XX_2024-01-02_m{s:04d}")
        for s, n in enumerate((900, 450))
    ]
    write_tapes(tmp_path, tapes)
    told = []
    bars = bars_from_store(tmp_path, 1, progress_fn=lambda *x: told.append(x[1:]))
    assert bars.used_BM.sum(axis=1).tolist() == [6, 3] and told == [(1, 2), (2, 2)]
    assert np.isnan(bars.volume_BM[1, 3:]).all()
    assert bars.tape_B.tolist() == [tape.name for tape in tapes]
    alone = bars_from_tape(tapes[1], 1)
    np.testing.assert_array_equal(bars.mid_ticks_BM[1, :3], alone.mid_ticks_BM[0])
    test = bars_from_store(tmp_path, 0.5, part="test")
    assert test.start_s_BM[0, 0] > 0.7 * 6.5 and test.used_BM.sum() >= 1
    with pytest.raises(InputError, match="no tape has the symbol"):
        bars_from_store(tmp_path, symbols=["YY"])
