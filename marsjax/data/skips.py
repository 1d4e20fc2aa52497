"""What a lenient reader left out, by reason: nothing is skipped without a count."""

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
        """Counts rows that an error names."""
        reason = _reason(error.what)
        file = "" if error.file is None else Path(error.file).name
        entry = self._found.setdefault((file, reason), [0, error])
        entry[0] += num_rows

    @property
    def total(self) -> int:
        """Rows skipped in all."""
        return sum(count for count, _ in self._found.values())

    def counts(self) -> dict[str, int]:
        """Rows by reason, for a tape's ``counts``."""
        out: dict[str, int] = {}
        for (_, reason), (count, _) in self._found.items():
            name = f"skipped: {reason}"
            out[name] = out.get(name, 0) + count
        return out

    def lines(self) -> list[str]:
        """A sentence for each reason, with the first row it happened at."""
        return [
            f"skipped {count:,} rows, first {error}"
            for count, error in self._found.values()
        ]


def _reason(what: str) -> str:
    """A message without its values, so that rows of one kind share a count."""
    words = [w for w in what.split() if not any(c.isdigit() or c in "'\"" for c in w)]
    return " ".join(words).rstrip(",:( ")
