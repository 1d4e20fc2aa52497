"""Axes placed by the inch, and tables of rows in them.

Text has its size in points, so a table whose columns are measured in inches fits its
text whatever else is in the picture; a layout engine would not keep to that.
"""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from marsjax.plot.style import Picture, new_axes, new_figure

ROW_HEIGHT = 0.205  # inches
TITLE_HEIGHT = 0.36  # inches, over axes
MARGIN = 0.05  # inches, around all


def sheet(width: float, height: float) -> Picture:
    """A figure for `placed` axes, inches."""
    figure = new_figure(width, height)
    figure.set_layout_engine("none")
    return figure


def placed(
    figure: Picture,
    left: float,
    top: float,
    width: float,
    height: float,
    *,
    title: str = "",
    grid: str = "y",
) -> Axes:
    """Axes in the shared look at a place of a `sheet`, inches from its upper left."""
    axes = new_axes(figure, title=title, grid=grid)
    across, down = figure.get_size_inches()
    bottom = down - top - height
    axes.set_position((left / across, bottom / down, width / across, height / down))
    return axes


def row_axes(
    figure: Picture, left: float, top: float, width: float, num_rows: float, title: str
) -> Axes:
    """A place for a table: x in inches, y in rows from the upper edge."""
    height = num_rows * ROW_HEIGHT
    axes = placed(figure, left, top, width, height, title=title, grid="")
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(num_rows, 0))
    return axes


def tinted(left: float, width: float, top: float, color: str, tint: float) -> Rectangle:
    """A coloured part of a row; neighbours keep a white line between them."""
    return Rectangle(
        (left, top + 0.06), width, 0.88, facecolor=color, alpha=tint, linewidth=0
    )
