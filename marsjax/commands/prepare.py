"""``marsjax prepare``: files of an exchange into a store of canonical tapes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from marsjax.commands.console import say, show
from marsjax.data import Tape, prepare_lobster, prepare_sse, read_tape, write_tape
from marsjax.errors import InputError


@dataclass(frozen=True)
class Prepare:
    """Read one instrument's order-level files into a store.

    Shanghai tick by tick: --source sse --orders FILE --trades FILE.
    LOBSTER: --source lobster --messages FILE [--orderbook FILE].
    Files may be plain, gz, xz or zst. A store holds any number of tapes: run the
    command again with the same --out to add one.
    """

    source: Literal["sse", "lobster"]
    """format of the files"""
    out: Path
    """store to make, or to add to"""
    orders: Path | None = None
    """sse: orders file"""
    trades: Path | None = None
    """sse: trades file"""
    messages: Path | None = None
    """lobster: message file"""
    orderbook: Path | None = None
    """lobster: book after each message; its first row seeds the book, and replay
    compares itself with the rest"""
    level1: Path | None = None
    """lobster: a level-1 orderbook file of the same time, to compare changes with"""
    symbol: str | None = None
    """instrument; by default from the file name"""
    date: str | None = None
    """day, YYYY-MM-DD; by default from the file name"""
    split: tuple[float, float, float] = (0.7, 0.1, 0.2)
    """shares of train, valid and test, in time"""
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Write the tape and print what became of each row."""
        tape = self._read()
        for note in tape.notes:
            say(f"note: {note}")
        for name in write_tape(self.out, tape, self.split):
            say(f"note: {name} was in {self.out} already and has been replaced")
        tape = read_tape(self.out, tape.name)
        rows = [{"rows": name, "count": count} for name, count in tape.counts.items()]
        rows += [
            {"rows": f"split: {part}", "count": stop - start}
            for part, (start, stop) in tape.split.items()
        ]
        payload = {
            "tape": tape.name,
            "store": str(self.out),
            "counts": tape.counts,
            "split": tape.split,
        }
        show(
            rows,
            title=f"{tape.name} in {self.out}",
            as_json=self.json,
            payload=payload,
        )

    def _read(self) -> Tape:
        names = {"symbol": self.symbol, "date": self.date}
        wanted = {
            "sse": ("orders", "trades"),
            "lobster": ("messages", "orderbook", "level1"),
        }
        for source, options in wanted.items():
            for option in options:
                if source != self.source and getattr(self, option) is not None:
                    raise InputError(
                        f"--{option} does not go with --source {self.source}",
                        f"leave it out, or use --source {source}",
                    )
        if self.source == "sse":
            return prepare_sse(self._need("orders"), self._need("trades"), **names)
        return prepare_lobster(
            self._need("messages"), self.orderbook, level1=self.level1, **names
        )

    def _need(self, option: str) -> Path:
        path = getattr(self, option)
        if path is None:
            raise InputError(
                f"--source {self.source} needs --{option}", f"add --{option} FILE"
            )
        return path
