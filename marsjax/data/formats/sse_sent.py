"""Recovers Shanghai's orders as they were sent from the rows that were published.

A merged row is a dict of columns ``[T]``: ``what`` (new order, cancel, fill, auction
trade), ``side`` (the aggressor's for a fill), ``actor`` and ``other`` (order ids: of a
fill the aggressor and the resting order, of an auction trade buyer and seller),
``price_ticks``, ``qty``, ``sequence``, ``time_s``, ``time_ns``, and the place the row
comes from: ``file`` (0 orders, 1 trades) and ``row`` in it.
"""

from collections.abc import Callable

import numpy as np

from marsjax.data.checks import MAX_QTY
from marsjax.data.text import Table
from marsjax.types import BACKGROUND_OWNER, Kind, Side

NEW, CANCEL, FILL, AUCTION = range(4)
"""What a published row is."""


def merge(orders: dict, trades: dict, tables: tuple[Table, Table]) -> dict:
    """All rows in the order of the channel; ``file`` tells which table."""
    rows = {name: np.concatenate([orders[name], trades[name]]) for name in orders}
    rows["file"] = np.repeat([0, 1], [len(orders["row"]), len(trades["row"])])
    order = np.argsort(rows["sequence"], kind="stable")
    rows = {name: values[order] for name, values in rows.items()}
    number = rows["sequence"]
    _check(
        rows,
        tables,
        np.concatenate([[False], number[1:] == number[:-1]]),
        lambda i: f"ApplSeqNum {number[i]} is in both files",
        "give the orders and trades of one instrument on one channel",
    )
    time = rows["time_s"] * 10**9 + rows["time_ns"]
    _check(
        rows,
        tables,
        np.diff(time, prepend=time[0]) < 0,
        lambda i: "the time goes backwards against the row with the ApplSeqNum before",
        "give both files of the same day, unedited",
    )
    return rows


def _check(
    rows: dict,
    tables: tuple[Table, Table],
    bad: np.ndarray,
    what: Callable[[int], str],
    remedy: str,
) -> None:
    """Like :meth:`Table.check`, for merged rows."""
    if bad.any():
        i = int(np.argmax(bad))
        raise tables[rows["file"][i]].error(rows["row"][i], what(i), remedy)


def as_sent(
    rows: dict, tables: tuple[Table, Table], open_s: int, close_s: int
) -> tuple[dict, dict]:
    """Puts the trades and the remainder of each aggressor together again.

    Args:
      rows: merged rows; ``continues bool[T]`` is added: the row belongs to the order
        of the row before.
      tables: the files, to point at what is wrong.
      open_s: second of the day at which continuous trading starts.
      close_s: second of the day at which the closing auction starts to collect.
    Returns:
      Columns of the canonical messages, and of the continuous fills.
    """
    what, actor, price = rows["what"], rows["actor"], rows["price_ticks"]
    auction = (rows["time_s"] < open_s) | (rows["time_s"] >= close_s)
    _check(
        rows,
        tables,
        ((what == FILL) & auction) | ((what == AUCTION) & ~auction),
        lambda i: (
            "TradeBSFlag does not fit the time: 1 and 2 are for continuous "
            "trading (09:30:00 to 14:57:00), 0 is for the auctions"
        ),
        "give a full day of the exchange's main board",
    )
    same = (actor[1:] == actor[:-1]) & (what[:-1] == FILL)
    same &= (what[1:] == FILL) | (what[1:] == NEW)
    rows["continues"] = np.concatenate([[False], same])
    _check_orders(rows, tables)
    # Row i belongs to message `index[i]`; an auction trade also to the one before it.
    starts = ~rows["continues"]
    is_pair = what == AUCTION
    index = np.cumsum(starts.astype(np.int64) + is_pair) - 1
    last = np.concatenate([starts[1:], [True]])
    kind = np.choose(what, [Kind.LIMIT, Kind.CANCEL, Kind.LIMIT, Kind.AUCTION_FILL])
    columns = {
        "time_s": rows["time_s"],
        "time_ns": rows["time_ns"],
        "kind": np.where((what == NEW) & auction, Kind.COLLECT, kind),
        "side": np.where(is_pair, Side.SELL, rows["side"]),
        "price_ticks": price,
        "order_id": np.where(is_pair, rows["other"], actor),
    }
    num = int(index[-1]) + 1
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
    over = messages["qty"][index] > MAX_QTY
    _check(rows, tables, over, lambda i: "the order's quantity is over 2**31 - 1",
           "correct the row")  # fmt: skip
    fill = what == FILL
    fills = {
        "row": index[fill],
        "price_ticks": price[fill],
        "qty": rows["qty"][fill],
        "maker_id": rows["other"][fill],
        "taker_id": actor[fill],
    }
    return messages, fills


