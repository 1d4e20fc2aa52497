"""Changes to a store all at once: a hidden folder, a list of moves, one at a time.

What a writer makes lies in a hidden folder whose name tells its machine and process.
Moving it in is a few renames between two lists on disk, ``moves.json`` before and the
manifest after: whoever finds the first without the second takes the moves back.
"""

import contextlib
import json
import os
import platform
import re
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from marsjax.data.manifest import MANIFEST, WORK_PREFIX
from marsjax.errors import InputError

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None

_MOVES = "moves.json"


@contextmanager
def told(directory: Path) -> Iterator[None]:
    """Turns an error of the file system into an `InputError` about the store."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror or error})",
            "choose another --out or make room",
            file=directory,
        ) from None


def make_work(directory: Path) -> Path:
    """A hidden folder of this process in a store."""
    host = re.sub(r"\W", "", platform.node()) or "host"
    work = directory / f"{WORK_PREFIX}{host}-{os.getpid()}-{uuid.uuid4().hex[:12]}"
    work.mkdir(parents=True)
    return work


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """One process at a time changes the manifest of a store."""
    if fcntl is None:
        yield
        return
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def clean_up(directory: Path) -> list[str]:
    """Takes back and removes what writers that are gone left behind.

    Returns:
      Sentences on what was done, and on folders that may still be in use.
    """
    notes = []
    for work in sorted(directory.glob(f"{WORK_PREFIX}*")):
        state = _is_alive(work)
        if state is None:
            notes.append(
                f"{work} may belong to a writer at work; remove it if there is none"
            )
        elif not state:
            with locked(directory):
                _take_back(work, directory)
            shutil.rmtree(work, ignore_errors=True)
            notes.append(f"removed {work.name}, which an interrupted writer left")
    return notes


def move_in(work: Path, directory: Path, folders: Sequence[str], manifest: str) -> None:
    """Moves tapes from ``work/new`` to their places and replaces the manifest.

    All or none: an error puts everything back, a process that is killed leaves that to
    the next writer. The store must be `locked`.
    """
    (work / MANIFEST).write_text(manifest, encoding="utf-8")
    new = {folder: _files(work / "new" / folder) for folder in folders}
    (work / _MOVES).write_text(json.dumps(new))
    try:
        # File by file: a folder may hold those of simulated markets as well.
        for folder, names in new.items():
            place, old = directory / folder, work / "old" / folder
            old.mkdir(parents=True, exist_ok=True)
            place.mkdir(parents=True, exist_ok=True)
            for name in _files(place):
                (place / name).replace(old / name)
            for name in names:
                (work / "new" / folder / name).replace(place / name)
        (work / MANIFEST).replace(directory / MANIFEST)
    except BaseException:
        _take_back(work, directory)
        raise


def _files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def _take_back(work: Path, directory: Path) -> None:
    """Undoes moves whose manifest never came."""
    if not (work / _MOVES).is_file() or not (work / MANIFEST).is_file():
        return
    try:
        new = json.loads((work / _MOVES).read_text())
    except ValueError:  # killed while it was written: nothing was moved yet
        return
    for folder, names in new.items():
        place, old = directory / folder, work / "old" / folder
        # Moves only, each once: this may be interrupted too, and done again.
        for name in names:
            source = work / "new" / folder / name
            if not source.exists() and (place / name).exists():
                (place / name).replace(source)
        for name in _files(old) if old.is_dir() else ():
            (old / name).replace(place / name)
        remove_empty(place, directory)
    (work / _MOVES).unlink()


def remove_empty(folder: Path, directory: Path) -> None:
    """Removes folders without content, up to that of the store."""
    while folder != directory:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent


def _is_alive(work: Path) -> bool | None:
    """Whether the process that made a hidden folder runs; ``None``: who knows."""
    match = re.fullmatch(rf"{re.escape(WORK_PREFIX)}(\w+)-(\d+)-\w+", work.name)
    here = re.sub(r"\W", "", platform.node()) or "host"
    if match is None or match[1] != here or os.name != "posix":
        return None
    try:
        os.kill(int(match[2]), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def remove(work: Path, directory: Path, is_new: bool) -> None:
    """Removes a writer's hidden folder, and the store if it was new and stays empty."""
    shutil.rmtree(work, ignore_errors=True)
    if is_new and directory.is_dir():
        with contextlib.suppress(OSError):
            directory.rmdir()
