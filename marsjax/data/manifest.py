"""The list of tapes in a store."""

import json
from pathlib import Path

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
    return entries
