"""What is true of a store of synthetic tapes: ``synth.json`` beside the manifest.

It holds the market, its parameters and its seed, from which any stream can be scored
later under the law that made the tapes (`marsjax.synth.law`).
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from marsjax.errors import InputError
from marsjax.synth.markets import Market, find_market

TRUTH = "synth.json"
FORMAT = 1


@dataclasses.dataclass(frozen=True)
class Truth:
    """Where tapes came from, and their entropy.

    Attributes:
      market: the market.
      params: its parameters.
      seed: of all draws; market i draws from ``fold_in(key(seed), i)``.
      num_slots: slots a side of the books; the draws depend on it, the law does not.
      tapes: names, those of markets 0, 1, ... in order.
      burn_in: orders that each market was given to draw before its tape begins.
      rests: of each tape, what of the market's state when it begins its opening book
        does not tell (`marsjax.synth.opening.Opening`), such as what the past of a
        Hawkes flow excites; ``None`` where it is that of the market's own start. With
        it, ``law.score_tape(market, params, tape, rest=truth.rest_of(tape.name))`` is
        exact.
      nats: of a market whose law is known: ``entropy`` and ``cross_entropy``, mean and
        standard error in nats an order with the wait in seconds, and ``orders``, how
        many they rest on; else ``None``.
      fit: how the parameters were fitted, if they were.
    """

    market: Market
    params: Any
    seed: int
    num_slots: int
    tapes: tuple[str, ...]
    burn_in: int = 0
    rests: tuple[dict | None, ...] = ()
    nats: dict | None = None
    fit: dict | None = None

    def rest_of(self, tape_name: str) -> dict | None:
        """What the opening book of a tape does not tell."""
        place = self.tapes.index(tape_name)
        return self.rests[place] if self.rests else None


def write_truth(directory: Path, truth: Truth) -> None:
    """Write ``synth.json`` into a store."""
    content = {
        "format": FORMAT,
        "market": truth.market.name,
        "params": to_plain(truth.params),
        "seed": truth.seed,
        "num_slots": truth.num_slots,
        "tapes": list(truth.tapes),
        "burn_in": truth.burn_in,
        "rests": to_plain(truth.rests),
        "nats": truth.nats,
        "fit": to_plain(truth.fit),
    }
    text = json.dumps(content, indent=1) + "\n"
    (Path(directory) / TRUTH).write_text(text, encoding="utf-8")


def read_truth(directory: str | Path) -> Truth:
    """Read ``synth.json`` of a store.

    Raises:
      InputError: there is none, or it is damaged.
    """
    path = Path(directory) / TRUTH
    if not path.is_file():
        raise InputError(
            f"there is no {TRUTH} here: the store is not synthetic",
            "make one with `marsjax synth`",
            file=directory,
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise KeyError("format")
        market = find_market(content["market"])
        return Truth(
            market,
            from_plain(market.functions.Params(), content["params"]),
            int(content["seed"]),
            int(content["num_slots"]),
            tuple(content["tapes"]),
            int(content["burn_in"]),
            tuple(content["rests"]),
            content["nats"],
            content["fit"],
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(
            "the file is damaged", "make the store again with `marsjax synth`",
            file=path,
        ) from None  # fmt: skip


def to_plain(value: Any) -> Any:
    """Numbers and lists of a dataclass, dictionaries of their fields."""
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return {name: to_plain(getattr(value, name)) for name in names}
    if hasattr(value, "_asdict"):
        return {name: to_plain(each) for name, each in value._asdict().items()}
    if isinstance(value, dict):
        return {name: to_plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(each) for each in value]
    if isinstance(value, str | bool | int | float | None):
        return value
    return np.asarray(value).tolist()


def from_plain(template: Any, value: Any) -> Any:
    """What `to_plain` was given, with the types of ``template``."""
    if dataclasses.is_dataclass(template):
        return dataclasses.replace(
            template,
            **{k: from_plain(getattr(template, k), each) for k, each in value.items()},
        )
    if hasattr(template, "_asdict"):
        parts = template._asdict()
        same = {name: from_plain(parts[name], each) for name, each in value.items()}
        return type(template)(**same)
    if isinstance(template, tuple | list):
        return type(template)(
            from_plain(template[min(i, len(template) - 1)], each)
            for i, each in enumerate(value)
        )
    if isinstance(template, str | bool | int | float | None):
        return value
    return jnp.asarray(value, jnp.asarray(template).dtype)
