"""A day of messages with its controls, and whole days on the real book."""

import jax.numpy as jnp
import numpy as np
import pytest

from marsjax import book as mbook
from marsjax.book import presets
from marsjax.book.day import halt_controls, with_schedule
from marsjax.book.sessions import Schedule, Stage, clock
from marsjax.types import EventKind, Kind, Message, Phase, Side, Status
from tests.book.control_rows import rows

DAY = Schedule(
    (
        Stage(100, Phase.COLLECT, True, "opening auction"),
        Stage(200, Phase.CONTINUOUS),
        Stage(300, Phase.CLOSED, name="lunch", held=True),
        Stage(400, Phase.CONTINUOUS),
        Stage(500, Phase.COLLECT_FINAL, True),
        Stage(600, Phase.CLOSED),
    )
)


def stream(num: int, display_qty=None) -> Message:
    ids = np.arange(num, dtype=np.int32)
    same = np.ones(num, np.int32)
    kind = np.full(num, Kind.LIMIT, np.int32)
    return Message(kind, 0 * same, 50 * same, same, ids, same, display_qty)


def test_a_day_keeps_every_message_in_order():
    # 199.9 s is out of order, at 200 s exactly, held from 350 s to 400 s.
    time_s = np.array([50, 100, 200, 199, 250, 350, 360, 420, 700], np.int32)
    time_ns = np.array([7, 0, 0, 9, 1, 2, 3, 4, 5], np.int32)
    day = with_schedule(stream(9), time_s, time_ns, DAY)
    kinds = {Kind.LIMIT: "m", Kind.PHASE: "p", Kind.UNCROSS: "u"}
    told = "".join(kinds[kind] for kind in day.messages.kind.tolist())
    assert told == "pm" + "pm" + "upmmm" + "p" + "pmmm" + "p" + "upm"
    own = day.row >= 0
    np.testing.assert_array_equal(day.row[own], np.arange(9))
    np.testing.assert_array_equal(day.messages.order_id[own], np.arange(9))
    assert day.time_s[own].tolist() == [50, 100, 200, 199, 250, 400, 400, 420, 700]
    assert day.time_ns[own].tolist() == [7, 0, 0, 9, 1, 0, 0, 4, 5]
    assert day.time_s[~own].tolist() == [0, 100, 200, 200, 300, 400, 500, 600, 600]
    assert all(
        x.dtype == np.int32 for x in (*day.messages[:6], day.time_s, day.time_ns)
    )
    assert day.messages.display_qty is None


def test_icebergs_and_empty_streams():
    shown = np.array([3, 4], np.int32)
    times = np.array([150, 150], np.int32)
    day = with_schedule(stream(2, shown), times, 0 * times, DAY)
    assert day.messages.display_qty.tolist() == [0, 0, 3, 4] + [0] * 7
    none = np.zeros(0, np.int32)
    assert len(with_schedule(stream(0), none, none, DAY).row) == 9
    with pytest.raises(ValueError, match="each message"):
        with_schedule(stream(2), times[:1], times, DAY)


def test_a_halt_reopens_with_an_auction():
    phase, uncross = int(Kind.PHASE), int(Kind.UNCROSS)
    collect = (phase, int(Phase.COLLECT), 0)
    assert rows(halt_controls(210, 50, DAY, reference_ticks=9)) == [
        (210, *collect),
        (260, uncross, 0, 0),
        (260, phase, Phase.CONTINUOUS, 9),
    ]
    # Cut short by the lunch break: uncrossed as it begins, and no trading in it.
    assert rows(halt_controls(290, 50, DAY)) == [(290, *collect), (300, uncross, 0, 0)]
    # Cut short by the closing auction: the orders go into that one.
    assert rows(halt_controls(490, 10, DAY)) == [(490, *collect)]
    always = Schedule((Stage(0, Phase.CONTINUOUS),))
    assert rows(halt_controls(86_399, 300, always))[-1][0] == 86_699
    for time_s, pause_s in ((310, 5), (550, 5), (210, 0), (20, 5)):
        with pytest.raises(ValueError):
            halt_controls(time_s, pause_s, DAY)


