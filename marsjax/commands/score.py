"""``marsjax score``: nats an order of any checkpoint on any store, beside baselines."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from marsjax.commands.console import late_bar, show
from marsjax.commands.nats import Kind, nats_notes, nats_rows
from marsjax.commands.seen import training_spans
from marsjax.data import iter_store
from marsjax.data.clock import NS
from marsjax.data.held_out import hold_out
from marsjax.data.leakage import Scored, check_unseen
from marsjax.data.manifest import entry_hashes
from marsjax.data.store_read import StoredTapes
from marsjax.data.tape import PARTS
from marsjax.errors import InputError
from marsjax.tokens.dataset import write_dataset
from marsjax.train import Checkpoint, Dataset, evaluate, load_checkpoint, read_dataset
from marsjax.train.evaluate import can_score
from marsjax.train.load import tokenizer_of
from marsjax.train.report import fit_kinds
from marsjax.train.shipped import find_model


class Ground(NamedTuple):
    """What baselines are fitted on: a dataset, or None; and which, in words."""

    dataset: Dataset | None
    what: str


@dataclass(frozen=True)
class Score:
    """Score a trained model on a store, in nats an order, beside simple baselines.

    The store is tokenised as the model's training data were, so it may hold other
    stocks and days. What the model was trained on is refused unless named by its part.

    Example: marsjax score --checkpoint runs/sse-model --data runs/sse
    """

    checkpoint: str
    """a run, a checkpoint of it, or a name that `marsjax models` lists"""
    data: Path
    """a store that `marsjax prepare`, `simulate` or `synth` wrote"""
    part: Literal["train", "valid", "test", "all"] = "test"
    """which orders; all: whole days, of stocks or days not trained on"""
    symbols: tuple[str, ...] = ()
    """score these alone; by default every one that has such orders"""
    baselines: tuple[Kind, ...] | None = None
    """counts: unigram to trigram; logistic: regressions on the model's inputs; boosted:
    trees on the same. By default all, boosted where LightGBM is installed"""
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Check, tokenise, fit, score, show."""
        folder = find_model(self.checkpoint)
        checkpoint, spans = load_checkpoint(folder), training_spans(folder)
        tapes = iter_store(self.data)
        chosen = self._chosen(tapes)
        for entry in chosen:
            check_entry(spans, entry, self.part)
        with tempfile.TemporaryDirectory() as work, late_bar() as bar:
            dataset = self._tokenised(tapes, chosen, checkpoint, Path(work), bar)
            ground = self._ground(tapes, checkpoint, Path(work), bar)
            fitted = ground.dataset and fit_kinds(
                ground.dataset,
                self.baselines,
                progress_fn=lambda n, total: bar("baselines", n, total),
            )
            report = evaluate(
                checkpoint,
                dataset,
                "test",  # of that dataset, which holds nothing else
                baselines=fitted or [],
                progress_fn=lambda n, total: bar(f"scoring {self.part}", n, total),
            )
        report |= {
            "part": self.part,
            "checkpoint": str(checkpoint.path),
            "data": str(self.data),
            "baselines_fitted_on": ground.what,
        }
        show(
            nats_rows(report),
            title=f"Nats an order, {self.part} part of {self.data} [95 % interval]",
            as_json=self.json,
            payload=report,
            notes=[f"baselines: {ground.what}", *nats_notes(report)],
        )

    def _chosen(self, tapes: StoredTapes) -> list[dict]:
        """Entries of the store to score."""
        known = {entry["symbol"] for entry in tapes.entries}
        for symbol in self.symbols:
            if symbol not in known:
                raise InputError(
                    f"the store has no symbol {symbol}",
                    f"use one of: {', '.join(sorted(known))[:200]}",
                    file=self.data,
                )
        chosen = [
            entry
            for entry in tapes.entries
            if (not self.symbols or entry["symbol"] in self.symbols)
            and part_times(entry, self.part) is not None
        ]
        if not chosen:
            raise InputError(
                f"the store has no {self.part} part to score",
                "name another --part, or prepare longer tapes",
                file=self.data,
            )
        return chosen

    def _tokenised(
        self,
        tapes: StoredTapes,
        chosen: list[dict],
        checkpoint: Checkpoint,
        work: Path,
        bar: Callable[[str, int, int], None],
    ) -> Dataset:
        """The orders to score, as the test part of a dataset of their own."""
        names = {entry["name"] for entry in chosen}
        of = PARTS if self.part == "all" else (self.part,)
        prepared = (
            hold_out(tapes[i], of=of)
            for i, entry in enumerate(tapes.entries)
            if entry["name"] in names
        )
        return _write(prepared, work / "scored", checkpoint, bar)

    def _ground(
        self,
        tapes: StoredTapes,
        checkpoint: Checkpoint,
        work: Path,
        bar: Callable[[str, int, int], None],
    ) -> Ground:
        """The model's own training data where they are at hand, or the store's."""
        if self.baselines == ():
            return Ground(None, "none asked for")
        own = own_dataset(checkpoint)
        if own is not None:
            return Ground(own, f"fitted on the model's training data, {own.path}")
        absent = "the model's training data are not at hand"
        if self.part == "all":
            return Ground(
                None, f"none, for {absent} and all of the store is to be scored"
            )
        dataset = _write(iter(tapes), work / "ground", checkpoint, bar)
        lacking = [p for p in ("train", "valid") if not can_score(dataset, p)]
        if lacking:
            return Ground(
                None, f"none, for {absent} and the store has no {lacking[0]} part"
            )
        return Ground(dataset, f"fitted on the store's train part: {absent}")


def own_dataset(checkpoint: Checkpoint) -> Dataset | None:
    """The dataset a checkpoint's run was trained on, if it still lies in the run."""
    path = checkpoint.path.parent.parent / "dataset"
    if not (path / "dataset.json").is_file():
        return None
    dataset = read_dataset(path)
    record = checkpoint.meta.get("data") or []
    is_same = any(each.get("sha256") == dataset.sha256 for each in record)
    can_fit = can_score(dataset, "train") and can_score(dataset, "valid")
    return dataset if is_same and can_fit else None


def part_times(entry: dict, part: str) -> tuple | None:
    """First and last moment of a part of a tape; None: it has no such orders."""
    names = PARTS if part == "all" else (part,)
    used = [n for n in names if entry["split"][n][0] < entry["split"][n][1]]
    if not used:
        return None
    first = min(entry["split_time"][name][0] for name in used)
    end_s, end_ns = max(entry["split_time"][name][1] for name in used)
    return tuple(first), divmod(end_s * NS + end_ns - 1, NS)


def check_entry(spans: list[dict], entry: dict, part: str) -> None:
    """Refuses a part of a tape that a model has seen, but for one that was named."""
    keys = (entry["name"], entry["symbol"], entry["date"])
    tape = Scored(*keys, tuple(entry_hashes(entry)), entry["source"])
    check_unseen(
        spans,
        tape,
        times=part_times(entry, part),
        allow=() if part == "all" else (part,),
        remedy="score the test part, or --symbols that the model was not trained on",
    )


def _write(tapes, path: Path, checkpoint: Checkpoint, bar) -> Dataset:
    write_dataset(
        tapes,
        path,
        tokenizer=tokenizer_of(checkpoint),
        progress_fn=lambda name, n, total: bar(f"tokens {name}", n, total),
    )
    return read_dataset(path)
