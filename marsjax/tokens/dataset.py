"""Tapes of orders into a dataset: observed, binned and encoded one tape at a time.

Two passes: each tape is run through the book once and what was seen of it put aside on
disk; when all training parts are known, bins are fitted and the tapes encoded. What is
put aside takes about 100 bytes an order until the dataset stands.
"""

import dataclasses
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np

from marsjax.data.tape import PARTS, Tape
from marsjax.errors import InputError
from marsjax.tokens import orders
from marsjax.tokens.events import EventTape, fill_folder, new_folder
from marsjax.tokens.provenance import tape_record
from marsjax.tokens.tape import ObservedTape, book_lots, observe_tape, tape_features
from marsjax.tokens.tokenizer import Tokenizer
from marsjax.tokens.views import TICKS, View, view_of

MAX_FIT = 2**22
"""Most training orders that bins are fitted on; of more, every second (fourth, ...)."""


def part_bounds(tape: Tape, observed: ObservedTape) -> dict[str, tuple[int, int]]:
    """Half-open ranges of orders by part, from the tape's split of message rows."""
    if tape.split is None:
        raise ValueError(f"{tape.name} has no split: read it from a store")
    return {
        part: tuple(int(x) for x in np.searchsorted(observed.row, tape.split[part]))
        for part in PARTS
    }


class TrainingOrders:
    """Orders of training parts to fit bins on, of very many an even sample.

    ``count``: training orders seen; ``every``: of how many one is kept; ``view``: how
    they were observed.
    """

    def __init__(self, most: int = MAX_FIT, view: View = TICKS):
        self.most, self.every, self.count, self.view = most, 1, 0, view
        self._kept: list[tuple[np.ndarray, ...]] = []

    def add(self, tape: Tape, observed: ObservedTape) -> None:
        """Takes the training part of a tape, and nothing else of it."""
        start, stop = part_bounds(tape, observed)["train"]
        lots = book_lots(observed, tape.lot_size, self.view)
        columns = (*observed.raw, lots)
        # The orders whose number, counted over all tapes, is a multiple of `every`.
        span = slice(start + -self.count % self.every, stop, self.every)
        self._kept.append(tuple(np.array(column[span]) for column in columns))
        self.count += stop - start
        while self.kept > self.most:
            self.every *= 2
            whole = self._columns()
            self._kept = [tuple(np.array(column[::2]) for column in whole)]

    @property
    def kept(self) -> int:
        """Orders that bins are fitted on."""
        return sum(len(columns[0]) for columns in self._kept)

    def fit(self) -> Tokenizer:
        """Bins of these orders.

        Raises:
          InputError: fewer than two.
        """
        if self.kept < 2:
            raise InputError(
                "the training part of the store holds no orders",
                "prepare tapes with more orders in continuous trading",
            )
        *raw, lots = self._columns()
        return orders.fit(orders.RawOrders(*raw), lots, self.view.schema)

    def _columns(self) -> list[np.ndarray]:
        return [np.concatenate(xs) for xs in zip(*self._kept, strict=True)]


def fit_tokenizer(
    tapes: Iterable[Tape], observed: Iterable[ObservedTape], view: View = TICKS
) -> Tokenizer:
    """Bins from the training part of every tape together, and from nothing else."""
    training = TrainingOrders(view=view)
    for tape, seen in zip(tapes, observed, strict=True):
        training.add(tape, seen)
    return training.fit()


def write_dataset(
    tapes: Iterable[Tape],
    directory: str | Path,
    *,
    view: View = TICKS,
    tokenizer: Tokenizer | None = None,
    progress_fn: Callable[[str, int, int], None] | None = None,
) -> dict:
    """Tokenise tapes into a dataset folder, written whole or not at all.

    Args:
      tapes: tapes read from a store, with their splits. They are gone through once, and
        each is let go before the next.
      directory: folder to make or replace; anything else that is there is an error.
      view: how the book is shown to the model and whether repeated cancels become one
        token (`marsjax.tokens.views.find_view`). A model of merged cancels draws one
        with the volume of several, but in the market a cancel still takes one order
        off: the nearest in price, then in volume.
      tokenizer: fitted before, and then its own view counts; by default fitted on
        these tapes' training parts.
      progress_fn: called with a tape's name, its messages read and their number.

    Returns:
      What ``dataset.json`` says. ``fitted_on``: how many training orders there are
      (``orders``) and of how many bins were fitted (``used``); None with a tokenizer
      that was fitted before.

    Raises:
      InputError: the folder holds something else or cannot be made, or the training
        part holds no orders.
    """
    if tokenizer is not None:
        view = view_of(tokenizer.schema)
    with new_folder(directory) as folder:
        seen, fitted_on = _observe_all(tapes, view, progress_fn), None
        if tokenizer is None:
            aside, training = folder / "observed", TrainingOrders(view=view)
            aside.mkdir()
            seen = _put_aside(seen, aside, training)
            tokenizer = training.fit()
            fitted_on = {"orders": training.count, "used": training.kept}
        encoded = (_encode(each, tokenizer) for each in seen)
        info = fill_folder(folder, encoded, tokenizer, fitted_on=fitted_on)
        shutil.rmtree(folder / "observed", ignore_errors=True)
        return info


class _Seen(NamedTuple):
    """A tape without its messages, and its orders."""

    tape: Tape
    observed: ObservedTape


def _observe_all(tapes: Iterable[Tape], view: View, progress_fn) -> Iterator[_Seen]:
    for tape in tapes:
        observed = observe_tape(tape, _reporter(tape, progress_fn), view)
        empty = tape.messages.clear()
        bare = dataclasses.replace(
            tape, messages=empty, fills=None, quotes=None, level1=None
        )
        del tape  # one tape at a time in memory
        yield _Seen(bare, observed)


def _reporter(tape: Tape, progress_fn) -> Callable[[int], None] | None:
    name, total = tape.name, len(tape.messages)
    return progress_fn and (lambda done: progress_fn(name, done, total))


def _put_aside(
    seen: Iterable[_Seen], folder: Path, training: TrainingOrders
) -> Iterator[_Seen]:
    """Writes what was seen to ``folder``, and reads it back tape by tape."""
    kept = []
    for i, (tape, observed) in enumerate(seen):
        training.add(tape, observed)
        leaves, structure = jax.tree.flatten(observed)
        np.savez(folder / f"{i}.npz", *leaves)
        kept.append((folder / f"{i}.npz", tape, structure))
        del observed, leaves
    return (_take_back(*each) for each in kept)


def _take_back(path: Path, tape: Tape, structure) -> _Seen:
    with np.load(path, allow_pickle=False) as arrays:
        leaves = [arrays[f"arr_{i}"] for i in range(len(arrays.files))]
    path.unlink()
    leaves = [x if x.ndim else x.item() for x in leaves]
    return _Seen(tape, jax.tree.unflatten(structure, leaves))


def _encode(seen: _Seen, tokenizer: Tokenizer) -> EventTape:
    tape, observed = seen
    return EventTape(
        name=tape.name,
        tokens_TC=orders.encode(tokenizer, observed.raw),
        features_TF=tape_features(observed, tokenizer, tape.lot_size),
        parts=part_bounds(tape, observed),
        about=tape_record(tape),
        left_out=observed.left_out,
    )
