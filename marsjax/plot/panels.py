"""Small multiples: what real and simulated markets have in common and what not."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from marsjax.plot.style import (
    INK,
    REAL,
    SIMULATED,
    TITLE_SIZE,
    legend_below,
    new_axes,
    new_figure,
    say,
    set_labels,
)
from marsjax.tokens.orders import BUY, CANCEL, SELL

TYPE_NAMES = {BUY: "buy", SELL: "sell", CANCEL: "cancel"}
_COLORS = (REAL, SIMULATED)
_MOST_SPREADS = 30  # ticks shown one by one; wider spreads share the last step


def comparison_panels(
    real: Mapping[str, np.ndarray],
    simulated: Mapping[str, np.ndarray],
    *,
    labels: tuple[str, str] = ("real", "simulated"),
    title: str = "Real and simulated markets",
) -> Figure:
    """Spread, order sizes, times between orders and order types, side by side.

    Args:
      real, simulated: one value an order: ``spread_ticks`` (NaN where the book was
        one-sided), ``lots``, ``interval_s``, ``type`` (as a token's: `TYPE_NAMES`).
      labels: names of the two.
      title: short.
    """
    both = [
        {name: _finite(values) for name, values in data.items()}
        for data in (real, simulated)
    ]
    figure = new_figure(9.0, 6.0)
    figure.get_layout_engine().set(h_pad=0.1, w_pad=0.1)
    figure.suptitle(title, x=0.01, ha="left", fontsize=TITLE_SIZE, color=INK)
    panels = (
        (_draw_spreads, "spread_ticks", "Spread", "spread (ticks)", "share of orders"),
        (_draw_ecdf, "lots", "Order size", "quantity (lots)", "share up to this size"),
        (
            _draw_ecdf,
            "interval_s",
            "Time since the order before",
            "interval (s)",
            "share up to this interval",
        ),
        (_draw_types, "type", "Order type", "order type", "share of orders"),
    )
    for place, (draw_fn, key, name, x_label, y_label) in enumerate(panels, start=1):
        axes = new_axes(figure, 2, 2, place, title=name)
        set_labels(axes, x_label, y_label)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        data = [values[key] for values in both]
        if any(len(values) for values in data):
            draw_fn(axes, data)
        else:
            axes.set(xticks=[], yticks=[])
            say(axes, "no data")
    handles = [
        Line2D(
            [],
            [],
            color=color,
            linewidth=2,
            label=f"{label}, {len(d['type']):,} orders",
        )
        for color, label, d in zip(_COLORS, labels, both, strict=True)
    ]
    legend_below(figure, handles)
    return figure


def ecdf(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values, ascending, and the share of all values up to each."""
    distinct, counts = np.unique(values, return_counts=True)
    return distinct, np.cumsum(counts) / max(len(values), 1)


def spread_shares(spread_ticks: np.ndarray, last: int) -> np.ndarray:
    """Shares of the spreads 0 to ``last``, where ``last`` holds all wider ones too.

    A negative spread, of a crossed book, counts as 0.
    """
    spread = np.clip(spread_ticks, 0, last).astype(np.int64)
    return np.bincount(spread, minlength=last + 1) / max(len(spread), 1)


def _finite(values: np.ndarray) -> np.ndarray:
    values = np.asarray(values, float)
    return values[np.isfinite(values)]


def _draw_spreads(axes: Axes, data: list[np.ndarray]) -> None:
    """Step histograms, a step a tick; a long tail is gathered and says so."""
    widest = int(max(values.max(initial=1) for values in data))
    common = max(np.quantile(v, 0.99) if len(v) else 1 for v in data)
    last = max(2, min(widest, int(np.ceil(common)) + 1, _MOST_SPREADS))
    first = 0 if min(values.min(initial=1) for values in data) < 1 else 1
    for values, color in zip(data, _COLORS, strict=True):
        if len(values):
            shares = spread_shares(values, last)[first:]
            edges = np.arange(first, last + 2) - 0.5
            axes.stairs(shares, edges, color=color, linewidth=1.6, baseline=0)
            axes.stairs(shares, edges, color=color, alpha=0.12, fill=True)
    every = -(-(last + 1 - first) // 10)
    ticks = np.arange(last, first - 1, -every)[::-1]
    names = [str(tick) for tick in ticks]
    if widest > last:
        names[-1] = f"{last}+"
    axes.set_xticks(ticks, labels=names)
    axes.set_xlim(first - 0.5, last + 0.5)
    axes.set_ylim(bottom=0)


def _draw_ecdf(axes: Axes, data: list[np.ndarray]) -> None:
    """Shares up to a value on a log axis; what is 0 counts from the left edge on."""
    positive = np.concatenate([values[values > 0] for values in data])
    low, high = (positive.min(), positive.max()) if len(positive) else (1.0, 1.0)
    low, high = low / 1.5, high * 1.5
    for values, color in zip(data, _COLORS, strict=True):
        if len(values):
            distinct, share = ecdf(values)
            zeros = share[distinct <= 0].max(initial=0.0)
            is_shown = distinct > 0
            x = np.concatenate([[low], distinct[is_shown], [high]])
            y = np.concatenate([[zeros], share[is_shown], [1.0]])
            axes.step(x, y, where="post", color=color, linewidth=1.6)
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(0, 1.02)
    if any((values <= 0).any() for values in data):
        axes.annotate(
            "zeros count\nat the left edge",
            (0.03, 0.96),
            xycoords="axes fraction",
            va="top",
            fontsize=8,
        )


def _draw_types(axes: Axes, data: list[np.ndarray]) -> None:
    width = 0.38
    for i, (values, color) in enumerate(zip(data, _COLORS, strict=True)):
        shares = [
            np.mean(values == type_) if len(values) else 0 for type_ in TYPE_NAMES
        ]
        at = np.arange(len(TYPE_NAMES)) + (i - 0.5) * width
        bars = axes.bar(at, shares, width * 0.94, color=color, alpha=0.85)
        if len(values):
            axes.bar_label(bars, [f"{share:.0%}" for share in shares], fontsize=8)
    axes.set_xticks(range(len(TYPE_NAMES)), labels=list(TYPE_NAMES.values()))
    axes.margins(y=0.12)
