"""Pictures of an evaluation: they draw what they are given and say what is missing."""

import matplotlib.colors as colours
import numpy as np
import pytest

from marsjax.eval.families import MEAN
from marsjax.plot import evaluation_all as pictures
from marsjax.plot.evaluation import COLOURS, estimate, style_of
from marsjax.plot.evaluation_facts import fact_panels
from marsjax.plot.evaluation_order import autocorrelations, transition_matrices
from marsjax.plot.evaluation_response import responses
from marsjax.plot.evaluation_scores import score_overview
from marsjax.plot.evaluation_series import (
    distributions,
    finite_edges,
    shown_bins,
    widened,
)
from tests.plot.evaluation_report import SYSTEMS, make_report

EMPTY = {"title": "none", "systems": {}}


@pytest.fixture(scope="module")
def report():
    return make_report()


def texts(figure) -> str:
    return "\n".join(t.get_text() for axes in figure.axes for t in axes.texts)


@pytest.mark.parametrize("name", pictures.PICTURES)
def test_without_data_says_so(name):
    figure = pictures.PICTURES[name](EMPTY)
    assert "no data" in texts(figure)
    assert pictures.png_of(figure, 30).startswith(b"\x89PNG")


def test_all_of_them(report):
    # One picture is rendered, to catch what only drawing finds.
    figures = pictures.evaluation_figures(report)
    assert list(figures) == list(pictures.PICTURES)
    figures["facts"].draw_without_rendering()


def test_scores_are_sorted_and_none_is_lost(report):
    figure = score_overview(report, "L1")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["distributions", "order"]
    axes = figure.axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    model = [s for s in report["systems"]["model"] if s["metric"] == "L1"]
    known = [s for s in model if s["excess"][0] is not None]
    known = [s for s in known if s["family"] == "distributions"]
    known.sort(key=lambda s: (not s["name"].startswith(MEAN), s["excess"][0]))
    assert len(known) == 24 and [s["name"] for s in known] == labels
    assert "not computed: 1" in figure.axes[-1].get_xlabel()
    colour = style_of(list(SYSTEMS), "model")["color"]
    dots = [
        (line.get_xdata()[0], round(line.get_ydata()[0]))
        for line in axes.lines
        if len(line.get_xdata()) == 1 and line.get_color() == colour
    ]
    np.testing.assert_allclose([x for x, _ in dots], [s["excess"][0] for s in known])
    assert [y for _, y in dots] == list(range(24))
    for each in figure.axes:  # the floor
        assert any(list(line.get_xdata()) == [0, 0] for line in each.lines)


def test_each_score_once_by_default(report):
    figure = score_overview(report)
    labels = {
        axes.get_title(loc="left"): [t.get_text() for t in axes.get_yticklabels()]
        for axes in figure.axes
    }
    assert len(labels["distributions"]) == 24
    assert labels["distributions"][0] == "mean of distributions (L1)"
    assert labels["responses"] == ["response to MO0 (relative)"]
    assert labels["minutes"] == ["minute returns (overlap)"]
    # More is worse, of a similarity too.
    worst = max(line.get_xdata()[0] for line in figure.axes[-1].lines)
    assert worst == pytest.approx(0.3)


def test_of_horizons_the_mean_alone(report):
    row = report["systems"]["model"][0] | {"family": "horizons", "metric": "L1"}
    rows = [row | {"name": "spread after 1 s"}, row | {"name": MEAN + "horizons"}]
    (axes,) = score_overview({"systems": {"model": rows}}).axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["mean of horizons (L1)"]


def test_a_bin_of_one_value_is_a_step_wide():
    up = np.nextafter([1.0, 2.0, 4.0], 9)
    edges = np.sort([0.9999999999999998, 1, 2, 4, *up, 4.000000000000002])
    share = np.array([0, 0.5, 0, 0.25, 0, 0.25, 0])
    new, found = widened(edges, {"reference": share})
    np.testing.assert_allclose(new, [0.5, 1.5, 2.5, 3.5, 4.5])
    np.testing.assert_array_equal(found["reference"], [0.5, 0.25, 0, 0.25])
    share = np.array([0.1, 0.4, 0, 0.25, 0, 0.2, 0.05])
    new, found = widened(edges, {"reference": share})  # some lie beyond
    np.testing.assert_allclose(new, [-0.5, 0.5, 1.5, 2.5, 3.5, 4.5, 5.5])
    want = [0.1, 0.4, 0.25, 0, 0.2, 0.05]
    np.testing.assert_array_equal(found["reference"], want)
    same, _ = widened(np.arange(5.0), {"reference": np.full(4, 0.25)})
    np.testing.assert_array_equal(same, np.arange(5.0))


def test_distributions_are_shares_and_none_lacks_its_tail(report):
    figure = distributions(report)
    assert len(figure.axes) == 21
    by_title = {axes.get_title(loc="left"): axes for axes in figure.axes}
    empty = by_title["volume per minute"]
    assert "no data" in [t.get_text() for t in empty.texts]
    spread = by_title["spread"]
    steps = [p.get_data().values for p in spread.patches]
    assert len(steps) == 2 + len(SYSTEMS)
    for values in steps:
        assert values.sum() == pytest.approx(1)
    assert "ends hold all beyond" in spread.get_xlabel()


def test_bins_that_are_drawn():
    share = np.array([0.001, 0.5, 0.4, 0.098, 0.001])
    assert shown_bins([share]) == (1, 3)
    assert shown_bins([np.array([1.0])]) == (0, 0)
    edges = finite_edges(np.array([-np.inf, 1, 3, np.inf]))
    np.testing.assert_array_equal(edges, [-1, 1, 3, 5])


def test_facts_show_number_and_verdict(report):
    figure = fact_panels(report)
    assert len(figure.axes) == 11
    for axes, fact in zip(figure.axes, report["facts"]["model"], strict=True):
        shown = [t.get_text() for t in axes.texts if t.get_text().startswith("model:")]
        assert len(shown) == 1 and shown[0].endswith(fact["verdict"])
    assert "no volume given" in texts(figure)
    line = figure.axes[0].lines[1]
    np.testing.assert_array_equal(line.get_ydata(), report["facts"]["model"][0]["y"])


def test_responses_leave_gaps(report):
    figure = responses(report)
    assert len(figure.axes) == 6
    limit = next(a for a in figure.axes if a.get_title(loc="left").startswith("LO0"))
    assert np.isnan(limit.lines[0].get_ydata()[-3:]).all()
    assert limit.get_xscale() == "log" and "ticks" in limit.get_ylabel()


def test_order(report):
    figure = transition_matrices(report)
    images = [image for axes in figure.axes for image in axes.images]
    assert len(images) == 1 + len(SYSTEMS)
    assert len({image.get_clim() for image in images}) == 1
    figure = autocorrelations(report)
    assert len(figure.axes) == len(report["order"]["autocorrelation"])


def test_systems_differ_in_colour_and_mark():
    names = [str(i) for i in range(6)]
    looks = [style_of(names, name) for name in ("reference", *names)]
    assert len({look["color"] for look in looks}) == 7
    grey = [np.dot(colours.to_rgb(c), (0.3, 0.59, 0.11)) for c in COLOURS]
    assert max(grey) < 0.75  # seen on white
    assert len({look["marker"] for look in looks[1:]}) == 6


@pytest.mark.parametrize("value", [None, [None] * 3, [], ["x"], float("nan")])
def test_no_number_is_nan(value):
    assert np.isnan(estimate(value)).all()
