"""Openings that a market makes, and that market going on."""

import dataclasses
import json
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from marsjax import book as mbook
from marsjax.data.replay import replay_tape
from marsjax.errors import InputError
from marsjax.market import to_tapes
from marsjax.market.invented import (
    FILE,
    Invented,
    opening_tape,
    read_opening,
    start_from_opening,
    write_opening,
)
from marsjax.market.summary import simulated_orders
from marsjax.market.truth import true_rollout
from marsjax.synth import ZIParams, find_market
from marsjax.types import EventKind, Kind

SSE = ((34_200, 41_400), (46_800, 53_820))
INVENTED = Invented(
    market="zi",
    params=ZIParams(),
    about="zero intelligence",
    symbol="MADE",
    tick_size=0.01,
    sessions=SSE,
    begins_s=46_900,
    orders=1_000,
    burn_in=0,
    num_slots=256,
    is_truth=True,
)
B, T = 3, 100


@pytest.fixture(scope="module")
def made():
    """As much of a start as a true market needs, and what the market does from it."""
    market = find_market("zi")
    state, _ = market.functions.start(INVENTED.params, INVENTED.num_slots)
    now = {"clock_s": 7_300, "clock_ns": 999_999_999}
    start = SimpleNamespace(
        tape=opening_tape(INVENTED, 3),
        market=SimpleNamespace(book=state.book, next_id=state.next_id, **now),
        world=SimpleNamespace(start_s=7_300, start_ns=999_999_999),
    )
    args = (market, INVENTED.params, start, jax.random.key(5), B, T)
    return start, true_rollout(*args)


def test_comes_back_from_its_file(tmp_path):
    write_opening(tmp_path, INVENTED)
    again = read_opening(tmp_path)
    for field in dataclasses.fields(Invented):
        if field.name != "params":
            assert getattr(again, field.name) == getattr(INVENTED, field.name)
    same = jax.tree.map(np.array_equal, again.params, INVENTED.params)
    assert all(jax.tree.leaves(same))


@pytest.mark.parametrize("change", [{"format": 9}, {"market": 3}, {"more": 1}])
def test_a_damaged_file_says_so(tmp_path, change):
    write_opening(tmp_path, INVENTED)
    content = json.loads((tmp_path / FILE).read_text()) | change
    (tmp_path / FILE).write_text(json.dumps(content))
    with pytest.raises(InputError, match=FILE):
        read_opening(tmp_path)
    (tmp_path / FILE).unlink()
    with pytest.raises(InputError, match="no opening"):
        read_opening(tmp_path)


def test_an_opening_is_a_tape_of_its_hours():
    tape = opening_tape(INVENTED, 3)
    assert tape.sessions == SSE and tape.symbol == "MADE"
    time_s = tape.messages["time_s"].to_numpy()
    assert time_s[0] == INVENTED.begins_s and time_s[-1] > time_s[0]
    assert len(time_s) - tape.seed_rows == INVENTED.orders
    assert not opening_tape(INVENTED, 4).messages.equals(tape.messages)


@pytest.mark.slow
def test_a_start_stands_at_its_end(trained):
    start = start_from_opening(trained, INVENTED, 3, num_slots=256)
    assert start.row == len(start.tape.messages)
    begun = INVENTED.begins_s - 46_800 + 7_200
    assert begun < start.trading_s < begun + 1_000


def test_the_true_market_is_what_the_exchange_does(made):
    """Its records, replayed: the same quotes and trades, and nothing is refused."""
    start, result = made
    assert (np.diff(result.records.clock_s, axis=1) >= 0).all()
    assert len({tuple(row) for row in result.records.qty.tolist()}) == B
    for b, tape in enumerate(to_tapes(result, start)):
        replayed = replay_tape(tape, observe_fn=quotes, num_slots=256)
        assert not (replayed.events.kind == EventKind.REJECT).any()
        bid, ask = (x[tape.seed_rows :] for x in replayed.observations)
        np.testing.assert_array_equal(bid, result.records.bid_ticks[b])
        np.testing.assert_array_equal(ask, result.records.ask_ticks[b])
        is_fill = replayed.events.kind == EventKind.FILL
        traded = np.bincount(
            replayed.message_index[is_fill],
            replayed.events.qty[is_fill],
            len(tape.messages),
        )
        np.testing.assert_array_equal(
            traded[tape.seed_rows :], result.records.traded_qty[b]
        )


def quotes(book):
    quote = mbook.quote(book)
    return quote.bid_ticks, quote.ask_ticks


def test_the_true_market_has_its_rates(made):
    """Market orders a second: both sides of the paper's rate, within 4 errors."""
    start, result = made
    orders = simulated_orders(result, start)
    seconds = sum(o.interval_s.sum() for o in orders)
    count = (result.records.kind == Kind.IOC).sum()
    expected = 2 * INVENTED.params.market_rate * seconds
    assert abs(count - expected) < 4 * np.sqrt(expected)


def test_a_market_with_a_memory_is_refused(made):
    start, _ = made
    with pytest.raises(ValueError, match="more than its book"):
        true_rollout(find_market("hawkes"), None, start, jax.random.key(0), 1, 1)
