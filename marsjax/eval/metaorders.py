"""Metaorders: an owner's executions on one side, as far as owners are known.

A tape names the owner of an order where the market is simulated or the exchange says;
elsewhere all belong to the background and there is nothing to group.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from marsjax.data.clock import NS, to_trading_ns
from marsjax.data.replay import replay_blocks
from marsjax.data.tape import Tape
from marsjax.eval.levels import ten_levels
from marsjax.eval.windows import ASK, BID
from marsjax.types import BACKGROUND_OWNER, EventKind

GAP_S = 60.0
"""Seconds without an execution that end a metaorder."""

UNKNOWN_OWNERS = "the owners of orders are not known"


class Executions(NamedTuple):
    """F executions in the order of the tape, each once for either owner.

    Attributes:
      owner_F: who traded. side_F: 0 bought, 1 sold. qty_F: shares.
      row_F: the message that traded; executions of one row are one child order.
      time_s_F: trading seconds since the open.
      mid_before_F, mid_after_F: of that message, in ticks; NaN: one-sided or crossed.
    """

    owner_F: np.ndarray
    side_F: np.ndarray
    qty_F: np.ndarray
    row_F: np.ndarray
    time_s_F: np.ndarray
    mid_before_F: np.ndarray
    mid_after_F: np.ndarray


class Metaorders(NamedTuple):
    """N metaorders.

    Attributes:
      owner_N, side_N: whose, and which side. qty_N: shares executed.
      num_children_N: messages in which it traded.
      start_s_N, end_s_N: trading seconds of the first and the last of them.
      impact_N: log of the mid after the last over that before the first, signed so that
        a buyer who pays up is positive, over the volatility of the tape.
      share_N: participation Q/V, shares over the volume of the tape.
      group_N: str, tape and owner: what a bootstrap resamples.
      note: what was left out.
    """

    owner_N: np.ndarray
    side_N: np.ndarray
    qty_N: np.ndarray
    num_children_N: np.ndarray
    start_s_N: np.ndarray
    end_s_N: np.ndarray
    impact_N: np.ndarray
    share_N: np.ndarray
    group_N: np.ndarray
    note: str


class Market(NamedTuple):
    """What impact and size are measured in: over the whole of a tape.

    ``volume``: shares traded. ``volatility``: standard deviation of the log of the mid.
    """

    volume: float
    volatility: float


def group_executions(
    executions: Executions,
    market: Market,
    *,
    gap_s: float = GAP_S,
    fewest_children: int = 2,
    name: str = "",
) -> Metaorders:
    """Metaorders of a tape.

    An owner's next execution belongs to the same metaorder if it is on the same side
    and comes no more than ``gap_s`` after the last one.

    Args:
      executions: of the owners in question.
      market: volume and volatility of the tape.
      gap_s: seconds.
      fewest_children: messages in which a metaorder must have traded.
      name: of the tape, for `Metaorders.group_N`.
    """
    by_owner = np.lexsort((executions.row_F, executions.owner_F))
    owner, side, qty, row, time_s, before, after = (x[by_owner] for x in executions)
    begins = np.ones(len(owner), bool)
    begins[1:] = (np.diff(owner) != 0) | (np.diff(side) != 0)
    begins[1:] |= np.diff(time_s) > gap_s
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(owner))[: len(first)] - 1
    is_child = begins.copy()
    is_child[1:] |= np.diff(row) != 0

    def total(values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(values.astype(np.int64), first) if len(first) else first

    children = total(is_child)
    sign = np.where(side[first] == BID, 1.0, -1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        impact = sign * np.log(after[last] / before[first]) / market.volatility
        share = total(qty) / np.float64(market.volume)
    is_long = children >= fewest_children
    is_known = np.isfinite(impact) & np.isfinite(share)
    kept = np.flatnonzero(is_long & is_known)
    unknown = int((is_long & ~is_known).sum())
    notes = []
    if not is_long.all():
        notes.append(f"{(~is_long).sum():,} of fewer than {fewest_children} messages")
    if unknown:
        notes.append(f"{unknown:,} that begin or end with a one-sided book")
    found = first[kept]
    return Metaorders(
        owner_N=owner[found],
        side_N=side[found],
        qty_N=total(qty)[kept],
        num_children_N=children[kept],
        start_s_N=time_s[found],
        end_s_N=time_s[last[kept]],
        impact_N=impact[kept],
        share_N=share[kept],
        group_N=np.array([f"{name}/{x}" for x in owner[found]], dtype=str),
        note="left out: " + ", ".join(notes) if notes else "",
    )


def metaorders_of_tape(
    tape: Tape,
    *,
    owners: Collection[int] | None = None,
    gap_s: float = GAP_S,
    fewest_children: int = 2,
) -> Metaorders:
    """Metaorders of a tape, by replay.

    Args:
      tape: any tape; without owners there are none, and the note says so.
      owners: whose; by default everybody's but the background's.
      gap_s, fewest_children: as of `group_executions`.
    """
    known = tape.messages["owner"].to_numpy()
    if not (known != BACKGROUND_OWNER).any():
        none = Executions(*(np.zeros(0, int) for _ in range(4)), *[np.zeros(0)] * 3)
        empty = group_executions(none, Market(1.0, 1.0), name=tape.name)
        return empty._replace(note=UNKNOWN_OWNERS)
    executions, market = executions_of_tape(tape)
    is_asked = executions.owner_F != BACKGROUND_OWNER
    if owners is not None:
        is_asked &= np.isin(executions.owner_F, list(owners))
    return group_executions(
        Executions(*(x[is_asked] for x in executions)),
        market,
        gap_s=gap_s,
        fewest_children=fewest_children,
        name=tape.name,
    )


def executions_of_tape(tape: Tape) -> tuple[Executions, Market]:
    """All executions between orders of a tape in continuous trading, by replay.

    The volatility is that of the log of the mid at the ends of whole minutes, or of
    thirtieths of the tape where that is less, times the square root of their number.
    """
    time_s, time_ns = (tape.messages[x].to_numpy() for x in ("time_s", "time_ns"))
    second_T = to_trading_ns(time_s, time_ns, tape.sessions) / NS
    fills, mids = [], []
    for start, result in replay_blocks(tape, ten_levels):
        best_TS = result.observations.price_ticks_SK[:, :, 0]
        bid_T, ask_T = best_TS[:, BID].astype(float), best_TS[:, ASK].astype(float)
        is_sound_T = (bid_T > 0) & (ask_T > 0) & (bid_T < ask_T)
        mids.append(np.where(is_sound_T, (bid_T + ask_T) / 2, np.nan))
        events = result.events
        which = np.flatnonzero(events.kind == EventKind.FILL)
        names = ("owner", "maker_owner", "side", "qty")
        columns = [np.asarray(getattr(events, name))[which] for name in names]
        fills.append((*columns, result.message_index[which] + start))
    mid_T = np.concatenate(mids)
    taker, maker, side, qty, row = (np.concatenate(x) for x in zip(*fills, strict=True))
    both = np.argsort(np.concatenate([row, row]), kind="stable")
    row_F = np.concatenate([row, row])[both]
    executions = Executions(
        owner_F=np.concatenate([taker, maker])[both],
        side_F=np.concatenate([side, 1 - side])[both],
        qty_F=np.concatenate([qty, qty])[both],
        row_F=row_F,
        time_s_F=second_T[row_F],
        mid_before_F=np.concatenate([[np.nan], mid_T])[row_F],
        mid_after_F=mid_T[row_F],
    )
    own = slice(tape.seed_rows, None)
    return executions, Market(float(qty.sum()), _volatility(second_T[own], mid_T[own]))


def _volatility(second_T: np.ndarray, mid_T: np.ndarray) -> float:
    sound = np.isfinite(mid_T)
    second_T, mid_T = second_T[sound], mid_T[sound]
    if len(mid_T) < 2 or second_T[-1] <= second_T[0]:
        return np.nan
    span_s = second_T[-1] - second_T[0]
    ends_s = np.arange(second_T[0], second_T[-1], min(60.0, span_s / 30))
    at = np.searchsorted(second_T, ends_s, side="right") - 1
    moves = np.diff(np.log(mid_T[at]))
    return float(np.sqrt((moves**2).sum() * span_s / (ends_s[-1] - ends_s[0])))


def join_metaorders(parts: Sequence[Metaorders]) -> Metaorders:
    """All metaorders of several tapes."""
    *columns, notes = zip(*parts, strict=True)
    told = "; ".join(dict.fromkeys(note for note in notes if note))
    return Metaorders(*(np.concatenate(x) for x in columns), told)
