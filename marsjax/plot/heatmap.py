"""The book heat map: resting orders over time, best quotes, trades."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patheffects import Normal, withStroke

from marsjax.data.tape import Tape
from marsjax.plot.axes import clock_axis, price_axis
from marsjax.plot.heatmap_arrays import HeatmapArrays, heatmap_arrays
from marsjax.plot.style import (
    BUYER,
    FAINT,
    INK,
    LABEL_SIZE,
    SELLER,
    TICK_SIZE,
    legend_below,
    new_axes,
    new_figure,
    say,
    set_labels,
)
from marsjax.types import Side

_SIDES = (("Blues", "#08306b", "bid"), ("Oranges", "#7f2704", "ask"))
_AGGRESSORS = ((Side.BUY, BUYER, "^", "buyer"), (Side.SELL, SELLER, "v", "seller"))
_MOST_TRADES = 400
_LARGEST_AREA, _LEAST_AREA = 110.0, 4.0  # of a trade's marker, points squared


def book_heatmap(
    tape: Tape,
    *,
    window_s: tuple[float, float] | None = None,
    num_prices: int | None = None,
    currency: str = "currency",
    title: str | None = None,
) -> Figure:
    """Replay a tape and draw its book over time.

    Args:
      tape: real or simulated.
      window_s: trading seconds from and to; by default all of continuous trading.
      num_prices: prices to show around the median mid; others are not drawn.
      currency: unit of the price axis.
      title: short; by default the tape's name.
    """
    arrays = heatmap_arrays(tape, window_s=window_s, num_prices=num_prices)
    return draw_heatmap(
        arrays, currency=currency, title=title or f"Book of {tape.name}"
    )


def draw_heatmap(
    arrays: HeatmapArrays, *, currency: str = "currency", title: str = "Book"
) -> Figure:
    """Draw the arrays of `heatmap_arrays`.

    Quantity has a logarithmic colour scale, bids blue and asks orange. A trade's marker
    has an area in proportion to its quantity (the smallest are drawn larger, to be
    seen) and shows the side that took; of very many trades the largest are drawn and
    a note says so.
    """
    tick = arrays.tick_size
    start_s, end_s = arrays.edges_s_C1[[0, -1]]
    limits = tuple((arrays.price_ticks_P[[0, -1]] + (-0.5, 0.5)) * tick)
    figure = new_figure(9.0, 5.2)
    axes = new_axes(figure, title=title, grid="")
    handles = _draw_quotes(axes, arrays)
    norm = _norm(arrays.qty_SPC)
    for qty_PC, (name, _, _) in zip(arrays.qty_SPC, _SIDES, strict=True):
        axes.imshow(
            np.ma.masked_less_equal(qty_PC, 0),
            cmap=_shades(name),
            norm=norm,
            origin="lower",
            aspect="auto",
            interpolation="nearest",
            extent=(start_s, end_s, *limits),
            zorder=1,
        )
    handles += _draw_trades(axes, arrays)
    x_label = clock_axis(axes, start_s, end_s, arrays.sessions, color=INK)
    price_axis(axes.yaxis, limits, tick)
    set_labels(axes, x_label, f"price ({currency})")
    if norm is None:
        say(axes, "no resting orders in this window")
    else:
        _draw_scales(figure, axes, norm)
    legend_below(figure, handles)
    return figure


def _shades(name: str) -> Colormap:
    """A colour map without its palest part, which would look like an empty price."""
    return ListedColormap(colormaps[name](np.linspace(0.12, 0.95, 256)))


def _norm(qty_SPC: np.ndarray) -> LogNorm | None:
    """One scale for both sides; the rarest extremes share the end colours."""
    qty = qty_SPC[qty_SPC > 0]
    if not len(qty):
        return None
    low, high = np.quantile(qty, (0.01, 0.999))
    return LogNorm(low, max(high, 2 * low), clip=True)


def _draw_scales(figure: Figure, axes: Axes, norm: LogNorm) -> None:
    """Two colour bars that share the labels of the outer one."""
    for name, _, side in reversed(_SIDES):  # the first made is the outermost
        bar = figure.colorbar(
            ScalarMappable(norm, _shades(name)),
            ax=axes,
            fraction=0.03,
            pad=0.025,
            aspect=30,
        )
        bar.outline.set_visible(False)
        bar.ax.set_title(side, fontsize=TICK_SIZE, color=INK)
        bar.ax.tick_params(labelsize=TICK_SIZE, labelcolor=INK, width=0.6, color=FAINT)
        if side == "ask":
            values = _scale_values(norm.vmin, norm.vmax)
            bar.set_ticks(values, labels=[f"{value:,.0f}" for value in values])
            bar.set_label("resting quantity (shares)", fontsize=LABEL_SIZE, color=INK)
        else:
            bar.set_ticks([])
        bar.minorticks_off()


def _scale_values(low: float, high: float) -> list[float]:
    """Round quantities between two: powers of ten, or more where those are few."""
    for digits in ((1,), (1, 2, 5), range(1, 10)):
        values = [d * 10.0**e for e in range(12) for d in digits]
        values = [value for value in values if low <= value <= high]
        if len(values) >= 3:
            return values
    return [low, high]


def _draw_quotes(axes: Axes, arrays: HeatmapArrays) -> list:
    handles = []
    for best_C, (_, color, side) in zip(arrays.best_ticks_SC, _SIDES, strict=True):
        price_C = np.where(best_C > 0, best_C * arrays.tick_size, np.nan)
        line = {"color": color, "linewidth": 1.1, "label": f"best {side}"}
        # A white rim keeps the line legible on dark cells.
        rim = [withStroke(linewidth=2.4, foreground="white"), Normal()]
        axes.stairs(
            price_C,
            arrays.edges_s_C1,
            baseline=None,
            zorder=3,
            path_effects=rim,
            **line,
        )
        handles.append(Line2D([], [], **line))
    return handles


def _draw_trades(axes: Axes, arrays: HeatmapArrays) -> list:
    qty_F = arrays.trade_qty_F
    if not len(qty_F):
        return []
    drawn = np.sort(np.argsort(-qty_F, kind="stable")[:_MOST_TRADES])
    largest = int(qty_F.max())
    handles = []
    for side, color, marker, name in _AGGRESSORS:
        of_side = drawn[arrays.trade_side_F[drawn] == side]
        axes.scatter(
            arrays.trade_s_F[of_side],
            arrays.trade_ticks_F[of_side] * arrays.tick_size,
            s=np.maximum(_LARGEST_AREA * qty_F[of_side] / largest, _LEAST_AREA),
            marker=marker,
            facecolors=color,
            edgecolors=INK,
            linewidths=0.5,
            alpha=0.85,
            zorder=4,
        )
        handles.append(_key(color, marker, 45.0, f"{name} takes"))
    if len(drawn) < len(qty_F):
        axes.set_title(
            f"largest {len(drawn):,} of {len(qty_F):,} trades drawn",
            loc="right",
            fontsize=TICK_SIZE,
            color=FAINT,
        )
    label = f"trade of {largest:,} shares"
    return [*handles, _key("white", "^", _LARGEST_AREA, label)]


def _key(color: str, marker: str, area: float, label: str) -> Line2D:
    """A legend's marker; its area is in points squared, as in ``scatter``."""
    return Line2D(
        [],
        [],
        linestyle="",
        marker=marker,
        markersize=np.sqrt(area),
        markerfacecolor=color,
        markeredgecolor=INK,
        markeredgewidth=0.5,
        label=label,
    )
