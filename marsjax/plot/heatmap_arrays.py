"""The arrays of a book heat map: a tape run through the book and looked at."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from marsjax import book as mbook
from marsjax.data.replay import replay_messages
from marsjax.data.tape import Tape, in_session, to_messages
from marsjax.plot.axes import steps_at, time_window
from marsjax.tokens.clock import NS, Sessions, to_trading_ns
from marsjax.types import MAX_PRICE_TICKS, Array, EventKind, Message

# The compiled view of the book starts at this price. A book knows prices by their order
# alone, so the tape is moved to put the window there, and windows share a compilation.
_BASE_TICKS = MAX_PRICE_TICKS // 2
_MOST_TICKS = 160  # prices shown unless more are asked for
_MARGIN_TICKS = 8


class HeatmapArrays(NamedTuple):
    """Resting quantity by price and time; C columns, P prices, F trades; numpy.

    ``edges_s_C1``: ``[C + 1]`` trading seconds; a column shows the book as it stood at
    its left edge. ``price_ticks_P``: prices, ascending. ``qty_SPC``: shares, bids and
    asks. ``best_ticks_SC``: best prices, 0 for an empty side. Trades, one an aggressor
    and price: ``trade_s_F`` trading seconds, ``trade_ticks_F``, ``trade_qty_F`` shares,
    ``trade_side_F`` the aggressor's side; those at prices not shown are left out and
    counted by ``num_trades_outside``. ``tick_size``, ``sessions``: of the tape.
    """

    edges_s_C1: np.ndarray
    price_ticks_P: np.ndarray
    qty_SPC: np.ndarray
    best_ticks_SC: np.ndarray
    trade_s_F: np.ndarray
    trade_ticks_F: np.ndarray
    trade_qty_F: np.ndarray
    trade_side_F: np.ndarray
    num_trades_outside: int
    tick_size: float
    sessions: Sessions


@lru_cache
def volumes_fn(num_prices: int) -> Callable[[mbook.Book], Array]:
    """A jittable view: shares ``[2, num_prices]`` at the prices from `_BASE_TICKS`."""

    def volumes(book: mbook.Book) -> Array:
        at_SN = book.price_ticks_SN - _BASE_TICKS
        # An index below 0 would wrap around: all that is outside goes to the one
        # index that is dropped.
        is_shown_SN = (at_SN >= 0) & (at_SN < num_prices)
        at_SN = jnp.where(is_shown_SN, at_SN, num_prices)
        side_S1 = jnp.arange(2, dtype=jnp.int32)[:, None]
        zeros_SP = jnp.zeros((2, num_prices), jnp.int32)
        return zeros_SP.at[side_S1, at_SN].add(book.qty_SN, mode="drop")

    return volumes


def heatmap_arrays(
    tape: Tape,
    *,
    window_s: tuple[float, float] | None = None,
    num_prices: int | None = None,
    num_columns: int = 600,
) -> HeatmapArrays:
    """Replay a tape and look at a window of prices around its median mid.

    Args:
      tape: real or simulated.
      window_s: trading seconds from and to; by default all of continuous trading.
      num_prices: P; by default enough for 98% of the best quotes with a margin, 160 at
        most.
      num_columns: C; each shows the last state at its left edge.
    """
    frame = tape.messages
    time_ns = to_trading_ns(
        frame["time_s"].to_numpy(), frame["time_ns"].to_numpy(), tape.sessions
    )
    if window_s is None:
        inside = time_ns[in_session(tape)]
        ends_ns = (inside[0], inside[-1]) if len(inside) else (0, 0)
        window_s = (ends_ns[0] / NS, ends_ns[1] / NS)
    start_s, end_s = time_window(*window_s)
    num_rows = int(np.searchsorted(time_ns, round(end_s * NS), side="right"))
    time_s = time_ns[:num_rows] / NS
    messages = to_messages(frame.head(num_rows))

    # First the quotes, which tell what prices to look at.
    result = replay_messages(messages, observe_fn=mbook.quote)
    best_ST = np.stack([result.observations.bid_ticks, result.observations.ask_ticks])
    edges_C1 = np.linspace(start_s, end_s, num_columns + 1)
    row_C = steps_at(time_s, edges_C1[:-1])
    # Before the first message the book is empty.
    best_ST0 = np.concatenate([best_ST, np.zeros((2, 1), best_ST.dtype)], axis=1)
    best_SC = best_ST0[:, row_C]
    first = max(0, int(row_C[0]))
    low, num_prices = _prices(best_ST[:, first:], num_prices)

    qty_SPC = np.zeros((2, num_prices, num_columns), np.int32)
    if num_rows:
        seen_TSP = replay_messages(
            _moved(messages, _BASE_TICKS - low),
            observe_fn=volumes_fn(num_prices),
            num_slots=result.book.num_slots,
        ).observations
        is_known_C = row_C >= 0
        qty_SPC[:, :, is_known_C] = seen_TSP[row_C[is_known_C]].transpose(1, 2, 0)
    trades = _trades(result, time_s, start_s, (low, low + num_prices))
    return HeatmapArrays(
        edges_C1,
        low + np.arange(num_prices),
        qty_SPC,
        best_SC,
        *trades,
        tape.tick_size,
        tape.sessions,
    )


def _prices(best_ST: np.ndarray, num_prices: int | None) -> tuple[int, int]:
    """Lowest price of the window and how many prices it has."""
    quotes_ST = np.where(best_ST > 0, best_ST, np.nan)
    mid_T = quotes_ST.mean(axis=0)
    mid_T, quotes = mid_T[np.isfinite(mid_T)], quotes_ST[np.isfinite(quotes_ST)]
    if not len(quotes):
        return 1, num_prices or 2 * _MARGIN_TICKS
    middle = int(np.median(mid_T if len(mid_T) else quotes))
    if num_prices is None:
        low, high = np.quantile(quotes, (0.01, 0.99))
        half = int(max(high - middle, middle - low)) + _MARGIN_TICKS
        # Sixteens, so that windows of similar height share a compilation.
        num_prices = min(-(-2 * half // 16) * 16, _MOST_TICKS)
    return max(1, middle - num_prices // 2 + 1), num_prices


def _moved(messages: Message, by_ticks: int) -> Message:
    """The same messages at other prices; what has no valid price keeps it."""
    price = messages.price_ticks.astype(np.int64)
    is_valid = (price >= 1) & (price <= MAX_PRICE_TICKS)
    moved = np.where(is_valid, np.clip(price + by_ticks, 1, MAX_PRICE_TICKS), price)
    return messages._replace(price_ticks=moved.astype(np.int32))


def _trades(
    result: mbook.StreamResult,
    time_s: np.ndarray,
    start_s: float,
    shown: tuple[int, int],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    """Times, prices, quantities and sides of trades, and how many are out of view."""
    events, row = result.events, result.message_index
    keep = events.kind == EventKind.FILL
    keep[keep] = time_s[row[keep]] >= start_s
    row, price = row[keep], events.price_ticks[keep]
    pairs = np.stack([row, price], axis=-1)
    pairs, first, place = np.unique(
        pairs, axis=0, return_index=True, return_inverse=True
    )
    qty = np.bincount(
        place.reshape(-1), weights=events.qty[keep], minlength=len(pairs)
    ).astype(np.int64)
    is_shown = (pairs[:, 1] >= shown[0]) & (pairs[:, 1] < shown[1])
    return (
        time_s[pairs[is_shown, 0]],
        pairs[is_shown, 1],
        qty[is_shown],
        events.side[keep][first][is_shown],
        int((~is_shown).sum()),
    )
