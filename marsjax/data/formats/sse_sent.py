"""Recovers Shanghai's orders as they were sent from the rows that were published."""

from typing import NamedTuple

import numpy as np

from marsjax.data.checks import MAX_QTY
from marsjax.data.formats.sse_live import Live, check_resting, settle
from marsjax.data.formats.sse_rows import AUCTION, FILL, NEW, Rows
from marsjax.data.formats.sse_seen import Seen
from marsjax.data.reader import Columns
from marsjax.types import BACKGROUND_OWNER, Kind, Side


class Sent(NamedTuple):
    """What some rows became.

    Attributes:
      rows: those that were used; the rest belong to an order that may go on.
      rest: the rows after them.
      continues: ``bool[T]``: a row belongs to the order of the row before.
      new_ids: orders that were sent.
      live: orders that are left.
      messages: columns of the canonical messages.
      fills: columns of the continuous fills; ``row`` counts these messages.
    """

    rows: Rows
    rest: Rows
    continues: np.ndarray
    new_ids: np.ndarray
    live: Live
    messages: Columns
    fills: Columns


def as_sent(
    rows: Rows,
    live: Live,
    seen: Seen,
    windows: tuple[tuple[int, int], ...],
    is_last: bool,
) -> Sent:
    """Puts the trades and the remainder of each aggressor together again.

    Args:
      rows: the next rows of the channel.
      live: orders before them.
      seen: ids that were sent before them.
      windows: of continuous trading in seconds: auctions come before the first and
        after the last.
      is_last: whether no rows follow.
    Errors:
      :class:`RowsError` for rows that cannot be as the exchange publishes them.
    """
    continues = _continues(rows)
    stop = len(rows)
    if stop and not is_last and rows["what"][-1] == FILL:
        stop = int(np.flatnonzero(~continues)[-1])  # the last order may go on
    rest, rows, continues = (
        rows.take(slice(stop, None)),
        rows.take(slice(stop)),
        continues[:stop],
    )
    second = rows["time"] // 10**9
    auction = (second < windows[0][0]) | (second >= windows[-1][1])
    _check_flags(rows, auction)
    new_ids = _check_orders(rows, continues, seen)
    messages, fills, index = _messages(rows, continues, auction)
    over = messages["qty"][index] > MAX_QTY
    rows.check(over, "the order's quantity is over 2**31 - 1", "correct the row")
    after = settle(rows, live, takes_both=rows["what"] == AUCTION)
    check_resting(rows, live)
    return Sent(rows, rest, continues, new_ids, after, messages, fills)


def _continues(rows: Rows) -> np.ndarray:
    what, actor = rows["what"], rows["actor"]
    same = (actor[1:] == actor[:-1]) & (what[:-1] == FILL)
    same &= (what[1:] == FILL) | (what[1:] == NEW)
    return np.concatenate([[False], same])[: len(rows)]


def _check_flags(rows: Rows, auction: np.ndarray) -> None:
    what = rows["what"]
    rows.check(
        ((what == FILL) & auction) | ((what == AUCTION) & ~auction),
        "TradeBSFlag does not fit the time: 1 and 2 are for continuous "
        "trading (09:30:00 to 14:57:00), 0 is for the auctions",
        "give a full day of the exchange's main board",
    )


def _check_orders(rows: Rows, continues: np.ndarray, seen: Seen) -> np.ndarray:
    """Refuses rows that cannot belong to one order, and orders sent twice.

    Returns:
      Ids of the orders sent.
    """
    what, actor, side = rows["what"], rows["actor"], rows["side"]
    price = rows["price_ticks"]
    rows.check(
        continues & (side != np.roll(side, 1)),
        lambda i: f"order {actor[i]} changes its side",
        "give unedited files",
    )
    drop = np.where(
        side == Side.BUY, np.roll(price, 1) - price, price - np.roll(price, 1)
    )
    rows.check(
        continues & (drop > 0),
        lambda i: f"order {actor[i]} trades or rests at a better price than before",
        "give unedited files",
    )
    sent = np.flatnonzero(((what == NEW) | (what == FILL)) & ~continues)
    first = sent[np.unique(actor[sent], return_index=True)[1]]
    repeated = np.zeros(len(what), bool)
    repeated[sent] = True
    repeated[first] = seen.contains(actor[first])
    rows.check(
        repeated,
        lambda i: f"duplicate order id {actor[i]}: it was sent before",
        "give one day of one instrument, without repeated rows",
    )
    return actor[sent]


def _messages(
    rows: Rows, continues: np.ndarray, auction: np.ndarray
) -> tuple[Columns, Columns, np.ndarray]:
    """Columns of the messages and of the fills, and the message of each row."""
    what, actor, price = rows["what"], rows["actor"], rows["price_ticks"]
    # Row i belongs to message `index[i]`; an auction trade also to the one before it.
    starts = ~continues
    is_pair = what == AUCTION
    index = np.cumsum(starts.astype(np.int64) + is_pair) - 1
    last = np.concatenate([starts[1:], [True]])[: len(rows)]
    kinds = np.array([Kind.LIMIT, Kind.CANCEL, Kind.LIMIT, Kind.AUCTION_FILL])
    kind = kinds[what]
    columns = {
        "time_s": rows["time"] // 10**9,
        "time_ns": rows["time"] % 10**9,
        "kind": np.where((what == NEW) & auction, Kind.COLLECT, kind),
        "side": np.where(is_pair, Side.SELL, rows["side"]),
        "price_ticks": price,
        "order_id": np.where(is_pair, rows["other"], actor),
    }
    num = int(index[-1]) + 1 if len(rows) else 0
    messages = {name: np.zeros(num, np.int64) for name in columns}
    for name, values in columns.items():
        messages[name][index[last]] = values[last]
        messages[name][index[is_pair] - 1] = values[is_pair]
    messages["side"][index[is_pair] - 1] = Side.BUY
    messages["order_id"][index[is_pair] - 1] = actor[is_pair]
    messages["qty"] = np.zeros(num, np.int64)
    np.add.at(messages["qty"], index, rows["qty"])
    messages["qty"][index[is_pair] - 1] = rows["qty"][is_pair]
    messages["owner"] = np.full(num, BACKGROUND_OWNER)
    fill = what == FILL
    fills = {
        "row": index[fill],
        "price_ticks": price[fill],
        "qty": rows["qty"][fill],
        "maker_id": rows["other"][fill],
        "taker_id": actor[fill],
    }
    return messages, fills, index


def count(sent: Sent) -> dict[str, int]:
    """What became of the rows, for a tape's ``counts``."""
    what, kind = sent.rows["what"], sent.messages["kind"]
    counts = {
        "continuous_trades_merged_into_orders": (what == FILL).sum(),
        "remainders_merged_into_orders": (sent.continues & (what == NEW)).sum(),
        "auction_trades": (what == AUCTION).sum(),
        "skipped": 0,
        "messages": len(kind),
    }
    for each in (Kind.LIMIT, Kind.COLLECT, Kind.CANCEL, Kind.AUCTION_FILL):
        counts[each.name.lower()] = (kind == each).sum()
    return {name: int(number) for name, number in counts.items()}
