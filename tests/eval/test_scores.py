"""All distribution scores: weights, groups of conditions, missing values, speed."""

import time

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from marsjax.data.formats.lobster import prepare_lobster
from marsjax.errors import InputError
from marsjax.eval.distance import METRICS, kolmogorov_smirnov, wasserstein
from marsjax.eval.extract import windows_from_tape
from marsjax.eval.fit import fit
from marsjax.eval.scores import distances, notes, prepare, score_pair
from marsjax.eval.series import LOB_BENCH, UNCONDITIONAL, Series
from marsjax.eval.shuffle import shuffle_in_time
from marsjax.eval.windows import CANCEL, LIMIT
from tests.eval.made import blank_windows, make_windows

REAL, MADE = make_windows(12, 200, 0), make_windows(10, 200, 1, spread_ticks=3.0)
FITTED = fit(REAL)
STATS = prepare(FITTED, REAL), prepare(FITTED, MADE)

# Series that do not depend on the order of messages.
ORDERLESS = (
    "spread",
    "imbalance",
    "log inter-arrival time",
    "volume at the best ask",
    "volume at the best bid",
    "volume of ten ask levels",
    "volume of ten bid levels",
    "depth of buy limit orders",
    "depth of sell limit orders",
    "depth of cancels of buy orders",
    "depth of cancels of sell orders",
    "level of buy limit orders",
    "level of sell limit orders",
)


def of_column(column: int, condition: int | None = None) -> Series:
    """A series of numbers that a test writes into the quantities of messages."""

    def read(windows, at):
        return windows.level_qty_BTSK[:, :, 0, at].astype(np.float64)

    return Series(
        "number",
        "1",
        "A number.",
        lambda windows: read(windows, column),
        condition_fn=None if condition is None else lambda w: read(w, condition),
        condition="another",
    )


def with_numbers(*columns):
    """One window with columns of numbers that `of_column` reads."""
    windows = blank_windows(1, len(columns[0]))
    for k, column in enumerate(columns):
        windows.level_qty_BTSK[0, :, 0, k] = column
    return windows


def test_all_scores_match_exact_samples():
    got = distances(FITTED, *STATS)
    assert set(got) == {(x.name, m) for x in LOB_BENCH for m in METRICS}
    for series in UNCONDITIONAL:
        ref, gen = series.value_fn(REAL), series.value_fn(MADE)
        assert got[series.name, "W1"] == pytest.approx(wasserstein(ref, gen), abs=2e-3)
        exact = kolmogorov_smirnov(ref, gen)
        assert got[series.name, "KS"] == pytest.approx(exact, abs=5e-3)
        assert 0 <= got[series.name, "L1"] <= 1
    assert got["spread", "L1"] > 0.1 > got["imbalance", "KS"]


def test_the_same_windows_are_at_zero():
    got = distances(FITTED, STATS[0], STATS[0])
    assert all(v == 0 for (_, m), v in got.items() if m != "overlap")


def test_weights_are_repeated_windows():
    weight_ref, weight_gen = np.zeros(12), np.zeros(10)
    weight_ref[[1, 4]], weight_gen[[0, 9]] = (2, 1), (1, 3)
    got = distances(FITTED, *STATS, weight_ref, weight_gen)
    again = distances(
        FITTED,
        prepare(FITTED, REAL.take([1, 4, 1])),
        prepare(FITTED, MADE.take([9, 9, 0, 9])),
    )
    assert got == pytest.approx(again, abs=1e-5, nan_ok=True)


def test_draws_are_the_single_weightings():
    rng = np.random.default_rng(0)
    ref = rng.multinomial(12, np.full(12, 1 / 12), size=3)
    gen = rng.multinomial(10, np.full(10, 1 / 10), size=3)
    draws = distances(FITTED, *STATS, ref, gen)
    one_side = distances(FITTED, *STATS, None, gen)
    for r in range(3):
        for key, value in distances(FITTED, *STATS, ref[r], gen[r]).items():
            assert draws[key].shape == (3,)
            assert draws[key][r] == pytest.approx(value, abs=1e-6, nan_ok=True)
        for key, value in distances(FITTED, *STATS, None, gen[r]).items():
            assert one_side[key][r] == pytest.approx(value, abs=1e-6, nan_ok=True)


