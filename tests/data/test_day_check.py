"""Shanghai's days from their raw opening auction on, against their tapes."""

from dataclasses import replace
from functools import lru_cache

import jax
import pytest

from marsjax import book as mbook
from marsjax.book.auction import indicative
from marsjax.book.presets import SSE, sse
from marsjax.book.rules import TieBreak, rules
from marsjax.data import prepare_sse, read_store, write_tape
from marsjax.data.day_check import check_day
from marsjax.data.whole_day import ENTRY, as_received
from marsjax.types import Kind, Phase
from tests.data.fixtures import with_line, write
from tests.data.sse_day import ORDERS, TRADES

# Opening and closing price (ticks of 0.01 CNY) and volume; continuous fills, cancels.
REAL = {
    "600536": ((5121, 61_090), (5073, 175_007), 33_105, 12_580),
    "600761": ((2130, 30_700), (2150, 14_200), 24_668, 8_816),
    "601825": ((548, 2_800), (548, 25_000), 5_340, 1_997),
}


@lru_cache
def real_tape(folder, code):
    files = (
        folder / f"data/SSE_{code}.SH_2023-07-11_{kind}.csv.xz"
        for kind in ("orders", "trades")
    )
    return prepare_sse(*files)


def prepare(folder, orders=ORDERS, trades=TRADES):
    return prepare_sse(*write(folder, XX_2024_orders=orders, XX_2024_trades=trades))


@pytest.mark.parametrize(
    "code",
    [pytest.param(c, marks=pytest.mark.slow) if c == "600536" else c for c in REAL],
)
def test_shanghai_from_the_raw_opening_auction_on(shared, code):
    opening, closing, fills, cancels = REAL[code]
    day = check_day(real_tape(shared, code))
    for auction, expected in zip(day["auctions"], (opening, closing), strict=True):
        assert (auction["price_ticks"], auction["qty"]) == expected
        assert (auction["exchange_price_ticks"], auction["exchange_qty"]) == expected
        assert auction["orders_identical"] == auction["orders_total"] > 0
        assert auction["trades_identical"] == auction["trades_total"] > 0
        assert auction["ok"]
    assert day["fills_identical"] == day["fills_total"] == fills
    assert day["cancels_matched"] == day["cancels_total"] == cancels
    assert (day["rejected"], day["crossed_states"], day["status"]) == (0, 0, [])
    assert day["identical"]


def test_the_opening_tie_of_600761(shared):
    """From 21.28 to 21.30 with bids of 8,800 left over; the exchange printed 21.30."""
    stream = as_received(real_tape(shared, "600761"))
    uncross = int((stream.messages.kind == Kind.UNCROSS).argmax())
    collected = jax.tree.map(lambda x: x[:uncross], stream.messages)
    before = mbook.init(512, rules=SSE.rules(**ENTRY), phase=Phase.CLOSED)
    book = mbook.run(before, collected).book

    indicative_fn = jax.jit(indicative)

    def ends_at(*tie_breaks):
        tried = book.replace(rules=rules(tie_breaks=tie_breaks))
        return tuple(int(x) for x in indicative_fn(tried))

    surplus, pressure = TieBreak.SURPLUS, TieBreak.PRESSURE
    assert ends_at(surplus, TieBreak.LOWEST) == (2128, 30_700, 8_800)
    assert ends_at(surplus, TieBreak.HIGHEST) == (2130, 30_700, 8_800)
    assert ends_at(surplus, pressure, TieBreak.MIDDLE) == (2130, 30_700, 8_800)
    assert ends_at(surplus, TieBreak.MIDDLE) == (2129, 30_700, 8_800)
    # Without the smallest surplus first, the largest volume alone ties further down.
    assert ends_at(TieBreak.MIDDLE) == (2114, 30_700, 23_200)
    assert SSE.rule_values["tie_breaks"] == (surplus, pressure, TieBreak.MIDDLE)


def test_a_made_up_day(tmp_path):
    write_tape(tmp_path / "store", prepare(tmp_path))
    (tape,) = read_store(tmp_path / "store")
    seen = []
    day = check_day(tape, progress_fn=lambda *numbers: seen.append(numbers))
    opening, closing = day["auctions"]
    assert (opening["price"], opening["qty"], opening["ok"]) == (10.03, 400, True)
    assert (closing["price"], closing["qty"], closing["ok"]) == (10.15, 340, True)
    assert (opening["orders_total"], opening["trades_total"]) == (3, 2)
    assert (day["fills_total"], day["cancels_total"]) == (2, 2)
    assert day["identical"] and seen[-1][0] == seen[-1][1]


def test_another_tie_break_is_told(tmp_path):
    """The rulebook's own text, the middle price, is not what the exchange does."""
    middle = sse(tie_breaks=(TieBreak.SURPLUS, TieBreak.MIDDLE))
    day = check_day(prepare(tmp_path), middle)
    assert [a["price_ticks"] for a in day["auctions"]] == [1002, 1017]
    assert [a["ok"] for a in day["auctions"]] == [False, False]
    assert [a["orders_identical"] for a in day["auctions"]] == [3, 3]
    assert not day["identical"]


@pytest.mark.parametrize(
    ("file", "line", "old", "new", "tells"),
    [
        ("trades", 2, "300,8", "200,8", {"orders_identical": 1, "qty": 400}),
        ("trades", 3, "11,16", "15,16", {"orders_identical": 2, "orders_total": 4}),
        ("trades", 2, "100300", "100200", {"price_ticks": 1003, "ok": False}),
        ("orders", 3, "100900,400", "100900,900", {"ok": True}),
        ("orders", 8, "100000,100", "100000,200", {"qty": 500, "ok": False}),
        ("orders", 8, "100000,100,2", "100400,100,2", {"qty": 300, "ok": False}),
    ],
)
def test_a_damaged_opening_is_told(tmp_path, file, line, old, new, tells):
    texts = {"orders": ORDERS, "trades": TRADES}
    texts[file] = with_line(texts[file], line, old, new)
    if tells.get("ok"):  # what a cancelled order was makes no difference
        texts[file] = with_line(texts[file], 6, old, new)
    day = check_day(prepare(tmp_path, **texts))
    opening = day["auctions"][0]
    assert {name: opening[name] for name in tells} == tells
    assert day["identical"] == opening["ok"] == tells.get("ok", False)


def test_what_our_exchange_refuses_is_told(tmp_path):
    final = with_line(ORDERS, 6, "09:18", "09:20")  # no cancels from 09:20 on
    day = check_day(prepare(tmp_path, final))
    assert day["rejected"] == 1 and day["cancels_matched"] == 1
    assert "phase" in day["status"][0] and not day["identical"]


def test_a_day_without_auction_orders(tmp_path):
    simulated = replace(prepare(tmp_path), source="marsjax")
    assert check_day(simulated) is None
    lines = ORDERS.splitlines(keepends=True)
    continuous = lines[0] + lines[8] + lines[11]
    trades = TRADES.splitlines()[0] + "\n11:00:00.000,17,30,2,99800,10,13\n"
    assert check_day(prepare(tmp_path, continuous, trades)) is None
