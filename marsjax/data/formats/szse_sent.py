"""Shenzhen's orders with their trades, and a price for those that have none."""

from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np

from marsjax.data.formats.sse_live import Live, check_resting, resting, settle
from marsjax.data.formats.sse_rows import AUCTION, CANCEL, FILL, NEW, Rows
from marsjax.data.formats.szse_rows import LIMIT, MARKET, OWN_BEST
from marsjax.data.reader import Columns
from marsjax.data.tape import FILL_SCHEMA
from marsjax.types import BACKGROUND_OWNER, MAX_PRICE_TICKS, Kind, Side


class Sent(NamedTuple):
    """What some rows became.

    Attributes:
      rows: those that were used, with ``price_ticks`` for all; the rest belong to an
        order that may go on.
      rest: the rows after them.
      live: orders that are left.
      messages: columns of the canonical messages.
      fills: columns of the continuous fills; ``row`` counts these messages.
      counts: what became of the rows.
    """

    rows: Rows
    rest: Rows
    live: Live
    messages: Columns
    fills: Columns
    counts: dict[str, int]


def as_sent(
    rows: Rows, live: Live, windows: tuple[tuple[int, int], ...], is_last: bool
) -> Sent:
    """Finds the order of each trade, and puts trades and cancels into the stream.

    Args:
      rows: the next rows of the channel.
      live: orders before them.
      windows: of continuous trading in seconds: auctions come before the first and
        after the last.
      is_last: whether no rows follow.
    Errors:
      :class:`RowsError` for rows that cannot be as the exchange publishes them.
    """
    first = _first_of_group(rows)
    stop = len(rows)
    if stop and not is_last and rows["what"][first[-1]] == NEW:
        stop = int(first[-1])  # the last order may go on
    rest, rows = rows.take(slice(stop, None)), rows.take(slice(stop))
    first = first[:stop]
    second = rows["time"] // 10**9
    auction = (second < windows[0][0]) | (second >= windows[-1][1])
    what, pricing = rows["what"], rows["pricing"]
    own = np.arange(len(rows)) != first  # belongs to the order of a row before
    is_fill = (what == FILL) & own & (what[first] == NEW) & ~auction
    out_of_turn = (what == FILL) & ~is_fill & ~auction
    what = np.where((what == FILL) & ~is_fill, AUCTION, what)
    rows.check(
        auction & (what == NEW) & (pricing != LIMIT),
        "an order without a price is not for an auction",
        "correct the row",
    )
    rows = _with(rows, what=what)
    both = (what == FILL) | (what == AUCTION)
    after = settle(rows, live, takes_both=both)
    rows, kind, is_end = _priced(rows, live, first, is_fill, auction)
    _check_sides(rows, live)
    _check_limits(rows, first, is_fill)
    check_resting(rows, live, of=FILL)
    new = np.flatnonzero(what == NEW)
    side, price = resting(rows, live, new, after.ids)
    after = after._replace(side=side, price_ticks=price)
    messages, fills = _messages(rows, kind, first, is_fill, is_end)
    counts = {
        "continuous_trades": is_fill.sum(),
        "auction_trades": ((what == AUCTION) & auction).sum(),
        "trades_not_after_their_order": out_of_turn.sum(),
        "market_orders": ((what == NEW) & (pricing == MARKET)).sum(),
        "orders_at_own_best": ((what == NEW) & (pricing == OWN_BEST)).sum(),
        "cancels_merged_into_orders": is_end.sum(),
    }
    return Sent(rows, rest, after, messages, fills, counts)


def count(sent: Sent) -> dict[str, int]:
    """What became of the rows, for a tape's ``counts``."""
    kind = sent.messages["kind"]
    counts = sent.counts | {"skipped": 0, "messages": len(kind)}
    for each in (Kind.LIMIT, Kind.IOC, Kind.COLLECT, Kind.CANCEL, Kind.AUCTION_FILL):
        counts[each.name.lower()] = (kind == each).sum()
    return {name: int(number) for name, number in counts.items()}


