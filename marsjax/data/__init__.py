"""Real tapes: readers, the canonical message stream, its store, and replay checks."""

from marsjax.data.formats.lobster import prepare_lobster
from marsjax.data.formats.lobster_write import write_lobster
from marsjax.data.formats.sse import prepare_sse
from marsjax.data.leakage import check_unseen
from marsjax.data.manifest import manifest_sha256
from marsjax.data.split import resplit
from marsjax.data.split_spec import SplitSpec
from marsjax.data.store import write_tape, write_tapes
from marsjax.data.store_read import (
    StoredTapes,
    iter_store,
    read_store,
    read_tape,
    scan_tape,
    verify_store,
)
from marsjax.data.store_writer import StoreWriter
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
    "SplitSpec",
    "StoreWriter",
    "StoredTapes",
    "Tape",
    "check_unseen",
    "dense_ids",
    "encode_ids",
    "in_session",
    "iter_store",
    "manifest_sha256",
    "message_frame",
    "prepare_lobster",
    "prepare_sse",
    "read_store",
    "read_tape",
    "resplit",
    "scan_tape",
    "tape_name",
    "to_messages",
    "verify_store",
    "write_lobster",
    "write_tape",
    "write_tapes",
]
