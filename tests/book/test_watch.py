"""What a ladder shows is what the slots of the book show, after every message."""

import jax
import numpy as np
import pytest

from marsjax import book as mbook
from marsjax.book import steps
from marsjax.book.rules import rules
from marsjax.synth.all_kinds import with_all_kinds
from marsjax.synth.random_stream import RandomStream
from marsjax.types import MAX_PRICE_TICKS, EventKind, Kind, Phase, SelfTrade, Side
from tests.book.streams import EVERYTHING, PLAIN, random_rows, to_message

TICKS, LEVELS = 4, 10
# Every stream and book has one size; blocks are shorter than the streams.
LENGTH, BLOCK, SLOTS = 2_500, 1_024, 64

RULES = (
    *({"self_trade": mode} for mode in SelfTrade),
    {"self_trade": SelfTrade.CANCEL_OLDEST, "keep_priority": False},
    {"rest_market": True, "halt_bps": 300},
    {"collar_bps": 100, "self_trade": SelfTrade.DECREMENT, "rest_market": True},
)


def mid2(seen) -> jax.Array:
    """The mid, or the last trade where a side is empty; of a book or a ladder."""
    book, now = seen
    is_two_sided = (now.bid_ticks > 0) & (now.ask_ticks > 0)
    return jax.numpy.where(
        is_two_sided, now.bid_ticks + now.ask_ticks, 2 * book.last_price_ticks
    )


def by_slots(book):
    now = mbook.quote(book)
    around_K = mbook.volumes_around_mid(book, TICKS, mid2((book, now)))
    return now, around_K, mbook.level2(book, LEVELS)


def by_ladder(ladder):
    now = ladder.quote()
    around_K = ladder.volumes_around_mid(TICKS, mid2((ladder, now)))
    return now, around_K, ladder.level2(LEVELS)


OPTIONS = {"look_fn": by_ladder, "block_size": BLOCK}


def compare(book, rows) -> mbook.StreamResult:
    """Both ways see the same; what they did."""
    messages = to_message(rows, LENGTH)
    same = jax.tree.map(np.asarray, book)
    want = mbook.run(book, messages, observe_fn=by_slots)
    got = mbook.watch(jax.tree.map(jax.numpy.array, same), messages, **OPTIONS)
    jax.tree.map(np.testing.assert_array_equal, got, want)
    return want


def start(options, **more):
    return mbook.init(SLOTS, rules=rules(**options), **more)


def test_everything_under_all_rules():
    """Streams with all that can happen, and all of it has happened in the end."""
    told, refills, crossed, unpriced, anew, num_levels = set(), 0, 0, 0, 0, set()
    for seed in range(3 * len(RULES)):
        rng = np.random.default_rng(seed)
        kinds = (EVERYTHING, EVERYTHING, PLAIN)[seed % 3]
        rows = random_rows(rng, LENGTH, kinds, reach=4, depth=12)
        result = compare(start(RULES[seed % len(RULES)]), rows)
        events, (now, _, levels) = result.events, result.observations
        num_levels |= set((levels.qty_SK > 0).sum(axis=-1).ravel().tolist())
        told |= set(events.kind.tolist())
        refills += (events.refill_qty > 0).sum()
        crossed += ((now.bid_ticks > now.ask_ticks) & (now.ask_ticks > 0)).sum()
        is_modify = rows[result.message_index, 0] == Kind.MODIFY
        anew += (is_modify & (events.kind == EventKind.FILL)).sum()
        is_rest = events.kind == EventKind.REST
        unpriced += (is_rest & (events.price_ticks == 0)).sum()
    assert told == set(EventKind) - {EventKind.NONE}
    assert min(refills, crossed, unpriced, anew) > 50
    assert num_levels == set(range(LEVELS + 1))


def test_a_realistic_stream_of_all_kinds():
    stream = RandomStream(3, 24, num_ids=400)
    rows = np.concatenate([stream.opening(), stream.rows(LENGTH - 48)])
    compare(start({}), rows)
    compare(start({}), with_all_kinds(np.random.default_rng(3), rows, 400, rare=1e-2))


