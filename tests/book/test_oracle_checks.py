"""Known answers of the oracle: what it refuses and why, stage by stage."""

import pytest

from marsjax.types import MAX_PRICE_TICKS, EventKind, Kind, Phase, SelfTrade, Status
from tests.book.answers import (
    BUY,
    SELL,
    fill,
    limit,
    queue,
    reason,
    reject,
    rest,
    start,
)


def test_padding_does_nothing():
    assert start().submit(Kind.NONE, 9, -1, -1, -1) == []


@pytest.mark.parametrize("kind", [Kind.AUCTION_FILL, Kind.HALT, Kind.CROSS, -1, 17])
def test_unknown_kinds(kind):
    oracle = start(phase=Phase.CLOSED)
    assert reason(oracle.submit(kind, 5, 0, 0, -1)) == Status.BAD_KIND
    assert oracle.status == Status.BAD_KIND


NEW = "LIMIT IOC COLLECT MARKET FOK POST_ONLY POST_ONLY_SLIDE"
REFUSED = {
    Phase.CONTINUOUS: "",
    Phase.COLLECT: "IOC FOK POST_ONLY POST_ONLY_SLIDE",
    Phase.COLLECT_FINAL: "IOC FOK POST_ONLY POST_ONLY_SLIDE CANCEL MODIFY MASS_CANCEL",
    Phase.HALTED: NEW + " MODIFY",
    Phase.CLOSED: NEW + " CANCEL MODIFY MASS_CANCEL",
}


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize(
    "name", [*NEW.split(), "CANCEL", "MODIFY", "MASS_CANCEL", "PHASE", "UNCROSS"]
)
def test_what_a_phase_takes(phase, name):
    oracle = start(limit(BUY, 90, 5, 1), limit(SELL, 110, 5, 3), phase=phase)
    order_id = 1 if name in ("CANCEL", "MODIFY") else 2
    price = 110 if name == "FOK" else 100
    events = oracle.submit(Kind[name], BUY, price, 2, order_id)
    if name in REFUSED[phase].split():
        assert events == [reject(order_id, 2, Status.PHASE)]
        assert queue(oracle, BUY) == [(1, 90, 5, 0)]
    else:
        assert not oracle.status


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ((Kind.LIMIT, BUY, 0, 1, 9), Status.BAD_PRICE),
        ((Kind.FOK, BUY, MAX_PRICE_TICKS + 1, 1, 9), Status.BAD_PRICE),
        ((Kind.MODIFY, 7, -5, 1, 1), Status.BAD_PRICE),
        ((Kind.LIMIT, 2, 100, 1, 9), Status.BAD_SIDE),
        ((Kind.MARKET, -1, -100, 0, 9), Status.BAD_SIDE | Status.BAD_QTY),
        ((Kind.IOC, BUY, 100, -1, 9), Status.BAD_QTY),
        ((Kind.MODIFY, BUY, 100, 0, 1), Status.BAD_QTY),
        ((Kind.CANCEL, BUY, 0, -1, 1), Status.BAD_QTY),
        ((Kind.LIMIT, BUY, 100, 1, 9, 0, -1), Status.BAD_QTY),
        ((Kind.LIMIT, BUY, 100, 1, -9), Status.BAD_ID),
        ((Kind.POST_ONLY, SELL, 100, 1, 1), Status.DUPLICATE_ID),
        ((Kind.CANCEL, BUY, 100, 0, -9), Status.UNKNOWN_ID),
        ((Kind.CANCEL, BUY, 100, -1, 9), Status.UNKNOWN_ID | Status.BAD_QTY),
        ((Kind.MODIFY, BUY, 0, 0, 9), Status.UNKNOWN_ID | 8 | 16),
        ((Kind.PHASE, 0, 0, 5, 0), Status.BAD_QTY),
        ((Kind.PHASE, 0, -1, 0, 0), Status.BAD_QTY),
        ((Kind.PHASE, 0, MAX_PRICE_TICKS + 1, 0, 0), Status.BAD_QTY),
        # Fields come before rules: the price is off the tick grid, too.
        ((Kind.LIMIT, BUY, 99, 0, 9), Status.BAD_QTY),
    ],
)
def test_bad_fields(row, why):
    oracle = start(limit(BUY, 50, 2, 1), tick=2)
    assert oracle.submit(*row) == [reject(row[4], row[3], why)]
    assert queue(oracle, BUY) == [(1, 50, 2, 0)] and oracle.status == why


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ((Kind.LIMIT, BUY, 101, 10, 9), Status.TICK),
        ((Kind.MODIFY, BUY, 101, 10, 1), Status.TICK),
        ((Kind.MARKET, BUY, 101, 10, 9), 0),
        ((Kind.LIMIT, BUY, 100, 15, 9), Status.LOT),
        ((Kind.LIMIT, SELL, 100, 15, 9), 0),
        ((Kind.MODIFY, SELL, 100, 15, 1), Status.LOT),  # a buy, whatever it says
        ((Kind.MARKET, SELL, 0, 110, 9), Status.LOT),  # larger than max_qty
        ((Kind.COLLECT, BUY, 88, 10, 9), Status.PRICE_LIMIT),
        ((Kind.FOK, SELL, 121, 1000, 9), Status.PRICE_LIMIT | Status.LOT | Status.TICK),
        ((Kind.MARKET, SELL, 200, 10, 9), 0),
    ],
)
def test_rules(row, why):
    limits = {"low_ticks": 90, "high_ticks": 120, "max_qty": 100}
    oracle = start(limit(BUY, 90, 20, 1), tick=2, lot=10, odd_lot_sells=True, **limits)
    oracle.submit(*row)
    assert oracle.status == why


