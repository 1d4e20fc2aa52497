"""``marsjax prepare``: files of an exchange into a store of canonical tapes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from marsjax.commands.console import progress_bar, say, show
from marsjax.commands.sources import Job, Source, jobs
from marsjax.data.manifest import read_manifest
from marsjax.data.resume import prepared
from marsjax.data.skips import Skips
from marsjax.data.split import split_table
from marsjax.data.split_spec import SplitSpec
from marsjax.data.store_writer import StoreWriter, resolve_split
from marsjax.errors import InputError

SHOWN = 20
"""Tapes of a table; a file can hold thousands."""


@dataclass(frozen=True)
class Prepare:
    """Read order-level files of an exchange into a store.

    Files may be plain, gz, xz or zst, of any size. A store holds any number of tapes:
    run the command again with the same --out to add some, or to go on after an
    interrupt; what is there already, from the same files, is not read again.

    \b
    --source sse --orders FILE --trades FILE       Shanghai, tick by tick
    --source szse --orders FILE --trades FILE      Shenzhen, cancels among the trades
    --source lobster --messages FILE [--orderbook FILE] [--level1 FILE]
    --source itch --files FILE... [--symbols AAPL MSFT]   Nasdaq ITCH 5.0, a file a day
    --source databento --files FILE... [--symbols ESZ4]   Databento MBO (DBN)
    --source bitstamp --files FILE...              orders created, changed and deleted
    --source mapping --mapping FILE.toml --files FILE...  any CSV or parquet feed

    Each tape is divided in time into train, valid and test, with an embargo between
    them that is in no part: --split, --embargo, --split-by days, --test-symbols.
    """

    source: Source
    """format of the files"""
    out: Path
    """store to make, or to add to"""
    orders: Path | None = None
    """sse, szse: orders file"""
    trades: Path | None = None
    """sse, szse: trades file"""
    messages: Path | None = None
    """lobster: message file"""
    orderbook: Path | None = None
    """lobster: book after each message; its first row seeds the book, and replay
    compares itself with the rest"""
    level1: Path | None = None
    """lobster: a level-1 orderbook file of the same time, to compare changes with"""
    files: tuple[Path, ...] = ()
    """itch, databento, bitstamp: the files, each read by itself; mapping: files of one
    feed that follow each other"""
    mapping: Path | None = None
    """mapping: a TOML file that names columns, codes, units and time zone"""
    symbol: str | None = None
    """instrument; by default from the file name"""
    symbols: tuple[str, ...] = ()
    """itch, databento, mapping: instruments to read of many; by default all"""
    date: str | None = None
    """day, YYYY-MM-DD; by default from the file name"""
    lenient: bool = False
    """leave rows at fault out and go on; prints what was skipped, by reason"""
    split: tuple[float, float, float] | None = None
    """shares of train, valid and test, in time; by default as the store's other tapes,
    0.7 0.1 0.2 in a new one"""
    embargo: float | None = None
    """seconds of trading after each boundary that are in no part (by default 60,
    at most half of the part that follows); whole days with --split-by days (by default
    0)"""
    split_by: Literal["within-day", "days"] | None = None
    """cut each tape, or give whole days of each symbol to a part (by default within
    the day)"""
    valid_symbols: tuple[str, ...] = ()
    """symbols of which all is valid"""
    test_symbols: tuple[str, ...] = ()
    """symbols of which all is test"""
    overwrite: bool = False
    """read again what is there already"""
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Write the tapes and print what became of each row."""
        todo, spec, names = jobs(self), self._spec(), []
        resolve_split(self.out, spec)
        for job in todo:
            there = [] if self.overwrite else prepared(self.out, job.paths, job.options)
            if there:
                _say_there(self.out, there)
            found = there or self._prepare(job, spec, names)
            names += [name for name in found if name not in names]
        manifest = read_manifest(self.out)
        entries = [entry for entry in manifest.entries if entry["name"] in names]
        self._show(entries, manifest.split)

    def _prepare(self, job: Job, spec: SplitSpec | None, before: list[str]) -> list:
        """Reads the files of a job into the store; the tapes they gave."""
        skips = Skips() if self.lenient else None
        with StoreWriter(self.out, spec, options=job.options) as writer:
            for note in writer.notes:
                say(f"note: {note}")
            with progress_bar(is_bytes=True) as report:
                reader = job.open_fn(skips=skips, progress_fn=report)
                writer.add_all(reader)
            twice = sorted(set(writer.names) & set(before))
            if twice:
                raise InputError(
                    f"{twice[0]} was in an earlier file too",
                    "give files of different days or instruments, or pass --date; what "
                    "the earlier files gave is in the store",
                    file=job.paths[0],
                )
            skipped = skips.lines() if skips is not None else []
            replaced = writer.commit(reader.facts, skipped)
            for line in skipped:
                say(f"note: {line}")
            for name in replaced:
                say(f"note: {name} was in {self.out} already and has been replaced")
            return list(writer.names)

    def _spec(self) -> SplitSpec | None:
        """The rule that the options ask for; ``None``: the store's own."""
        given = {
            "shares": self.split,
            "by": self.split_by,
            "valid_symbols": self.valid_symbols or None,
            "test_symbols": self.test_symbols or None,
        }
        if self.embargo is not None:
            if self.split_by != "days":
                given["embargo_s"] = self.embargo
            elif self.embargo == int(self.embargo):
                given["embargo_days"] = int(self.embargo)
            else:
                raise InputError(
                    f"--embargo is {self.embargo} days", "give a whole number of days"
                )
        given = {name: value for name, value in given.items() if value is not None}
        return SplitSpec(**given) if given else None

    def _show(self, entries: list[dict], spec: SplitSpec) -> None:
        splits = split_table(entries)
        for note in dict.fromkeys(note for entry in entries for note in entry["notes"]):
            say(f"note: {note}")
        payload = {
            "store": str(self.out),
            "split": spec.to_json(),
            "tapes": [
                {
                    "tape": entry["name"],
                    "counts": entry["counts"],
                    "split": entry["split"],
                    "embargo": entry["embargo"],
                    "skipped": entry["skipped"],
                }
                for entry in entries
            ],
        }
        if len(entries) == 1:
            rows = [
                {"rows": name, "count": count}
                for name, count in entries[0]["counts"].items()
            ]
            del splits[0]["tape"]
            rows += [
                {"rows": f"split: {part}", "count": count}
                for part, count in splits[0].items()
            ]
            payload |= payload["tapes"][0]
            title, notes = f"{entries[0]['name']} in {self.out}", []
        else:
            rows = [
                {"tape": row.pop("tape"), "messages": entry["rows"], **row}
                for entry, row in zip(entries, splits, strict=True)
            ]
            rows.sort(key=lambda row: -row["messages"])
            title = f"{len(rows):,} tapes in {self.out}"
            notes = [f"messages in all: {sum(row['messages'] for row in rows):,}"]
            if len(rows) > SHOWN:
                notes.append(f"the {SHOWN} largest are shown; --json tells of all")
            rows = rows[:SHOWN]
        notes.append(f"split {spec.line()}")
        show(rows, title=title, as_json=self.json, payload=payload, notes=notes)


def _say_there(out: Path, names: list[str]) -> None:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    say(
        f"note: {', '.join(names[:3])}{more} is in {out} already, from the same files "
        "read in the same way; --overwrite reads them again"
    )
