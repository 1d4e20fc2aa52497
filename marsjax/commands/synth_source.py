"""The tapes that a synthetic market is fitted to."""

from dataclasses import replace
from pathlib import Path

from marsjax.data import Tape, read_store, read_tape
from marsjax.data.manifest import MANIFEST
from marsjax.data.tape import in_session
from marsjax.errors import InputError

ALL = "all"
FEWEST_BEFORE, MOST_BEFORE = 2_000, 50_000


def tapes_of(path: Path, part: str) -> list[Tape]:
    """A part of the tapes of a store, or of the one that STORE/TAPE names.

    Args:
      path: the store or the tape.
      part: ``train``, ``valid``, ``test``, or ``all`` for whole tapes.

    Raises:
      InputError: there is no such store or tape, or no order in that part.
    """
    is_tape = not (path / MANIFEST).is_file() and (path.parent / MANIFEST).is_file()
    tapes = [read_tape(path.parent, path.name)] if is_tape else read_store(path)
    if part == ALL:
        return list(tapes)
    cut = [part_of(tape, part) for tape in tapes]
    cut = [tape for tape in cut if in_session(tape).any()]
    if not cut:
        raise InputError(
            f"the {part} part has no orders",
            f"name another part with --calibrate-part, or {ALL}",
            file=path,
        )
    return cut


def part_of(tape: Tape, part: str) -> Tape:
    """A tape whose orders are those of one part; the rows before make its book."""
    start, stop = tape.split[part]
    return replace(
        tape,
        messages=tape.messages.head(stop),
        seed_rows=max(start, tape.seed_rows),
    )


def burn_in_for(live_orders: float) -> int:
    """Orders after which a book of so many has forgotten its opening.

    Each live order comes and goes; after ten orders for each the book has been renewed
    about five times.
    """
    wanted = -(-int(10 * live_orders) // 1000) * 1000
    return min(max(wanted, FEWEST_BEFORE), MOST_BEFORE)
