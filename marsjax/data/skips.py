"""What a lenient reader left out, by reason: nothing is skipped without a count."""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from marsjax.errors import InputError


class RowsError(InputError):
    """Rows of a chunk at fault; ``rows`` are their places in it, ascending."""

    def __init__(self, what, remedy, *, file=None, line=None, rows: np.ndarray):
        super().__init__(what, remedy, file=file, line=line)
        self.rows = rows


class Skips:
    """A count of skipped rows by file and reason, with the first example of each."""

    def __init__(self):
        self._found: dict[tuple[str, str], list] = {}

    def add(self, error: InputError, num_rows: int) -> None:
        """Counts rows that an error names; none where they were kept after all."""
        reason = _reason(error.what)
        file = "" if error.file is None else Path(error.file).name
        entry = self._found.setdefault((file, reason), [0, error, 0])
        entry[0] += num_rows
        entry[2] += 1

    @property
    def total(self) -> int:
        """Rows skipped in all."""
        return sum(count for count, *_ in self._found.values())

    def counts(self, files: Iterable[str] | None = None) -> dict[str, int]:
        """Rows by reason, for a tape's ``counts``; only of ``files`` if given.

        A file that was cut off counts as no row.
        """
        out: dict[str, int] = {}
        for (file, reason), (count, *_) in self._found.items():
            if files is not None and file not in files:
                continue
            name = f"skipped: {reason}"
            out[name] = out.get(name, 0) + count
        return out

    def lines(self) -> list[str]:
        """A sentence for each reason, with the first row it happened at."""
        out = []
        for count, error, times in self._found.values():
            kept = f"met {times:,} times with no row skipped"
            what = f"skipped {count:,} rows" if count else kept
            out.append(f"{what}, first {error}")
        return out


def _reason(what: str) -> str:
    """A message without its values, so that rows of one kind share a count."""
    words = [w for w in what.split() if not any(c.isdigit() or c in "'\"" for c in w)]
    return re.split(r": | \(", " ".join(words))[0].rstrip(",:( ")