def _with(rows: Rows, **columns: np.ndarray) -> Rows:
    return Rows(rows.paths, rows.columns | columns)


def _first_of_group(rows: Rows) -> np.ndarray:
    """The row that each row's order is on, of an order and what follows of its own."""
    what, actor = rows["what"], rows["actor"]
    same = (actor[1:] == actor[:-1]) & (what[:-1] <= FILL) & (what[:-1] != CANCEL)
    same &= what[1:] != NEW
    starts = np.concatenate([[True], ~same])[: len(rows)]
    return np.maximum.accumulate(np.where(starts, np.arange(len(rows)), 0))


def _priced(
    rows: Rows, live: Live, first: np.ndarray, is_fill: np.ndarray, auction: np.ndarray
) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Rows with a price each, the kind of each order's message, and the ends.

    An end is the exchange's cancel of what an order without a price leaves; it is part
    of the order.
    """
    what, pricing, actor = rows["what"], rows["pricing"], rows["actor"]
    price, new = rows["price_ticks"].copy(), np.flatnonzero(what == NEW)
    traded, ended = np.zeros((2, len(rows)), bool)
    traded[first[is_fill]] = True
    at_once = (first != np.arange(len(rows))) & (what == CANCEL)
    # What is left of an order that traded may rest, and be cancelled by its owner.
    at_once &= ~traded[first] | (rows["time"] == rows["time"][first])
    ended[first[at_once]] = True
    market = (what == NEW) & (pricing == MARKET)
    last_price = np.zeros(len(rows), np.int64)
    last_price[first[is_fill]] = price[is_fill]  # the last one of each stays
    price[market] = last_price[market]
    own_best = np.flatnonzero((what == NEW) & (pricing == OWN_BEST))
    if len(own_best):
        price[own_best] = _own_best(rows, live, price, own_best)
    none = (what == NEW) & (price == 0)
    rows.check(
        none & ~ended,
        lambda i: f"order {actor[i]} has no price, does not trade and is not cancelled",
        "give the whole day's orders and trades of the same instrument",
    )
    price[none] = np.where(rows["side"] == Side.BUY, 1, MAX_PRICE_TICKS)[none]
    is_ioc = ended & (market | none)
    kind = np.where(is_ioc, Kind.IOC, np.where(auction, Kind.COLLECT, Kind.LIMIT))
    cancel = np.flatnonzero(what == CANCEL)
    rows = _with(rows, price_ticks=price)
    prices = price.copy()
    prices[cancel] = resting(rows, live, new, actor[cancel])[1]
    return _with(rows, price_ticks=prices), kind, at_once & is_ioc[first]


def _own_best(rows, live, price: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The best price of its own side when each order came; 0 if there was none."""
    what, far = rows["what"], np.iinfo(np.int64).max
    new = np.flatnonzero(what == NEW)
    ids = np.concatenate([live.ids, rows["actor"][new]])
    came = np.concatenate([np.full(len(live.ids), -1), new])
    side = np.concatenate([live.side, rows["side"][new]])
    went = _gone_at(rows, live, ids, far)
    limit = np.concatenate([live.price_ticks, price[new]])
    out = np.zeros(len(rows), np.int64)
    for of in (Side.BUY, Side.SELL):
        sign = -1 if of == Side.BUY else 1
        at = asked[rows["side"][asked] == of]
        # Orders that are gone before the next one that asks are of no interest.
        following = np.append(at, far)[np.searchsorted(at, came, side="right")]
        mine = np.flatnonzero((side == of) & (went > following))
        orders = zip(
            came[mine].tolist(), (sign * limit[mine]).tolist(), went[mine].tolist(),
            strict=True,
        )  # fmt: skip
        order = next(orders, None)
        heap: list[tuple[int, int]] = []  # the best first; those gone leave in time
        for now in at.tolist():
            while order and order[0] < now:
                # One that asked itself has its price by now.
                rank = (
                    sign * int(out[order[0]]) or order[1] if order[0] >= 0 else order[1]
                )
                heappush(heap, (rank, order[2]))
                order = next(orders, None)
            while heap and heap[0][1] <= now:
                heappop(heap)
            if heap:
                out[now] = sign * heap[0][0]
    return out[asked]


