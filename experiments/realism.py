"""How far simple markets, other stocks and the model are from each of some real tapes.

    python -m experiments.realism --stores runs/sse runs/lobster --symbols 600536.SH \
        600761.SH 601825.SH AAPL --generated runs/sse-simulated --out runs/realism

For each instrument the windows of its test part are scored against: other real windows
of the same tape (the floor), windows of the other tapes, and the baselines made from
its train part; a generated store stands beside the instrument it was simulated from.
Writes realism.json and prints the mean excess over the floor of the 24 distribution
scores and of the scores that depend on the order of messages, with 95 % intervals.
Some minutes on two cores.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import tyro

from marsjax.commands.console import progress_bar, show
from marsjax.commands.evaluate_load import load_generated, load_reference
from marsjax.commands.outcome import whole_folder
from marsjax.data.manifest import read_manifest
from marsjax.errors import exit_on_input_error
from marsjax.eval.bars import bars_from_windows
from marsjax.eval.baselines import make_baseline
from marsjax.eval.suite import Settings, System, evaluate

SHOWN = (("mean of distributions", "L1"), ("mean of order", "L1"))


@dataclass(frozen=True)
class Args:
    """Score markets against several real tapes."""

    stores: tuple[Path, ...]
    """prepared stores"""
    symbols: tuple[str, ...]
    """instruments of them"""
    out: Path
    """folder to make"""
    generated: tuple[Path, ...] = ()
    """simulated stores"""
    baselines: tuple[str, ...] = ("replay", "iid", "zi")
    """baselines"""
    length: int = 250
    """messages of a window"""
    windows: int = 64
    """most windows of a side"""
    draws: int = 200
    """draws of splits and permutations"""
    seed: int = 0
    """of all draws"""


def main(args: Args) -> None:
    """Score every instrument and print one row a pair."""
    rows, reports = [], {}
    with progress_bar() as report_fn, whole_folder(args.out) as work:
        real = {
            symbol: (path, _reference(args, path, symbol, report_fn))
            for path in args.stores
            for symbol in args.symbols
            if symbol in {entry["symbol"] for entry in read_manifest(path).entries}
        }
        made = [
            load_generated([path], args.length, args.windows, 60, args.seed, report_fn)
            for path in args.generated
        ]
        for symbol, (path, side) in real.items():
            systems = [
                System(f"simulated {i + 1}", each.windows, each.bars)
                for i, each in enumerate(made)
                if symbol in each.symbols
            ]
            for name in args.baselines:
                found = make_baseline(
                    name, path, side.windows, seed=args.seed, progress_fn=report_fn
                )
                bars = bars_from_windows(found.windows)
                systems.append(System(name, found.windows, bars))
            systems += [
                System(other, each.windows, each.bars)
                for other, (_, each) in real.items()
                if other != symbol
            ]
            reference = System("reference", side.windows, side.bars)
            settings = Settings(args.draws, args.seed)
            reports[symbol] = evaluate(reference, systems, settings, report_fn)
            rows += _rows(symbol, reports[symbol])
        text = json.dumps(reports, allow_nan=False) + "\n"
        (work / "realism.json").write_text(text)
    show(rows, title=f"Excess over the floor, windows of {args.length}", as_json=False)


def _reference(args: Args, path: Path, symbol: str, progress_fn):
    """Windows of the test part of an instrument."""
    return load_reference(
        path,
        part="test",
        symbols=[symbol],
        length=args.length,
        most=args.windows,
        bar_s=60,
        seed=args.seed,
        spans=[],
        allow_trained=False,
        progress_fn=progress_fn,
    )


def _rows(symbol: str, report: dict) -> list[dict]:
    out = []
    for name, scores in report["systems"].items():
        by_key = {(row["name"], row["metric"]): row for row in scores}
        row = {"real": symbol, "against": name, "windows": report["windows"][name]}
        for key in SHOWN:
            found = by_key[key]
            row[f"{key[0]}, floor"] = f"{found['floor'][0]:.3f}"
            row["excess" if key == SHOWN[0] else "excess, order"] = (
                "{:.3f} [{:.3f}, {:.3f}]".format(*found["excess"])
            )
        out.append(row)
    return out


if __name__ == "__main__":
    with exit_on_input_error():
        main(tyro.cli(Args))
