"""Delimited text in chunks of rows, and where a row is at fault."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from marsjax.data.files import ProgressFn, StoredFile
from marsjax.data.lines import CHUNK_ROWS, ROW_BYTES, whole_lines
from marsjax.data.skips import RowsError, Skips
from marsjax.errors import InputError

T = TypeVar("T")

_HEADER_REMEDY = "give the file in its documented format, with its header line"


@dataclass(frozen=True)
class Table:
    """Rows of a delimited file as text, with their place in it.

    ``frame``: one String column a field. ``line_T``: line number of each row. ``file``:
    where they come from.
    """

    file: StoredFile
    frame: pl.DataFrame
    line_T: np.ndarray

    @property
    def path(self) -> Path:
        return self.file.path

    @property
    def info(self) -> dict:
        """Name, sha256 and size of the file; complete when all of it was read."""
        return self.file.info

    def error(self, row: int, what: str, remedy: str) -> InputError:
        """A :class:`RowsError` that points at row ``row``."""
        return self._error(np.array([row]), what, remedy)

    def check(
        self,
        bad: np.ndarray,
        what: str | Callable[[int], str],
        remedy: str,
        rows: np.ndarray | None = None,
    ) -> None:
        """Raises where an element of ``bad`` is true; all of them are at fault.

        Args:
          bad: bool, one an element.
          what: what is wrong, or a function of the first one's index saying it.
          remedy: what to do.
          rows: the row of each element; the index itself by default.
        """
        index = np.flatnonzero(bad)
        if len(index):
            text = what(int(index[0])) if callable(what) else what
            raise self._error(index if rows is None else rows[index], text, remedy)

    def _error(self, rows: np.ndarray, what: str, remedy: str) -> "RowsError":
        line = int(self.line_T[int(rows[0])])
        return RowsError(what, remedy, file=self.path, line=line, rows=np.unique(rows))

    def integers(self, column: str) -> np.ndarray:
        """A column as int64; an error with the line if a field is no integer."""
        text = self.frame[column]
        number = text.cast(pl.Int64, strict=False)
        if number.null_count():
            number = text.str.strip_chars().cast(pl.Int64, strict=False)
        self.check(
            number.is_null().to_numpy(),
            lambda i: f"{column} is {text[i]!r}, not a whole number",
            "correct the field or download the file again",
        )
        return number.to_numpy()

    def without(self, rows: np.ndarray) -> "Table":
        """The same table without some rows."""
        keep = np.ones(len(self.line_T), bool)
        keep[rows] = False
        return Table(self.file, self.frame.filter(keep), self.line_T[keep])


def parsed(table: Table, parse_fn: Callable[[Table], T], skips: Skips | None) -> T:
    """``parse_fn(table)``; with ``skips`` again without the rows it found at fault.

    ``parse_fn`` must leave no trace when it raises :class:`RowsError`: state that a
    reader carries from chunk to chunk is an argument and a result, never changed in
    place. Each check that fails costs one more call, however many rows it names.
    """
    while True:
        try:
            return parse_fn(table)
        except RowsError as error:
            if skips is None:
                raise
            skips.add(error, len(error.rows))
            table = table.without(error.rows)


def read_table(path: str | Path, columns: Sequence[str] | None, header: bool) -> Table:
    """The whole of a small file; as :func:`read_chunks`, in one piece."""
    tables = list(read_chunks(path, columns, header))
    return Table(
        tables[-1].file,
        pl.concat([table.frame for table in tables]),
        np.concatenate([table.line_T for table in tables]),
    )


def read_chunks(
    path: str | Path,
    columns: Sequence[str] | None,
    header: bool,
    *,
    separator: str = ",",
    chunk_rows: int = CHUNK_ROWS,
    skips: Skips | None = None,
    progress_fn: ProgressFn | None = None,
) -> Iterator[Table]:
    """Reads a delimited file as text, a bounded number of rows at a time.

    Args:
      path: the file, plain or packed.
      columns: names the file must have (with ``header``; more may follow, in any
        order) or gives to its columns (without). ``None``: columns are named
        ``0, 1, ...`` after the number of fields in the first line.
      header: whether the first line holds names.
      separator: between fields; one character.
      chunk_rows: about how many rows a table has.
      skips: count rows of a wrong shape there and go on; ``None``: raise.
      progress_fn: told of the bytes read.
    Yields:
      Tables of at least one row.
    Errors:
      :class:`InputError` for what :class:`StoredFile` refuses, text that is not UTF-8,
      a missing or repeated column, a row with too few or too many fields, and a file
      without rows.
    """
    file, names, line, some = StoredFile(path, progress_fn), None, 1, False
    for text in whole_lines(file, chunk_rows * ROW_BYTES, skips):
        if line == 1:
            text = text.removeprefix("\ufeff")
            head, _, rest = text.partition("\n")
            if header:
                names = _header(file.path, head, columns, separator)
                text, line = rest, 2
                if not text:
                    continue
            else:
                width = head.count(separator) + 1
                names = list(columns or map(str, range(width)))
        some = True
        table = _split(file, text, names, line, separator, skips)
        line += text.count("\n") + 1
        if len(table.line_T):
            yield table
    if not some:
        what = "there is a header but no row" if line > 1 else "the file is empty"
        raise InputError(what, "give a file with rows", file=file.path)


def _header(path, text: str, columns, separator: str) -> list[str]:
    names = [name.strip() for name in text.split(separator)]
    repeated = [name for i, name in enumerate(names) if name in names[:i]]
    if repeated:
        raise InputError(
            f"column {repeated[0]!r} is there more than once",
            _HEADER_REMEDY,
            file=path,
            line=1,
        )
    missing = [name for name in columns or () if name not in names]
    if missing:
        raise InputError(
            f"no column {', '.join(missing)} (columns: {', '.join(names)[:200]})",
            _HEADER_REMEDY,
            file=path,
            line=1,
        )
    return names


def _split(file, text: str, names, first: int, separator: str, skips) -> Table:
    num = text.count("\n") + 1
    frame = _even(text, num, names, separator)
    if frame is not None:
        return Table(file, frame, np.arange(first, first + num))
    series = pl.Series("line", text.split("\n"), dtype=pl.String)
    series = series.str.strip_chars_end("\r")
    fields = series.str.count_matches(separator, literal=True).to_numpy() + 1
    line_T = np.arange(first, first + num)
    whole = Table(file, pl.DataFrame({"line": series}), line_T)

    def split(table: Table) -> Table:
        text, num = table.frame["line"], fields[table.line_T - first]

        def what(i: int) -> str:
            cut = "cut off" if num[i] < len(names) else "long"
            found = int(num[i]) if text[i].strip() else 0
            return f"the row is {cut}: {found} fields instead of {len(names)}"

        table.check(
            num != len(names), what, "download the file again or remove the row"
        )
        if skips is not None:
            table.check(
                text.str.contains("\ufffd", literal=True).to_numpy(),
                "the row is not text",
                "give a comma-separated file in UTF-8",
            )
        columns = text.str.split_exact(separator, len(names) - 1)
        frame = columns.struct.rename_fields(names).struct.unnest()
        return Table(file, frame, table.line_T)

    return parsed(whole, split, skips)


def _even(text: str, num: int, names, separator: str) -> pl.DataFrame | None:
    """Rows that all have the right number of fields, quickly; ``None`` if unsure."""
    if text.count(separator) != num * (len(names) - 1) or len(names) < 2:
        return None
    if "\r" in text or "\ufffd" in text:
        return None
    try:
        frame = pl.read_csv(
            text.encode(),
            separator=separator,
            has_header=False,
            schema=dict.fromkeys(names, pl.String),
            quote_char=None,
        )
    except pl.exceptions.PolarsError:  # some row is longer, so another is shorter
        return None
    return frame.fill_null("") if frame.height == num else None
