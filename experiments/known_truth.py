"""How near a trained order model comes to the true law of its tokens.

    python -m experiments.known_truth --markets zi queue --out runs/truth

For each market a store of many days is simulated, tokenised, and trained on, every
order once on average; at several amounts of training orders the model is scored on the
test days, each order beside the true probability of its token given the whole state of
the market (`marsjax.tokens.truth`). Tables of counts, fitted to the same amounts, stand
beside it. Writes known_truth.json and known_truth.png and prints a table of gaps in
nats an order, in all and by field, with 95 % intervals: of the difference on the same
orders, by a bootstrap over blocks of time.

The amounts are stations of one run: the learning rate stays at its peak after the
warm-up and a running mean of the weights is scored, so that no station is trained for
another's schedule. A run of its own for each amount, with a falling rate, ends a little
lower.

Some of the gap no amount of training closes. The truth knows the whole state: of each
order its price, its size and that it is still there, and in the queue-reactive market
the reference price and the queues that are being drawn anew. The model sees orders as
they came, in bins and measured from a mid that moves, as far back as its window, and
volumes at a few ticks, also in bins. To weigh cancels as the truth does it would have
to keep the book itself: which orders of what sizes stand where. Their price and, in
`zi`, their volume are where most of its gap is. What is left at the right end of the
figure is an upper bound of what cannot be closed.

400,000 orders, tables and all, take two to three minutes of one core a market: gaps of
0.519 [0.511, 0.527] nats in `zi` and 0.204 [0.185, 0.223] in `queue`, where tables of
counts reach 0.659 and 0.282 (``--amounts 10000 30000 100000 200000 400000 --orders
400000 --held-out 50000``).
"""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import tyro
from rich.console import Console

from experiments.known_truth_data import first_orders, write_store, write_tokens
from experiments.known_truth_picture import draw
from marsjax.commands.console import check_seed, progress_bar, say, show
from marsjax.commands.outcome import whole_folder
from marsjax.config import Config, ModelConfig, TrainConfig
from marsjax.errors import InputError, exit_on_input_error
from marsjax.plot.style import save
from marsjax.synth.markets import Market, find_market
from marsjax.tokens.truth import DatasetTruth, dataset_truth
from marsjax.train import (
    Scores,
    fit_baselines,
    intervals,
    load_checkpoint,
    nats,
    read_dataset,
    train,
)
from marsjax.train.checkpoint import find_checkpoint

SHARES = (0.03, 0.1, 0.3, 1.0)


def _model() -> ModelConfig:
    return ModelConfig(d_model=64, num_layers=2, num_heads=4, window=256)


def _train() -> TrainConfig:
    # Small batches: few orders must do for many steps. The rate stays at its peak.
    return TrainConfig(
        batch_size=4, warmup_steps=50, final_learning_rate=1.0, ema_decay=0.99
    )


@dataclass(frozen=True)
class Args:
    """Train on markets whose law is known, and measure the gap to it."""

    out: Path
    """folder to make"""
    markets: tuple[Literal["zi", "queue"], ...] = ("zi", "queue")
    """which markets"""
    orders: int = 1_000_000
    """most training orders"""
    amounts: tuple[int, ...] = ()
    """training orders to score the model at; by default 3, 10, 30 and 100 % of all"""
    day: int = 10_000
    """orders of each simulated day"""
    burn_in: int = 4_000
    """orders of each day, or a few more, that come before its tape"""
    held_out: int = 100_000
    """orders of the test days; of those that tables are tuned on, half as many"""
    slots: int = 256
    """orders a side that a book can hold"""
    seed: int = 0
    """of the simulated days"""
    model: ModelConfig = field(default_factory=_model)
    train: TrainConfig = field(default_factory=_train)
    json: bool = False
    """print JSON instead of a table"""

    def stations(self) -> list[tuple[int, int]]:
        """Training orders and steps at which the model is scored, rising."""
        each = self.train.batch_size * self.train.seq_len
        amounts = self.amounts or [share * self.orders for share in SHARES]
        steps = sorted({max(1, round(amount / each)) for amount in amounts})
        return [(step * each, step) for step in steps]


class Gap(NamedTuple):
    """How far a system is from the truth after so many training orders.

    ``nats``, ``gap``: nats an order, and beyond the truth on the same orders, each
    mean, low and high. ``fields``: the gap by field, where the system tells them apart.
    """

    orders: int
    nats: tuple[float, float, float]
    gap: tuple[float, float, float]
    fields: dict[str, tuple[float, float, float]]


def gap_of(
    orders: int, scores: list[Scores], truth: DatasetTruth, fields: tuple[str, ...]
) -> Gap:
    """The gap of a system's scores, paired order by order with the truth."""
    true = {s.tape: truth.log_prob_TC[s.position_T].astype(float) for s in scores}
    whole = {s.tape: s.log_prob_TC.sum(axis=1, dtype=float) for s in scores}
    gap = {tape: true[tape].sum(axis=1) - whole[tape] for tape in true}
    by_field = {}
    if all(s.log_prob_TC.shape[1] == len(fields) for s in scores):
        for c, name in enumerate(fields):
            each = {s.tape: true[s.tape][:, c] - s.log_prob_TC[:, c] for s in scores}
            by_field[name] = tuple(intervals(each)["mean"])
    loss = {tape: -log_prob_T for tape, log_prob_T in whole.items()}
    mean, own = intervals(gap)["mean"], intervals(loss)["mean"]
    return Gap(orders, tuple(own), tuple(mean), by_field)


