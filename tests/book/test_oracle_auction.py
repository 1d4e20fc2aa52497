"""Known answers of the oracle: call auctions."""

import json
import random

import pytest

from marsjax.book.rules import TieBreak
from marsjax.types import Kind, Phase, Status
from tests import oracle_auction
from tests.book.answers import (
    BUY,
    SELL,
    auction_fill,
    cancel,
    expire,
    fill,
    limit,
    queue,
    reason,
    rest,
    start,
    uncrossed,
)
from tests.oracle import OracleRules


def test_collecting():
    oracle = start(limit(SELL, 100, 5, 1), phase=Phase.COLLECT)
    assert oracle.submit(*limit(BUY, 105, 5, 2)) == [rest(2, 105, 5)]
    assert oracle.submit(Kind.MARKET, SELL, 5, 6, 3, 0, 2) == [rest(3, 0, 6)]
    assert [o.order_id for o in oracle.orders(SELL)] == [3, 1]
    assert oracle.level2(3) == [[(105, 5)], [(100, 5)]]
    oracle.phase = Phase.CONTINUOUS
    # A waiting market order trades in an auction only, and nothing behind it.
    assert oracle.submit(Kind.MARKET, BUY, 0, 1, 4) == [expire(4, 0, 1)]
    assert reason(oracle.submit(Kind.FOK, BUY, 200, 1, 4)) == Status.NOT_FILLABLE
    assert oracle.submit(Kind.CANCEL, 0, 0, 1, 3) == [cancel(3, 0, 1)]
    assert oracle.submit(Kind.MODIFY, 0, 106, 1, 3) == [rest(3, 106, 1)]
    assert oracle.submit(Kind.MARKET, BUY, 0, 1, 4) == [fill(4, 1, 100, 1)]


def test_uncross_fills_by_priority_and_moves_icebergs_back():
    oracle = start(phase=Phase.COLLECT)
    for row in (
        limit(BUY, 105, 20, 1, 0, 5),
        limit(BUY, 105, 4, 2),
        limit(SELL, 100, 12, 3),
        limit(SELL, 108, 9, 4),
    ):
        oracle.submit(*row)
    assert oracle.submit(Kind.UNCROSS, 0, 0, 0, 0) == [
        auction_fill(1, 105, 12, 5),
        auction_fill(3, 105, 12),
        uncrossed(105, 12),
    ]
    assert queue(oracle, BUY) == [(2, 105, 4, 0), (1, 105, 5, 3)]
    assert oracle.last_price == 105 and oracle.phase == Phase.COLLECT
    assert oracle.submit(Kind.UNCROSS, 0, 0, 0, 0) == [uncrossed(0, 0)]
    assert oracle.last_price == 105


@pytest.mark.parametrize("rest_market", [False, True])
def test_market_orders_an_auction_leaves(rest_market):
    oracle = start(phase=Phase.COLLECT, rest_market=rest_market)
    oracle.submit(Kind.MARKET, BUY, 0, 5, 1, 0, 2)
    oracle.submit(Kind.MARKET, BUY, 0, 5, 2)
    oracle.submit(*limit(BUY, 100, 5, 3))
    oracle.submit(*limit(SELL, 100, 3, 4))
    events = oracle.submit(Kind.UNCROSS, 0, 0, 0, 0)
    assert events[:2] == [auction_fill(1, 100, 3, 2), auction_fill(4, 100, 3)]
    if rest_market:
        left = [rest(2, 100, 5), rest(1, 100, 2)]
        assert [o[0] for o in queue(oracle, BUY)] == [2, 3, 1]  # by seq
    else:
        left = [expire(2, 0, 5), expire(1, 0, 2)]
        assert queue(oracle, BUY) == [(3, 100, 5, 0)]
    assert events[2:] == [*left, uncrossed(100, 3)]


def test_market_orders_alone():
    """They trade at the reference price, and expire where there is none."""
    for reference, last_price, price in ((50, 60, 50), (0, 60, 60), (0, 0, 0)):
        oracle = start(phase=Phase.COLLECT, rest_market=True)
        oracle.reference, oracle.last_price = reference, last_price
        oracle.submit(Kind.MARKET, BUY, 0, 5, 1)
        oracle.submit(Kind.MARKET, SELL, 0, 5, 2)
        events = oracle.submit(Kind.UNCROSS, 0, 0, 0, 0)
        if price:
            fills = [auction_fill(1, price, 5), auction_fill(2, price, 5)]
            assert events == [*fills, uncrossed(price, 5)]
        else:
            assert events == [expire(1, 0, 5), expire(2, 0, 5), uncrossed(0, 0)]
        assert oracle.last_price == price


BALANCED = [(BUY, 110, 5), (SELL, 100, 5)]  # 100..110, no surplus
BIDS = [(BUY, 110, 9), (SELL, 100, 5)]  # 100..110, a surplus of bids
ASKS = [(BUY, 110, 5), (SELL, 100, 9)]
# Volume 5 at 100..110, surplus +3 at 100..103, 0 at 104..106, -2 at 107..110.
STEPS = [(BUY, 110, 5), (BUY, 103, 3), (SELL, 100, 5), (SELL, 107, 2)]
R = TieBreak


