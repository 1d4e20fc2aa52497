"""``marsjax evaluate``: how real markets are, beside real ones and simple baselines."""

import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from marsjax.commands.console import check_seed, progress_bar, say, show
from marsjax.commands.evaluate_extras import extras
from marsjax.commands.evaluate_load import Loaded, load_generated, load_reference
from marsjax.commands.outcome import whole_folder
from marsjax.errors import InputError
from marsjax.eval.bars import bars_from_windows
from marsjax.eval.baselines import BASELINES, make_baseline
from marsjax.eval.intervals import Level
from marsjax.eval.suite import Settings, System, evaluate
from marsjax.plot.evaluation_all import evaluation_figures, png_of
from marsjax.plot.page import html_page, terminal_summary


@dataclass(frozen=True)
class Evaluate:
    """Score generated markets against real ones.

    Distributions (the scores of LOB-Bench), the order of messages, responses to events
    and stylised facts, each with its floor (real windows against other real windows)
    and a 95 % interval. The headline is the excess over the floor: 0 is as good as
    real. Stores of marsjax and folders of LOBSTER files are read alike. Writes
    report.html, report.json and the pictures.

    Example: marsjax evaluate --generated runs/simulated --reference runs/sse --symbols
    600761.SH --out runs/evaluation
    """

    generated: tuple[Path, ...]
    """stores or LOBSTER folders of one generator; their windows are put together"""
    reference: Path
    """a store or LOBSTER folder of real markets"""
    out: Path
    """folder to make"""
    baselines: tuple[Literal[BASELINES], ...] = ("replay", "iid", "zi")
    """what to score beside it, made from the reference's train part: other real
    windows, messages drawn independently, fitted synthetic markets"""
    part: Literal["train", "valid", "test", "all"] = "test"
    """part of the reference to score against; what the model has seen is refused"""
    symbols: tuple[str, ...] = ()
    """instruments of the reference; by default those of the generated tapes, or all"""
    length: int = 500
    """messages of a window"""
    windows: int = 64
    """most windows of either side"""
    bar: float = 60.0
    """seconds of a bar of the stylised facts"""
    draws: int = 200
    """draws of every bootstrap, split and permutation"""
    level: Level = "windows"
    """what is drawn: windows, or whole days of an instrument"""
    pooling: Literal["reference", "lob-bench"] = "reference"
    """where bins and scales are fixed: on the reference, or on both as LOB-Bench"""
    discriminator: bool = False
    """train a network to tell the windows apart (a minute or two)"""
    checkpoint: Path | None = None
    """of the generator, to know what it has seen; by default what `simulate` noted"""
    allow_trained: bool = False
    """score on data that the generator was trained on"""
    seed: int = 0
    """of all draws"""
    name: str = "generated"
    """what to call the generator in the report"""
    json: bool = False
    """print report.json instead of a table"""

    def run(self) -> None:
        """Read, make the baselines, score, write, print."""
        self._check()
        with progress_bar() as report_fn, whole_folder(self.out) as work:
            generated = load_generated(
                self.generated,
                self.length,
                self.windows,
                self.bar,
                self.seed,
                report_fn,
            )
            reference = load_reference(
                self.reference,
                part=None if self.part == "all" else self.part,
                symbols=self.symbols or generated.symbols,
                length=self.length,
                most=self.windows,
                bar_s=self.bar,
                seed=self.seed,
                spans=generated.spans(self.checkpoint),
                allow_trained=self.allow_trained,
                progress_fn=report_fn,
            )
            first = System(self.name, generated.windows, generated.bars)
            systems = [first, *self._baselines(reference, report_fn)]
            real = System("reference", reference.windows, reference.bars)
            settings = Settings(self.draws, self.seed, self.level, self.pooling)
            report = evaluate(real, systems, settings, report_fn)
            report |= {
                "title": f"{self.name} against {self.reference}",
                "generated": generated.about(),
                "reference": reference.about(),
                "notes": [*generated.notes, *reference.notes],
                "warnings": [*generated.notes, *reference.notes],
                "versions": {name: version(name) for name in ("marsjax", "jax")},
                "extras": extras(
                    reference, generated, self.discriminator, self.seed, report_fn
                ),
            }
            report["settings"] |= {
                "part": self.part,
                "length": self.length,
                "bar_s": self.bar,
            }
            self._write(work, report)
        self._show(report)

    def _check(self) -> None:
        check_seed(self.seed)
        for name, least in (("length", 20), ("windows", 2), ("draws", 20), ("bar", 1)):
            if getattr(self, name) < least:
                raise InputError(
                    f"--{name} is {getattr(self, name)}", f"give {least} or more"
                )
        if self.name in (*BASELINES, "reference"):
            raise InputError(f"--name {self.name} is taken", "choose another")

    def _baselines(self, reference: Loaded, report_fn) -> list[System]:
        out = []
        if self.baselines and not reference.is_store:
            say("note: no baselines: they need a store as --reference, with a split")
            return out
        for name in dict.fromkeys(self.baselines):
            made = make_baseline(
                name,
                self.reference,
                reference.windows,
                part="valid" if self.part == "train" else "train",
                seed=self.seed,
                progress_fn=report_fn,
            )
            reference.notes.extend(f"{made.title}: {note}" for note in made.notes)
            bars = bars_from_windows(made.windows, self.bar)
            out.append(System(name, made.windows, bars))
        return out

    def _write(self, work: Path, report: dict) -> None:
        text = json.dumps(report, indent=1, allow_nan=False) + "\n"
        (work / "report.json").write_text(text, encoding="utf-8")
        pictures = {}
        for name, figure in evaluation_figures(report).items():
            pictures[name] = png_of(figure)
            (work / f"{name}.png").write_bytes(pictures[name])
        page = html_page(report, pictures)
        (work / "report.html").write_text(page, encoding="utf-8")

    def _show(self, report: dict) -> None:
        notes = [*report["notes"], f"written to {self.out}: open report.html"]
        show(
            terminal_summary(report),
            title=report["title"],
            as_json=self.json,
            payload=report,
            notes=notes,
        )
