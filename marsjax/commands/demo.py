"""``marsjax demo``: from nothing to simulated markets in a few minutes."""

import json
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from marsjax.commands.console import check_seed, progress_bar, say
from marsjax.commands.outcome import (
    PICTURES,
    draw,
    run_markets,
    summarise,
    whole_folder,
    write_summary,
)
from marsjax.commands.simulate import show_summary
from marsjax.config import Config, ModelConfig, TrainConfig
from marsjax.data import read_store, write_tapes
from marsjax.errors import InputError
from marsjax.market import start_from_tape, to_tapes
from marsjax.synth import synthetic_tape
from marsjax.tokens.dataset import write_dataset
from marsjax.train import train
from marsjax.train.load import load


@dataclass(frozen=True)
class Demo:
    """See all of it without any data: about two minutes on two cores.

    A zero-intelligence market (Cont, Stoikov, Talreja 2010) makes a tape on the same
    exchange, a small order model trains on it, and 64 markets run from a moment that
    the model has not seen. Prints simulated beside real and saves pictures.
    """

    out: Path = Path("marsjax-demo")
    """folder to make; an earlier demo there is replaced"""
    tape_orders: int = 400_000
    """orders on the tape"""
    steps: int = 1_200
    """training steps, about a minute on two cores"""
    markets: int = 64
    """how many markets"""
    orders: int = 1_500
    """orders of each market"""
    seed: int = 0
    """of everything"""
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Make a tape, train on it, run markets, show."""
        check_seed(self.seed)
        for name in ("tape_orders", "steps", "markets", "orders"):
            if getattr(self, name) < 1:
                option = name.replace("_", "-")
                raise InputError(
                    f"--{option} is {getattr(self, name)}", "give 1 or more"
                )
        began = time.perf_counter()
        with whole_folder(self.out, may_replace=_is_demo) as work:
            summary = self._run(work)
            summary["total_seconds"] = round(time.perf_counter() - began, 1)
            (work / "demo.json").write_text(json.dumps(summary, indent=1) + "\n")
        show_summary(summary, self.out, as_json=self.json)
        say(
            f"done in {summary['total_seconds']:.0f} s: see {self.out}/price_fan.png,"
            " depth.png, heatmap.png and comparison.png"
        )

    def _run(self, work: Path) -> dict:
        say("a zero-intelligence market makes a tape")
        tape = synthetic_tape(self.seed, self.tape_orders)
        write_tapes(work / "tapes", [tape])
        (tape,) = read_store(work / "tapes")
        run = work / "model"
        with progress_bar() as report:
            write_dataset(
                [tape],
                run / "dataset",
                progress_fn=lambda _, n, total: report("tokens", n, total),
            )
        say("a small model learns to send its orders")
        steps = self.steps
        trained = train(
            Config(
                ModelConfig(d_model=64, num_layers=2, num_heads=2, window=64),
                TrainConfig(
                    steps=steps,
                    batch_size=16,
                    seq_len=128,
                    learning_rate=3e-3,
                    ema_decay=0.99,
                    warmup_steps=max(1, steps // 10),
                    eval_every=max(1, steps // 3),
                    checkpoint_every=steps,
                    seed=self.seed,
                ),
            ),
            run / "dataset",
            run,
            console=Console(stderr=True),
        )
        nats = {"model": trained["valid_nats"], **trained["baselines"]}
        say(
            "nats an order on the valid part: "
            + ", ".join(f"{name} {value:.3f}" for name, value in nats.items())
        )
        # Training has seen nothing of what follows the valid part.
        seconds, ns = tape.split_time["test"][0]
        trading_s = seconds + ns * 1e-9 - tape.sessions[0][0]
        start = start_from_tape(load(run), tape, trading_s)
        result, how = run_markets(start, self.seed, self.markets, self.orders)
        tapes = to_tapes(result, start)
        write_tapes(work / "simulated", tapes)
        draw(work, result, start, tapes)
        summary = {
            **summarise(result, start),
            **how,
            "valid_nats": nats,
        }
        write_summary(work, summary)
        return summary


def _is_demo(folder: Path) -> bool:
    """Whether an earlier demo wrote this folder, and all that is in it."""
    ours = {"tapes", "model", "simulated", "demo.json", "simulation.json"}
    ours |= {f"{name}.png" for name in PICTURES}
    return (folder / "demo.json").is_file() and {
        path.name for path in folder.iterdir()
    } <= ours
