"""What a table of a store must be, checked as it is written and as it is read."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from marsjax.data.clock import NS
from marsjax.data.tape import FILL_SCHEMA, LEVEL1_SCHEMA, MESSAGE_SCHEMA
from marsjax.errors import InputError
from marsjax.types import MAX_PRICE_TICKS, Kind

STORED_SCHEMA = {
    name: dtype
    for name, dtype in MESSAGE_SCHEMA.items()
    if name not in ("symbol", "date")
}
"""Columns of ``messages-*.parquet``; symbol and date are in the path."""

_SCHEMAS = {
    "messages": STORED_SCHEMA,
    "fills": FILL_SCHEMA,
    "quotes": None,
    "level1": LEVEL1_SCHEMA,
}
_PRICED = [
    *(Kind.LIMIT, Kind.IOC, Kind.COLLECT, Kind.FOK),
    *(Kind.POST_ONLY, Kind.POST_ONLY_SLIDE),
]
_REMEDY = "correct the tape before it is stored"


def schema_of(table: str) -> dict[str, pl.DataType] | None:
    """Columns of a stored table; ``None`` where their number varies."""
    return _SCHEMAS[table]


def as_frame(
    name: str,
    table: str,
    held: Sequence[dict[str, np.ndarray] | pl.DataFrame],
    schema: dict | None,
) -> pl.DataFrame:
    """Rows of a table in one frame of the schema.

    Errors:
      :class:`InputError` if a number does not fit its column.
    """
    if not held:
        return pl.DataFrame(schema=schema)
    if isinstance(held[0], pl.DataFrame):
        frame = pl.concat(held)
        return frame if schema is None else frame.select(list(schema)).cast(schema)
    series = []
    for column, dtype in schema.items():
        numbers = np.concatenate([rows[column] for rows in held])
        whole = np.dtype(getattr(np, str(dtype).lower()))
        bounds = np.iinfo(whole)
        if numbers.dtype != whole and numbers.dtype.kind == "i":
            bad = (numbers < bounds.min) | (numbers > bounds.max)
            if bad.any():
                raise InputError(
                    f"tape {name}: {column} of {table} is "
                    f"{int(numbers[np.argmax(bad)])}, which does not fit {dtype}",
                    _REMEDY,
                )
        series.append(pl.Series(column, numbers.astype(whole, copy=False)))
    return pl.DataFrame(series)


class MessageChecks:
    """Checks on a tape's messages, chunk by chunk.

    Args:
      name: what to call the tape in messages.
      file, remedy: of the errors.
    """

    def __init__(self, name: str, *, file=None, remedy: str = _REMEDY):
        self._what, self._file, self._remedy = f"tape {name}: ", file, remedy
        self._row, self._last_ns = 0, -1

    def __call__(self, frame: pl.DataFrame) -> None:
        """Refuses missing values, a clock that goes backwards, and bad numbers.

        Errors:
          :class:`InputError` naming the row, counted from 0.
        """
        for name, count in frame.null_count().row(0, named=True).items():
            if count:
                self._fail(f"column {name} has missing values")
        column = {name: frame[name].to_numpy() for name in STORED_SCHEMA}
        time = column["time_s"].astype(np.int64) * NS + column["time_ns"]
        priced = np.isin(column["kind"], _PRICED)
        price, side = column["price_ticks"], column["side"]
        faults = (
            ("the time goes backwards", np.diff(time, prepend=self._last_ns) < 0),
            ("the quantity is negative", column["qty"] < 0),
            (
                "the price of an order is outside of 1 to 2**28 ticks",
                priced & ((price < 1) | (price > MAX_PRICE_TICKS)),
            ),
            ("the side of an order is neither 0 nor 1", priced & (side & 1 != side)),
        )
        for what, bad in faults:
            if bad.any():
                self._fail(f"{what} at row {self._row + int(np.argmax(bad)):d}")
        self._row += len(time)
        if len(time):
            self._last_ns = int(time[-1])

    def _fail(self, what: str) -> None:
        raise InputError(f"{self._what}{what}", self._remedy, file=self._file)
