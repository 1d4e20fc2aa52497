"""A fit's report as a table, whatever the market."""

from marsjax.commands.synth_fit import MOST_ROWS, fit_notes, fit_rows


def test_rows_of_a_report_are_shown_as_they_are():
    rows = [{"parameter": "k", "value": 0.000123456, "standard_error": None}]
    shown = [{"parameter": "k", "value": "0.0001235", "standard_error": None}]
    assert fit_rows({"fit": rows, "counts": {"tapes": 2}}) == shown


def test_values_with_errors_become_rows():
    report = {
        "radius": 0.7,
        "base": {"value": [1.0, 2.0], "se": [0.1, float("nan")]},
        "many": {"value": [[1.0] * 40], "se": [[0.0] * 40]},
        "left_out": {"too far": 3},
        "events": 1_200,
    }
    rows = fit_rows(report)
    assert [row["parameter"] for row in rows[:3]] == ["radius", "base[0]", "base[1]"]
    assert [row["standard error"] for row in rows[:3]] == [None, "0.1", None]
    assert len(rows) == 3 + MOST_ROWS
    notes = fit_notes(report)
    assert "left out: too far 3" in notes and "counts: events 1,200" in notes


def test_errors_are_spoken_of_where_there_are_some():
    rows = [{"measure": "spread", "real": 1.0, "simulated": 1.1}]
    assert not any("standard errors" in note for note in fit_notes({"fit": rows}))
    rows = [{"parameter": "k", "value": 1.0, "standard_error": 0.1}]
    assert any("standard errors" in note for note in fit_notes({"fit": rows}))
