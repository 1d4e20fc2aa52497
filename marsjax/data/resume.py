"""What a store holds already of files that are about to be read."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from marsjax.data.manifest import MANIFEST, read_manifest


def prepared(directory: str | Path, paths: Sequence[Path], options: dict) -> list[str]:
    """Names of the tapes that came from the same files, read with the same options.

    Files are the same if their content is; it is only read where name and size agree
    with those of a tape.

    Errors:
      :class:`~marsjax.errors.InputError` if there is a store but a damaged one.
    """
    directory = Path(directory)
    if not (directory / MANIFEST).is_file():
        return []
    if not all(path.is_file() for path in paths):
        return []
    options = json.loads(json.dumps(options))
    known = {(path.name, path.stat().st_size) for path in paths}
    found = [
        entry
        for entry in read_manifest(directory).entries
        if entry["options"] == options
        and {(file.get("name"), file.get("bytes")) for file in entry["files"]} == known
    ]
    if not found:
        return []
    hashes = {_sha256(path) for path in paths}
    return [
        entry["name"]
        for entry in found
        if {file.get("sha256") for file in entry["files"]} == hashes
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
