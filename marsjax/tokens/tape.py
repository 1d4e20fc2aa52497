"""A tape's orders as raw values and as tokens with features (host and device)."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from marsjax import book as mbook
from marsjax.data.replay import replay_tape
from marsjax.data.tape import Tape, in_session
from marsjax.tokens.clock import NS, to_trading_ns
from marsjax.tokens.observe import Observation, features, observe
from marsjax.tokens.tokenizer import BUY, CANCEL, SELL, RawOrders, Tokenizer
from marsjax.types import EventKind, Kind, Side


class ObservedTape(NamedTuple):
    """The orders of a tape that become tokens, with what the book showed; numpy.

    T orders: those of continuous trading that the exchange accepted.

    Attributes:
      row: ``[T]`` their message rows.
      raw: their values before binning.
      seen: the book after each.
      before2: ``[T]`` twice the anchor before each, ticks.
      open2: twice the anchor at the open.
      trading_ns: ``[T]`` trading time of each, int64.
      traded: ``[T]`` shares each traded, negative if it sold.
      left_out: rows of continuous trading that are no token, by reason.
    """

    row: np.ndarray
    raw: RawOrders
    seen: Observation
    before2: np.ndarray
    open2: int
    trading_ns: np.ndarray
    traded: np.ndarray
    left_out: dict[str, int]


def observe_tape(
    tape: Tape, progress_fn: Callable[[int], None] | None = None
) -> ObservedTape:
    """Run a tape through the book and look at it after each order."""
    result = replay_tape(tape, observe_fn=observe, progress_fn=progress_fn)
    return observed_orders(tape, result)


def observed_orders(tape: Tape, result: mbook.StreamResult) -> ObservedTape:
    """The orders of a tape that was replayed with `observe`."""
    frame, events, seen = tape.messages, result.events, result.observations
    num = len(frame)
    kind = frame["kind"].to_numpy()
    anchor2 = seen.anchor2_ticks
    before2 = np.concatenate([anchor2[:1], anchor2[:-1]])

    # A row's first event tells whether it was accepted and what a cancel took off.
    first = np.full(num, -1)
    index = result.message_index
    first[index[::-1]] = np.arange(len(index))[::-1]
    has_event = first >= 0
    event_of = np.where(has_event, first, 0)
    event_kind = np.where(has_event, events.kind[event_of], EventKind.NONE)
    is_cancel = kind == Kind.CANCEL
    price = np.where(
        is_cancel, events.price_ticks[event_of], frame["price_ticks"].to_numpy()
    )
    side = np.where(is_cancel, events.side[event_of], frame["side"].to_numpy())
    qty = np.where(is_cancel, events.qty[event_of], frame["qty"].to_numpy())
    traded = np.zeros(num, np.int64)
    is_fill = events.kind == EventKind.FILL
    sign = np.where(events.side == Side.BUY, 1, -1)
    np.add.at(traded, index[is_fill], (sign * events.qty)[is_fill])

    inside = in_session(tape)
    is_order = np.isin(kind, (Kind.LIMIT, Kind.IOC, Kind.CANCEL))
    is_rejected = event_kind == EventKind.REJECT
    keep = inside & is_order & ~is_rejected
    row = np.flatnonzero(keep)
    trading_ns = to_trading_ns(
        frame["time_s"].to_numpy(), frame["time_ns"].to_numpy(), tape.sessions
    )[row]
    type_ = np.where(is_cancel, CANCEL, np.where(side == Side.BUY, BUY, SELL))
    raw = RawOrders(
        type=type_[row],
        price2=(2 * price - before2)[row],
        lots=-(-qty[row] // tape.lot_size),
        interval_ns=np.diff(trading_ns, prepend=0),
    )
    return ObservedTape(
        row=row,
        raw=raw,
        seen=jax.tree.map(lambda x: x[row], seen),
        before2=before2[row],
        open2=int(before2[row[0]]) if len(row) else 0,
        trading_ns=trading_ns,
        traded=traded[row],
        left_out={
            "no order (hidden fill, cross, halt, modify)": int(
                (inside & ~is_order).sum()
            ),
            "refused by the exchange": int((inside & is_order & is_rejected).sum()),
        },
    )


def book_lots(observed: ObservedTape, lot_size: int) -> np.ndarray:
    """Lots around the mid and at the touch after each order, ``[T, 12]``."""
    now = observed.seen.quote
    shares = np.concatenate(
        [np.abs(observed.seen.volume_K), now.bid_qty[:, None], now.ask_qty[:, None]],
        axis=-1,
    )
    return -(-shares // lot_size)


@partial(jax.jit, static_argnames="lot_size")
def _features(observed_T, open2, lot_size, edges):
    one = partial(features, open2_ticks=open2, lot_size=lot_size, edges=edges)

    def of(seen, before2, trading_s, traded):
        return one(seen, before2_ticks=before2, trading_s=trading_s, traded_qty=traded)

    return jax.vmap(of)(*observed_T)


def tape_features(
    observed: ObservedTape, tokenizer: Tokenizer, lot_size: int
) -> np.ndarray:
    """Features ``int16[T, F]`` after each order, by the market's own function."""
    columns = (
        observed.seen,
        observed.before2,
        (observed.trading_ns // NS).astype(np.int32),
        observed.traded.astype(np.int32),
    )
    edges = jnp.asarray(tokenizer.book_lots_edges, jnp.int32)
    out = _features(columns, jnp.int32(observed.open2), lot_size, edges)
    return np.asarray(out).astype(np.int16)
