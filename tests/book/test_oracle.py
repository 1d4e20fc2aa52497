"""Known answers of the oracle, worked by hand: one for each rule of matching."""

import pytest

from marsjax.types import EventKind, Kind, Phase, SelfTrade, Status
from tests.book.answers import (
    BUY,
    INT32_MAX,
    SELL,
    cancel,
    expire,
    fill,
    limit,
    queue,
    reason,
    reject,
    rest,
    start,
)
from tests.oracle import LAST_SEQ


def test_cancel_takes_what_is_hidden_first():
    oracle = start(limit(BUY, 100, 10, 1, 0, 4))
    assert oracle.submit(Kind.CANCEL, 9, 9, 3, 1) == [cancel(1, 100, 3)]
    assert queue(oracle, BUY) == [(1, 100, 4, 3)]
    assert oracle.submit(Kind.CANCEL, 9, 9, 5, 1) == [cancel(1, 100, 5)]
    assert queue(oracle, BUY) == [(1, 100, 2, 0)]
    assert oracle.submit(Kind.CANCEL, 9, 9, INT32_MAX, 1) == [cancel(1, 100, 2)]
    assert oracle.orders(BUY) == [] and oracle.find(1) is None
    oracle.submit(*limit(BUY, 100, 10, 1))
    assert oracle.submit(Kind.CANCEL, 9, 9, 0, 1) == [cancel(1, 100, 10)]


def test_modify_keeps_priority_only_when_it_lowers_the_quantity():
    rows = [limit(BUY, 100, 10, 1, 0, 4), limit(BUY, 100, 5, 2)]
    oracle = start(*rows)
    events = oracle.submit(Kind.MODIFY, 9, 100, 3, 1, 0, 1)
    assert events == [(EventKind.REPLACE, 1, -1, 100, 3, 0, 0)]
    assert queue(oracle, BUY) == [(1, 100, 3, 0), (2, 100, 5, 0)]
    assert oracle.submit(Kind.MODIFY, 9, 100, 9, 1) == [rest(1, 100, 9)]
    # It stays an iceberg of 4.
    assert queue(oracle, BUY) == [(2, 100, 5, 0), (1, 100, 4, 5)]
    assert oracle.submit(Kind.MODIFY, 9, 101, 9, 1, 0, 6) == [rest(1, 101, 9)]
    assert queue(oracle, BUY) == [(1, 101, 6, 3), (2, 100, 5, 0)]

    oracle = start(*rows, keep_priority=False)
    assert oracle.submit(Kind.MODIFY, 9, 100, 3, 1) == [rest(1, 100, 3)]
    assert queue(oracle, BUY) == [(2, 100, 5, 0), (1, 100, 3, 0)]


def test_modify_matches_in_continuous_trading_only():
    rows = [limit(BUY, 100, 10, 1, 3), limit(SELL, 105, 4, 2)]
    oracle = start(*rows)
    events = oracle.submit(Kind.MODIFY, SELL, 105, 10, 1, 8)
    assert events == [fill(1, 2, 105, 4), rest(1, 105, 6)]
    assert oracle.find(1).owner == 3 and oracle.find(1).side == BUY
    oracle = start(*rows, phase=Phase.COLLECT)
    assert oracle.submit(Kind.MODIFY, 0, 105, 10, 1) == [rest(1, 105, 10)]


def test_a_full_side_has_room_for_its_own_modified_orders():
    oracle = start(limit(BUY, 100, 10, 1), limit(BUY, 99, 1, 2), capacity=2)
    assert oracle.submit(Kind.MODIFY, 0, 101, 12, 1) == [rest(1, 101, 12)]
    events = oracle.submit(Kind.MODIFY, 0, 101, INT32_MAX, 1)
    assert reason(events) == Status.TOTAL_QTY
    assert queue(oracle, BUY) == [(2, 99, 1, 0)]  # taken out, not let in again


def test_mass_cancel():
    oracle = start(
        limit(BUY, 100, 10, 1, 7, 4),
        limit(SELL, 105, 5, 2, 7),
        limit(BUY, 101, 5, 3, 0),
        limit(BUY, 99, 5, 4, 7),
    )
    events = oracle.submit(Kind.MASS_CANCEL, 0, 0, -1, -1, 7)
    assert events == [cancel(1, 100, 10), cancel(2, 105, 5), cancel(4, 99, 5)]
    assert reason(oracle.submit(Kind.MASS_CANCEL, 0, 0, 0, 0, 7)) == Status.NO_ORDERS
    assert oracle.submit(Kind.MASS_CANCEL, 0, 0, 0, 0, 0) == [cancel(3, 101, 5)]


def test_phase_and_reference():
    oracle = start()
    ((kind, _, _, price, qty, _, _),) = oracle.submit(Kind.PHASE, 0, 77, 1, 0)
    assert (kind, price, qty) == (EventKind.PHASE, 77, Phase.COLLECT)
    assert (oracle.phase, oracle.reference) == (Phase.COLLECT, 77)
    oracle.submit(Kind.PHASE, 0, 0, Phase.CLOSED, 0)
    assert (oracle.phase, oracle.reference) == (Phase.CLOSED, 77)


# Matching.


