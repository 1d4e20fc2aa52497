"""Records of Databento's binary encoding (DBN), a bounded number at a time.

Source: the DBN specification and the ``databento-dbn`` package, which decodes the head
of a file; its records have a fixed layout in little-endian bytes, read with numpy.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from marsjax.data.files import CutOffError, StoredFile
from marsjax.data.skips import Skips
from marsjax.errors import InputError

MBO = 0xA0
SYMBOL_MAPPING = 0x16
OTHER_RECORDS = {
    0x12: "status",
    0x13: "definition",
    0x14: "imbalance",
    0x15: "error",
    SYMBOL_MAPPING: "symbol_mapping",
    0x17: "system",
    0x18: "statistics",
}
LAST, MBP, TOP, SNAPSHOT, MAYBE_BAD_BOOK = 0x80, 0x10, 0x40, 0x20, 0x04
"""Bits of ``flags``."""

_DTYPE = np.dtype(
    [
        ("length", "u1"),
        ("rtype", "u1"),
        ("publisher_id", "<u2"),
        ("instrument_id", "<u4"),
        ("ts_event", "<u8"),
        ("order_id", "<u8"),
        ("price", "<i8"),
        ("size", "<u4"),
        ("flags", "u1"),
        ("channel_id", "u1"),
        ("action", "S1"),
        ("side", "S1"),
        ("ts_recv", "<u8"),
        ("ts_in_delta", "<i4"),
        ("sequence", "<u4"),
    ]
)
_WORD = 4  # a record's length counts these
_HEAD_BYTES = 8
_REMEDY = "download the file again, encoded as DBN"
_SLACK = _DTYPE.itemsize


class Records(NamedTuple):
    """MBO records ``[T]`` and the byte each starts at; others counted by type.

    ``mappings``: raw symbol mapping records.
    """

    fields: np.ndarray
    offset: np.ndarray
    others: dict[str, int]
    mappings: list[bytes]


def library() -> Any:
    """The ``databento_dbn`` module."""
    try:
        import databento_dbn
    except ImportError:
        raise InputError(
            "reading DBN needs the package databento-dbn",
            "pip install 'marsjax[databento]'",
        ) from None
    return databento_dbn


class DbnFile:
    """A DBN file, plain or packed.

    Args:
      file: the file.
      chunk_bytes: about how much is held at a time.
      skips: where faults are counted, or ``None`` to raise.
    Attributes:
      metadata: the head, once `records` has given something.
      head: its bytes.
    """

    def __init__(self, file: StoredFile, chunk_bytes: int, skips: Skips | None):
        self._file, self._chunk_bytes, self._skips = file, chunk_bytes, skips
        self._dbn = library()
        self.metadata: Any = None
        self.head = b""

    def fault(self, what: str, offset: int, remedy: str = _REMEDY, rows: int = 1):
        """Raises, or counts what is wrong at a byte."""
        error = InputError(f"{what} at byte {offset}", remedy, file=self._file.path)
        if self._skips is None:
            raise error
        self._skips.add(error, rows)

    def records(self) -> Iterator[Records]:
        """The records of the file.

        Errors:
          :class:`InputError` with the byte for what is no DBN, has a record of no
          length, or is cut off; all but the first are counted where there are
          ``skips``.
        """
        data, offset = b"", 0
        for block in self._chunks():
            data += block
            if self.metadata is None:
                used = self._read_head(data)
            else:
                used, records = self._split(data, offset)
                if len(records.fields) or records.others:
                    yield records
            data, offset = data[used:], offset + used
        if self.metadata is None:
            raise InputError(
                "the file is no DBN, or ends within its head",
                _REMEDY,
                file=self._file.path,
            )
        used, records = self._split(data, offset)
        if len(records.fields) or records.others:
            yield records
        if used < len(data):
            self.fault("the file is cut off in the record", offset + used)

    def mapped_symbol(self, record: bytes) -> tuple[int, str]:
        """Instrument and symbol that a symbol mapping record tells of."""
        decoder = self._dbn.DBNDecoder()
        decoder.write(self.head + record)
        mapping = decoder.decode()[-1]
        return mapping.instrument_id, mapping.stype_out_symbol

    def _chunks(self) -> Iterator[bytes]:
        held, size = [], 0
        try:
            for block in self._blocks():
                held.append(block)
                size += len(block)
                if size >= self._chunk_bytes or self.metadata is None:
                    yield b"".join(held)
                    held, size = [], 0
        except CutOffError as cut:
            if self._skips is None:
                raise
            self._skips.add(cut, 0)
        if held:
            yield b"".join(held)

    def _blocks(self) -> Iterator[bytes]:
        most = self._chunk_bytes
        for block in self._file.blocks():
            for start in range(0, len(block), most):
                yield block[start : start + most]

    def _read_head(self, data: bytes) -> int:
        """Decodes the head once all of it is there; its size, or 0."""
        if len(data) >= 3 and data[:3] != b"DBN":
            raise InputError(
                "the file is no DBN: it does not start with 'DBN'",
                _REMEDY,
                file=self._file.path,
            )
        size = _HEAD_BYTES + int.from_bytes(data[4:8], "little")
        if len(data) < max(size, _HEAD_BYTES):
            return 0
        try:
            self.metadata = self._dbn.Metadata.decode(data[:size])
        except Exception as error:  # the library's own errors have no common base
            raise InputError(
                f"the head of the file cannot be decoded ({error})",
                _REMEDY,
                file=self._file.path,
            ) from None
        self.head = data[:size]
        return size

    def _split(self, data: bytes, offset: int) -> tuple[int, Records]:
        """Bytes of whole records, and the records."""
        raw = np.frombuffer(data + bytes(_SLACK), np.uint8)
        start, used = self._starts(data, raw, offset)
        rtype = raw[start + 1]
        is_mbo = (rtype == MBO) & (raw[start].astype(np.int64) * _WORD >= _SLACK)
        mine = start[is_mbo]
        fields = raw[mine[:, None] + np.arange(_DTYPE.itemsize)].view(_DTYPE)
        others: dict[str, int] = {}
        mappings = []
        for at in start[~is_mbo].tolist():
            name = OTHER_RECORDS.get(data[at + 1], "other")
            others[f"{name}_records"] = others.get(f"{name}_records", 0) + 1
            if name == "symbol_mapping":
                mappings.append(data[at : at + data[at] * _WORD])
        fields = fields.reshape(-1) if len(mine) else np.zeros(0, _DTYPE)
        return used, Records(fields, mine + offset, others, mappings)

    def _starts(self, data, raw, offset) -> tuple[np.ndarray, int]:
        size = data[0] * _WORD if data else 0
        whole = len(data) // size if size else 0
        heads = raw[: whole * size].reshape(-1, size or 1)[:, :2]
        is_uniform = whole > 0 and (heads == [data[0], MBO]).all()  # the usual case
        first = np.arange(whole if is_uniform else 0) * size
        starts, at, end = [], len(first) * size, len(data)
        while at < end:
            size = data[at] * _WORD
            if size < 16:
                self.fault(f"a record of {size} bytes", offset + at)
                at = end  # there is no way to find the next
                break
            if at + size > end:
                break
            starts.append(at)
            at += size
        return np.concatenate([first, np.array(starts, np.int64)]), at
