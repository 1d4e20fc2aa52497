"""What messages did and the levels after them, by hand."""

import numpy as np

from marsjax.book import stream
from marsjax.eval.levels import follow_tape
from marsjax.eval.windows import (
    CANCEL,
    HIDDEN,
    LIMIT,
    MARKET,
    NONE,
    NUM_LEVELS,
    OTHER,
)
from tests.eval.made_tapes import NUM_SEEDS, made_tape, random_tape


def test_what_messages_did():
    told = follow_tape(made_tape())

    def of(column):
        return column[NUM_SEEDS:].tolist()

    # After the two seeds, a message a row; the tenth row is in the break.
    assert of(told.type_T) == [
        *(LIMIT, CANCEL, MARKET, OTHER, OTHER, MARKET, CANCEL, LIMIT),
        *(HIDDEN, OTHER, CANCEL, CANCEL, LIMIT, MARKET, MARKET),
    ]
    assert of(told.side_T) == [1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 1]
    assert of(told.price_ticks_T) == [
        *(104, 100, 103, 90, 0, 103, 103, 101),
        *(103, -1, 104, 101, 100, 100, 100),
    ]
    assert of(told.qty_T) == [30, 20, 45, 5, 7, 4, 31, 5, 9, 0, 30, 2, 3, 1, 31]
    assert of(told.traded_T) == [0, 0, 10, 0, 0, 4, 0, 0, 9, 0, 0, 0, 0, 1, 31]
    value = {4: 10 * 102, 7: 4 * 103, 10: 9 * 103, 15: 100, 16: 3_100}
    assert told.notional_T.tolist() == [value.get(row, 0) for row in range(17)]
    # Trading time: 60 s at the break. Order 1 is a seed, whose time is unknown.
    seconds = {8: 47, 12: 70 - 1, 13: 71 - 60}
    age = [seconds[row] * 10**9 if row in seconds else -1 for row in range(17)]
    assert told.age_ns_T.tolist() == age
    assert told.time_ns_T[[3, 8, 9, 10]].tolist() == [
        int(s * 1e9) for s in (2.5, 50, 60, 61)
    ]


def test_levels_by_hand():
    told = follow_tape(made_tape())
    price, qty = told.levels_after(np.array([-1, 1, 4, 8, 12, 15, 16]))
    assert price.shape == (7, 2, NUM_LEVELS)
    levels = [
        [[(p, q) for p, q in zip(*x, strict=True) if q] for x in zip(*y, strict=True)]
        for y in zip(price.tolist(), qty.tolist(), strict=True)
    ]
    assert levels == [
        [[], []],
        [[(100, 50)], [(102, 10)]],
        [[(103, 35), (100, 30)], [(104, 30)]],
        [[(100, 30)], [(104, 30)]],
        [[(101, 5), (100, 30)], []],
        [[(100, 32)], []],
        [[(100, 1)], []],
    ]
    assert not price[qty == 0].any()


def test_only_the_levels_asked_for(monkeypatch):
    """The replay ends with the block of the last row whose book is wanted."""
    monkeypatch.setattr(stream, "BLOCK_SIZES", stream.BLOCK_SIZES[:1])
    tape = random_tape(3, 1_800)
    rows = np.array([5, 300, 1_000])
    whole, some = follow_tape(tape), follow_tape(tape, rows, num_levels=2)
    np.testing.assert_array_equal(some.level_row_R, rows)
    for got, want in zip(
        some.levels_after(rows), whole.levels_after(rows), strict=True
    ):
        np.testing.assert_array_equal(got, want[:, :, :2])
    assert (some.type_T[: rows[-1] + 1] == whole.type_T[: rows[-1] + 1]).all()
    assert some.type_T[-1] == NONE and whole.type_T[-1] != NONE
    is_cancel = whole.type_T == CANCEL
    known = whole.age_ns_T >= 0
    assert (is_cancel | ~known).all() and 0.5 < known.sum() / is_cancel.sum() < 1
