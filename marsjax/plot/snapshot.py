"""A book at a glance: ladder, depth and last trades in one picture."""

from textwrap import wrap

import jax
import numpy as np

from marsjax.book import Book, Levels, level2, live_orders
from marsjax.book.auction import indicative
from marsjax.errors import InputError
from marsjax.plot.depth_panel import draw_depth
from marsjax.plot.ladder import LADDER_WIDTH, draw_ladder, ladder_rows, num_rows_of
from marsjax.plot.numbers import price_text, qty_text
from marsjax.plot.rows import (
    MARGIN,
    ROW_HEIGHT,
    TITLE_HEIGHT,
    placed,
    row_axes,
    sheet,
)
from marsjax.plot.style import INK, TICK_SIZE, Picture
from marsjax.plot.trades import TRADES_TITLE, draw_trades, trades_of
from marsjax.types import MAX_PRICE_TICKS, Event, Phase, Side, Status

_BETWEEN, _RIGHT_WIDTH = 0.85, 2.95  # inches; the axis of depth stands between
_X_LABELS = 0.5  # inches, under the depth chart
_EDGE = 0.25  # inches, right of the depth chart, where a label may end
_LEGEND_HEIGHT = 0.34  # inches
_FEWEST_ROWS = 18.0  # room for depth and trades beside a short ladder
_TRADES_SHARE = 0.4  # of the rows, heading included
_LETTERS = 54  # that fit under a ladder

# Compiled once for a size of book, however often it is looked at.
_level2 = jax.jit(level2, static_argnums=1)
_indicative = jax.jit(indicative)

_PHASES = {
    Phase.COLLECT: "Call auction, collecting orders.",
    Phase.COLLECT_FINAL: "Call auction, no more cancels.",
    Phase.HALTED: "Trading is halted.",
    Phase.CLOSED: "The market is closed.",
}


def picture_of(
    book: Book,
    events: Event | None = None,
    *,
    tick_size: float | None = None,
    title: str = "Book",
    num_levels: int = 10,
    depth_levels: int = 25,
    currency: str = "currency",
) -> Picture:
    """One book as the market sees it: ladder, cumulative depth, last trades.

    Displayed quantities only. Under the ladder stands what else is to know: the phase
    if it is not continuous trading, what a call auction would trade now, market orders
    that wait for it, and the book's status bits. Levels very far from the best price
    are left out of the depth chart, which says so.

    Args:
      book: one book, without a leading axis.
      events: of that book, ``[E]`` each, in order; by default no trades are shown.
      tick_size: price of one tick; by default prices are shown in ticks.
      title: short.
      num_levels: most levels a side in the ladder.
      depth_levels: most levels a side in the depth chart.
      currency: unit of the prices, where ``tick_size`` is given.
    Raises:
      InputError: a batch of books or of events.
    """
    if np.ndim(book.status):
        raise InputError(
            f"this is a batch of books, {np.shape(book.status)}",
            "pick one with jax.tree.map(lambda x: x[i], book)",
        )
    levels = _level2(book, max(num_levels, depth_levels))
    levels = Levels(*(np.asarray(x) for x in levels))
    rows = ladder_rows(levels, num_levels, int(book.rules.tick))
    notes = _notes(book, tick_size)
    num_rows = max(num_rows_of(rows, notes), _FEWEST_ROWS)

    room = num_rows * ROW_HEIGHT  # inches, for the right half as well
    left = MARGIN + LADDER_WIDTH + _BETWEEN
    height = TITLE_HEIGHT + room + _LEGEND_HEIGHT
    figure = sheet(left + _RIGHT_WIDTH + MARGIN, height)
    axes = row_axes(figure, MARGIN, TITLE_HEIGHT, LADDER_WIDTH, num_rows, title)
    units = {"tick_size": tick_size, "currency": currency}
    draw_ladder(axes, rows, notes=notes, **units)
    if events is not None:
        num_trade_rows = int(_TRADES_SHARE * num_rows)
        room -= num_trade_rows * ROW_HEIGHT
        at = (left, TITLE_HEIGHT + room)
        axes = row_axes(figure, *at, _RIGHT_WIDTH, num_trade_rows, TRADES_TITLE)
        table = {"width": _RIGHT_WIDTH, "num_rows": num_trade_rows - 1}
        draw_trades(axes, trades_of(events), tick_size=tick_size, **table)
        room -= TITLE_HEIGHT
    size = (_RIGHT_WIDTH - _EDGE, room - _X_LABELS)
    axes = placed(figure, left, TITLE_HEIGHT, *size, title="Depth")
    levels = Levels(*(x[:, :depth_levels] for x in levels))
    handles = draw_depth(axes, levels, **units)
    if handles:
        figure.legend(
            handles=handles,
            loc="lower center",
            ncols=len(handles),
            fontsize=TICK_SIZE,
            labelcolor=INK,
            frameon=False,
        )
    return figure


def _notes(book: Book, tick_size: float | None) -> list[str]:
    """What a ladder cannot show, in lines."""
    notes = []
    phase = Phase(int(book.phase))
    if phase != Phase.CONTINUOUS:
        notes.append(_PHASES[phase])
    if phase in (Phase.COLLECT, Phase.COLLECT_FINAL):
        auction = jax.device_get(_indicative(book))
        text = "It would trade nothing now."
        if auction.qty > 0:
            price = price_text(auction.price_ticks, tick_size)
            text = f"It would trade {qty_text(auction.qty)} shares at {price} now."
        notes.append(text)
    orders = jax.device_get(live_orders(book))
    is_market = (orders.price_ticks < 1) | (orders.price_ticks > MAX_PRICE_TICKS)
    is_market &= orders.is_live
    if is_market.any():
        qty = [
            qty_text(orders.qty[is_market & (orders.side == side)].sum(dtype=np.int64))
            for side in Side
        ]
        notes.append(f"Market orders wait: {qty[0]} shares to buy, {qty[1]} to sell.")
    status = Status(int(book.status))
    if status:
        notes.append(f"status: {', '.join(bit.name or '?' for bit in status)}")
    return [line for note in notes for line in wrap(note, _LETTERS)]
