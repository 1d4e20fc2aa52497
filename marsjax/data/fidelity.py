"""How well a replay agrees with what a tape prints; pure numpy.

Books are ``int[T, K, 4]`` in the order ask price, ask quantity, bid price, bid
quantity, ticks and shares; an empty level has quantity 0. Events are a
:class:`~marsjax.types.Event` of ``int32[E]`` with ``message int[E]``, the row of the
message each belongs to. Order ids are the exchange's (see ``encode_ids``).
"""

from difflib import SequenceMatcher
from typing import NamedTuple

import numpy as np
import polars as pl

from marsjax.data.tape import LEVEL1_SCHEMA, encode_ids
from marsjax.types import Event, EventKind, Kind, Side

_WINDOW = 512  # states aligned at a time, more while nothing is found: bounds the work


class Matched(NamedTuple):
    """``matched`` of ``total``; they are equal if and only if all agrees."""

    matched: int
    total: int


def fills_of_frame(frame: pl.DataFrame, id_table: np.ndarray | None) -> np.ndarray:
    """A tape's printed fills as ``int64[F, 5]``: row, price, quantity, maker, taker."""
    maker, taker = (
        encode_ids(frame[name].to_numpy(), id_table)
        for name in ("maker_id", "taker_id")
    )
    numbers = [frame[name].to_numpy() for name in ("row", "price_ticks", "qty")]
    return np.stack([*numbers, maker, taker], axis=1).astype(np.int64)


def fills_of_events(events: Event, message: np.ndarray) -> np.ndarray:
    """The book's fills as ``int64[F, 5]``: row, price, quantity, maker, taker."""
    some = np.asarray(events.kind) == EventKind.FILL
    columns = (
        message,
        events.price_ticks,
        events.qty,
        events.maker_id,
        events.order_id,
    )
    return np.stack([np.asarray(each)[some] for each in columns], 1).astype(np.int64)


def compare_fills(expected: np.ndarray, found: np.ndarray) -> Matched:
    """Compares the n-th fill of each message with the n-th the tape prints for it.

    Args:
      expected: ``int64[F, 5]``, the tape's, in order.
      found: ``int64[G, 5]``, the book's, in order.
    Returns:
      How many are identical, of all that either side has.
    """
    keyed = [np.column_stack([fills, _nth(fills[:, 0])]) for fills in (expected, found)]
    both = _row_ids(np.concatenate(keyed))
    identical = len(np.intersect1d(both[: len(expected)], both[len(expected) :]))
    slots = _row_ids(np.concatenate([each[:, [0, 5]] for each in keyed]))
    return Matched(identical, len(np.unique(slots)))


def unknown_cancels(kind: np.ndarray, order_id: np.ndarray) -> np.ndarray:
    """``bool[T]``: cancels of ids that no earlier row of the stream brought in."""
    ids, code = np.unique(order_id, return_inverse=True)
    rows = np.arange(len(kind))
    enters = (kind == Kind.LIMIT) | (kind == Kind.COLLECT)
    first = np.full(len(ids), len(kind))
    np.minimum.at(first, code[enters], rows[enters])
    return (kind == Kind.CANCEL) & (first[code] > rows)


def compare_cancels(
    frame: pl.DataFrame,
    events: Event,
    message: np.ndarray,
    id_table: np.ndarray | None = None,
    of: Kind = Kind.CANCEL,
) -> Matched:
    """Cancels that took exactly their quantity off exactly their order.

    Args:
      frame: the canonical stream, ``T`` rows.
      events: the book's events.
      message: ``int[E]`` row of each event.
      id_table: as from ``dense_ids(frame)``.
      of: ``CANCEL``, or ``AUCTION_FILL``, which the exchange is given as cancels.
    Returns:
      Matches, of the rows of kind ``of`` but those of :func:`unknown_cancels`.
    """
    kind, qty = frame["kind"].to_numpy(), frame["qty"].to_numpy()
    ids = encode_ids(frame["order_id"].to_numpy(), id_table)
    asked = (kind == of) & ~unknown_cancels(kind, ids)
    done = np.asarray(events.kind) == EventKind.CANCEL
    row = np.asarray(message)[done]
    good = np.asarray(events.qty)[done] == qty[row]
    good &= np.asarray(events.order_id)[done] == ids[row]
    matched = np.zeros(len(kind), bool)
    matched[row[good]] = True
    return Matched(int((matched & asked).sum()), int(asked.sum()))


