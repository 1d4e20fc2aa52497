"""Real tapes: readers, the canonical message stream, its store, and replay checks."""

from marsjax.data.formats.lobster import prepare_lobster
from marsjax.data.formats.lobster_write import write_lobster
from marsjax.data.formats.sse import prepare_sse
from marsjax.data.store import write_tape, write_tapes
from marsjax.data.store_read import read_store, read_tape
from marsjax.data.tape import (
    FILL_SCHEMA,
    LEVEL1_SCHEMA,
    MESSAGE_SCHEMA,
    Tape,
    dense_ids,
    encode_ids,
    in_session,
    message_frame,
    tape_name,
    to_messages,
)

__all__ = [
    "FILL_SCHEMA",
    "LEVEL1_SCHEMA",
    "MESSAGE_SCHEMA",
    "Tape",
    "dense_ids",
    "encode_ids",
    "in_session",
    "message_frame",
    "prepare_lobster",
    "prepare_sse",
    "read_store",
    "read_tape",
    "tape_name",
    "to_messages",
    "write_lobster",
    "write_tape",
    "write_tapes",
]
