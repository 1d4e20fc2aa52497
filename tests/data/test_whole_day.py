"""A day as the exchange received it: what goes in, and in which phase."""

from dataclasses import replace

import numpy as np

from marsjax.book.presets import SSE
from marsjax.book.sessions import clock
from marsjax.data import prepare_sse
from marsjax.data.whole_day import as_received, auctions, has_auction_orders, run_day
from marsjax.types import EventKind, Kind, Phase, Status
from tests.data.fixtures import with_line, write
from tests.data.sse_day import ORDERS, TRADES


def prepare(folder, orders=ORDERS, trades=TRADES):
    return prepare_sse(*write(folder, XX_2024_orders=orders, XX_2024_trades=trades))


def test_what_the_exchange_received(tmp_path):
    tape = prepare(tmp_path)
    stream = as_received(tape)
    sent = stream.row >= 0
    kinds = stream.messages.kind
    assert set(kinds[sent]) == {Kind.LIMIT, Kind.CANCEL}
    assert kinds[~sent].tolist().count(Kind.UNCROSS) == 2
    # Every row of the tape but the auctions' records is there once, in its order.
    is_record = tape.messages["kind"].to_numpy() == Kind.AUCTION_FILL
    assert stream.row[sent].tolist() == np.flatnonzero(~is_record).tolist()
    for name in ("price_ticks", "qty", "order_id", "side"):
        values = tape.messages[name].to_numpy()[stream.row[sent]]
        assert getattr(stream.messages, name)[sent].tolist() == values.tolist()
    assert auctions(SSE.schedule) == [
        (clock(9, 25), "opening auction"),
        (clock(15), "closing auction"),
    ]


def test_an_order_before_the_first_auction_trade_is_in_time(tmp_path):
    stream = as_received(prepare(tmp_path))
    ids, kinds = stream.messages.order_id, stream.messages.kind
    opens = np.flatnonzero(kinds == Kind.UNCROSS)[0]
    late = np.flatnonzero((ids == 16) & (stream.row >= 0))[0]
    assert stream.time_s[late] == clock(9, 25) - 1 and late < opens


def rejected(folder, orders):
    """Ids and reasons of what the exchange refuses of a day."""
    result, _ = run_day(prepare(folder, orders))
    events = result.events
    of_it = events.kind == EventKind.REJECT
    return [
        (int(i), Status(int(reason)))
        for i, reason in zip(events.order_id[of_it], events.reason[of_it], strict=True)
    ]


def test_what_comes_out_of_its_time_is_refused(tmp_path):
    assert rejected(tmp_path, ORDERS) == []
    final = with_line(ORDERS, 6, "09:18", "09:20")  # no cancels from 09:20 on
    assert rejected(tmp_path, final) == [(12, Status.PHASE)]
    lunch = with_line(ORDERS, 12, "13:00:00", "12:59:59")
    assert rejected(tmp_path, lunch) == [(19, Status.PHASE)]
    between = with_line(ORDERS, 9, "09:30:00", "09:29:59")
    assert rejected(tmp_path, between)[0] == (17, Status.PHASE)
    early = with_line(ORDERS, 2, "09:15", "09:14")
    assert (11, Status.PHASE) in rejected(tmp_path, early)


def test_the_day_ends_closed_and_was_crossed_only_in_auctions(tmp_path):
    result, _ = run_day(prepare(tmp_path))
    is_crossed, phase = result.observations
    assert int(result.book.phase) == Phase.CLOSED
    crossed_in = set(phase[is_crossed].tolist())
    assert crossed_in == {Phase.COLLECT, Phase.COLLECT_FINAL}
    assert int(result.book.last_price_ticks) == 1015


def test_other_tapes_have_no_auction_orders(tmp_path):
    tape = prepare(tmp_path)
    assert has_auction_orders(tape)
    assert not has_auction_orders(replace(tape, source="marsjax"))
    morning = tape.messages.filter(tape.messages["kind"] != Kind.COLLECT)
    assert not has_auction_orders(replace(tape, messages=morning))
