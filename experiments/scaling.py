"""Loss against parameters and data: six sizes, four amounts, one store.

    marsjax synth --market queue --markets 32 --orders 70000 --out runs/queue
    python -m experiments.scaling --data runs/queue --passes 1 --out runs/scaling-queue
    python -m experiments.scaling --data runs/sse --passes 16 --dropout 0.1 \
        --out runs/scaling-sse

Every run sees the last part of the training part of each tape, as many orders as its
amount says, in that many passes; the best checkpoint on the valid part is scored on
the test part. Of a synthetic market whose law is known the true nats of the same orders
stand beside. A run that is in ``runs.jsonl`` is not made again: the same command goes
on after an interrupt. ``experiments.scaling_law`` fits the law and draws the figure,
here at the end. About half an hour a store on two cores.
"""

import dataclasses
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from experiments.scaling_law import Result, write_law
from marsjax.commands.console import progress_bar, say
from marsjax.config import Config, ModelConfig, TrainConfig
from marsjax.data import iter_store
from marsjax.errors import exit_on_input_error
from marsjax.lmm import OrderModel
from marsjax.tokens.dataset import write_dataset
from marsjax.train import load_checkpoint, nats, read_dataset, train
from marsjax.train.bootstrap import intervals
from marsjax.train.report import losses

SHAPES = ((16, 1), (24, 2), (32, 2), (48, 3), (64, 4), (96, 5))
"""Width and layers; heads are 8 or 16 wide."""

BATCH, LENGTH, WINDOW = 8, 128, 128


@dataclass(frozen=True)
class Args:
    """Train order models of several sizes on several amounts of data."""

    data: Path
    """a store of `marsjax prepare` or `marsjax synth`"""
    out: Path
    """folder to make, or to go on in"""
    passes: float = 1.0
    """how often a run sees its orders; 1 for a synthetic store that is large enough"""
    shares: tuple[float, ...] = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
    """shares of the training part"""
    sizes: int = len(SHAPES)
    """how many of the shapes, smallest first"""
    dropout: float = 0.0
    """of every run"""
    mirror: bool = True
    """buy for sell in half of the windows; off where sides differ in law"""
    patience: int = 3
    """evaluations (of sixteen a run) without a better one before a run stops"""
    seed: int = 0
    """of weights and windows"""
    truth: bool = False
    """the store is of a market whose law is known: compare with its true nats"""


def main(args: Args) -> None:
    """Make what runs are missing, then the law and the figure."""
    args.out.mkdir(parents=True, exist_ok=True)
    dataset_dir, lines = args.out / "dataset", args.out / "runs.jsonl"
    if not dataset_dir.is_dir():
        with progress_bar() as report_fn:
            write_dataset(iter_store(args.data), dataset_dir, progress_fn=report_fn)
    known = true_nats(args.data, dataset_dir) if args.truth else None
    done = [Result(**json.loads(x)) for x in _lines(lines)]
    made = {(r.width, r.layers, r.share) for r in done}
    for share in args.shares:
        for width, layers in SHAPES[: args.sizes]:
            if (width, layers, share) in made:
                continue
            result = one_run(args, dataset_dir, width, layers, share, known)
            done.append(result)
            with lines.open("a") as file:
                file.write(json.dumps(dataclasses.asdict(result)) + "\n")
            say(
                f"{result.parameters:,} parameters, {result.orders:,} orders: "
                f"{result.nats[0]:.3f} nats in {result.seconds:.0f} s"
            )
    write_law(done, args.out)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.is_file() else []


def true_nats(store: Path, dataset_dir: Path) -> np.ndarray:
    """True log-probability of every token of a dataset, ``[T]``."""
    from marsjax.tokens.truth import dataset_truth

    with progress_bar() as report_fn:
        truth = dataset_truth(
            store,
            dataset_dir,
            progress_fn=lambda done, total: report_fn("true nats", done, total),
        )
    return truth.log_prob_TC.sum(axis=1)


def model_of(width: int, layers: int, dropout: float) -> ModelConfig:
    """A shape of the study."""
    return ModelConfig(
        d_model=width,
        num_layers=layers,
        num_heads=width // 16 if width % 32 == 0 else width // 8,
        window=WINDOW,
        dropout=dropout,
    )


def one_run(
    args: Args,
    dataset_dir: Path,
    width: int,
    layers: int,
    share: float,
    known: np.ndarray | None,
) -> Result:
    """Train one model on a share of the data and score it."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        part = Path(folder) / "dataset"
        orders = cut(dataset_dir, part, share)
        steps = max(16, round(orders * args.passes / (BATCH * LENGTH)))
        every = max(1, steps // 16)
        config = Config(
            model_of(width, layers, args.dropout),
            TrainConfig(
                steps=steps,
                batch_size=BATCH,
                seq_len=LENGTH,
                learning_rate=4e-3 * (32 / width) ** 0.5,
                warmup_steps=max(1, steps // 20),
                mirror=args.mirror,
                ema_decay=0.98,
                eval_every=every,
                eval_orders=20_000,
                checkpoint_every=steps,
                patience=args.patience,
                seed=args.seed,
                log_every=every,
            ),
        )
        summary = train(config, part, Path(folder) / "run")
        checkpoint, dataset = load_checkpoint(Path(folder) / "run"), read_dataset(part)
        scores = nats(checkpoint.params, checkpoint.config, dataset, "test")
    loss = losses(scores)
    truth = None
    if known is not None:
        gaps = {s.tape: loss[s.tape] + known[s.position_T] for s in scores}
        truth = list(_over_tapes(gaps))
    return Result(
        width=width,
        layers=layers,
        parameters=summary["parameters"],
        non_embedding=_non_embedding(checkpoint.config.model),
        share=share,
        orders=orders,
        seen=summary["orders"],
        nats=list(_over_tapes(loss)),
        gap=truth,
        seconds=time.perf_counter() - began,
    )


def _over_tapes(values: dict[str, np.ndarray]):
    """Mean over tapes with its interval; many short tapes are one."""
    if len(values) > 8:
        values = {"all": np.concatenate(list(values.values()))}
    return intervals(values)["mean"]


def _non_embedding(config: ModelConfig) -> int:
    """Parameters but for the tables of tokens, as scaling laws count them."""
    import jax

    shapes = jax.eval_shape(OrderModel(config).init, jax.random.key(0))
    leaves = jax.tree_util.tree_leaves_with_path(shapes)
    return sum(x.size for path, x in leaves if "table" not in str(path[-1]))


def cut(dataset_dir: Path, out: Path, share: float) -> int:
    """A dataset whose training segments are their last shares; orders they hold.

    The last, since they are nearest in time to what is scored.
    """
    out.mkdir(parents=True)
    for name in ("tokens.npy", "features.npy", "tokenizer.json"):
        (out / name).symlink_to((dataset_dir / name).resolve())
    info, orders = json.loads((dataset_dir / "dataset.json").read_text()), 0
    for segment in info["segments"]:
        if segment["part"] == "train":
            size = segment["stop"] - segment["start"]
            segment["start"] = segment["stop"] - max(LENGTH + 2, round(size * share))
            orders += segment["stop"] - segment["start"]
    (out / "dataset.json").write_text(json.dumps(info) + "\n")
    return orders


if __name__ == "__main__":
    with exit_on_input_error():
        main(tyro.cli(Args))