def measure(market: Market, args: Args, folder: Path, report: Callable) -> dict:
    """Simulate, tokenise, train and score one market: JSON-ready.

    ``parameters``; ``entropy`` of the token law over the test days, nats an order, and
    ``entropy_fields``; ``gaps`` of the model and each table, a list of `Gap` by amount.
    """
    store, data, run = folder / "store", folder / "dataset", folder / "run"
    num_days = [-(-n // args.day) for n in (args.orders, args.held_out)]
    write_store(
        market,
        store,
        days={
            "train": num_days[0],
            "valid": max(1, num_days[1] // 2),
            "test": num_days[1],
        },
        day=args.day,
        burn_in=args.burn_in,
        num_slots=args.slots,
        seed=args.seed,
        progress_fn=report,
    )
    write_tokens(store, data, report, f"{market.name}: tokens")
    dataset, stations = read_dataset(data), args.stations()
    test = dataset.part("test")
    truth = dataset_truth(
        store,
        data,
        tapes=[segment.tape for segment in test],
        progress_fn=lambda n, total: report(f"{market.name}: truth", n, total),
    )
    rows = np.concatenate([np.arange(s.start + 1, s.stop) for s in test])
    entropy_C = truth.entropy_TC[rows].mean(axis=0, dtype=np.float64)
    total = stations[-1][1]
    steps = dict.fromkeys(("steps", "eval_every", "checkpoint_every"), total)
    options = dataclasses.replace(args.train, **steps, eval_orders=args.day)
    gaps: dict[str, list[dict]] = {"model": []}
    summary = {}
    for i, (orders, step) in enumerate(stations):
        summary = train(
            Config(model=args.model, train=options),
            data,
            run,
            resume=i > 0,
            stop_at=step,
            console=Console(stderr=True),
            measure=False,
        )
        checkpoint = load_checkpoint(find_checkpoint(run, ("latest",)))
        scores = nats(
            checkpoint.params,
            checkpoint.config,
            dataset,
            "test",
            progress_fn=lambda n, m, k=orders: report(f"{market.name}: {k:,}", n, m),
        )
        gap = gap_of(orders, scores, truth, dataset.field_names)
        gaps["model"].append(gap._asdict())
        tables = fit_baselines(first_orders(dataset, orders))
        for name, theirs in tables.scores(dataset, scores).items():
            gap = gap_of(orders, theirs, truth, dataset.field_names)
            gaps.setdefault(name, []).append(gap._asdict())
    return {
        "parameters": summary["parameters"],
        "test_orders": len(rows),
        "entropy": float(entropy_C.sum()),
        "entropy_fields": dict(
            zip(dataset.field_names, entropy_C.tolist(), strict=True)
        ),
        "gaps": gaps,
    }


def main(args: Args) -> dict:
    """Measure every market; write JSON and figure, print a table."""
    check_seed(args.seed)
    least = min(args.day, args.held_out, args.burn_in, *args.amounts, args.orders)
    if least < 1 or len(set(args.markets)) < max(len(args.markets), 1):
        raise InputError(
            "an amount is not positive, or no market or one twice is asked for",
            "give positive numbers of orders and each market once",
        )
    most = args.stations()[-1][0]
    if most > 1.1 * args.orders:
        raise InputError(
            f"{most:,} orders are to be trained on, {args.orders:,} are made",
            "raise --orders, or lower --amounts or the size of a batch",
        )
    found = {}
    with whole_folder(args.out) as work:
        for name in args.markets:
            with progress_bar() as report:
                folder = work / name
                found[name] = measure(find_market(name), args, folder, report)
            say(f"{name}: true entropy {found[name]['entropy']:.4f} nats an order")
        text = json.dumps(found, indent=1, allow_nan=False) + "\n"
        (work / "known_truth.json").write_text(text)
        save(draw(found), work / "known_truth.png")
    rows = [row for name in found for row in _rows(name, found[name])]
    show(
        rows,
        title="Nats an order beyond the true law [95 % interval]",
        as_json=args.json,
        payload=found,
        notes=[
            f"{name}: true entropy {each['entropy']:.4f} nats, "
            f"{each['test_orders']:,} test orders, {each['parameters']:,} parameters"
            for name, each in found.items()
        ],
    )
    return found


def _rows(market: str, found: dict) -> list[dict]:
    """A row a system and amount."""
    return [
        {
            "market": market,
            "system": system,
            "training orders": gap["orders"],
            "nats": f"{gap['nats'][0]:.4f}",
            "gap": "{:.4f} [{:.4f}, {:.4f}]".format(*gap["gap"]),
            **{
                name: f"{gap['fields'][name][0]:.4f}" if gap["fields"] else "-"
                for name in found["entropy_fields"]
            },
        }
        for system, gaps in found["gaps"].items()
        for gap in gaps
    ]


if __name__ == "__main__":
    with exit_on_input_error():
        main(tyro.cli(Args, description=__doc__))
