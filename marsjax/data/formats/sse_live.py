"""The live orders between two chunks of rows, and what may act on them."""

from typing import NamedTuple

import numpy as np

from marsjax.data.formats.sse_rows import CANCEL, FILL, NEW, Rows


class Live(NamedTuple):
    """Orders by ascending id, ``[N]`` each; ``left`` are shares."""

    ids: np.ndarray
    side: np.ndarray
    price_ticks: np.ndarray
    left: np.ndarray


def nobody() -> Live:
    """No orders."""
    return Live(*(np.zeros(0, np.int64) for _ in Live._fields))


def settle(rows: Rows, live: Live, takes_both: np.ndarray) -> Live:
    """What is left after some rows.

    Args:
      rows: `NEW` ones add their ``actor``; all others take off.
      live: the orders before.
      takes_both: ``bool[T]``: whether a row takes off ``actor`` too, and not only
        ``other``.
    Errors:
      :class:`RowsError` for rows that take more of an order than it has left.
    """
    what, place = rows["what"], np.arange(len(rows))
    both = np.flatnonzero(takes_both)
    ids = np.concatenate([live.ids, rows["other"], rows["actor"][both]])
    change = np.where(what == NEW, rows["qty"], -rows["qty"])
    change = np.concatenate([live.left, change, change[both]])
    place = np.concatenate([np.full(len(live.ids), -1), place, place[both]])
    order = np.lexsort((place, ids))
    ids, change, place = ids[order], change[order], place[order]
    total = np.cumsum(change)
    start = np.flatnonzero(np.diff(ids, prepend=ids[:1] - 1))
    before = np.concatenate([[0], total])[start]  # what earlier ids add up to
    num = np.diff(start, append=len(ids))
    left = total - np.repeat(before, num)
    if (left < 0).any():
        of = np.repeat(np.arange(len(start)), num)
        wrong = np.isin(of, of[left < 0])
        _refuse(rows, ids[wrong], change[wrong], place[wrong])
    end = left[start + num - 1] if len(start) else left
    new = np.flatnonzero(what == NEW)
    all_ids = np.concatenate([live.ids, rows["actor"][new]])
    order = np.argsort(all_ids, kind="stable")
    keep = end[np.searchsorted(ids[start], all_ids[order])] > 0
    columns = (
        np.concatenate([getattr(live, name), rows[name][new]])[order][keep]
        for name in ("side", "price_ticks")
    )
    return Live(all_ids[order][keep], *columns, end[end > 0])


def _refuse(rows: Rows, ids: np.ndarray, change: np.ndarray, place: np.ndarray) -> None:
    """Names all rows that take more than is left, as if none of them were there."""
    left: dict[int, int] = {}
    bad = np.zeros(len(rows), bool)
    had, of = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
    for order, by, i in zip(ids.tolist(), change.tolist(), place.tolist(), strict=True):
        now = left.get(order, 0)
        if now + by >= 0:
            left[order] = now + by
        elif not bad[i]:
            bad[i], had[i], of[i] = True, now, order

    def what(i: int) -> str:
        act = "cancel" if rows["what"][i] == CANCEL else "trade"
        known = f"has {had[i]} left" if had[i] > 0 else "is not live (unknown id)"
        return f"{act} of {rows['qty'][i]} of order {of[i]}, which {known}"

    remedy = "give the whole day's orders and trades of the same instrument"
    rows.check(bad, what, remedy)


def resting(rows: Rows, live: Live, index: np.ndarray, ids: np.ndarray):
    """Side and price of the orders ``ids`` that some rows act on.

    Needs what `settle` makes sure of: every such order is live. ``index``: the `NEW`
    rows.
    """
    all_ids = np.concatenate([live.ids, rows["actor"][index]])
    order = np.argsort(all_ids, kind="stable")
    at = order[np.searchsorted(all_ids[order], ids)]
    side = np.concatenate([live.side, rows["side"][index]])
    price = np.concatenate([live.price_ticks, rows["price_ticks"][index]])
    return side[at], price[at]


def check_resting(rows: Rows, live: Live, of: int | None = None) -> None:
    """Refuses a cancel or continuous trade that does not fit the order it acts on.

    As `resting`, after `settle`. ``of``: look at rows of one kind only.
    """
    what, other = rows["what"], rows["other"]
    acts = (what == CANCEL) | (what == FILL) if of is None else what == of
    acts = np.flatnonzero(acts)
    side, price = resting(rows, live, np.flatnonzero(what == NEW), other[acts])
    # A fill has the side of the aggressor, the resting order has the other one.
    own = rows["side"][acts]
    act = {CANCEL: "cancel", FILL: "trade"}
    wrong = np.zeros(len(rows), bool)
    wrong[acts] = side != np.where(what[acts] == FILL, 1 - own, own)
    rows.check(
        wrong,
        lambda i: f"the {act[what[i]]} has the wrong side for order {other[i]}",
        "give unedited files",
    )
    wrong[acts] = price != rows["price_ticks"][acts]
    rows.check(
        wrong,
        lambda i: f"the {act[what[i]]} is not at the price of order {other[i]}",
        "give unedited files",
    )
