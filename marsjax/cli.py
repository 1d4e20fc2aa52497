"""Order-level market simulation in JAX: a learned order model on an exact exchange.

prepare a tape, replay it through the exchange, train a model on it, simulate markets.
"""

import functools
import operator
import sys
from typing import Annotated

import tyro

from marsjax.commands.bench import Bench
from marsjax.commands.data import Data
from marsjax.commands.demo import Demo
from marsjax.commands.evaluate import Evaluate
from marsjax.commands.export import Export
from marsjax.commands.models import Models
from marsjax.commands.prepare import Prepare
from marsjax.commands.replay import Replay
from marsjax.commands.score import Score
from marsjax.commands.simulate import Simulate
from marsjax.commands.synth import Synth
from marsjax.commands.train import Train, default_train
from marsjax.errors import exit_on_input_error

COMMANDS = {
    "demo": Demo,
    "models": Models,
    "prepare": Prepare,
    "data": Data,
    "replay": Replay,
    "train": Train,
    "score": Score,
    "simulate": Simulate,
    "evaluate": Evaluate,
    "synth": Synth,
    "export": Export,
    "bench": Bench,
}


def main(args: list[str] | None = None) -> None:
    """Run one command; exits with code 2 and one line on bad input."""
    args = sys.argv[1:] if args is None else args
    config = (tyro.conf.OmitSubcommandPrefixes, tyro.conf.FlagCreatePairsOff)
    name = args[0] if args else ""
    with exit_on_input_error():
        if name in COMMANDS:
            command = tyro.cli(
                COMMANDS[name],
                prog=f"marsjax {name}",
                args=args[1:],
                default=default_train(args) if name == "train" else None,
                config=config,
            )
        else:
            command = tyro.cli(
                _overview(),
                prog="marsjax",
                description=__doc__,
                args=args,
                config=config,
            )
        command.run()


def _overview():
    """All commands as one type, a line each: what ``marsjax --help`` lists."""
    parts = [
        Annotated[
            cls,
            tyro.conf.subcommand(name, description=cls.__doc__.strip().splitlines()[0]),
        ]
        for name, cls in COMMANDS.items()
    ]
    return functools.reduce(operator.or_, parts)


if __name__ == "__main__":
    main()
