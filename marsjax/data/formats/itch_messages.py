"""Messages of Nasdaq TotalView-ITCH 5.0, cut out of a file and decoded by type.

Source: Nasdaq TotalView-ITCH 5.0 specification. Integers are big-endian, times
nanoseconds after midnight in 48 bits, prices dollars x 10,000. A file holds each
message after its length in two bytes; a length of zero ends it.
"""

from collections.abc import Iterator

import numpy as np

from marsjax.data.files import CutOffError, StoredFile
from marsjax.data.skips import Skips
from marsjax.errors import InputError

NAMES = {
    "S": "system_event",
    "R": "stock_directory",
    "H": "trading_action",
    "Y": "short_sale_restriction",
    "L": "market_participant",
    "V": "circuit_breaker_level",
    "W": "circuit_breaker_status",
    "K": "ipo_quoting_period",
    "J": "auction_collar",
    "h": "operational_halt",
    "A": "add",
    "F": "add_with_attribution",
    "E": "executed",
    "C": "executed_with_price",
    "X": "cancel",
    "D": "delete",
    "U": "replace",
    "P": "hidden_trade",
    "Q": "cross",
    "B": "broken_trade",
    "I": "imbalance",
    "N": "retail_interest",
    "O": "direct_listing",
}
LENGTHS = dict(
    zip(
        "SRHYLVWKJhAFECXDUPQBINO",
        (12, 39, 25, 20, 26, 35, 12, 28, 35, 21, 36, 40, 31, 36, 23, 19, 35, 44, 40,
         19, 50, 20, 48),
        strict=True,
    )
)  # fmt: skip
"""Bytes of a message of each type."""

TYPES = "".join(LENGTHS)
_HEAD = [("type", "S1"), ("locate", ">u2"), ("tracking", ">u2"), ("high", ">u2"),
         ("low", ">u4")]  # fmt: skip
_ADD = [("ref", ">u8"), ("side", "S1"), ("shares", ">u4"), ("stock", "S8"),
        ("price", ">u4")]  # fmt: skip
_FIELDS = {
    "S": [("event", "S1")],
    "R": [("stock", "S8")],
    "H": [("stock", "S8"), ("state", "S1")],
    "A": _ADD,
    "F": _ADD,
    "E": [("ref", ">u8"), ("shares", ">u4")],
    "C": [("ref", ">u8"), ("shares", ">u4"), ("match", ">u8"), ("printable", "S1"),
          ("price", ">u4")],
    "X": [("ref", ">u8"), ("shares", ">u4")],
    "D": [("ref", ">u8")],
    "U": [("ref", ">u8"), ("new_ref", ">u8"), ("shares", ">u4"), ("price", ">u4")],
    "P": _ADD,
    "Q": [("shares", ">u8"), ("stock", "S8"), ("price", ">u4")],
}  # fmt: skip
_DTYPES = {key: np.dtype(_HEAD + fields) for key, fields in _FIELDS.items()}
_CODE = np.full(256, -1)
_CODE[np.frombuffer(TYPES.encode(), np.uint8)] = np.arange(len(TYPES))
_LENGTH = np.zeros(257, np.int64)
for _type, _bytes in LENGTHS.items():
    _LENGTH[ord(_type)] = _bytes
_REMEDY = "give the file as published: each message after its length in two bytes"


class Messages:
    """Messages of a part of a file, in order.

    Attributes:
      code: ``int[T]`` place of each one's type in `TYPES`.
      locate: ``int[T]`` the number of its stock.
      offset: ``int64[T]`` the byte of the file at which it starts.
      time_ns: ``int64[T]`` nanoseconds after midnight.
    """

    def __init__(self, data: np.ndarray, start: np.ndarray, offset: np.ndarray):
        self._data, self._start, self.offset = data, start, offset
        self.code = _CODE[data[start]]
        head = self._records(start, np.dtype(_HEAD))
        self.locate = head["locate"].astype(np.int64)
        self.time_ns = (head["high"].astype(np.int64) << 32) | head["low"]

    def of(self, kind: str, some: np.ndarray) -> np.ndarray:
        """Fields of messages ``some``, all of type ``kind``."""
        return self._records(self._start[some], _DTYPES[kind])

    def _records(self, start: np.ndarray, dtype: np.dtype) -> np.ndarray:
        raw = self._data[start[:, None] + np.arange(dtype.itemsize)]
        return raw.view(dtype)[:, 0] if len(raw) else np.zeros(0, dtype)


