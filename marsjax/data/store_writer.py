"""Tapes into a store as a reader gives them, in bounded memory."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from marsjax.data.manifest import (
    Manifest,
    entry_folder,
    find_manifest,
    manifest_text,
)
from marsjax.data.manifest_checks import TABLES, is_name
from marsjax.data.reader import Piece, Reader, TapeFacts
from marsjax.data.split_assign import is_cut, set_split, split_whole_tapes
from marsjax.data.split_spec import SplitSpec, as_spec
from marsjax.data.split_time import divide
from marsjax.data.store_commit import clean_up, locked, make_work, move_in, remove, told
from marsjax.data.store_entry import make_entry, metadata, stored_timeline
from marsjax.data.store_parts import PART_ROWS, TableParts
from marsjax.errors import InputError

BUFFER_BYTES = 128 << 20
"""Memory for rows that wait, of all tapes together; a part of a file comes on top."""

FactsFn = Callable[[str], TapeFacts]


class _Tape(NamedTuple):
    folder: Path
    tables: dict[str, TableParts]

    @property
    def held_bytes(self) -> int:
        return sum(table.held_bytes for table in self.tables.values())


class StoreWriter:
    """Adds the tapes of a reader to a store, which is made if need be; all or none.

    Rows go to a hidden folder inside the store, those of the largest tapes first when
    more are held than ``buffer_bytes``. `commit` moves everything to its place and
    replaces the manifest last; leaving the context without it leaves no trace.

    Args:
      directory: the store.
      split: rule, or shares of train, valid and test. ``None``: as the store's other
        tapes, or the default of a new one.
      options: what the tapes were read with, as JSON; kept with each.
      buffer_bytes: most memory for rows that wait.
      part_rows: most rows of a parquet file.
    Attributes:
      notes: sentences on what was found in the store.
      held_bytes, most_held_bytes: memory of the rows that wait, now and at most.
    Errors:
      :class:`InputError` if the folder holds something else, cannot be written, or is
      split by another rule.
    """

    def __init__(
        self,
        directory: str | Path,
        split: SplitSpec | Sequence[float] | None = None,
        *,
        options: dict | None = None,
        buffer_bytes: int = BUFFER_BYTES,
        part_rows: int = PART_ROWS,
    ):
        self.directory = Path(directory)
        self.held_bytes = self.most_held_bytes = 0
        self._options, self._part_rows = options or {}, part_rows
        self._buffer_bytes = buffer_bytes
        self._tapes: dict[str, _Tape] = {}
        with told(self.directory):
            is_there = self.directory.is_dir()
            self.notes = clean_up(self.directory) if is_there else []
        self._split = resolve_split(self.directory, split)

    def __enter__(self) -> "StoreWriter":
        self._is_new = not self.directory.exists()
        with told(self.directory):
            self._work = make_work(self.directory)
        return self

    def __exit__(self, *_) -> None:
        remove(self._work, self.directory, self._is_new)

    @property
    def names(self) -> tuple[str, ...]:
        """The tapes so far."""
        return tuple(self._tapes)

    def add_all(self, reader: Reader) -> None:
        """Every piece of a reader."""
        for piece in reader.pieces():
            self.add(piece, reader.facts)

    def add(self, piece: Piece, facts_fn: FactsFn) -> None:
        """Some rows of a tape.

        Args:
          piece: the rows.
          facts_fn: facts of a tape by its name; those that stand in its parquet files
            (symbol, date, tick, lot, sessions, source) must be right from now on.
        Errors:
          :class:`InputError` for rows that no tape can have, and if there is no room.
        """
        tape = self._tapes.get(piece.name) or self._new(piece.name)
        with told(self.directory):
            for name in TABLES:
                rows = getattr(piece, name)
                if rows is not None:
                    if name not in tape.tables:
                        tape.tables[name] = self._table(piece.name, tape.folder, name)
                    self._hold(tape.tables[name], rows, piece.name, facts_fn)
            self.most_held_bytes = max(self.most_held_bytes, self.held_bytes)
            if self.held_bytes > self._buffer_bytes:
                self._spill()

    def commit(self, facts_fn: FactsFn, skipped: Sequence[str] = ()) -> tuple[str, ...]:
        """Puts the tapes into the store.

        Args:
          facts_fn: facts of a tape by its name, complete now.
          skipped: sentences on rows that a lenient reader left out.
        Returns:
          Names of tapes that were there before and have been replaced.
        Errors:
          :class:`InputError` if there is no tape or an empty one, a name cannot be a
          folder's, the rule does not fit, or the store cannot be written.
        """
        if not self._tapes:
            raise InputError(
                "the files hold no message that can be used",
                "give a tape with messages",
            )
        with told(self.directory):
            added = [self._finish(name, facts_fn, skipped) for name in self._tapes]
            with locked(self.directory):
                return self._put(added)

    def _new(self, name: str) -> _Tape:
        folder = self._work / "rows" / str(len(self._tapes))
        with told(self.directory):
            folder.mkdir(parents=True)
        tape = _Tape(folder, {"messages": self._table(name, folder, "messages")})
        self._tapes[name] = tape
        return tape

    def _table(self, tape: str, folder: Path, table: str) -> TableParts:
        return TableParts(tape, folder, table, self._part_rows)

    def _hold(self, table: TableParts, rows, name: str, facts_fn: FactsFn) -> None:
        before = table.held_bytes
        table.add(rows)
        self.held_bytes += table.held_bytes - before
        if table.is_full:
            self.most_held_bytes = max(self.most_held_bytes, self.held_bytes)
            before = table.held_bytes
            table.write(lambda: metadata(facts_fn(name)))
            self.held_bytes += table.held_bytes - before

    def _spill(self) -> None:
        """Rows of the largest tapes to disk, until half of the memory is free."""
        tapes = list(self._tapes.values())
        for tape in sorted(tapes, key=lambda tape: -tape.held_bytes):
            self.held_bytes -= tape.held_bytes
            for table in tape.tables.values():
                table.spill()
            if self.held_bytes <= self._buffer_bytes // 2:
                return

    def _finish(self, name: str, facts_fn: FactsFn, skipped: Sequence[str]) -> dict:
        """Writes what a tape has left; its manifest entry."""
        tape, facts = self._tapes[name], facts_fn(name)
        if not tape.tables["messages"].rows:
            raise InputError(f"tape {name} is empty", "give a tape with messages")
        for text in (name, facts.symbol):
            if not is_name(text):
                raise InputError(
                    f"{text!r} cannot name a tape",
                    "use a symbol without spaces, slashes and '@'",
                )
        for table in tape.tables.values():
            table.write(lambda: metadata(facts), last=True)
        tables = {key: table.parts for key, table in tape.tables.items()}
        timeline = stored_timeline(tape.folder, vars(facts), tables["messages"])
        entry = make_entry(facts, tables, timeline, self._options, skipped)
        if is_cut(facts.symbol, self._split):
            set_split(entry, divide(timeline, self._split))
        place = self._work / "new" / entry_folder(entry)
        place.mkdir(parents=True, exist_ok=True)
        for path in tape.folder.iterdir():
            path.rename(place / path.name)
        return entry

    def _put(self, added: list[dict]) -> tuple[str, ...]:
        resolve_split(self.directory, self._split)  # another writer may have come first
        old = find_manifest(self.directory)
        entries = {entry["name"]: entry for entry in (old.entries if old else ())}
        replaced = tuple(entry["name"] for entry in added if entry["name"] in entries)
        entries.update({entry["name"]: entry for entry in added})
        split_whole_tapes(list(entries.values()), self._split)
        text = manifest_text(Manifest(self._split, list(entries.values())))
        move_in(self._work, self.directory, [str(entry_folder(e)) for e in added], text)
        return replaced


def resolve_split(
    directory: Path, split: SplitSpec | Sequence[float] | None
) -> SplitSpec:
    """The rule of a store that tapes are about to join.

    Errors:
      :class:`InputError` if it is split by another rule, or no store.
    """
    found = find_manifest(directory)
    if found is None or not found.entries:
        return SplitSpec() if split is None else as_spec(split)
    if split is not None and as_spec(split) != found.split:
        raise InputError(
            f"the store is split {found.split.line()}, not {as_spec(split).line()}",
            "leave the options of the split out, or first split the whole store anew "
            "with `marsjax data split`",
            file=directory,
        )
    return found.split
