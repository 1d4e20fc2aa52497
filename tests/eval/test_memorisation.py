"""Copies of training data are found; what is like held-out data is not."""

import numpy as np
import pytest

from marsjax.eval.memorisation import COPIES, NO_MORE, UNKNOWN, memorisation
from marsjax.eval.symbols import fit_bins, symbols
from marsjax.eval.windows import CANCEL, LIMIT, Windows
from tests.eval.made import blank_windows, hand_window, make_windows


def shifted(windows: Windows, ticks: int) -> Windows:
    """The same market at another price."""
    return windows._replace(
        price_ticks_BT=windows.price_ticks_BT + ticks,
        level_price_BTSK=windows.level_price_BTSK + ticks,
        first_price_BSK=windows.first_price_BSK + ticks,
    )


def spliced(into: Windows, of: Windows, at: int, num: int) -> Windows:
    """Windows whose messages and books from ``at`` on are those of others."""
    out = {}
    for name, column in into._asdict().items():
        if "BT" in name:
            column = column.copy()
            column[:, at : at + num] = getattr(of, name)[:, at : at + num]
        out[name] = column
    return Windows(**out)


TRAINING = make_windows(16, 300, seed=1)
HELD_OUT = make_windows(16, 300, seed=2)
FRESH = make_windows(16, 300, seed=3)


def test_like_held_out_data():
    found = memorisation(TRAINING, FRESH, HELD_OUT)
    assert found.verdict == NO_MORE
    assert found.p_value > 0.05
    assert found.difference.low < 0 < found.difference.high
    assert found.generated.low < found.generated.value < found.generated.high
    assert found.longest.length == found.length_C.max()


def test_p_values_are_uniform_enough():
    """At 5 % few false alarms; in 40 trials more than 7 has a chance of 1 in 700."""
    hits = 0
    for seed in range(40):
        a, b = (make_windows(8, 100, seed=10 + 2 * seed + i) for i in range(2))
        hits += memorisation(TRAINING, a, b, num_draws=200).verdict == COPIES
    assert hits <= 7


def test_planted_copies_at_another_price():
    copied = spliced(FRESH, shifted(TRAINING, 500), at=120, num=41)
    found = memorisation(TRAINING, copied, HELD_OUT)
    # The first message's interval and mid are of what came before it.
    assert (found.length_C >= 40).all()
    assert found.verdict == COPIES
    assert found.p_value < 0.01
    assert found.difference.low > 20
    assert found.beyond == 1
    assert found.longest.tape == TRAINING.tape_B[found.longest.window]
    assert found.longest.start == found.longest.offset


def test_a_single_copy_is_told_with_its_source():
    one = spliced(FRESH.take([5]), TRAINING.take([9]), at=50, num=200)
    some = Windows(*(np.concatenate(x) for x in zip(FRESH, one, strict=True)))
    found = memorisation(TRAINING, some, HELD_OUT)
    assert found.longest[:2] == (found.length_C.max(), 16)
    assert found.longest.length >= 199
    assert (found.longest.tape, found.longest.row) == (
        TRAINING.tape_B[9],
        TRAINING.row_B[9],
    )
    assert 0 < found.beyond < 0.3


def test_groups_count_as_among_the_generated():
    """One group repeats itself more; more of its windows are no copying."""
    lively, dull = make_windows(40, 150, seed=4), make_windows(40, 150, seed=5)
    lively = lively._replace(group_B=np.full(40, "A"))
    dull = dull._replace(
        group_B=np.full(40, "B"),
        type_BT=np.full((40, 150), LIMIT, np.int8),
        side_BT=np.zeros((40, 150), np.int8),
        price_ticks_BT=np.zeros((40, 150), np.int32),
        qty_BT=np.where(np.random.default_rng(0).random((40, 150)) < 0.9, 100, 900),
    )

    def mix(num_lively: int, start: int) -> Windows:
        parts = (
            lively.take(np.arange(start, start + num_lively)),
            dull.take(np.arange(start, start + 12 - num_lively)),
        )
        return Windows(*(np.concatenate(x) for x in zip(*parts, strict=True)))

    training = Windows(
        *(np.concatenate([x[24:], y[24:]]) for x, y in zip(lively, dull, strict=True))
    )
    found = memorisation(training, mix(3, 0), mix(9, 12))
    assert found.verdict == NO_MORE
    assert found.length_C.mean() > found.held_out_length_B.mean() + 1
    assert abs(found.difference.value) < 0.5


def test_other_groups_are_noted():
    other = HELD_OUT._replace(group_B=np.full(16, "OTHER/2024-01-09"))
    found = memorisation(TRAINING, FRESH, other)
    assert "other groups" in found.difference.note
    assert 0 < found.p_value <= 1


@pytest.mark.parametrize("num", [0, 3])
def test_too_few_windows(num):
    found = memorisation(TRAINING, FRESH.take(np.arange(num)), HELD_OUT)
    assert found.verdict == UNKNOWN
    assert np.isnan(found.difference.value)
    assert "fewer than" in found.difference.note


def test_padding_and_unknown_values():
    blank = blank_windows(6, 300)
    assert memorisation(TRAINING, blank, HELD_OUT).verdict == UNKNOWN
    assert memorisation(blank, FRESH, HELD_OUT).length_C.max() == 0
    single = HELD_OUT.take(np.arange(6))._replace(
        type_BT=np.where(np.arange(300) < 1, HELD_OUT.type_BT[:6], 0).astype(np.int8)
    )
    found = memorisation(TRAINING, FRESH, single)
    assert found.held_out_length_B.max() <= 1


def test_symbols_by_hand():
    book = ([(100, 5)], [(102, 5)])
    one_sided = ([(100, 5)], [])
    windows = hand_window(
        [
            (LIMIT, 0, 99, 10, 0, 1.0, None),
            (LIMIT, 0, 99, 10, 0, 2.0, None),
            (LIMIT, 1, 103, 10, 0, 3.0, None),
            (CANCEL, 1, 103, 10, 0, 4.0, None),
            (CANCEL, 1, 103, 90, 0, 5.0, None),
            (CANCEL, 1, 103, 90, 0, 6.0, None),
        ],
        [book, book, book, one_sided, book, book],
        book,
    )
    (found,) = symbols(windows, fit_bins(windows, 3, 3, 3))
    assert found[0] != found[1], "the first message has no interval"
    assert len({int(found[i]) for i in (1, 2, 3)}) == 3, "side and type"
    assert found[4] != found[5], "no mid in a one-sided book"
    assert (found >= 0).all()
