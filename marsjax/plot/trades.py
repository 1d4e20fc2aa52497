"""Recent trades as a list: price, quantity and who took, newest first."""

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from marsjax.errors import InputError
from marsjax.plot.numbers import price_text, qty_text
from marsjax.plot.rows import tinted
from marsjax.plot.style import BUYER, FAINT, INK, SELLER, TICK_SIZE
from marsjax.types import Event, EventKind, Side

AUCTION = -1
"""Stands for the aggressor's side of a call auction's trade, which has none."""

TRADES_TITLE = "Trades, newest first"

_LOOKS = {
    int(Side.BUY): ("▲ buy", BUYER),
    int(Side.SELL): ("▼ sell", SELLER),
    AUCTION: ("◆ auction", FAINT),
}


class Trades(NamedTuple):
    """Trades, oldest first, ``[F]`` each; numpy.

    ``price_ticks_F``; ``qty_F`` shares, int64; ``side_F`` the aggressor's
    :class:`marsjax.types.Side`, or `AUCTION`.
    """

    price_ticks_F: np.ndarray
    qty_F: np.ndarray
    side_F: np.ndarray


def trades_of(events: Event) -> Trades:
    """The trades among the events of one book.

    The fills of one message at one price are one trade, however many orders it met. A
    call auction reports each order that it fills, on both sides; it is one trade of the
    quantity of one side.

    Args:
      events: ``[E]`` each, in order; rows of other kinds are passed over.
    Raises:
      InputError: the events have another shape than ``[E]``.
    """
    if np.ndim(events.kind) != 1:
        raise InputError(
            f"events have the shape {np.shape(events.kind)}, not [E]",
            "pick one book's with jax.tree.map(lambda x: x[i], events)",
        )
    kind, side, price, qty, is_last = (
        np.asarray(getattr(events, name))
        for name in ("kind", "side", "price_ticks", "qty", "is_last")
    )
    is_trade = (kind == EventKind.FILL) | (kind == EventKind.AUCTION_FILL)
    # How many messages ended before an event tells which message it belongs to.
    message = np.cumsum(is_last) - is_last
    message, kind, side, price, qty = (
        x[is_trade] for x in (message, kind, side, price, qty.astype(np.int64))
    )
    key = np.stack([message, kind, price])
    is_first = np.ones(len(price), bool)
    is_first[1:] = (key[:, 1:] != key[:, :-1]).any(axis=0)
    trade = np.cumsum(is_first) - 1
    qty_SF = np.zeros((2, int(is_first.sum())), np.int64)
    np.add.at(qty_SF, (side, trade), qty)
    is_auction = kind[is_first] == EventKind.AUCTION_FILL
    return Trades(
        price[is_first],
        # A fill has the one side of its aggressor, so this is its sum as well.
        qty_SF.max(axis=0),
        np.where(is_auction, AUCTION, side[is_first]),
    )


def draw_trades(
    axes: Axes,
    trades: Trades,
    *,
    width: float,
    num_rows: int,
    tick_size: float | None,
) -> None:
    """Write the newest trades into the rows of an axes.

    Args:
      axes: of `marsjax.plot.rows.row_axes`; its first row is for the heading.
      trades: oldest first.
      width: of the axes, inches.
      num_rows: rows under the heading.
      tick_size: price of one tick; ``None`` for prices in ticks.
    """
    price_at = width - 0.54
    text = {"va": "center", "fontsize": TICK_SIZE, "color": INK}
    heading = {**text, "color": FAINT}
    axes.text(0.06, 0.5, "aggressor", ha="left", **heading)
    axes.text(price_at, 0.5, "price", ha="right", **heading)
    axes.text(width - 0.05, 0.5, "shares", ha="right", **heading)
    num_trades = len(trades.qty_F)
    num_shown = num_trades if num_trades <= num_rows else num_rows - 1
    shown = zip(*(x[::-1][:num_shown] for x in trades), strict=True)
    if num_shown < num_trades:
        older = f"and {num_trades - num_shown:,} before"
        axes.text(0.06, num_shown + 1.5, older, ha="left", **heading)
    elif not num_trades:
        axes.text(width / 2, 1.5, "no trades", ha="center", **heading)
    for row, (price, qty, side) in enumerate(shown, start=1):
        name, color = _LOOKS[int(side)]
        axes.add_patch(tinted(0, width, row, color, 0.22))
        axes.text(0.06, row + 0.5, name, ha="left", **text)
        axes.text(price_at, row + 0.5, price_text(price, tick_size), ha="right", **text)
        axes.text(width - 0.05, row + 0.5, qty_text(qty), ha="right", **text)
