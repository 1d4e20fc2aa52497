"""A tape's orders as raw values and as tokens with features (host and device)."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from marsjax import book as mbook
from marsjax.data.replay import replay_blocks
from marsjax.data.tape import Tape, in_session
from marsjax.tokens.clock import NS, to_trading_ns
from marsjax.tokens.merge import Named, run_lots, run_starts
from marsjax.tokens.observe import Observation
from marsjax.tokens.orders import BUY, CANCEL, SELL, RawOrders
from marsjax.tokens.tokenizer import Tokenizer
from marsjax.tokens.views import TICKS, View, view_of
from marsjax.types import EventKind, Kind, Side

BLOCK = 8192
"""Orders whose features are computed at a time."""


class ObservedTape(NamedTuple):
    """The orders of a tape that become tokens, with what the book showed; numpy.

    T orders: those of continuous trading that the exchange accepted. int32, but for
    ``type`` (int8) and times (int64): 97 bytes an order.

    Attributes:
      row: ``[T]`` their message rows; of merged cancels the last one's.
      raw: their values before binning.
      seen: the book after each.
      before2: ``[T]`` twice the anchor before each, ticks.
      open2: twice the anchor at the open.
      trading_ns: ``[T]`` trading time of each.
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
    tape: Tape,
    progress_fn: Callable[[int], None] | None = None,
    view: View = TICKS,
) -> ObservedTape:
    """Run a tape through the book and look at it after each order.

    Block by block, so that only what is returned grows with the tape.

    Args:
      tape: of messages.
      progress_fn: called with the number of messages read.
      view: how the book is seen and whether repeated cancels are one order.
    """
    blocks = replay_blocks(tape, view.look_fn, progress_fn=progress_fn)
    return _joined(tape, blocks, view)


def observed_orders(
    tape: Tape, result: mbook.StreamResult, view: View = TICKS
) -> ObservedTape:
    """The orders of a tape that was replayed with a view's functions."""
    return _joined(tape, [(0, result)], view)


class _Orders(NamedTuple):
    """The columns of a block's orders."""

    row: np.ndarray
    type: np.ndarray
    price2: np.ndarray
    lots: np.ndarray
    seen: Observation
    before2: np.ndarray
    traded: np.ndarray
    named: Named | None  # of orders that may be merged


def _joined(
    tape: Tape, blocks: Iterable[tuple[int, mbook.StreamResult]], view: View
) -> ObservedTape:
    """The orders of all blocks."""
    parts, refused, others, anchor2 = [], 0, 0, None
    inside = in_session(tape)
    for start, result in blocks:
        orders, anchor2, *counts = _block_orders(tape, inside, start, result, anchor2)
        if not view.merges_cancels:
            orders = orders._replace(named=None)
        parts.append(orders)
        others, refused = others + counts[0], refused + counts[1]
    all_ = jax.tree.map(lambda *xs: np.concatenate(xs), *parts)
    trading_ns, merged = _trading_ns(tape, all_.row), {}
    if view.merges_cancels:
        num, all_ = len(all_.row), _merged(all_, trading_ns, tape.lot_size)
        merged = {"cancels merged with the one before": num - len(all_.row)}
        trading_ns = _trading_ns(tape, all_.row)
    interval_ns = np.diff(trading_ns, prepend=0)
    return ObservedTape(
        row=all_.row,
        raw=RawOrders(all_.type, all_.price2, all_.lots, interval_ns),
        seen=all_.seen,
        before2=all_.before2,
        open2=int(all_.before2[0]) if len(all_.row) else 0,
        trading_ns=trading_ns,
        traded=all_.traded,
        left_out={
            "no order (hidden fill, cross, halt, modify)": others,
            "refused by the exchange": refused,
            **merged,
        },
    )


def _trading_ns(tape: Tape, row: np.ndarray) -> np.ndarray:
    time = (tape.messages[name].to_numpy()[row] for name in ("time_s", "time_ns"))
    return to_trading_ns(*time, tape.sessions)


def _merged(orders: _Orders, trading_ns: np.ndarray, lot_size: int) -> _Orders:
    """Repeated cancels as one: what was before the first, what is after the last."""
    starts = run_starts(orders.type, trading_ns, orders.named)
    last = np.append(starts[1:], len(orders.type)) - 1
    first_of, last_of = (
        jax.tree.map(lambda x, i=i: x[i], orders) for i in (starts, last)
    )
    return first_of._replace(
        row=last_of.row,
        seen=last_of.seen,
        lots=run_lots(orders.named.qty, starts, lot_size),
        named=None,
    )


