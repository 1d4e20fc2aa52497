"""What a tape's orders do, seen from its book: for fits and comparisons (host)."""

from functools import lru_cache
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from marsjax.book import Book
from marsjax.data.clock import NS, to_trading_ns
from marsjax.data.replay import replay_tape
from marsjax.data.tape import Tape, in_session
from marsjax.errors import InputError
from marsjax.synth.zi_law import references
from marsjax.types import EventKind, Kind

LIMIT, MARKET, CANCEL, OTHER = range(4)
"""An order that rests behind the opposite best, one that reaches it, a cancel of all
that is left of an order, and anything else."""

_NEW = (
    Kind.LIMIT,
    Kind.IOC,
    Kind.MARKET,
    Kind.FOK,
    Kind.POST_ONLY,
    Kind.POST_ONLY_SLIDE,
)
_RESTS = (Kind.LIMIT, Kind.POST_ONLY, Kind.POST_ONLY_SLIDE)


class Flow(NamedTuple):
    """The events of continuous trading, ``[T]`` each.

    Attributes:
      what: `LIMIT`, `MARKET`, `CANCEL` or `OTHER`.
      side: of the order.
      distance: ticks from the opposite best before the event, 1 for the best that does
        not reach it.
      qty: shares of a new order.
      bid_ticks, ask_ticks: quotes after the event, 0 where a side is empty.
      live_TK: live orders by distance 1..K after the event, both sides, the last column
        all beyond.
      held_s: trading seconds until the next event; 0 of the last.
      first_mid_ticks: where the first event found the mid.
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


@lru_cache
def make_observe(num_distances: int):
    """A view of a book: quotes, references, and live orders by distance ``[K]``."""

    def observe(book: Book):
        bid, ask = references(book)
        live_SN = book.qty_SN > 0
        has_S = jnp.any(live_SN, axis=-1)
        distance_SN = jnp.stack(
            [ask - book.price_ticks_SN[0], book.price_ticks_SN[1] - bid]
        )
        distance_SN = jnp.clip(distance_SN, 1, num_distances)
        step_K = jnp.arange(1, num_distances + 1, dtype=jnp.int32)
        is_at_KSN = live_SN[None] & (distance_SN[None] == step_K[:, None, None])
        count_K = jnp.sum(is_at_KSN.astype(jnp.int32), axis=(1, 2))
        quotes = (jnp.where(has_S[0], bid, 0), jnp.where(has_S[1], ask, 0))
        return quotes, (bid, ask), count_K

    return observe


def observe_tape(tape: Tape, num_distances: int = 10) -> Flow:
    """Replay a tape and say what each event of continuous trading was.

    Args:
      tape: a tape.
      num_distances: K of ``live_TK``.

    Raises:
      InputError: fewer than two events in continuous trading.
    """
    rows = np.flatnonzero(in_session(tape))
    if len(rows) < 2 or rows[0] == 0:
        raise InputError(
            f"{tape.name} has {len(rows)} orders in continuous trading after the first "
            "row",
            "give a tape with more",
        )
    result = replay_tape(tape, observe_fn=make_observe(num_distances))
    (bid, ask), (ref_bid, ref_ask), live_TK = result.observations
    frame = tape.messages
    kind, side, price, qty = (
        frame[name].to_numpy() for name in ("kind", "side", "price_ticks", "qty")
    )
    side, price = side.astype(np.int32), price.copy()
    is_cancel = result.events.kind == EventKind.CANCEL
    at = result.message_index[is_cancel]
    # A tape's cancel need not tell side and price: the book does.
    side[at] = result.events.side[is_cancel]
    price[at] = result.events.price_ticks[is_cancel]
    count = live_TK.sum(axis=1)
    is_gone = np.zeros(len(kind), bool)
    is_gone[at] = True
    is_gone &= np.diff(count, prepend=0) == -1

    before = rows - 1
    side, price, kind = side[rows], price[rows], kind[rows]
    distance = np.where(side == 0, ref_ask[before] - price, price - ref_bid[before])
    is_new = np.isin(kind, _NEW)
    what = np.full(len(rows), OTHER)
    what[is_new] = MARKET
    what[np.isin(kind, _RESTS) & (distance >= 1)] = LIMIT
    what[(kind == Kind.CANCEL) & is_gone[rows]] = CANCEL

    time_s, time_ns = (frame[name].to_numpy()[rows] for name in ("time_s", "time_ns"))
    clock = to_trading_ns(time_s, time_ns, tape.sessions)
    mid = (int(ref_bid[before[0]]) + int(ref_ask[before[0]]) + 1) // 2
    return Flow(
        what=what,
        side=side,
        distance=distance,
        qty=np.where(is_new, qty[rows], 0),
        bid_ticks=bid[rows],
        ask_ticks=ask[rows],
        live_TK=live_TK[rows],
        held_s=np.diff(clock, append=clock[-1]) / NS,
        first_mid_ticks=mid,
    )


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
