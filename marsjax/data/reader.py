"""What every reader of a format gives: pieces of tapes, a bounded number of rows each.

A reader streams: it holds one chunk of its files and the state of the live orders,
never a day. The store writes pieces as they come; `collect` gathers them in memory for
those who want a `Tape`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import polars as pl

from marsjax.data.skips import Skips
from marsjax.data.tape import FILL_SCHEMA, Tape, message_frame
from marsjax.errors import InputError

Columns = dict[str, np.ndarray]


class Piece(NamedTuple):
    """Some rows of one tape, in order; a tape's pieces follow each other in time.

    Attributes:
      name: the tape.
      messages: number columns of `MESSAGE_SCHEMA` (all but symbol and date), ``[T]``.
      fills: columns of `FILL_SCHEMA`, or ``None``; ``row`` counts from the tape's first
        message, and may lie in an earlier piece.
      quotes, level1: frames as in `Tape`, or ``None``.
    """

    name: str
    messages: Columns
    fills: Columns | None = None
    quotes: pl.DataFrame | None = None
    level1: pl.DataFrame | None = None


@dataclass
class TapeFacts:
    """What is known of a tape beside its rows; the attributes are those of `Tape`."""

    name: str
    symbol: str
    date: str | None
    tick_size: float
    lot_size: int
    sessions: tuple[tuple[int, int], ...]
    source: str
    seed_rows: int = 0
    files: tuple[dict, ...] = ()
    counts: dict = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Reader(Protocol):
    """One or more tapes, streamed once.

    ``source``: name of the format. ``skips``: where a lenient reader counts what it
    leaves out, ``None`` for a strict one, which raises.
    """

    source: str
    skips: Skips | None

    def pieces(self) -> Iterator[Piece]:
        """Reads the files; pieces of different tapes may be mixed.

        Errors:
          :class:`~marsjax.errors.InputError` naming file and line (or byte).
        """
        ...

    def facts(self, name: str) -> TapeFacts:
        """Of a tape that a piece named.

        Symbol, date, tick, lot, sessions and source hold from its first piece on; the
        rest is complete once `pieces` has ended.
        """
        ...


def collect(reader: Reader) -> list[Tape]:
    """All tapes of a reader, in memory, in the order of their first pieces.

    Errors:
      As the reader, and :class:`InputError` if it gave no rows at all.
    """
    parts: dict[str, list[Piece]] = {}
    for piece in reader.pieces():
        parts.setdefault(piece.name, []).append(piece)
    if not parts:
        raise InputError(
            "the files hold no message that can be used", "give a tape with messages"
        )
    return [_gather(reader.facts(name), pieces) for name, pieces in parts.items()]


def _gather(facts: TapeFacts, pieces: list[Piece]) -> Tape:
    fills = [piece.fills for piece in pieces if piece.fills is not None]

    def frame(table: str) -> pl.DataFrame | None:
        frames = [getattr(piece, table) for piece in pieces]
        frames = [each for each in frames if each is not None]
        return pl.concat(frames) if frames else None

    return Tape(
        **vars(facts),
        messages=message_frame(
            facts.symbol, facts.date, **_joined([piece.messages for piece in pieces])
        ),
        fills=pl.DataFrame(_joined(fills), schema=FILL_SCHEMA) if fills else None,
        quotes=frame("quotes"),
        level1=frame("level1"),
    )


def _joined(parts: list[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