def test_bins_do_not_depend_on_what_is_generated():
    """The original's do: an absurd value that is generated hides all else."""
    far = make_windows(10, 200, 1)
    far.level_qty_BTSK[0, 0, 0, 0] = 10**9
    name = "volume at the best bid", "W1"
    assert score_pair(REAL, far, "lob-bench")[name] < 0.1
    assert score_pair(REAL, far)[name] > 100


def test_groups_of_a_condition_by_hand():
    """Groups 1 and 2 of the condition, weighted 3 to 1 by the reference.

    In group 1 the values are 0, 0, 4 and 4, 4; in group 2 they are 9 and 9.
    """
    series = (of_column(0, condition=1),)
    ref = with_numbers([0, 0, 4, 9], [1, 1, 1, 2])
    gen = with_numbers([4, 4, 9, 9], [1, 1, 2, 2])
    fitted = fit(ref, series=series, min_values=1)
    got = distances(fitted, prepare(fitted, ref), prepare(fitted, gen))
    assert got["number", "L1"] == pytest.approx(3 / 4 * 2 / 3)
    assert got["number", "KS"] == pytest.approx(3 / 4 * 2 / 3)
    # Scaled by the deviation of all of the reference.
    w1 = wasserstein_distance([0, 0, 4], [4, 4]) / np.std([0, 0, 4, 9])
    assert got["number", "W1"] == pytest.approx(3 / 4 * w1)


def test_a_condition_that_is_never_generated():
    series = (of_column(0, condition=1),)
    ref = with_numbers([0, 0, 4, 9], [1, 1, 1, 2])
    gen = with_numbers([0, 0, 4, 4], [1, 1, 1, 1])
    fitted = fit(ref, series=series, min_values=1)
    stats = prepare(fitted, ref), prepare(fitted, gen)
    got = distances(fitted, *stats)
    in_group = abs(1 / 3 - 1 / 2)
    assert got["number", "L1"] == pytest.approx(3 / 4 * in_group + 1 / 4)
    # W1 of the other group alone.
    w1 = wasserstein_distance([0, 0, 4], [0, 0, 4, 4]) / np.std([0, 0, 4, 9])
    assert got["number", "W1"] == pytest.approx(w1)
    assert "25.0% of the reference" in notes(fitted, *stats)["number"]


def test_lob_bench_pools_both_sides():
    """Values of 0..7 pooled are two bins; W1 is over their deviation, n - 1."""
    series = (of_column(0),)
    ref, gen = with_numbers([0, 1, 2, 4]), with_numbers([3, 5, 6, 7])
    got = score_pair_of(series, ref, gen, "lob-bench")
    # The greatest value is a bin by itself: 3/4, 1/4, 0 and 1/4, 2/4, 1/4.
    assert got["number", "L1"] == pytest.approx(1 / 2)
    w1 = wasserstein_distance([0, 1, 2, 4], [3, 5, 6, 7]) / np.std(range(8), ddof=1)
    assert got["number", "W1"] == pytest.approx(w1)
    here = score_pair_of(series, ref, gen, "reference")
    assert here["number", "W1"] == pytest.approx(3.5 / np.std([0, 1, 2, 4]))


def score_pair_of(series, ref, gen, pooling):
    fitted = fit(ref, pooling, gen, series, min_values=1)
    return distances(fitted, prepare(fitted, ref), prepare(fitted, gen))


def test_lob_bench_needs_both_sides():
    with pytest.raises(InputError, match="pass the generated windows"):
        fit(REAL, "lob-bench")
    with pytest.raises(InputError, match="unknown pooling"):
        fit(REAL, "both")


def test_no_cancels_are_as_far_as_can_be():
    never = MADE._replace(type_BT=np.where(MADE.type_BT == CANCEL, LIMIT, MADE.type_BT))
    stats = STATS[0], prepare(FITTED, never)
    got, said = distances(FITTED, *stats), notes(FITTED, *stats)
    name = "level of cancels of buy orders"
    assert got[name, "L1"] == got[name, "KS"] == 1 and got[name, "overlap"] == 0
    assert np.isnan(got[name, "W1"])
    assert said[name] == "the generated windows have 0 values"