def test_halts_come_before_the_schedule_on_a_tie():
    times = np.array([295, 300], np.int32)
    halt = halt_controls(290, 50, DAY)
    day = with_schedule(stream(2), times, 0 * times, DAY, halts=[halt])
    from_lunch = day.time_s >= 290
    assert day.messages.kind[from_lunch].tolist()[:4] == [
        Kind.PHASE,  # the auction after the halt
        Kind.LIMIT,
        Kind.UNCROSS,
        Kind.PHASE,  # the lunch break
    ]


def sent(*orders) -> tuple[Message, np.ndarray, np.ndarray]:
    """``(time, kind, side, price, qty, id)`` in order of time."""
    time, *columns = zip(*orders, strict=True)
    kind, side, price, qty, ids = (np.array(x, np.int32) for x in columns)
    time_s = np.array([clock(*t) for t in time], np.int32)
    owner = np.zeros_like(ids)
    return Message(kind, side, price, qty, ids, owner), time_s, 0 * time_s


def told(book, day) -> list[tuple]:
    """Events but the phases: ``(kind, id, price, qty, reason)`` by name."""
    events = mbook.run(book, day.messages).events
    names = ("kind", "order_id", "price_ticks", "qty", "reason")
    columns = (getattr(events, name).tolist() for name in names)
    return [
        (EventKind(kind).name, order_id, price, qty, Status(reason))
        for kind, order_id, price, qty, reason in zip(*columns, strict=True)
        if kind != EventKind.PHASE
    ]


def closed_book(venue, **values):
    rules = venue.rules(previous_close_ticks=1000)
    book = mbook.init(8, rules=rules, phase=Phase.CLOSED, **values)
    return book.replace(last_price_ticks=jnp.int32(1000))


def test_a_day_in_shanghai():
    limit, cancel, buy, sell = Kind.LIMIT, Kind.CANCEL, Side.BUY, Side.SELL
    stream = sent(
        ((9, 10), limit, buy, 1000, 100, 1),  # before the day
        ((9, 15), limit, buy, 1010, 300, 2),
        ((9, 16), limit, buy, 1005, 200, 3),
        ((9, 17), limit, sell, 1000, 400, 4),
        ((9, 18), limit, sell, 990, 100, 5),
        ((9, 19), cancel, sell, 0, 0, 5),
        ((9, 20), cancel, buy, 0, 0, 3),  # too late
        ((9, 22), limit, sell, 1101, 100, 6),  # beyond the day's limit
        ((9, 27), limit, sell, 1000, 100, 7),  # between auction and open
        ((9, 31), limit, sell, 1005, 100, 8),
        ((9, 32), limit, buy, 1026, 100, 9),  # 2 % above the last price and a tick
        ((11, 30), limit, buy, 1005, 100, 10),  # lunch
        ((13, 0), limit, sell, 1006, 200, 11),
        ((14, 58), limit, buy, 1010, 200, 12),
        ((15, 0), limit, buy, 1010, 100, 13),  # after the day
    )
    ok, phase = Status.OK, Status.PHASE
    day = with_schedule(*stream, presets.SSE.schedule)
    assert told(closed_book(presets.SSE), day) == [
        ("REJECT", 1, 1000, 100, phase),
        ("REST", 2, 1010, 300, ok),
        ("REST", 3, 1005, 200, ok),
        ("REST", 4, 1000, 400, ok),
        ("REST", 5, 990, 100, ok),
        ("CANCEL", 5, 990, 100, ok),
        ("REJECT", 3, 0, 0, phase),
        ("REJECT", 6, 1101, 100, Status.PRICE_LIMIT),
        # From 1000 to 1005 all 400 trade, and 100 bids are left: pressure.
        ("AUCTION_FILL", 2, 1005, 300, ok),
        ("AUCTION_FILL", 3, 1005, 100, ok),
        ("AUCTION_FILL", 4, 1005, 400, ok),
        ("UNCROSS", -1, 1005, 400, ok),
        ("REJECT", 7, 1000, 100, phase),
        # What the auction left is matched in continuous trading.
        ("FILL", 8, 1005, 100, ok),
        ("REJECT", 9, 1026, 100, Status.COLLAR),
        ("REJECT", 10, 1005, 100, phase),
        ("REST", 11, 1006, 200, ok),
        ("REST", 12, 1010, 200, ok),
        ("AUCTION_FILL", 12, 1008, 200, ok),
        ("AUCTION_FILL", 11, 1008, 200, ok),
        ("UNCROSS", -1, 1008, 200, ok),  # nothing left over: the middle
        ("REJECT", 13, 1010, 100, phase),
    ]


