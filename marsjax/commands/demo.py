"""``marsjax demo``: simulated markets within a minute, from weights in the package."""

from dataclasses import dataclass
from pathlib import Path

from marsjax.commands.console import check_seed
from marsjax.commands.demo_shipped import DEFAULT, run_shipped
from marsjax.commands.demo_train import run_training
from marsjax.errors import InputError


@dataclass(frozen=True)
class Demo:
    """See markets run without any data: within a minute on two cores.

    A model that comes with the package sends orders to the exchange in 64 markets.
    Their opening is invented: a zero-intelligence market (Cont, Stoikov, Talreja 2010)
    draws its book and first orders. Prints a first look as soon as there is one, then
    what the markets did, beside what is known (`--model zi`: the true market, going on
    from the same book; `--model sse`: averages of the real stock's afternoon), and
    saves pictures. With `--train` a model is trained first.
    """

    out: Path = Path("marsjax-demo")
    """folder to make; an earlier demo there is replaced"""
    model: str | None = None
    """which of `marsjax models`; by default sse"""
    train: bool = False
    """make a synthetic tape, train a small model on it for a minute and run markets
    from a moment that it has not seen, beside what followed: two minutes in all"""
    markets: int = 64
    """how many markets"""
    orders: int = 1_000
    """orders of each market"""
    tape_orders: int | None = None
    """with --train: orders on the tape, by default 400,000"""
    steps: int | None = None
    """with --train: training steps, by default 1,200"""
    seed: int = 0
    """of everything"""
    json: bool = False
    """print JSON instead of a table"""

    def run(self) -> None:
        """Check the options, run one of the two."""
        check_seed(self.seed)
        for name in ("tape_orders", "steps", "markets", "orders"):
            value = getattr(self, name)
            option = name.replace("_", "-")
            if value is not None and value < 1:
                raise InputError(f"--{option} is {value}", "give 1 or more")
            if value is not None and name in ("tape_orders", "steps"):
                self._require(self.train, f"--{option}", "add --train")
        self._require(not (self.train and self.model), "--model", "drop --train")
        size = {"markets": self.markets, "orders": self.orders, "seed": self.seed}
        if self.train:
            made = {"tape_orders": self.tape_orders or 400_000}
            made["steps"] = self.steps or 1_200
            run_training(self.out, as_json=self.json, **made, **size)
        else:
            run_shipped(self.out, self.model or DEFAULT, as_json=self.json, **size)

    def _require(self, condition: bool, option: str, remedy: str) -> None:
        if not condition:
            what = "without" if remedy.startswith("add") else "with"
            raise InputError(f"{option} means nothing {what} --train", remedy)
