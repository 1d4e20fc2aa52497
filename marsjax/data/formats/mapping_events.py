"""Rows of a feed as events of orders, as its mapping tells."""

from typing import NamedTuple

import numpy as np
import polars as pl

from marsjax.data.checks import MAX_QTY, check_increasing
from marsjax.data.formats.mapping_columns import (
    day_and_ns,
    ids,
    moments,
    numbers,
    places,
    text_of,
)
from marsjax.data.formats.mapping_spec import ACTIONS, Spec
from marsjax.data.formats.order_flow import NOTHING, OP, Batch
from marsjax.data.formats.units import nearest
from marsjax.data.text import Table
from marsjax.types import MAX_PRICE_TICKS, Kind, Side

_RECORD_KINDS = {
    "hidden": Kind.HIDDEN_FILL,
    "cross": Kind.CROSS,
    "halt": Kind.HALT,
    "resume": Kind.HALT,
    "market": Kind.MARKET,
    "ioc": Kind.IOC,
}
_ON_TICK = ("add", "snapshot", "modify", "change", "replace", "ioc")
_TO_LEFT = {"cancel": "CANCEL_TO", "execute": "EXECUTE_TO"}
_REMEDY = "correct or remove the row"


class Carried(NamedTuple):
    """What is known of the rows before: last time and last sequence number."""

    shown_ns: int | None = None
    sequence: int | None = None


class Parsed(NamedTuple):
    """Events of a table's rows, ``[T]`` each, and what is carried on.

    ``symbol``: of each row, or ``None``. ``kind``: place of each row's action among the
    mapping's codes. ``gap``: rows whose sequence number leaves some out.
    """

    day: np.ndarray
    time_ns: np.ndarray
    batch: Batch
    symbol: np.ndarray | None
    code: np.ndarray
    line: np.ndarray
    gap: np.ndarray
    sequence: np.ndarray | None
    num_rounded: dict[str, int]
    carried: Carried


def parse(table: Table, spec: Spec, before: Carried) -> Parsed:
    """Reads a table.

    Errors:
      `RowsError` with the rows at fault.
    """
    length = len(table.line_T)
    codes = list(spec.codes)
    text = text_of(table, spec.columns["action"])
    code = places(text, codes)
    table.check(
        code < 0,
        lambda i: (
            f"{spec.columns['action']} is {text[i]!r}, which is in no "
            "action.codes of the mapping"
        ),
        "add the code, as 'ignore' if need be",
    )
    actions = _Actions(spec, code)
    needs = {
        name: actions.are(*(kind for kind in ACTIONS if name in ACTIONS[kind][1]))
        for name in ("side", "price", "quantity", "id", "new_id")
    }
    shown = moments(table, spec)
    _check_clock(table, shown, before.shown_ns)
    sequence, gap = None, np.zeros(0, np.int64)
    if "sequence" in spec.columns:
        sequence = _sequence(table, spec.columns["sequence"], before.sequence)
        if spec.is_contiguous:
            first = sequence[0] - 1 if length and before.sequence is None else None
            last = first if before.sequence is None else before.sequence
            gap = np.flatnonzero(np.diff(sequence, prepend=last) != 1)
    price, rounded_price = _price(table, spec, actions, needs["price"])
    qty, rounded_qty = _quantity(table, spec, actions, needs["quantity"])
    order_id = np.zeros(length, np.int64)
    if "id" in spec.columns:
        order_id = ids(table, spec.columns["id"], spec.has_text_ids, needs["id"])
        order_id = np.maximum(order_id, 0)
    extra = np.zeros(length, np.int64)
    if "new_id" in spec.columns:
        extra = ids(table, spec.columns["new_id"], spec.has_text_ids, needs["new_id"])
    extra = extra.copy()
    for kind, number in _RECORD_KINDS.items():
        extra[actions.are(kind)] = int(number)
    is_halt = actions.are("halt", "resume")
    price = np.where(is_halt, np.where(actions.are("halt"), -1, 1), price)
    qty = np.where(is_halt, 0, qty)
    side = _sides(table, spec, needs["side"])
    side = np.where((side < 0) & actions.are(*_RECORD_KINDS), Side.BUY, side)
    day, time_ns = day_and_ns(shown)
    symbol = None
    if "symbol" in spec.columns:
        symbol = text_of(table, spec.columns["symbol"]).to_numpy().astype(str)
        table.check(symbol == "", "there is no symbol", _REMEDY)
    last_time = int(shown[-1]) if length else before.shown_ns
    last_number = int(sequence[-1]) if sequence is not None and length else None
    return Parsed(
        day=day,
        time_ns=time_ns,
        batch=Batch(actions.ops(qty), side, price, qty, order_id, extra),
        symbol=symbol,
        code=code,
        line=table.line_T,
        gap=gap,
        sequence=sequence,
        num_rounded={
            "price_rounded_down_to_tick": rounded_price,
            "quantity_rounded_to_lot": rounded_qty,
        },
        carried=Carried(last_time, last_number or before.sequence),
    )


