"""What each message of a tape did, and the best levels a side after it.

A tape goes through the exchange once, block by block; what a message did is read off
its events and the levels off a price ladder (`marsjax.book.watch_blocks`).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from marsjax.book import Ladder, Levels, StreamResult
from marsjax.data.clock import to_trading_ns
from marsjax.data.replay import replay_blocks
from marsjax.data.tape import Tape
from marsjax.eval.past import Past
from marsjax.eval.windows import (
    CANCEL,
    HIDDEN,
    LIMIT,
    MARKET,
    NUM_LEVELS,
    OTHER,
)
from marsjax.types import Event, EventKind, Kind

_TAKES_OFF = (Kind.CANCEL, Kind.AUCTION_FILL)


class Followed(NamedTuple):
    """The rows of a tape, T of them, and the book after R of them; numpy.

    Attributes:
      type_T to age_ns_T: as in `marsjax.eval.windows.Windows`; rows after the last one
        that was asked for have type `NONE`.
      notional_T: float64, shares traded times their prices in ticks.
      level_row_R: the rows whose book is kept, ascending.
      level_price_RSK, level_qty_RSK: the book after each of them.
      opening_price_SK, opening_qty_SK: the book before row 0.
    """

    type_T: np.ndarray
    side_T: np.ndarray
    price_ticks_T: np.ndarray
    qty_T: np.ndarray
    traded_T: np.ndarray
    notional_T: np.ndarray
    time_ns_T: np.ndarray
    clock_s_T: np.ndarray
    age_ns_T: np.ndarray
    level_row_R: np.ndarray
    level_price_RSK: np.ndarray
    level_qty_RSK: np.ndarray
    opening_price_SK: np.ndarray
    opening_qty_SK: np.ndarray

    def levels_after(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Prices and quantities ``[..., S, K]`` after some rows; -1: the opening."""
        rows = np.asarray(rows)
        at = np.searchsorted(self.level_row_R, rows)
        at = np.minimum(at, max(len(self.level_row_R) - 1, 0))
        is_first = (rows < 0)[..., None, None]
        if not len(self.level_row_R):
            shape = (*rows.shape, *self.opening_price_SK.shape)
            none = np.zeros(shape, np.int32)
            return none + self.opening_price_SK, none + self.opening_qty_SK
        return (
            np.where(is_first, self.opening_price_SK, self.level_price_RSK[at]),
            np.where(is_first, self.opening_qty_SK, self.level_qty_RSK[at]),
        )


def ten_levels(ladder: Ladder) -> Levels:
    """The one view of a book that all of the evaluation takes."""
    return ladder.level2(NUM_LEVELS)


def follow_tape(
    tape: Tape,
    rows: np.ndarray | None = None,
    *,
    num_levels: int = NUM_LEVELS,
    progress_fn: Callable[[int], None] | None = None,
) -> Followed:
    """Replays a tape and keeps what its messages did and the book after some of them.

    The type of a message is what came of it. An order that traded is `MARKET`, whatever
    it was called and whether the rest of it rests; one that rests whole is `LIMIT`, as
    is a resting order that moves to a new price without a trade; one that lowers its
    quantity in place is `CANCEL` of the difference. An execution that the tape gives
    without an aggressor (``AUCTION_FILL`` in continuous trading) is `MARKET` of the
    other side. Messages that the exchange refused, orders that expired without a
    trade, and cancels of a whole account are `OTHER`.

    Args:
      tape: any tape.
      rows: ascending rows whose book to keep; all by default. The replay ends with
        the block of the last.
      num_levels: levels a side to keep, at most `NUM_LEVELS`.
      progress_fn: called with the number of messages read.
    """
    num = len(tape.messages)
    rows = np.arange(num) if rows is None else np.asarray(rows, np.int64)
    clock_s = tape.messages["time_s"].to_numpy()
    time_ns = to_trading_ns(clock_s, tape.messages["time_ns"].to_numpy(), tape.sessions)
    names = ("kind", "side", "price_ticks", "qty")
    said = {name: tape.messages[name].to_numpy() for name in names}
    out = {
        name: np.zeros(num, dtype)
        for name, dtype in (
            ("type", np.int8),
            ("side", np.int8),
            ("price_ticks", np.int32),
            ("qty", np.int32),
            ("traded", np.int32),
            ("notional", np.float64),
        )
    }
    kept, past = [], Past()
    for start, result in replay_blocks(tape, ten_levels, progress_fn=progress_fn):
        seen = result.observations
        span = slice(start, start + len(seen.qty_SK))
        block = {name: column[span] for name, column in said.items()}
        for name, column in _what_happened(block, result).items():
            out[name][span] = column
        past.add(result.events, result.message_index + start)
        here = rows[slice(*np.searchsorted(rows, (span.start, span.stop)))] - start
        kept.append([x[here, :, :num_levels] for x in seen])
        if not len(rows) or rows[-1] < span.stop:
            break
    lowered = np.flatnonzero((said["kind"] == Kind.MODIFY) & (out["type"] == CANCEL))
    out["qty"][lowered] = past.taken_by_replace(lowered)
    is_cancel = out["type"] == CANCEL
    came = past.came(np.flatnonzero(is_cancel), num)
    age_ns = np.full(num, -1)
    known = came >= tape.seed_rows
    rows_known = np.flatnonzero(is_cancel)[known]
    age_ns[rows_known] = time_ns[rows_known] - time_ns[came[known]]
    price, qty = (np.concatenate(x) for x in zip(*kept, strict=True))
    none = np.zeros((2, num_levels), np.int32)
    return Followed(
        **{f"{name}_T": column for name, column in out.items()},
        time_ns_T=time_ns,
        clock_s_T=clock_s,
        age_ns_T=age_ns,
        level_row_R=rows[: len(price)],
        level_price_RSK=price,
        level_qty_RSK=qty,
        opening_price_SK=none,
        opening_qty_SK=none,
    )


