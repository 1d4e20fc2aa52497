"""Writes tapes in the folder layout of LOB-Bench, so that the original can score them.

``data_real/``, ``data_gen/`` and ``data_cond/`` hold LOBSTER message and ten-level
orderbook files, one window of equally many rows each:
``STOCK_YYYY-MM-DD_message_real_id_N.csv``, of generated windows with ``_gen_id_M``, and
the same with ``orderbook``. Files of one N belong together; those of ``data_cond`` are
the real rows before the real window. (Nagy et al., ICML 2025, peernagy/lob_bench.)

Its reader takes ids, sizes and prices as int32: ids that do not fit are numbered anew.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from marsjax.book import Ladder, Levels
from marsjax.data.clock import NS
from marsjax.data.fidelity import book_levels
from marsjax.data.formats.lobster_write import lobster_frames
from marsjax.data.replay import replay_tape
from marsjax.data.tape import Tape, dense_ids, in_session
from marsjax.errors import InputError

NUM_LEVELS = 10
UNDATED = "1970-01-01"
"""LOB-Bench needs a date."""

_INT32 = 2**31 - 1


class Rows(NamedTuple):
    """LOBSTER rows of a tape, R of them.

    Attributes:
      stock, date: as in the names of files.
      messages, books: the columns of the two files.
      inside_R: rows of continuous trading within the part.
      wall_ns_R: time after midnight.
      start_ns: of a tape with a history, when it ends; else ``None``.
    """

    stock: str
    date: str
    messages: pl.DataFrame
    books: pl.DataFrame
    inside_R: np.ndarray
    wall_ns_R: np.ndarray
    start_ns: int | None

    def window(self, first: int, length: int) -> "Window":
        """Some rows from ``first`` on."""
        return Window(
            self.stock,
            self.date,
            self.messages.slice(first, length),
            self.books.slice(first, length),
        )


class Window(NamedTuple):
    """What a pair of files holds."""

    stock: str
    date: str
    messages: pl.DataFrame
    books: pl.DataFrame


class Pair(NamedTuple):
    """A real window, the rows before it, and what was generated in its place."""

    real: Window
    before: Window
    generated: tuple[Window, ...]


def ten_levels(ladder: Ladder) -> Levels:
    """The view of the book that the files show."""
    return ladder.level2(NUM_LEVELS)


def lobster_rows(
    tape: Tape,
    part: str | None = None,
    progress_fn: Callable[[int], None] | None = None,
) -> Rows:
    """Replays a tape and gives the rows of its LOBSTER files.

    Args:
      tape: any tape.
      part: ``train``, ``valid`` or ``test``: which rows count as inside.
      progress_fn: called with the number of messages replayed.

    Raises:
      InputError: the tick is no multiple of 0.0001, a modify re-enters the book, a
        price is out of LOB-Bench's range, or the tape has no such part.
    """
    if part is not None and tape.split is None:
        raise InputError(f"tape {tape.name} is not split", "name no part")
    result = replay_tape(tape, look_fn=ten_levels, progress_fn=progress_fn)
    seen = result.observations
    levels = book_levels(seen.price_ticks_SK, seen.qty_SK)
    try:
        frames = lobster_frames(tape, result.events, result.message_index, levels)
    except ValueError as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"tape {tape.name}: {error}, which LOBSTER files cannot show",
            "leave the tape out",
        ) from None
    inside_T = in_session(tape)
    if part is not None:
        start, stop = tape.split[part]
        inside_T[:start], inside_T[stop:] = False, False
    wall_T = _wall_ns(tape)
    row_R = frames.tape_row_R
    return Rows(
        tape.symbol.replace("_", "-"),
        tape.date or UNDATED,
        _fitting(tape, frames.messages),
        frames.books,
        inside_T[row_R],
        wall_T[row_R],
        int(wall_T[tape.seed_rows - 1]) if tape.seed_rows else None,
    )


def consecutive(rows: Rows, length: int, context: int = 0) -> np.ndarray:
    """First rows of the windows of a tape, one after the other, ``int[W]``.

    Args:
      rows: of the tape.
      length: rows of a window; all of them are inside.
      context: rows that there must be before the first one.
    """
    inside = np.flatnonzero(rows.inside_R)
    inside = inside[inside >= context]
    first = inside[: max(len(inside) - length + 1, 0) : length]
    last = inside[length - 1 :: length][: len(first)]
    # Rows outside, such as those of a break, would be part of the window.
    return first[last - first == length - 1]


def following(rows: Rows, start_ns: int, length: int) -> int | None:
    """First row of the window from a moment on, ``None`` if there are too few rows."""
    first = int(np.searchsorted(rows.wall_ns_R, start_ns))
    inside = rows.inside_R[first : first + length]
    return first if len(inside) == length and inside.all() else None


def write_pairs(directory: str | Path, pairs: Iterable[Pair]) -> dict[str, int]:
    """Writes the three folders.

    Args:
      directory: where; of a command, a folder that is not there before it is complete.
      pairs: number i becomes ``real_id_i``.

    Returns:
      How many windows are in each folder.

    Raises:
      InputError: the folder cannot be written.
    """
    directory, counts = Path(directory), {"real": 0, "gen": 0, "cond": 0}
    try:
        for kind in counts:
            (directory / f"data_{kind}").mkdir(parents=True, exist_ok=True)
        for number, pair in enumerate(pairs):
            todo = [("real", "", pair.real), ("cond", "", pair.before)]
            todo += [
                ("gen", f"_gen_id_{i}", each) for i, each in enumerate(pair.generated)
            ]
            for kind, more, window in todo:
                if not len(window.messages):
                    continue
                # All files of a number bear the name of the real window.
                stem = f"{pair.real.stock}_{pair.real.date}"
                for what in ("message", "orderbook"):
                    name = f"{stem}_{what}_real_id_{number}{more}.csv"
                    frame = window.messages if what == "message" else window.books
                    path = directory / f"data_{kind}" / name
                    frame.write_csv(path, include_header=False)
                counts[kind] += 1
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})",
            "choose another --out",
            file=directory,
        ) from None
    return counts


def _fitting(tape: Tape, messages: pl.DataFrame) -> pl.DataFrame:
    """Messages whose numbers all fit an int32."""
    for name in ("size", "price"):
        if len(messages) and int(messages[name].abs().max()) > _INT32:
            raise InputError(
                f"tape {tape.name} has a {name} above 2**31 - 1 of LOBSTER's units, "
                "which LOB-Bench cannot read",
                "leave the tape out",
            )
    table = dense_ids(tape.messages)
    if table is None:
        return messages
    ids = np.searchsorted(table, messages["order_id"].to_numpy())
    return messages.with_columns(pl.Series("order_id", ids))


def _wall_ns(tape: Tape) -> np.ndarray:
    time_s, time_ns = (
        tape.messages[name].to_numpy().astype(np.int64)
        for name in ("time_s", "time_ns")
    )
    return time_s * NS + time_ns
