"""The realistic stream is what it says, for a book that knows nothing of it."""

import numpy as np
import pytest

from marsjax.commands.plain_book import PlainBook
from marsjax.synth.random_stream import RandomStream
from marsjax.types import EventKind, Kind


@pytest.fixture(scope="module")
def ran():
    """40,000 messages after an opening, and their events in a plain book."""
    stream, book = RandomStream(1, 50, num_ids=400), PlainBook()
    opening = book.run(stream.opening().tolist())
    assert len(opening) == 100
    assert all(kind == EventKind.REST for kind, *_ in opening)
    rows = stream.rows(40_000)
    return rows, [book.run([row]) for row in rows.tolist()], book


def test_shares_of_adds_cancels_and_marketable_orders(ran):
    rows, events, _ = ran
    takes = np.array([sum(e[0] == EventKind.FILL for e in es) for es in events])
    is_cancel = rows[:, 0] == Kind.CANCEL
    share = np.array([((takes == 0) & ~is_cancel).mean(), is_cancel.mean()])
    np.testing.assert_allclose(share, [0.47, 0.43], atol=0.015)
    np.testing.assert_allclose((takes > 0).mean(), 0.1, atol=0.01)
    counts = np.bincount(takes)
    assert len(counts) == 4  # nothing takes more than three orders
    np.testing.assert_allclose(
        counts[1:] / counts[1:].sum(), [0.6, 0.3, 0.1], atol=0.03
    )
    assert set(rows[:, 0]) == {Kind.LIMIT, Kind.IOC, Kind.CANCEL}


def test_every_message_does_what_it_means_to(ran):
    """Cancels find their order, adds rest whole, marketable orders leave nothing."""
    rows, events, _ = ran
    for (kind, side, price, qty, *_), es in zip(rows.tolist(), events, strict=True):
        kinds = {e[0] for e in es}
        assert len(kinds) == 1
        if kind == Kind.CANCEL:
            assert kinds == {EventKind.CANCEL} and es[0][3] == price
        elif kind == Kind.IOC or len(es) > 1:
            assert kinds == {EventKind.FILL} and sum(e[4] for e in es) == qty
        assert side in (0, 1) and price > 0 and qty >= 0


def test_the_sides_keep_their_size(ran):
    rows, events, _ = ran
    live = np.zeros(2, int) + 50
    open_qty = {}
    low, high, total = live.copy(), live.copy(), np.zeros(2)
    stream = RandomStream(1, 50, num_ids=400)
    for _, side, _, qty, order_id, *_ in stream.opening().tolist():
        open_qty[order_id] = [side, qty]
    for (_, side, *_), es in zip(rows.tolist(), events, strict=True):
        for kind, order_id, maker_id, _, qty in es:
            if kind == EventKind.REST:
                assert order_id not in open_qty  # no id is used by two live orders
                open_qty[order_id] = [side, qty]
                live[side] += 1
                continue
            gone = maker_id if kind == EventKind.FILL else order_id
            open_qty[gone][1] -= qty
            if open_qty[gone][1] == 0:
                live[open_qty.pop(gone)[0]] -= 1
        low, high = np.minimum(low, live), np.maximum(high, live)
        total += live
    assert (low > 25).all() and (high < 75).all()
    np.testing.assert_allclose(total / len(rows), 49, atol=2)


def test_same_seed_same_stream_in_pieces_of_any_size():
    one, two = RandomStream(7, 20), RandomStream(7, 20)
    np.testing.assert_array_equal(one.opening(), two.opening())
    pieces = np.concatenate([two.rows(n) for n in (0, 1, 99, 300)])
    np.testing.assert_array_equal(one.rows(400), pieces)
    assert not np.array_equal(one.rows(50), RandomStream(8, 20).rows(50))


@pytest.mark.parametrize("num_live", [1, 2])
def test_the_smallest_books(num_live):
    stream, book = RandomStream(0, num_live, num_ids=4 * num_live + 4), PlainBook()
    book.run(stream.opening().tolist())
    assert len(book.run(stream.rows(2_000).tolist())) >= 2_000


def test_bad_sizes():
    with pytest.raises(ValueError, match="num_live"):
        RandomStream(0, 0)
    with pytest.raises(ValueError, match="too few"):
        RandomStream(0, 10, num_ids=43)
