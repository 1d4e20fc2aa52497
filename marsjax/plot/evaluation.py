"""What an evaluation report holds, and the colours and marks of its systems.

Pictures are functions of the plain report that ``report.json`` holds: dictionaries,
lists and numbers, ``None`` or NaN where there is no number.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D

from marsjax.eval.families import MEAN
from marsjax.plot.style import INK, REAL, new_axes, new_figure, say

Report = Mapping[str, Any]

WIDTH = 10.0
"""Inches: as wide as a page, where a letter of the labels is about 2 mm high."""

# Okabe and Ito's palette without the colour of real data; marks and dashes differ too,
# so that a print in grey can be read.
COLOURS = ("#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#222222")
MARKS = ("o", "s", "^", "D", "v", "P")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))


def system_names(report: Report) -> list[str]:
    """Systems in the order of the report, without the reference."""
    return [name for name in report.get("systems", {}) if name != "reference"]


def is_mean(score: Mapping[str, Any]) -> bool:
    """Whether a row sums up its family."""
    return score["name"].startswith(MEAN)


def style_of(names: Sequence[str], name: str) -> dict[str, Any]:
    """Colour, mark and dashes of a system, or of the ``reference``."""
    if name == "reference":
        return {"color": REAL, "marker": "o", "linestyle": "-"}
    i = list(names).index(name)
    n = len(COLOURS)
    return {
        "color": COLOURS[i % n],
        "marker": MARKS[i % len(MARKS)],
        "linestyle": DASHES[i % len(DASHES)],
    }


def darker(color: str) -> str:
    """A colour dark enough for small text on white."""
    red, green, blue = (0.68 * x for x in to_rgb(color))
    return to_hex((red, green, blue))


def number(value: Any) -> float:
    """A float; NaN for ``None`` and what is no number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def numbers(values: Any) -> np.ndarray:
    """float64 of a (nested) list; NaN for ``None``."""
    return np.asarray([] if values is None else values, dtype=float)


def estimate(value: Any) -> tuple[float, float, float]:
    """``[value, low, high]`` as floats; NaN for what is missing."""
    if value is None:
        return (float("nan"),) * 3
    if isinstance(value, int | float):
        return number(value), float("nan"), float("nan")
    out = [number(each) for each in list(value)[:3]]
    return tuple(out + [float("nan")] * (3 - len(out)))


def band(axes: Axes, x, low, high, color: str) -> None:
    """An interval around a curve, where there is one."""
    x, low, high = numbers(x), numbers(low), numbers(high)
    if len(low) == len(x) == len(high) and np.isfinite(low).any():
        axes.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)


def curve(axes: Axes, x, y, look: Mapping[str, Any], low=None, high=None) -> bool:
    """A line with its band; whether there was a number to draw."""
    x, y = numbers(x), numbers(y)
    if not len(x) or len(x) != len(y) or not np.isfinite(y).any():
        return False
    band(axes, x, low, high, look["color"])
    axes.plot(x, y, linewidth=1.5, markersize=3, **look)
    return True


def none(axes: Axes, text: str = "no data") -> None:
    """Axes without anything say so."""
    axes.set(xticks=[], yticks=[])
    axes.grid(visible=False)
    say(axes, text)


def grid(num: int, columns: int, height: float, title: str) -> tuple[Any, Iterator]:
    """A figure of small multiples and, one by one, its panels' axes."""
    rows = max(-(-num // columns), 1)
    figure = new_figure(WIDTH, rows * height + 0.7)
    figure.get_layout_engine().set(h_pad=0.08, w_pad=0.08)
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=INK)
    panels = (new_axes(figure, rows, columns, i + 1) for i in range(num))
    return figure, panels


def small_title(axes: Axes, title: str, remark: str = "") -> None:
    """A panel's name, and under it a remark."""
    text = f"{title}\n{remark}" if remark else title
    axes.set_title(text, loc="left", fontsize=9, color=INK, pad=4)


def small_labels(axes: Axes, x: str, y: str) -> None:
    """Axis labels of a small panel."""
    axes.set_xlabel(x, fontsize=8, color=INK)
    axes.set_ylabel(y, fontsize=8, color=INK)
    axes.tick_params(labelsize=7.5)


def legend_of(names: Sequence[str], *, reference: bool = True, dots: bool = False):
    """Handles of a legend for the systems and, first, the reference."""
    shown = [*(("reference",) if reference else ()), *names]
    handles = []
    for name in shown:
        look = style_of(names, name)
        if dots:
            look["linestyle"] = ""
        label = "reference (real)" if name == "reference" else name
        handles.append(Line2D([], [], linewidth=1.8, markersize=5, label=label, **look))
    return handles


def short(text: str, most: int) -> str:
    """A text cut to some letters."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
