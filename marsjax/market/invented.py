"""Openings that a market with a known law makes, for a model that has no real tape.

``opening.json`` beside a shipped model holds a few numbers: the market's parameters
(where the model learned from a real stock, fitted to that stock's training part), the
hours it trades, and what the simulated markets may be put beside.
"""

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import jax
import polars as pl

from marsjax.data import Tape
from marsjax.errors import InputError
from marsjax.lmm.trained import TrainedModel
from marsjax.market.start import Start, start_from_tape
from marsjax.synth import find_market, simulate_many
from marsjax.synth.tape import OPEN_S, to_tapes
from marsjax.synth.truth import from_plain, to_plain

FILE = "opening.json"
FORMAT = 1


@dataclass(frozen=True)
class Invented:
    """A market that makes openings.

    Attributes:
      market: its name (`marsjax.synth.markets`).
      params: its parameters.
      about: what it is, for the reader.
      symbol, tick_size, sessions: of the tapes it makes.
      begins_s: seconds after midnight when a tape begins.
      orders: of a tape, before the start.
      burn_in: orders before the tape, left out.
      num_slots: slots a side of its book.
      is_truth: whether the model learned from this very market, so that the market
        itself, going on, is what the model should do.
      measured: where it is not, what real orders did: ``what`` they are and ``rows``,
        by the names of `marsjax.market.summary.MEASURES` mean, 5 % and 95 % of windows.
    """

    market: str
    params: Any
    about: str
    symbol: str
    tick_size: float
    sessions: tuple[tuple[int, int], ...]
    begins_s: int
    orders: int
    burn_in: int
    num_slots: int
    is_truth: bool
    measured: dict | None = None


def write_opening(folder: Path, invented: Invented) -> None:
    """Write ``opening.json`` into a folder."""
    content = {"format": FORMAT, **to_plain(invented)}
    text = json.dumps(content, indent=1) + "\n"
    (folder / FILE).write_text(text, encoding="utf-8")


def read_opening(folder: Path) -> Invented:
    """Read ``opening.json`` of a folder.

    Raises:
      InputError: there is none, or it is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        raise InputError(
            "holds no opening", "start it from a tape with marsjax simulate", file=path
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("format") != FORMAT:
            raise KeyError("format")
        if content.keys() != {field.name for field in fields(Invented)}:
            raise KeyError("fields")
        template = find_market(content["market"]).functions.Params()
        content["params"] = from_plain(template, content["params"])
        content["sessions"] = tuple((int(a), int(b)) for a, b in content["sessions"])
        return Invented(**content)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError("is damaged", "ship the model again", file=path) from None


def opening_tape(invented: Invented, seed: int) -> Tape:
    """The orders that make an opening and the model's memory of it."""
    market = find_market(invented.market)
    simulated = simulate_many(
        market,
        invented.params,
        jax.random.key(seed),
        1,
        invented.orders,
        num_slots=invented.num_slots,
        burn_in=invented.burn_in,
    )
    (tape,) = to_tapes(
        market,
        invented.params,
        simulated,
        symbol=invented.symbol,
        tick_size=invented.tick_size,
        is_numbered=False,
    )
    later = pl.col("time_s") + (invented.begins_s - OPEN_S)
    return replace(
        tape,
        messages=tape.messages.with_columns(later.cast(pl.Int32)),
        sessions=invented.sessions,
    )


def start_from_opening(
    trained: TrainedModel, invented: Invented, seed: int, **options
) -> Start:
    """A start at the end of `opening_tape`.

    Args:
      trained: a model, as `marsjax.load` gives it.
      invented: what makes the opening.
      seed: of it.
      options: as of `start_from_tape`.
    """
    return start_from_tape(trained, opening_tape(invented, seed), **options)
