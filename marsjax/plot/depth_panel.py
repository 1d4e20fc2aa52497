"""The depth chart as a part of a larger picture."""

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from marsjax.book import Levels
from marsjax.plot.axes import price_axis, price_range
from marsjax.plot.depth import NAME, cumulative_depth, draw_side
from marsjax.plot.numbers import price_text, price_unit, round_qty_text
from marsjax.plot.style import FAINT, say, set_labels
from marsjax.types import Side

_REACH = 10  # times the median distance from the best price: further is an outlier
_LETTER = 0.08  # inches, about the widest
_OVERHANG = 0.3  # inches that a label may stand out beside the axes


def draw_depth(
    axes: Axes, levels: Levels, *, tick_size: float | None, currency: str
) -> list[Artist]:
    """Cumulative resting quantity by price, as in `marsjax.plot.depth_chart`.

    A level much further from the best price than the others, such as a stub quote,
    would squeeze them into a line: it is left out, and the axis says so.

    Args:
      axes: where, already in its place.
      levels: arrays ``[2, K]`` of one book; quantity 0 where there is no level.
      tick_size: price of one tick; ``None`` for prices in ticks.
      currency: unit of the prices, where ``tick_size`` is given.
    Returns:
      what a legend should name.
    """
    near, num_far = without_outliers(levels)
    sides = {side: cumulative_depth(near, side) for side in Side}
    scale = 1.0 if tick_size is None else tick_size
    prices = np.concatenate([price for price, _ in sides.values()])
    label = f"price ({price_unit(tick_size, currency)})"
    if num_far:
        label += f"; {num_far} far level{'' if num_far == 1 else 's'} not drawn"
    set_labels(axes, label, "cumulative shares")
    if not len(prices):
        axes.set(xticks=[], yticks=[])
        say(axes, "the book is empty")
        return []

    tail = max(1, round(0.03 * np.ptp(prices)))  # ticks drawn beyond the last level
    handles: list[Artist] = []
    for side, name in NAME.items():
        drawn = draw_side(axes, *sides[side], side, tail, scale, name)
        handles += drawn
        if not drawn:
            say(axes, f"no {name}", y=0.94)
    bids, asks = (price for price, _ in sides.values())
    if len(bids) and len(asks) and bids[0] < asks[0]:
        # A mid lies on half ticks, which may need one decimal more than a price.
        mid2 = int(bids[0] + asks[0])
        mid = price_text(mid2 // 2, tick_size)
        if mid2 % 2:
            mid = price_text(5 * mid2, scale / 10)
        line = {"color": FAINT, "linewidth": 1.0, "linestyle": ":"}
        axes.axvline(mid2 / 2 * scale, **line)
        handles.append(Line2D([], [], **line, label=f"mid {mid}"))

    ends = np.array([prices.min() - tail, prices.max() + tail]) * scale
    price_axis(axes.xaxis, price_range(ends, scale), scale)
    _thin_out(axes)
    axes.yaxis.set_major_formatter(lambda value, _: round_qty_text(round(value)))
    axes.yaxis.get_major_locator().set_params(integer=True, nbins=6)
    highest = max(int(depth[-1]) for _, depth in sides.values() if len(depth))
    axes.set_ylim(0, 1.08 * highest if len(handles) > 1 else 1.2 * highest)
    return handles


def without_outliers(levels: Levels) -> tuple[Levels, int]:
    """The levels within reach of the best prices, and how many are further away."""
    price_SK, qty_SK = (np.asarray(x) for x in levels)
    away_SK = np.abs(price_SK.astype(np.int64) - price_SK[:, :1])
    away_SK = np.where(qty_SK > 0, away_SK, 0)
    if not away_SK.any():
        return Levels(price_SK, qty_SK), 0
    is_far_SK = away_SK > _REACH * np.median(away_SK[away_SK > 0])
    return Levels(price_SK, np.where(is_far_SK, 0, qty_SK)), int(is_far_SK.sum())


def _thin_out(axes: Axes) -> None:
    """Only those labels of prices that there is room for."""
    low, high = axes.get_xlim()
    width = axes.get_window_extent().width / axes.get_figure().dpi
    labels = [label.get_text() for label in axes.get_xticklabels()]
    middle = (np.asarray(axes.get_xticks()) - low) / (high - low) * width
    half = np.array([_LETTER * len(label) / 2 for label in labels])
    is_in = (middle >= half - _OVERHANG) & (middle + half <= width + _OVERHANG)
    at = np.flatnonzero(is_in)
    for every in range(1, len(labels)):
        # Labels of a price axis are equally far apart, and so are those that are kept.
        if (np.diff(middle[at]) >= 2 * half[at][1:] + 2 * _LETTER).all():
            break
        at = np.flatnonzero(is_in)[:: every + 1]
    axes.set_xticks(axes.get_xticks()[at], labels=[labels[i] for i in at])