@pytest.mark.parametrize(
    ("resting", "side", "price", "is_far"),
    [
        ([(SELL, 1000), (BUY, 500)], BUY, 1100, False),  # 10 % above the best ask
        ([(SELL, 1000), (BUY, 500)], BUY, 1101, True),
        ([(SELL, 1000), (BUY, 500)], SELL, 450, False),
        ([(SELL, 1000), (BUY, 500)], SELL, 449, True),
        ([(BUY, 500)], BUY, 551, True),  # no ask: the best of its own side
        ([(BUY, 500)], BUY, 550, False),
        ([], BUY, 2**28, False),  # nothing to compare with
        ([(SELL, 100)], BUY, 120, False),  # collar_ticks
        ([(SELL, 100)], BUY, 121, True),
    ],
)
def test_collar(resting, side, price, is_far):
    rows = [(Kind.COLLECT, s, p, 5, i) for i, (s, p) in enumerate(resting)]
    for kind in (Kind.LIMIT, Kind.IOC, Kind.POST_ONLY_SLIDE):
        oracle = start(*rows, collar_bps=1000, collar_ticks=20)
        oracle.submit(kind, side, price, 1, 9)
        assert (oracle.status == Status.COLLAR) == is_far
    oracle = start(*rows, collar_bps=1000, collar_ticks=20)
    oracle.submit(Kind.COLLECT, side, price, 1, 9)  # never checked
    assert oracle.status == 0


def test_collar_of_last_price_and_modify():
    rows = [limit(SELL, 1000, 1, 1), limit(BUY, 1000, 1, 2)]
    oracle = start(*rows, collar_bps=1000)
    assert reason(oracle.submit(*limit(BUY, 1101, 1, 3))) == Status.COLLAR
    oracle.submit(*limit(BUY, 1100, 5, 3))
    # The modified order itself is the best of its side.
    assert reason(oracle.submit(Kind.MODIFY, 0, 1211, 5, 3)) == Status.COLLAR
    (event,) = oracle.submit(Kind.MODIFY, 0, 1210, 5, 3)
    assert event == rest(3, 1210, 5)


