"""The figure of `experiments.known_truth`: gaps to the true law, log against log."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from marsjax.plot.style import (
    FAINT,
    INK,
    REAL,
    SIMULATED,
    legend_below,
    new_axes,
    new_figure,
    set_labels,
)

LOOKS = (
    (SIMULATED, "o"),
    (FAINT, "s"),
    (REAL, "^"),
    ("#009E73", "D"),
    ("#CC79A7", "v"),
    (INK, "P"),
)
"""Colour and marker of each system, the model first."""
LEAST = 1e-4
"""Nats an order; what is lower, or negative, is drawn there."""


def draw(found: dict) -> Figure:
    """Gaps against training orders, a panel a market.

    Args:
      found: of each market what `experiments.known_truth.measure` gives.
    """
    figure = new_figure(4.6 * len(found) + 0.4, 4.6)
    handles, shared = [], None
    for i, (name, each) in enumerate(found.items()):
        title = f"{name}: true entropy {each['entropy']:.3f} nats"
        axes = new_axes(figure, 1, len(found), i + 1, title=title, grid="both")
        if shared is not None:
            axes.sharey(shared)
        shared = axes
        handles = _panel(axes, each["gaps"])
        label = "gap to the true law, nats an order [95 %]" if i == 0 else ""
        set_labels(axes, "training orders", label)
    legend_below(figure, handles, columns=min(len(handles), 3 * len(found)))
    return figure


def _panel(axes: Axes, gaps: dict[str, list[dict]]) -> list:
    """Every system's line with its intervals; the handles of a legend."""
    handles = []
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    for (system, points), (color, marker) in zip(gaps.items(), LOOKS, strict=False):
        orders = [point["orders"] for point in points]
        gap = np.maximum([point["gap"] for point in points], LEAST)
        mean, low, high = gap.T
        axes.vlines(orders, low, high, color=color, linewidth=1.2)
        (line,) = axes.plot(
            orders,
            mean,
            color=color,
            marker=marker,
            markersize=4.5,
            linewidth=1.6 if system == "model" else 1.0,
            label=system.replace("_", " "),
        )
        handles.append(line)
    return handles
