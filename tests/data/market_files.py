"""Files of the readers' formats, made of a random stream and a plain book's events.

A block of the stream, at whose end every order is cancelled, is repeated with new ids
and later times, so that files of any size take little time and memory to make.
"""

from pathlib import Path

import numpy as np
import polars as pl

from marsjax.commands.plain_book import PlainBook
from marsjax.synth.random_stream import RandomStream
from marsjax.types import EventKind, Kind

OPEN_NS, SPAN_NS = 34_200 * 10**9, 7_000 * 10**9  # until 11:26:40


class Block:
    """Messages and their events, from an empty book to an empty book.

    ``rows``: ``[T, 5]`` kind, side, price, quantity, id. ``events``: ``[E, 6]`` row of
    the message, kind, acting id, maker id (or -1), price, quantity. Ids are below
    ``num_ids``.
    """

    def __init__(self, seed, num_messages, num_live=50):
        stream, book = RandomStream(seed, num_live), PlainBook()
        rows = np.concatenate([stream.opening(), stream.rows(num_messages)])[:, :5]
        events, live = [], {}
        for t, row in enumerate(rows.tolist()):
            for kind, order, maker, price, qty in book.run([row]):
                events.append((t, kind, order, maker, price, qty))
                if kind == EventKind.REST:
                    live[order] = [row[1], price, qty]
                gone = maker if kind == EventKind.FILL else order
                if kind != EventKind.REST:
                    live[gone][2] -= qty
        end = [
            (Kind.CANCEL, side, price, 0, order)
            for order, (side, price, qty) in live.items()
            if qty
        ]
        for t, row in enumerate(end, len(rows)):
            ((kind, order, maker, price, qty),) = book.run([row])
            events.append((t, kind, order, maker, price, qty))
        self.rows = np.concatenate([rows, np.array(end, np.int64).reshape(-1, 5)])
        self.events = np.array(events, np.int64)
        self.num_ids = int(self.rows[:, 4].max()) + 1


