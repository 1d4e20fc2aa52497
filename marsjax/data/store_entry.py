"""A tape's facts as its manifest entry and as the metadata of its parquet files."""

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from marsjax.data.clock import NS
from marsjax.data.manifest import FORMAT
from marsjax.data.reader import TapeFacts
from marsjax.data.split_time import Timeline

_FACTS = (
    *("name", "symbol", "date", "tick_size", "lot_size"),
    *("sessions", "seed_rows", "source", "counts"),
)


def metadata(facts: TapeFacts) -> dict[str, str]:
    """What a parquet file says of itself, for who reads it alone."""
    told = {
        "format": FORMAT,
        "symbol": facts.symbol,
        "date": facts.date or "",
        "tick_size": facts.tick_size,
        "lot_size": facts.lot_size,
        "price_unit": "price_ticks x tick_size, in the currency of the instrument",
        "sessions": json.dumps(facts.sessions),
        "source": facts.source,
    }
    return {key: str(value) for key, value in told.items()}


def make_entry(
    facts: TapeFacts,
    tables: dict[str, list[dict]],
    timeline: Timeline,
    options: dict,
    skipped: Sequence[str],
) -> dict:
    """A manifest entry but for the split.

    Args:
      facts: of the tape, complete.
      tables: name, rows, bytes and SHA-256 of the parquet files of each table.
      timeline: of its messages.
      options: what it was read with.
      skipped: sentences on rows left out.
    """
    first, last = timeline.first.row, timeline.last.row
    entry = {key: getattr(facts, key) for key in _FACTS}
    entry |= {
        "rows": sum(part["rows"] for part in tables["messages"]),
        "files": list(facts.files),
        "options": options,
        "notes": list(facts.notes),
        "skipped": list(skipped),
        "trading": {
            "rows": [first, last],
            "time": [timeline.moment(first), timeline.moment(last)],
            "count": timeline.count,
        },
        "tables": tables,
    }
    return json.loads(json.dumps(entry))


def stored_timeline(folder: Path, entry_or_facts: dict, parts: Sequence[dict]):
    """The times of stored messages, a file at a time.

    Args:
      folder: where the files are.
      entry_or_facts: ``sessions`` and ``seed_rows`` of the tape.
      parts: its message files, as the manifest lists them.
    """
    loads = [partial(_times, folder / part["name"]) for part in parts]
    sessions = tuple(tuple(window) for window in entry_or_facts["sessions"])
    return Timeline(loads, sessions, entry_or_facts["seed_rows"])


def _times(path: Path) -> np.ndarray:
    frame = pl.read_parquet(path, columns=["time_s", "time_ns"])
    return (
        frame["time_s"].to_numpy().astype(np.int64) * NS + frame["time_ns"].to_numpy()
    )
