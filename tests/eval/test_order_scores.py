"""Scores that see the order: by hand, on processes with known memory, and shuffled."""

import numpy as np
import pytest

from marsjax.eval import memory
from marsjax.eval.order_scores import (
    BURSTINESS,
    MEMORY,
    TRANSITIONS,
    curves,
    distances,
    notes,
    prepare,
)
from marsjax.eval.shuffle import shuffle_in_time
from marsjax.eval.transitions import (
    EVENTS,
    count_transitions,
    event_codes,
    transition_distance,
    transition_matrix,
)
from marsjax.eval.windows import ASK, BID, CANCEL, HIDDEN, LIMIT, MARKET
from tests.eval.made import blank_windows, hand_window, make_windows

REAL = make_windows(16, 400, 0)
STATS = prepare(REAL)
BOOK = ([(100, 5)], [(102, 4)])
HIGHER = ([(101, 5)], [(102, 4)])


def message(type_, side):
    return (type_, side, 100, 1, 1 if type_ == MARKET else 0, 0.0, None)


def test_events_and_transitions_by_hand():
    """The hidden execution is passed over; the second message raises the bid."""
    windows = hand_window(
        [
            message(LIMIT, BID),
            message(LIMIT, BID),
            message(HIDDEN, ASK),
            message(MARKET, ASK),
            message(CANCEL, ASK),
        ],
        [BOOK, HIGHER, HIGHER, BOOK, BOOK],
        first=BOOK,
    )
    names = [EVENTS[x] if x >= 0 else None for x in event_codes(windows)[0]]
    assert names == [
        "buy limit",
        "buy limit, price moves",
        None,
        "sell market, price moves",
        "sell cancel",
    ]
    counts = count_transitions(windows)[0]
    pairs = zip(names, [names[1], names[3], None, names[4]], strict=False)
    expected = np.zeros((12, 12))
    for old, new in pairs:
        if old and new:
            expected[EVENTS.index(old), EVENTS.index(new)] += 1
    np.testing.assert_array_equal(counts, expected)
    assert counts.sum() == 3


def test_a_first_message_without_a_book_before_is_no_event():
    windows = hand_window([message(LIMIT, BID)] * 2, [BOOK] * 2)
    assert event_codes(windows).tolist() == [[-1, 0]]


def test_transition_distance_by_hand():
    """Rows weighted 3 to 1; the second row never comes in the other."""
    ref, gen = np.zeros((12, 12)), np.zeros((12, 12))
    ref[0, :2], ref[1, 0] = (2, 1), 1
    gen[0, :2] = 1, 1
    away = 3 / 4 * (2 / 3 - 1 / 2) + 1 / 4 * 1
    assert transition_distance(ref, gen) == pytest.approx(away)
    assert transition_distance(ref, 7 * ref) == 0
    assert np.isnan(transition_distance(ref, 0 * ref))


def test_rows_sum_to_one():
    counts = curves(STATS).transition_RXX[0]
    assert counts.sum() == 16 * 399
    np.testing.assert_allclose(transition_matrix(counts).sum(axis=-1), 1)


def test_autocorrelation_by_hand():
    """1, 2, 3 of one window; the other is constant and has no pairs."""
    values = np.array([[1.0, np.nan, 2.0, 3.0], [5.0, 5.0, 5.0, 5.0]])
    got = memory.products(values, 3)
    # Standardised: -a, 0, a with a^2 = 3/2.
    np.testing.assert_allclose(got.product_BL, [[0, -1.5, 0], [0, 0, 0]], atol=1e-12)
    np.testing.assert_array_equal(got.num_BL, [[2, 1, 0], [0, 0, 0]])
    many = memory.Products(40 * got.product_BL, 40 * got.num_BL)
    acf = memory.autocorrelation(many, np.ones((1, 2)))
    np.testing.assert_allclose(acf, [[0, -1.5, np.nan]], atol=1e-12)
    few = memory.autocorrelation(got, np.ones((1, 2)))
    assert np.isnan(few).all(), "too few pairs"


def test_autocorrelation_of_a_known_process():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(40, 2000))
    for t in range(1, 2000):
        x[:, t] += 0.7 * x[:, t - 1]
    # The scale of a window does not matter.
    x = x[:, 100:] * rng.uniform(1, 100, size=(40, 1)) + 5
    acf = memory.autocorrelation(memory.products(x, 5), np.ones((1, 40)))
    np.testing.assert_allclose(acf[0], 0.7 ** np.arange(1, 6), atol=0.02)


