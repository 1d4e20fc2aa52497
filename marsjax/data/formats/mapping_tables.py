"""Tables of CSV and parquet files, with the columns that a mapping names."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from marsjax.data.files import ProgressFn, StoredFile
from marsjax.data.formats.mapping_spec import KEYS, Spec
from marsjax.data.skips import Skips
from marsjax.data.text import Table, read_chunks
from marsjax.errors import InputError


def tables(
    path: Path,
    spec: Spec,
    skips: Skips | None,
    progress_fn: ProgressFn | None,
    chunk_rows: int,
) -> Iterator[Table]:
    """A file's rows, a bounded number at a time.

    Errors:
      :class:`InputError` as of `read_chunks`, for a parquet file that cannot be read,
      and for a column that the mapping names and the file does not have.
    """
    name = path.name
    is_parquet = spec.format == "parquet" or (
        not spec.format and name.endswith((".parquet", ".pq"))
    )
    if is_parquet:
        found = _parquet(path, spec, progress_fn, chunk_rows)
    else:
        found = read_chunks(
            path, spec.names, spec.names is None, separator=spec.separator,
            chunk_rows=chunk_rows, skips=skips, progress_fn=progress_fn,
        )  # fmt: skip
    is_first = True
    for table in found:
        if is_first:
            _check_columns(path, table.frame.columns, spec)
            is_first = False
        yield table


def _check_columns(path: Path, names: list[str], spec: Spec) -> None:
    for key, column in spec.columns.items():
        if column not in names:
            key = "id.new_column" if key == "new_id" else f"{key}.column"
            raise InputError(
                f"no column {column!r} (columns: {', '.join(names)[:200]})",
                f"correct {key} in the mapping; its tables are {', '.join(KEYS)}",
                file=path,
                line=1,
            )


def _parquet(path, spec: Spec, progress_fn, chunk_rows) -> Iterator[Table]:
    file = StoredFile(path)
    for _ in file.blocks():  # its hash
        pass
    size = file.info["bytes"]
    try:
        frame = pl.scan_parquet(path)
        names = frame.collect_schema().names()
        rows = frame.select(pl.len()).collect().item()
    except Exception as error:  # polars raises one of many
        raise _unreadable(path, error) from None
    _check_columns(path, names, spec)
    if not rows:
        raise InputError("the file has no row", "give a file with rows", file=path)
    frame = frame.select(sorted(set(spec.columns.values())))
    for first in range(0, rows, chunk_rows):
        try:
            part = frame.slice(first, chunk_rows).collect()
        except Exception as error:
            raise _unreadable(path, error) from None
        line = np.arange(first + 1, first + 1 + len(part))
        yield Table(file, part, line)
        if progress_fn is not None:
            progress_fn(path.name, size * min(first + chunk_rows, rows) // rows, size)


def _unreadable(path: Path, error: Exception) -> InputError:
    what = str(error).split("\n")[0][:200]
    return InputError(
        f"the parquet file cannot be read ({what})",
        "download or write the file again",
        file=path,
    )
