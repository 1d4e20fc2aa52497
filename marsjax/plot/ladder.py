"""The price ladder: a row a price level, asks above bids, and the last trades."""

from collections.abc import Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from marsjax.book import Levels
from marsjax.errors import InputError
from marsjax.plot.depth import cumulative_depth
from marsjax.plot.numbers import price_text, price_unit, qty_text, ticks_text
from marsjax.plot.rows import (
    MARGIN,
    ROW_HEIGHT,
    TITLE_HEIGHT,
    row_axes,
    sheet,
    tinted,
)
from marsjax.plot.style import (
    ASK,
    BID,
    FAINT,
    INK,
    TICK_SIZE,
    Picture,
)
from marsjax.plot.trades import TRADES_TITLE, Trades, draw_trades
from marsjax.types import Side

LADDER_WIDTH, TRADES_WIDTH = 3.83, 2.2  # inches
_BETWEEN = 0.12  # inches
_FEWEST_TRADES = 12  # shown beside however short a ladder
_GAP = 0.3  # rows of white where prices are left out

_COLOR = {Side.BUY: BID, Side.SELL: ASK}
_NAME = {Side.BUY: "bids", Side.SELL: "asks"}
_OUT = {Side.BUY: -1, Side.SELL: 1}
_ALIGN = {Side.BUY: "right", Side.SELL: "left"}


class Row(NamedTuple):
    """A row of the ladder, a level or a remark.

    ``top``: rows from the upper edge. ``qty``: 0 for a remark. ``follows_gap``: prices
    between this level and the next better one have no orders.
    """

    top: float
    side: Side | None
    price_ticks: int = 0
    qty: int = 0
    is_best: bool = False
    follows_gap: bool = False
    remark: str = ""


def ladder(
    levels: Levels,
    trades: Trades | None = None,
    *,
    tick_size: float | None = None,
    title: str | None = None,
    num_levels: int = 10,
    currency: str = "currency",
    step_ticks: int = 1,
) -> Picture:
    """The best levels of a book, a row each, and beside them the last trades.

    Bars grow outwards from the prices, on one scale for both sides; the longest is the
    largest quantity shown. Prices without orders have no row: a dotted line stands for
    them. Quantities from 10,000 on are rounded to three digits.

    Args:
      levels: arrays ``[2, K]``, as `marsjax.book.level2` gives them; quantity 0 where
        there is no level.
      trades: oldest first, as `marsjax.plot.trades_of` gives them; the newest that
        there is room for are shown.
      tick_size: price of one tick; by default prices are shown in ticks.
      title: short; by default what it is.
      num_levels: most levels a side.
      currency: unit of the prices, where ``tick_size`` is given.
      step_ticks: nearest that two prices can be, as `marsjax.book.rules.Rules.tick`.
    Raises:
      InputError: levels of another shape, such as those of many books, or no levels to
        show.
    """
    rows = ladder_rows(levels, num_levels, step_ticks)
    num_rows = num_rows_of(rows)
    width = LADDER_WIDTH
    if trades is not None:
        width += _BETWEEN + TRADES_WIDTH
        num_trades = max(len(trades.qty_F), 1)
        num_rows = max(num_rows, 1 + min(num_trades, _FEWEST_TRADES))
    height = MARGIN + TITLE_HEIGHT + num_rows * ROW_HEIGHT
    figure = sheet(2 * MARGIN + width, height)
    at = (MARGIN, TITLE_HEIGHT)
    title = "Price ladder" if title is None else title
    axes = row_axes(figure, *at, LADDER_WIDTH, num_rows, title)
    draw_ladder(axes, rows, tick_size=tick_size, currency=currency)
    if trades is not None:
        at = (MARGIN + LADDER_WIDTH + _BETWEEN, TITLE_HEIGHT)
        axes = row_axes(figure, *at, TRADES_WIDTH, num_rows, TRADES_TITLE)
        room = int(num_rows) - 1
        draw_trades(
            axes, trades, width=TRADES_WIDTH, num_rows=room, tick_size=tick_size
        )
    return figure


def ladder_rows(levels: Levels, num_levels: int, step_ticks: int = 1) -> list[Row]:
    """What the ladder shows, from the highest ask to the lowest bid."""
    if np.ndim(levels.qty_SK) != 2:
        raise InputError(
            f"levels have the shape {np.shape(levels.qty_SK)}, not [2, K]",
            "pick one book's with jax.tree.map(lambda x: x[i], levels)",
        )
    if num_levels < 1:
        raise InputError(f"num_levels is {num_levels}", "show at least 1 level a side")
    bids, asks = (_side(levels, side, num_levels, step_ticks) for side in Side)
    rows, top = [], 1.0  # the first row is the heading
    for row in [*reversed(asks), Row(0, None, remark=_remark(bids, asks)), *bids]:
        # White stands on the side of the better price: above a bid, below an ask.
        white = _GAP * row.follows_gap
        rows.append(row._replace(top=top + white * (row.side == Side.BUY)))
        top += 1 + white
    return rows


