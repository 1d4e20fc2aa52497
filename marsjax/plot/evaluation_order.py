"""What only the order of messages shows: what follows what, and memory."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from marsjax.plot.evaluation import (
    WIDTH,
    Report,
    curve,
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
from marsjax.plot.style import FAINT, INK, legend_below, new_axes, new_figure

_COLUMNS = 3


def transition_matrices(report: Report) -> Figure:
    """Chance of each event after each other one, a matrix a system, on one scale.

    Args:
      report: ``report["order"]`` is drawn: ``events`` [X] and ``transitions``, for
        ``reference`` and each system rows that sum to 1, [X][X]; NaN where an event
        never comes.
    """
    order = report.get("order") or {}
    events, tables = list(order.get("events") or []), order.get("transitions") or {}
    shown = [n for n in ("reference", *system_names(report)) if n in tables]
    columns = min(max(len(shown), 1), _COLUMNS)
    rows = max(-(-len(shown) // columns), 1)
    figure = new_figure(WIDTH, 1.9 + rows * 9.0 / (columns + 1))
    figure.suptitle(
        "What follows what: chance of the next event (column) after an event (row)",
        x=0.01,
        ha="left",
        fontsize=12,
        color=INK,
    )
    if not shown:
        none(new_axes(figure, 1, 1, 1, grid=""))
        return figure
    top = max((np.nanmax(m) for n in shown if _has(m := numbers(tables[n]))), default=1)
    image, all_axes = None, []
    for i, name in enumerate(shown):
        axes = new_axes(figure, rows, columns, i + 1, grid="")
        all_axes.append(axes)
        small_title(axes, "reference (real)" if name == "reference" else name)
        matrix = numbers(tables[name])
        if not _has(matrix):
            none(axes)
            continue
        # The square root of the chance: small ones are told apart too.
        image = axes.imshow(np.sqrt(matrix), vmin=0, vmax=np.sqrt(top), cmap="cividis")
        axes.set_facecolor("#dddddd")
        _name_axes(axes, events, is_first=i % columns == 0)
    if image is not None:
        bar = figure.colorbar(image, ax=all_axes, shrink=0.6, pad=0.01)
        ticks = np.linspace(0, np.sqrt(top), 5)
        bar.set_ticks(ticks, labels=[f"{x * x:.0%}" for x in ticks])
        bar.set_label("chance (grey: the event never comes)", fontsize=8, color=INK)
        bar.ax.tick_params(labelsize=8)
        bar.outline.set_visible(False)
    return figure


def autocorrelations(report: Report) -> Figure:
    """Autocorrelation of signs, order-flow imbalance and gaps, real and simulated.

    Args:
      report: of ``report["order"]`` is drawn ``autocorrelation``: name of the series ->
        ``lags`` [L] and for ``reference`` and each system ``{"mean", "low", "high"}``,
        [L] each, or a plain list [L].
    """
    order = report.get("order") or {}
    found, names = order.get("autocorrelation") or {}, system_names(report)
    columns = 1 if len(found) < 2 else 2
    title = "Memory of the order flow: autocorrelations"
    figure, panels = grid(max(len(found), 1), columns, 2.3, title)
    if not found:
        none(next(panels))
        return figure
    for axes, (series, curves) in zip(panels, found.items(), strict=True):
        small_title(axes, short(series, 60))
        lags, drawn = numbers(curves.get("lags")), False
        for name in ("reference", *names):
            one = curves.get(name)
            if one is None:
                continue
            one = one if isinstance(one, dict) else {"mean": one}
            look = style_of(names, name)
            if len(lags) > 15:
                look.pop("marker")
            low, high = one.get("low"), one.get("high")
            drawn |= curve(axes, lags, one.get("mean"), look, low, high)
        if not drawn:
            none(axes)
            continue
        axes.axhline(0, color=INK, linewidth=0.7)
        if len(lags) == 1:
            axes.set_xticks(lags)
        small_labels(axes, "lag (messages)", "autocorrelation")
    legend_below(figure, legend_of(names), 5)
    return figure


def _has(matrix: np.ndarray) -> bool:
    return matrix.ndim == 2 and np.isfinite(matrix).any()


def _name_axes(axes: Axes, events: list[str], *, is_first: bool) -> None:
    """Names of the events; rows are named once for all matrices beside each other."""
    labels = [event.replace(", price moves", " *") for event in events]
    axes.set_xticks(range(len(events)), labels=labels, rotation=90, fontsize=7)
    rows = labels if is_first else [""] * len(events)
    axes.set_yticks(range(len(events)), labels=rows, fontsize=7)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if is_first and any("price moves" in event for event in events):
        axes.annotate(
            "* moves the price",
            (0.0, 0.0),
            xytext=(-4, -6),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=7,
            color=FAINT,
        )
