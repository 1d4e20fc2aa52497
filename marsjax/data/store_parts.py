"""One table of a tape on its way to parquet: rows held, spilled, written in parts."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from marsjax.data.manifest_checks import part_name
from marsjax.data.store_checks import STORED_SCHEMA, MessageChecks, as_frame, schema_of

PART_ROWS = 1 << 20
"""Rows of a parquet file at most; fewer where a table is wide."""
_PART_CELLS = PART_ROWS * len(STORED_SCHEMA)
_ARRAY_BYTES = 112  # of a numpy array beside its data

Rows = dict[str, np.ndarray] | pl.DataFrame
MetadataFn = Callable[[], dict[str, str]]


class TableParts:
    """Takes the rows of one table of one tape and writes them as parquet files.

    Args:
      name: the tape's, for messages to the user.
      folder: where the files go.
      table: ``messages``, ``fills``, ``quotes`` or ``level1``.
      part_rows: rows of a file at most.
    Attributes:
      rows: all rows so far.
      held_bytes: what rows that are in no file take in memory.
      parts: name, rows, bytes and SHA-256 of the files written.
    """

    def __init__(self, name: str, folder: Path, table: str, part_rows: int = PART_ROWS):
        self.rows, self.held_bytes = 0, 0
        self.parts: list[dict] = []
        self._name, self._folder, self._table = name, folder, table
        self._part_rows, self._schema = part_rows, schema_of(table)
        self._checks = MessageChecks(name) if table == "messages" else None
        self._held: list[Rows] = []  # not looked at yet
        self._rest: pl.DataFrame | None = None  # checked, of before those
        self._spills: list[Path] = []
        self._waiting = 0  # rows in no parquet file

    def add(self, rows: Rows) -> None:
        """Holds some more rows."""
        if isinstance(rows, dict):
            # A view would keep the reader's whole chunk in memory.
            arrays = {name: np.asarray(x) for name, x in rows.items()}
            rows = {n: x if x.base is None else x.copy() for n, x in arrays.items()}
            size = sum(x.nbytes + _ARRAY_BYTES for x in rows.values())
            num = len(next(iter(rows.values())))
        else:
            size, num = rows.estimated_size(), len(rows)
            self._schema = self._schema or dict(rows.schema)
        if num:
            self._held.append(rows)
            self.held_bytes += size
            self._waiting += num
            self.rows += num

    @property
    def is_full(self) -> bool:
        """Whether there are rows for a whole file."""
        return self._waiting >= self._part_rows

    def spill(self) -> None:
        """Puts the rows held into a file of their own for now."""
        frame = self._take()
        if len(frame):
            path = self._folder / f"{self._table}.{len(self._spills)}.spill"
            frame.write_ipc(path)
            self._spills.append(path)

    def write(self, metadata_fn: MetadataFn, *, last: bool = False) -> None:
        """Writes whole files of the rows so far, and with ``last`` what is left."""
        frames = [pl.read_ipc(path) for path in self._spills]
        frame = pl.concat([*frames, self._take()])
        for path in self._spills:
            path.unlink()
        self._spills = []
        size = max(1, min(self._part_rows, _PART_CELLS // max(1, frame.width)))
        while len(frame) >= size or (last and (len(frame) or not self.parts)):
            self._write_part(frame.head(size), metadata_fn())
            frame = frame.slice(size)
        if len(frame):
            # Gathered, as a slice would keep the rows before it in memory.
            self._rest = frame.select(pl.all().gather(pl.int_range(pl.len())))
            self.held_bytes = self._rest.estimated_size()

    def _take(self) -> pl.DataFrame:
        """The rows held, checked; none are held then."""
        frames = [] if self._rest is None else [self._rest]
        if self._held or not frames:
            new = as_frame(self._name, self._table, self._held, self._schema)
            if self._checks is not None:
                self._checks(new)
            frames.append(new)
        self._held, self._rest, self.held_bytes = [], None, 0
        return pl.concat(frames)

    def _write_part(self, frame: pl.DataFrame, metadata: dict[str, str]) -> None:
        path = self._folder / part_name(self._table, len(self.parts))
        frame = frame.rechunk()  # or the pieces would show in the file
        frame.write_parquet(path, compression="zstd", metadata=metadata)
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self.parts.append(
            {
                "name": path.name,
                "rows": len(frame),
                "bytes": path.stat().st_size,
                "sha256": digest,
            }
        )
        self._waiting -= len(frame)