def _block_orders(
    tape: Tape,
    inside: np.ndarray,
    start: int,
    result: mbook.StreamResult,
    anchor2: np.ndarray | None,
) -> tuple[_Orders, np.ndarray, int, int]:
    """The orders of one block of a tape.

    Args:
      inside: rows of continuous trading; start: the block's first row.
      anchor2: the anchor before the block; None: that after its first message.

    Returns:
      its orders, the anchor after it, and how many rows of continuous trading are no
      orders or were refused.
    """
    events, seen, index = result.events, result.observations, result.message_index
    after2 = seen.anchor2_ticks
    anchor2 = after2[:1] if anchor2 is None else anchor2
    before2 = np.concatenate([anchor2, after2])[: len(after2)]
    rows = slice(start, start + len(after2))
    frame, inside = tape.messages[rows], inside[rows]
    kind = frame["kind"].to_numpy()

    # A row's first event tells whether it was accepted and what a cancel took off.
    first = np.full(len(frame), -1)
    first[index[::-1]] = np.arange(len(index))[::-1]
    is_order = np.isin(kind, (Kind.LIMIT, Kind.IOC, Kind.CANCEL))
    is_refused = (first >= 0) & (np.append(events.kind, 0)[first] == EventKind.REJECT)
    row = np.flatnonzero(inside & is_order & ~is_refused)
    event, is_cancel = first[row], kind[row] == Kind.CANCEL

    def of_order(name: str) -> np.ndarray:
        told = np.append(getattr(events, name), np.int32(0))[event]
        return np.where(is_cancel, told, frame[name].to_numpy()[row])

    named = Named(*map(of_order, Named._fields))
    side = named.side
    type_ = np.where(is_cancel, CANCEL, np.where(side == Side.BUY, BUY, SELL))
    signed = np.where(events.side == Side.BUY, events.qty, -events.qty)
    signed = np.where(events.kind == EventKind.FILL, signed, 0)
    # Sums of doubles are exact up to 2**53.
    traded = np.bincount(index, signed, len(frame))[row]
    orders = _Orders(
        row=(start + row).astype(np.int32),
        type=type_.astype(np.int8),
        price2=2 * named.price_ticks - before2[row],
        lots=-(-named.qty // tape.lot_size),
        seen=jax.tree.map(lambda x: x[row], seen),
        before2=before2[row],
        traded=traded.astype(np.int32),
        named=named,
    )
    others = int((inside & ~is_order).sum())
    return orders, after2[-1:], others, int((inside & is_order & is_refused).sum())


def book_lots(observed: ObservedTape, lot_size: int, view: View = TICKS) -> np.ndarray:
    """Lots seen in the book after each order: around the mid and at the touch
    ``[T, 12]``, or of the levels ``[T, 20]``."""
    shares, now = np.abs(observed.seen.volume_K), observed.seen.quote
    if view.book == "ticks":
        touch = (now.bid_qty[:, None], now.ask_qty[:, None])
        shares = np.concatenate([shares, *touch], axis=-1)
    return -(-shares // lot_size)


@partial(jax.jit, static_argnums=0)
def _features(features_fn, observed_T, open2, lot_size, edges):
    one = partial(features_fn, open2_ticks=open2, lot_size=lot_size, edges=edges)

    def of(seen, before2, trading_s, traded):
        return one(seen, before2_ticks=before2, trading_s=trading_s, traded_qty=traded)

    return jax.vmap(of)(*observed_T).astype(jnp.int16)


def tape_features(
    observed: ObservedTape, tokenizer: Tokenizer, lot_size: int
) -> np.ndarray:
    """Features ``int16[T, F]`` after each order, by the market's own function.

    Orders are taken `BLOCK` at a time, so that all tapes share one compilation.
    """
    features_fn = view_of(tokenizer.schema).features_fn
    columns = (
        observed.seen,
        observed.before2,
        (observed.trading_ns // NS).astype(np.int32),
        observed.traded.astype(np.int32),
    )
    edges = jnp.asarray(tokenizer.edges["book_lots"], jnp.int32)
    num = len(observed.row)
    out_TF = np.zeros((num, len(tokenizer.schema.features)), np.int16)
    for start in range(0, num, BLOCK):
        size = min(BLOCK, num - start)

        def padded(x, start=start, size=size):
            pad = [(0, BLOCK - size)] + [(0, 0)] * (x.ndim - 1)
            return np.pad(x[start : start + size], pad)

        block = jax.tree.map(padded, columns)
        scalars = (jnp.int32(observed.open2), jnp.int32(lot_size))
        out = _features(features_fn, block, *scalars, edges)
        out_TF[start : start + size] = np.asarray(out)[:size]
    return out_TF
