"""A first look through LOBSTER files: what has to be known before the first row."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from marsjax.data.files import ProgressFn, StoredFile
from marsjax.data.lines import CHUNK_BYTES, whole_lines
from marsjax.data.skips import Skips

MAX_ID = 2**62
"""Larger ids would leave no room for the reader's own."""
_ID, _FIELDS = 2, 6


def count_rows(path: str | Path, progress_fn: ProgressFn | None = None) -> int:
    """Rows of a file, whether good or not."""
    return sum(text.count("\n") + 1 for text in _texts(path, progress_fn))


def largest_id(
    path: str | Path, progress_fn: ProgressFn | None = None
) -> tuple[int, int]:
    """Rows of a message file, and the largest order id that is not out of range."""
    num_rows, largest = 0, 0
    for text in _texts(path, progress_fn):
        num_rows += text.count("\n") + 1
        ids = _ids(text).cast(pl.Int64, strict=False)
        largest = max(largest, ids.filter(ids <= MAX_ID).max() or 0)
    return num_rows, largest


def _texts(path: str | Path, progress_fn: ProgressFn | None) -> Iterator[str]:
    """Faults are left to the reading that follows."""

    def tell(name: str, done: int, total: int) -> None:
        progress_fn(f"{name}, first look", done, total)

    file = StoredFile(path, tell if progress_fn else None)
    return whole_lines(file, CHUNK_BYTES, Skips())


def _ids(text: str) -> pl.Series:
    try:
        frame = pl.read_csv(
            text.encode(),
            has_header=False,
            columns=[_ID],
            schema_overrides=[pl.String] * _FIELDS,
            truncate_ragged_lines=True,
            quote_char=None,
        )
        return frame.to_series().str.strip_chars()
    except pl.exceptions.PolarsError:  # slower, but asks nothing of the rows
        fields = pl.Series(text.split("\n"), dtype=pl.String).str.splitn(",", _ID + 2)
        return fields.struct[_ID].str.strip_chars()
