"""What helps an order model where real data is scarce: one thing left out at a time.

    python -m experiments.what_helps --data runs/sse --config configs/sse.py \
        --pretrain synthetic=runs/hawkes,runs/zi other=runs/lobster --out runs/helps

Every variant is trained from the same config with the same seeds and scored on the
same orders of the test part; the difference to the config as it is is paired order by
order, its interval a bootstrap over blocks of time. ``without early stop`` is the last
checkpoint of the same runs in place of the best one on the valid part. ``--pretrain
NAME=STORE,...`` first trains on those stores, tokenised with the tokenizer of
``--data``, for as many steps, and then as usual from those weights. A run that is in
the folder is not made again.
"""

import dataclasses
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from marsjax.commands.console import progress_bar, say, show
from marsjax.config import Config, load_config
from marsjax.data import iter_store
from marsjax.errors import InputError, exit_on_input_error
from marsjax.plot.style import FAINT, SIMULATED, new_axes, new_figure, save, set_labels
from marsjax.tokens.dataset import write_dataset
from marsjax.tokens.tokenizer import from_json
from marsjax.train import load_checkpoint, nats, read_dataset, train
from marsjax.train.bootstrap import intervals
from marsjax.train.checkpoint import find_checkpoint
from marsjax.train.report import losses

AS_IS = "as the config is"
NO_STOP = "without early stop"

WITHOUT = {
    "without mirror": ({}, {"mirror": False}),
    "without dropout": ({"dropout": 0.0}, {}),
    "without averaged weights": ({}, {"ema_decay": None}),
    "with none of them": ({"dropout": 0.0}, {"mirror": False, "ema_decay": None}),
}
"""What each variant changes of the model and of the training."""


@dataclass(frozen=True)
class Args:
    """Train variants of one config and compare them."""

    data: Path
    """a prepared store"""
    config: Path
    """the config to vary"""
    out: Path
    """folder to make, or to go on in"""
    pretrain: tuple[str, ...] = ()
    """NAME=STORE[,STORE...]: stores to train on first"""
    steps: int | None = None
    """steps of every run; by default the config's"""
    seeds: int = 2
    """runs of each variant"""


