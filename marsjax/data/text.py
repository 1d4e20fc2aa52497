"""Delimited text in chunks of rows, and where a row is at fault."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import polars as pl

from marsjax.data.files import CutOffError, ProgressFn, StoredFile
from marsjax.data.skips import RowsError, Skips
from marsjax.errors import InputError

T = TypeVar("T")

CHUNK_ROWS = 1 << 18
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
    for text in _whole_lines(file, chunk_rows * 48, skips):
        lines = text.split("\n")
        if line == 1:
            lines[0] = lines[0].removeprefix("\ufeff")
            if header:
                names = _header(file.path, lines.pop(0), columns, separator)
                line += 1
            else:
                width = lines[0].count(separator) + 1
                names = list(columns or map(str, range(width)))
        if lines:
            some = True
            table = _split(file, lines, names, line, separator, skips)
            line += len(lines)
            if len(table.line_T):
                yield table
    if not some:
        what = "there is a header but no row" if line > 1 else "the file is empty"
        raise InputError(what, "give a file with rows", file=file.path)


def _whole_lines(file: StoredFile, size: int, skips: Skips | None) -> Iterator[str]:
    """Text of about ``size`` bytes that ends with a line, without its last newline."""
    held, length, first_line = [], 0, 1
    blocks = file.blocks()
    while True:
        try:
            block = next(blocks, None)
        except CutOffError as cut:
            if skips is None:
                raise
            skips.add(cut, 0)
            block = None
        if block is not None:
            held.append(block)
            length += len(block)
            if length < size or b"\n" not in block:
                continue
        content, held, length = b"".join(held), [], 0
        if block is not None:
            # Empty lines are kept for the next piece: at the end they are no rows.
            whole, content = content, content[: content.rindex(b"\n")].rstrip(b"\n")
            rest = whole[len(content) + 1 :]
            held, length = [rest], len(rest)
        else:
            content = content.rstrip(b"\r\n")
        if content if first_line > 1 else content.strip():
            try:
                yield content.decode("utf-8")
            except UnicodeDecodeError as error:
                line = first_line + content.count(b"\n", 0, error.start)
                if skips is None:
                    raise InputError(
                        "this is not text", "give a comma-separated file",
                        file=file.path, line=line,
                    ) from None  # fmt: skip
                yield content.decode("utf-8", errors="replace")
            first_line += content.count(b"\n") + 1
        if block is None:
            return


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


def _split(file, lines, names, first, separator, skips) -> Table:
    series = pl.Series("line", lines, dtype=pl.String).str.strip_chars_end("\r")
    fields = series.str.count_matches(separator, literal=True).to_numpy() + 1
    line_T = np.arange(first, first + len(lines))
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