def test_prices_from_one_end_to_the_other():
    """Neighbours at both ends of all prices, and a few anywhere between."""
    rng = np.random.default_rng(5)
    rows = random_rows(rng, LENGTH, EVERYTHING, depth=9)
    ends = np.concatenate([np.arange(1, 9), MAX_PRICE_TICKS - np.arange(8)])
    anywhere = rng.integers(1, MAX_PRICE_TICKS, LENGTH)
    price = np.where(rng.random(LENGTH) < 0.9, rng.choice(ends, LENGTH), anywhere)
    rows[:, 2] = np.where(rows[:, 0] == Kind.PHASE, 0, price)
    result = compare(start({}), rows)
    now, volume_TK, _ = result.observations
    assert now.bid_ticks.max() > MAX_PRICE_TICKS - 9
    assert (volume_TK != 0).sum() > 1_000


def test_a_book_that_holds_orders_already():
    """Icebergs and waiting market orders at the start; the auction comes later."""
    book = start({"rest_market": True}, phase=Phase.COLLECT)
    opening = [
        (Kind.LIMIT, Side.BUY, 105, 40, 1, 0, 7),
        (Kind.MARKET, Side.BUY, 0, 30, 2, 0, 5),
        (Kind.LIMIT, Side.SELL, 100, 50, 3, 0, 0),
        (Kind.LIMIT, Side.SELL, 107, 9, 4, 0, 4),
    ]
    book = mbook.run(book, to_message(opening, BLOCK)).book
    rows = [
        (Kind.NONE, 0, 0, 0, 0, 0, 0),
        (Kind.MODIFY, 0, 105, 39, 1, 0, 0),  # in place
        (Kind.UNCROSS, 0, 0, 0, 0, 0, 0),  # 50 shares; the bids' rest rests
        (Kind.PHASE, 0, 0, Phase.CONTINUOUS, 0, 0, 0),
        (Kind.MODIFY, 0, 104, 30, 1, 0, 0),  # anew, an iceberg still
        (Kind.IOC, Side.SELL, 101, 10, 5, 0, 0),
    ]
    result = compare(book, rows)
    assert EventKind.REPLACE in result.events.kind
    assert result.events.qty[result.events.kind == EventKind.UNCROSS].tolist() == [50]
    assert (result.events.refill_qty > 0).any()
    bid_ticks, bid_qty = (result.observations[0][i][:6].tolist() for i in (0, 2))
    assert bid_ticks[:2] == [105, 105] and bid_qty[:2] == [7, 7]


def test_the_book_may_grow_between_blocks():
    stream = RandomStream(1, 40)
    rows = np.concatenate([stream.opening(), stream.rows(LENGTH - 80)])
    want = mbook.run(start({}), to_message(rows, LENGTH), observe_fn=by_slots)
    told = []
    got = mbook.watch(
        mbook.init(SLOTS // 2),
        to_message(rows),
        max_slots=SLOTS,
        progress_fn=told.append,
        **OPTIONS,
    )
    assert told == [BLOCK, 2 * BLOCK, LENGTH]
    assert got.book.num_slots == SLOTS
    jax.tree.map(np.testing.assert_array_equal, got[1:], want[1:])


def test_no_messages():
    got = mbook.watch(start({}), to_message([]), **OPTIONS)
    assert len(got.message_index) == 0 and got.observations[1].shape == (0, 2 * TICKS)


def test_a_ladder_that_went_wrong_is_noticed(monkeypatch):
    """Cancels that take nothing off: the next block does not begin where one ended."""
    codes = steps._CODE.copy()
    codes[EventKind.CANCEL] = 0
    monkeypatch.setattr(steps, "_CODE", codes)
    rows = random_rows(np.random.default_rng(0), LENGTH, PLAIN)
    with pytest.raises(RuntimeError, match="ladder does not show"):
        mbook.watch(start({}), to_message(rows), **OPTIONS)
