"""The book against the oracle, and what must hold whatever comes, over random streams.

Rules are data and every stream has one length, so that a few compilations serve all.
"""

from dataclasses import replace

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marsjax import book as mbook
from marsjax.book import auction
from marsjax.types import MAX_PRICE_TICKS, EventKind, Kind, Phase, Status
from tests.book.ledger import Ledger
from tests.book.strategies import (
    OPEN,
    UNCROSS,
    any_row,
    control,
    extreme_order,
    extreme_prices,
    extreme_rules,
    fill_or_kill_bid,
    market_order,
    order,
    resting_ask,
    rules,
    small_auction,
    tie_rules,
    tied_order,
)
from tests.book.streams import (
    EVERYTHING,
    PLAIN,
    as_tuples,
    assert_same_state,
    live_orders,
    random_rows,
    to_message,
    to_rules,
)
from tests.oracle import LAST_SEQ, Oracle, OracleRules

LENGTH = 48
SLOTS = (3, 16, 64)  # one block; square blocks; many blocks


def lists(row, size):
    return st.lists(row, min_size=size // 2, max_size=size)


def run(book, rows, **options):
    """`marsjax.book.run`, but a message that never ends is an error."""
    num_calls = 0

    def count(_):
        nonlocal num_calls
        num_calls += 1
        assert num_calls < 2 * LENGTH, "a message does not end"

    return mbook.run(book, to_message(rows, LENGTH), progress_fn=count, **options)


def start(num_slots, oracle_rules, **options):
    return mbook.init(num_slots, rules=to_rules(oracle_rules), **options)


def compare(num_slots, rows, oracle_rules, phase=Phase.CONTINUOUS, reference=0):
    """The book and the oracle agree: events, their messages, and all that is left."""
    oracle = Oracle(num_slots, oracle_rules, phase, reference)
    expected = [oracle.submit(*row) for row in rows]
    book = start(num_slots, oracle_rules, phase=phase, reference_ticks=reference)
    result = run(book, rows)
    assert as_tuples(result.events) == [e for events in expected for e in events]
    counts = np.bincount(result.message_index, minlength=LENGTH).tolist()
    assert counts[: len(rows)] == [len(events) for events in expected]
    assert (np.diff(result.message_index) >= 0).all()
    assert_same_state(result.book, oracle)
    return oracle, result


quick = settings(max_examples=80, deadline=None, derandomize=True)
many = settings(quick, max_examples=200)
books = pytest.mark.parametrize("num_slots", SLOTS)


@books
@quick
@given(lists(st.one_of(any_row, order, order), LENGTH), rules)
def test_whatever_comes(num_slots, rows, oracle_rules):
    compare(num_slots, rows, oracle_rules)


@books
@quick
@given(
    st.one_of(lists(order, 30), lists(order, 30), lists(market_order, 9)),
    st.sampled_from([(UNCROSS,), (UNCROSS, OPEN), (OPEN,)]),
    lists(st.one_of(order, order, control), 14),
    rules,
    st.sampled_from([0, *range(97, 104)]),
)
def test_auctions(num_slots, first, then, last, oracle_rules, reference):
    rows = [*first, *then, *last, UNCROSS]
    compare(num_slots, rows, oracle_rules, Phase.COLLECT, reference)


indicative = jax.jit(auction.indicative)


@many
@given(st.lists(small_auction, min_size=5, max_size=5), tie_rules)
def test_tie_breaks(auctions, oracle_rules):
    """Five auctions of a few orders, each in a book of its own."""
    compare(16, [row for rows in auctions for row in rows], oracle_rules)


@quick
@given(lists(tied_order, 12), tie_rules, st.integers(85, 125))
def test_indicative(rows, oracle_rules, reference):
    """What an auction would do now, without doing it."""
    oracle, result = compare(16, rows, oracle_rules, Phase.COLLECT, reference)
    price, qty, surplus = (int(x) for x in indicative(result.book))
    assert (price, qty) == oracle.indicative()
    bids = [o.qty for o in oracle.orders(0) if o.is_market or o.price >= price]
    asks = [o.qty for o in oracle.orders(1) if o.is_market or o.price <= price]
    assert surplus == (sum(bids) - sum(asks) if qty else 0)


@books
@quick
@given(lists(resting_ask, 20), lists(fill_or_kill_bid, 20), rules)
def test_fill_or_kill(num_slots, asks, bids, oracle_rules):
    """All or nothing, with icebergs, own orders and a halt in the way."""
    oracle_rules = replace(oracle_rules, tick=1, lot=1)
    compare(num_slots, [*asks, *bids], oracle_rules, reference=100)


@books
@many
@given(st.integers(0, 2**32 - 1), rules)
def test_a_day_with_everything(num_slots, seed, oracle_rules):
    steps = {"tick": oracle_rules.tick, "lot": oracle_rules.lot}
    rows = random_rows(np.random.default_rng(seed), LENGTH, EVERYTHING, **steps)
    compare(num_slots, rows.tolist(), oracle_rules)


@books
@quick
@given(
    lists(extreme_order, 16),
    lists(extreme_order, 30),
    extreme_rules,
    st.sampled_from([0, *extreme_prices]),
)
def test_the_ends_of_the_int32(num_slots, first, then, oracle_rules, reference):
    """The largest prices, quantities, ticks and widths: nothing wraps."""
    rows = [*first, UNCROSS, OPEN, *then]
    compare(num_slots, rows, oracle_rules, Phase.COLLECT, reference)


@books
@many
@given(st.integers(0, 2**32 - 1), rules)
def test_invariants(num_slots, seed, oracle_rules):
    """Of the book alone: see `Ledger` for what they are."""
    rng = np.random.default_rng(seed)
    kinds = EVERYTHING if seed % 3 else PLAIN
    steps = {"tick": oracle_rules.tick, "lot": oracle_rules.lot}
    rows = random_rows(rng, LENGTH, kinds, **steps).tolist()
    result = run(start(num_slots, oracle_rules), rows)
    ledger = Ledger(num_slots)
    ledger.follow(rows, result.events, result.message_index)
    for side in (0, 1):
        book = [
            (p if 1 <= p <= MAX_PRICE_TICKS else 0, seq, i, owner, shown + hidden)
            for p, seq, i, owner, shown, hidden, _ in live_orders(result.book, side)
        ]
        assert ledger.live(side) == book
        assert int(result.book.total_qty_S[side]) == sum(row[-1] for row in book)


def test_a_collar_behind_a_waiting_market_order():
    """It is no price to compare with; the last price is."""
    rows = [
        (int(Kind.LIMIT), 1, 100, 1, 1, 0, 0),
        (int(Kind.LIMIT), 0, 100, 1, 2, 0, 0),
        (int(Kind.PHASE), 0, 0, int(Phase.COLLECT), 0, 0, 0),
        (int(Kind.MARKET), 0, 0, 5, 3, 0, 0),
        OPEN,
        (int(Kind.LIMIT), 0, 200, 1, 4, 0, 0),
    ]
    oracle, _ = compare(16, rows, OracleRules(collar_bps=1_000))
    assert oracle.status == Status.COLLAR


def test_the_sequence_counter_runs_out():
    rows = [(int(Kind.LIMIT), 0, 100, 1, i, 0, 0) for i in range(4)]
    oracle = Oracle(16, next_seq=LAST_SEQ - 2)
    expected = [event for row in rows for event in oracle.submit(*row)]
    book = mbook.init(16)
    book = book.replace(next_seq=book.next_seq + (LAST_SEQ - 2))
    result = run(book, rows)
    assert as_tuples(result.events) == expected
    assert [e[0] for e in expected] == [EventKind.REST] * 2 + [EventKind.REJECT] * 2
    assert expected[-1][5] == Status.SEQUENCE


def views(book):
    return mbook.quote(book), mbook.level2(book, 4)


@quick
@given(st.integers(0, 2**32 - 1), rules)
def test_views(seed, oracle_rules):
    """What the market sees after each message: displayed parts of limit orders."""
    rng = np.random.default_rng(seed)
    rows = random_rows(rng, LENGTH, EVERYTHING, tick=oracle_rules.tick).tolist()
    oracle, quotes, levels, acted = Oracle(16, oracle_rules), [], [], []
    for row in rows:
        acted.append(bool(oracle.submit(*row)))
        quotes.append(oracle.quote())
        levels.append(oracle.level2(4))
    result = run(start(16, oracle_rules), rows, observe_fn=views)
    seen, seen_levels = result.observations
    assert list(zip(*(x.tolist() for x in seen), strict=True)) == quotes
    pairs = np.stack([seen_levels.price_ticks_SK, seen_levels.qty_SK], axis=-1)
    shown = [
        [[tuple(pair) for pair in side if pair[0]] for side in sides]
        for sides in pairs.tolist()
    ]
    assert shown == levels
