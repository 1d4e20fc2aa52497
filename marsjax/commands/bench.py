"""``marsjax bench``: how fast the parts of marsjax are, on this machine."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from marsjax.commands.bench_book import BenchBook
from marsjax.commands.bench_rollout import BenchRollout
from marsjax.commands.bench_train import BenchTrain

Part = (
    Annotated[BenchBook, tyro.conf.subcommand("book")]
    | Annotated[BenchRollout, tyro.conf.subcommand("rollout")]
    | Annotated[BenchTrain, tyro.conf.subcommand("train")]
)


@dataclass(frozen=True)
class Bench:
    """Measure speed and memory on this machine.

    Prints a table with the machine's name, or writes JSON: see the help of each part.

    Example: marsjax bench book --books 1 64 --slots 128
    Example: marsjax bench rollout --markets 16 64 --context 1024 --model 2M
    Example: marsjax bench train --model 2M 5M
    """

    part: Part
    """what to measure"""

    def run(self) -> None:
        """Measure it."""
        self.part.run()