def test_collar_does_not_look_at_waiting_market_orders():
    oracle = start(collar_bps=1000, phase=Phase.COLLECT)
    oracle.submit(*limit(SELL, 1000, 5, 1))
    oracle.submit(Kind.MARKET, SELL, 0, 5, 2)
    oracle.phase = Phase.CONTINUOUS
    # The ask at 1,000 stands behind a market order: no price to compare with.
    assert oracle.submit(*limit(BUY, 5000, 1, 3)) == [rest(3, 5000, 1)]


def test_post_only():
    oracle = start(limit(SELL, 100, 5, 1))
    assert reason(oracle.submit(Kind.POST_ONLY, BUY, 100, 1, 2)) == Status.WOULD_MATCH
    assert oracle.submit(Kind.POST_ONLY, BUY, 99, 1, 2) == [rest(2, 99, 1)]


def test_post_only_slide():
    oracle = start(limit(SELL, 100, 5, 1), tick=2)
    assert oracle.submit(Kind.POST_ONLY_SLIDE, BUY, 104, 1, 2) == [rest(2, 98, 1)]
    assert oracle.submit(Kind.POST_ONLY_SLIDE, SELL, 90, 1, 3) == [rest(3, 100, 1)]
    oracle = start(limit(SELL, 100, 5, 1), low_ticks=100)
    events = oracle.submit(Kind.POST_ONLY_SLIDE, BUY, 100, 1, 2)
    assert reason(events) == Status.WOULD_MATCH


# Fill-or-kill.


@pytest.mark.parametrize(
    ("mode", "qty", "fills"),
    [
        (SelfTrade.OFF, 40, True),  # everything open, hidden too
        (SelfTrade.OFF, 41, False),
        (SelfTrade.CANCEL_OLDEST, 35, True),  # all but the own 5
        (SelfTrade.CANCEL_OLDEST, 36, False),
        (SelfTrade.CANCEL_NEWEST, 12, True),  # 10 at 100 and 2 shown before the own 5
        (SelfTrade.CANCEL_NEWEST, 13, False),
        (SelfTrade.CANCEL_BOTH, 13, False),
        (SelfTrade.DECREMENT, 12, True),
        (SelfTrade.DECREMENT, 13, False),
    ],
)
def test_fok(mode, qty, fills):
    oracle = start(
        limit(SELL, 100, 10, 1, 1, 4),
        limit(SELL, 101, 5, 2, 1, 2),
        limit(SELL, 101, 5, 3, 7),
        limit(SELL, 102, 20, 4, 2),
        limit(SELL, 103, 20, 5, 2),
        self_trade=mode,
    )
    events = oracle.submit(Kind.FOK, BUY, 102, qty, 9, 7)
    if not fills:
        assert events == [reject(9, qty, Status.NOT_FILLABLE)]
        return
    kinds = [event[0] for event in events]
    assert sum(event[4] for event in events if event[0] == EventKind.FILL) == qty
    assert set(kinds) <= {EventKind.FILL, EventKind.CANCEL}
    assert oracle.find(9) is None


def test_fok_does_not_halt():
    rows = [limit(SELL, 100, 5, 1), limit(SELL, 120, 5, 2)]
    oracle = start(*rows, halt_bps=1000, reference=100)
    assert reason(oracle.submit(Kind.FOK, BUY, 130, 6, 9)) == Status.NOT_FILLABLE
    assert oracle.submit(Kind.FOK, BUY, 130, 5, 9) == [fill(9, 1, 100, 5)]
    # Nor where the first trade would, at a price far better than the reference.
    oracle = start(limit(SELL, 80, 5, 1), halt_bps=1000, reference=100)
    assert reason(oracle.submit(Kind.FOK, BUY, 130, 5, 9)) == Status.NOT_FILLABLE
    assert oracle.phase == Phase.CONTINUOUS
