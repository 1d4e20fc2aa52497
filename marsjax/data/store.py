"""A folder of tapes: one parquet set a tape and a manifest, written whole or not."""

import json
import math
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from marsjax.data.manifest import FORMAT, MANIFEST, WORK_PREFIX, find_entries
from marsjax.data.tape import MESSAGE_SCHEMA, PARTS, Tape, split_rows
from marsjax.errors import InputError

_SIDE_TABLES = ("fills", "quotes", "level1")


def write_tape(
    directory: str | Path, tape: Tape, split: Sequence[float] = (0.7, 0.1, 0.2)
) -> tuple[str, ...]:
    """Adds one tape to a store; see :func:`write_tapes`."""
    return write_tapes(directory, [tape], split)


def write_tapes(
    directory: str | Path,
    tapes: Sequence[Tape],
    split: Sequence[float] = (0.7, 0.1, 0.2),
) -> tuple[str, ...]:
    """Adds tapes to a store, which is made if need be; all of them or none.

    Everything is first written to a hidden folder inside, then moved to its place, and
    last the manifest is replaced.

    Args:
      directory: the store.
      tapes: tapes of different names; one the store has already is replaced.
      split: shares of the train, valid and test parts in time; they sum to one.
    Returns:
      Names of the tapes that were replaced.
    Errors:
      :class:`InputError` if the folder holds something else or cannot be written, two
      tapes share a name, a tape is empty, or the shares are no shares.
    """
    directory = Path(directory)
    names = [tape.name for tape in tapes]
    _check_split(split)
    for tape in tapes:
        if names.count(tape.name) > 1:
            raise InputError(f"two tapes are named {tape.name}", "rename one")
        if not len(tape.messages):
            raise InputError(f"tape {tape.name} is empty", "give a tape with messages")
        if tape.messages.schema != pl.Schema(MESSAGE_SCHEMA):
            raise ValueError(f"{tape.name}: messages have {tape.messages.schema}")
    entries = {entry["name"]: entry for entry in find_entries(directory)}
    is_new = not directory.exists()
    work = directory / f"{WORK_PREFIX}{uuid.uuid4().hex}"
    try:
        work.mkdir(parents=True)
        added = [_write(work / "new" / tape.name, tape, split) for tape in tapes]
        replaced = tuple(name for name in names if name in entries)
        entries.update({entry["name"]: entry for entry in added})
        manifest = {"format": FORMAT, "tapes": list(entries.values())}
        text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
        (work / MANIFEST).write_text(text, encoding="utf-8")
        _move_in(work, directory, names)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror or error})",
            "choose another --out or make room",
            file=directory,
        ) from None
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if is_new and directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()
    return replaced


def _move_in(work: Path, directory: Path, names: list[str]) -> None:
    """Moves the tapes and the manifest in, or puts everything back."""
    old, moved = work / "old", []
    old.mkdir()
    try:
        for name in names:
            if (directory / name).exists():
                (directory / name).replace(old / name)
            moved.append(name)
            (work / "new" / name).replace(directory / name)
        (work / MANIFEST).replace(directory / MANIFEST)
    except BaseException:
        for name in moved:
            shutil.rmtree(directory / name, ignore_errors=True)
            if (old / name).exists():
                (old / name).replace(directory / name)
        raise


def _check_split(split: Sequence[float]) -> None:
    good = len(split) == len(PARTS) and all(0 <= share <= 1 for share in split)
    if not good or not math.isclose(sum(split), 1.0, abs_tol=1e-6):
        raise InputError(
            f"the split {tuple(split)} is not three shares that sum to one",
            "give for example 0.7 0.1 0.2",
        )


def _write(folder: Path, tape: Tape, split: Sequence[float]) -> dict:
    """Writes a tape's parquet files; returns its entry in the manifest."""
    folder.mkdir(parents=True)
    metadata = {
        "format": FORMAT,
        "symbol": tape.symbol,
        "date": tape.date or "",
        "tick_size": tape.tick_size,
        "lot_size": tape.lot_size,
        "price_unit": "price_ticks x tick_size, in the currency of the instrument",
        "sessions": json.dumps(tape.sessions),
        "source": tape.source,
    }
    metadata = {key: str(value) for key, value in metadata.items()}
    tape.messages.write_parquet(folder / "messages.parquet", metadata=metadata)
    for table in _SIDE_TABLES:
        frame = getattr(tape, table)
        if frame is not None:
            frame.write_parquet(folder / f"{table}.parquet")
    rows, times = split_rows(tape, tuple(split))
    return {
        "name": tape.name,
        "symbol": tape.symbol,
        "date": tape.date,
        "rows": len(tape.messages),
        "tick_size": tape.tick_size,
        "lot_size": tape.lot_size,
        "sessions": tape.sessions,
        "seed_rows": tape.seed_rows,
        "source": tape.source,
        "files": list(tape.files),
        "counts": tape.counts,
        "notes": list(tape.notes),
        "split": rows,
        "split_time": times,
    }
