"""How many slots a stream will need, guessed from its messages alone (host).

Too few slots cost no order where a book may grow, but each size is compiled anew; too
many make every action slower, by the square root. A good guess is worth little time.
"""

import numpy as np

from marsjax.types import Kind, Message, Side

SIZES = tuple(256 * 4**k for k in range(5))
"""Slots a side to choose from: squares, whose blocks are as many as they are wide, and
few, so that streams share compilations. The largest is 65,536."""

_RESTING = (Kind.LIMIT, Kind.COLLECT, Kind.POST_ONLY, Kind.POST_ONLY_SLIDE)
_TAKING = (Kind.LIMIT, Kind.IOC, Kind.FOK)
_SPARE = 1.25  # the guess leaves out those that wait long before they are filled


def guess_slots(messages_T: Message) -> int:
    """The smallest of `SIZES` that likely holds a stream, which starts with no orders.

    An order that is cancelled is counted until then; any other to the end of the
    stream, unless a later order of the other side reaches its price: then it is taken
    for filled at once.
    """
    num = len(messages_T.kind)
    guess = max(_most_live(messages_T, side) for side in Side) if num else 0
    return next((size for size in SIZES if size >= _SPARE * guess), SIZES[-1])


def _most_live(messages_T: Message, side: Side) -> int:
    kind = np.asarray(messages_T.kind)
    # In order of price: a buy of price p is reached by a sell of at most p.
    rank = np.asarray(messages_T.price_ticks, np.int64) * (1 - 2 * int(side))
    is_side = np.asarray(messages_T.side) == side
    rows = np.flatnonzero(is_side & np.isin(kind, _RESTING))
    ends = _cancelled(messages_T)[rows]
    furthest = np.where(~is_side & np.isin(kind, _TAKING), rank, np.iinfo(np.int64).max)
    furthest = np.minimum.accumulate(furthest[::-1])[::-1]
    ends = np.where((ends == len(kind)) & (furthest[rows] <= rank[rows]), rows, ends)
    change = np.bincount(rows, minlength=len(kind) + 1)
    change -= np.bincount(ends, minlength=len(kind) + 1)
    return int(np.cumsum(change)[:-1].max())


def _cancelled(messages_T: Message) -> np.ndarray:
    """The last cancel of the order that each row brings, T if there is none."""
    kind, ids = np.asarray(messages_T.kind), np.asarray(messages_T.order_id)
    by_id = np.argsort(ids, kind="stable")
    # Ids may come again: what follows an order, up to the next one, is about it.
    is_new = np.isin(kind[by_id], (*_RESTING, *_TAKING))
    starts = is_new | (np.diff(ids[by_id], prepend=-1) != 0)
    last = np.append(np.flatnonzero(starts)[1:], len(ids)) - 1
    last = by_id[last][np.cumsum(starts) - 1]
    ends = np.empty_like(last)
    ends[by_id] = np.where(kind[last] == Kind.CANCEL, last, len(ids))
    return ends
