"""Stores of synthetic days for `experiments.known_truth`, and what is taken of them."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import jax

from marsjax.data import SplitSpec, iter_store, resplit, write_tapes
from marsjax.synth.many import burnt, simulate_many
from marsjax.synth.markets import Market
from marsjax.synth.tape import to_tapes
from marsjax.synth.truth import Truth, write_truth
from marsjax.tokens.dataset import write_dataset
from marsjax.train import Dataset

AT_ONCE = 2**21
"""Orders of all days in memory."""

Progress = Callable[[str, int, int], None]


def write_store(
    market: Market,
    store: Path,
    *,
    days: dict[str, int],
    day: int,
    burn_in: int,
    num_slots: int,
    seed: int,
    progress_fn: Progress,
) -> None:
    """Days of a market with its default parameters, each of one part, and their truth.

    Args:
      market: one with a law of tokens.
      store: folder to make.
      days: how many of ``train``, ``valid`` and ``test``; a symbol each.
      day: orders of each.
      burn_in: orders, or a few more, that come before each day's tape.
      num_slots: slots a side of the books.
      seed: of all draws.
      progress_fn: told a title, how many days are done, and of how many.

    Raises:
      InputError: a book was full, a day too long, or the folder cannot be written.
    """
    params, names, rests = market.functions.Params(), [], []
    symbols = {part: f"{market.name.upper()}-{part.upper()}" for part in days}
    most, total = max(1, AT_ONCE // day), sum(days.values())
    first = 0
    for part, symbol in symbols.items():
        left = days[part]
        while left:
            size = min(most, left)
            simulated = simulate_many(
                market,
                params,
                jax.random.key(seed),
                size,
                day,
                num_slots=num_slots,
                burn_in=burn_in,
                first_market=first,
            )
            tapes = to_tapes(market, params, simulated, symbol=symbol, first=first)
            write_tapes(store, tapes)
            names += [tape.name for tape in tapes]
            rests += [opening.rest for opening in simulated.openings]
            first, left = first + size, left - size
            progress_fn(f"{market.name}: days", first, total)
    held_out = {f"{part}_symbols": (symbols[part],) for part in ("valid", "test")}
    resplit(store, SplitSpec((1.0, 0.0, 0.0), embargo_s=0.0, **held_out))
    truth = Truth(
        market,
        params,
        seed,
        num_slots,
        tuple(names),
        burn_in=burnt(burn_in),
        rests=tuple(rests),
    )
    write_truth(store, truth)


def write_tokens(
    store: Path, directory: Path, progress_fn: Progress, title: str
) -> None:
    """The dataset of a store whose tapes are about as long."""
    tapes = iter_store(store)
    place = {entry["name"]: i for i, entry in enumerate(tapes.entries)}

    def of_tape(name: str, done: int, total: int) -> None:
        progress_fn(title, place[name] * total + done, len(place) * total)

    write_dataset(tapes, directory, progress_fn=of_tape)


def first_orders(dataset: Dataset, orders: int) -> Dataset:
    """The dataset with its first so many training orders."""
    kept, left = [], orders
    for segment in dataset.segments:
        stop = segment.stop
        if segment.part == "train":
            stop = min(stop, segment.start + left)
            left -= stop - segment.start
        kept.append(segment._replace(stop=stop))
    return dataclasses.replace(dataset, segments=tuple(kept))
