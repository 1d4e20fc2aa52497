"""Reads a store of tapes and checks it against its manifest."""

from pathlib import Path

import numpy as np
import polars as pl

from marsjax.data.manifest import MANIFEST, read_entries
from marsjax.data.tape import FILL_SCHEMA, LEVEL1_SCHEMA, MESSAGE_SCHEMA, Tape
from marsjax.errors import InputError

_SCHEMAS = {
    "messages": MESSAGE_SCHEMA,
    "fills": FILL_SCHEMA,
    "quotes": None,
    "level1": LEVEL1_SCHEMA,
}


def read_store(directory: str | Path) -> list[Tape]:
    """All tapes of a store, in the order of its manifest.

    Errors:
      :class:`InputError` if there is no store, it is empty or damaged, or a parquet
      file does not agree with the manifest.
    """
    directory = Path(directory)
    entries = read_entries(directory)
    if not entries:
        raise InputError(
            "the store has no tape", "prepare one into it", file=directory / MANIFEST
        )
    return [_read(directory, entry) for entry in entries]


def read_tape(directory: str | Path, name: str) -> Tape:
    """The tape ``name`` of a store, or the only one of that symbol.

    Errors:
      As :func:`read_store`, and if no tape or more than one answers to the name.
    """
    directory = Path(directory)
    entries = read_entries(directory)
    exact = [entry for entry in entries if entry["name"] == name]
    found = exact or [entry for entry in entries if entry["symbol"] == name]
    if len(found) != 1:
        raise InputError(
            f"{len(found) or 'no'} tape{'s' * (len(found) > 1)} named {name}",
            f"use one of: {', '.join(entry['name'] for entry in entries)[:200]}",
            file=directory,
        )
    return _read(directory, found[0])


def _read(directory: Path, entry: dict) -> Tape:
    folder = directory / entry["name"]
    frames = {table: _frame(folder, table) for table in _SCHEMAS}
    if len(frames["messages"]) != entry["rows"]:
        raise InputError(
            f"it has {len(frames['messages'])} rows, the manifest says {entry['rows']}",
            "prepare the tape again",
            file=folder / "messages.parquet",
        )
    _check_messages(folder / "messages.parquet", frames["messages"])
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
        **frames,
    )


def _check_messages(path: Path, frame: pl.DataFrame) -> None:
    """Refuses missing values, times that go backwards and negative quantities."""
    holes = [
        name
        for name, count in frame.drop("date").null_count().row(0, named=True).items()
        if count
    ]
    if holes:
        raise InputError(
            f"column {holes[0]} has missing values", "prepare the tape again", file=path
        )
    time = frame["time_s"].to_numpy().astype(np.int64) * 10**9
    time += frame["time_ns"].to_numpy()
    faults = (
        ("the time goes backwards", np.diff(time, prepend=time[:1]) < 0),
        ("the quantity is negative", frame["qty"].to_numpy() < 0),
    )
    for what, bad in faults:
        if bad.any():
            raise InputError(
                f"{what} at row {int(np.argmax(bad))}",
                "prepare the tape again",
                file=path,
            )


def _frame(folder: Path, table: str) -> pl.DataFrame | None:
    path = folder / f"{table}.parquet"
    if not path.is_file():
        if table != "messages":
            return None
        raise InputError("this file of the store is missing", "prepare the tape again",
                         file=path)  # fmt: skip
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError):
        raise InputError(
            "this is no readable parquet file", "prepare the tape again", file=path
        ) from None
    if _SCHEMAS[table] and frame.schema != pl.Schema(_SCHEMAS[table]):
        raise InputError(
            "the columns are not those of a canonical tape",
            "prepare the tape again",
            file=path,
        )
    return frame
