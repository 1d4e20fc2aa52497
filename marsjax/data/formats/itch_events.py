"""ITCH messages of chosen stocks as events of orders."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from marsjax.data.checks import MAX_QTY
from marsjax.data.formats.itch_messages import TYPES, Messages
from marsjax.data.formats.live_orders import FIRST_OWN_ID
from marsjax.data.formats.order_flow import NOTHING, OP, Batch
from marsjax.types import Kind, Side

ORDER_TYPES = "AFECXDUPQH"
ONE_DOLLAR = 10_000
ORDER_CODES = np.array([TYPES.index(each) for each in ORDER_TYPES])
_HALT_PRICES = {b"H": -1, b"P": -1, b"Q": 0, b"T": 1}
_REMEDY = "correct or remove the message"

BadFn = Callable[[np.ndarray, np.ndarray, Callable[[int], str], str], None]
"""``bad_fn(messages, is_bad, what, remedy)``; ``what(k)`` of element ``k``."""


class Events(NamedTuple):
    """Events of messages ``message`` (``int[T]``, in order) as a batch."""

    message: np.ndarray
    batch: Batch


def order_events(
    messages: Messages,
    is_wanted: np.ndarray,
    stocks: np.ndarray,
    tick: int,
    bad_fn: BadFn,
    counts: dict[str, int],
) -> Events:
    """Events of the stocks wanted.

    Args:
      messages: some messages.
      is_wanted: ``bool[65536]`` by locate.
      stocks: ``S8[65536]`` symbol by locate, padded with blanks.
      tick: price units of one ten-thousandth in a tick.
      bad_fn: raises, or counts messages at fault, which are then left out.
      counts: where prices that are rounded are counted.
    """
    chosen = is_wanted[messages.locate] & np.isin(messages.code, ORDER_CODES)
    some = np.flatnonzero(chosen)
    code = messages.code[some]
    columns = {name: np.zeros(len(some), np.int64) for name in Batch._fields}
    columns["op"][:] = NOTHING
    context = _Context(messages, stocks, tick, bad_fn, counts)
    for kind in ORDER_TYPES:
        at = np.flatnonzero(code == TYPES.index(kind))
        if len(at):
            for name, values in context.events(kind, some[at]).items():
                columns[name][at] = values
    return Events(some, Batch(**columns))


class _Context:
    def __init__(self, messages, stocks, tick, bad_fn, counts):
        self.messages, self.stocks, self.tick = messages, stocks, tick
        self.bad_fn, self.counts = bad_fn, counts

    def events(self, kind: str, some: np.ndarray) -> dict[str, np.ndarray]:
        """Columns of the events of messages ``some`` of one type."""
        fields = self.messages.of(kind, some)
        bad = np.zeros(len(some), bool)

        def check(is_bad, what: Callable[[int], str], remedy: str = _REMEDY) -> None:
            is_bad = is_bad & ~bad
            if is_bad.any():
                self.bad_fn(some, is_bad, what, remedy)
                bad[is_bad] = True

        names = fields.dtype.names
        out = {"side": np.full(len(some), -1)}
        if "stock" in names:
            own = self.stocks[self.messages.locate[some]]
            check(
                fields["stock"] != own,
                lambda k: (
                    f"stock {_text(fields['stock'][k])} is not that of its "
                    f"locate, {_text(own[k])},"
                ),
            )
        if "side" in names:
            side = fields["side"]
            is_sell = side == b"S"
            check(~is_sell & (side != b"B"), lambda k: f"side {_text(side[k])}")
            out["side"] = np.where(is_sell, int(Side.SELL), int(Side.BUY))
        for name, column in (("ref", "order_id"), ("new_ref", "extra")):
            if name in names:
                ref = fields[name]
                check(
                    ref >= FIRST_OWN_ID,
                    lambda k, ref=ref: f"order reference {ref[k]} is over 2**62",
                )
                out[column] = np.minimum(ref, FIRST_OWN_ID).astype(np.int64)
        if "shares" in names:
            shares = fields["shares"]
            low = 0 if kind in "QX" else 1
            check(
                (shares < low) | (shares > MAX_QTY),
                lambda k: f"{shares[k]} shares, outside of 1 to {MAX_QTY},",
            )
            out["qty"] = np.minimum(shares, MAX_QTY).astype(np.int64)
        price = fields["price"].astype(np.int64) if "price" in names else None
        out |= getattr(self, f"_{kind}")(fields, price, out, check)
        op = np.broadcast_to(out["op"], len(some)).copy()
        op[bad] = NOTHING
        return out | {"op": op}

    def _A(self, fields, price, out, check):
        check(price == 0, lambda k: "a price of 0")
        off = price % self.tick != 0
        check(
            off & (price >= ONE_DOLLAR),
            lambda k: f"price {price[k]} is off tick (ticks of {self.tick} units)",
            "pass a smaller tick",
        )
        # A price below one dollar moves away from the other side.
        self.counts["price_rounded_to_tick"] += int((off & (price < ONE_DOLLAR)).sum())
        up = (out["side"] == Side.SELL) & off
        return {
            "op": OP["ADD"],
            "price_ticks": np.maximum(price // self.tick + up, 1),
        }

    _F = _A

    def _U(self, fields, price, out, check):
        return self._A(fields, price, out, check) | {"op": OP["REPLACE"]}

    def _E(self, fields, price, out, check):
        return {"op": OP["EXECUTE"]}

    def _C(self, fields, price, out, check):
        in_book = (fields["printable"] == b"Y") & (price % self.tick == 0)
        op = np.where(in_book, OP["EXECUTE"], OP["AUCTION"])
        return {"op": op, "price_ticks": price // self.tick}

    def _X(self, fields, price, out, check):
        return {"op": np.where(out["qty"] > 0, OP["CANCEL"], NOTHING)}

    def _D(self, fields, price, out, check):
        return {"op": OP["DELETE"]}

    def _P(self, fields, price, out, check):
        self.counts["price_rounded_down_to_tick"] += int((price % self.tick > 0).sum())
        return {
            "op": OP["RECORD"],
            "extra": int(Kind.HIDDEN_FILL),
            "price_ticks": price // self.tick,
        }

    def _Q(self, fields, price, out, check):
        self.counts["cross_without_shares"] += int((out["qty"] == 0).sum())
        return {
            "op": np.where(out["qty"] > 0, OP["RECORD"], NOTHING),
            "extra": int(Kind.CROSS),
            "price_ticks": price // self.tick,
            "side": int(Side.BUY),
        }

    def _H(self, fields, price, out, check):
        state = fields["state"]
        known = np.isin(state, list(_HALT_PRICES))
        check(~known, lambda k: f"trading state {_text(state[k])} is unknown")
        price = [_HALT_PRICES.get(each, 0) for each in state.tolist()]
        return {
            "op": OP["RECORD"],
            "extra": int(Kind.HALT),
            "price_ticks": np.array(price),
            "side": int(Side.BUY),
        }


def _text(field: bytes) -> str:
    return repr(field.decode("latin-1").strip())
