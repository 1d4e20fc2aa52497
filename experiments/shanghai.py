"""The README's figures on real tapes: prepare, replay, train, simulate, in one go.

    python experiments/shanghai.py --tapes ../shared/data --out runs

``--tapes`` is a folder with ``SSE_<code>.SH_<date>_{orders,trades}.csv.xz``, Shanghai
Stock Exchange tick-by-tick files. About 25 minutes on two cores, nearly all of it
training. Prints the tables that the README quotes.
"""

from dataclasses import dataclass
from pathlib import Path

import tyro

from marsjax.cli import main as marsjax
from marsjax.errors import InputError, exit_on_input_error


@dataclass(frozen=True)
class Args:
    """Prepare, replay, train and simulate on Shanghai tapes."""

    tapes: Path
    """folder with the exchange's files"""
    out: Path = Path("runs")
    """folder for the store, the model and the simulated markets"""
    config: Path = Path(__file__).parents[1] / "configs/sse.py"
    """what to train"""
    start: str = "600761.SH_2023-07-11@14:00"
    """tape and time that the markets start from, in the test part"""


def main(args: Args) -> None:
    """Run the commands of the README one after the other."""
    orders = sorted(args.tapes.glob("SSE_*_orders.csv*"))
    if not orders:
        raise InputError(
            "holds no SSE_*_orders.csv files", "name another --tapes", file=args.tapes
        )
    store, model = args.out / "sse", args.out / "sse-model"
    for file in orders:
        trades = file.with_name(file.name.replace("_orders", "_trades"))
        files = ["--orders", str(file), "--trades", str(trades)]
        marsjax(["prepare", "--source", "sse", *files, "--out", str(store)])
    marsjax(["replay", str(store)])
    options = ["--data", str(store), "--config", str(args.config), "--out", str(model)]
    marsjax(["train", *options])
    options = ["--checkpoint", str(model), "--from", f"{store}/{args.start}"]
    options += ["--markets", "64", "--orders", "2000"]
    marsjax(["simulate", *options, "--out", str(args.out / "sse-simulated")])


if __name__ == "__main__":
    with exit_on_input_error():
        main(tyro.cli(Args, description=__doc__))
