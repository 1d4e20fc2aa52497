"""Response functions by hand, on windows with a known response, and in seconds."""

import numpy as np
import pytest

from marsjax.eval.response import (
    difference,
    notes,
    prepare,
    responses,
    score,
)
from marsjax.eval.response_events import TYPES, find_events
from marsjax.eval.windows import CANCEL, HIDDEN, LIMIT, MARKET, OTHER
from tests.eval.made import blank_windows, hand_window, make_windows

MO0, MO1, LO0, LO1, CA0, CA1 = range(6)


def book(bid, ask):
    return ([(bid, 5)] if bid else [], [(ask, 5)] if ask else [])


HAND = hand_window(
    [  # type, side, price, qty, traded, time, age
        (MARKET, 0, 102, 1, 1, 1.0, None),
        (LIMIT, 0, 95, 1, 0, 2.0, None),  # behind the best: no event
        (LIMIT, 0, 101, 1, 0, 3.0, None),
        (CANCEL, 1, 102, 1, 0, 4.0, None),
        (HIDDEN, 1, 102, 1, 1, 4.5, None),
        (LIMIT, 1, 103, 1, 0, 5.0, None),
        (CANCEL, 0, 101, 1, 0, 6.0, None),
        (MARKET, 1, 100, 9, 9, 7.0, None),  # takes all bids: one-sided after
        (LIMIT, 0, 98, 1, 0, 8.0, None),
        (MARKET, 0, 103, 5, 5, 9.0, None),
        (OTHER, 0, 0, 0, 0, 10.0, None),
    ],
    [
        book(100, 102),
        book(100, 102),
        book(101, 102),
        book(101, 103),
        book(101, 103),
        book(101, 103),
        book(100, 103),
        book(0, 103),
        book(98, 103),
        book(98, 105),
        book(98, 105),
    ],
    first=book(100, 102),
)


def test_types_and_signs_by_hand():
    events = find_events(HAND)
    types = [MO0, -1, LO1, CA1, -1, LO0, CA1, -1, -1, MO1, -1]
    assert events.type_BT[0].tolist() == types
    signs = events.sign_BT[0]
    # A buy order, a sell order cancelled, a sell order, a buy order cancelled.
    assert signs[[0, 2, 3, 5, 6, 9]].tolist() == [1, 1, 1, -1, -1, 1]
    assert np.flatnonzero(events.at_touch_BT[0]).tolist() == [0, 2, 3, 5, 6, 7, 8, 9]


def test_response_by_hand():
    """Event time: mids before each event 101, 101, 101.5, 102, 102, 101.5, -, 100.5."""
    stats = prepare(HAND, (1, 2, 8, 20))
    found = responses(stats, fewest=1)
    np.testing.assert_array_equal(found[MO0], [0, 0.5, 0.5, np.nan])
    np.testing.assert_array_equal(found[LO1], [0.5, 1, np.nan, np.nan])
    # Of the ask at 102: 0.5, then 0.5; of the bid at 101: 0.5, then the book is broken.
    np.testing.assert_array_equal(found[CA1], [0.5, 0.5, np.nan, np.nan])
    np.testing.assert_array_equal(found[LO0], [0, 0.5, np.nan, np.nan])
    # The mid after the window's last event is known: 101.5.
    np.testing.assert_array_equal(found[MO1], [1, np.nan, np.nan, np.nan])
    assert np.isnan(found[CA0]).all()
    assert stats.num_BE[0].tolist() == [1, 1, 1, 1, 0, 2]
    assert stats.masked_B.tolist() == [2]


def test_response_in_seconds_by_hand():
    stats = prepare(HAND, (0.5, 1.0, 3.0, 9.0, 9.5), in_seconds=True)
    found = responses(stats, fewest=1)
    np.testing.assert_array_equal(found[MO0], [0, 0, 1, 0.5, np.nan])
    # From 3 s: the mid after it, after the cancel at 4 s, after the one at 6 s.
    np.testing.assert_array_equal(found[LO1], [0.5, 1, 0.5, np.nan, np.nan])
    # From 9 s: it stays, and the window ends at 10 s.
    np.testing.assert_array_equal(found[MO1], [1, 1, np.nan, np.nan, np.nan])


