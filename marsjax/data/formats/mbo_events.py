"""MBO records of one instrument as events of orders."""

from collections.abc import Callable

import numpy as np

from marsjax.data.checks import MAX_QTY
from marsjax.data.formats.live_orders import FIRST_OWN_ID
from marsjax.data.formats.mbo_flow import TRADE
from marsjax.data.formats.mbo_records import LAST, MBP, SNAPSHOT, TOP, Records
from marsjax.data.formats.order_flow import NOTHING, OP, Batch
from marsjax.data.formats.units import Unit
from marsjax.errors import InputError
from marsjax.types import MAX_PRICE_TICKS, Side

NANOS = 10**9
"""Prices count billionths."""

UNDEFINED_PRICE = 2**63 - 1
_REMEDY = "leave the record out, or choose other symbols"
BadFn = Callable[..., None]
"""``bad_fn(first row, how many, what, remedy, kept=False)``."""


class Ticks:
    """The tick of each instrument, in billionths, given or found in the prices."""

    def __init__(self, given: str | float | None):
        self.given = None
        if given is not None:
            units = Unit("tick", given).exact * NANOS
            if units.denominator != 1:
                raise InputError(
                    f"a tick of {given} is no multiple of 1e-9", "give a larger tick"
                )
            self.given = int(units)
        self._found: dict[int, int] = {}

    def learn(self, records: Records) -> None:
        """Takes the prices of more records into account."""
        fields = records.fields
        priced = np.isin(fields["action"], [b"A", b"M"])
        priced &= (fields["price"] > 0) & (fields["price"] != UNDEFINED_PRICE)
        number, price = fields["instrument_id"][priced], fields["price"][priced]
        order = np.argsort(number, kind="stable")
        starts = np.flatnonzero(np.diff(number[order], prepend=-1))
        if len(starts):
            found = np.gcd.reduceat(price[order], starts)
            for key, value in zip(number[order][starts], found, strict=True):
                self._found[int(key)] = int(np.gcd(self._found.get(int(key), 0), value))

    def of(self, instrument: int) -> int:
        """Tick of an instrument, one billionth if nothing is known of it."""
        return self.given or self._found.get(instrument) or 1


def mbo_batch(fields: np.ndarray, tick: int, bad_fn: BadFn, counts: dict) -> Batch:
    """Events of records ``[T]`` of one instrument; those at fault are no events.

    Args:
      fields: the records.
      tick: in billionths.
      bad_fn: raises, or counts records at fault.
      counts: where actions that are no events, and rounded prices, are counted.
    """
    action = fields["action"]
    flags, price = fields["flags"], fields["price"].astype(np.int64)
    op = np.full(len(fields), NOTHING)
    is_snapshot = (flags & SNAPSHOT) > 0
    for code, name in (("C", "CANCEL"), ("M", "MODIFY"), ("R", "CLEAR")):
        op[action == code.encode()] = OP[name]
    op[(action == b"C") & (fields["size"] == 0)] = OP["DELETE"]
    op[action == b"F"] = OP["EXECUTE"]
    op[action == b"T"] = TRADE
    op[action == b"A"] = np.where(is_snapshot, OP["COLLECT"], OP["ADD"])[action == b"A"]
    side = np.full(len(fields), -1)
    side[fields["side"] == b"B"] = int(Side.BUY)
    side[fields["side"] == b"A"] = int(Side.SELL)
    bad = np.zeros(len(fields), bool)

    def check(is_bad, what: Callable[[int], str], remedy: str = _REMEDY) -> None:
        rows = np.flatnonzero(is_bad & ~bad)
        if len(rows):
            bad_fn(int(rows[0]), len(rows), what(int(rows[0])), remedy)
            bad[rows] = True

    known = np.isin(action, [b"A", b"C", b"M", b"R", b"T", b"F", b"N"])
    check(~known, lambda i: f"action {action[i].decode('latin-1')!r} is unknown")
    check(
        (flags & (MBP | TOP)) > 0,
        lambda i: "a price level, not an order",
        "give data of the MBO schema",
    )
    is_order = np.isin(action, [b"A", b"M"])
    acts = is_order | np.isin(action, [b"T", b"F"])
    size = fields["size"].astype(np.int64)
    check(is_order & (side < 0), lambda i: "an order without a side")
    check(
        acts & ((size < 1) | (size > MAX_QTY)),
        lambda i: f"size {size[i]}, outside of 1 to {MAX_QTY},",
    )
    check(
        acts & ((price <= 0) | (price == UNDEFINED_PRICE)),
        lambda i: f"price {price[i] / NANOS:g}, not positive,",
    )
    check(
        is_order & (price % tick != 0),
        lambda i: f"price {price[i] / NANOS:.9g} off tick (ticks of {tick / NANOS:g})",
        "correct the tick size",
    )
    check(
        acts & (price // tick > MAX_PRICE_TICKS),
        lambda i: f"price {price[i] / NANOS:g} over 2**28 ticks",
        "use a larger tick",
    )
    check(
        fields["order_id"] >= FIRST_OWN_ID,
        lambda i: f"order id {fields['order_id'][i]} over 2**62",
    )
    op[bad] = NOTHING
    for code, name in ((b"N", "actions_none"), (b"R", "clears"), (b"T", "trades")):
        counts[name] += int((action == code).sum())
    # Where it traded at another price than the order's, whole ticks need not do.
    off = (action == b"T") & ~bad & (price % tick != 0)
    counts["price_rounded_down_to_tick"] += int(off.sum())
    return Batch(
        op=op,
        side=side,
        price_ticks=price // tick,
        qty=size,
        order_id=np.minimum(fields["order_id"], FIRST_OWN_ID).astype(np.int64),
        extra=(flags & LAST > 0).astype(np.int64),
    )