def crossed_states(top: np.ndarray, rows: np.ndarray) -> int:
    """States with the best bid at or above the best ask.

    Args:
      top: ``int[T, 4]`` level 1 after each message.
      rows: ``bool[T]`` which rows count, such as those of continuous trading.
    """
    # By price, which is 0 where a side is empty: a quantity can be saturated.
    two_sided = (top[:, 0] > 0) & (top[:, 2] > 0)
    return int((two_sided & (top[:, 2] >= top[:, 0]) & rows).sum())


def book_levels(price_TSK: np.ndarray, qty_TSK: np.ndarray) -> np.ndarray:
    """``int64[T, K, 4]`` from prices and quantities by side (buy first)."""
    parts = []
    for side in (Side.SELL, Side.BUY):
        parts += [np.asarray(price_TSK)[:, side], np.asarray(qty_TSK)[:, side]]
    return np.stack(parts, axis=-1).astype(np.int64)


def quotes_of_frame(frame: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Rows ``int64[R]`` and book ``int64[R, K, 4]`` of a tape's ``quotes``."""
    levels = frame.drop("row").fill_null(0).to_numpy().astype(np.int64)
    return frame["row"].to_numpy().astype(np.int64), levels.reshape(len(frame), -1, 4)


def level1_of_frame(frame: pl.DataFrame) -> np.ndarray:
    """``int64[R, 4]`` of a tape's ``level1``."""
    return frame.select(list(LEVEL1_SCHEMA)).fill_null(0).to_numpy().astype(np.int64)


def levels_exact(reference: np.ndarray, book: np.ndarray) -> list[float]:
    """Share of rows whose k-th level is exact on both sides, for each level shown.

    Args:
      reference: ``int[R, K, 4]`` given book.
      book: ``int[R, >=K, 4]`` the replay's after the same messages.
    """
    same = _plain(reference) == _plain(book[:, : reference.shape[1]])
    return same.all(axis=2).mean(axis=0).tolist() if len(reference) else []


def level1_exact(reference: np.ndarray, states: np.ndarray) -> Matched:
    """Compares two sequences of level-1 states that have no row numbers.

    Repeated states are taken together and the distinct ones aligned. A row of the
    reference is exact if its state has a partner. The first is where both start and
    does not count as a change.

    Args:
      reference: ``int[R, 4]`` given states; one may be repeated.
      states: ``int[T, 4]`` the replay's after each message, from the opening book on.
    """
    if len(reference) < 2:
        return Matched(0, 0)
    both = _row_ids(np.concatenate([_plain(reference), _plain(states)]))
    changes, number = _distinct(both[: len(reference)])
    partner = _aligned(changes, _distinct(both[len(reference) :])[0])
    return Matched(int(partner[number][1:].sum()), len(reference) - 1)


def _distinct(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The codes without repeats in a row, and for each code its place there."""
    is_new = np.concatenate([np.ones(min(len(codes), 1), bool), np.diff(codes) != 0])
    return codes[is_new], np.cumsum(is_new) - 1


def _aligned(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``bool[len(a)]``: elements of ``a`` with a partner in ``b``, in order."""
    partner = np.zeros(len(a), bool)
    i, j, window = 0, 0, _WINDOW
    while i < len(a) and j < len(b):
        x, y = a[i : i + window].tolist(), b[j : j + window].tolist()
        # The last of the blocks is an empty mark of the end.
        blocks = SequenceMatcher(None, x, y, autojunk=False).get_matching_blocks()[:-1]
        for start, _, size in blocks:
            partner[i + start : i + start + size] = True
        if blocks:
            start, other, size = blocks[-1]
            i, j, window = i + start + size, j + other + size, _WINDOW
        elif len(x) == len(a) - i and len(y) == len(b) - j:
            break
        else:
            window *= 2
    return partner


def _plain(levels: np.ndarray) -> np.ndarray:
    """Levels with the price of empty ones set to zero."""
    levels = np.array(levels, np.int64)
    for price in (0, 2):
        levels[..., price][levels[..., price + 1] == 0] = 0
    return levels


def _nth(rows: np.ndarray) -> np.ndarray:
    """For each element, how many equal ones come before it."""
    order = np.argsort(rows, kind="stable")
    values = rows[order]
    start = np.concatenate([np.ones(min(len(rows), 1), bool), np.diff(values) != 0])
    place = np.arange(len(rows))
    nth = np.empty(len(rows), np.int64)
    nth[order] = place - np.maximum.accumulate(np.where(start, place, 0))
    return nth


def _row_ids(rows: np.ndarray) -> np.ndarray:
    """One number for each row of ``[N, M]``; equal rows have equal numbers."""
    return np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
