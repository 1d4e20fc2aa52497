"""Published rows of an orders and a trades file, in the order of their channel.

A row is a place in a dict of columns ``[T]``: ``what`` it is, ``side`` (the aggressor's
for a fill), ``actor`` and ``other`` (order ids: of a fill the aggressor and the resting
order, of an auction trade buyer and seller), ``price_ticks``, ``qty``, ``sequence``,
``time`` (nanoseconds after midnight), and where it comes from: ``file`` (0 orders, 1
trades) and ``line`` in it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from marsjax.data.checks import out_of_order
from marsjax.data.skips import RowsError
from marsjax.data.text import Table
from marsjax.errors import InputError

NEW, CANCEL, FILL, AUCTION = range(4)
"""What a published row is."""


@dataclass(frozen=True)
class Rows:
    """Rows of both files: ``columns`` as above, and the ``paths`` of the files."""

    paths: tuple[Path, Path]
    columns: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.columns["what"])

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def take(self, index: np.ndarray | slice) -> "Rows":
        """Some of the rows."""
        columns = {name: values[index] for name, values in self.columns.items()}
        return Rows(self.paths, columns)

    def without(self, rows: np.ndarray) -> "Rows":
        """All but some of the rows."""
        keep = np.ones(len(self), bool)
        keep[rows] = False
        return self.take(keep)

    def check(
        self, bad: np.ndarray, what: str | Callable[[int], str], remedy: str
    ) -> None:
        """Like :meth:`Table.check`."""
        index = np.flatnonzero(bad)
        if len(index):
            i = int(index[0])
            raise RowsError(
                what(i) if callable(what) else what,
                remedy,
                file=self.paths[int(self["file"][i])],
                line=int(self["line"][i]),
                rows=index,
            )


def joined(*parts: Rows) -> Rows:
    """Rows after each other."""
    columns = {
        name: np.concatenate([part[name] for part in parts])
        for name in parts[0].columns
    }
    return Rows(parts[0].paths, columns)


ReadFn = Callable[[Table, int | None, int | None], tuple[dict, Table]]
"""Columns of a chunk, and the rows of it that they are of, from the chunk, the last
sequence number and the last time before it."""


class Channel:
    """The rows of two files by their sequence numbers, a bounded number at a time.

    Args:
      paths: of the orders and of the trades.
      chunks: of both files.
      read_fns: how each file's chunks are read.
    Attributes:
      num_read: good rows of each file so far.
      num_gaps: how often a sequence number is not the next one.
    """

    def __init__(
        self,
        paths: tuple[Path, Path],
        chunks: tuple[Iterator[Table], Iterator[Table]],
        read_fns: tuple[ReadFn, ReadFn],
    ):
        self._paths, self._read_fns = paths, read_fns
        self._chunks = [iter(each) for each in chunks]
        self._held: list[Rows | None] = [None, None]
        self._last: list[tuple] = [(None, None), (None, None)]
        self._is_over = [False, False]
        self.num_read = [0, 0]

    def rows(self) -> Iterator[Rows]:
        """Merged rows; none comes before its neighbours of the other file."""
        while True:
            for i in range(2):
                while not self._is_over[i] and not self._num_held(i):
                    self._more(i)
            ends = [
                self._held[i]["sequence"][-1] for i in range(2) if not self._is_over[i]
            ]
            parts = [
                self._cut(i, min(ends, default=None))
                for i in range(2)
                if self._num_held(i)
            ]
            if not parts:
                return
            rows = joined(*parts)
            order = np.argsort(rows["sequence"], kind="stable")
            yield rows.take(order)

    def _num_held(self, i: int) -> int:
        return 0 if self._held[i] is None else len(self._held[i])

    def _more(self, i: int) -> None:
        table = next(self._chunks[i], None)
        if table is None:
            self._is_over[i] = True
            return
        columns, table = self._read_fns[i](table, *self._last[i])
        num = len(table.line_T)
        if num:
            self._last[i] = (int(columns["sequence"][-1]), int(columns["time"][-1]))
        self.num_read[i] += num
        columns |= {"file": np.full(num, i), "line": table.line_T}
        self._held[i] = Rows(self._paths, columns)

    def _cut(self, i: int, end: int | None) -> Rows:
        """Rows up to a sequence number; all if there is none."""
        held = self._held[i]
        stop = len(held)
        if end is not None:
            stop = int(np.searchsorted(held["sequence"], end, side="right"))
        self._held[i] = held.take(slice(stop, None))
        return held.take(slice(stop))


class Sequence:
    """What is known of the channel's numbers and clock before the next rows.

    Attributes:
      num_gaps: how often a number was not the next one.
    """

    def __init__(self, is_contiguous: bool):
        self._is_contiguous = is_contiguous
        self.number: int | None = None
        self.time: int | None = None
        self.num_gaps = 0

    def check(self, rows: Rows) -> None:
        """Refuses numbers in both files, times that go back, and gaps if need be."""
        number, time = rows["sequence"], rows["time"]
        rows.check(
            np.diff(number, prepend=number[:1] - 1) == 0,
            lambda i: f"ApplSeqNum {number[i]} is in both files",
            "give the orders and trades of one instrument on one channel",
        )
        bad, latest = out_of_order(time, self.time, rising=False)

        def what(i: int) -> str:
            how = "goes backwards" if time[i] < latest[i] else "is ahead"
            return f"the time {how} against the rows with the ApplSeqNum near it"

        rows.check(bad, what, "give both files of the same day, unedited")
        if self._is_contiguous and (self._gaps(number)).any():
            i = int(np.argmax(self._gaps(number)))
            raise InputError(
                f"ApplSeqNum {number[i]} follows {self._before(number)[i]}: rows are "
                "missing",
                "download the file again, or read it as a channel with gaps",
                file=rows.paths[int(rows["file"][i])],
                line=int(rows["line"][i]),
            )

    def after(self, rows: Rows) -> None:
        """Goes on behind rows that were checked."""
        if len(rows):
            self.num_gaps += int(self._gaps(rows["sequence"]).sum())
            self.number = int(rows["sequence"][-1])
            self.time = int(rows["time"][-1])

    def _before(self, number: np.ndarray) -> np.ndarray:
        first = number[:1] - 1 if self.number is None else [self.number]
        return np.concatenate([first, number[:-1]])

    def _gaps(self, number: np.ndarray) -> np.ndarray:
        return number > self._before(number)[: len(number)] + 1
