"""What each input is worth to the order model: one group of them left out at a time.

    python -m experiments.inputs --data runs/sse --out runs/inputs

One small model is trained with everything and again without each group of features (the
book around the mid, the touch, the spread, ...), with the orders alone, with the
features alone, and with the book by levels in place of ticks; every variant with the
same seeds, windows and steps. All are scored on the same orders of the test part: the
difference to the full model is paired order by order and averaged over seeds, its
interval a bootstrap over blocks of time; how much seeds differ is told beside it. A
run that is in the folder is not made again. Writes inputs.json and inputs.png. Twelve
runs a seed, of a few minutes each on two cores.
"""

import dataclasses
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from marsjax.commands.console import progress_bar, say, show
from marsjax.config import Config, ModelConfig, TrainConfig, load_config, to_json
from marsjax.data import iter_store
from marsjax.errors import InputError, exit_on_input_error
from marsjax.plot.style import FAINT, SIMULATED, new_axes, new_figure, save, set_labels
from marsjax.tokens.dataset import write_dataset
from marsjax.tokens.inputs import known_inputs
from marsjax.tokens.orders import ORDERS
from marsjax.tokens.views import LEVELS, TICKS, View
from marsjax.train import load_checkpoint, nats, read_dataset, train
from marsjax.train.bootstrap import intervals
from marsjax.train.report import losses

ALL = "everything"
ORDERS_ONLY, BOOK_ONLY = "the orders alone", "the features alone"
BY_LEVELS = "ten levels in place of ticks"

FIELDS = ORDERS.field_names
GROUPS = known_inputs((), ORDERS.feature_names)

SMALL = Config(
    ModelConfig(d_model=64, num_layers=2, num_heads=4, window=64, dropout=0.1),
    TrainConfig(steps=800, batch_size=16, seq_len=128, ema_decay=0.99),
)
"""What is trained unless a config is named."""


@dataclass(frozen=True)
class Args:
    """Train one model with different inputs and compare."""

    data: Path
    """a prepared store"""
    out: Path
    """folder to make, or to go on in"""
    config: Path | None = None
    """model and training of every run; by default a small one"""
    steps: int | None = None
    """steps of every run; by default the config's"""
    seeds: int = 3
    """runs of each variant"""
    variants: tuple[str, ...] = ()
    """compare only these with everything; by default all"""


class Variant:
    """What the model sees: inputs of its config (None: all), and how the book."""

    def __init__(self, inputs: tuple[str, ...] | None, view: View = TICKS):
        self.inputs, self.view = inputs, view


VARIANTS = {
    ALL: Variant(None),
    **{
        f"without {group}": Variant((*FIELDS, *(g for g in GROUPS if g != group)))
        for group in GROUPS
    },
    ORDERS_ONLY: Variant(FIELDS),
    BOOK_ONLY: Variant(GROUPS),
    BY_LEVELS: Variant(None, LEVELS),
}