def clock(times_ns):
    """``HH:MM:SS.mm0``, an exchange's clock of 10 ms."""
    tick = pl.Series(times_ns // 10**7 * 10**7, dtype=pl.Int64).cast(pl.Time)
    return tick.dt.strftime("%H:%M:%S.%3f")


def sse_block(block, k, num_copies):
    """Orders and trades frames of copy ``k`` of ``num_copies``."""
    t, kind, order, maker, price, qty = block.events.T
    side = block.rows[t, 1]
    ids, makers = order + k * block.num_ids + 1, maker + k * block.num_ids + 1
    is_fill = kind == EventKind.FILL
    frame = pl.DataFrame(
        {
            "MDTime": clock(_times(t, k, num_copies, len(block.rows))),
            "OrderType": np.where(kind == EventKind.CANCEL, 10, 2),
            "price": price * 100,
            "qty": qty,
            "flag": side + 1,
            "OrderNO": ids,
            "TradeBuyNo": np.where(side == 0, ids, makers),
            "TradeSellNo": np.where(side == 0, makers, ids),
            "ApplSeqNum": 1 + np.arange(len(t)) + k * len(t),
        }
    )
    orders, trades = frame.filter(~is_fill), frame.filter(is_fill)
    names = {"price": "OrderPrice", "qty": "OrderQty", "flag": "OrderBSFlag"}
    orders = orders.drop("TradeBuyNo", "TradeSellNo").rename(names)
    names = {"price": "TradePrice", "qty": "TradeQty", "flag": "TradeBSFlag"}
    return orders, trades.drop("OrderType", "OrderNO").rename(names)


def szse_block(block, k, num_copies):
    """As `sse_block`: orders as sent, and cancels among the trades.

    Every ``IOC`` is a market order, and an order that comes to the best of its own side
    says so in place of a price.
    """
    rows, (t, kind, order, maker, price, qty) = block.rows, block.events.T
    is_new = rows[:, 0] != Kind.CANCEL
    happens = np.flatnonzero((kind == EventKind.FILL) | (kind == EventKind.CANCEL))
    # Numbers: an order, then its trades.
    at = np.concatenate([np.flatnonzero(is_new), t[happens]])
    number = np.empty(len(at), np.int64)
    number[np.argsort(at, kind="stable")] = 1 + np.arange(len(at))
    number += k * len(at)
    sequence, after = number[: is_new.sum()], number[is_new.sum() :]
    id_of = np.zeros(block.num_ids + 1, np.int64)
    id_of[rows[is_new, 4]] = sequence
    times = _times(np.arange(len(rows)), k, num_copies, len(rows))
    kinds = np.where(rows[:, 0] == Kind.IOC, "1", "2")
    kinds[_at_own_best(block)] = "U"
    orders = pl.DataFrame(
        {
            "MDTime": clock(times[is_new]),
            "OrderType": kinds[is_new],
            "OrderPrice": np.where(kinds == "2", rows[:, 2] * 100, 0)[is_new],
            "OrderQty": rows[is_new, 3],
            "OrderBSFlag": rows[is_new, 1] + 1,
            "ApplSeqNum": sequence,
        }
    )
    t, order, maker = t[happens], id_of[order[happens]], id_of[maker[happens]]
    is_fill, is_buy = kind[happens] == EventKind.FILL, rows[t, 1] == 0
    other = np.where(is_fill, maker, 0)
    trades = pl.DataFrame(
        {
            "MDTime": clock(times[t]),
            "TradeBuyNo": np.where(is_buy, order, other),
            "TradeSellNo": np.where(is_buy, other, order),
            "TradeType": np.where(is_fill, "F", "4"),
            "TradeBSFlag": np.zeros(len(t), int),
            "TradePrice": np.where(is_fill, price[happens] * 100, 0),
            "TradeQty": qty[happens],
            "ApplSeqNum": after,
        }
    )
    return orders, trades


def _at_own_best(block):
    """Messages that rest at the best price of their own side, unmatched."""
    best, live, out = {0: {}, 1: {}}, {}, []
    events = iter([*block.events.tolist(), [len(block.rows)]])
    event = next(events)
    for t, (kind, side, price, _, _) in enumerate(block.rows.tolist()):
        mine = best[side]
        top = (min(mine) if side else max(mine)) if mine else None
        fills = 0
        while event[0] == t:
            _, what, order, maker, at, qty = event
            fills += what == EventKind.FILL
            if what == EventKind.REST:
                live[order] = [side, at, qty]
                mine[at] = mine.get(at, 0) + qty
            else:
                of = live[maker if what == EventKind.FILL else order]
                best[of[0]][at] -= qty
                if not best[of[0]][at]:
                    del best[of[0]][at]
            event = next(events)
        if kind == Kind.LIMIT and not fills and price == top:
            out.append(t)
    return out


def lobster_block(block, k, num_copies):
    """A message frame without names of columns that matter."""
    t, kind, order, maker, price, qty = block.events.T
    shown = kind != EventKind.EXPIRE
    t, kind, order, maker, price, qty = block.events[shown].T
    is_fill, is_cancel = kind == EventKind.FILL, kind == EventKind.CANCEL
    time = _times(t, k, num_copies, len(block.rows))
    second = pl.Series(time // 10**9).cast(str)
    fraction = pl.Series(time % 10**9).cast(str).str.zfill(9)
    side = np.where(is_fill, 1 - block.rows[t, 1], block.rows[t, 1])
    frame = pl.DataFrame(
        {
            "time": second + "." + fraction,
            "type": np.where(is_fill, 4, np.where(is_cancel, 3, 1)),
            "order_id": np.where(is_fill, maker, order) + k * block.num_ids + 1,
            "size": qty,
            "price": price * 100,
            "direction": 1 - 2 * side,
        }
    )
    return (frame,)


def _times(row, k, num_copies, num_rows):
    return OPEN_NS + (k * num_rows + row) * (SPAN_NS // (num_copies * num_rows))


FORMATS = {
    "sse": (sse_block, ("orders", "trades"), True),
    "szse": (szse_block, ("orders", "trades"), True),
    "lobster": (lobster_block, ("message_1",), False),
}


def write_files(folder, source, block, num_copies=1):
    """Paths of a format's files, and how many rows they have in all."""
    make, kinds, header = FORMATS[source]
    paths = [Path(folder) / f"RS_2024-01-02_{kind}.csv" for kind in kinds]
    files, num_rows = [path.open("wb") for path in paths], 0
    try:
        for k in range(num_copies):
            for file, frame in zip(files, make(block, k, num_copies), strict=True):
                frame.write_csv(file, include_header=header and k == 0)
                num_rows += len(frame)
    finally:
        for file in files:
            file.close()
    return paths, num_rows