def main(args: Args) -> None:
    """Make what runs are missing, then table and picture."""
    config = load_config(args.config)
    if args.steps is not None:
        every = max(1, args.steps // 8)
        options = dataclasses.replace(
            config.train, steps=args.steps, eval_every=every, checkpoint_every=every
        )
        config = dataclasses.replace(config, train=options)
    args.out.mkdir(parents=True, exist_ok=True)
    dataset_dir = args.out / "dataset"
    _tokenise([args.data], dataset_dir, None)
    first = {}
    for given in args.pretrain:
        name, _, stores = given.partition("=")
        if not stores:
            raise InputError(f"--pretrain {given}", "give NAME=STORE[,STORE...]")
        first[f"pre-trained on {name}"] = args.out / f"dataset-{name}"
        paths = [Path(store) for store in stores.split(",")]
        _tokenise(paths, args.out / f"dataset-{name}", dataset_dir)
    for seed in range(args.seeds):
        variants = {AS_IS: ({}, {})} | WITHOUT | dict.fromkeys(first, ({}, {}))
        for name, (model, options) in variants.items():
            path = args.out / _file(name, seed)
            if not path.is_file():
                varied = Config(
                    dataclasses.replace(config.model, **model),
                    dataclasses.replace(config.train, seed=seed, **options),
                )
                _one(varied, dataset_dir, first.get(name), path, name)
    _report(args, [AS_IS, NO_STOP, *WITHOUT, *first])


def _tokenise(stores: list[Path], out: Path, like: Path | None) -> None:
    """A dataset of some stores, with the tokenizer of another."""
    if out.is_dir():
        return
    tokenizer = None if like is None else from_json(read_dataset(like).tokenizer)
    with progress_bar() as report_fn:
        tapes = [
            # Of one market calibrated to several stocks the tapes have the same names.
            dataclasses.replace(tape, name=f"{store.name}/{tape.name}")
            for store in stores
            for tape in iter_store(store)
        ]
        write_dataset(tapes, out, tokenizer=tokenizer, progress_fn=report_fn)


def _file(name: str, seed: int) -> str:
    return f"{name.replace(' ', '-')}-{seed}.npz"


def _one(
    config: Config, dataset_dir: Path, first: Path | None, path: Path, name: str
) -> None:
    """Train a variant; keep the losses of every test order."""
    dataset = read_dataset(dataset_dir)
    with tempfile.TemporaryDirectory() as folder:
        run, init = Path(folder) / "run", {}
        if first is not None:
            before = Path(folder) / "before"
            train(config, first, before)
            init = {"init": before}
        train(config, dataset_dir, run, **init)
        found = {}
        for kind in ("best", "latest"):
            checkpoint = load_checkpoint(find_checkpoint(run, (kind,)))
            scores = nats(checkpoint.params, checkpoint.config, dataset, "test")
            for tape, loss_T in losses(scores).items():
                found[f"{kind}/{tape}"] = loss_T
    say(f"{name}, seed {config.train.seed}: {_mean(found, 'best'):.3f} nats")
    np.savez(path, **found)


def _mean(found: dict, kind: str) -> float:
    return float(np.mean([x.mean() for k, x in found.items() if k.startswith(kind)]))


def _read(args: Args, name: str) -> list[dict[str, np.ndarray]]:
    """Losses by tape of each seed."""
    kind = "latest" if name == NO_STOP else "best"
    runs = []
    for seed in range(args.seeds):
        file = args.out / _file(AS_IS if name == NO_STOP else name, seed)
        with np.load(file, allow_pickle=False) as arrays:
            runs.append(
                {
                    key.split("/", 1)[1]: arrays[key]
                    for key in arrays.files
                    if key.startswith(kind)
                }
            )
    return runs


def _report(args: Args, names: list[str]) -> None:
    """what_helps.json, what_helps.png and a table."""
    base, rows, found = _read(args, AS_IS), [], {}
    for name in names:
        runs = _read(args, name)
        means = [float(np.mean([x.mean() for x in run.values()])) for run in runs]
        worse = {
            tape: np.mean(
                [run[tape] - ref[tape] for run, ref in zip(runs, base, strict=True)], 0
            )
            for tape in base[0]
        }
        by_tape = intervals(worse)
        mean, low, high = by_tape["mean"]
        found[name] = {"nats": means, "difference": by_tape}
        rows.append(
            {
                "variant": name,
                "nats, each seed": ", ".join(f"{x:.3f}" for x in means),
                "difference": ""
                if name == AS_IS
                else f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]",
            }
        )
    (args.out / "what_helps.json").write_text(json.dumps(found, indent=1) + "\n")
    save(_draw(found), args.out / "what_helps.png")
    show(
        rows,
        title="Nats an order on the test part, and beside the config as it is",
        as_json=False,
        notes=[
            "difference: paired, mean over tapes and seeds, 95 % interval over "
            "blocks of time; positive is worse"
        ],
    )


def _draw(found: dict):
    """A dot and an interval a variant."""
    rest = {name: x for name, x in found.items() if name != AS_IS}
    figure = new_figure(8, 0.8 + 0.42 * len(rest))
    axes = new_axes(figure, grid="x")
    for i, each in enumerate(rest.values()):
        mean, low, high = each["difference"]["mean"]
        axes.plot([low, high], [-i, -i], lw=2, color=SIMULATED)
        axes.plot([mean], [-i], "o", color=SIMULATED)
    axes.axvline(0, lw=1, color=FAINT)
    axes.set_yticks([-i for i in range(len(rest))], list(rest))
    set_labels(axes, "nats an order more than the config as it is (right: worse)", "")
    return figure


if __name__ == "__main__":
    with exit_on_input_error():
        main(tyro.cli(Args))
