"""Whole tapes into a store."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from marsjax.data.reader import Piece, TapeFacts
from marsjax.data.split_spec import SplitSpec
from marsjax.data.store_checks import STORED_SCHEMA
from marsjax.data.store_writer import StoreWriter
from marsjax.data.tape import MESSAGE_SCHEMA, Tape
from marsjax.errors import InputError


def write_tape(
    directory: str | Path, tape: Tape, split: SplitSpec | Sequence[float] | None = None
) -> tuple[str, ...]:
    """Adds one tape to a store; see :func:`write_tapes`."""
    return write_tapes(directory, [tape], split)


def write_tapes(
    directory: str | Path,
    tapes: Sequence[Tape],
    split: SplitSpec | Sequence[float] | None = None,
) -> tuple[str, ...]:
    """Adds tapes to a store, which is made if need be; all of them or none.

    Everything is first written to a hidden folder inside, then moved to its place, and
    last the manifest is replaced.

    Args:
      directory: the store.
      tapes: tapes of different names; one the store has already is replaced.
      split: rule, or shares of the train, valid and test parts in time. ``None``: as
        the store's other tapes, or the default of a new one.
    Returns:
      Names of the tapes that were replaced.
    Errors:
      :class:`InputError` if the folder holds something else or cannot be written, two
      tapes share a name, a tape is empty, the shares are no shares, or the store is
      split by another rule.
    """
    names = [tape.name for tape in tapes]
    facts = {tape.name: _facts(tape) for tape in tapes}
    for tape in tapes:
        if names.count(tape.name) > 1:
            raise InputError(f"two tapes are named {tape.name}", "rename one")
        if tape.messages.schema != pl.Schema(MESSAGE_SCHEMA):
            raise ValueError(f"{tape.name}: messages have {tape.messages.schema}")
    with StoreWriter(directory, split) as writer:
        for tape in tapes:
            messages = tape.messages.select(list(STORED_SCHEMA))
            piece = Piece(tape.name, messages, tape.fills, tape.quotes, tape.level1)
            writer.add(piece, facts.__getitem__)
        return writer.commit(facts.__getitem__)


def _facts(tape: Tape) -> TapeFacts:
    return TapeFacts(
        **{key: getattr(tape, key) for key in TapeFacts.__dataclass_fields__}
    )