def read_messages(
    file: StoredFile, chunk_bytes: int, skips: Skips | None
) -> Iterator[Messages]:
    """The messages of a file, about ``chunk_bytes`` at a time.

    Errors:
      :class:`InputError` with the byte for an unknown type, a length that is not its
      type's and a file that is cut off. With ``skips`` these are counted there: the
      message is left out.
    """
    rest, offset, size = b"", 0, 0
    held: list[bytes] = []
    for block in _blocks(file, chunk_bytes, skips):
        held.append(block)
        size += len(block)
        if size < chunk_bytes:
            continue
        data = rest + b"".join(held)
        held, size = [], 0
        used, messages = _split(file, data, offset, skips)
        rest, offset = data[used:], offset + used
        if len(messages.offset):
            yield messages
    data = rest + b"".join(held)
    if not data and not offset:
        raise InputError("the file is empty", "give an ITCH file", file=file.path)
    used, messages = _split(file, data, offset, skips, is_last=True)
    if len(messages.offset):
        yield messages
    if used < len(data):
        fault(file, skips, "the file is cut off in the message", offset + used)


def fault(file, skips, what: str, offset: int, rows: int = 1, remedy=_REMEDY) -> None:
    """Raises, or counts what is wrong at a byte."""
    error = InputError(f"{what} at byte {offset}", remedy, file=file.path)
    if skips is None:
        raise error
    skips.add(error, rows)


def _blocks(file: StoredFile, size: int, skips: Skips | None) -> Iterator[bytes]:
    try:
        for block in file.blocks():
            for start in range(0, len(block), size):
                yield block[start : start + size]
    except CutOffError as cut:
        if skips is None:
            raise
        skips.add(cut, 0)


def _split(
    file, data: bytes, offset: int, skips, is_last: bool = False
) -> tuple[int, Messages]:
    """Bytes of whole messages, and the good ones of these."""
    starts, at, end = [], 0, len(data) - 1
    append = starts.append
    while at < end:
        append(at)
        at += 2 + (data[at] << 8) + data[at + 1]
    if at > len(data):
        at = starts.pop()
    start = np.array(starts, np.int64)
    raw = np.frombuffer(data, np.uint8)
    padded = np.concatenate([raw, np.zeros(40, np.uint8)])
    length = (padded[start].astype(np.int64) << 8) + padded[start + 1]
    kind = padded[start + 2].astype(np.int64)
    # A cut-off rest whose type is unknown says that this is no such file.
    is_cut = is_last and at < len(data) - 2
    tail = np.array([at] if is_cut else [], np.int64)
    alien = np.concatenate([_CODE[kind] < 0, _CODE[padded[tail + 2]] < 0])
    alien &= np.concatenate([length > 0, np.ones(len(tail), bool)])
    place = np.concatenate([start, tail])
    for i in np.flatnonzero(alien)[:1]:
        what = f"message type {chr(padded[place[i] + 2])!r} is unknown"
        count = int(alien.sum())
        fault(file, skips, what, offset + int(place[i]), count)
    wrong = (length != _LENGTH[kind]) & (_CODE[kind] >= 0) & (length > 0)
    for i in np.flatnonzero(wrong)[:1]:
        what = (
            f"a message of type {chr(kind[i])!r} has {length[i]} bytes instead of "
            f"{_LENGTH[kind[i]]}"
        )
        fault(file, skips, what, offset + int(start[i]), int(wrong.sum()))
    good = ~alien[: len(start)] & ~wrong & (length > 0)
    start = start[good]
    return at, Messages(padded, start + 2, start + offset)
