"""What a tape's orders do, seen from its book: for fits and comparisons (host)."""

from typing import NamedTuple

import numpy as np

from marsjax.data.clock import NS, to_trading_ns
from marsjax.data.tape import Tape
from marsjax.errors import InputError
from marsjax.synth.flow_levels import Levels
from marsjax.synth.flow_tape import OTHER as OTHER_ROW
from marsjax.synth.flow_tape import rows_of

LIMIT, MARKET, CANCEL, OTHER = range(4)
"""An order that rests, one that trades at once, a cancel of all that is left of an
order, and anything else."""


class Flow(NamedTuple):
    """The events of continuous trading, ``[T]`` each.

    Attributes:
      what: `LIMIT`, `MARKET`, `CANCEL` or `OTHER`.
      side: of the order.
      distance: ticks from the opposite best before the event, 1 for the best that does
        not reach it, and at least that of orders that rest.
      qty: shares of a new order.
      bid_ticks, ask_ticks: quotes after the event, 0 where a side is empty.
      live_TK: live orders by distance 1..K after the event, both sides, the last column
        all beyond.
      held_s: trading seconds until the next event; 0 of the last.
      first_mid_ticks: the first mid there is.
    """

    what: np.ndarray
    side: np.ndarray
    distance: np.ndarray
    qty: np.ndarray
    bid_ticks: np.ndarray
    ask_ticks: np.ndarray
    live_TK: np.ndarray
    held_s: np.ndarray
    first_mid_ticks: int

    @property
    def seconds(self) -> float:
        """Trading time from the first event to the last."""
        return float(self.held_s.sum())


def observe_tape(tape: Tape, num_distances: int = 10) -> Flow:
    """Replay a tape and say what each event of continuous trading was.

    Args:
      tape: a tape.
      num_distances: K of ``live_TK``.

    Raises:
      InputError: fewer than two events in continuous trading.
    """
    events, seen, book = [], [], Levels()
    for event, book in rows_of(tape):
        events.append(event)
        seen.append(_see(book, num_distances))
    if len(events) < 2:
        raise InputError(
            f"{tape.name} has {len(events)} orders in continuous trading",
            "give a tape with more",
        )
    # What the next event finds is what this one left.
    quotes_T2, ref_T2, live_TK = (
        np.array(x) for x in zip(*seen[1:], _see(book, num_distances), strict=True)
    )
    names = ("row", "type_", "side", "qty", "distance")
    row, type_, side, qty, distance = (
        np.array([getattr(event, name) for event in events]) for name in names
    )
    what = np.where(type_ == OTHER_ROW, OTHER, type_ // 2)
    has_mid = (quotes_T2 > 0).all(axis=1)
    mid_ticks = (ref_T2.sum(axis=1) + 1) // 2
    frame = tape.messages
    time_s, time_ns = (frame[name].to_numpy()[row] for name in ("time_s", "time_ns"))
    clock = to_trading_ns(time_s, time_ns, tape.sessions)
    return Flow(
        what=what,
        side=side,
        distance=np.where(what == MARKET, distance, np.maximum(distance, 1)),
        qty=np.where((what == LIMIT) | (what == MARKET), qty, 0),
        bid_ticks=quotes_T2[:, 0],
        ask_ticks=quotes_T2[:, 1],
        live_TK=live_TK,
        held_s=np.diff(clock, append=clock[-1]) / NS,
        first_mid_ticks=int(mid_ticks[np.argmax(has_mid)]),
    )


def _see(book: Levels, num_distances: int) -> tuple[tuple, tuple, list[int]]:
    """Quotes, references, and live orders by distance, those beyond in the last."""
    bid, ask = refs = book.references()
    bids, asks = book.levels
    none = (0, 0)
    live_K = [
        bids.get(ask - k, none)[0] + asks.get(bid + k, none)[0]
        for k in range(1, num_distances)
    ]
    live_K.append(sum(book.num) - sum(live_K))
    return book.quotes(), refs, live_K


def measure(tapes: list[Tape]) -> dict[str, float]:
    """Rates and averages of tapes' continuous trading, all tapes together.

    Rates are a second; spread, depth and live orders are averages over time; the mid's
    movement is the standard deviation of its change over a second, in ticks.
    """
    flows = [(observe_tape(tape), tape.lot_size) for tape in tapes]
    seconds = sum(flow.seconds for flow, _ in flows)
    counts = sum(np.bincount(flow.what, minlength=4) for flow, _ in flows)
    lots, spread, live, squares = 0.0, 0.0, 0.0, 0.0
    two_sided_s = 0.0
    for flow, lot_size in flows:
        is_both = (flow.bid_ticks > 0) & (flow.ask_ticks > 0)
        held_s = np.where(is_both, flow.held_s, 0)
        two_sided_s += held_s.sum()
        spread += ((flow.ask_ticks - flow.bid_ticks) * held_s).sum()
        live += (flow.live_TK.sum(axis=1) * flow.held_s).sum()
        lots += flow.qty.sum() / lot_size
        mids = (flow.bid_ticks[is_both] + flow.ask_ticks[is_both]) / 2
        squares += (np.diff(mids) ** 2).sum()
    num_new = counts[LIMIT] + counts[MARKET]
    seconds = max(seconds, 1e-9)
    return {
        "limit orders (1/s)": counts[LIMIT] / seconds,
        "market orders (1/s)": counts[MARKET] / seconds,
        "cancels (1/s)": counts[CANCEL] / seconds,
        "size of new orders (lots)": lots / max(num_new, 1),
        "spread (ticks)": spread / max(two_sided_s, 1e-9),
        "live orders": live / seconds,
        "mid, ticks in a second": float(np.sqrt(squares / seconds)),
    }
