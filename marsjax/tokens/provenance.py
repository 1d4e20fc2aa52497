"""What a dataset was made of, so that test data are told from training data."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from marsjax.data.tape import Tape

IDENTITY = ("name", "symbol", "date", "files", "split", "split_time")
"""What of a store's entry says which events of which source are in which part."""


def entry_sha256(entry: Mapping[str, Any]) -> str:
    """Hash of an entry of a store's manifest, by its keys in `IDENTITY`."""
    part = {key: entry[key] for key in IDENTITY}
    text = json.dumps(part, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def tape_record(tape: Tape) -> dict:
    """What ``dataset.json`` keeps of a tape read from a store."""
    entry = json.loads(json.dumps({key: getattr(tape, key) for key in IDENTITY}))
    record = {key: value for key, value in entry.items() if key != "name"}
    return record | {
        "source": tape.source,
        "hashes": list(tape.hashes),
        "entry_sha256": entry_sha256(entry),
    }


def training_span(info: dict) -> dict[str, dict]:
    """What a model has seen, or chose its checkpoint by, of each tape of a dataset.

    Args:
      info: what ``dataset.json`` says.

    Returns:
      By the tape's name ``symbol``, ``date``, ``sha256`` (of each source file, or of
      the messages where it came from none), ``entry_sha256`` (see `entry_sha256`), and
      under ``train`` and ``valid`` the start and end of that part, each
      ``[time_s, time_ns]``; None where the dataset does not say.
    """
    spans = {}
    for name, record in info.get("tapes", {}).items():
        times = record.get("split_time") or {}
        files = [file["sha256"] for file in record.get("files", [])]
        spans[name] = {
            "symbol": record.get("symbol"),
            "date": record.get("date"),
            "sha256": record.get("hashes") or files,
            "entry_sha256": record.get("entry_sha256"),
            "train": times.get("train"),
            "valid": times.get("valid"),
        }
    return spans
