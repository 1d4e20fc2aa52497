"""How the mid answers to each type of event, real and simulated."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from marsjax.plot.evaluation import (
    Report,
    curve,
    grid,
    legend_of,
    none,
    numbers,
    small_labels,
    small_title,
    style_of,
    system_names,
)
from marsjax.plot.style import INK, legend_below

WORDS = {
    "MO0": "market orders that leave the price",
    "MO1": "market orders that move the price",
    "LO0": "limit orders that leave the price",
    "LO1": "limit orders that move the price",
    "CA0": "cancels that leave the price",
    "CA1": "cancels that move the price",
}


def responses(report: Report) -> Figure:
    """Six panels, the mean signed move of the mid over the lag, with 95 % bands.

    Args:
      report: ``report["responses"]`` is drawn: for ``reference`` and each system
        ``lags`` [L], ``types`` [E] (as in `marsjax.eval.response_events.TYPES`) and
        ``mean``, ``low``, ``high`` [E][L] in ticks; ``unit`` of the lags, by default
        events.
    """
    found = report.get("responses") or {}
    names = [name for name in system_names(report) if name in found]
    shown = [*(("reference",) if "reference" in found else ()), *names]
    title = "Response of the mid to an event at the touch"
    types = list(dict.fromkeys(t for name in shown for t in found[name]["types"]))
    figure, panels = grid(max(len(types), 1), 2, 2.1, title)
    if not types:
        none(next(panels))
        return figure
    for axes, kind in zip(panels, types, strict=True):
        small_title(axes, f"{kind}: {WORDS[kind]}" if kind in WORDS else kind)
        drawn, unit = False, "events"
        for name in shown:
            one = found[name]
            if kind not in one["types"]:
                continue
            row, unit = list(one["types"]).index(kind), one.get("unit") or unit
            rows = [_row(one.get(key), row) for key in ("mean", "low", "high")]
            drawn |= curve(axes, one["lags"], rows[0], style_of(names, name), *rows[1:])
        if not drawn:
            none(axes)
            continue
        axes.axhline(0, color=INK, linewidth=0.7)
        lags = numbers(found[shown[0]]["lags"])
        if len(lags) and lags.min() > 0 and lags.max() > 20 * lags.min():
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
            axes.xaxis.set_minor_locator(NullLocator())
        small_labels(axes, f"lag ({unit})", "response (ticks)")
    handles = legend_of(names, reference="reference" in found)
    legend_below(figure, handles, 5)
    return figure


def _row(table, row: int) -> np.ndarray | None:
    return None if table is None else numbers(table[row])