@pytest.mark.parametrize(
    ("orders", "tie_breaks", "options", "price"),
    [
        (BALANCED, (), {}, 100),  # the lowest is what is left
        (BALANCED, (R.HIGHEST,), {}, 110),
        (BALANCED, (R.LOWEST, R.HIGHEST), {}, 100),
        (BALANCED, (R.MIDDLE,), {}, 105),
        (BALANCED, (R.MIDDLE,), {"tick": 10}, 110),  # half a tick rounds up
        (BALANCED, (R.PRESSURE, R.HIGHEST), {}, 110),  # no pressure
        (BIDS, (R.PRESSURE,), {}, 110),
        (ASKS, (R.PRESSURE, R.HIGHEST), {}, 100),
        (BIDS, (R.PRESSURE,), {"reference": 101, "band_bps": 500}, 107),  # 106.05
        (BIDS, (R.PRESSURE,), {"reference": 50, "band_bps": 500}, 100),
        (BIDS, (R.PRESSURE,), {"reference": 101, "band_bps": 500, "tick": 2}, 106),
        (ASKS, (R.PRESSURE,), {"reference": 109, "band_bps": 500}, 103),  # 103.55
        (ASKS, (R.PRESSURE,), {"reference": 109, "band_bps": 500, "tick": 2}, 104),
        (ASKS, (R.PRESSURE,), {"reference": 200, "band_bps": 500}, 110),
        (BALANCED, (R.REFERENCE,), {"reference": 104}, 104),
        (BALANCED, (R.REFERENCE,), {"reference": 90}, 100),
        (BALANCED, (R.REFERENCE,), {"reference": 300}, 110),
        (BALANCED, (R.REFERENCE,), {"reference": 105, "tick": 10}, 110),
        (BALANCED, (R.REFERENCE, R.HIGHEST), {}, 110),  # no reference
        (STEPS, (R.SURPLUS,), {}, 104),
        (STEPS, (R.SURPLUS, R.HIGHEST), {}, 106),
        (STEPS, (R.SURPLUS, R.REFERENCE), {"reference": 108}, 106),
        # Surplus of both signs and the same size: neither bids nor asks press.
        ([(BUY, 110, 5), (BUY, 105, 2), (SELL, 100, 5), (SELL, 106, 2)],
         (R.SURPLUS, R.PRESSURE, R.MIDDLE), {}, 105),
    ],
)  # fmt: skip
def test_tie_breaks(orders, tie_breaks, options, price):
    oracle = start(phase=Phase.COLLECT, tie_breaks=tie_breaks, **options)
    for i, (side, at, qty) in enumerate(orders):
        oracle.submit(*limit(side, at, qty, i))
    assert oracle.submit(Kind.UNCROSS, 0, 0, 0, 0)[-1] == uncrossed(price, 5)


def test_wide_ranges_need_only_the_prices_around_orders(monkeypatch):
    """The short cut of the oracle's auction finds what every tick finds."""
    rng = random.Random(0)

    def orders(num):
        prices = [None, *range(90, 112)]
        return [(rng.choice(prices), rng.randint(1, 9)) for _ in range(num)]

    volumes = 0
    for _ in range(300):
        rules = OracleRules(
            tick=rng.choice([1, 2, 5]),
            low_ticks=rng.choice([1, 80]),
            high_ticks=120,
            band_bps=rng.choice([0, 300]),
            tie_breaks=tuple(rng.sample(list(TieBreak), 4)),
        )
        sides = orders(rng.randint(0, 6)), orders(rng.randint(0, 6))
        case = (*sides, rules, rng.choice([0, 85, 100, 103]))
        monkeypatch.setattr(oracle_auction, "MAX_TICKS", 10_000)
        every_tick = oracle_auction.auction_price(*case)
        monkeypatch.setattr(oracle_auction, "MAX_TICKS", 0)
        assert oracle_auction.auction_price(*case) == every_tick
        volumes += every_tick[1] > 0
    assert volumes > 100


def test_conformance(shared):
    """Worked examples of call auctions from rulebooks."""
    path = shared / "conformance/auctions.jsonl"
    cases = [json.loads(line) for line in path.read_text().splitlines()]
    assert len(cases) == 19
    for case in cases:
        # Orders of no quantity only say what prices the examples are about.
        marks = [order["price"] for order in case["orders"] if order["qty"] == 0]
        limits = {"low_ticks": min(marks), "high_ticks": max(marks)} if marks else {}
        band = round(10_000 * (case.get("band") or 0))
        oracle = start(
            phase=Phase.COLLECT,
            reference=case.get("ref") or 0,
            band_bps=band,
            **limits,
        )
        for i, order in enumerate(o for o in case["orders"] if o["qty"]):
            is_market = order["price"] is None
            kind = Kind.MARKET if is_market else Kind.LIMIT
            side = "BS".index(order["side"])
            oracle.submit(kind, side, order["price"] or 0, order["qty"], i)
        *_, last = oracle.submit(Kind.UNCROSS, 0, 0, 0, 0)
        assert last == uncrossed(case["price"] or 0, case["qty"]), case["src"]
        assert oracle.status == 0
