"""The venues: their days, price limits, rules and fees."""

from datetime import date

import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.book import presets
from marsjax.book.rules import TieBreak
from marsjax.book.sessions import clock, controls, phase_at
from marsjax.book.venue import price_limits
from marsjax.types import Kind, Phase

VENUES = (presets.SSE, presets.SZSE, presets.NASDAQ, presets.ROUND_THE_CLOCK)


def phase(venue, *time) -> Phase:
    return Phase(int(phase_at(venue.schedule, clock(*time))))


@pytest.mark.parametrize("venue", VENUES, ids=lambda venue: venue.name)
def test_every_venue_makes_rules_fees_and_controls(venue):
    rules = venue.rules(previous_close_ticks=2149, self_trade=1)
    assert int(rules.self_trade) == 1
    assert rules.low_ticks.dtype == jnp.int32
    venue.fees()
    assert controls(venue.schedule).messages.kind[0] == Kind.PHASE
    assert hash(venue) == hash(venue)


def test_chinese_days():
    for venue in (presets.SSE, presets.SZSE):
        assert phase(venue, 9, 14, 59) == Phase.CLOSED
        assert phase(venue, 9, 15) == Phase.COLLECT
        assert phase(venue, 9, 20) == Phase.COLLECT_FINAL
        assert phase(venue, 9, 25) == Phase.CLOSED
        assert phase(venue, 9, 30) == Phase.CONTINUOUS
        assert phase(venue, 11, 30) == Phase.CLOSED
        assert phase(venue, 13) == Phase.CONTINUOUS
        assert phase(venue, 14, 57) == Phase.COLLECT_FINAL
        assert phase(venue, 15) == Phase.CLOSED
        part = controls(venue.schedule)
        is_uncross = part.messages.kind == Kind.UNCROSS
        assert part.time_s[is_uncross].tolist() == [clock(9, 25), clock(15)]
    held = [
        s.start_s for s in presets.szse(held_before_open=True).schedule.stages if s.held
    ]
    assert held == [clock(9, 25)]
    assert not any(stage.held for stage in presets.SZSE.schedule.stages)


def test_american_and_endless_days():
    assert phase(presets.NASDAQ, 5) == Phase.COLLECT
    early = presets.nasdaq(extended_hours=True)
    assert phase(early, 5) == Phase.CONTINUOUS
    assert phase(early, 9, 28) == Phase.COLLECT
    assert phase(early, 19) == Phase.CONTINUOUS
    assert phase(early, 20) == Phase.CLOSED
    for venue in (presets.NASDAQ, early):
        assert phase(venue, 9, 30) == Phase.CONTINUOUS
        assert phase(venue, 15, 58) == Phase.COLLECT
        part = controls(venue.schedule)
        is_uncross = part.messages.kind == Kind.UNCROSS
        assert part.time_s[is_uncross].tolist() == [clock(9, 30), clock(16)]
    assert phase(presets.ROUND_THE_CLOCK, 3) == Phase.CONTINUOUS


@pytest.mark.parametrize(
    ("close", "bps", "tick", "limits"),
    [
        (2149, 1000, 1, (1934, 2364)),  # 1934.1 and 2363.9
        (1005, 1000, 1, (905, 1106)),  # 904.5 and 1105.5: half up
        (105, 500, 1, (100, 110)),  # 99.75 and 110.25
        (2000, 1000, 100, (1800, 2200)),
        (2500, 500, 100, (2400, 2600)),  # 2375 and 2625
        (4, 1000, 1, (3, 5)),  # within a tick: one tick
        (1, 1000, 1, (1, 2)),
    ],
)
def test_price_limits(close, bps, tick, limits):
    assert price_limits(close, bps, tick) == limits
    with pytest.raises(ValueError, match="price limits"):
        price_limits(0, bps, tick)


def test_sse_rules():
    rules = presets.SSE.rules(previous_close_ticks=2149)
    assert (int(rules.low_ticks), int(rules.high_ticks)) == (1934, 2364)
    assert (int(rules.lot), int(rules.max_qty)) == (100, 1_000_000)
    assert (int(rules.collar_bps), int(rules.collar_ticks)) == (200, 10)
    first_day = presets.SSE.rules()
    assert (int(first_day.low_ticks), int(first_day.high_ticks)) == (1, 2**28)
    assert int(presets.SSE.rules(lot=1).lot) == 1
    risky = presets.sse(limit_bps=500).rules(previous_close_ticks=100)
    assert int(risky.high_ticks) == 105
    assert presets.SSE.next_day_sells and not presets.NASDAQ.next_day_sells


def test_ties():
    codes = [TieBreak.SURPLUS, TieBreak.PRESSURE, TieBreak.MIDDLE, TieBreak.NONE]
    np.testing.assert_array_equal(presets.SSE.rules().tie_breaks_R, codes)
    codes = [TieBreak.SURPLUS, TieBreak.REFERENCE, TieBreak.NONE, TieBreak.NONE]
    np.testing.assert_array_equal(presets.SZSE.rules().tie_breaks_R, codes)


def test_stamp_duty_was_halved():
    assert int(presets.SSE.fees().stamp_duty_e8) == 50_000
    assert int(presets.sse(day=date(2023, 8, 27)).fees().stamp_duty_e8) == 100_000
    with pytest.raises(ValueError, match="stamp duty"):
        presets.stamp_duty(date(2000, 1, 1))


def test_nasdaq_pays_makers():
    fees = presets.NASDAQ.fees()
    assert int(fees.maker_per_share_e8) == -20_000_000
    assert int(fees.taker_per_share_e8) == 30_000_000
    assert int(presets.NASDAQ.fees(taker_per_share="0.1").taker_per_share_e8) == 10**7
    assert int(presets.NASDAQ.rules().halt_bps) == 500


def test_venues_are_read_only():
    with pytest.raises(TypeError):
        presets.SSE.rule_values["lot"] = 1
