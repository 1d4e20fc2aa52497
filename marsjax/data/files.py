"""Reads delimited text, packed or not, and says where it is at fault."""

import gzip
import hashlib
import lzma
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import zstandard

from marsjax.errors import InputError

_DAMAGED = (EOFError, OSError, zlib.error, lzma.LZMAError, zstandard.ZstdError)


@dataclass(frozen=True)
class Table:
    """The fields of a delimited file as text, with its place on disk.

    ``frame``: one String column a field. ``first_line``: line number of row 0.
    ``info``: name, sha256 and size of the file as stored.
    """

    path: Path
    frame: pl.DataFrame
    first_line: int
    info: dict

    def error(self, row: int, what: str, remedy: str) -> InputError:
        """An :class:`InputError` that points at data row ``row``."""
        line = int(row) + self.first_line
        return InputError(what, remedy, file=self.path, line=line)

    def check(
        self,
        bad: np.ndarray,
        what: str | Callable[[int], str],
        remedy: str,
        rows: np.ndarray | None = None,
    ) -> None:
        """Raises at the first true element of ``bad``.

        Args:
          bad: bool, one an element.
          what: what is wrong, or a function of the element's index saying it.
          remedy: what to do.
          rows: the data row of each element; the index itself by default.
        """
        index = int(np.argmax(bad)) if len(bad) else 0
        if len(bad) and bad[index]:
            text = what(index) if callable(what) else what
            raise self.error(index if rows is None else rows[index], text, remedy)

    def integers(self, column: str, rows: np.ndarray | None = None) -> np.ndarray:
        """A column as int64; an error with the line if a field is no integer."""
        text = self.frame[column]
        number = text.str.strip_chars().cast(pl.Int64, strict=False)
        self.check(
            number.is_null().to_numpy(),
            lambda i: f"{column} is {text[i]!r}, not a whole number",
            "correct the field or download the file again",
        )
        return number.to_numpy()


def read_bytes(path: str | Path) -> tuple[bytes, dict]:
    """Unpacks a plain, gzip, xz or Zstandard file, told apart by its first bytes.

    Returns:
      The content, and ``{"name", "sha256", "bytes"}`` of the file as stored.
    Errors:
      :class:`InputError` if the file is missing, unreadable, cut off or damaged.
    """
    path = Path(path)
    try:
        stored = path.read_bytes()
    except FileNotFoundError:
        raise InputError("no such file", "check the path", file=path) from None
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", "check the path", file=path
        ) from None
    try:
        content = _unpack(stored)
    except _DAMAGED as error:
        raise InputError(
            f"the archive is cut off or damaged ({error})",
            "download or pack the file again",
            file=path,
        ) from None
    if not content.strip():
        raise InputError("the file is empty", "give a file with rows", file=path)
    digest = hashlib.sha256(stored).hexdigest()
    return content, {"name": path.name, "sha256": digest, "bytes": len(stored)}


def _unpack(stored: bytes) -> bytes:
    if stored.startswith(b"\x1f\x8b"):
        return gzip.decompress(stored)
    if stored.startswith(b"\xfd7zXZ\x00"):
        return b"".join(_xz_streams(stored))
    if stored.startswith(b"\x28\xb5\x2f\xfd"):
        return b"".join(_zstd_frames(stored))
    return stored


def _xz_streams(stored: bytes) -> Iterator[bytes]:
    while stored:  # the library itself ignores what follows the first stream
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ)
        yield stream.decompress(stored)
        if not stream.eof:
            raise EOFError("the last stream has no end")
        rest = stream.unused_data
        stored = rest.lstrip(b"\0")
        if (len(rest) - len(stored)) % 4:  # padding is in fours
            raise EOFError("something follows the end")


def _zstd_frames(stored: bytes) -> Iterator[bytes]:
    while stored:
        frame = zstandard.ZstdDecompressor().decompressobj()
        yield frame.decompress(stored)
        if not frame.eof:  # the library itself is silent about a missing end
            raise EOFError("the last frame has no end")
        stored = frame.unused_data


def read_table(path: str | Path, columns: Sequence[str] | None, header: bool) -> Table:
    """Reads a comma-separated file as text, keeping track of lines.

    Args:
      path: the file, plain or packed.
      columns: names the file must have (with ``header``; more may follow, in any
        order) or gives to its columns (without). ``None``: columns are named
        ``0, 1, ...`` after the number of fields in the first line.
      header: whether the first line holds names.
    Errors:
      :class:`InputError` for what :func:`read_bytes` refuses, text that is not
      UTF-8, a missing or repeated column, and a row with too few or too many fields.
    """
    path = Path(path)
    content, info = read_bytes(path)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(
            "this is not text", "give a comma-separated file", file=path, line=line
        ) from None
    lines = text.rstrip("\r\n").split("\n")
    if header:
        names = [name.strip() for name in lines.pop(0).split(",")]
        repeated = [name for i, name in enumerate(names) if name in names[:i]]
        if repeated:
            raise InputError(
                f"column {repeated[0]!r} is there more than once",
                "give the file in its documented format, with its header line",
                file=path,
                line=1,
            )
        missing = [name for name in columns or () if name not in names]
        if missing:
            raise InputError(
                f"no column {', '.join(missing)} (columns: {', '.join(names)[:200]})",
                "give the file in its documented format, with its header line",
                file=path,
                line=1,
            )
        if not lines:
            raise InputError(
                "there is a header but no row", "give a file with rows", file=path
            )
    else:
        names = list(columns or map(str, range(lines[0].count(",") + 1)))
    first_line = 2 if header else 1
    frame = _split(path, lines, names, first_line)
    return Table(path, frame, first_line, info)


def _split(path: Path, lines: list[str], names: list[str], first: int) -> pl.DataFrame:
    series = pl.Series("line", lines, dtype=pl.String).str.strip_chars_end("\r")
    fields = series.str.count_matches(",", literal=True).to_numpy() + 1
    wrong = np.flatnonzero(fields != len(names))
    if len(wrong):
        row = int(wrong[0])
        cut = "the row is cut off" if fields[row] < len(names) else "the row is long"
        found = int(fields[row]) if lines[row].strip() else 0
        raise InputError(
            f"{cut}: {found} fields instead of {len(names)}",
            "download the file again or remove the row",
            file=path,
            line=row + first,
        )
    split = series.str.split_exact(",", len(names) - 1)
    return split.struct.rename_fields(names).struct.unnest()
