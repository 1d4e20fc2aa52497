"""One look for every picture, and saving it.

Figures are made without pyplot: they hold no global state, need no display and are
freed like any other object.
"""

import io
import uuid
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from marsjax.errors import InputError

# Colours from the colour-blind-safe palette of Okabe and Ito.
INK = "#222222"
FAINT = "#8a8a8a"
GRID = "#e6e6e6"
SIMULATED = "#0072B2"
REAL = "#D55E00"
BID = "#0072B2"
ASK = "#E69F00"
BUYER = "#009E73"
SELLER = "#CC79A7"

LABEL_SIZE = 10
TICK_SIZE = 9
TITLE_SIZE = 12
DPI = 150
SCREEN_DPI = 96


class Picture(Figure):
    """A figure that shows itself in a notebook without pyplot's global state."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=SCREEN_DPI)
        return buffer.getvalue()


def new_figure(width: float = 8.0, height: float = 4.5) -> Picture:
    """An empty figure, inches."""
    return Picture((width, height), layout="constrained", facecolor="white")


def new_axes(figure: Figure, *place, title: str = "", grid: str = "y") -> Axes:
    """Axes in the shared look.

    Args:
      figure: where; place: as for ``Figure.add_subplot``.
      title: short, over the left edge.
      grid: ``"x"``, ``"y"``, ``"both"`` or ``""``.
    """
    axes = figure.add_subplot(*place)
    axes.set_facecolor("white")
    for name, spine in axes.spines.items():
        spine.set(visible=name in ("left", "bottom"), linewidth=0.6, color=FAINT)
    axes.tick_params(labelsize=TICK_SIZE, labelcolor=INK, color=FAINT, width=0.6)
    axes.tick_params(which="minor", color=GRID, width=0.6)
    axes.set_axisbelow(True)
    if grid:
        axes.grid(axis=grid, color=GRID, linewidth=0.6)
    if title:
        set_title(axes, title)
    return axes


def set_title(axes: Axes, title: str) -> None:
    """A title over the left edge of the axes."""
    axes.set_title(title, loc="left", fontsize=TITLE_SIZE, color=INK, pad=8)


def set_labels(axes: Axes, x: str, y: str) -> None:
    """What the axes show, units included."""
    axes.set_xlabel(x, fontsize=LABEL_SIZE, color=INK)
    axes.set_ylabel(y, fontsize=LABEL_SIZE, color=INK)


def legend_below(figure: Figure, handles: list, columns: int | None = None) -> None:
    """A legend under the axes, where it can hide nothing."""
    if handles:
        figure.legend(
            handles=handles,
            loc="outside lower center",
            ncols=columns or len(handles),
            fontsize=TICK_SIZE,
            labelcolor=INK,
            frameon=False,
        )


def say(axes: Axes, text: str, x: float = 0.5, y: float = 0.5) -> None:
    """A remark in the axes' own coordinates, for what there is not."""
    axes.text(
        x,
        y,
        text,
        transform=axes.transAxes,
        ha="center",
        va="center",
        color=FAINT,
        fontsize=LABEL_SIZE,
    )


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as PNG; the file appears whole or not at all.

    Args:
      figure: the figure.
      path: the file, replaced if it exists; missing folders are made.
    Raises:
      InputError: the place cannot be written.
    """
    path = Path(path)
    work = path.with_name(f".writing-{uuid.uuid4().hex}.png")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            figure.savefig(work, format="png", dpi=DPI)
            work.replace(path)
        finally:
            work.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", "choose another place", file=path
        ) from None
    return path
