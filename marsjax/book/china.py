"""The stock exchanges of Shanghai and Shenzhen as data (see `marsjax.book.presets`)."""

from dataclasses import replace
from datetime import date

from marsjax.book.rules import TieBreak
from marsjax.book.sessions import Schedule, Stage, clock
from marsjax.book.venue import Venue
from marsjax.types import Phase

STAMP_DUTY = ((date(2008, 9, 19), "0.001"), (date(2023, 8, 28), "0.0005"))
"""What the seller of A-shares pays on the value, from each day on: Ministry of Finance
and State Taxation Administration, announcement No. 39 of 2023 (halved)."""


def stamp_duty(day: date) -> str:
    """Stamp duty on a seller of A-shares on a day, as a fraction of the value."""
    rates = [rate for start, rate in STAMP_DUTY if start <= day]
    if not rates:
        raise ValueError(f"no stamp duty is known for {day}")
    return rates[-1]


def _chinese_day(held_before_open: bool) -> Schedule:
    return Schedule(
        (
            Stage(clock(9, 15), Phase.COLLECT, name="opening auction"),
            Stage(clock(9, 20), Phase.COLLECT_FINAL, True, "opening auction, final"),
            Stage(
                clock(9, 25),
                Phase.CLOSED,
                name="before the open",
                held=held_before_open,
            ),
            Stage(clock(9, 30), Phase.CONTINUOUS, name="morning"),
            Stage(clock(11, 30), Phase.CLOSED, name="lunch"),
            Stage(clock(13), Phase.CONTINUOUS, name="afternoon"),
            Stage(clock(14, 57), Phase.COLLECT_FINAL, True, "closing auction"),
            Stage(clock(15), Phase.CLOSED, name="closed"),
        )
    )


def sse(
    *,
    day: date = date(2023, 8, 28),
    limit_bps: int = 1_000,
    collar_bps: int = 200,
    collar_ticks: int = 10,
    max_qty: int = 1_000_000,
    tie_breaks: tuple[TieBreak, ...] = (
        TieBreak.SURPLUS,
        TieBreak.PRESSURE,
        TieBreak.MIDDLE,
    ),
) -> Venue:
    """Main board of the Shanghai Stock Exchange, A-shares; a tick is 0.01 CNY.

    Source: Trading Rules of Shanghai Stock Exchange (2023 revision), in force since
    2023-04-10: sessions, no cancels from 09:20 and 14:57 on, lots of 100 (what is left
    of a holding may be sold as it is), at most 1,000,000 shares an order, daily limits,
    and in continuous trading the collar of 2 % or ten ticks, whichever is wider.

    The rulebook breaks ties of an auction by the smallest surplus, then the middle
    price. The exchange's tape has pressure between the two: on 2023-07-11 the opening
    of 600761 ties from 21.28 to 21.30 with a bid surplus of 8,800 at each price, and
    the exchange printed 21.30.

    Args:
      day: the trading day, for the stamp duty.
      limit_bps: 1,000 on the main board, 500 for stocks under risk warning, 2,000 on
        the STAR market (whose lots and largest orders differ).
    """
    return Venue(
        name="SSE",
        tick_value="0.01 CNY",
        schedule=_chinese_day(held_before_open=False),
        rule_values={
            "lot": 100,
            "odd_lot_sells": True,
            "max_qty": max_qty,
            "collar_bps": collar_bps,
            "collar_ticks": collar_ticks,
            "tie_breaks": tie_breaks,
        },
        fee_values={"stamp_duty": stamp_duty(day)},
        limit_bps=limit_bps,
        next_day_sells=True,
    )


def szse(
    *,
    day: date = date(2023, 8, 28),
    limit_bps: int = 1_000,
    collar_bps: int = 200,
    collar_ticks: int = 10,
    max_qty: int = 1_000_000,
    held_before_open: bool = False,
) -> Venue:
    """Main board of the Shenzhen Stock Exchange, A-shares; a tick is 0.01 CNY.

    Source: Trading Rules of the Shenzhen Stock Exchange (2023 revision); they agree
    with Shanghai's but for the auctions' ties. Smallest surplus first, as there, and
    then the opening takes the price nearest the previous close, the closing auction
    the one nearest the last trade (in the rules since the 2011 revision). Both are
    ``TieBreak.REFERENCE`` in a book that starts with the previous close as its last
    price and is given no other reference.

    Args:
      day, limit_bps: as for `sse`; 2,000 on ChiNext.
      held_before_open: whether orders and cancels are taken from 09:25 to 09:30, to be
        processed in their order at 09:30. The rules had it so until 2016-05-09 (notice
        No. 138 [2016] amends article 3.3.1); since then nothing is taken then.
    """
    shanghai = sse(
        day=day,
        limit_bps=limit_bps,
        collar_bps=collar_bps,
        collar_ticks=collar_ticks,
        max_qty=max_qty,
        tie_breaks=(TieBreak.SURPLUS, TieBreak.REFERENCE),
    )
    return replace(shanghai, name="SZSE", schedule=_chinese_day(held_before_open))