def main(args: Args) -> None:
    """Make what runs are missing, then table and picture."""
    strange = [name for name in args.variants if name not in VARIANTS]
    if strange or args.seeds < 1:
        what = (
            f"there is no variant {strange[0]!r}" if strange else "there are no seeds"
        )
        raise InputError(what, f"known variants: {', '.join(VARIANTS)}")
    names = [
        ALL,
        *(n for n in VARIANTS if n != ALL and n in (args.variants or VARIANTS)),
    ]
    config = SMALL if args.config is None else load_config(args.config)
    if args.steps is not None:
        every = max(1, args.steps // 8)
        options = dataclasses.replace(
            config.train, steps=args.steps, eval_every=every, checkpoint_every=every
        )
        config = dataclasses.replace(config, train=options)
    _claim(args.out, to_json(config), args.data)
    for seed in range(args.seeds):
        for name in names:
            path = _file(args.out, name, seed)
            if not path.is_file():
                _run(config, VARIANTS[name], seed, args, path)
                found = [x.mean() for x in _read(path).values()]
                say(f"{name}, seed {seed}: {np.mean(found):.3f} nats")
    runs = {n: [_read(_file(args.out, n, s)) for s in range(args.seeds)] for n in names}
    found = compare(runs)
    (args.out / "inputs.json").write_text(json.dumps(found, indent=1) + "\n")
    save(draw(found), args.out / "inputs.png")
    show(
        rows(found),
        title="Nats an order on the test part, beside the model that sees everything",
        as_json=False,
        notes=[
            "difference: mean over tapes and seeds of the same orders, 95 % interval "
            "over blocks of time; positive is worse. seeds: of the least and the most"
        ],
    )


def _claim(out: Path, config: str, data: Path) -> None:
    """Makes the folder, or sees that its runs are those that are asked for."""
    out.mkdir(parents=True, exist_ok=True)
    file, asked = out / "runs.json", {"config": json.loads(config), "data": str(data)}
    if file.is_file() and json.loads(file.read_text()) != asked:
        raise InputError(
            "holds runs of another config or store", "name a new folder", file=out
        )
    file.write_text(json.dumps(asked, indent=1) + "\n")


def _file(out: Path, name: str, seed: int) -> Path:
    return out / f"{name.replace(' ', '_')}-{seed}.npz"


def _run(config: Config, variant: Variant, seed: int, args: Args, path: Path) -> None:
    """Train a variant and keep its loss of every test order by tape."""
    folder = args.out / f"dataset_{variant.view.book}"
    if not folder.is_dir():
        with progress_bar() as report:
            write_dataset(
                iter_store(args.data), folder, view=variant.view, progress_fn=report
            )
    config = dataclasses.replace(
        config,
        model=dataclasses.replace(config.model, inputs=variant.inputs),
        train=dataclasses.replace(config.train, seed=seed),
    )
    with tempfile.TemporaryDirectory(dir=args.out) as work:
        train(config, folder, Path(work) / "run")
        checkpoint = load_checkpoint(Path(work) / "run")
        dataset = read_dataset(folder)
        scores = nats(checkpoint.params, checkpoint.config, dataset, "test")
        np.savez(Path(work) / "losses.npz", **losses(scores))
        (Path(work) / "losses.npz").rename(path)


def _read(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        return {tape: arrays[tape] for tape in arrays.files}


def compare(runs: dict[str, list[dict[str, np.ndarray]]]) -> dict:
    """What each variant loses on the full model.

    Args:
      runs: by variant, of each seed the nats of every order ``[T]`` by tape; `ALL` is
        what the others are compared with.

    Returns:
      JSON-ready, by variant: ``nats`` of each seed, averaged over tapes;
      ``difference`` to `ALL`, by tape and under ``mean``, each ``[mean, low, high]``;
      ``difference_of_seeds``, the mean of each seed.
    """
    found = {}
    for name, of_seeds in runs.items():
        worse = [
            {tape: run[tape] - full[tape] for tape in full}
            for run, full in zip(of_seeds, runs[ALL], strict=True)
        ]
        together = {
            tape: np.mean([w[tape] for w in worse], axis=0) for tape in worse[0]
        }
        found[name] = {
            "nats": [_mean(run) for run in of_seeds],
            "difference": intervals(together),
            "difference_of_seeds": [_mean(each) for each in worse],
        }
    return found


def _mean(by_tape: dict[str, np.ndarray]) -> float:
    """Over tapes."""
    return float(np.mean([x.mean() for x in by_tape.values()]))


def rows(found: dict) -> list[dict]:
    """A row a variant, the costliest omission first."""
    out = []
    for name in _by_cost(found):
        each = found[name]
        seeds, difference = each["difference_of_seeds"], each["difference"]["mean"]
        is_all = name == ALL
        out.append(
            {
                "the model sees": name,
                "nats": f"{np.mean(each['nats']):.3f}",
                "difference": ""
                if is_all
                else "{:+.3f} [{:+.3f}, {:+.3f}]".format(*difference),
                "seeds": "" if is_all else f"{min(seeds):+.3f} to {max(seeds):+.3f}",
            }
        )
    return out


def _by_cost(found: dict) -> list[str]:
    rest = sorted(
        (name for name in found if name != ALL),
        key=lambda name: -found[name]["difference"]["mean"][0],
    )
    return [ALL, *rest]


def draw(found: dict):
    """A variant a line: the interval, the mean, and a small mark a seed."""
    names = _by_cost(found)[1:]
    figure = new_figure(8, 1.0 + 0.4 * len(names))
    axes = new_axes(figure, grid="x")
    for i, name in enumerate(names):
        mean, low, high = found[name]["difference"]["mean"]
        seeds = found[name]["difference_of_seeds"]
        axes.plot([low, high], [-i, -i], lw=2, color=SIMULATED)
        axes.plot([mean], [-i], "o", color=SIMULATED)
        axes.plot(seeds, [-i - 0.25] * len(seeds), "|", ms=6, color=FAINT)
    axes.axvline(0, lw=1, color=FAINT)
    axes.set_yticks([-i for i in range(len(names))], names)
    set_labels(axes, "nats an order more than with everything (right: worse)", "")
    return figure


if __name__ == "__main__":
    with exit_on_input_error():
        main(tyro.cli(Args, description=__doc__))