def slow(windows, lags):
    """The definition, one event at a time."""
    events = find_events(windows)
    total, count = np.zeros((2, len(TYPES), len(lags)))
    for b in range(windows.num_windows):
        at = np.flatnonzero(events.at_touch_BT[b])
        mids = [*events.before_BT[b, at], events.after_BT[b, at[-1]]]
        for i, t in enumerate(at):
            for j, lag in enumerate(lags):
                if events.type_BT[b, t] >= 0 and i + lag < len(mids):
                    move = mids[i + lag] - mids[i]
                    if np.isfinite(move):
                        total[events.type_BT[b, t], j] += events.sign_BT[b, t] * move
                        count[events.type_BT[b, t], j] += 1
    return total, count


def test_against_the_definition():
    windows = make_windows(6, 150, seed=3)
    windows.level_price_BTSK[2, 70:75, 0] = 0  # a side is empty for a while
    windows.type_BT[4, 100:] = 0  # a short window
    lags = (1, 2, 7, 30)
    stats = prepare(windows, lags)
    total, count = slow(windows, lags)
    np.testing.assert_allclose(stats.sum_BEL.sum(axis=0), total)
    np.testing.assert_array_equal(stats.count_BEL.sum(axis=0), count)
    assert count.sum() > 500
    assert stats.masked_B[2] > 0


def test_weights_are_repeated_windows():
    windows = make_windows(6, 200, seed=1)
    stats = prepare(windows)
    weights_RB = np.array([[1, 1, 1, 1, 1, 1], [2, 0, 1, 0, 3, 0]])
    found = responses(stats, weights_RB, fewest=1)
    again = prepare(windows.take([0, 0, 2, 4, 4, 4]))
    known = np.isfinite(found[1])
    np.testing.assert_allclose(
        found[1][known], responses(again, fewest=1)[known], atol=1e-12
    )
    np.testing.assert_array_equal(found[0], responses(stats, fewest=1))


def test_too_few_events_among_the_windows_that_count():
    stats = prepare(make_windows(6, 200, seed=1), (1,))
    fewest = int(stats.count_BEL[:, LO0, 0].sum())
    ones = np.ones(6)
    assert np.isfinite(responses(stats, ones, fewest)[LO0])
    some = np.array([2, 2, 2, 0, 0, 0])
    assert np.isnan(responses(stats, some, fewest)[LO0])
    # Together with the others in one bootstrap there are enough.
    assert np.isfinite(responses(stats, np.stack([ones, some]), fewest)[:, LO0]).all()


def test_distances():
    ref = np.array([[1.0, 2.0, np.nan], [0.0, 0.0, 0.0]])
    gen = np.array([[2.0, 1.5, 7.0], [1.0, 1.0, np.nan]])
    found = difference(ref, gen)
    np.testing.assert_allclose(found.ticks, [0.75, 1.0])
    np.testing.assert_allclose(found.relative, [0.5, np.nan])


def test_scores_of_a_bootstrap():
    one, two = (prepare(make_windows(8, 200, seed=s), (1, 3)) for s in (1, 2))
    rng = np.random.default_rng(0)
    weights = [rng.multinomial(8, np.full(8, 1 / 8), size=5) for _ in range(2)]
    found = score(one, two, *weights)
    assert found["all"].shape == (5,)
    one_draw = score(one, two, weights[0][3], weights[1][3])
    np.testing.assert_allclose(found["MO1"][3], one_draw["MO1"])
    same = score(one, one)
    assert same["all"] == same["all, relative"] == 0


def test_rare_types_and_empty_windows_say_so():
    stats = prepare(HAND)
    assert np.isnan(responses(stats)).all()
    told = notes(stats)
    assert any(x.startswith("MO1: 1 events, fewer than 30") for x in told)
    assert any("2 events left out" in x for x in told)
    for windows in (blank_windows(2, 5), make_windows(4, 50).take(slice(0, 0))):
        for in_seconds in (False, True):
            empty = prepare(windows, (1, 2), in_seconds=in_seconds)
            assert np.isnan(responses(empty)).all()
            assert np.isnan(score(empty, empty)["all"])


@pytest.mark.parametrize("in_seconds", [False, True])
def test_windows_do_not_see_each_other(in_seconds):
    windows = make_windows(5, 120, seed=4)
    lags = (0.1, 2.0) if in_seconds else (1, 40)
    whole = prepare(windows, lags, in_seconds=in_seconds)
    for b in range(5):
        alone = prepare(windows.take([b]), lags, in_seconds=in_seconds)
        np.testing.assert_allclose(alone.sum_BEL[0], whole.sum_BEL[b])
        np.testing.assert_array_equal(alone.count_BEL[0], whole.count_BEL[b])
