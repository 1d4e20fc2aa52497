"""Lines of logs of created, changed and deleted orders, as checked columns."""

import json
from typing import NamedTuple

import numpy as np
import polars as pl

from marsjax.data.checks import MAX_QTY
from marsjax.data.formats.units import Unit, nearest
from marsjax.data.text import Table
from marsjax.types import MAX_PRICE_TICKS, Side

CSV_COLUMNS = ("id", "timestamp", "price", "volume", "action", "direction")
CODES = ("created", "changed", "deleted", "trade", "book")
_ORDER_CODES = 3
_LOG_NAMES = ("order_created", "order_changed", "order_deleted", "trade", "order_book")
_LOG_LINE = r"^(\d{1,15}) (\w+) (\{.*\})\s*$"
_FIELDS = {
    "id": r'"id": *"?(\d+)"?[,}]',
    "price": r'"price": *"?([\d.]+)"?[,}]',
    "amount": r'"amount": *"?([\d.eE-]+)"?[,}]',
    "order_type": r'"order_type": *"?([01])"?[,}]',
}
_REMEDY = "correct or remove the row"
_MS = 10**6


class Lines(NamedTuple):
    """Lines in order, ``[T]`` each but the books.

    ``moment_ns``: since 1970, UTC. ``code``: place in `CODES`. What a line is not about
    is 0. ``qty``: what is left, in lots; ``is_rounded``: it was no whole number of
    them. ``line``: number in the file. ``book_line``: ``[R]`` which lines are books,
    ``book``: ``int64[R, K, 4]`` ask price, ask quantity, bid price, bid quantity.
    """

    moment_ns: np.ndarray
    code: np.ndarray
    side: np.ndarray
    price_ticks: np.ndarray
    qty: np.ndarray
    order_id: np.ndarray
    is_rounded: np.ndarray
    line: np.ndarray
    book_line: np.ndarray
    book: np.ndarray

    def is_(self, name: str) -> np.ndarray:
        """Which lines are of a code."""
        return self.code == CODES.index(name)


def csv_lines(table: Table, tick: Unit, lot: Unit, unit: Unit) -> Lines:
    """Lines of a CSV; ``unit``: quantity of which ``volume`` counts multiples."""
    code = _one_of(table, "action", CODES[:_ORDER_CODES])
    direction = _one_of(table, "direction", ("bid", "ask"))
    orders = {
        "order_id": table.integers("id"),
        "price": table.frame["price"],
        "amount": table.frame["volume"],
        "side": np.where(direction == 0, int(Side.BUY), int(Side.SELL)),
    }
    moment = table.integers("timestamp")
    return _lines(table, moment, code, orders, np.arange(len(code)), tick, lot, unit)


def log_lines(table: Table, tick: Unit, lot: Unit, levels: int) -> Lines:
    """Lines of a raw log; ``levels``: of its books that are kept."""
    text = table.frame["line"]
    moment, name, body = (
        text.str.extract_groups(_LOG_LINE).struct.unnest().get_columns()
    )
    code = _codes(name.fill_null(""), _LOG_NAMES)
    table.check(
        code < 0,
        lambda i: (
            f"the line begins with {text[i][:40]!r}, not with a time and an event"
        ),
        "give a log of lines 'TIMESTAMP order_created {...}'",
    )
    some = np.flatnonzero(code < _ORDER_CODES)
    body = body.fill_null("")
    chosen = body.gather(some)
    fields = {key: chosen.str.extract(of) for key, of in _FIELDS.items()}
    missing = np.zeros(len(some), bool)
    for field in fields.values():
        missing |= field.is_null().to_numpy()
    table.check(missing, "the order has no id, price, amount or type", _REMEDY, some)
    order_id = fields["id"].cast(pl.Int64, strict=False)
    table.check(order_id.is_null().to_numpy(), "the id is too large", _REMEDY, some)
    orders = {
        "order_id": order_id.to_numpy(),
        "price": fields["price"],
        "amount": fields["amount"],
        "side": np.where(fields["order_type"] == "0", int(Side.BUY), int(Side.SELL)),
    }
    lines = _lines(
        table, moment.cast(pl.Int64).to_numpy(), code, orders, some, tick, lot, None
    )
    rows = np.flatnonzero(lines.is_("book"))
    book = _books(table, body.gather(rows).to_list(), rows, tick, lot, levels)
    return lines._replace(book_line=rows, book=book)


