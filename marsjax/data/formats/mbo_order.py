"""Whether MBO records are in order: clocks and sequence numbers."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from marsjax.data.formats.mbo_records import MAYBE_BAD_BOOK, SNAPSHOT

_LATEST_NS = 2**62


class Told(NamedTuple):
    """What is wrong from a record on; ``number``: added to ``count``."""

    row: int
    what: str
    remedy: str
    count: str
    number: int


class Clocks:
    """The time of the last record of each instrument."""

    def __init__(self):
        self._last: dict[int, int] = {}

    def moments(self, number, fields, clock: str, bad_fn) -> tuple[np.ndarray, int]:
        """Nanoseconds since 1970 of an instrument's next records.

        A clock that goes backwards is a fault, and stands still. A snapshot's records
        have the time at which it was taken, not that of their orders.
        """
        moment = fields[clock]
        is_snapshot = (fields["flags"] & SNAPSHOT) > 0
        moment = np.where(is_snapshot, fields["ts_recv"], moment)
        unknown = moment > _LATEST_NS
        moment = np.where(unknown, 0, moment).astype(np.int64)
        before = self._last.get(number, 0)
        latest = np.maximum.accumulate(np.maximum(moment, before))
        behind = np.flatnonzero(moment < latest)
        if len(behind):
            bad_fn(
                int(behind[0]),
                len(behind),
                "the time goes backwards in a record",
                "give the file in its own order, or pass clock='ts_recv'",
                kept=True,
            )
        self._last[number] = int(latest[-1])
        return latest, len(behind)


class Channels:
    """The last sequence number of each channel."""

    def __init__(self):
        self._last: dict[int, int] = {}

    def faults(self, fields: np.ndarray, contiguous: bool) -> Iterator[Told]:
        """What is wrong with the sequence numbers of the next records.

        Args:
          fields: records of any instruments, in order.
          contiguous: whether a number that is left out is a fault.
        """
        lost = np.flatnonzero(fields["flags"] & MAYBE_BAD_BOOK)
        if len(lost):
            yield Told(
                int(lost[0]),
                "records were lost before the record (flag F_MAYBE_BAD_BOOK)",
                "choose another day",
                "records_of_a_bad_book",
                len(lost),
            )
        live = np.flatnonzero((fields["flags"] & SNAPSHOT) == 0)
        channel = fields["publisher_id"][live].astype(np.int64) * 256
        channel += fields["channel_id"][live]
        for each in np.unique(channel).tolist():
            rows = live[channel == each]
            number = fields["sequence"][rows].astype(np.int64)
            before = self._last.get(each, int(number[0]))
            step = np.diff(number, prepend=before)
            self._last[each] = int(number[-1])
            name = f"channel {each % 256}"
            for place in np.flatnonzero(step < 0)[:1]:
                yield Told(
                    int(rows[place]),
                    f"the sequence of {name} goes back to {number[place]}",
                    "give the file in its own order, without repeated records",
                    "sequence_goes_back",
                    int((step < 0).sum()),
                )
            gaps = step > 1
            for place in np.flatnonzero(gaps)[:1] if contiguous else ():
                yield Told(
                    int(rows[place]),
                    f"a gap in the sequence of {name}: {number[place] - step[place]} "
                    f"is followed by {number[place]}",
                    "download the file again, or pass contiguous=False",
                    "sequence_gaps",
                    int(gaps.sum()),
                )