def _check_orders(rows: dict, tables: tuple[Table, Table]) -> None:
    """Refuses rows that cannot belong to one order, and orders sent twice."""
    what, actor, side = rows["what"], rows["actor"], rows["side"]
    price, continues = rows["price_ticks"], rows["continues"]
    _check(
        rows,
        tables,
        continues & (side != np.roll(side, 1)),
        lambda i: f"order {actor[i]} changes its side",
        "give unedited files",
    )
    drop = np.where(
        side == Side.BUY, np.roll(price, 1) - price, price - np.roll(price, 1)
    )
    _check(
        rows,
        tables,
        continues & (drop > 0),
        lambda i: f"order {actor[i]} trades or rests at a better price than before",
        "give unedited files",
    )
    sent = np.flatnonzero(((what == NEW) | (what == FILL)) & ~continues)
    first = sent[np.unique(actor[sent], return_index=True)[1]]
    repeated = np.zeros(len(what), bool)
    repeated[sent] = True
    repeated[first] = False
    _check(
        rows,
        tables,
        repeated,
        lambda i: f"duplicate order id {actor[i]}: it was sent before",
        "give one day of one instrument, without repeated rows",
    )


def check_left(rows: dict, tables: tuple[Table, Table]) -> None:
    """Refuses a trade or cancel of an order that has less left than it takes."""
    what, place = rows["what"], np.arange(len(rows["what"]))
    pair = what == AUCTION
    ids = np.concatenate([rows["other"], rows["actor"][pair]])
    change = np.where(what == NEW, rows["qty"], -rows["qty"])
    change = np.concatenate([change, change[pair]])
    place = np.concatenate([place, place[pair]])
    order = np.lexsort((place, ids))
    ids, change, place = ids[order], change[order], place[order]
    total = np.cumsum(change)
    start = np.flatnonzero(np.diff(ids, prepend=ids[0] - 1))
    before = np.concatenate([[0], total])[start]  # what earlier ids add up to
    left = total - np.repeat(before, np.diff(start, append=len(ids)))
    short = np.flatnonzero(left < 0)
    if len(short):
        at = short[np.argmin(place[short])]
        i = place[at]
        had = int(left[at] - change[at])
        act = "cancel" if what[i] == CANCEL else "trade"
        known = f"has {had} left" if had > 0 else "is not live (unknown id)"
        raise tables[rows["file"][i]].error(
            rows["row"][i],
            f"{act} of {rows['qty'][i]} of order {ids[at]}, which {known}",
            "give the whole day's orders and trades of the same instrument",
        )


def check_resting(rows: dict, tables: tuple[Table, Table]) -> None:
    """Refuses a cancel or continuous trade that does not fit the order it acts on.

    Needs what :func:`check_left` makes sure of: every such order rests.
    """
    what, other = rows["what"], rows["other"]
    acts = np.flatnonzero((what == CANCEL) | (what == FILL))
    new = np.flatnonzero(what == NEW)
    new = new[np.argsort(rows["actor"][new])]
    order = new[np.searchsorted(rows["actor"][new], other[acts])]
    side, price = rows["side"], rows["price_ticks"]
    # A fill has the side of the aggressor, the resting order has the other one.
    wanted = np.where(what == FILL, 1 - side, side)
    wrong = np.zeros(len(what), bool)
    wrong[acts] = side[order] != wanted[acts]
    act = {CANCEL: "cancel", FILL: "trade"}
    _check(
        rows,
        tables,
        wrong,
        lambda i: f"the {act[what[i]]} has the wrong side for order {other[i]}",
        "give unedited files",
    )
    wrong[acts] = price[order] != price[acts]
    _check(
        rows,
        tables,
        wrong,
        lambda i: f"the {act[what[i]]} is not at the price of order {other[i]}",
        "give unedited files",
    )