def _lines(table, moment_ms, code, orders, some, tick, lot, unit) -> Lines:
    """``orders``: fields of the lines ``some``."""
    price = orders["price"].str.strip_chars().cast(pl.Float64, strict=False)
    amount = orders["amount"].str.strip_chars().cast(pl.Float64, strict=False)
    price, amount = (
        series.fill_null(float("nan")).to_numpy() for series in (price, amount)
    )
    ticks, off_tick = nearest(tick.count(price))
    table.check(
        ~(price > 0),
        lambda i: f"price is {orders['price'][i]!r}, not a positive number",
        _REMEDY,
        some,
    )
    table.check(
        off_tick,
        lambda i: f"price {orders['price'][i]} is off tick (ticks of {tick})",
        "correct the price or the tick size",
        some,
    )
    table.check(
        ticks > MAX_PRICE_TICKS,
        lambda i: f"price {orders['price'][i]} is over 2**28 ticks",
        "correct the price or use a larger tick",
        some,
    )
    is_new = code[some] == CODES.index("created")
    table.check(
        ~np.isfinite(amount) | (amount < 0) | (is_new & (amount == 0)),
        lambda i: f"volume is {orders['amount'][i]!r}, not a positive number",
        _REMEDY,
        some,
    )
    qty, rounded = nearest(lot.count(amount, unit))
    qty = np.where(amount > 0, np.maximum(qty, 1), 0)
    table.check(
        qty > MAX_QTY,
        lambda i: f"volume {orders['amount'][i]} is over 2**31 - 1 lots of {lot}",
        "correct the volume or use a larger lot",
        some,
    )
    table.check(
        (moment_ms < 0) | (moment_ms > 2**43),
        lambda i: f"timestamp {moment_ms[i]} is not in milliseconds since 1970",
        _REMEDY,
    )

    def placed(values: np.ndarray) -> np.ndarray:
        out = np.zeros(len(code), np.int64)
        out[some] = values
        return out

    return Lines(
        moment_ns=moment_ms * _MS,
        code=code,
        side=placed(orders["side"]),
        price_ticks=placed(ticks),
        qty=placed(qty),
        order_id=placed(orders["order_id"]),
        is_rounded=placed(rounded),
        line=table.line_T,
        book_line=np.zeros(0, np.int64),
        book=np.zeros((0, 1, 4), np.int64),
    )


def _books(table, texts, rows, tick, lot, levels) -> np.ndarray:
    """Books of some lines, each level's quantity in lots."""
    book = np.zeros((len(rows), levels, 4))
    bad = np.zeros(len(rows), bool)
    for r, text in enumerate(texts):
        try:
            content = json.loads(text)
            for column, side in ((0, "asks"), (2, "bids")):
                level = np.array(content[side][:levels], np.float64).reshape(-1, 2)
                book[r, : len(level), column : column + 2] = level
        except (ValueError, KeyError, TypeError):
            bad[r] = True
    table.check(bad, "the book has no bids and asks [price, amount]", _REMEDY, rows)
    ask, bid = book[:, 0, 0], book[:, 0, 2]
    table.check(
        (bid >= ask) & (ask > 0),
        lambda i: f"the book is crossed: bid {bid[i]}, ask {ask[i]}",
        _REMEDY,
        rows,
    )
    out = np.zeros(book.shape, np.int64)
    out[..., ::2] = nearest(tick.count(book[..., ::2]))[0]
    out[..., 1::2] = nearest(lot.count(book[..., 1::2]))[0]
    return out


def _one_of(table: Table, column: str, names: tuple[str, ...]) -> np.ndarray:
    text = table.frame[column].str.strip_chars()
    code = _codes(text, names)
    table.check(
        code < 0,
        lambda i: f"{column} is {text[i]!r}, not one of {', '.join(names)}",
        _REMEDY,
    )
    return code


def _codes(text: pl.Series, names: tuple[str, ...]) -> np.ndarray:
    """Place of each text in ``names``, -1 if it is not there."""
    code = np.full(len(text), -1)
    for number, name in enumerate(names):
        code[(text == name).to_numpy()] = number
    return code
