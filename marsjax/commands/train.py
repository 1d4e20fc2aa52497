"""``marsjax train``: a store of tapes into a trained order model."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import tyro
from rich.console import Console

from marsjax.commands.console import progress_bar, say, show
from marsjax.commands.seen import check_part
from marsjax.config import Config, ModelConfig, TrainConfig, load_config
from marsjax.data import iter_store
from marsjax.data.leakage import spans_of
from marsjax.tokens.dataset import write_dataset
from marsjax.train import evaluate, load_checkpoint, read_dataset, train
from marsjax.train.data import data_record
from marsjax.train.evaluate import can_score
from marsjax.train.folder import continues, undone_on_error


@dataclass(frozen=True)
class Train:
    """Train an order model on the training part of a store.

    Tokenises the tapes into OUT/dataset, trains with checkpoints in OUT, then scores
    the best checkpoint on the test part beside two baselines, if the store has one.
    """

    data: Path
    """a store that `marsjax prepare` wrote"""
    out: Path
    """folder of the run"""
    config: Path | None = None
    """a configs/*.py to start from; the options below override it"""
    resume: bool = False
    """continue an earlier run in OUT"""
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Tokenise, train, score."""
        dataset_dir = self.out / "dataset"
        goes_on = continues(self.out, self.resume)
        with undone_on_error(self.out):
            if not (goes_on and dataset_dir.is_dir()):
                self._tokenise(dataset_dir)
            lacking = self._lacking(dataset_dir)
            summary = train(
                Config(model=self.model, train=self.train),
                dataset_dir,
                self.out,
                resume=self.resume,
                console=Console(stderr=True),
            )
        if lacking:
            show_summary(summary, lacking, as_json=self.json)
            return
        report = score(self.out, "test")
        (self.out / "evaluation.json").write_text(json.dumps(report, indent=1) + "\n")
        show_report(report, summary, as_json=self.json)

    def _lacking(self, dataset_dir: Path) -> str:
        """Parts without orders, which leave nothing to score or to fit baselines."""
        dataset = read_dataset(dataset_dir)
        parts = [part for part in ("valid", "test") if not can_score(dataset, part)]
        # Before hours of training, and not after them.
        spans = spans_of(data_record([(dataset, 1.0)]))
        for part in {"valid", "test"} - set(parts):
            check_part(spans, dataset, part)
        lacking = " and no ".join(f"{part} part" for part in parts)
        if lacking:
            say(f"note: the store has no {lacking}: the model will not be scored")
        return lacking

    def _tokenise(self, dataset_dir: Path) -> None:
        tapes = iter_store(self.data)
        with late_bar() as report:
            info = write_dataset(
                tapes,
                dataset_dir,
                progress_fn=lambda name, n, total: report(f"tokens {name}", n, total),
            )
        say(f"{info['num_orders']:,} orders of {len(tapes)} tapes in {dataset_dir}")
        for tape, reasons in info["left_out"].items():
            for reason, count in reasons.items():
                if count:
                    say(f"note: {tape}: {count:,} rows left out: {reason}")


def score(run: Path, part: str) -> dict:
    """The best checkpoint of a run on a part of its dataset, beside the baselines."""
    checkpoint, dataset = load_checkpoint(run), read_dataset(run / "dataset")
    check_part(spans_of(checkpoint.meta.get("data") or []), dataset, part)
    with late_bar() as report:
        return evaluate(
            checkpoint,
            dataset,
            part,
            progress_fn=lambda n, total: report(f"scoring {part}", n, total),
        )


@contextmanager
def late_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar from the first report on: what fails before shows none."""
    with ExitStack() as stack:
        bars = []

        def report(name: str, done: int, total: int) -> None:
            if not bars:
                bars.append(stack.enter_context(progress_bar()))
            bars[0](name, done, total)

        yield report


def show_report(report: dict, summary: dict, *, as_json: bool) -> None:
    """Nats an order by tape: model, baselines, and what the model gains."""
    names = [name for name in report["nats"] if name != "model"]
    best = min(names, key=lambda name: report["nats"][name]["mean"][0])

    def interval(values: list[float]) -> str:
        mean, low, high = values
        return f"{mean:.3f} [{low:.3f}, {high:.3f}]"

    rows = [
        {
            "tape": tape,
            "orders": report["orders"].get(tape, sum(report["orders"].values())),
            "model": interval(report["nats"]["model"][tape]),
            **{name: f"{report['nats'][name][tape][0]:.3f}" for name in names},
            f"gain on {best}": interval(report["gain"][best][tape]),
        }
        for tape in report["nats"]["model"]
    ]
    show(
        rows,
        title=f"Nats an order on the {report['part']} part [95 % interval]",
        as_json=as_json,
        payload={"summary": summary, "evaluation": report},
        notes=[
            "mean: over tapes; intervals: bootstrap over blocks of time",
            *_notes(summary),
        ],
    )


def show_summary(summary: dict, lacking: str, *, as_json: bool) -> None:
    """What training itself found, of a store that leaves no more to score."""
    baselines = {name: f"{x:.3f}" for name, x in summary["baselines"].items()}
    valid = summary["valid_nats"]
    row = {"model": None if valid is None else f"{valid:.3f}", **baselines}
    show(
        [row],
        title="Nats an order on the valid part, which chose the checkpoint",
        as_json=as_json,
        payload={"summary": summary, "evaluation": None},
        notes=[f"not scored: the store has no {lacking}", *_notes(summary)],
    )


def _notes(summary: dict) -> list[str]:
    speed = f"{summary['orders_per_s']:,.0f} orders/s"
    return [
        f"{summary['parameters']:,} parameters, {summary['step']:,} steps, {speed}",
        f"checkpoint: {summary['checkpoint']}",
    ]


def default_train(args: list[str]) -> Train | None:
    """`Train` with the defaults of the ``--config`` that ``args`` name, if they do."""
    for i, arg in enumerate(args):
        name, _, value = arg.partition("=")
        if name == "--config":
            value = value or (args[i + 1] if i + 1 < len(args) else "")
            config = load_config(value)
            return dataclasses.replace(
                Train(data=tyro.MISSING, out=tyro.MISSING),  # stay required
                config=Path(value),
                model=config.model,
                train=config.train,
            )
    return None