def test_ties_of_an_opening():
    """The tie of 600761 on 2023-07-11; Shenzhen goes to the previous close instead."""
    stream = sent(
        ((9, 16), Kind.LIMIT, Side.BUY, 2130, 39_500, 1),
        ((9, 16), Kind.LIMIT, Side.SELL, 2128, 30_700, 2),
    )
    for venue, price in ((presets.SSE, 2130), (presets.SZSE, 2129)):
        rules = venue.rules(previous_close_ticks=2129)
        book = mbook.init(8, rules=rules, phase=Phase.CLOSED)
        book = book.replace(last_price_ticks=jnp.int32(2129))
        crosses = [
            event
            for event in told(book, with_schedule(*stream, venue.schedule))
            if event[0] == "UNCROSS"
        ]
        assert crosses[0] == ("UNCROSS", -1, price, 30_700, Status.OK)


def test_orders_held_before_the_open():
    stream = sent(
        ((9, 26), Kind.LIMIT, Side.SELL, 1000, 100, 1),
        ((9, 27), Kind.LIMIT, Side.BUY, 1000, 100, 2),
    )
    venue = presets.szse(held_before_open=True)
    day = with_schedule(*stream, venue.schedule)
    events = [event[:2] for event in told(closed_book(venue), day)]
    assert [e for e in events if e[0] != "UNCROSS"] == [("REST", 1), ("FILL", 2)]


def test_a_halt_and_its_reopening():
    stream = sent(
        ((10, 0), Kind.LIMIT, Side.SELL, 1051, 100, 1),
        ((10, 0, 1), Kind.LIMIT, Side.BUY, 1060, 300, 2),  # would trade 5.1 % away
        ((10, 0, 1), Kind.LIMIT, Side.BUY, 1000, 100, 3),
        ((10, 3), Kind.LIMIT, Side.BUY, 1060, 100, 4),
        ((10, 6), Kind.LIMIT, Side.SELL, 1060, 100, 5),
    )
    schedule = presets.NASDAQ.schedule
    halt = halt_controls(clock(10, 0, 2), 300, schedule, reference_ticks=1055)
    day = with_schedule(*stream, schedule, halts=[halt])
    events = told(closed_book(presets.NASDAQ, reference_ticks=1000), day)
    assert [e for e in events if e != ("UNCROSS", -1, 0, 0, Status.OK)] == [
        ("REST", 1, 1051, 100, Status.OK),
        ("REJECT", 2, 1060, 300, Status.HALT),
        ("REJECT", 3, 1000, 100, Status.PHASE),
        ("REST", 4, 1060, 100, Status.OK),
        ("AUCTION_FILL", 4, 1051, 100, Status.OK),
        ("AUCTION_FILL", 1, 1051, 100, Status.OK),
        ("UNCROSS", -1, 1051, 100, Status.OK),
        ("REST", 5, 1060, 100, Status.OK),
    ]