def _gone_at(rows, live, ids: np.ndarray, far: int) -> np.ndarray:
    """The row that takes the last share off each order; ``far`` if none does."""
    what, qty = rows["what"], rows["qty"]
    takes = np.flatnonzero(what != NEW)
    both = takes[what[takes] != CANCEL]
    new = np.flatnonzero(what == NEW)
    had = np.concatenate([live.left, qty[new]])
    order = np.argsort(ids, kind="stable")
    of = np.concatenate([rows["actor"][takes], rows["other"][both]])
    row = np.concatenate([takes, both])
    at = order[np.searchsorted(ids[order], of)]
    taken = np.zeros(len(ids), np.int64)
    np.add.at(taken, at, qty[row])
    last = np.full(len(ids), -1)
    np.maximum.at(last, at, row)
    return np.where(taken == had, last, far)


def _check_limits(rows: Rows, first: np.ndarray, is_fill: np.ndarray) -> None:
    """Refuses trades at a worse price than the aggressor's limit."""
    sign = np.where(rows["side"] == Side.BUY, 1, -1)
    worse = sign * (rows["price_ticks"] - rows["price_ticks"][first]) > 0
    rows.check(
        is_fill & worse,
        lambda i: f"order {rows['actor'][i]} trades at a worse price than its limit",
        "give unedited files",
    )


def _check_sides(rows: Rows, live: Live) -> None:
    """Refuses trades and cancels whose orders are not of the side they say."""
    what, new = rows["what"], np.flatnonzero(rows["what"] == NEW)
    for name, flips in (("actor", False), ("other", True)):
        acts = np.flatnonzero((what != NEW) & ((what != CANCEL) | (not flips)))
        side = resting(rows, live, new, rows[name][acts])[0]
        wanted = rows["side"][acts]
        wrong = np.zeros(len(rows), bool)
        wrong[acts] = side != (1 - wanted if flips else wanted)
        rows.check(
            wrong,
            lambda i, name=name: (
                f"the {'cancel' if what[i] == CANCEL else 'trade'} has the wrong side "
                f"for order {rows[name][i]}"
            ),
            "give unedited files",
        )


def _messages(rows, kind, first, is_fill, is_end) -> tuple[Columns, Columns]:
    """Columns of the messages and of the fills."""
    what = rows["what"]
    is_pair = what == AUCTION
    num = np.where(is_fill | is_end, 0, 1 + is_pair)
    row = np.repeat(np.arange(len(rows)), num)
    is_second = np.concatenate([[False], row[1:] == row[:-1]])[: len(row)]
    pair = is_pair[row]
    kinds = np.choose(what, [kind, Kind.CANCEL, Kind.NONE, Kind.AUCTION_FILL])
    of_buyer = rows["side"] == Side.BUY
    buyer = np.where(of_buyer, rows["actor"], rows["other"])
    seller = np.where(of_buyer, rows["other"], rows["actor"])
    messages = {
        "time_s": (rows["time"] // 10**9)[row],
        "time_ns": (rows["time"] % 10**9)[row],
        "kind": kinds[row],
        "side": np.where(pair, is_second, rows["side"][row]).astype(np.int64),
        "price_ticks": rows["price_ticks"][row],
        "qty": rows["qty"][row],
        "order_id": np.where(
            pair, np.where(is_second, seller[row], buyer[row]), rows["actor"][row]
        ),
        "owner": np.full(len(row), BACKGROUND_OWNER),
    }
    index = np.cumsum(num) - 1
    names = ("price_ticks", "qty", "other", "actor")
    values = (index[first[is_fill]], *(rows[name][is_fill] for name in names))
    return messages, dict(zip(FILL_SCHEMA, values, strict=True))
