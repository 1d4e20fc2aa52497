"""Reads a store of tapes and checks it against its manifest."""

import datetime
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from marsjax.data.manifest import (
    MANIFEST,
    entry_folder,
    entry_hashes,
    read_manifest,
)
from marsjax.data.manifest_checks import TABLES
from marsjax.data.store_checks import MessageChecks, schema_of
from marsjax.data.tape import MESSAGE_SCHEMA, Tape
from marsjax.errors import InputError

_REMEDY = "prepare the tape again"


class StoredTapes:
    """The tapes of a store, read one at a time and again in each loop.

    Attributes:
      entries: what the manifest says of them, in order.
    """

    def __init__(self, directory: Path, entries: list[dict]):
        self.directory, self.entries = directory, entries

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Tape:
        return _read(self.directory, self.entries[index])

    def __iter__(self) -> Iterator[Tape]:
        return (_read(self.directory, entry) for entry in self.entries)


def iter_store(directory: str | Path) -> StoredTapes:
    """The tapes of a store, in the order of its manifest, one in memory at a time.

    Errors:
      :class:`InputError` if there is no store, it is empty, or a file is not of the
      size that the manifest says; when a tape is read, also if it is damaged.
    """
    directory = Path(directory)
    entries = read_manifest(directory).entries
    if not entries:
        raise InputError(
            "the store has no tape", "prepare one into it", file=directory / MANIFEST
        )
    for entry in entries:
        _paths(directory, entry)
    return StoredTapes(directory, entries)


def read_store(directory: str | Path) -> list[Tape]:
    """All tapes of a store, in memory; as :func:`iter_store`."""
    return list(iter_store(directory))


def read_tape(directory: str | Path, name: str) -> Tape:
    """The tape ``name`` of a store, or the only one of that symbol.

    Errors:
      As :func:`iter_store`, and if no tape or more than one answers to the name.
    """
    return _read(Path(directory), find_entry(directory, name))


def scan_tape(
    directory: str | Path, name: str, table: str = "messages"
) -> pl.LazyFrame | None:
    """A table of a tape, to be read as far as it is needed; ``None``: it has none.

    Args:
      directory: the store.
      name: as of :func:`read_tape`.
      table: ``messages``, ``fills``, ``quotes`` or ``level1``.
    """
    directory, entry = Path(directory), find_entry(directory, name)
    paths = _paths(directory, entry).get(table)
    if not paths:
        return None
    frame = pl.scan_parquet(paths, hive_partitioning=False)
    return _with_place(frame, entry) if table == "messages" else frame


def find_entry(directory: str | Path, name: str) -> dict:
    """What the manifest says of a tape; see :func:`read_tape`."""
    directory = Path(directory)
    entries = read_manifest(directory).entries
    exact = [entry for entry in entries if entry["name"] == name]
    found = exact or [entry for entry in entries if entry["symbol"] == name]
    if len(found) != 1:
        raise InputError(
            f"{len(found) or 'no'} tape{'s' * (len(found) > 1)} named {name}",
            f"use one of: {', '.join(entry['name'] for entry in entries)[:200]}",
            file=directory,
        )
    return found[0]


def verify_store(
    directory: str | Path, progress_fn: Callable[[str, int, int], None] | None = None
) -> int:
    """Reads every file of a store and compares its hash with the manifest's.

    Args:
      directory: the store.
      progress_fn: called with ``"files"``, the files done and their number.
    Returns:
      The number of files.
    Errors:
      :class:`InputError` naming the first file that is missing or has changed.
    """
    directory = Path(directory)
    wanted = [
        (path, part["sha256"])
        for entry in read_manifest(directory).entries
        for table, paths in _paths(directory, entry).items()
        for path, part in zip(paths, entry["tables"][table], strict=True)
    ]
    for done, (path, sha256) in enumerate(wanted, start=1):
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise InputError("has changed since it was written", _REMEDY, file=path)
        if progress_fn is not None:
            progress_fn("files", done, len(wanted))
    return len(wanted)


def _paths(directory: Path, entry: dict) -> dict[str, list[Path]]:
    """The parquet files of a tape by table, each there and of the right size."""
    folder = directory / entry_folder(entry)
    out: dict[str, list[Path]] = {}
    for table, parts in entry["tables"].items():
        for part in parts:
            path = folder / part["name"]
            if not path.is_file():
                raise InputError(
                    "this file of the store is missing", _REMEDY, file=path
                )
            size = path.stat().st_size
            if size != part["bytes"]:
                raise InputError(
                    f"it has {size} bytes, the manifest says {part['bytes']}",
                    _REMEDY,
                    file=path,
                )
            out.setdefault(table, []).append(path)
    return out


def _read(directory: Path, entry: dict) -> Tape:
    paths = _paths(directory, entry)
    frames = {
        table: _frame(paths[table], table, entry["tables"][table])
        if table in paths
        else None
        for table in TABLES
    }
    file = paths["messages"][0].parent
    MessageChecks(entry["name"], file=file, remedy=_REMEDY)(frames["messages"])
    frames["messages"] = _with_place(frames["messages"], entry)
    return Tape(
        name=entry["name"],
        symbol=entry["symbol"],
        date=entry["date"],
        tick_size=entry["tick_size"],
        lot_size=entry["lot_size"],
        sessions=tuple((start, end) for start, end in entry["sessions"]),
        source=entry["source"],
        seed_rows=entry["seed_rows"],
        files=tuple(entry["files"]),
        counts=entry["counts"],
        notes=tuple(entry["notes"]),
        split={part: tuple(ends) for part, ends in entry["split"].items()},
        split_time=entry["split_time"],
        hashes=entry_hashes(entry),
        **frames,
    )


def _with_place(frame, entry: dict):
    """Message columns with the tape's symbol and date before them."""
    day = entry["date"] and datetime.date.fromisoformat(entry["date"])
    symbol = pl.lit(entry["symbol"], pl.String).alias("symbol")
    date = pl.lit(day or None, pl.Date).alias("date")
    return frame.with_columns(symbol, date).select(list(MESSAGE_SCHEMA))


def _frame(paths: list[Path], table: str, parts: list[dict]) -> pl.DataFrame:
    frames = []
    for path, part in zip(paths, parts, strict=True):
        try:
            frame = pl.read_parquet(path, hive_partitioning=False)
        except (pl.exceptions.PolarsError, OSError):
            raise InputError(
                "this is no readable parquet file", _REMEDY, file=path
            ) from None
        schema = schema_of(table)
        if schema and frame.schema != pl.Schema(schema):
            raise InputError(
                "the columns are not those of a canonical tape", _REMEDY, file=path
            )
        if len(frame) != part["rows"]:
            raise InputError(
                f"it has {len(frame)} rows, the manifest says {part['rows']}",
                _REMEDY,
                file=path,
            )
        frames.append(frame)
    return pl.concat(frames, rechunk=True)
