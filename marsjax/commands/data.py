"""``marsjax data``: what is in a store, and how it is divided."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from marsjax.commands.console import progress_bar, say, show
from marsjax.data.describe import BLOCK, describe, summary
from marsjax.data.split import resplit
from marsjax.data.split_spec import Mode, SplitSpec
from marsjax.data.store_read import iter_store, verify_store
from marsjax.plot.describe import describe_figure
from marsjax.plot.style import save


@dataclass(frozen=True)
class Describe:
    """Print statistics of each tape of a store and draw a picture of each.

    The mix of messages, sizes, waiting times, spread, live orders and the slots a side
    that a book needs to hold them. All of continuous trading.

    Example: marsjax data describe runs/sse --out runs/sse-described
    """

    store: tyro.conf.Positional[Path]
    """a store that `marsjax prepare`, `simulate` or `synth` wrote"""
    out: Path = Path("marsjax-describe")
    """folder for the pictures, one a tape"""
    pictures: int = 16
    """most pictures to draw; 0: none"""
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Describe every tape."""
        rows, drawn = [], []
        tapes = iter_store(self.store)
        with progress_bar() as report:
            for tape in tapes:
                total, name = len(tape.messages), tape.name
                seen = describe(tape, lambda done, n=name, t=total: report(n, done, t))
                rows.append(summary(tape, seen))
                if len(drawn) < self.pictures:
                    path = self.out / f"{tape.name}.png"
                    drawn.append(save(describe_figure(tape, seen), path))
        measures = [name for name in rows[0] if name != "tape"]
        table = [
            {"measure": name, **{row["tape"]: row[name] for row in rows[:6]}}
            for name in measures
        ]
        notes = [f"live orders are counted every {BLOCK:,} messages"]
        if len(rows) > 6:
            notes.append(f"{len(rows) - 6} more tapes: see them all with --json")
        if drawn:
            notes.append(f"{len(drawn)} pictures in {self.out}")
        show(table, title=str(self.store), as_json=self.json, payload=rows, notes=notes)


@dataclass(frozen=True)
class Split:
    """Divide the tapes of a store into train, valid and test anew.

    Only the manifest changes. Models that were trained on another split remember what
    they saw, and later commands refuse to score them on it.

    Example: marsjax data split runs/sse --test-symbols 601825.SH
    """

    store: tyro.conf.Positional[Path]
    """the store"""
    shares: tuple[float, float, float] = (0.7, 0.1, 0.2)
    """of train, valid and test, in time"""
    embargo: float | None = None
    """seconds of trading after each boundary that belong to no part; by default 60, but
    at most half of the part that follows"""
    by: Mode = "within-day"
    """cut each tape by its messages, or give whole dates of each symbol to a part"""
    embargo_days: int = 0
    """dates after each boundary that belong to no part, where whole dates are split"""
    valid_symbols: tuple[str, ...] = ()
    """symbols held out whole for valid"""
    test_symbols: tuple[str, ...] = ()
    """symbols held out whole for test"""
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Write the manifest and print the parts."""
        spec = SplitSpec(
            shares=self.shares,
            embargo_s=self.embargo,
            by=self.by,
            embargo_days=self.embargo_days,
            valid_symbols=self.valid_symbols,
            test_symbols=self.test_symbols,
        )
        rows = resplit(self.store, spec)
        show(rows, title=f"{self.store}: {spec.line()}", as_json=self.json)


@dataclass(frozen=True)
class Verify:
    """Hash every file of a store again and compare with its manifest.

    Example: marsjax data verify runs/sse
    """

    store: tyro.conf.Positional[Path]
    """the store"""

    def run(self) -> None:
        """Raises at the first file that is not as written."""
        with progress_bar() as report:
            num = verify_store(self.store, report)
        say(f"{self.store}: all {num:,} files are as they were written")


Part = (
    Annotated[Describe, tyro.conf.subcommand("describe")]
    | Annotated[Split, tyro.conf.subcommand("split")]
    | Annotated[Verify, tyro.conf.subcommand("verify")]
)


@dataclass(frozen=True)
class Data:
    """Look into a store of tapes: describe, split, verify.

    Example: marsjax data describe runs/sse
    """

    part: Part
    """what to do"""

    def run(self) -> None:
        """Do it."""
        self.part.run()
