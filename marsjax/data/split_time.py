"""Cuts one tape in time, without ever holding all of its times."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from marsjax.data.clock import NS, Sessions, to_trading_ns, to_wall_ns
from marsjax.data.split_spec import EMBARGO_S, SplitSpec
from marsjax.data.tape import PARTS, Tape

LoadFn = Callable[[], np.ndarray]


class Place(NamedTuple):
    """A row, and how many rows of continuous trading come before it."""

    row: int
    index: int


class Division(NamedTuple):
    """What a split makes of one tape.

    Attributes:
      rows: half-open ranges of message rows by part.
      times: the same as ``[time_s, time_ns]`` pairs; an end is the first moment
        outside.
      embargo: rows of continuous trading in no part.
    """

    rows: dict[str, list[int]]
    times: dict[str, list[list[int]]]
    embargo: int


class Timeline:
    """Times of a tape's rows, which never go backwards, a piece at a time.

    Args:
      loads: one function a piece, in order: its times, int64 ns after midnight.
      sessions: windows of continuous trading, ``[start, end)`` in seconds.
      seed_rows: first rows, which rebuild a book and are in no session.
    Attributes:
      count: rows of continuous trading.
      first, last: place of the first of them, and of the row after the last.
    """

    def __init__(self, loads: Sequence[LoadFn], sessions: Sessions, seed_rows: int = 0):
        self.sessions, self._seed_rows = sessions, seed_rows
        self._loads, self._starts, self._before = list(loads), [0], [0]
        self._ends_ns: list[int] = []
        self._held: tuple[int, np.ndarray] | None = None
        first, end = None, 0
        for i in range(len(self._loads)):
            time = self._load(i)
            rows = np.flatnonzero(self._inside(i, time))
            if len(rows):
                first = self._starts[i] + int(rows[0]) if first is None else first
                end = self._starts[i] + int(rows[-1]) + 1
            self._starts.append(self._starts[i] + len(time))
            self._before.append(self._before[i] + len(rows))
            self._ends_ns.append(int(time[-1]) if len(time) else -1)
        self.count = self._before[-1]
        self.first, self.last = Place(first or 0, 0), Place(end, self.count)

    def time_of(self, index: int) -> int:
        """Time of a row of continuous trading, counted among those."""
        i = int(np.searchsorted(self._before, index, side="right")) - 1
        time = self._load(i)
        return int(time[self._inside(i, time)][index - self._before[i]])

    def moment(self, row: int) -> list[int]:
        """``[time_s, time_ns]`` of a row; just after the tape for the row after it."""
        if row >= self._starts[-1]:
            ends = [end for end in self._ends_ns if end >= 0]
            return list(divmod(ends[-1] + 1 if ends else 0, NS))
        i = int(np.searchsorted(self._starts, row, side="right")) - 1
        return list(divmod(int(self._load(i)[row - self._starts[i]]), NS))

    def from_time(self, time_ns: int) -> Place:
        """The first row of continuous trading at a time or later."""
        for i, end in enumerate(self._ends_ns):
            if end < time_ns:
                continue
            time = self._load(i)
            inside = self._inside(i, time)
            rows = np.flatnonzero(inside & (time >= time_ns))
            if len(rows):
                before = int(inside[: rows[0]].sum())
                return Place(self._starts[i] + int(rows[0]), self._before[i] + before)
        return self.last

    def _load(self, i: int) -> np.ndarray:
        if self._held is None or self._held[0] != i:
            self._held = (i, self._loads[i]())
        return self._held[1]

    def _inside(self, i: int, time: np.ndarray) -> np.ndarray:
        inside = np.zeros(len(time), bool)
        for start, end in self.sessions:
            inside |= (time >= start * NS) & (time < end * NS)
        inside[: max(0, self._seed_rows - self._starts[i])] = False
        return inside


def timeline_of(tape: Tape) -> Timeline:
    """The times of a tape in memory."""

    def load() -> np.ndarray:
        time_s = tape.messages["time_s"].to_numpy().astype(np.int64)
        return time_s * NS + tape.messages["time_ns"].to_numpy()

    return Timeline([load], tape.sessions, tape.seed_rows)


def divide(timeline: Timeline, spec: SplitSpec) -> Division:
    """Cuts the rows of continuous trading into parts that follow each other in time.

    A boundary is moved forward to the next change of timestamp, so that no two parts
    share one, and the part after it begins ``embargo_s`` of trading time later; a part
    can be empty on a short tape.
    """
    ends = [timeline.first]
    for share in np.cumsum(spec.shares)[:-1]:
        ends.append(_cut(timeline, round(float(share) * timeline.count)))
    ends.append(timeline.last)
    rows, embargo = {}, 0
    for part, begin, end in zip(PARTS, ends[:-1], ends[1:], strict=True):
        start = min(_after(timeline, begin, end, spec.embargo_s), end)
        rows[part] = [start.row, end.row]
        embargo += start.index - begin.index
    return Division(rows, _times(timeline, rows), embargo)


def whole(
    rows: Sequence[int], times: Sequence[list[int]], count: int, part: str | None
) -> Division:
    """All of a tape's continuous trading to one part; ``None``: to no part.

    Args:
      rows: half-open range of message rows from the first to the last of them.
      times: the same as ``[time_s, time_ns]``.
      count: rows of continuous trading in the range.
      part: one of :data:`PARTS`.
    """
    at = len(PARTS) if part is None else PARTS.index(part)
    side = [int(i > at) for i in range(len(PARTS) + 1)]
    ends = {name: (side[i], side[i + 1]) for i, name in enumerate(PARTS)}
    ranges = {name: [rows[a], rows[b]] for name, (a, b) in ends.items()}
    moments = {name: [list(times[a]), list(times[b])] for name, (a, b) in ends.items()}
    return Division(ranges, moments, count if part is None else 0)


def _times(timeline: Timeline, rows: dict) -> dict[str, list[list[int]]]:
    return {part: [timeline.moment(row) for row in ends] for part, ends in rows.items()}


def _cut(timeline: Timeline, index: int) -> Place:
    """The first change of timestamp at or after a row of continuous trading."""
    if index <= 0:
        return timeline.first
    if index >= timeline.count:
        return timeline.last
    return timeline.from_time(timeline.time_of(index - 1) + 1)


def _after(timeline: Timeline, cut: Place, end: Place, embargo_s: float | None):
    """Where the part after a boundary begins; nothing to keep from at the start."""
    if cut.index in (0, timeline.count) or embargo_s == 0:
        return cut
    first, last = (
        int(to_trading_ns(*timeline.moment(place.row), timeline.sessions))
        for place in (cut, end)
    )
    if embargo_s is None:
        embargo_ns = min(round(EMBARGO_S * NS), (last - first) // 2)
    else:
        embargo_ns = round(embargo_s * NS)
    return timeline.from_time(to_wall_ns(first + embargo_ns, timeline.sessions))
