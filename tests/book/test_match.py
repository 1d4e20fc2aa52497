"""Ways to run a book give the same integers; see test_properties for the oracle."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax import book as mbook
from marsjax.types import EventKind, Kind, Message, Status, explain
from tests.book.streams import as_tuples

SLOTS = 8  # small, so that sides fill up
KINDS = [Kind.LIMIT] * 4 + [Kind.IOC, Kind.CANCEL, Kind.CANCEL, Kind.MODIFY]


def to_stream(rows) -> Message:
    return Message(*np.asarray(rows, np.int32).T)


def stack(books):
    return jax.tree.map(lambda *xs: jnp.stack(xs), *books)


def test_submit_unbatched_equals_vmapped_equals_stream():
    """One program, three ways to run it, the same integers."""
    rng = np.random.default_rng(0)
    num_books, length = 5, 60

    def stream():
        kind = rng.choice([int(k) for k in KINDS], length)
        return np.stack(
            [
                kind,
                rng.integers(0, 2, length),
                rng.integers(95, 106, length),
                rng.integers(1, 9, length),
                rng.integers(0, 30, length),
                rng.integers(0, 3, length),
            ],
            axis=-1,
        ).astype(np.int32)

    rows_BT6 = np.stack([stream() for _ in range(num_books)])

    def scan_one(book, rows_T6):
        def step(book, row_6):
            return mbook.submit(book, Message(*row_6), max_events=12)

        return jax.lax.scan(step, book, rows_T6)

    def scan_batch(books_B, rows_TB6):
        def step(books_B, rows_B6):
            messages_B = Message(*jnp.moveaxis(rows_B6, -1, 0))
            return jax.vmap(lambda b, m: mbook.submit(b, m, max_events=12))(
                books_B, messages_B
            )

        return jax.lax.scan(step, books_B, rows_TB6)

    empty = mbook.init(64)
    batched, events_TBE = jax.jit(scan_batch)(
        stack([empty] * num_books), jnp.asarray(rows_BT6.swapaxes(0, 1))
    )
    vmapped, _ = jax.jit(jax.vmap(scan_one))(
        stack([empty] * num_books), jnp.asarray(rows_BT6)
    )
    for b in range(num_books):
        alone, events_TE = jax.jit(scan_one)(empty, jnp.asarray(rows_BT6[b]))
        result = mbook.run(mbook.init(64), Message(*rows_BT6[b].T), chunk_size=64)
        for other in (batched, vmapped):
            jax.tree.map(
                lambda x, y, b=b: np.testing.assert_array_equal(x, y[b]), alone, other
            )
        jax.tree.map(np.testing.assert_array_equal, alone, result.book)
        jax.tree.map(
            lambda x, y, b=b: np.testing.assert_array_equal(x, y[:, b]),
            events_TE,
            events_TBE,
        )
        flat = jax.tree.map(lambda x: x.reshape(-1), events_TE)
        happened = np.asarray(flat.kind) != EventKind.NONE
        listed = jax.tree.map(lambda x, keep=happened: np.asarray(x)[keep], flat)
        assert as_tuples(listed) == as_tuples(result.events)


def test_long_sweep_with_a_short_event_buffer():
    """The book stays exact, the last event is kept and the loss is told."""
    rows = [(Kind.LIMIT, 1, 100 + i, 1, i, 0) for i in range(6)]
    book = mbook.run(mbook.init(SLOTS), to_stream(rows)).book
    sweep = Message(int(Kind.LIMIT), 0, 104, 7, 99, 3)
    book, events = mbook.submit(book, sweep, max_events=3)
    assert events.kind.tolist() == [EventKind.FILL, EventKind.FILL, EventKind.REST]
    assert events.qty.tolist() == [1, 1, 2]
    assert int(book.status) == Status.EVENTS_TRUNCATED
    assert [int(x) for x in mbook.quote(book)] == [104, 105, 2, 1]


def test_full_side_rejects_the_newcomer_only():
    rows = [(Kind.LIMIT, 0, 100, 5, i, 0) for i in range(SLOTS + 1)]
    result = mbook.run(mbook.init(SLOTS), to_stream(rows))
    assert result.events.kind[-1] == EventKind.REJECT
    assert result.events.qty[-1] == 5
    assert int(mbook.quote(result.book).bid_qty) == 5 * SLOTS
    assert "full" in explain(int(result.book.status))[0]


def test_a_side_never_holds_more_than_an_int32():
    """Level sums cannot wrap: the order that would make them is refused."""
    rows = [(Kind.LIMIT, 0, 100, 2**31 - 1, i, 0) for i in range(2)]
    result = mbook.run(mbook.init(SLOTS), to_stream(rows), observe_fn=mbook.quote)
    assert result.events.kind.tolist() == [EventKind.REST, EventKind.REJECT]
    assert result.events.reason[-1] == Status.TOTAL_QTY
    assert result.observations.bid_qty.tolist() == [2**31 - 1] * 2
    live = np.asarray(result.book.qty_SN).sum(axis=-1, dtype=np.int64)
    np.testing.assert_array_equal(result.book.total_qty_S, live)


def test_a_reject_names_its_own_sender():
    book = mbook.run(mbook.init(1), to_stream([(Kind.LIMIT, 0, 9, 1, 1, 7)])).book
    _, events = mbook.submit(book, Message(int(Kind.CANCEL), 0, 0, 0, 99, 3))
    assert int(events.kind[0]) == EventKind.REJECT and int(events.owner[0]) == 3


@pytest.mark.parametrize(
    ("value", "error"), [(10.7, TypeError), (np.int64(2**32 + 5), OverflowError)]
)
def test_nothing_is_rounded_or_wrapped(value, error):
    message = Message(int(Kind.LIMIT), 0, value, 1, 1, 0)
    with pytest.raises(error):
        mbook.submit(mbook.init(4), message)
    with pytest.raises(error):
        mbook.run(mbook.init(4), Message(*(np.asarray([x]) for x in message)))


def test_an_event_buffer_needs_room():
    message = Message(int(Kind.LIMIT), 0, 1, 1, 1, 0)
    with pytest.raises(ValueError, match="max_events"):
        mbook.submit(mbook.init(4), message, max_events=0)


def test_collect_rests_across_the_spread():
    """A call auction's orders may cross; they do not trade."""
    rows = [(Kind.LIMIT, 1, 100, 5, 1, 0), (Kind.COLLECT, 0, 105, 5, 2, 0)]
    result = mbook.run(mbook.init(SLOTS), to_stream(rows), observe_fn=mbook.quote)
    assert result.events.kind.tolist() == [EventKind.REST, EventKind.REST]
    assert int(result.observations.bid_ticks[-1]) == 105


