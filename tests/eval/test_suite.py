"""The whole report on made windows: a copy of the law is at the floor, others not."""

import json

import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.eval.bars import bars_from_windows
from marsjax.eval.suite import Settings, System, evaluate
from tests.eval.made import make_windows

SETTINGS = Settings(num_draws=60)


def system(name, **options):
    windows = make_windows(24, 200, **options)
    return System(name, windows, bars_from_windows(windows, 5))


@pytest.fixture(scope="module")
def report():
    systems = [system("same", seed=2), system("wide", seed=3, spread_ticks=9)]
    return evaluate(system("reference", seed=1), systems, SETTINGS)


def row(report, name, score, metric):
    rows = report["systems"][name]
    wanted = ("distributions", score, metric)
    (found,) = [r for r in rows if (r["family"], r["name"], r["metric"]) == wanted]
    return found


def test_the_same_law_is_at_the_floor_and_another_is_not(report):
    same, wide = (row(report, name, "spread", "L1") for name in ("same", "wide"))
    assert same["excess"][1] <= 0 <= same["excess"][2] and same["p"] > 0.01
    assert wide["excess"][1] > 0 and wide["p"] < 0.05


def test_the_comparison_says_which_is_nearer(report):
    rows = report["comparisons"]["wide"]
    (found,) = [
        r for r in rows if r["family"] == "distributions" and r["metric"] == "L1"
    ]
    assert found["difference"][2] < 0  # the first system, "same", is nearer


def test_a_report_is_plain_json(report):
    again = json.loads(json.dumps(report, allow_nan=False))
    assert set(again["facts"]) == {"reference", "same", "wide"}
    assert len(again["facts"]["same"]) == 11
    for name in ("same", "wide"):
        means = {(r["name"], r["metric"]) for r in again["headline"][name]}
        assert {("mean of distributions", "W1"), ("mean of order", "L1")} <= means
    for series in again["series"].values():
        edges = np.array(series["bin_edges"], float)
        assert (np.diff(edges) > 0).all()
        assert len(series["same"]) == len(edges) - 1


def test_the_mean_is_that_of_the_scores(report):
    rows = [r for r in report["systems"]["wide"] if r["family"] == "order"]
    values = [r["whole"] for r in rows if r["metric"] == "L2"]
    names = [r["name"] for r in rows if r["metric"] == "L2"]
    mean = values.pop(names.index("mean of order"))
    assert mean == pytest.approx(np.mean(values))


def test_names_and_windows_are_checked():
    one = system("reference", seed=1)
    with pytest.raises(InputError, match="share a name"):
        evaluate(one, [one], SETTINGS)
    with pytest.raises(InputError, match="no windows"):
        nothing = System("none", one.windows.take(slice(0, 0)), one.bars)
        evaluate(one, [nothing], SETTINGS)
