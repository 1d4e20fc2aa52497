"""The list of tapes in a store, and how they are split."""

import hashlib
import json
import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import quote

from marsjax.data.manifest_checks import CHECKS, is_list
from marsjax.data.split_spec import SplitSpec, spec_from_json
from marsjax.data.tape import tape_name
from marsjax.errors import InputError

FORMAT = 2
MANIFEST = "manifest.json"
WORK_PREFIX = ".writing-"
"""Hidden folders of writers at work, or left behind by one that was killed."""

_REMEDY = "prepare the tapes again into a new folder"


class Manifest(NamedTuple):
    """Tapes in the order they were added, and the rule that splits them."""

    split: SplitSpec
    entries: list[dict]


def tape_folder(name: str, symbol: str, date: str | None) -> PurePosixPath:
    """Where a tape lies in its store: ``symbol=S/date=D``, in a way hive tools read.

    Simulated markets have ``market=M`` below, after what their names add.

    Examples:
      >>> str(tape_folder("A_2024-01-02", "A", "2024-01-02"))
      'symbol=A/date=2024-01-02'
      >>> str(tape_folder("A^_m0001", "A^", None))
      'symbol=A%5E/date=unknown/market=m0001'
    """
    base = PurePosixPath(f"symbol={_quoted(symbol)}", f"date={date or 'unknown'}")
    market = market_of_name(name, symbol, date)
    return base / f"market={_quoted(market)}" if market else base


def market_of_name(name: str, symbol: str, date: str | None) -> str:
    """What a tape's name adds to symbol and date, such as ``m0001``; empty if nothing.

    A name may have ``_`` where the symbol has a character that is hard to type.
    """
    plain = tape_name(symbol, date)
    for stem in (plain, re.sub(r"[^\w.+-]", "_", plain)):
        if name == stem:
            return ""
        if name.startswith(f"{stem}_"):
            return name[len(stem) + 1 :]
    return name


def find_manifest(directory: Path) -> Manifest | None:
    """That of a store to write to; none if the folder is new or empty.

    Errors:
      :class:`InputError` if something else is there.
    """
    if (directory / MANIFEST).is_file():
        return read_manifest(directory)
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
    return None


def read_manifest(directory: Path) -> Manifest:
    """What a store holds.

    Errors:
      :class:`InputError` if there is no store, its manifest is damaged, or an earlier
      version wrote it.
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
        version, entries = manifest["format"], manifest["tapes"]
    except (ValueError, KeyError, TypeError, OSError):
        raise InputError("the manifest is damaged", _REMEDY, file=path) from None
    if version != FORMAT:
        raise InputError(
            f"the store has format {version}, this version reads {FORMAT}",
            "prepare the tapes again into a new folder",
            file=path,
        )
    try:
        if not is_list(entries, dict):
            raise TypeError
        if not all(key in entry for entry in entries for key in CHECKS):
            raise KeyError
        split = spec_from_json(manifest["split"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError("the manifest is damaged", _REMEDY, file=path) from None
    for i, entry in enumerate(entries):
        for key, is_good in CHECKS.items():
            if not is_good(entry):
                raise InputError(
                    f"the manifest is damaged: {key} of tape {i + 1} is "
                    f"{str(entry[key])[:80]!r}",
                    _REMEDY,
                    file=path,
                )
    for key in (lambda e: e["name"], entry_folder):
        if len(set(map(key, entries))) < len(entries):
            raise InputError(
                "the manifest is damaged: two tapes have the same name",
                _REMEDY,
                file=path,
            )
    return Manifest(split, entries)


def manifest_text(manifest: Manifest) -> str:
    """What ``manifest.json`` holds."""
    content = {
        "format": FORMAT,
        "split": manifest.split.to_json(),
        "tapes": manifest.entries,
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def manifest_sha256(directory: str | Path) -> str:
    """Hash of a store's manifest, which holds those of all its files and the split.

    Errors:
      As :func:`read_manifest`.
    """
    directory = Path(directory)
    read_manifest(directory)
    return hashlib.sha256((directory / MANIFEST).read_bytes()).hexdigest()


def entry_folder(entry: dict) -> PurePosixPath:
    """Where the tape of an entry lies."""
    return tape_folder(entry["name"], entry["symbol"], entry["date"])


def entry_hashes(entry: dict) -> tuple[str, ...]:
    """Hashes of the files a tape came from; of its messages if it came from none."""
    found = [file.get("sha256") for file in entry["files"]]
    if not found:
        found = [part["sha256"] for part in entry["tables"]["messages"]]
    return tuple(dict.fromkeys(each for each in found if isinstance(each, str)))


def _quoted(text: str) -> str:
    return quote(text, safe="+")
