"""Refuses to score a model on what it was trained on.

A model carries the *spans* it was trained on, one a tape: ``{"tape", "symbol", "date",
"files": [sha256, ...], "parts": {"train": [[s, ns], [s, ns]], "valid": ...}}``, times
of day, the end outside. A part that has no row has equal ends.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from marsjax.data.clock import NS
from marsjax.data.manifest import market_of_name
from marsjax.data.tape import Tape
from marsjax.errors import InputError

MANY = frozenset({"itch", "databento", "szse", "mapping"})
"""Sources of which one file may hold several instruments."""

SEEN = ("train", "valid")
"""Parts that shape a model: one is learned from, one chooses the checkpoint."""

Moment = Sequence[int]


class Scored(NamedTuple):
    """What must be known of a tape to tell whether it was trained on; as in `Tape`."""

    name: str
    symbol: str
    date: str | None
    hashes: tuple[str, ...]
    source: str


def spans_of(record: Iterable[dict]) -> list[dict]:
    """Spans of what a checkpoint says it was trained on (its ``data``).

    Args:
      record: one a dataset, whose ``tapes`` hold by name ``symbol``, ``date``,
        ``sha256`` of the source files, and start and end of ``train`` and ``valid``.
    """
    return [
        {
            "tape": name,
            "symbol": tape["symbol"],
            "date": tape["date"],
            "files": tape["sha256"],
            "parts": {part: tape[part] for part in SEEN if tape.get(part)},
        }
        for dataset in record
        for name, tape in dataset["tapes"].items()
    ]


def check_unseen(
    spans: Iterable[dict],
    tape: Tape | Scored,
    *,
    rows: tuple[int, int] | None = None,
    times: tuple[Moment, Moment] | None = None,
    allow: Collection[str] = (),
    remedy: str | None = None,
) -> None:
    """Refuses rows of a tape that a model has seen in training.

    A span is of the same data as the tape if they share a source file (of the same
    symbol, where files hold several), or if symbol, date and market are the same,
    whatever file they were read from. Without a date only files tell.

    Args:
      spans: what the model was trained on.
      tape: what is to be scored; read from a store.
      rows: half-open range of its messages; by default all.
      times: instead of rows, and always for a `Scored`: the first and the last moment,
        ``(time_s, time_ns)``.
      allow: parts that the user named, such as ``("train",)``.
      remedy: how to ask for it all the same, in the command's own words.
    Errors:
      :class:`InputError` naming the tape, the part and the times.
    """
    first, last = times or _moments(tape, rows)
    if first is None:
        return
    for span in spans:
        if not is_same_data(span, tape):
            continue
        for part, (start, end) in span["parts"].items():
            if part not in SEEN or part in allow:
                continue
            if _ns(first) < _ns(end) and _ns(last) >= _ns(start) < _ns(end):
                used = "was trained on" if part == "train" else "was chosen by"
                raise InputError(
                    f"the model {used} {span['tape']} from {_clock(start)} to "
                    f"{_clock(end)}, and {_clock(first)} to {_clock(last)} of "
                    f"{tape.name} would be scored",
                    remedy or f"choose other data, or name the part: --part {part}",
                )


def is_same_data(span: dict, tape: Tape | Scored) -> bool:
    """Whether a span and a tape hold the same messages at the same times."""
    same_symbol = span["symbol"] == tape.symbol
    if set(span["files"]) & set(tape.hashes):
        return same_symbol or tape.source not in MANY
    if span["date"] is None or span["date"] != tape.date or not same_symbol:
        return False
    return market_of_name(span["tape"], span["symbol"], span["date"]) == market_of_name(
        tape.name, tape.symbol, tape.date
    )


def _moments(tape: Tape, rows) -> tuple[Moment, Moment] | tuple[None, None]:
    start, stop = rows or (0, len(tape.messages))
    if stop <= start:
        return None, None
    times = tape.messages[[start, stop - 1]].select("time_s", "time_ns").rows()
    return times[0], times[1]


def _ns(moment: Moment) -> int:
    return moment[0] * NS + moment[1]


def _clock(moment: Moment) -> str:
    minutes, seconds = divmod(moment[0], 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
