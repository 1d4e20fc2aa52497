"""Which reader takes which options of ``marsjax prepare``; readers load when asked."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from marsjax.data.reader import Reader
from marsjax.errors import InputError

Source = Literal["sse", "szse", "lobster", "itch", "databento", "bitstamp", "mapping"]


@dataclass(frozen=True)
class Kind:
    """A format's reader.

    Attributes:
      module, cls: where it is.
      needed: options with the paths it cannot do without, in its order; ``files`` are
        any number of them.
      together: whether it takes all of ``files`` at once, as one feed; else each is
        read, and enters the store, by itself.
      optional: options with paths it takes beside.
      chosen: options that say what to read of the paths.
    """

    module: str
    cls: str
    needed: tuple[str, ...] = ("files",)
    optional: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ("symbol", "date")
    together: bool = False


_PAIR = ("orders", "trades")
KINDS: dict[str, Kind] = {
    "sse": Kind("sse", "SseReader", _PAIR),
    "szse": Kind("szse", "SzseReader", _PAIR),
    "lobster": Kind("lobster", "LobsterReader", ("messages",), ("orderbook", "level1")),
    "itch": Kind("itch", "ItchReader", chosen=("symbols", "date")),
    "databento": Kind("mbo", "MboReader", chosen=("symbols", "date")),
    "bitstamp": Kind("bitstamp", "BitstampReader", chosen=("symbol",)),
    "mapping": Kind(
        "mapping",
        "MappingReader",
        ("files", "mapping"),
        chosen=("symbol", "symbols"),
        together=True,
    ),
}
_PATHS = ("orders", "trades", "messages", "orderbook", "level1", "files", "mapping")
_CHOSEN = ("symbol", "symbols", "date")


@dataclass(frozen=True)
class Job:
    """Files that are read together and enter the store at once.

    Attributes:
      paths: the files, but for a mapping.
      options: what they are read with, as the store keeps it.
      open_fn: makes the reader, given ``skips`` and ``progress_fn``.
    """

    paths: tuple[Path, ...]
    options: dict
    open_fn: Callable[..., Reader]


def jobs(command: Any) -> list[Job]:
    """What to read, from the options of the command.

    Args:
      command: has an attribute for each of the options, ``source`` and ``lenient``.
    Errors:
      :class:`InputError` for an option that the source needs or does not take.
    """
    kind = KINDS[command.source]
    _check(command, kind)
    chosen = {name: getattr(command, name) for name in kind.chosen}
    if "symbols" in chosen:
        chosen["symbols"] = chosen["symbols"] or None
    optional = {name: getattr(command, name) for name in kind.optional}
    options = {"source": command.source, "lenient": command.lenient, **chosen}
    if command.mapping is not None:
        options["mapping_sha256"] = _sha256(command.mapping)
    sets = [command.files]
    if not kind.together:
        sets = [(path,) for path in command.files] or [()]
    return [_job(command, kind, files, optional, chosen, options) for files in sets]


def _job(command, kind: Kind, files: tuple, optional, chosen, options) -> Job:
    given = {name: getattr(command, name) for name in kind.needed}
    if "files" in given:
        given["files"] = files if kind.together else files[0]
    paths = [given[name] for name in kind.needed if name not in ("files", "mapping")]
    paths += [*files, *(path for path in optional.values() if path is not None)]

    def open_fn(**more) -> Reader:
        module = import_module(f"marsjax.data.formats.{kind.module}")
        reader = getattr(module, kind.cls)
        told = {name: value for name, value in chosen.items() if value is not None}
        return reader(*given.values(), **optional, **told, **more)

    return Job(tuple(map(Path, paths)), options, open_fn)


def _check(command: Any, kind: Kind) -> None:
    given = {
        name for name in (*_PATHS, *_CHOSEN) if getattr(command, name) not in (None, ())
    }
    for name in (*_PATHS, *_CHOSEN):
        if name in given and not _takes(kind, name):
            fits = [source for source, each in KINDS.items() if _takes(each, name)]
            raise InputError(
                f"--{name} does not go with --source {command.source}",
                f"leave it out, or use --source {' or '.join(fits)}",
            )
    for name in kind.needed:
        if name not in given:
            raise InputError(
                f"--source {command.source} needs --{name}", f"add --{name} FILE"
            )


def _takes(kind: Kind, name: str) -> bool:
    return name in (*kind.needed, *kind.optional, *kind.chosen)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(
            f"cannot be read ({error.strerror})", "check the path", file=path
        ) from None
