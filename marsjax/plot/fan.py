"""The price fan: simulated mid prices against what really happened."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from marsjax.plot.axes import (
    clock_axis,
    price_axis,
    price_range,
    steps_at,
    time_window,
)
from marsjax.plot.fan_bands import FanBands, fan_bands
from marsjax.plot.style import (
    FAINT,
    INK,
    REAL,
    SIMULATED,
    legend_below,
    new_axes,
    new_figure,
    say,
    set_labels,
)
from marsjax.tokens.clock import Sessions

_HISTORY_SHARE = 0.35  # of the simulated span, shown before the start
_MOST_IN_ROW = 5  # entries of the legend
_BAND_ALPHA = {(0, 4): 0.16, (1, 3): 0.26}  # pairs of rows of `LEVELS`


def price_fan(
    time_s_BT: np.ndarray,
    mid_ticks_BT: np.ndarray,
    *,
    tick_size: float,
    start_s: float,
    sessions: Sessions,
    real: tuple[np.ndarray, np.ndarray] | None = None,
    real_label: str = "what really happened",
    true: tuple[np.ndarray, np.ndarray] | None = None,
    start_mid_ticks: float | None = None,
    history_s: float | None = None,
    num_paths: int = 4,
    currency: str = "currency",
    title: str | None = None,
) -> Figure:
    """Median, 50% and 90% bands and a few paths of many markets.

    The picture ends when fewer than 90% of the markets are still running. Fewer than
    `fan_bands.FEWEST_MARKETS` markets make no bands: their paths are drawn alone.

    Args:
      time_s_BT: trading seconds of each order, non-decreasing in T; NaN after a market
        stopped.
      mid_ticks_BT: mids in ticks after it, NaN where the book was one-sided.
      tick_size: price of one tick.
      start_s: trading seconds where the markets begin.
      sessions: of the tape, for the clock.
      real: times ``[R]`` (trading seconds, non-decreasing) and mids ``[R]`` (ticks, NaN
        where there is none) of what really happened, before and after the start.
      real_label: what the real path is called.
      true: times and mids ``[B, T]`` of markets drawn from the true law: their median
        and the edges of their 90% band.
      start_mid_ticks: the mid the markets begin from; by default the real one.
      history_s: seconds of the real path to show before the start; by default a third
        of the simulated span.
      num_paths: paths to draw beside bands, the first markets'.
      currency: unit of the price axis.
      title: short; by default what is shown.
    """
    time_s_BT, mid_ticks_BT = (np.asarray(x, float) for x in (time_s_BT, mid_ticks_BT))
    if real is not None:
        real = (np.asarray(real[0], float), np.asarray(real[1], float))
    if start_mid_ticks is None:
        start_mid_ticks = _value_at(real, start_s)
    bands = fan_bands(time_s_BT, mid_ticks_BT, start_s, start_mid_ticks=start_mid_ticks)
    end_s = bands.time_s_G[-1]
    has_bands = bool(np.isfinite(bands.mid_ticks_QG).any())
    num_markets = len(time_s_BT)
    num_drawn = min(num_paths, num_markets) if has_bands else num_markets

    paths = [
        _clip(time_s, mid, start_s, end_s, start_mid_ticks)
        for time_s, mid in zip(
            time_s_BT[:num_drawn], mid_ticks_BT[:num_drawn], strict=True
        )
    ]
    first_s = start_s
    if real is not None and len(real[0]):
        history = _HISTORY_SHARE * (end_s - start_s) if history_s is None else history_s
        first_s = max(start_s - history, min(start_s, float(real[0][0])), 0.0)
        real = _clip(*real, first_s, end_s, np.nan)

    if title is None:
        title = "Simulated mid price" + ("" if real is None else " and the real one")
    figure = new_figure()
    axes = new_axes(figure, title=title)
    handles = _draw_paths(axes, paths, tick_size, has_bands, num_markets)
    if has_bands:
        handles = [*_draw_bands(axes, bands, tick_size), *handles]
    known = np.zeros(0)
    if true is not None:
        truth = fan_bands(*true, start_s, start_mid_ticks=start_mid_ticks)
        until = truth.time_s_G <= end_s
        known = truth.mid_ticks_QG[:, until]
        handles += _draw_edges(axes, truth.time_s_G[until], known, tick_size)
    if real is not None:
        line = {"color": REAL, "linewidth": 2.0, "label": real_label}
        axes.step(real[0], real[1] * tick_size, where="post", zorder=4, **line)
        handles.append(Line2D([], [], **line))

    first_s, end_s = time_window(first_s, end_s)
    axes.axvline(start_s, color=FAINT, linewidth=1.0, zorder=2)
    axes.annotate(
        " start",
        (start_s, 1.0),
        xycoords=("data", "axes fraction"),
        ha="left",
        va="top",
        color=FAINT,
        fontsize=9,
    )
    x_label = clock_axis(axes, first_s, end_s, sessions)
    set_labels(axes, x_label, f"mid price ({currency})")
    shown = [path[1] for path in paths] + ([real[1]] if real is not None else [])
    shown = [bands.mid_ticks_QG.reshape(-1), known.reshape(-1), *shown]
    shown = np.concatenate(shown) * tick_size
    if not np.isfinite(shown).any():
        axes.set_yticks([])
        say(axes, "no mid price: the books were one-sided")
    else:
        price_axis(axes.yaxis, price_range(shown, tick_size), tick_size)
    # One row, or two where a row would be wider than the figure.
    rows = -(-len(handles) // _MOST_IN_ROW)
    legend_below(figure, handles, columns=-(-len(handles) // rows))
    return figure


def _value_at(series: tuple[np.ndarray, np.ndarray] | None, at_s: float) -> float:
    """The last value not after a time; NaN if there is none."""
    if series is None or not len(series[0]):
        return float("nan")
    at = int(steps_at(series[0], np.array([at_s]))[0])
    return float(series[1][at]) if at >= 0 else float("nan")


def _clip(
    time_s: np.ndarray, mid: np.ndarray, start_s: float, end_s: float, before: float
) -> tuple[np.ndarray, np.ndarray]:
    """A path between two times, its value at the start and up to the end included.

    ``before`` is the value at the start if the path has none yet.
    """
    is_step = np.isfinite(time_s)
    time_s, mid = time_s[is_step], mid[is_step]
    has_begun = len(time_s) > 0 and time_s[0] <= start_s
    first = _value_at((time_s, mid), start_s) if has_begun else before
    inside = (time_s > start_s) & (time_s <= end_s)
    time, value = time_s[inside], mid[inside]
    # It holds its last value only while it still runs.
    if len(time_s) and time_s[-1] > end_s:
        last = value[-1] if len(value) else first
        time, value = np.append(time, end_s), np.append(value, last)
    return np.insert(time, 0, start_s), np.insert(value, 0, first)


def _draw_bands(axes: Axes, bands: FanBands, tick_size: float) -> list:
    price_QG = bands.mid_ticks_QG * tick_size
    handles = []
    for (low, high), alpha in _BAND_ALPHA.items():
        name = "90% of markets" if low == 0 else "50%"
        style = {"color": SIMULATED, "alpha": alpha, "linewidth": 0}
        axes.fill_between(
            bands.time_s_G, price_QG[low], price_QG[high], step="post", **style
        )
        # The inner band lies on the outer one, and its key shows what the eye sees.
        seen = alpha if low == 0 else 1 - (1 - alpha) * (1 - _BAND_ALPHA[0, 4])
        handles.append(Patch(**{**style, "alpha": seen}, label=name))
    line = {"color": SIMULATED, "linewidth": 1.8, "label": "median"}
    axes.step(bands.time_s_G, price_QG[2], where="post", zorder=3, **line)
    return [Line2D([], [], **line), *reversed(handles)]


def _draw_edges(
    axes: Axes, time_s_G: np.ndarray, mid_ticks_QG: np.ndarray, tick_size: float
) -> list:
    """Median and outer edges of the true markets as lines."""
    handles = []
    for rows, style, label in (
        ((2,), "-", "true market, median"),
        ((0, 4), (0, (4, 2)), "true market, 90%"),
    ):
        line = {"color": INK, "linewidth": 1.2, "linestyle": style}
        for row in rows:
            price = mid_ticks_QG[row] * tick_size
            axes.step(time_s_G, price, where="post", zorder=3.5, **line)
        handles.append(Line2D([], [], label=label, **line))
    return handles


def _draw_paths(
    axes: Axes, paths: list, tick_size: float, has_bands: bool, num_markets: int
) -> list:
    """Thin lines; stronger where they are all there is."""
    alpha = 0.55 if has_bands else 0.8
    line = {"color": SIMULATED, "alpha": alpha, "linewidth": 0.6 if has_bands else 1.0}
    for time_s, mid in paths:
        axes.step(time_s, mid * tick_size, where="post", zorder=2.2, **line)
    if not paths:
        return []
    if has_bands:
        label = f"{len(paths)} of {num_markets} markets"
    else:
        label = "simulated market" if num_markets == 1 else "simulated markets"
    return [Line2D([], [], **line, label=label)]
