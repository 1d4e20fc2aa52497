"""Axes of prices on the tick grid and of times on the clock."""

from decimal import Decimal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis

from marsjax.plot.style import FAINT
from marsjax.tokens.clock import Sessions, to_wall

_STEPS_S = (
    *(m * 10.0**e for e in range(-6, 0) for m in (1, 2, 5)),
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400),
)
_FEWEST_TICKS = 4  # a price axis never spans less: one tick is not an earthquake


def price_decimals(tick_size: float) -> int:
    """Decimals that show one tick."""
    exponent = Decimal(repr(float(tick_size))).normalize().as_tuple().exponent
    return min(max(0, -int(exponent)), 8)


def price_range(values: np.ndarray, tick_size: float) -> tuple[float, float]:
    """Limits that hold the finite values with a margin, a few ticks at least."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    low, high = (values.min(), values.max()) if len(values) else (0.0, 0.0)
    short = max(0.0, _FEWEST_TICKS * tick_size - (high - low)) / 2
    margin = 0.06 * (high - low) + short
    return float(low - margin), float(high + margin)


def price_axis(axis: Axis, limits: tuple[float, float], tick_size: float) -> None:
    """Labels at whole ticks, in currency, eight at most.

    Args:
      axis: ``axes.xaxis`` or ``axes.yaxis``.
      limits: in currency.
      tick_size: price of one tick.
    """
    low, high = limits
    num_ticks = (high - low) / tick_size
    steps = (m * 10**e for e in range(12) for m in (1, 2, 5))
    step = next(s for s in steps if num_ticks / s <= 8)
    first = max(np.ceil(low / tick_size / step - 1e-6), 0)  # no price is below 0
    last = np.floor(high / tick_size / step + 1e-6)
    decimals = price_decimals(tick_size)
    at = np.arange(first, last + 1) * step * tick_size
    axis.set_ticks(at, labels=[f"{price:,.{decimals}f}" for price in at])
    axis.axes.set(**{f"{axis.axis_name}lim": limits})


def clock_axis(
    axes: Axes, start_s: float, end_s: float, sessions: Sessions, color: str = FAINT
) -> str:
    """Wall-clock labels on an x axis of trading seconds; breaks are marked.

    A break has no length in trading time: it is a dotted line whose label names both
    times that meet there.

    Args:
      axes: whose x axis is in trading seconds.
      start_s, end_s: what it shows.
      sessions: of the tape.
      color: of the line at a break.
    Returns:
      The axis label, which names the form of the times.
    """
    span = end_s - start_s
    # Labels with seconds are longer, so fewer of them fit.
    step = next((s for s in _STEPS_S if span / s <= (6 if s < 60 else 8)), 14400)
    decimals = max(0, -int(np.floor(np.log10(step) + 1e-9)))
    labels: dict[float, str] = {}
    breaks, before = [], 0
    for open_s, close_s in sessions:
        if before and start_s < before < end_s:
            breaks.append((before, open_s))
        # In a long session only the part on show is worth counting out.
        first = max(open_s, open_s + start_s - before)
        last = min(close_s, open_s + end_s - before)
        walls = np.arange(np.ceil(first / step - 1e-9), last / step + 1e-9) * step
        for wall in walls:
            labels[before + wall - open_s] = wall_text(wall, step < 60, decimals)
        before += close_s - open_s
    for at, _ in breaks:
        near = 0.08 * span
        labels = {x: text for x, text in labels.items() if abs(x - at) >= near}
    for at, open_s in breaks:
        last_s, _ = to_wall(np.array([at - 1]), np.zeros(1), sessions)
        closed = wall_text(last_s[0] + 1, step < 60, 0)
        labels[at] = f"{closed}\nbreak\n{wall_text(open_s, step < 60, 0)}"
        axes.axvline(at, color=color, linewidth=0.9, linestyle=":", zorder=2.5)
    axes.set_xticks(list(labels), labels=list(labels.values()))
    axes.set_xlim(start_s, end_s)
    return f"time of day ({'hh:mm:ss' if step < 60 else 'hh:mm'})"


def wall_text(wall_s: float, with_seconds: bool, decimals: int) -> str:
    """``hh:mm``, or ``hh:mm:ss`` with decimals."""
    whole = round(wall_s * 10**decimals)
    seconds, fraction = divmod(whole, 10**decimals)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    if with_seconds:
        text += f":{seconds % 60:02d}"
        text += f".{fraction:0{decimals}d}" if decimals else ""
    return text


def time_window(start_s: float, end_s: float) -> tuple[float, float]:
    """The same window, widened if it has no length."""
    return (start_s, end_s) if end_s > start_s else (start_s - 0.5, start_s + 0.5)


def steps_at(time_s_T: np.ndarray, grid_s_G: np.ndarray) -> np.ndarray:
    """Index of the last time not after each grid time, -1 where there is none."""
    return np.searchsorted(time_s_T, grid_s_G, side="right") - 1
