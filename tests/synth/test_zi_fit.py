"""Calibration finds the parameters of a tape that the market made."""

import numpy as np
import pytest

from marsjax.synth.observed import measure
from marsjax.synth.tape import to_tapes
from marsjax.synth.zi_fit import calibrate
from tests.synth.zi_run import ZI, default_run


@pytest.fixture(scope="module")
def tapes():
    params, run = default_run()
    return to_tapes(ZI, params, run, symbol="ZI")[:5]


def test_the_fit_finds_the_parameters(tapes):
    """All within four standard errors, and these small enough to mean something."""
    params, _ = default_run()
    fitted, report = calibrate(tapes)
    theta = np.asarray(params.cancel_rate_K)
    expected = {
        "limit_k": params.limit_k,
        "limit_alpha": params.limit_alpha,
        "market_rate": params.market_rate,
        "stop_prob": params.stop_prob,
        **{f"cancel_rate({i + 1})": theta[i] for i in range(5)},
    }
    assert {row["parameter"] for row in report["fit"]} == set(expected)
    for row in report["fit"]:
        value, error = row["value"], row["standard_error"]
        assert abs(value - expected[row["parameter"]]) < 4 * error, row
        assert error < 0.1 * value, row
    assert fitted.num_distances == 10 and fitted.lot_size == params.lot_size
    assert abs(fitted.mid_ticks - params.mid_ticks) <= 1
    counts = report["counts"]
    assert counts["left_out"] == 0 and counts["limit_orders_beyond"] == 0
    both = counts["limit_orders"] + counts["market_orders"] + counts["cancels"]
    assert both == 5 * 2_000


def test_measured_rates_are_those_of_the_orders(tapes):
    run = default_run()[1]
    measured = measure(tapes[:1])
    clock_s = run.time_s_BT[0] + run.time_ns_BT[0] * 1e-9
    seconds = clock_s[-1] - clock_s[0]
    for name, kind in (("limit orders", 1), ("market orders", 2), ("cancels", 3)):
        count = (run.messages_BT.kind[0] == kind).sum()
        assert measured[f"{name} (1/s)"] == pytest.approx(count / seconds, rel=1e-6)
    assert 1 < measured["spread (ticks)"] < 2


def test_orders_beyond_the_distances_are_counted(tapes):
    fitted, report = calibrate(tapes, num_distances=4)
    assert fitted.num_distances == 4
    assert report["counts"]["limit_orders_beyond"] > 1_000
    assert len(report["distances"]) == 4
