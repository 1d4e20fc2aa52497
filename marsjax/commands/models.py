"""``marsjax models``: the trained models that come with the package."""

import json
from dataclasses import dataclass
from typing import Annotated

import tyro
from rich.console import Console
from rich.markdown import Markdown

from marsjax.commands.console import show
from marsjax.train.shipped import model_card, models, read_card


@dataclass(frozen=True)
class Models:
    """List the models that come with the package, or show one's card.

    Every option that takes a checkpoint takes such a name too, as does `marsjax.load`.
    """

    name: Annotated[str | None, tyro.conf.Positional] = None
    """show this model's card: data, split, figures, limits"""
    json: bool = False
    """print JSON instead"""

    def run(self) -> None:
        """Print the table, or the card."""
        if self.name is None:
            found = models()
            show(
                found.rows(),
                title="Models of this package",
                as_json=self.json,
                payload=[model._asdict() for model in found],
                notes=["nats: of the part that the card names, mean over its tapes"],
            )
        elif self.json:
            print(json.dumps(read_card(self.name), indent=1))
        else:
            Console(highlight=False).print(Markdown(model_card(self.name)))
