"""The eleven stylised facts, a panel each: real beside simulated."""

import textwrap

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from marsjax.plot.evaluation import (
    Report,
    curve,
    darker,
    estimate,
    grid,
    legend_of,
    none,
    numbers,
    short,
    small_labels,
    small_title,
    style_of,
    system_names,
)
from marsjax.plot.style import FAINT, INK, legend_below

_COLUMNS = 3


def fact_panels(report: Report) -> Figure:
    """Each fact's series with 95 % bands, its number and verdict by system.

    Args:
      report: ``report["facts"]`` is drawn: for ``reference`` and each system a list of
        facts with ``name``, ``value``, ``verdict``, ``x``, ``y``, ``low``, ``high``;
        ``x_label``, ``y_label`` and ``null`` (a line) where they are given.
    """
    found = report.get("facts") or {}
    names = [name for name in system_names(report) if name in found]
    shown = [*(("reference",) if "reference" in found else ()), *names]
    order = list(dict.fromkeys(f["name"] for name in shown for f in found[name]))
    by_name = {name: {f["name"]: f for f in found[name]} for name in shown}
    figure, panels = grid(max(len(order), 1), _COLUMNS, 2.45, "Stylised facts")
    if not order:
        none(next(panels))
        return figure
    for number, (axes, fact) in enumerate(zip(panels, order, strict=True), start=1):
        here = {n: by_name[n][fact] for n in shown if fact in by_name[n]}
        small_title(axes, f"{number} {short(fact, 34)}")
        _draw(axes, here, names)
    handles = legend_of(names, reference="reference" in found)
    legend_below(figure, handles, 5)
    return figure


def _draw(axes: Axes, facts: dict[str, dict], names: list[str]) -> None:
    first = next(iter(facts.values()))
    is_drawn = [
        curve(
            axes,
            fact.get("x"),
            fact.get("y"),
            style_of(names, name),
            fact.get("low"),
            fact.get("high"),
        )
        for name, fact in facts.items()
    ]
    if any(is_drawn):
        null = first.get("null")
        # That of slow decay is of an exponent, not of the curve.
        if null is not None and first["name"] != "slow decay":
            axes.axhline(null, color=INK, linewidth=0.7, linestyle=(0, (2, 2)))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        limits = [numbers(f.get("y")) for f in facts.values()]
        _keep_in_view(axes, np.concatenate(limits))
    else:
        note = first.get("note") or ""
        none(axes)
        lines = textwrap.wrap(short(note, 110), 46)
        axes.text(
            *(0.5, 0.38),
            "\n".join(lines),
            transform=axes.transAxes,
            ha="center",
            va="top",
            fontsize=7,
            color=FAINT,
        )
    small_labels(axes, first.get("x_label") or "lag, bars", _wrapped(first))
    # Under the panel, a line a system, so that text never covers a curve.
    lines = [_verdict(name, fact) for name, fact in facts.items()]
    offset = -30 if any(is_drawn) else -18
    for i, (name, text) in enumerate(zip(facts, lines, strict=True)):
        axes.annotate(
            text,
            (0.0, 0.0),
            xytext=(0, offset - 10 * i),
            xycoords="axes fraction",
            textcoords="offset points",
            fontsize=7,
            va="top",
            color=darker(style_of(names, name)["color"]),
        )


def _wrapped(fact: dict) -> str:
    """The label of the vertical axis, which is short, on several lines."""
    return "\n".join(textwrap.wrap(fact.get("y_label") or "", 24))


def _keep_in_view(axes: Axes, values: np.ndarray) -> None:
    """Wide bands may leave the panel; curves may not."""
    values = values[np.isfinite(values)]
    low, high = values.min(), values.max()
    room = 1.0 * (high - low) or 0.1 * abs(high) or 0.1
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(bottom, low - room), min(top, high + room))


def _verdict(name: str, fact: dict) -> str:
    value, low, high = estimate(fact.get("value"))
    verdict = fact.get("verdict") or "cannot tell"
    label = "real" if name == "reference" else short(name, 16)
    if not np.isfinite(value):
        return f"{label}: {verdict}"
    text = f"{label}: {value:.2g}"
    if np.isfinite(low) and np.isfinite(high):
        text += f" [{low:.2g}, {high:.2g}]"
    return f"{text} {verdict}"
