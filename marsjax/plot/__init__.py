"""Every picture: functions from numpy arrays, or a tape, to matplotlib figures."""

from marsjax.plot.depth import cumulative_depth, depth_chart
from marsjax.plot.fan import price_fan
from marsjax.plot.fan_bands import FanBands, fan_bands
from marsjax.plot.heatmap import book_heatmap, draw_heatmap
from marsjax.plot.heatmap_arrays import HeatmapArrays, heatmap_arrays
from marsjax.plot.ladder import ladder
from marsjax.plot.panels import comparison_panels
from marsjax.plot.snapshot import picture_of
from marsjax.plot.style import save
from marsjax.plot.trades import Trades, trades_of

__all__ = [
    "FanBands",
    "HeatmapArrays",
    "Trades",
    "book_heatmap",
    "comparison_panels",
    "cumulative_depth",
    "depth_chart",
    "draw_heatmap",
    "fan_bands",
    "heatmap_arrays",
    "ladder",
    "picture_of",
    "price_fan",
    "save",
    "trades_of",
]
