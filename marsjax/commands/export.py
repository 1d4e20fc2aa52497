"""``marsjax export``: tapes in the files that other tools read."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from marsjax.commands.console import check_seed, progress_bar, show
from marsjax.commands.outcome import whole_folder, write_lobster_files
from marsjax.data import iter_store
from marsjax.data.formats import lob_bench, lob_bench_pairs
from marsjax.data.formats.lob_bench import Pair
from marsjax.data.store_read import StoredTapes
from marsjax.errors import InputError


@dataclass(frozen=True)
class Export:
    """Write the tapes of a store as files that other tools read.

    \b
    --format lob-bench   windows of generated tapes beside real ones, in the folders
                         data_real, data_gen and data_cond that LOB-Bench scores
    --format lobster     a LOBSTER message and ten-level orderbook file of each tape

    A row of these files is an event: an order that takes three resting orders is three
    executions, and one that leaves a rest an addition more. Windows count such rows,
    and hold continuous trading alone.

    With --pair start a generated tape continues a real one of the same stock and day:
    its first rows stand beside the real rows from that moment on. With --pair order
    both stores are cut into windows, shuffled and put side by side; data_cond then
    holds what came before the real window, not before the generated one.

    Example: marsjax export --format lob-bench runs/markets --reference store --out
    runs/bench
    """

    store: Annotated[Path, tyro.conf.Positional]
    """store of the generated tapes"""
    out: Path
    """folder to make"""
    format: Literal["lob-bench", "lobster"]
    """layout of the files"""
    reference: Path | None = None
    """lob-bench: a store of the real tapes"""
    part: Literal["train", "valid", "test"] | None = None
    """lob-bench: part of the reference to take real windows of; by default all of it"""
    length: int = 500
    """lob-bench: rows of a window"""
    context: int = 500
    """lob-bench: real rows before a window, in data_cond"""
    pair: Literal["auto", "start", "order"] = "auto"
    """lob-bench: what a generated window stands beside; auto is start where every
    generated tape has one real tape of its stock and day, else order"""
    windows: int | None = None
    """lob-bench: most generated windows; by default all"""
    seed: int = 0
    """lob-bench: of the draw and the shuffle of --pair order"""
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Check, write, print."""
        self._check()
        tapes = iter_store(self.store)
        if self.format == "lobster":
            self._lobster(tapes)
        else:
            self._lob_bench(tapes, iter_store(self.reference))

    def _check(self) -> None:
        check_seed(self.seed)
        for name in ("length", "context", "windows"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"--{name} is {value}", "give 1 or more")
        if self.format == "lob-bench" and self.reference is None:
            raise InputError(
                "--format lob-bench needs real tapes to compare with",
                "name a store of them with --reference",
            )
        if self.format == "lobster":
            for name in ("reference", "part", "windows"):
                if getattr(self, name) is not None:
                    raise InputError(
                        f"--{name} does not go with --format lobster",
                        "leave it out, or use --format lob-bench",
                    )

    def _lobster(self, tapes: StoredTapes) -> None:
        with whole_folder(self.out) as work, progress_bar() as report:
            total = len(tapes)
            for done, tape in enumerate(tapes, start=1):
                write_lobster_files(work, [tape], lambda *_: None)
                report("tapes", done, total)
        row = {"tapes": total, "files": 2 * total}
        self._show(row, "LOBSTER files", [])

    def _lob_bench(self, generated: StoredTapes, reference: StoredTapes) -> None:
        pair, notes = self.pair, []
        if pair == "auto":
            pair = lob_bench_pairs.pairing_of(generated, reference)
        with whole_folder(self.out) as work:
            with progress_bar() as report:
                pairs = list(self._pairs(pair, generated, reference, notes, report))
            if not pairs:
                raise InputError(
                    f"no pair of windows of {self.length:,} rows: {'; '.join(notes)}",
                    "ask for shorter windows, or use --pair order",
                    file=self.store,
                )
            counts = lob_bench.write_pairs(work, pairs)
        if any(each.real.date == lob_bench.UNDATED for each in pairs):
            notes.append(f"real tapes without a date are named {lob_bench.UNDATED}")
        several = sum(len(each.generated) > 1 for each in pairs)
        if several:
            notes.append(
                f"{several:,} real windows have several generated ones: LOB-Bench "
                "reads the last of them in place of each"
            )
        row = {
            "paired by": pair,
            "rows a window": self.length,
            "real": counts["real"],
            "generated": counts["gen"],
            "with rows before": counts["cond"],
        }
        self._show(row, "LOB-Bench folders", notes)

    def _pairs(self, pair, generated, reference, notes, report) -> Iterator[Pair]:
        options = {
            "length": self.length,
            "context": self.context,
            "part": self.part,
            "max_windows": self.windows,
            "notes": notes,
            "progress_fn": report,
        }
        if pair == "start":
            return lob_bench_pairs.pairs_by_start(generated, reference, **options)
        options["seed"] = self.seed
        return lob_bench_pairs.pairs_in_order(generated, reference, **options)

    def _show(self, row: dict, title: str, notes: list[str]) -> None:
        show(
            [row],
            title=title,
            as_json=self.json,
            payload={**row, "notes": notes, "out": str(self.out)},
            notes=[*notes, f"written to {self.out}"],
        )