@pytest.mark.parametrize(
    "windows",
    [blank_windows(0, 5), blank_windows(3, 1), REAL.take([0])],
    ids=["none", "padding", "one"],
)
def test_small_windows_do_not_crash(windows):
    for pooling in ("reference", "lob-bench"):
        for pair in ((REAL, windows), (windows, REAL), (windows, windows)):
            fitted = fit(*pair[:1], pooling, pair[1])
            stats = prepare(fitted, pair[0]), prepare(fitted, pair[1])
            got = distances(fitted, *stats)
            assert len(got) == 24 * len(METRICS)
            draws = distances(fitted, *stats, np.ones((2, pair[0].num_windows)))
            assert all(x.shape == (2,) for x in draws.values())
            notes(fitted, *stats)


def test_a_short_series_says_so():
    """One message: no gap, no flow imbalance, one spread."""
    one = make_windows(1, 1)
    fitted = fit(one)
    stats = prepare(fitted, one), prepare(fitted, REAL)
    got, said = distances(fitted, *stats), notes(fitted, *stats)
    assert all(np.isnan(x) for x in got.values())
    assert len(said) == 24
    assert said["spread"] == "the reference has fewer than 10 values"


def test_a_constant_series_says_so():
    flat = make_windows(3, 50, spread_ticks=1.0)
    fitted = fit(flat)
    stats = prepare(fitted, flat), prepare(fitted, REAL)
    got, said = distances(fitted, *stats), notes(fitted, *stats)
    assert np.isnan(got["spread", "W1"]) and got["spread", "L1"] > 0.3
    assert said["spread"].startswith("constant in the reference")


def test_hours_without_a_reference_are_told():
    late = MADE._replace(clock_s_BT=MADE.clock_s_BT + 8 * 3600)
    stats = STATS[0], prepare(FITTED, late)
    said = notes(FITTED, *stats)["spread given the hour"]
    assert "100.0% of the generated values left out" in said
    assert distances(FITTED, *stats)["spread given the hour", "L1"] == 1


def test_a_shuffle_in_time_leaves_what_has_no_order():
    stats = STATS[0], prepare(FITTED, shuffle_in_time(REAL, 3))
    got = distances(FITTED, *stats)
    for name in ORDERLESS:
        for metric in ("L1", "W1", "KS"):
            assert got[name, metric] == pytest.approx(0, abs=1e-6), name


def test_200_draws_of_64_windows_are_quick():
    real, made = make_windows(64, 500, 2), make_windows(64, 500, 3)
    rng = np.random.default_rng(0)
    draws = rng.multinomial(64, np.full(64, 1 / 64), size=(2, 200))
    start = time.process_time()
    fitted = fit(real)
    stats = prepare(fitted, real), prepare(fitted, made)
    got = distances(fitted, *stats, *draws)
    # Half a second on two idle cores.
    assert time.process_time() - start < 5
    assert len(got) == 24 * len(METRICS)


@pytest.mark.slow
def test_the_floor_of_an_hour_of_aapl(shared):
    """The original's on 32 windows a side is 0.128 in L1 and 0.137 in W1."""
    tape = prepare_lobster(
        shared / "data/AAPL_L50_message.csv.xz",
        shared / "data/AAPL_L10_first998_orderbook.csv.xz",
    )
    windows = windows_from_tape(tape, 500)
    order = np.random.default_rng(0).permutation(windows.num_windows)
    real, other = windows.take(order[:32]), windows.take(order[32:64])

    def mean(made, metric):
        return np.nanmean([v for k, v in made.items() if k[1] == metric])

    floor = score_pair(real, other)
    shuffled = score_pair(real, shuffle_in_time(other, 0))
    assert 0.1 < mean(floor, "L1") < 0.19 and 0.08 < mean(floor, "W1") < 0.3
    for metric in ("L1", "W1", "KS"):
        assert mean(shuffled, metric) > 1.15 * mean(floor, metric)
        same = [n for n, m in floor if m == metric and n in ORDERLESS]
        for name in same:
            assert shuffled[name, metric] == pytest.approx(floor[name, metric])
