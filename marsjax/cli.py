"""``marsjax <command>``: the command line."""

import sys
from typing import Annotated

import tyro

from marsjax.commands.prepare import Prepare
from marsjax.commands.replay import Replay
from marsjax.errors import exit_on_input_error

Command = (
    Annotated[Prepare, tyro.conf.subcommand("prepare")]
    | Annotated[Replay, tyro.conf.subcommand("replay")]
)


def main(args: list[str] | None = None) -> None:
    """Run one command; exits with code 2 and one line on bad input."""
    command = tyro.cli(
        Command,  # type: ignore[arg-type]
        prog="marsjax",
        description="Order-level market simulation in JAX.",
        args=sys.argv[1:] if args is None else args,
        config=(tyro.conf.OmitSubcommandPrefixes, tyro.conf.FlagCreatePairsOff),
    )
    with exit_on_input_error():
        command.run()


if __name__ == "__main__":
    main()