def test_price_then_time():
    oracle = start(
        limit(SELL, 101, 5, 1),
        limit(SELL, 100, 5, 2),
        limit(SELL, 100, 5, 3),
    )
    events = oracle.submit(*limit(BUY, 101, 20, 4))
    fills = [fill(4, 2, 100, 5), fill(4, 3, 100, 5), fill(4, 1, 101, 5)]
    assert events == [*fills, rest(4, 101, 5)]
    assert oracle.last_price == 101 and oracle.quote() == (101, 0, 5, 0)


def test_what_is_left_of_ioc_and_market_expires():
    rows = [limit(BUY, 100, 5, 1), limit(BUY, 98, 5, 2)]
    oracle = start(*rows)
    events = oracle.submit(Kind.IOC, SELL, 99, 7, 3)
    assert events == [fill(3, 1, 100, 5), expire(3, 99, 2)]
    events = oracle.submit(Kind.MARKET, SELL, 99, 7, 3)
    assert events == [fill(3, 2, 98, 5), expire(3, 0, 2)]


def test_a_market_order_goes_as_far_as_the_collar():
    rows = [limit(SELL, 1000, 1, 1), limit(SELL, 1100, 1, 2), limit(SELL, 1101, 1, 3)]
    oracle = start(*rows, collar_bps=1000)
    events = oracle.submit(Kind.MARKET, BUY, 0, 5, 9)
    assert events == [fill(9, 1, 1000, 1), fill(9, 2, 1100, 1), expire(9, 0, 3)]


def test_icebergs_show_a_part_and_lose_priority_when_they_refill():
    oracle = start(limit(SELL, 100, 10, 1, 0, 4), limit(SELL, 100, 5, 2))
    assert oracle.quote() == (0, 100, 0, 9)
    events = oracle.submit(Kind.IOC, BUY, 100, 16, 3)
    fills = [
        fill(3, 1, 100, 4, 4),
        fill(3, 2, 100, 5),
        fill(3, 1, 100, 4, 2),
        fill(3, 1, 100, 2),
    ]
    assert events == [*fills, expire(3, 100, 1)]
    assert start(limit(SELL, 100, 3, 1, 0, 9)).find(1).displayed == 3


def test_halt():
    rows = [limit(SELL, 110, 5, 1), limit(SELL, 111, 5, 2)]
    oracle = start(*rows, halt_bps=1000, reference=100)
    events = oracle.submit(*limit(BUY, 120, 8, 3))
    assert events == [fill(3, 1, 110, 5), reject(3, 3, Status.HALT)]
    assert oracle.phase == Phase.HALTED and oracle.last_price == 110
    assert oracle.find(3) is None and queue(oracle, SELL) == [(2, 111, 5, 0)]
    oracle = start(*rows, halt_bps=1000)  # no reference: no halt
    assert len(oracle.submit(*limit(BUY, 120, 8, 3))) == 2


SELF = int(Status.SELF_TRADE)
AT_100 = cancel(2, 100, 6, SELF)


@pytest.mark.parametrize(
    ("mode", "want"),
    [
        (SelfTrade.OFF, [fill(9, 2, 100, 3, 3), fill(9, 2, 100, 3), rest(9, 100, 1)]),
        (SelfTrade.CANCEL_NEWEST, [expire(9, 100, 7, SELF)]),
        (SelfTrade.CANCEL_OLDEST, [AT_100, rest(9, 100, 7)]),
        (SelfTrade.CANCEL_BOTH, [AT_100, expire(9, 100, 7, SELF)]),
        (
            SelfTrade.DECREMENT,
            [
                (EventKind.DECREMENT, 9, 2, 100, 3, 0, 3),
                (EventKind.DECREMENT, 9, 2, 100, 3, 0, 0),
                rest(9, 100, 1),
            ],
        ),
    ],
)
def test_self_trade(mode, want):
    rows = [limit(SELL, 99, 1, 1, 5), limit(SELL, 100, 6, 2, 7, 3)]
    oracle = start(*rows, self_trade=mode)
    assert oracle.submit(*limit(BUY, 100, 8, 9, 7)) == [fill(9, 1, 99, 1), *want]
    assert oracle.status == 0
    assert oracle.last_price == (100 if mode == SelfTrade.OFF else 99)
    # Owner 0 is everybody.
    oracle = start(limit(SELL, 100, 6, 2), self_trade=mode)
    assert oracle.submit(*limit(BUY, 100, 6, 9)) == [fill(9, 2, 100, 6)]


def test_a_market_order_met_by_its_owner():
    oracle = start(limit(SELL, 99, 1, 1, 7), self_trade=SelfTrade.CANCEL_NEWEST)
    assert oracle.submit(Kind.MARKET, BUY, 5, 4, 9, 7) == [expire(9, 0, 4, SELF)]


def test_resting_has_three_limits():
    oracle = start(limit(BUY, 100, 5, 1), limit(SELL, 102, 4, 2), capacity=1)
    events = oracle.submit(*limit(BUY, 102, 7, 3))
    assert events == [fill(3, 2, 102, 4), reject(3, 3, Status.BOOK_FULL)]
    oracle = start(limit(BUY, 100, 5, 1, 0, 1))
    assert reason(oracle.submit(*limit(BUY, 1, INT32_MAX - 4, 3))) == Status.TOTAL_QTY
    assert oracle.submit(*limit(BUY, 1, INT32_MAX - 5, 3)) == [
        rest(3, 1, INT32_MAX - 5)
    ]
    oracle.next_seq = LAST_SEQ
    both = Status.SEQUENCE | Status.TOTAL_QTY
    assert reason(oracle.submit(*limit(BUY, 1, 1, 4))) == both
