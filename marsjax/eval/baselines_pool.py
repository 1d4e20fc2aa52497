"""What a tape's messages were, each by itself: what the i.i.d. baseline draws from."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from marsjax.data.replay import replay_tape
from marsjax.data.tape import Tape
from marsjax.errors import InputError
from marsjax.eval.extract import message_rows
from marsjax.eval.levels import follow_tape
from marsjax.eval.windows import ASK, BID, CANCEL, HIDDEN, LIMIT, MARKET
from marsjax.types import EventKind, Kind, Side

_SENT_AS = (
    Kind.LIMIT,
    Kind.IOC,
    Kind.MARKET,
    Kind.FOK,
    Kind.POST_ONLY,
    Kind.POST_ONLY_SLIDE,
)
_ANEW = (EventKind.REST, EventKind.REJECT)


class Pool(NamedTuple):
    """N messages without what came before them.

    Attributes:
      type_N: as in `marsjax.eval.windows`.
      kind_N: `Kind` to send it as.
      side_N: of the order.
      ticks_N: of a cancel how far the order was behind its own best; of any other how
        far its price was from the opposite best, 1 for the best that does not reach it,
        so that what rested and what traded would do so in any book.
      qty_N: shares sent, or taken off.
      is_part_N: whether a cancel left some of its order.
      wait_ns_N: trading time since the message before it.
      num_left_out: messages that were neither (halts, refused ones), and those into an
        empty book.
    """

    type_N: np.ndarray
    kind_N: np.ndarray
    side_N: np.ndarray
    ticks_N: np.ndarray
    qty_N: np.ndarray
    is_part_N: np.ndarray
    wait_ns_N: np.ndarray
    num_left_out: int


def pool_of(tapes: Sequence[Tape], part: str | None = None) -> Pool:
    """The messages of tapes of one instrument.

    A resting order that moved to another price counts as a new one.

    Args:
      tapes: tapes; part: of each, all of continuous trading by default.

    Raises:
      InputError: there is no message.
    """
    pools = [_pool(tape, part) for tape in tapes]
    left_out = sum(pool.num_left_out for pool in pools)
    columns = [np.concatenate(x) for x in zip(*(p[:-1] for p in pools), strict=True)]
    if not pools or not len(columns[0]):
        names = ", ".join(tape.name for tape in tapes)
        raise InputError(
            f"no message to draw from in {names or 'no tape'}",
            "name another part, or give tapes with more messages",
        )
    return Pool(*columns, left_out)


def _pool(tape: Tape, part: str | None) -> Pool:
    rows = message_rows(tape, part)
    # The first one's wait is not known.
    rows, num = rows[1:], len(rows)
    needed = np.unique(rows - 1)
    followed = follow_tape(tape, np.append(needed, rows[-1:]), num_levels=1)
    type_, side, price, qty, time_ns = (
        column[rows]
        for column in (
            followed.type_T,
            followed.side_T.astype(np.int64),
            followed.price_ticks_T.astype(np.int64),
            followed.qty_T,
            followed.time_ns_T,
        )
    )
    best_NS = followed.levels_after(rows - 1)[0][:, :, 0].astype(np.int64)
    bid, ask = best_NS[:, BID], best_NS[:, ASK]
    is_empty = (bid == 0) & (ask == 0)
    # As `marsjax.synth.flow_book.references`.
    bid = np.where(bid > 0, bid, ask - 1)
    ask = np.where(ask > 0, ask, bid + 1)
    is_buy = side == Side.BUY
    opposite = np.where(is_buy, ask - price, price - bid)
    own = np.where(is_buy, bid - price, price - ask)
    kind = tape.messages["kind"].to_numpy()[rows]
    kind = np.where(np.isin(kind, _SENT_AS), kind, int(Kind.LIMIT))
    printed = (type_ == MARKET) & (tape.messages["kind"].to_numpy()[rows] != kind)
    kind = np.where(printed, int(Kind.IOC), kind)
    kind = np.where(type_ == CANCEL, int(Kind.CANCEL), kind)
    kind = np.where(type_ == HIDDEN, int(Kind.HIDDEN_FILL), kind)
    kept = np.isin(type_, (LIMIT, MARKET, CANCEL, HIDDEN)) & ~is_empty
    before_ns = followed.time_ns_T[message_rows(tape, part)[:-1]]
    return Pool(
        *(
            column[kept]
            for column in (
                type_,
                kind.astype(np.int32),
                side.astype(np.int32),
                np.where(type_ == CANCEL, own, opposite).astype(np.int32),
                qty,
                _is_part(tape, rows) & (type_ == CANCEL),
                time_ns - before_ns,
            )
        ),
        num - int(kept.sum()),
    )


def _is_part(tape: Tape, rows: np.ndarray) -> np.ndarray:
    """Whether something is left of the order that a row cancels.

    A quantity lowered in place leaves some; of a cancel the next thing that happens to
    the order tells, if it is not that its id comes again.
    """
    _, events, row_E, _ = replay_tape(tape)
    id_E = np.where(events.maker_id >= 0, events.maker_id, events.order_id)
    in_order = np.argsort(id_E, kind="stable")
    id_E, kind_E, row_E = (x[in_order] for x in (id_E, events.kind, row_E))
    goes_on_E = (id_E[1:] == id_E[:-1]) & ~np.isin(kind_E[1:], _ANEW)
    is_cancel_E = kind_E == EventKind.CANCEL
    out = np.zeros(len(tape.messages), bool)
    out[row_E[is_cancel_E]] = np.append(goes_on_E, False)[is_cancel_E]
    out[row_E[kind_E == EventKind.REPLACE]] = True
    return out[rows]
