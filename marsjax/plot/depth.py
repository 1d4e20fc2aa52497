"""The depth chart: resting quantity that a price would reach, bids left, asks right."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from marsjax.book import Levels
from marsjax.plot.axes import price_axis, price_decimals, price_range
from marsjax.plot.style import (
    ASK,
    BID,
    FAINT,
    INK,
    TICK_SIZE,
    legend_below,
    new_axes,
    new_figure,
    say,
    set_labels,
)
from marsjax.types import Side

_COLOR = {Side.BUY: BID, Side.SELL: ASK}
NAME = {Side.BUY: "bids", Side.SELL: "asks"}


def cumulative_depth(levels: Levels, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Prices in ticks, best first, and the quantity resting at each or better.

    Args:
      levels: arrays ``[2, K]``; quantity 0 where there is no level.
      side: `Side.BUY` or `Side.SELL`.
    """
    price, qty = (np.asarray(x)[side] for x in levels)
    is_level = qty > 0
    return price[is_level].astype(np.int64), np.cumsum(qty[is_level], dtype=np.int64)


def depth_chart(
    levels: Levels,
    *,
    tick_size: float,
    other: Levels | None = None,
    label: str = "simulated",
    other_label: str = "real",
    currency: str = "currency",
    title: str | None = None,
) -> Figure:
    """Cumulative resting quantity by price.

    Each level is a step; the last one shown is drawn a little beyond its price, as the
    book goes on there unseen. Mid and spread are named only where the book has both
    sides.

    Args:
      levels: the best K levels of a book, as `marsjax.book.level2` gives them.
      tick_size: price of one tick.
      other: a second book, drawn as an outline.
      label, other_label: names of the two, used where there are two.
      currency: unit of the price axis.
      title: short; by default the number of levels.
    """
    books = [levels] if other is None else [levels, other]
    sides = [[cumulative_depth(book, side) for side in Side] for book in books]
    prices = np.concatenate([price for book in sides for price, _ in book])
    largest = max([int(qty[-1]) for book in sides for _, qty in book if len(qty)] + [0])
    span = int(np.ptp(prices)) if len(prices) else 0
    tail = max(1, round(0.03 * span))  # ticks drawn beyond the last level

    if title is None:
        title = f"Depth, best {np.shape(levels.qty_SK)[-1]} levels a side"
    figure = new_figure(7.0, 4.2)
    axes = new_axes(figure, title=title)
    set_labels(axes, f"price ({currency})", "cumulative quantity (shares)")
    handles = []
    for side in Side:
        name = NAME[side] if other is None else f"{label} {NAME[side]}"
        handles += draw_side(axes, *sides[0][side], side, tail, tick_size, name)
    if other is not None:
        line = {"color": INK, "linewidth": 1.2, "linestyle": (0, (4, 2))}
        for side in Side:
            price, depth = _outline(*sides[1][side], side, tail)
            axes.plot(price * tick_size, depth, **line)
        handles.append(Line2D([], [], **line, label=f"{other_label} book"))

    if len(prices):
        ends = np.array([prices.min() - tail, prices.max() + tail]) * tick_size
        price_axis(axes.xaxis, price_range(ends, tick_size), tick_size)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.yaxis.get_major_locator().set_params(integer=True)
    else:
        axes.set(xticks=[], yticks=[])
    axes.set_ylim(0, 1.18 * max(largest, 1))
    _annotate(axes, sides[0], tick_size, currency)
    legend_below(figure, handles)
    return figure


def draw_side(
    axes: Axes,
    price_K: np.ndarray,
    depth_K: np.ndarray,
    side: int,
    tail: int,
    tick_size: float,
    name: str,
) -> list[Patch]:
    """One side as a filled outline, ``tail`` ticks on; its legend entry, if any."""
    price, depth = _outline(price_K, depth_K, side, tail)
    color = _COLOR[side]
    axes.fill_between(price * tick_size, depth, color=color, alpha=0.3, linewidth=0)
    axes.plot(price * tick_size, depth, color=color, linewidth=1.6)
    return [Patch(facecolor=color, alpha=0.5, label=name)] if len(price) else []


def _outline(
    price: np.ndarray, depth: np.ndarray, side: int, tail: int
) -> tuple[np.ndarray, np.ndarray]:
    """Corners of the steps, from nothing at the best price outwards (ticks, shares)."""
    if not len(price):
        return np.zeros(0), np.zeros(0)
    away = -1 if side == Side.BUY else 1
    corners = np.repeat(price, 2)
    heights = np.repeat(depth, 2)
    return (
        np.append(corners, price[-1] + away * tail).astype(float),
        np.insert(heights, 0, 0).astype(float),
    )


def _annotate(axes: Axes, book: list, tick_size: float, currency: str) -> None:
    """Mid and spread, or which side is empty."""
    (bid, _), (ask, _) = book
    if not len(bid) and not len(ask):
        say(axes, "the book is empty")
    elif not len(bid):
        say(axes, "no bids", x=0.5, y=0.95)
    elif not len(ask):
        say(axes, "no asks", x=0.5, y=0.95)
    else:
        mid = (bid[0] + ask[0]) / 2
        spread = int(ask[0] - bid[0])
        # A mid lies on half ticks: one decimal more than a price.
        decimals = price_decimals(tick_size) + (mid % 1 > 0)
        unit = "tick" if abs(spread) == 1 else "ticks"
        gap = f"spread {spread} {unit}"
        if spread <= 0:
            gap = "locked" if spread == 0 else f"crossed by {-spread} {unit}"
        axes.axvline(mid * tick_size, color=FAINT, linewidth=1.0, linestyle=":")
        # Near an edge the text runs inwards.
        low, high = axes.get_xlim()
        place = (mid * tick_size - low) / (high - low)
        axes.annotate(
            f"mid {mid * tick_size:,.{decimals}f}, {gap}",
            (mid * tick_size, 0.97),
            xycoords=("data", "axes fraction"),
            ha="left" if place < 0.2 else "right" if place > 0.8 else "center",
            va="top",
            fontsize=TICK_SIZE,
            color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 2},
        )