def test_signs_by_hand():
    rows = [(LIMIT, BID), (CANCEL, BID), (MARKET, ASK), (CANCEL, ASK), (HIDDEN, BID)]
    windows = hand_window([message(*x) for x in rows], [BOOK] * 5, first=BOOK)
    nan = np.nan
    np.testing.assert_array_equal(memory.flow_signs(windows), [[1, -1, -1, 1, nan]])
    trades = [[nan, nan, -1, nan, nan]]
    np.testing.assert_array_equal(memory.trade_signs(windows), trades)


@pytest.mark.parametrize(
    "draw, expected",
    [
        (lambda rng, shape: np.full(shape, 3.0), -1),
        (lambda rng, shape: rng.exponential(size=shape), 0),
        (lambda rng, shape: rng.gamma(1 / 9, size=shape), 1 / 2),
    ],
    ids=["regular", "poisson", "bursts"],
)
def test_burstiness(draw, expected):
    gaps = draw(np.random.default_rng(0), (20, 5000))
    got = memory.burstiness(memory.spreads(gaps), np.ones((1, 20)))
    assert got[0] == pytest.approx(expected, abs=0.02)


def test_a_shuffled_copy_is_caught():
    """Every score but burstiness is far beyond what other windows of the market give.

    Book and messages of made windows are independent, so that their order-flow
    imbalance has no memory to lose.
    """
    floor = distances(STATS, prepare(make_windows(16, 400, 7)))
    got = distances(STATS, prepare(shuffle_in_time(REAL, 1)))
    assert got[BURSTINESS, "difference"] == pytest.approx(0, abs=1e-9)
    for key, value in got.items():
        if key[0] not in (BURSTINESS, "autocorrelation of order-flow imbalance"):
            assert value > 1.5 * floor[key], key
    assert got[TRANSITIONS, "L1"] > 5 * floor[TRANSITIONS, "L1"]
    assert got[MEMORY, "difference"] > 5 * floor[MEMORY, "difference"]


def test_a_shuffle_changes_the_order_alone():
    windows = make_windows(3, 50)
    windows = windows._replace(
        type_BT=np.where(np.arange(50)[None] < 40, windows.type_BT, 0)
    )
    got = shuffle_in_time(windows, 5)
    assert (got.type_BT[:, 40:] == 0).all() and (got.type_BT[:, :40] != 0).all()
    rows = [
        np.sort(x.price_ticks_BT[:, :40] * 1000.0 + x.level_price_BTSK[:, :40, 0, 0])
        for x in (windows, got)
    ]
    np.testing.assert_array_equal(*rows)
    assert (got.price_ticks_BT != windows.price_ticks_BT).any()
    for t in (0, 39):
        np.testing.assert_array_equal(got.time_ns_BT[:, t], windows.time_ns_BT[:, t])
    gaps = [np.sort(np.diff(x.time_ns_BT[:, :40], axis=1)) for x in (windows, got)]
    np.testing.assert_array_equal(*gaps)
    again = shuffle_in_time(windows, 5)
    np.testing.assert_array_equal(got.time_ns_BT, again.time_ns_BT)


def test_the_same_is_at_zero_and_weights_are_repeats():
    assert set(distances(STATS, STATS).values()) == {0}
    other = make_windows(6, 400, 3)
    weight = np.array([0, 2, 0, 0, 1, 0])
    got = distances(STATS, prepare(other), None, weight)
    again = distances(STATS, prepare(other.take([1, 1, 4])))
    assert got == pytest.approx(again)
    draws = distances(STATS, prepare(other), None, np.stack([weight, weight + 1]))
    assert all(x.shape == (2,) for x in draws.values())
    assert {k: x[0] for k, x in draws.items()} == pytest.approx(got)


@pytest.mark.parametrize("shape", [(0, 5), (2, 0), (2, 1), (2, 60)])
def test_empty_windows(shape):
    empty = prepare(blank_windows(*shape))
    for pair in ((STATS, empty), (empty, STATS), (empty, empty)):
        assert all(np.isnan(x) for x in distances(*pair).values())
        assert len(notes(*pair)) == 7


def test_short_windows_say_which_lags_they_have():
    short = prepare(make_windows(2, 30))
    said = notes(STATS, short)
    name = "autocorrelation of signed order flow"
    assert said[name] == "15 of 50 lags in the generated windows"
    assert np.isfinite(distances(STATS, short)[name, "mean"])
