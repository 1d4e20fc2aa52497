"""``marsjax demo --train``: from nothing to a trained model and its markets."""

import json
import time
from pathlib import Path

from rich.console import Console

from marsjax.commands.console import progress_bar, say
from marsjax.commands.outcome import (
    draw,
    is_demo,
    run_markets,
    summarise,
    whole_folder,
    write_summary,
)
from marsjax.commands.simulate import show_summary
from marsjax.config import Config, ModelConfig, TrainConfig
from marsjax.data import read_store, write_tapes
from marsjax.market import start_from_tape, to_tapes
from marsjax.synth import synthetic_tape
from marsjax.tokens.dataset import write_dataset
from marsjax.train import train
from marsjax.train.load import load


def run_training(
    out: Path,
    *,
    tape_orders: int,
    steps: int,
    markets: int,
    orders: int,
    seed: int,
    as_json: bool,
) -> None:
    """Make a tape, train on it, run markets, show.

    A zero-intelligence market (Cont, Stoikov, Talreja 2010) makes a tape on the same
    exchange, a small order model trains on it, and markets run from a moment that the
    model has not seen. Prints simulated beside real and saves pictures.
    """
    began = time.perf_counter()
    with whole_folder(out, may_replace=is_demo) as work:
        tape, nats = _trained(work, tape_orders, steps, seed)
        # Training has seen nothing of what follows the valid part.
        seconds, ns = tape.split_time["test"][0]
        trading_s = seconds + ns * 1e-9 - tape.sessions[0][0]
        start = start_from_tape(load(work / "model"), tape, trading_s)
        result, how = run_markets(start, seed, markets, orders)
        tapes = to_tapes(result, start)
        write_tapes(work / "simulated", tapes)
        draw(work, result, start, tapes)
        summary = {**summarise(result, start), **how, "valid_nats": nats}
        write_summary(work, summary)
        summary["total_seconds"] = round(time.perf_counter() - began, 1)
        (work / "demo.json").write_text(json.dumps(summary, indent=1) + "\n")
    show_summary(summary, out, as_json=as_json)
    say(
        f"done in {summary['total_seconds']:.0f} s: see {out}/price_fan.png,"
        " depth.png, heatmap.png and comparison.png"
    )


def _trained(work: Path, tape_orders: int, steps: int, seed: int):
    """The tape, and nats an order of the model and its baselines."""
    say("a zero-intelligence market makes a tape")
    write_tapes(work / "tapes", [synthetic_tape(seed, tape_orders)])
    (tape,) = read_store(work / "tapes")
    run = work / "model"
    with progress_bar() as report:
        write_dataset(
            [tape],
            run / "dataset",
            progress_fn=lambda _, n, total: report("tokens", n, total),
        )
    say("a small model learns to send its orders")
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
                seed=seed,
            ),
        ),
        run / "dataset",
        run,
        console=Console(stderr=True),
    )
    nats = {"model": trained["valid_nats"], **trained["baselines"]}
    told = ", ".join(f"{name} {value:.3f}" for name, value in nats.items())
    say(f"nats an order on the valid part: {told}")
    return tape, nats