def _what_happened(said: dict, result: StreamResult) -> dict[str, np.ndarray]:
    """Type, side, price, quantity, traded shares and their value of a block's rows."""
    events, index = result.events, result.message_index
    kind, num = said["kind"], len(said["kind"])
    fills = _of_kind(events, index, EventKind.FILL)
    value = events.qty[fills] * events.price_ticks[fills].astype(np.float64)
    # Sums of doubles are exact up to 2**53.
    traded = np.bincount(index[fills], events.qty[fills], num).astype(np.int64)
    notional = np.bincount(index[fills], value, num)

    def last(of: EventKind, kinds: np.ndarray) -> np.ndarray:
        """The last event of a kind, -1 where a row has none or is of another kind."""
        at, which = np.full(num, -1), _of_kind(events, index, of)
        at[index[which]] = which
        return np.where(kinds, at, -1)

    # An auction's end lets orders rest that others sent.
    rest = last(EventKind.REST, kind != Kind.UNCROSS)
    lowered = last(EventKind.REPLACE, kind == Kind.MODIFY)
    taken = last(EventKind.CANCEL, np.isin(kind, _TAKES_OFF))
    is_market, is_hidden = traded > 0, kind == Kind.HIDDEN_FILL
    is_print = (kind == Kind.AUCTION_FILL) & (taken >= 0)
    type_ = np.full(num, OTHER)
    type_[rest >= 0] = LIMIT
    type_[np.maximum(taken, lowered) >= 0] = CANCEL
    type_[is_market | is_print] = MARKET
    type_[is_hidden] = HIDDEN

    # The event that tells more than the message: a modify has no side, a cancel no
    # price, and an order may slide or come without a limit.
    fill = last(EventKind.FILL, is_market)
    at = np.where(is_market, fill, np.maximum(np.maximum(rest, lowered), taken))
    is_told = {
        "side": at >= 0,
        "price_ticks": (at >= 0) & ~(is_market & (kind != Kind.MARKET)),
        "qty": (at >= 0) & ((type_ == CANCEL) | is_print),
    }
    out = {
        name: np.where(here, np.append(getattr(events, name), 0)[at], said[name])
        for name, here in is_told.items()
    }
    out["side"] = np.where(is_print, 1 - out["side"], out["side"])
    is_whole = is_print | is_hidden
    traded = np.where(is_whole, out["qty"], traded)
    value = out["qty"] * out["price_ticks"].astype(np.float64)
    notional = np.where(is_whole, value, notional)
    return {"type": type_, **out, "traded": traded, "notional": notional}


def _of_kind(events: Event, index: np.ndarray, kind: EventKind) -> np.ndarray:
    return np.flatnonzero(events.kind == kind)
