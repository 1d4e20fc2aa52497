"""The list of tapes in a store."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

from marsjax.data.naming import is_date
from marsjax.data.tape import PARTS
from marsjax.errors import InputError

FORMAT = 1
MANIFEST = "manifest.json"
WORK_PREFIX = ".writing-"
"""Hidden folders of writers at work, or left behind by one that was killed."""

_KEYS = (
    "name",
    "symbol",
    "date",
    "rows",
    "tick_size",
    "lot_size",
    "sessions",
    "seed_rows",
    "source",
    "files",
    "counts",
    "notes",
    "split",
    "split_time",
)


def find_entries(directory: Path) -> list[dict]:
    """The tapes of a store to write to; none if the folder is new or empty.

    Errors:
      :class:`InputError` if something else is there.
    """
    if (directory / MANIFEST).is_file():
        return read_entries(directory)
    if directory.exists() and not directory.is_dir():
        raise InputError("this is no folder", "choose another --out", file=directory)
    if directory.exists() and any(
        not path.name.startswith(WORK_PREFIX) for path in directory.iterdir()
    ):
        raise InputError(
            f"the folder is not empty and holds no {MANIFEST}",
            "choose an empty or new folder, or a store made by marsjax",
            file=directory,
        )
    return []


def read_entries(directory: Path) -> list[dict]:
    """The manifest's list of tapes.

    Errors:
      :class:`InputError` if there is no store or its manifest is damaged.
    """
    path = directory / MANIFEST
    if not path.is_file():
        raise InputError(
            "there is no store of tapes here (no manifest.json)",
            "make one with `marsjax prepare ... --out DIR`",
            file=directory,
        )
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        entries, version = manifest["tapes"], manifest["format"]
        if not _is_list(entries, dict):
            raise TypeError
        if not all(key in entry for entry in entries for key in _KEYS):
            raise KeyError
    except (ValueError, KeyError, TypeError, OSError):
        raise InputError(
            "the manifest is damaged", "prepare the tapes again into a new folder",
            file=path,
        ) from None  # fmt: skip
    if version != FORMAT:
        raise InputError(
            f"the store has format {version}, this version reads {FORMAT}",
            "prepare the tapes again",
            file=path,
        )
    for i, entry in enumerate(entries):
        for key, is_good in _CHECKS.items():
            if not is_good(entry):
                raise InputError(
                    f"the manifest is damaged: {key} of tape {i + 1} is "
                    f"{str(entry[key])[:80]!r}",
                    "prepare the tapes again into a new folder",
                    file=path,
                )
    names = [entry["name"] for entry in entries]
    if len(set(names)) < len(names):
        raise InputError(
            "the manifest is damaged: two tapes have the same name",
            "prepare the tapes again into a new folder",
            file=path,
        )
    return entries


def _is_count(value: Any, least: int = 0, most: int = 2**31 - 1) -> bool:
    return type(value) is int and least <= value <= most


def _is_pair(value: Any, most: int = 2**31 - 1) -> bool:
    """Two counts in order."""
    if not isinstance(value, list) or len(value) != 2:
        return False
    return all(_is_count(each, 0, most) for each in value) and value[0] <= value[1]


def _is_list(value: Any, of: type) -> bool:
    return isinstance(value, list) and all(isinstance(each, of) for each in value)


def _is_folder(name: Any) -> bool:
    """Whether a name can only be that of a folder in the store."""
    return (
        isinstance(name, str)
        and re.fullmatch(r"[\w.+-]+", name) is not None
        and not name.startswith(".")
    )


def _is_size(value: Any) -> bool:
    return type(value) in (int, float) and 0 < value < 1e12


def _is_split(entry: dict) -> bool:
    """Ranges of rows of each part that follow each other."""
    split = entry["split"]
    if not isinstance(split, dict) or set(split) != set(PARTS):
        return False
    if not all(_is_pair(ends, entry["rows"]) for ends in split.values()):
        return False
    return all(split[a][1] <= split[b][0] for a, b in pairwise(PARTS))


def _is_split_time(entry: dict) -> bool:
    """Start and end of each part as second and nanosecond."""
    times = entry["split_time"]
    if not isinstance(times, dict) or set(times) != set(PARTS):
        return False
    return all(
        _is_list(ends, list)
        and len(ends) == 2
        and all(len(each) == 2 and all(map(_is_count, each)) for each in ends)
        for ends in times.values()
    )


_CHECKS = {
    "name": lambda entry: _is_folder(entry["name"]),
    "symbol": lambda entry: isinstance(entry["symbol"], str),
    "date": lambda entry: (
        entry["date"] is None
        or (isinstance(entry["date"], str) and is_date(entry["date"]))
    ),
    "rows": lambda entry: _is_count(entry["rows"]),
    "tick_size": lambda entry: _is_size(entry["tick_size"]),
    "lot_size": lambda entry: _is_count(entry["lot_size"], 1),
    "sessions": lambda entry: (
        _is_list(entry["sessions"], list) and all(map(_is_pair, entry["sessions"]))
    ),
    "seed_rows": lambda entry: _is_count(entry["seed_rows"], 0, entry["rows"]),
    "source": lambda entry: isinstance(entry["source"], str),
    "files": lambda entry: _is_list(entry["files"], dict),
    "counts": lambda entry: isinstance(entry["counts"], dict),
    "notes": lambda entry: _is_list(entry["notes"], str),
    "split": _is_split,
    "split_time": _is_split_time,
}
"""Whether a field of an entry is as written; in order, as later ones need ``rows``."""
