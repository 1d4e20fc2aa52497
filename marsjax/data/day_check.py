"""A day computed from its raw opening auction on, against what its tape prints."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from marsjax.book.presets import SSE
from marsjax.book.venue import Venue
from marsjax.data import fidelity
from marsjax.data.fidelity import Matched
from marsjax.data.tape import Tape, dense_ids, encode_ids
from marsjax.data.whole_day import auction_rows, auctions, has_auction_orders, run_day
from marsjax.types import EventKind, Phase, Side, explain


class AuctionResult(NamedTuple):
    """One call auction; price 0 and no rows where nothing traded.

    ``orders_F3``: order id, side and quantity of each order filled, in their order.
    ``trades_G4``: buyer's id, seller's id, price and quantity of each trade.
    """

    price_ticks: int
    qty: int
    orders_F3: np.ndarray
    trades_G4: np.ndarray


def check_day(
    tape: Tape,
    venue: Venue = SSE,
    progress_fn: Callable[[int, int], None] | None = None,
) -> dict[str, Any] | None:
    """Let our exchange do a tape's whole day and compare all that the tape prints.

    Args:
      tape: the tape; its auction records are compared with, never read as input.
      venue: whose day and rules.
      progress_fn: called with the number of messages read, and of all.
    Returns:
      ``None`` for a tape without auction orders. Else ``auctions``, a dictionary each:
      ``auction`` (its name), ``price_ticks``, ``price``, ``qty``, the same as the tape
      has them with ``exchange_`` before, ``orders_identical`` of ``orders_total``
      (which orders were filled, and how much), ``trades_identical`` of
      ``trades_total`` (buyer, seller, price and quantity, in order), ``ok``. Further
      ``fills_identical`` of ``fills_total`` and ``cancels_matched`` of
      ``cancels_total`` as in `check_tape`, ``rejected`` (messages of the tape that our
      exchange refused), ``crossed_states`` in continuous trading, ``status`` sentences,
      and ``identical``: whether all of it agrees.
    """
    if not has_auction_orders(tape):
        return None
    result, stream = run_day(tape, venue, progress_fn=progress_fn)
    events, row = result.events, stream.row[result.message_index]
    table = dense_ids(tape.messages)
    ours = _of_events(events, result.message_index)
    theirs = _of_tape(tape, venue, table)
    rows = [
        {
            "auction": name,
            **_prices("", a, tape.tick_size),
            **_prices("exchange_", b, tape.tick_size),
            **_compared(a, b),
        }
        for (_, name), a, b in zip(auctions(venue.schedule), ours, theirs, strict=True)
    ]
    fills = Matched(0, 0)
    if tape.fills is not None:
        fills = fidelity.compare_fills(
            fidelity.fills_of_frame(tape.fills, table),
            fidelity.fills_of_events(events, row),
        )
    cancels = fidelity.compare_cancels(tape.messages, events, row, table)
    is_crossed, phase = result.observations
    rejected = int(((events.kind == EventKind.REJECT) & (row >= 0)).sum())
    crossed = int((is_crossed & (phase == Phase.CONTINUOUS)).sum())
    status = explain(int(result.book.status))
    agrees = fills.matched == fills.total and cancels.matched == cancels.total
    agrees &= all(each["ok"] for each in rows)
    return {
        "auctions": rows,
        "fills_identical": fills.matched,
        "fills_total": fills.total,
        "cancels_matched": cancels.matched,
        "cancels_total": cancels.total,
        "rejected": rejected,
        "crossed_states": crossed,
        "status": status,
        "identical": agrees and not rejected and not crossed and not status,
    }


def _prices(prefix: str, result: AuctionResult, tick_size: float) -> dict:
    return {
        f"{prefix}price_ticks": result.price_ticks,
        f"{prefix}price": round(result.price_ticks * tick_size, 10),
        f"{prefix}qty": result.qty,
    }


def _compared(a: AuctionResult, b: AuctionResult) -> dict:
    """How far two results of one auction agree."""
    filled_a, filled_b = (
        {(order, side): qty for order, side, qty in x.orders_F3.tolist()}
        for x in (a, b)
    )
    same = sum(filled_b.get(order) == qty for order, qty in filled_a.items())
    orders = Matched(same, len(filled_a.keys() | filled_b.keys()))
    both = min(len(a.trades_G4), len(b.trades_G4))
    same = int((a.trades_G4[:both] == b.trades_G4[:both]).all(axis=1).sum())
    trades = Matched(same, max(len(a.trades_G4), len(b.trades_G4)))
    return {
        "orders_identical": orders.matched,
        "orders_total": orders.total,
        "trades_identical": trades.matched,
        "trades_total": trades.total,
        "ok": a[:2] == b[:2]
        and orders.matched == orders.total
        and trades.matched == trades.total,
    }


def _of_events(events, message: np.ndarray) -> list[AuctionResult]:
    """The auctions that our exchange uncrossed, in order."""
    results = []
    for i in np.flatnonzero(events.kind == EventKind.UNCROSS):
        of_it = (events.kind == EventKind.AUCTION_FILL) & (message == message[i])
        columns = (events.order_id, events.side, events.qty)
        orders = np.stack([column[of_it] for column in columns], 1).astype(np.int64)
        price = int(events.price_ticks[i])
        trades = _paired(orders, price)
        results.append(AuctionResult(price, int(events.qty[i]), orders, trades))
    return results


def _paired(orders_F3: np.ndarray, price: int) -> np.ndarray:
    """Trades ``int64[G, 4]``: who meets whom if both sides queue by priority."""
    bids, asks = (orders_F3[orders_F3[:, 1] == side] for side in Side)
    done_bids, done_asks = np.cumsum(bids[:, 2]), np.cumsum(asks[:, 2])
    ends = np.union1d(done_bids, done_asks)
    starts = np.concatenate([[0], ends])[: len(ends)]
    buyer = bids[np.searchsorted(done_bids, starts, side="right"), 0]
    seller = asks[np.searchsorted(done_asks, starts, side="right"), 0]
    return np.stack([buyer, seller, np.full_like(ends, price), ends - starts], axis=1)


def _of_tape(tape: Tape, venue: Venue, table: np.ndarray | None) -> list[AuctionResult]:
    """The auctions as the exchange printed them: each trade has a row a side."""
    rows, which = auction_rows(tape, venue.schedule)
    frame = tape.messages[rows]
    ids = encode_ids(frame["order_id"].to_numpy(), table)
    side, price, qty = (
        frame[name].to_numpy().astype(np.int64)
        for name in ("side", "price_ticks", "qty")
    )
    results = []
    for auction in range(len(auctions(venue.schedule))):
        of_it = which == auction
        buys, sells = (np.flatnonzero(of_it & (side == each)) for each in Side)
        num = min(len(buys), len(sells))
        columns = (ids[buys[:num]], ids[sells[:num]], price[buys[:num]])
        trades = np.stack([*columns, qty[buys[:num]]], axis=1).astype(np.int64)
        filled: dict[tuple[int, int], int] = {}
        for i in np.flatnonzero(of_it):
            order = (int(ids[i]), int(side[i]))
            filled[order] = filled.get(order, 0) + int(qty[i])
        orders = np.array([(*key, value) for key, value in filled.items()], np.int64)
        price_ticks = int(price[of_it][0]) if of_it.any() else 0
        volume = int(qty[buys].sum())
        results.append(
            AuctionResult(price_ticks, volume, orders.reshape(-1, 3), trades)
        )
    return results
