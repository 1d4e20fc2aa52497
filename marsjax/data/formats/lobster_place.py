"""The message after which each row of a LOBSTER orderbook file holds."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from marsjax.data.formats.lobster_book import Books
from marsjax.data.reader import Columns
from marsjax.data.skips import RowsError, Skips
from marsjax.data.text import Table
from marsjax.errors import InputError
from marsjax.types import Side

NOTHING, NO_MESSAGE, FIRST = (-1, 0, 0), (-2, 0, 0), (-3, 0, 0)
"""Changes of a book: none within the levels shown, one that no message makes, and the
row that is there to begin with."""
PART_NUMBERS = 1 << 22
MOST_LEFT_OUT = 64


class Placed(NamedTuple):
    """Books ``int64[T, K, 4]`` and the place of its message ``int64[T]`` of each."""

    levels: np.ndarray
    place: np.ndarray


class _Placer:
    """Books in the order of their file.

    Attributes:
      num_read: rows so far.
    """

    def __init__(self, books: Iterator[Books]):
        self._books = books
        self._held: Books | None = None
        self.num_read = 0

    def peek(self) -> Books:
        """The next books, which stay the next.

        Errors:
          :class:`InputError` if there are none.
        """
        self._held = self._next()
        if self._held is None:
            raise InputError(
                "the orderbook has no row that can be used",
                "give the orderbook of the messages, or leave it out",
            )
        return self._held

    def drop(self, num: int) -> None:
        """Leaves out the first rows of the next books."""
        table, levels = self.peek()
        self._held = Books(table.without(np.arange(num)), levels[num:])

    def _next(self) -> Books | None:
        held, self._held = self._held, None
        if held is None:
            held = next(self._books, None)
            self.num_read += 0 if held is None else len(held.levels)
        return held


class ByLine(_Placer):
    """Row k of the book belongs to message k, as where there are as many of both."""

    def place(self, line_T: np.ndarray, rows: Columns) -> Iterator[Placed]:
        """Books of the next messages, which are on lines ``line_T`` of their file."""
        del rows
        while len(line_T) and (books := self._next()) is not None:
            line = books.table.line_T
            here = int(np.searchsorted(line, line_T[-1], side="right"))
            place = np.searchsorted(line_T, line[:here])
            known = line_T[place] == line[:here]
            yield Placed(books.levels[:here][known], place[known])
            if here < len(line):
                self._held = books
                self.drop(here)
                return

    def missed(self) -> None:
        """Every row has its message, or was counted before."""
        while self._next() is not None:  # the hash is that of the whole file
            pass


class ByChange(_Placer):
    """A row belongs to the next message that turns the row before into it.

    Messages outside of the levels shown are not in the orderbook of a narrower file.
    Row 0 holds after message 0. Where messages were skipped, as many rows may be left
    without one.
    """

    def __init__(self, books: Iterator[Books]):
        super().__init__(books)
        self._before: Books | None = None
        # Of the rows that have no message yet: line, book, and change.
        self._queue: deque[tuple[int, np.ndarray, tuple]] = deque()
        self._line, self._num_skipped = 0, 0  # of the messages so far

    def place(self, line_T: np.ndarray, rows: Columns) -> Iterator[Placed]:
        """Books of the next messages, whose columns are ``rows``."""
        if not len(line_T):
            return
        levels, place = [], []
        skipped = (np.diff(line_T, prepend=self._line) - 1).tolist()
        self._line = int(line_T[-1])
        for i, change in enumerate(_changes_of_messages(rows)):
            if not (self._queue or self._fill()):
                break
            self._num_skipped += skipped[i]
            if self._queue[0][2] in (change, FIRST) or (
                self._num_skipped and self._catch_up(change)
            ):
                self._num_skipped = 0
                levels.append(self._queue.popleft()[1])
                place.append(i)
                if len(place) * levels[0].size > PART_NUMBERS:
                    yield Placed(np.array(levels), np.array(place))
                    levels, place = [], []
        if place:
            yield Placed(np.array(levels), np.array(place))

    def _catch_up(self, change: tuple[int, int, int]) -> bool:
        """Leaves out rows whose messages were skipped, if one after them is this."""
        for k in range(1, min(self._num_skipped, MOST_LEFT_OUT) + 1):
            if self._fill(k + 1) and self._queue[k][2] == change:
                for _ in range(k):
                    self._queue.popleft()
                return True
        return False

    def _fill(self, num: int = 1) -> bool:
        """Gets more rows and what each changes; whether there are so many."""
        while len(self._queue) < num:
            books, before = self._next(), self._before
            if books is None:
                return False
            if before is None:
                changes = [FIRST, *_changes(books.levels)]
                follows = np.diff(books.table.line_T, prepend=0) == 1
            else:
                both = np.concatenate([before.levels[-1:], books.levels])
                changes = _changes(both)
                last = before.table.line_T[-1]
                follows = np.diff(books.table.line_T, prepend=last) == 1
            # After a row that was skipped it is not known what happened between.
            self._queue.extend(
                (int(books.table.line_T[i]), books.levels[i], changes[i])
                for i in np.flatnonzero(follows).tolist()
            )
            self._before = books
        return True

    def missed(self) -> RowsError | None:
        """The rows that no message leads to, if there are any."""
        first, num = None, 0
        while self._queue or self._fill():
            first = first or self._queue[0][0]
            num += len(self._queue)
            self._queue.clear()
        if first is None:
            return None
        return RowsError(
            "no message turns the row before into this one",
            "give the orderbook that belongs to the messages",
            file=self._before.table.path,
            line=first,
            rows=np.arange(num),
        )


def start_together(
    rows: Columns, table: Table, placer: _Placer, skips: Skips | None
) -> tuple[Columns, Table]:
    """The messages from the first on that has a book, which is then the next book.

    That is message 0, unless its row or that of its book was skipped.

    Errors:
      :class:`InputError` if no book can be the opening one.
    """
    books = placer.peek()
    line_T, line = table.line_T, books.table.line_T
    if line_T[0] == line[0] == 1:
        return rows, table
    _, at, book_at = np.intersect1d(line_T, line, return_indices=True)
    if not len(at) or isinstance(placer, ByChange):
        raise InputError(
            "the first row, which seeds the book, cannot be used",
            "give the orderbook of the messages, or leave it out",
            file=books.table.path,
            line=1,
        )
    num = int(at[0])
    if num:
        what = "the message comes before the first row of the orderbook that is good"
        skips.add(table.error(0, what, "correct the orderbook"), num)
    placer.drop(int(book_at[0]))
    table = table.without(np.arange(num))
    return {name: values[num:] for name, values in rows.items()}, table


def _changes_of_messages(rows: Columns) -> list[tuple[int, int, int]]:
    """What each message does to a book that shows its price, as in `_changes`."""
    in_book = rows["type"] <= 4
    sign = np.where(rows["type"] == 1, 1, -1)
    columns = (rows["side"], rows["price_ticks"], sign * rows["qty"])
    columns = [
        np.where(in_book, column, none).tolist()
        for column, none in zip(columns, NOTHING, strict=True)
    ]
    return list(zip(*columns, strict=True))


def _changes(levels: np.ndarray) -> list[tuple[int, int, int]]:
    """The one change that turns each row of ``[T, K, 4]`` into the next.

    Returns:
      ``T - 1`` triples: side, price in ticks and shares, negative if taken off; or
      `NOTHING` or `NO_MESSAGE`.
    """
    before, after = levels[:-1], levels[1:]
    out = np.empty((len(before), 3), np.int64)
    out[:] = NOTHING
    num_levels = levels.shape[1]
    level = np.arange(num_levels)
    for side, column in ((Side.SELL, 0), (Side.BUY, 2)):
        old, new = (x[:, :, column : column + 2] for x in (before, after))
        differ = (old != new).any(axis=2)
        row = np.flatnonzero(differ.any(axis=1))
        old, new, k = old[row], new[row], differ[row].argmax(axis=1)
        at = np.arange(len(row))
        (p_old, q_old), (p_new, q_new) = old[at, k].T, new[at, k].T
        # Levels behind the first that differs: unmoved, moved back or moved up.
        behind = level > k[:, None]
        same = old == new
        unmoved = (same.all(axis=2) | ~behind).all(axis=1)
        moved_back = ((old[:, :-1] == new[:, 1:]).all(axis=2) | ~behind[:, 1:]).all(1)
        moved_up = ((old[:, 1:] == new[:, :-1]).all(axis=2) | ~behind[:, 1:]).all(1)
        better = (p_new > p_old) if side == Side.BUY else (p_new < p_old)
        found = (q_old > 0) & (q_new > 0) & (p_old == p_new) & unmoved
        added = (q_new > 0) & ((q_old == 0) | better) & moved_back
        gone = (q_old > 0) & ((q_new == 0) | ~better) & moved_up & (p_old != p_new)
        qty = np.select([found, added, gone], [q_new - q_old, q_new, -q_old])
        price = np.where(gone, p_old, p_new)
        change = np.stack([np.full(len(row), int(side)), price, qty], axis=1)
        change[qty == 0] = NO_MESSAGE
        change[out[row, 0] != NOTHING[0]] = NO_MESSAGE  # both sides changed
        out[row] = change
    return list(map(tuple, out.tolist()))