def _side(levels: Levels, side: Side, num_levels: int, step_ticks: int) -> list[Row]:
    """Levels of a side, best first."""
    price_K, depth_K = cumulative_depth(levels, side)
    qty_K = np.diff(depth_K, prepend=0)
    step_K = np.abs(np.diff(price_K, prepend=price_K[:1]))
    columns = zip(price_K, qty_K, step_K, strict=True)
    return [
        Row(0, side, int(price), int(qty), k == 0, bool(step > step_ticks))
        for k, (price, qty, step) in enumerate(islice(columns, num_levels))
    ]


def _remark(bids: list[Row], asks: list[Row]) -> str:
    """What stands between asks and bids."""
    if not bids and not asks:
        return "the book is empty"
    if not bids or not asks:
        return f"no {_NAME[Side.SELL if bids else Side.BUY]}"
    spread = asks[0].price_ticks - bids[0].price_ticks
    if spread > 0:
        return f"spread {ticks_text(spread)}"
    return f"crossed by {ticks_text(-spread)}" if spread else "locked"


def num_rows_of(rows: list[Row], notes: Sequence[str] = ()) -> float:
    """Height in rows of what `draw_ladder` draws."""
    return rows[-1].top + 1 + any(row.follows_gap for row in rows) + len(notes)


def draw_ladder(
    axes: Axes,
    rows: list[Row],
    *,
    tick_size: float | None,
    currency: str,
    notes: Sequence[str] = (),
) -> None:
    """A column of prices with bars and quantities of bids left of it, asks right.

    Args:
      axes: of `marsjax.plot.rows.row_axes`, `LADDER_WIDTH` wide.
      rows: of `ladder_rows`.
      tick_size, currency: as for `ladder`.
      notes: lines to write under the ladder.
    """
    unit = f"price ({price_unit(tick_size, currency)})"
    longest = max(len(price_text(row.price_ticks, tick_size)) for row in rows)
    # Half the width of the column of prices, by what the widest text needs.
    half = max(0.09 * longest + 0.16, 0.07 * len(unit) + 0.1) / 2
    middle = LADDER_WIDTH / 2
    faint = {"va": "center", "fontsize": TICK_SIZE, "color": FAINT}
    axes.text(middle, 0.5, unit, ha="center", **faint)
    for side, sign in _OUT.items():
        heading = f"{_NAME[side]} (shares)"
        at = middle + sign * (half + 0.07)
        axes.text(at, 0.5, heading, ha=_ALIGN[side], **faint)

    largest = max(row.qty for row in rows)
    for row in rows:
        if row.remark:
            axes.add_patch(tinted(0, LADDER_WIDTH, row.top, FAINT, 0.14))
            at = (middle, row.top + 0.5)
            axes.text(*at, row.remark, ha="center", **{**faint, "color": INK})
        else:
            _draw_level(axes, row, half, row.qty / largest, tick_size)
    under = rows[-1].top + 1.55
    if any(row.follows_gap for row in rows):
        _dotted(axes, 0, 0.3, under)
        axes.text(0.38, under, "no orders at the prices between", ha="left", **faint)
        under += 1
    for line, note in enumerate(notes):
        axes.text(0, under + line, note, ha="left", **{**faint, "color": INK})


def _draw_level(
    axes: Axes, row: Row, half: float, share: float, tick_size: float | None
) -> None:
    """One level, whose bar has this share of the longest one's length."""
    color, sign, middle = _COLOR[row.side], _OUT[row.side], LADDER_WIDTH / 2
    inner = middle + sign * half
    # Half a per cent is about the width of a line: no level is without a bar.
    length = sign * (middle - half) * max(share, 0.005)
    price_tint, bar_tint = (0.45, 0.65) if row.is_best else (0.13, 0.35)
    axes.add_patch(tinted(middle - half, 2 * half, row.top, color, price_tint))
    axes.add_patch(tinted(inner, length, row.top, color, bar_tint))
    text = {
        "y": row.top + 0.5,
        "va": "center",
        "fontsize": TICK_SIZE,
        "fontweight": "bold" if row.is_best else "normal",
        "color": INK,
    }
    axes.text(middle, s=price_text(row.price_ticks, tick_size), ha="center", **text)
    at = inner + 0.07 * sign
    axes.text(at, s=qty_text(row.qty), ha=_ALIGN[row.side], **text)
    if row.follows_gap:
        edge = row.top - _GAP / 2 if sign < 0 else row.top + 1 + _GAP / 2
        _dotted(axes, middle - half, middle + half, edge)


def _dotted(axes: Axes, left: float, right: float, at: float) -> None:
    axes.plot([left, right], [at, at], color=FAINT, linewidth=0.9, linestyle=":")
