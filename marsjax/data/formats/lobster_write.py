"""Writes a canonical stream and its replay as LOBSTER message and orderbook files."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from marsjax.data.formats.lobster_book import EMPTY_ASK, EMPTY_BID
from marsjax.data.tape import Tape, dense_ids
from marsjax.errors import InputError
from marsjax.types import Event, EventKind, Kind, Side

_RECORDS = {Kind.HIDDEN_FILL: 5, Kind.CROSS: 6, Kind.HALT: 7}
_PRICE_UNITS = 10_000


class LobsterFrames(NamedTuple):
    """What the two files hold, R rows.

    Attributes:
      messages: the six columns of a message file.
      books: ``4 K`` columns, the book after each row.
      tape_row_R: row of the tape that each row comes from.
      num_silent: messages that left no row (refused by the exchange, or expired without
        a fill).
    """

    messages: pl.DataFrame
    books: pl.DataFrame
    tape_row_R: np.ndarray
    num_silent: int


def write_lobster(
    directory: str | Path,
    tape: Tape,
    events: Event,
    message: np.ndarray,
    levels: np.ndarray,
) -> tuple[Path, Path, dict[str, int]]:
    """Writes ``NAME_message_K.csv`` and ``NAME_orderbook_K.csv``, both or none.

    A fill becomes a type 4 row with id and side of the resting order, what an order
    leaves resting a type 1 row, a cancel a type 2 or 3 row, and the records of a tape
    types 5 to 7. Row k of the orderbook is the book after row k of the messages, also
    between the fills of one order. Seed rows are the opening book and no rows.

    Args:
      directory: folder to write to; made if need be.
      tape: the stream, ``T`` rows, whose replay starts from an empty book.
      events: the exchange's events, ``int32[E]`` each, in order.
      message: ``int[E]`` row of the message each event belongs to.
      levels: ``int[T, K, 4]`` book after each message: ask price, ask quantity, bid
        price, bid quantity; quantity 0 where a level is empty.
    Returns:
      The two paths, and counts: rows written, and messages that left no row (refused
      by the exchange, or expired without a fill).
    Errors:
      :class:`InputError` if the folder cannot be written or the tick is no multiple of
      0.0001. ``ValueError`` for a modify that re-enters the book, which the format
      cannot show in K levels.
    """
    messages, books, _, num_silent = lobster_frames(tape, events, message, levels)
    directory = Path(directory)
    depth = levels.shape[1]
    paths = [
        directory / f"{tape.name}_{w}_{depth}.csv" for w in ("message", "orderbook")
    ]
    hidden = [path.with_name(f".{path.name}.{os.getpid()}") for path in paths]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for path, frame in zip(hidden, (messages, books), strict=True):
            frame.write_csv(path, include_header=False)
        for path, final in zip(hidden, paths, strict=True):
            path.replace(final)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", "choose another --out",
            file=directory,
        ) from None  # fmt: skip
    finally:
        for path in hidden:
            with suppress(OSError):
                path.unlink(missing_ok=True)
    counts = {"rows": len(messages), "messages_without_row": num_silent}
    return paths[0], paths[1], counts


def lobster_frames(
    tape: Tape, events: Event, message: np.ndarray, levels: np.ndarray
) -> LobsterFrames:
    """The rows that `write_lobster` writes, of the same arguments.

    Errors:
      :class:`InputError` if the tick is no multiple of 0.0001. ``ValueError`` for a
      modify that re-enters the book.
    """
    tick = round(tape.tick_size * _PRICE_UNITS)
    if tick < 1 or abs(tick - tape.tick_size * _PRICE_UNITS) > 1e-6:
        raise InputError(
            f"tape {tape.name} has ticks of {tape.tick_size}; LOBSTER prices are whole "
            "ten-thousandths",
            "write it as parquet",
        )
    writer = _Writer(tape, np.asarray(levels, np.int64))
    writer.run(events, np.asarray(message))
    messages, books = writer.frames(tick)
    tape_row_R = np.array([row[0] for row in writer.rows], np.int64)
    return LobsterFrames(messages, books, tape_row_R, writer.silent)


class _Writer:
    """Collects LOBSTER rows: ``rows`` and, beside each, the book after it."""

    def __init__(self, tape: Tape, levels: np.ndarray):
        self.tape, self.levels = tape, levels
        self.rows: list[tuple[int, int, int, int, int, int]] = []
        self.books: list[np.ndarray] = []
        self.left: dict[int, int] = {}
        self.silent = 0
        table = dense_ids(tape.messages)
        self.tape_id = (lambda i: i) if table is None else (lambda i: int(table[i]))

    def run(self, events: Event, message: np.ndarray) -> None:
        """Goes through the messages with the events of each."""
        columns = ("kind", "side", "price_ticks", "qty", "order_id", "maker_id")
        fields = [np.asarray(getattr(events, name)).tolist() for name in columns]
        listed = list(zip(*fields, strict=True))
        ends = np.searchsorted(message, np.arange(self.levels.shape[0] + 1)).tolist()
        columns = ("kind", "side", "price_ticks", "qty", "order_id")
        asked = self.tape.messages.select(columns).iter_rows()
        for t, (kind, side, price, qty, order_id) in enumerate(asked):
            if kind in _RECORDS:
                self._put(t, _RECORDS[kind], order_id, qty, price, side, self.levels[t])
                continue
            steps = list(self._steps(Kind(kind), listed[ends[t] : ends[t + 1]]))
            if t < self.tape.seed_rows:
                continue
            self.silent += not steps
            books = self._books(t, steps)
            for (event, target, size, at, of), book in zip(steps, books, strict=True):
                self._put(t, event, self.tape_id(target), size, at, of, book)

    def _put(self, t, event, order_id, qty, price, side, book) -> None:
        self.rows.append((t, event, order_id, qty, price, side))
        self.books.append(book)

    def _steps(self, asked: Kind, events: list[tuple]) -> Iterator[tuple]:
        """Type, order id, size, price and side of the rows of one message."""
        for kind, side, price, qty, order_id, maker_id in events:
            if asked == Kind.MODIFY and kind in (EventKind.FILL, EventKind.REST):
                raise ValueError(f"modify of order {order_id} re-enters the book")
            if kind == EventKind.FILL:
                self._take(maker_id, qty)
                yield 4, maker_id, qty, price, 1 - side
            elif kind == EventKind.REST:
                self.left[order_id] = qty
                yield 1, order_id, qty, price, side
            elif kind == EventKind.CANCEL:
                rest = self._take(order_id, qty)
                if asked == Kind.AUCTION_FILL:
                    yield 4, order_id, qty, price, side
                else:
                    yield (2 if rest else 3), order_id, qty, price, side
            elif kind == EventKind.REPLACE:
                less = self.left[order_id] - qty
                self.left[order_id] = qty
                if less:
                    yield 2, order_id, less, price, side

    def _take(self, order_id: int, qty: int) -> int:
        self.left[order_id] -= qty
        return self.left[order_id]

    def _books(self, t: int, steps: list[tuple]) -> list[np.ndarray]:
        """The book after each row of one message.

        Known is the book after the last. Undoing a fill puts its quantity back on top
        of the resting side, which is exact in K levels; the aggressor's own side is
        that of the message before until its rest arrives.
        """
        book = self.levels[t]
        books = [book]
        for event, _, qty, price, side in reversed(steps[1:]):
            before = book.copy()
            column = 2 if side == Side.BUY else 0
            if event == 4:
                _put_back(before[:, column : column + 2], price, qty)
            else:
                last = self.levels[t - 1] if t else np.zeros_like(book)
                before[:, column : column + 2] = last[:, column : column + 2]
            book = before
            books.append(book)
        return books[: len(steps)][::-1]

    def frames(self, tick: int) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The two files' contents, prices in ten-thousandths."""
        rows = np.array(self.rows, np.int64).reshape(-1, 6)
        t, event, order_id, qty, price, side = rows.T
        stamp = self.tape.messages[t].select(
            pl.format("{}.{}", "time_s", pl.col("time_ns").cast(str).str.zfill(9))
        )
        messages = pl.DataFrame(
            {
                "time": stamp.to_series(),
                "type": event,
                "order_id": order_id,
                "size": qty,
                "price": np.where(event == 7, price, price * tick),
                "direction": np.where(side == Side.BUY, 1, -1),
            }
        )
        depth = self.levels.shape[1]
        book = np.array(self.books, np.int64).reshape(-1, depth, 4)
        for column, empty in ((0, EMPTY_ASK), (2, EMPTY_BID)):
            none = book[..., column + 1] == 0
            book[..., column] = np.where(none, empty, book[..., column] * tick)
        return messages, pl.DataFrame(book.reshape(-1, 4 * depth))


def _put_back(side: np.ndarray, price: int, qty: int) -> None:
    """Adds quantity at the best price of ``[K, 2]`` (price, quantity), in place."""
    if side[0, 1] and side[0, 0] == price:
        side[0, 1] += qty
    else:
        side[1:] = side[:-1].copy()
        side[0] = price, qty
