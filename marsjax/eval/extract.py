"""Windows of tapes and of stores of tapes.

A window is made of consecutive messages of continuous trading, whatever lies between
them: a session break inside is no gap in trading time (`Windows.time_ns_BT` leaves it
out, ``clock_s_BT`` shows it), and rows of auctions and of the opening book move the
book but are no messages. No window crosses the end of a part.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from marsjax.data.clock import NS
from marsjax.data.store_read import StoredTapes, iter_store
from marsjax.data.tape import PARTS, Tape, in_session
from marsjax.errors import InputError
from marsjax.eval import cut
from marsjax.eval.levels import follow_tape
from marsjax.eval.windows import Windows

LENGTH = 500
"""Messages of a window, as in LOB-Bench (ICML 2025)."""

NoteFn = Callable[[str], None]
ProgressFn = Callable[[str, int, int], None]


def windows_from_tape(
    tape: Tape,
    length: int = LENGTH,
    *,
    part: str | None = None,
    stride: int | None = None,
    rows: tuple[int, int] | None = None,
    fewest: int | None = None,
    progress_fn: Callable[[int], None] | None = None,
) -> Windows:
    """Windows of a tape, one after the other.

    Args:
      tape: any tape; of a simulated market the history is rows that seed the book, and
        windows begin with its first own order.
      length: T, messages of a window.
      part: ``train``, ``valid`` or ``test`` of a tape from a store; all by default.
      stride: messages from one window's start to the next one's; by default `length`,
        so that none overlap.
      rows: half-open range of message rows to stay inside of.
      fewest: messages that the last window must have, padded to `length`; fewer are
        left out. By default nine tenths of `length`.
      progress_fn: called with the number of messages replayed.

    Returns:
      no windows (B = 0) where there are too few messages.

    Raises:
      InputError: the part is unknown, or the tape has no split.
    """
    rows_M = message_rows(tape, part, rows)
    first_B = _starts(len(rows_M), length, stride, fewest)
    return _windows(tape, rows_M, first_B, length, progress_fn)


def windows_at(
    tape: Tape,
    times_s: Sequence[float],
    length: int = LENGTH,
    *,
    part: str | None = None,
    fewest: int | None = None,
) -> Windows:
    """One window from each of some moments on.

    Args:
      tape, length, part, fewest: as of `windows_from_tape`; a window with fewer
        messages up to the end of the tape (of its part) is left out.
      times_s: wall-clock seconds after midnight; the window's first message is the
        first one at that time or later.
    """
    _check(length, 1, fewest)
    rows_M = message_rows(tape, part)
    wall_ns = _wall_ns(tape)[rows_M]
    wanted = np.round(np.asarray(times_s, np.float64) * NS).astype(np.int64)
    first_B = np.searchsorted(wall_ns, wanted)
    enough = len(rows_M) - first_B >= cut.fewest_of(length, fewest)
    return _windows(tape, rows_M, first_B[enough], length)


def windows_from_store(
    directory: str | Path,
    *,
    length: int = LENGTH,
    part: str | None = None,
    symbols: Sequence[str] | None = None,
    max_windows: int | None = None,
    seed: int = 0,
    stride: int | None = None,
    fewest: int | None = None,
    progress_fn: ProgressFn | None = None,
    note_fn: NoteFn | None = None,
) -> Windows:
    """Windows of the tapes of a store, in the order of its manifest.

    Args:
      directory: the store.
      length, part, stride, fewest: as of `windows_from_tape`.
      symbols: only of these instruments.
      max_windows: most windows; where there are more, each tape gives as many as any
        other as far as it has them, drawn without replacement.
      seed: of that draw.
      progress_fn: called with a tape's name, the tapes done and their number.
      note_fn: called with sentences on tapes that gave no window, and where there are
        fewer windows than asked for.

    Raises:
      InputError: what `iter_store` refuses, a symbol that no tape has, an unknown part,
        or no window at all.
    """
    tapes = of_symbols(iter_store(directory), symbols)
    if part is not None and part not in PARTS:
        raise _unknown_part(part)
    rng = np.random.default_rng(seed)
    if max_windows is None:
        quota = [None] * len(tapes)
    else:
        counts = [
            len(_starts(_count(tapes, i, part), length, stride, fewest))
            for i in range(len(tapes))
        ]
        quota = cut.shares(counts, max_windows, rng).tolist()
    found, short = [], 0
    for i, most in enumerate(quota):
        if most == 0:
            short += max_windows is not None and counts[i] == 0
            continue
        tape = tapes[i]
        rows_M = message_rows(tape, part)
        first_B = _starts(len(rows_M), length, stride, fewest)
        short += len(first_B) == 0
        if most is not None:
            first_B = np.sort(rng.choice(first_B, most, replace=False))
        if len(first_B):
            found.append(_windows(tape, rows_M, first_B, length))
        if progress_fn is not None:
            progress_fn(tape.name, i + 1, len(tapes))
    what = f"the {part} part" if part else "continuous trading"
    needed = cut.fewest_of(length, fewest)
    if not found:
        raise InputError(
            f"no tape has {needed:,} messages in {what}",
            "ask for shorter windows or another part",
            file=directory,
        )
    windows = cut.join(found)
    if note_fn is not None and short:
        note_fn(
            f"{short} of {len(tapes)} tapes have fewer than {needed:,} messages in "
            f"{what} and give no window"
        )
    if note_fn is not None and max_windows and windows.num_windows < max_windows:
        note_fn(f"{windows.num_windows} windows, of {max_windows} asked for")
    return windows


def message_rows(
    tape: Tape, part: str | None = None, rows: tuple[int, int] | None = None
) -> np.ndarray:
    """Rows of continuous trading, of a part and within a range if given.

    Raises:
      InputError: the part is unknown, or the tape has no split.
    """
    inside = np.flatnonzero(in_session(tape))
    for start, stop in (part_range(tape, part), rows or (0, len(tape.messages))):
        inside = inside[(inside >= start) & (inside < stop)]
    return inside


def part_range(tape: Tape, part: str | None) -> tuple[int, int]:
    """Half-open range of message rows of a part; all rows for none."""
    if part is None:
        return 0, len(tape.messages)
    if part not in PARTS:
        raise _unknown_part(part)
    if tape.split is None:
        raise InputError(
            f"tape {tape.name} is not split", "read it from a store, or name no part"
        )
    return tuple(tape.split[part])


def _unknown_part(part: str) -> InputError:
    return InputError(f"there is no part {part!r}", f"use {', '.join(PARTS)}")


def _check(length: int, stride: int, fewest: int | None) -> None:
    for name, value in (("length", length), ("stride", stride), ("fewest", fewest)):
        if value is not None and value < 1:
            raise InputError(f"{name} is {value}", "give 1 or more")


def _starts(num, length: int, stride: int | None, fewest: int | None) -> np.ndarray:
    stride = length if stride is None else stride
    _check(length, stride, fewest)
    return cut.starts(num, length, stride, cut.fewest_of(length, fewest))


def _windows(tape: Tape, rows_M, first_B, length: int, progress_fn=None) -> Windows:
    rows_BT = cut.rows_of(rows_M, first_B, length)
    place = cut.Place(tape.name, tape.symbol, tape.date, tape.tick_size, tape.lot_size)
    needed = cut.rows_needed(rows_BT)
    return cut.cut(follow_tape(tape, needed, progress_fn=progress_fn), rows_BT, place)


def _wall_ns(tape: Tape) -> np.ndarray:
    time_s, time_ns = (
        tape.messages[name].to_numpy().astype(np.int64)
        for name in ("time_s", "time_ns")
    )
    return time_s * NS + time_ns


def of_symbols(tapes: StoredTapes, symbols: Sequence[str] | None) -> StoredTapes:
    """The tapes of some instruments, all for none.

    Raises:
      InputError: a symbol that no tape has.
    """
    if symbols is None:
        return tapes
    known = {entry["symbol"] for entry in tapes.entries}
    strange = set(symbols) - known
    if strange:
        raise InputError(
            f"no tape has the symbol {min(strange)}",
            f"use some of: {', '.join(sorted(known))[:200]}",
            file=tapes.directory,
        )
    entries = [entry for entry in tapes.entries if entry["symbol"] in symbols]
    return StoredTapes(tapes.directory, entries)


def _count(tapes: StoredTapes, i: int, part: str | None) -> int:
    """Messages of continuous trading; from the manifest alone where that tells."""
    entry = tapes.entries[i]
    trading = entry["trading"]
    bounds = trading["rows"] if part is None else entry["split"][part]
    if bounds[0] == bounds[1]:
        return 0
    if list(bounds) == list(trading["rows"]):
        return trading["count"]
    return len(message_rows(tapes[i], part))