def test_volumes_around_mid():
    rows = [
        (Kind.LIMIT, 0, 99, 7, 1, 0),
        (Kind.LIMIT, 0, 97, 2, 2, 0),
        (Kind.LIMIT, 1, 102, 4, 3, 0),
        (Kind.LIMIT, 1, 101, 1, 4, 0),
    ]
    book = mbook.run(mbook.init(SLOTS), to_stream(rows)).book
    # mid 100: ticks 97 98 99 | 101 102 103
    volumes = mbook.volumes_around_mid(book, 3, jnp.int32(99 + 101))
    assert volumes.tolist() == [-2, 0, -7, 1, 4, 0]
    # mid 100.5: ticks 98 99 100 | 101 102 103
    volumes = mbook.volumes_around_mid(book, 3, jnp.int32(201))
    assert volumes.tolist() == [0, -7, 0, 1, 4, 0]


def test_live_orders_lists_each_order_once():
    rows = [(Kind.LIMIT, 0, 99, 7, 1, 4), (Kind.LIMIT, 1, 101, 1, 2, 5)]
    live = mbook.live_orders(mbook.run(mbook.init(SLOTS), to_stream(rows)).book)
    keep = np.asarray(live.is_live)
    assert np.asarray(live.order_id)[keep].tolist() == [1, 2]
    assert np.asarray(live.side)[keep].tolist() == [0, 1]
    assert np.asarray(live.owner)[keep].tolist() == [4, 5]


def test_one_compilation_for_each_shape():
    from marsjax.book.stream import run_chunk

    def stream(num):
        rows = [(Kind.LIMIT, 0, 99, 7, i, 0) for i in range(num)]
        return mbook.run(mbook.init(32), to_stream(rows), chunk_size=16)

    stream(9)
    before = run_chunk._cache_size()
    stream(12)
    stream(16)
    assert run_chunk._cache_size() == before


@pytest.mark.slow
def test_a_book_that_grows_loses_nothing():
    """Doubling the slots in mid-stream gives what a large book gives."""
    rng = np.random.default_rng(1)
    num = 400
    side = rng.integers(0, 2, num)
    rows = np.stack(
        [
            rng.choice([int(Kind.LIMIT)] * 3 + [int(Kind.CANCEL)], num),
            side,
            100 + np.where(side == 0, -1, 1) * rng.integers(-1, 20, num),
            rng.integers(1, 9, num),
            rng.integers(0, 300, num),
            np.zeros(num, int),
        ],
        axis=-1,
    )
    options = {"observe_fn": mbook.quote, "chunk_size": 64}
    large = mbook.run(mbook.init(512), to_stream(rows), **options)
    grown = mbook.run(mbook.init(8), to_stream(rows), max_slots=512, **options)
    assert grown.book.num_slots > 64
    assert as_tuples(grown.events) == as_tuples(large.events)
    jax.tree.map(np.testing.assert_array_equal, grown.observations, large.observations)
    with pytest.raises(ValueError, match="do not fit"):
        mbook.with_slots(grown.book, 8)


def test_no_slots_is_an_error():
    with pytest.raises(ValueError, match="at least 1"):
        mbook.init(0)
