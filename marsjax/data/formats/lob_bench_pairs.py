"""Which real window stands beside which generated one in LOB-Bench's layout.

``start``: a generated tape continues a real one (the same stock and day) from a moment
on, which is how LOB-Bench compares; its first rows stand beside the real rows from that
moment on, and markets of one start become several generated windows of one real one.

``order``: tapes of another day, or of a market that never was, are cut into windows,
and the i-th generated window stands beside the i-th real one.
"""

from collections import Counter
from collections.abc import Callable, Iterator

import numpy as np

from marsjax.data.formats.lob_bench import (
    Pair,
    Rows,
    Window,
    consecutive,
    following,
    lobster_rows,
)
from marsjax.data.store_read import StoredTapes
from marsjax.errors import InputError

ProgressFn = Callable[[str, int, int], None]
Key = tuple[str, str | None]


def pairing_of(generated: StoredTapes, reference: StoredTapes) -> str:
    """``start`` where each generated tape has a real one of its stock and day."""
    real = Counter(map(_key, reference.entries))
    return "start" if all(real[_key(e)] == 1 for e in generated.entries) else "order"


def pairs_by_start(
    generated: StoredTapes,
    reference: StoredTapes,
    *,
    length: int,
    context: int,
    part: str | None,
    max_windows: int | None,
    notes: list[str],
    progress_fn: ProgressFn,
) -> Iterator[Pair]:
    """One pair for each start, in the order of the reference.

    Args:
      generated, reference: the tapes.
      length: rows of a window.
      context: rows before the real window, fewer where there are no more.
      part: of the reference, in which its windows must lie.
      max_windows: most generated windows; ``None``: all.
      notes: sentences on what was left out are added to it.
      progress_fn: called with a tape's name, the tapes done and their number.
    """
    left: Counter = Counter()
    todo = list(range(len(generated)))[:max_windows]
    total = len(generated) if max_windows is None else len(todo)
    done = 0
    for i, entry in enumerate(reference.entries):
        mine = [j for j in todo if _key(generated.entries[j]) == _key(entry)]
        if not mine:
            continue
        real = lobster_rows(reference[i], part)
        made: dict[int, list[Window]] = {}
        for j in mine:
            rows = lobster_rows(generated[j])
            done += 1
            progress_fn("generated tapes", done, total)
            own = np.flatnonzero(rows.inside_R)
            moment = rows.start_ns
            if moment is None:
                moment = int(rows.wall_ns_R[own[0]]) if len(own) else 0
            first = following(real, moment, length)
            if len(own) < length or own[length - 1] - own[0] != length - 1:
                left["generated"] += 1
            elif first is None:
                left["real"] += 1
            else:
                made.setdefault(first, []).append(rows.window(int(own[0]), length))
        for first, windows in sorted(made.items()):
            before = max(first - context, 0)
            cond = real.window(before, first - before)
            left["before"] += first == 0
            yield Pair(real.window(first, length), cond, tuple(windows))
    _tell(notes, left, length, part)


def _tell(notes: list[str], left: Counter, length: int, part: str | None) -> None:
    """Adds sentences on windows that could not be made."""
    where = f"the {part} part of the reference" if part else "continuous trading"
    for name, text in (
        ("generated", f"generated tapes have fewer than {length:,} rows on end"),
        ("real", f"starts have fewer than {length:,} real rows after them in {where}"),
        ("before", "real windows have no row before them, and no file in data_cond"),
    ):
        if left[name]:
            notes.append(f"{left[name]:,} {text}")


def pairs_in_order(
    generated: StoredTapes,
    reference: StoredTapes,
    *,
    length: int,
    context: int,
    part: str | None,
    max_windows: int | None,
    seed: int,
    notes: list[str],
    progress_fn: ProgressFn,
) -> Iterator[Pair]:
    """Windows of both, shuffled and put beside each other; arguments as above.

    ``max_windows`` are shared out evenly among the tapes and drawn without replacement;
    ``seed`` is of these draws.
    """
    rng = np.random.default_rng(seed)
    draw = {"length": length, "most": max_windows, "rng": rng}
    progress = {"progress_fn": progress_fn}
    real = list(
        _drawn(reference, "real", part=part, context=context, **draw, **progress)
    )
    fake = list(
        _drawn(generated, "generated", part=None, context=0, **draw, **progress)
    )
    for name, windows in (("real", real), ("generated", fake)):
        if not windows:
            raise InputError(
                f"no {name} tape has {length:,} rows on end", "ask for shorter windows"
            )
        rng.shuffle(windows)
    if len(real) != len(fake):
        num = min(len(real), len(fake))
        notes.append(
            f"{len(real):,} real and {len(fake):,} generated windows: {num:,} of each "
            "are written"
        )
    for (window, before), (other, _) in zip(real, fake, strict=False):
        yield Pair(window, before, (other,))


def _drawn(
    tapes: StoredTapes,
    name: str,
    *,
    length: int,
    context: int,
    part: str | None,
    most: int | None,
    rng: np.random.Generator,
    progress_fn: ProgressFn,
) -> Iterator[tuple[Window, Window]]:
    """Windows of tapes, each with the rows before it; an even share of each tape."""
    left = most
    for i in range(len(tapes)):
        rows: Rows = lobster_rows(tapes[i], part)
        first = consecutive(rows, length, context)
        if left is not None:
            share = -(-left // (len(tapes) - i))
            first = np.sort(rng.permutation(first)[:share])
            left -= len(first)
        for at in first.tolist():
            yield rows.window(at, length), rows.window(at - context, context)
        progress_fn(f"{name} tapes", i + 1, len(tapes))


def _key(entry: dict) -> Key:
    return entry["symbol"], entry["date"]
