"""The models that come with the package: a folder each in ``marsjax/weights``.

A folder is a checkpoint like any other (`marsjax.train.checkpoint`: Orbax arrays and
JSON, no pickle), with ``card.json``, which says what the model is, what it was trained
on and how good it is, the same to read in ``card.md``, and ``opening.json``, a market
that makes openings for it (`marsjax.market.invented`). ``experiments/ship.py`` makes
such folders.
"""

import json
from html import escape
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from marsjax.errors import InputError
from marsjax.train.checkpoint import META

WEIGHTS = Path(__file__).parents[1] / "weights"
CARD = "card.json"
READABLE = "card.md"
MOST_BYTES = 16_000_000
"""A folder is at most so large."""


class Shipped(NamedTuple):
    """A model of the package, in a line.

    ``nats`` and ``best_baseline_nats``: an order, mean over tapes of the part that the
    card names; ``floor``: the true nats an order, None where nobody knows them;
    ``orders_per_s``: of markets, on the card's machine.
    """

    name: str
    data: str
    parameters: int
    nats: float | None
    best_baseline: str | None
    best_baseline_nats: float | None
    floor: float | None
    orders_per_s: float | None
    megabytes: float


class Models(list[Shipped]):
    """Models that print as a table, and in a notebook draw themselves as one."""

    def rows(self) -> list[dict[str, str]]:
        """Texts by column, a dictionary a model."""
        return [
            {
                "name": m.name,
                "data": m.data,
                "parameters": f"{m.parameters:,}",
                "nats an order": _number(m.nats, 3),
                "best baseline": "-"
                if m.best_baseline is None
                else f"{_number(m.best_baseline_nats, 3)} {m.best_baseline}",
                "floor": _number(m.floor, 3),
                "orders/s": _number(m.orders_per_s, 0),
                "MB": f"{m.megabytes:.1f}",
            }
            for m in self
        ]

    def __repr__(self) -> str:
        rows = self.rows()
        table = Table(title="Models of this package", title_justify="left")
        for column in rows[0] if rows else ():
            is_text = column in ("name", "data")
            table.add_column(column, justify="left" if is_text else "right")
        for row in rows:
            table.add_row(*row.values())
        console = Console(width=120, color_system=None)
        with console.capture() as captured:
            console.print(table)
        return captured.get().rstrip()

    def _repr_html_(self) -> str:
        rows = self.rows()
        columns = rows[0] if rows else ()
        head = "".join(f"<th>{escape(column)}</th>" for column in columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(x)}</td>" for x in row.values()) + "</tr>"
            for row in rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class Card(str):
    """A model card in Markdown; a notebook sets it."""

    __slots__ = ()

    __repr__ = str.__str__

    def _repr_markdown_(self) -> str:
        return str(self)


def shipped_names() -> list[str]:
    """The names that `find_model` knows."""
    return sorted(path.parent.name for path in WEIGHTS.glob(f"*/{CARD}"))


def find_model(path_or_name: str | Path) -> Path:
    """The folder of a run, a checkpoint or a shipped model.

    Args:
      path_or_name: a path, which wins if it exists, or a name.

    Raises:
      InputError: neither.
    """
    path = Path(path_or_name)
    if path.exists():
        return path
    names = shipped_names()
    if str(path_or_name) in names:
        return WEIGHTS / str(path_or_name)
    raise InputError(
        "holds no checkpoint and names no model of this package",
        f"name a folder that training wrote, or one of {', '.join(names)}",
        file=path,
    )


def read_card(name: str) -> dict:
    """What ``card.json`` of a shipped model says.

    Raises:
      InputError: no such model, or the file is damaged.
    """
    if name not in shipped_names():
        raise InputError(
            f"no model {name!r} in this package",
            f"choose one of {', '.join(shipped_names())}",
        )
    try:
        return json.loads((WEIGHTS / name / CARD).read_text())
    except (OSError, ValueError):
        raise InputError(
            "is damaged", "install marsjax again", file=WEIGHTS / name / CARD
        ) from None


def model_card(name: str) -> Card:
    """The card of a shipped model: data, figures, limits.

    Raises:
      InputError: no such model.
    """
    read_card(name)
    return Card((WEIGHTS / name / READABLE).read_text())


def models() -> Models:
    """The models of this package, a line each; `marsjax.load` takes their names."""
    return Models(_line(name, read_card(name)) for name in shipped_names())


def _line(name: str, card: dict) -> Shipped:
    found = card["evaluation"] or {"nats": {"model": {"mean": [None]}}}
    nats = {who: tapes["mean"][0] for who, tapes in found["nats"].items()}
    ours = nats.pop("model")
    best = min(nats, key=nats.get) if nats else None
    return Shipped(
        name=name,
        data=card["data"]["short"],
        parameters=card["parameters"],
        nats=ours,
        best_baseline=best,
        best_baseline_nats=nats.get(best),
        floor=card["floor"]["nats"],
        orders_per_s=card["speed"]["orders_per_s"],
        megabytes=card["bytes"] / 1e6,
    )


def is_shipped(folder: Path) -> bool:
    """Whether a folder is such a model, and not something else of the user's."""
    return (folder / CARD).is_file() and (folder / META).is_file()


def _number(value: float | None, decimals: int) -> str:
    return "-" if value is None else f"{value:,.{decimals}f}"
