"""The canonical message stream of one instrument on one day."""

import datetime
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from marsjax.types import Kind, Message

MESSAGE_SCHEMA = {
    "symbol": pl.String,
    "date": pl.Date,
    "time_s": pl.Int32,
    "time_ns": pl.Int32,
    "kind": pl.Int8,
    "side": pl.Int8,
    "price_ticks": pl.Int32,
    "qty": pl.Int32,
    "order_id": pl.Int64,
    "owner": pl.Int32,
}
"""One row a message, in the order of the tape. Units as in :mod:`marsjax.types`."""

FILL_SCHEMA = {
    "row": pl.Int32,
    "price_ticks": pl.Int32,
    "qty": pl.Int32,
    "maker_id": pl.Int64,
    "taker_id": pl.Int64,
}
"""One row a fill the tape itself prints; ``row`` is the aggressor's message."""

LEVEL1_SCHEMA = dict.fromkeys(
    ("ask_price", "ask_qty", "bid_price", "bid_qty"), pl.Int32
)
"""A sequence of best quotes in ticks and shares, null where a side is empty."""

PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class Tape:
    """One instrument's messages and what is known to be true of them.

    Attributes:
      name: ``SYMBOL_DATE``, or ``SYMBOL`` where no date is known; of one of several
        simulated markets followed by ``_m`` and its number.
      symbol: instrument.
      date: ISO date or ``None``.
      messages: frame of :data:`MESSAGE_SCHEMA`.
      fills: frame of :data:`FILL_SCHEMA`, or ``None``.
      quotes: the given book: ``row`` (the message after which it holds) and
        ``ask_price_0, ask_qty_0, bid_price_0, bid_qty_0, ask_price_1, ...`` in ticks
        and shares, null where a level is empty; or ``None``.
      level1: frame of :data:`LEVEL1_SCHEMA` without row numbers, or ``None``.
      tick_size: price of one tick in units of currency.
      lot_size: shares in a lot.
      sessions: windows of continuous trading, ``[start, end)`` in seconds.
      seed_rows: how many first messages rebuild a given opening book.
      source: format the tape came from.
      files: ``{"name", "sha256", "bytes"}`` of each file read.
      counts: rows read, merged and skipped, by kind and reason.
      notes: sentences the user should see.
      split: half-open ranges of message rows by part; set when read from a store, as
        are the fields below.
      split_time: the same boundaries as ``[time_s, time_ns]`` pairs.
      hashes: SHA-256 of the files it came from; of its stored messages where it came
        from none. Two tapes that share one hold the same data.
    """

    name: str
    symbol: str
    date: str | None
    messages: pl.DataFrame
    tick_size: float
    lot_size: int
    sessions: tuple[tuple[int, int], ...]
    source: str
    fills: pl.DataFrame | None = None
    quotes: pl.DataFrame | None = None
    level1: pl.DataFrame | None = None
    seed_rows: int = 0
    files: tuple[dict, ...] = ()
    counts: dict = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    split: dict | None = None
    split_time: dict | None = None
    hashes: tuple[str, ...] = ()


def tape_name(symbol: str, date: str | None, market: str | None = None) -> str:
    """Name of a tape, and of its folder in a store.

    Args:
      symbol: instrument.
      date: ISO date, if known.
      market: which simulated market of several, such as ``m0001``.
    """
    return "_".join(part for part in (symbol, date, market) if part)


def message_frame(symbol: str, date: str | None, **columns: np.ndarray) -> pl.DataFrame:
    """A frame of :data:`MESSAGE_SCHEMA` from its number columns, ``[T]`` each."""
    day = None if date is None else datetime.date.fromisoformat(date)
    constant = (pl.lit(symbol, pl.String), pl.lit(day, pl.Date))
    numbers = pl.DataFrame(
        {name: pl.Series(name, columns[name]) for name in list(MESSAGE_SCHEMA)[2:]}
    )
    return numbers.select(
        constant[0].alias("symbol"), constant[1].alias("date"), pl.all()
    ).cast(MESSAGE_SCHEMA)


def in_session(tape: Tape) -> np.ndarray:
    """``bool[T]``: rows of continuous trading, rows that seed the book left out."""
    time_s = tape.messages["time_s"].to_numpy()
    inside = np.zeros(len(time_s), bool)
    for start, end in tape.sessions:
        inside |= (time_s >= start) & (time_s < end)
    inside[: tape.seed_rows] = False
    return inside


def dense_ids(frame: pl.DataFrame) -> np.ndarray | None:
    """The sorted ids of a stream if one is too large for an int32, else ``None``."""
    ids = frame["order_id"].to_numpy()
    if not len(ids) or ids.max() <= np.iinfo(np.int32).max:
        return None
    return np.unique(ids)


def encode_ids(ids: np.ndarray, table: np.ndarray | None) -> np.ndarray:
    """Tape ids as the exchange's int32: themselves, or their place in ``table``."""
    return (ids if table is None else np.searchsorted(table, ids)).astype(np.int32)


def to_messages(frame: pl.DataFrame) -> Message:
    """What the exchange is given for a canonical stream.

    An ``AUCTION_FILL`` becomes a ``CANCEL`` of the same quantity; ``HIDDEN_FILL``,
    ``CROSS`` and ``HALT`` become ``NONE`` with every field zero. Ids beyond int32 are
    numbered by :func:`dense_ids`.

    Args:
      frame: :data:`MESSAGE_SCHEMA`, ``T`` rows.
    Returns:
      :class:`~marsjax.types.Message` of numpy ``int32[T]``.
    """
    kind = frame["kind"].to_numpy()
    kind = np.where(kind == Kind.AUCTION_FILL, Kind.CANCEL, kind)
    acts = (kind < Kind.AUCTION_FILL) | (kind > Kind.HALT)
    ids = encode_ids(frame["order_id"].to_numpy(), dense_ids(frame))

    def of(values):
        return np.where(acts, values, 0).astype(np.int32)

    numbers = {
        name: of(frame[name].to_numpy())
        for name in ("side", "price_ticks", "qty", "owner")
    }
    return Message(kind=of(kind), order_id=of(ids), **numbers)
