"""What is in a tape: its mix of messages, sizes, waiting times, spread and depth."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from marsjax.book import Ladder, Quote
from marsjax.data.clock import NS, to_trading_ns
from marsjax.data.replay import replay_blocks
from marsjax.data.tape import Tape, in_session
from marsjax.types import EventKind, Kind

PASSIVE, MARKETABLE, CANCEL, REFUSED, OTHER = range(5)
TYPES = ("passive", "marketable", "cancel", "refused", "other")
"""What a message of continuous trading did; `OTHER` acts on no order of the book."""

BLOCK = 1024
"""Live orders are counted once in so many messages."""

_NEW = (Kind.LIMIT, Kind.IOC, Kind.MARKET, Kind.FOK, Kind.POST_ONLY)


class Described(NamedTuple):
    """A tape's messages of continuous trading, M of them, and its book; numpy.

    Attributes:
      type_M: index into `TYPES`.
      lots_M: quantity of new orders in lots, NaN of other messages.
      interval_s_M: trading time since the message before.
      spread_ticks_M: after the message, NaN where the book has no spread.
      trading_s_M: trading time since the open.
      live_KS, live_s_K: live orders a side, seen every `BLOCK` messages, and when
        (trading seconds).
      slots: slots a side with which no order was rejected for want of room.
      traded_lots: by orders as they came.
    """

    type_M: np.ndarray
    lots_M: np.ndarray
    interval_s_M: np.ndarray
    spread_ticks_M: np.ndarray
    trading_s_M: np.ndarray
    live_KS: np.ndarray
    live_s_K: np.ndarray
    slots: int
    traded_lots: int


def _look(ladder: Ladder) -> Quote:
    return ladder.quote()


def describe(tape: Tape, progress_fn: Callable[[int], None] | None = None) -> Described:
    """Replays a tape and looks at each message.

    Args:
      tape: any tape; rows that seed the book and auctions are replayed, not described.
      progress_fn: called with the number of messages read.
    """
    num = len(tape.messages)
    type_T, spread_T = np.full(num, OTHER), np.full(num, np.nan)
    live, live_rows, traded = [], [], 0
    kind_T = tape.messages["kind"].to_numpy()
    inside = in_session(tape)
    for start, result in replay_blocks(
        tape, _look, block_size=BLOCK, progress_fn=progress_fn
    ):
        seen = result.observations
        rows = slice(start, start + len(seen.bid_ticks))
        bid, ask = seen.bid_ticks, seen.ask_ticks
        is_sound = (bid > 0) & (bid < ask)
        spread_T[rows] = np.where(is_sound, ask - bid, np.nan)
        type_T[rows], fills = _types(kind_T[rows], result)
        traded += int(fills[inside[rows]].sum())
        live.append((np.asarray(result.book.qty_SN) > 0).sum(axis=-1))
        live_rows.append(rows.stop - 1)
    time = to_trading_ns(
        tape.messages["time_s"].to_numpy(),
        tape.messages["time_ns"].to_numpy(),
        tape.sessions,
    )
    trading_ns = time[inside]
    lots = tape.messages["qty"].to_numpy() / tape.lot_size
    return Described(
        type_M=type_T[inside],
        lots_M=np.where(np.isin(kind_T, _NEW), lots, np.nan)[inside],
        interval_s_M=np.diff(trading_ns, prepend=trading_ns[:1]) / NS,
        spread_ticks_M=spread_T[inside],
        trading_s_M=trading_ns / NS,
        live_KS=np.array(live),
        live_s_K=time[live_rows] / NS,
        slots=result.book.num_slots,
        traded_lots=traded // tape.lot_size,
    )


def _types(kind_T: np.ndarray, result) -> tuple[np.ndarray, np.ndarray]:
    """What each message of a block did, and the shares that it traded."""
    index, events = result.message_index, result.events
    num = len(kind_T)
    is_fill = events.kind == EventKind.FILL
    traded = np.bincount(index[is_fill], events.qty[is_fill], minlength=num)
    refused = np.zeros(num, bool)
    refused[index[events.kind == EventKind.REJECT]] = True
    out = np.full(num, OTHER)
    out[np.isin(kind_T, _NEW)] = PASSIVE
    out[traded > 0] = MARKETABLE
    out[kind_T == Kind.CANCEL] = CANCEL
    out[refused & (traded == 0)] = REFUSED
    return out, traded


def summary(tape: Tape, seen: Described) -> dict[str, float | int | str | None]:
    """One row of numbers; ``None`` where there is nothing to count."""
    num = max(len(seen.type_M), 1)
    mix = np.bincount(seen.type_M, minlength=len(TYPES)) / num
    lots = seen.lots_M[np.isfinite(seen.lots_M)]
    wait, spread = seen.interval_s_M[1:], seen.spread_ticks_M
    spread = spread[np.isfinite(spread)]
    return {
        "tape": tape.name,
        "messages": len(tape.messages),
        "in continuous trading": len(seen.type_M),
        **{f"{name} (share)": float(mix[i]) for i, name in enumerate(TYPES)},
        "size, median (lots)": _quantile(lots, 0.5),
        "size, 99th percentile (lots)": _quantile(lots, 0.99),
        "largest (lots)": _quantile(lots, 1.0),
        "inter-arrival, median (s)": _quantile(wait, 0.5),
        "inter-arrival, 99th percentile (s)": _quantile(wait, 0.99),
        "same time as the one before (share)": _mean(wait == 0),
        "spread, median (ticks)": _quantile(spread, 0.5),
        "spread, mean (ticks)": _mean(spread),
        "spread, 99th percentile (ticks)": _quantile(spread, 0.99),
        "no spread (share)": 1 - len(spread) / num,
        "traded (lots)": seen.traded_lots,
        "live bids, most": int(seen.live_KS[:, 0].max(initial=0)),
        "live asks, most": int(seen.live_KS[:, 1].max(initial=0)),
        "slots a side needed": seen.slots,
    }


def _quantile(values: np.ndarray, q: float) -> float | None:
    return float(np.quantile(values, q)) if len(values) else None


def _mean(values: np.ndarray) -> float | None:
    return float(np.mean(values)) if len(values) else None
