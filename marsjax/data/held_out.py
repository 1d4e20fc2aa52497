"""A tape with rows of one part alone, whatever the split of its store says."""

import dataclasses
from collections.abc import Collection

from marsjax.data.tape import PARTS, Tape


def hold_out(tape: Tape, part: str = "test", *, of: Collection[str] = PARTS) -> Tape:
    """The same tape with the rows of some parts in one, and no others in any.

    What lies between them and belonged to none, an embargo, is in it too: of the tape
    there is nothing left to keep it apart from.

    Args:
      tape: read from a store, with its split.
      part: ``train``, ``valid`` or ``test``.
      of: parts whose rows these are, from the first to the last.

    Raises:
      ValueError: the tape has no split.
    """
    if tape.split is None or tape.split_time is None:
        raise ValueError(f"{tape.name} has no split: read it from a store")
    used = [name for name in of if tape.split[name][0] < tape.split[name][1]]
    rows, times = (
        _whole([ranges[name] for name in used or list(of)[:1]])
        for ranges in (tape.split, tape.split_time)
    )
    return dataclasses.replace(
        tape,
        split={name: _only(name == part, rows) for name in PARTS},
        split_time={name: _only(name == part, times) for name in PARTS},
    )


def _whole(ranges: list) -> list:
    return [min(first for first, _ in ranges), max(last for _, last in ranges)]


def _only(is_all: bool, whole: list) -> list:
    """The whole range, or an empty one at its start."""
    return list(whole) if is_all else [whole[0], whole[0]]
