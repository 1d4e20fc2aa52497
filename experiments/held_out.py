"""How well a model knows a stock that it was not trained on, leaving each out in turn.

    python -m experiments.held_out --data runs/sse --config configs/sse.py \
        --out runs/held-out

For each stock of the store a model is trained on the train parts of all the others, its
checkpoint chosen by their valid parts, and all orders of the stock are scored, beside
baselines fitted on the same train parts. The stocks share their days: what moves all of
a market at once has been seen by model and baselines alike. Writes held_out.json and a
run for each stock; takes as long as that many trainings.
"""

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console

from marsjax.commands.console import late_bar, show
from marsjax.commands.nats import score
from marsjax.commands.outcome import whole_folder
from marsjax.config import load_config
from marsjax.data import iter_store
from marsjax.data.held_out import hold_out
from marsjax.data.store_read import StoredTapes
from marsjax.data.tape import Tape
from marsjax.errors import InputError, exit_on_input_error
from marsjax.tokens.dataset import write_dataset
from marsjax.train import train
from marsjax.train.report import best_baseline


@dataclass(frozen=True)
class Args:
    """Train leaving each stock out, and score it."""

    data: Path
    """a prepared store of several stocks"""
    config: Path
    """a configs/*.py"""
    out: Path
    """folder to make"""
    symbols: tuple[str, ...] = ()
    """stocks to leave out; by default each of the store"""
    json: bool = False
    """print JSON instead of a table"""


def main(args: Args) -> None:
    """Train and score once a stock, and print a column for each."""
    tapes, config = iter_store(args.data), load_config(args.config)
    known = sorted({entry["symbol"] for entry in tapes.entries})
    symbols = args.symbols or tuple(known)
    strange = [symbol for symbol in symbols if symbol not in known]
    if strange or len(known) < 2:
        raise InputError(
            f"has no symbol {strange[0]}" if strange else "holds one stock alone",
            "name symbols of a store of several",
            file=args.data,
        )
    reports = {}
    with whole_folder(args.out) as work:
        for symbol in symbols:
            run = work / symbol
            with late_bar() as bar:
                write_dataset(
                    divided(tapes, symbol),
                    run / "dataset",
                    progress_fn=lambda name, n, total: bar(f"tokens {name}", n, total),
                )
            train(config, run / "dataset", run, console=Console(stderr=True))
            reports[symbol] = score(run, "test")
        text = json.dumps(reports, indent=1, allow_nan=False) + "\n"
        (work / "held_out.json").write_text(text)
    show(
        table(reports),
        title="Nats an order of stocks not trained on [95 % interval]",
        as_json=args.json,
        payload=reports,
        notes=["model and baselines know the other stocks of the store alone"],
    )


def divided(tapes: StoredTapes, symbol: str) -> Iterator[Tape]:
    """The tapes of one stock as test as a whole; of the others train and valid."""
    for tape in tapes:
        if tape.symbol == symbol:
            yield hold_out(tape)
            continue
        ranges = {"split": tape.split, "split_time": tape.split_time}
        cut = {
            name: {**parts, "test": [parts["test"][0], parts["test"][0]]}
            for name, parts in ranges.items()
        }
        yield dataclasses.replace(tape, **cut)


def table(reports: dict[str, dict]) -> list[dict]:
    """A row for the model, each baseline and the gain, a column for each stock."""
    counts = {symbol: sum(r["orders"].values()) for symbol, r in reports.items()}
    rows = [{"": "orders", **{s: f"{count:,}" for s, count in counts.items()}}]
    for name in next(iter(reports.values()))["nats"]:
        cells = {s: _interval(r["nats"][name]["mean"]) for s, r in reports.items()}
        rows.append({"": name, **cells})
    gains = {}
    for symbol, report in reports.items():
        best = best_baseline(report)
        gains[symbol] = f"{_interval(report['gain'][best]['mean'])} on {best}"
    return [*rows, {"": "gain on the best", **gains}]


def _interval(values: list[float]) -> str:
    mean, low, high = values
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    with exit_on_input_error():
        main(tyro.cli(Args))