class _Actions:
    """What the rows' codes mean."""

    def __init__(self, spec: Spec, code: np.ndarray):
        self._codes, self._code = list(spec.codes.values()), code

    def are(self, *kinds: str) -> np.ndarray:
        """Which rows are of some kinds."""
        return self._of([each.kind in kinds for each in self._codes])

    def are_left(self) -> np.ndarray:
        """Which rows' quantities are what is left of the order."""
        return self._of([each.is_left for each in self._codes])

    def ops(self, qty: np.ndarray) -> np.ndarray:
        """Op of each row, given the quantities."""
        numbers = []
        for each in self._codes:
            name = ACTIONS[each.kind][0]
            if each.is_left:
                name = _TO_LEFT.get(each.kind, name)
            numbers.append(OP[name] if name else NOTHING)
        op = self._of(numbers)
        op[self.are("end") & (qty == 0)] = OP["EXECUTE_TO"]
        return op

    def _of(self, values: list) -> np.ndarray:
        return np.array(values)[self._code]


def _check_clock(table: Table, shown: np.ndarray, before: int | None) -> None:
    if not len(shown):
        return
    check_increasing_time = np.diff(
        shown, prepend=shown[0] if before is None else before
    )
    table.check(
        check_increasing_time < 0,
        "the time goes backwards",
        "give the file in its original order",
    )


def _sequence(table: Table, column: str, before: int | None) -> np.ndarray:
    series = table.frame[column]
    if series.dtype != pl.String:
        table.check(series.is_null().to_numpy(), f"{column} is missing", _REMEDY)
    number = table.integers(column)
    check_increasing(table, number, column, before)
    return number


def _price(table, spec: Spec, actions, needed) -> tuple[np.ndarray, int]:
    column = spec.columns["price"]
    amount = numbers(table, column)
    ticks, is_off = nearest(spec.tick.count(amount, spec.price_unit))
    text = table.frame[column]
    table.check(
        needed & ~(np.isfinite(amount) & (amount > 0)),
        lambda i: f"{column} is {text[i]!r}, not a positive number",
        _REMEDY,
    )
    table.check(
        is_off & actions.are(*_ON_TICK),
        lambda i: f"{column} {text[i]} is off tick (ticks of {spec.tick})",
        "correct the price, or price.tick in the mapping",
    )
    table.check(
        needed & (ticks > MAX_PRICE_TICKS),
        lambda i: f"{column} {text[i]} is over 2**28 ticks",
        "correct price.unit or price.tick in the mapping",
    )
    there = np.isfinite(amount) & (amount > 0)
    down = np.floor(spec.tick.count(np.where(there, amount, 0), spec.price_unit))
    out = np.where(is_off, down.astype(np.int64), ticks)
    return np.where(there, out, 0), int((is_off & there & needed).sum())


def _quantity(table, spec: Spec, actions, needed) -> tuple[np.ndarray, int]:
    column = spec.columns["quantity"]
    amount = numbers(table, column)
    lots, is_off = nearest(spec.lot.count(amount, spec.quantity_unit))
    text = table.frame[column]
    can_be_zero = actions.are("end") | (
        actions.are_left() & actions.are("cancel", "execute")
    )
    table.check(
        needed & ~(np.isfinite(amount) & ((amount > 0) | can_be_zero & (amount == 0))),
        lambda i: f"{column} is {text[i]!r}, not a positive number",
        _REMEDY,
    )
    if not spec.rounds:
        table.check(
            needed & is_off,
            lambda i: f"{column} {text[i]} is no whole number of lots of {spec.lot}",
            "correct quantity.lot in the mapping, or set quantity.round = true",
        )
    lots = np.where(amount > 0, np.maximum(lots, 1), 0)
    table.check(
        needed & (lots > MAX_QTY),
        lambda i: f"{column} {text[i]} is over 2**31 - 1 lots",
        "correct quantity.unit or quantity.lot in the mapping",
    )
    return np.minimum(lots, MAX_QTY), int((is_off & needed).sum())


def _sides(table, spec: Spec, needed) -> np.ndarray:
    """0 for a buy, 1 for a sell, -1 where it is neither."""
    if "side" not in spec.columns:
        return np.full(len(table.line_T), -1)
    text = text_of(table, spec.columns["side"])
    place = places(text, spec.sides)
    side = np.array([*spec.sides.values(), -1])[place]
    table.check(
        needed & (side < 0),
        lambda i: (
            f"{spec.columns['side']} is {text[i]!r}, in neither side.buy nor "
            "side.sell of the mapping"
        ),
        "correct the field or the mapping",
    )
    return side
