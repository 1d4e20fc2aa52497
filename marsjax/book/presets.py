"""Venues as data: the schedule, the rules and the fees of some kinds of market.

Facts are the rulebooks', which are named; conventions (what a rulebook leaves to the
instrument, or one book has to simplify) are arguments. ``SSE``, ``SZSE``, ``NASDAQ``
and ``ROUND_THE_CLOCK`` are the venues with the default arguments.

A book should start its day with the previous close as its last price
(``book.replace(last_price_ticks=...)``): that is what collars and auction ties turn to
before the first trade.
"""

from marsjax.book.china import sse, stamp_duty, szse
from marsjax.book.fees import Number
from marsjax.book.rules import TieBreak
from marsjax.book.sessions import Schedule, Stage, clock
from marsjax.book.venue import Venue
from marsjax.types import Phase

__all__ = [
    "NASDAQ",
    "ROUND_THE_CLOCK",
    "SSE",
    "SZSE",
    "nasdaq",
    "round_the_clock",
    "sse",
    "stamp_duty",
    "szse",
]


def nasdaq(
    *,
    extended_hours: bool = False,
    open_collect_s: int = 120,
    close_collect_s: int = 120,
    halt_bps: int = 500,
    band_bps: int = 1_000,
    maker_per_share: Number = "-0.2",
    taker_per_share: Number = "0.3",
    auction_per_share: Number = "0.15",
) -> Venue:
    """A market like Nasdaq's for US equities; a tick is 0.01 USD.

    Sources: Nasdaq Equity 4, rules 4752 and 4754: a cross opens the day at 09:30 and
    one closes it at 16:00; the largest volume, then the smallest imbalance, then an
    entered price at which shares are left over (pressure), then the price nearest the
    reference; the threshold is 10 %. Limit Up-Limit Down plan (Regulation NMS, rule
    608): a band around a reference price, a pause of five minutes if trades would leave
    it, and a reopening cross (`marsjax.book.day.halt_controls`).

    Simplified: the exchange collects on-open and on-close orders beside continuous
    trading, one book can only do one or the other, so that each cross has its minutes
    of collection; the plan's reference is a mean over five minutes, here it is the one
    that the control messages set (no reference, no halt); its bands are not doubled at
    the ends of the day.

    Args:
      extended_hours: continuous trading from 04:00 to the opening cross and from 16:00
        to 20:00; without it orders for the opening cross are collected from 04:00 on.
      open_collect_s, close_collect_s: seconds before a cross in which orders for it are
        collected (the opening's only with extended hours).
      halt_bps: 500 for the plan's tier 1 above 3 USD, 1,000 for tier 2.
      maker_per_share, taker_per_share, auction_per_share: ticks a share; 0.3, that is
        0.0030 USD, is the cap on access fees (Regulation NMS, rule 610), the other two
        differ by tier.
    """
    opening, closing = clock(9, 30), clock(16)
    if extended_hours:
        before = (
            Stage(clock(4), Phase.CONTINUOUS, name="pre-market"),
            Stage(opening - open_collect_s, Phase.COLLECT, True, "opening cross"),
        )
        after = (
            Stage(closing, Phase.CONTINUOUS, name="post-market"),
            Stage(clock(20), Phase.CLOSED, name="closed"),
        )
    else:
        before = (Stage(clock(4), Phase.COLLECT, True, "opening cross"),)
        after = (Stage(closing, Phase.CLOSED, name="closed"),)
    day = (
        Stage(opening, Phase.CONTINUOUS, name="regular hours"),
        Stage(closing - close_collect_s, Phase.COLLECT, True, "closing cross"),
    )
    return Venue(
        name="NASDAQ",
        tick_value="0.01 USD",
        schedule=Schedule((*before, *day, *after)),
        rule_values={
            "halt_bps": halt_bps,
            "band_bps": band_bps,
            "tie_breaks": (
                TieBreak.SURPLUS,
                TieBreak.PRESSURE,
                TieBreak.REFERENCE,
                TieBreak.MIDDLE,
            ),
        },
        fee_values={
            "maker_per_share": maker_per_share,
            "taker_per_share": taker_per_share,
            "auction_per_share": auction_per_share,
        },
    )


def round_the_clock(
    *,
    tick_value: str = "the instrument's",
    maker: Number = 0,
    taker: Number = 0,
    collar_bps: int = 0,
) -> Venue:
    """A market that never closes, such as a crypto exchange: continuous all day.

    There is no rulebook to follow: ticks, lots, fees and collars are each exchange's
    own; the default charges and checks nothing.
    """
    return Venue(
        name="ROUND_THE_CLOCK",
        tick_value=tick_value,
        schedule=Schedule((Stage(0, Phase.CONTINUOUS, name="always open"),)),
        rule_values={"collar_bps": collar_bps},
        fee_values={"maker": maker, "taker": taker},
    )


SSE = sse()
SZSE = szse()
NASDAQ = nasdaq()
ROUND_THE_CLOCK = round_the_clock()
