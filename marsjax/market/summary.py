"""Simulated beside real: a first look at spread, rates, sizes and waiting times.

One value for each simulated market and one for the real orders; the interval is the 5th
to 95th percentile over markets, so it says how much markets differ and not how sure a
mean is.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from marsjax.market.quotes import spread_and_mid
from marsjax.market.rollout import Rollout
from marsjax.market.start import Start
from marsjax.tokens.clock import NS
from marsjax.tokens.orders import BUY, CANCEL, SELL
from marsjax.types import EventKind, Kind, Side


class Orders(NamedTuple):
    """Consecutive orders of one market; numpy ``[T]``.

    ``type`` as tokens number it; ``spread_ticks`` after each order, NaN where the book
    was one-sided; ``traded_lots`` at once; ``interval_s`` since the order before;
    ``is_valid``: the exchange took it; ``mid_ticks`` after it.
    """

    type: np.ndarray
    lots: np.ndarray
    spread_ticks: np.ndarray
    mid_ticks: np.ndarray
    traded_lots: np.ndarray
    interval_s: np.ndarray
    is_valid: np.ndarray


def real_orders(start: Start, num_orders: int) -> tuple[Orders, np.ndarray]:
    """The tape's next ``num_orders`` after the start, fewer at its end.

    Returns:
      the orders, and their trading times in seconds.
    """
    observed = start.observed
    first = int(np.searchsorted(observed.row, start.row))
    span = slice(first, first + num_orders)
    now = observed.seen.quote
    spread, mid = spread_and_mid(now.bid_ticks[span], now.ask_ticks[span])
    orders = Orders(
        type=observed.raw.type[span],
        lots=observed.raw.lots[span],
        spread_ticks=spread,
        mid_ticks=mid,
        traded_lots=np.abs(observed.traded[span]) / start.tape.lot_size,
        interval_s=observed.raw.interval_ns[span] / NS,
        is_valid=np.ones(len(spread), bool),
    )
    return orders, observed.trading_ns[span] / NS


def simulated_orders(result: Rollout, start: Start) -> list[Orders]:
    """The orders of each simulated market."""
    lot_size = start.tape.lot_size
    # Like the real orders' first interval, the first counts from the order before.
    begin_s = int(start.market.clock_s) + int(start.market.clock_ns) / NS
    out = []
    for b in range(len(result.market_ids)):
        record = result.records._make(x[b] for x in result.records)
        sent = record.kind != Kind.NONE
        record = record._make(x[sent] for x in record)
        spread, mid = spread_and_mid(record.bid_ticks, record.ask_ticks)
        clock = record.clock_s + record.clock_ns / NS
        side = np.where(record.side == Side.BUY, BUY, SELL)
        out.append(
            Orders(
                type=np.where(record.kind == Kind.CANCEL, CANCEL, side),
                lots=-(-record.qty // lot_size),
                spread_ticks=spread,
                mid_ticks=mid,
                traded_lots=record.traded_qty / lot_size,
                interval_s=np.diff(clock, prepend=begin_s),
                is_valid=record.last_event != EventKind.REJECT,
            )
        )
    return out


def _rate(which: Callable[[Orders], np.ndarray]) -> Callable[[Orders], float]:
    def rate(orders: Orders) -> float:
        seconds = orders.interval_s.sum()
        return which(orders).sum() / seconds if seconds > 0 else np.nan

    return rate


def _mean(values: np.ndarray) -> float:
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else np.nan


def _quantile(values: np.ndarray, q: float) -> float:
    return float(np.quantile(values, q)) if len(values) else np.nan


MEASURES: dict[str, Callable[[Orders], float]] = {
    "spread, mean (ticks)": lambda o: _mean(o.spread_ticks),
    "one-sided book (share of orders)": lambda o: _mean(
        np.isnan(o.spread_ticks).astype(float)
    ),
    "sell orders (1/s)": _rate(lambda o: o.type == SELL),
    "buy orders (1/s)": _rate(lambda o: o.type == BUY),
    "cancels (1/s)": _rate(lambda o: o.type == CANCEL),
    "cancels (share)": lambda o: _mean((o.type == CANCEL).astype(float)),
    "marketable (share of new orders)": lambda o: _mean(
        (o.traded_lots[o.type != CANCEL] > 0).astype(float)
    ),
    "size of new orders, median (lots)": lambda o: _quantile(
        o.lots[o.type != CANCEL], 0.5
    ),
    "size of new orders, mean (lots)": lambda o: _mean(
        o.lots[o.type != CANCEL].astype(float)
    ),
    "inter-arrival, median (s)": lambda o: _quantile(o.interval_s, 0.5),
    "inter-arrival, 90th percentile (s)": lambda o: _quantile(o.interval_s, 0.9),
    "mid, standard deviation of changes (ticks)": lambda o: (
        float(np.std(np.diff(o.mid_ticks[~np.isnan(o.mid_ticks)])))
        if (~np.isnan(o.mid_ticks)).sum() > 1
        else np.nan
    ),
    "valid messages (share)": lambda o: _mean(o.is_valid.astype(float)),
}


def compare(simulated: list[Orders], real: Orders) -> list[dict]:
    """A row for each measure: real, mean over markets, 5 % and 95 % of markets."""

    def clean(value: float) -> float | None:
        return None if np.isnan(value) else float(value)

    rows = []
    for name, measure in MEASURES.items():
        values = np.array([measure(orders) for orders in simulated])
        values = values[~np.isnan(values)]
        rows.append(
            {
                "measure": name,
                "real": clean(measure(real)) if len(real.type) else None,
                "simulated": clean(_mean(values)),
                "5 % of markets": clean(_quantile(values, 0.05)),
                "95 % of markets": clean(_quantile(values, 0.95)),
            }
        )
    return rows
