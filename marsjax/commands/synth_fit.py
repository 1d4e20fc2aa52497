"""A fit's report and the true nats, as rows and sentences."""

from numbers import Real

import numpy as np

MOST_ROWS = 12
"""Rows of one array in the table; all of it is in synth.json."""
_ERRORS = {"standard error", "standard_error"}


def nats_text(nats: dict) -> str:
    """True entropy and cross entropy in a sentence."""
    entropy, cross = nats["entropy"], nats["cross_entropy"]
    return (
        f"true entropy {entropy['mean']:.4f} +- {entropy['error']:.4f} nats an order "
        f"(waiting time in seconds), mean of -log p {cross['mean']:.4f} +- "
        f"{cross['error']:.4f}, over {nats['orders']:,} orders"
    )


def fit_rows(report: dict) -> list[dict]:
    """The table of a fit.

    A report has its own rows as ``fit``, or values: numbers, or dictionaries with a
    ``value`` (a number or nested lists) and its standard error, ``se``.
    """
    if "fit" in report:
        return [{k: _text(v) for k, v in row.items()} for row in report["fit"]]
    rows = []
    for name, entry in report.items():
        if isinstance(entry, float):
            entry = {"value": entry}
        if not isinstance(entry, dict) or "value" not in entry:
            continue
        value = np.asarray(entry["value"], float)
        error = np.broadcast_to(np.asarray(entry.get("se", np.nan), float), value.shape)
        for index in list(np.ndindex(value.shape))[:MOST_ROWS]:
            rows.append(
                {
                    "parameter": name + "".join(f"[{i}]" for i in index),
                    "value": _text(float(value[index])),
                    "standard error": _text(float(error[index])),
                }
            )
    return rows


def fit_notes(report: dict) -> list[str]:
    """What a fit rests on and leaves out, as far as its report counts it."""
    counts = {k: v for k, v in report.items() if isinstance(v, int)}
    notes = []
    for name, entry in {**report, "counts": counts | report.get("counts", {})}.items():
        if not isinstance(entry, dict) or "value" in entry:
            continue
        numbers = [(k, v) for k, v in entry.items() if isinstance(v, Real)]
        if numbers:
            told = ", ".join(f"{k.replace('_', ' ')} {_text(v)}" for k, v in numbers)
            notes.append(f"{name.replace('_', ' ')}: {told}")
    if any(_ERRORS & row.keys() for row in fit_rows(report)):
        notes.append(
            "standard errors hold if the market's law does: bursts make them too small"
        )
    return [*notes, "the whole report is in synth.json"]


def _text(value) -> str | None:
    """Numbers with four digits that count, whole numbers whole."""
    if isinstance(value, float):
        return None if np.isnan(value) else f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else value
