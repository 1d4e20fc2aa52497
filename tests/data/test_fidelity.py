"""The comparisons of a replay with its tape tell right from wrong."""

import numpy as np
import polars as pl
import pytest

from marsjax.data import fidelity, message_frame
from marsjax.types import Event, EventKind, Kind

FILLS = np.array([[3, 100, 5, 1, 9], [3, 101, 5, 2, 9], [7, 100, 1, 4, 8]])


def changed(row, column, value):
    fills = FILLS.copy()
    fills[row, column] = value
    return fills


@pytest.mark.parametrize(
    ("found", "matched"),
    [
        (FILLS, (3, 3)),
        (changed(1, 1, 102), (2, 3)),
        (changed(1, 2, 4), (2, 3)),
        (changed(1, 3, 3), (2, 3)),
        (changed(1, 4, 3), (2, 3)),
        (changed(1, 0, 4), (2, 4)),  # one is missing and another one too many
        (FILLS[[1, 0, 2]], (1, 3)),  # wrong order within a message
        (FILLS[:2], (2, 3)),
        (np.concatenate([FILLS, [[9, 100, 1, 5, 6]]]), (3, 4)),
        (FILLS[:0], (0, 3)),
    ],
)
def test_fills(found, matched):
    assert fidelity.compare_fills(FILLS, found) == matched


def test_no_fills_at_all():
    assert fidelity.compare_fills(FILLS[:0], FILLS[:0]) == (0, 0)


def events_of(*rows):
    names = ("kind", "order_id", "qty")
    fields = dict(zip(names, np.array(rows).T, strict=True))
    return Event(**{name: fields.get(name) for name in Event._fields})


def test_cancels():
    kind = [Kind.LIMIT, Kind.CANCEL, Kind.CANCEL, Kind.CANCEL, Kind.AUCTION_FILL]
    kind += [Kind.CANCEL, Kind.LIMIT]
    ids = np.array([1, 1, 1, 5, 1, 6, 6])
    num = len(kind)
    frame = message_frame(
        "X", None, kind=np.array(kind), order_id=ids, qty=np.full(num, 10),
        **{name: np.zeros(num, int) for name in
           ("time_s", "time_ns", "side", "price_ticks", "owner")},
    )  # fmt: skip
    unknown = fidelity.unknown_cancels(np.array(kind), ids)
    assert unknown.nonzero()[0].tolist() == [3, 5]  # 6 comes in only later
    message = np.arange(num)
    good = [(EventKind.CANCEL, order, 10) for order in ids]
    good[0] = good[6] = (EventKind.REST, 1, 10)
    compare = fidelity.compare_cancels
    assert compare(frame, events_of(*good), message) == (2, 2)
    assert compare(frame, events_of(*good), message, of=Kind.AUCTION_FILL) == (1, 1)
    for wrong in ((EventKind.CANCEL, 1, 9), (EventKind.CANCEL, 2, 10)):
        assert compare(frame, events_of(*good[:2], wrong, *good[3:]), message) == (1, 2)
    reject = (EventKind.REJECT, 1, 10)
    assert compare(frame, events_of(*good[:2], reject, *good[3:]), message) == (1, 2)


def test_crossed_states():
    top = np.array(
        [[101, 1, 100, 1], [100, 1, 100, 1], [99, 1, 100, 1], [0, 0, 100, 1]]
    )
    rows = np.array([True] * 4)
    assert fidelity.crossed_states(top, rows) == 2
    assert fidelity.crossed_states(top, ~rows) == 0


def test_levels():
    reference = np.array([[[101, 5, 100, 5], [0, 0, 99, 5]]] * 4)
    book = np.concatenate([reference, np.ones((4, 1, 4), int)], axis=1)
    book[:, 1, 0] = 777  # the price of an empty level means nothing
    assert fidelity.levels_exact(reference, book) == [1.0, 1.0]
    book[0, 0, 3] = 6
    book[1:3, 1, 2] = 98
    assert fidelity.levels_exact(reference, book) == [0.75, 0.5]
    assert fidelity.levels_exact(reference[:0], book[:0]) == []


def test_book_levels_orders_sides():
    price, qty = np.array([[[9, 8], [11, 12]]]), np.array([[[1, 2], [3, 4]]])
    levels = fidelity.book_levels(price, qty)
    assert levels.tolist() == [[[11, 3, 9, 1], [12, 4, 8, 2]]]


def test_quotes_of_frame_reads_nulls_as_empty():
    frame = pl.DataFrame(
        {"row": [4], "ask_price_0": [3], "ask_qty_0": [1], "bid_price_0": [None],
         "bid_qty_0": [None]}
    )  # fmt: skip
    row, levels = fidelity.quotes_of_frame(frame)
    assert row.tolist() == [4] and levels.tolist() == [[[3, 1, 0, 0]]]


def walk(num, seed=0):
    rng = np.random.default_rng(seed)
    steps = rng.integers(-2, 3, (num, 4))
    steps[:, 0] |= 1  # each state differs from the one before
    return 1000 + np.cumsum(steps, axis=0)


def test_level1_ignores_repeats():
    reference = walk(3000)
    repeated = np.repeat(reference, np.arange(3000) % 3 + 1, axis=0)
    assert fidelity.level1_exact(reference, repeated) == (2999, 2999)
    assert fidelity.level1_exact(repeated, reference) == (5999, 5999)


def test_level1_counts_what_has_no_partner():
    reference = walk(3000)
    assert fidelity.level1_exact(reference, np.delete(reference, 700, axis=0)) == (
        2998,
        2999,
    )
    wrong = reference.copy()
    wrong[500:510, 1] += 10_000
    assert fidelity.level1_exact(reference, wrong) == (2989, 2999)
    more = np.insert(reference, [1200] * 600, [1, 2, 3, 4], axis=0)
    more[1200:1800, 0] += np.arange(600)
    assert fidelity.level1_exact(reference, more) == (2999, 2999)


def test_level1_of_unlike_streams():
    reference = walk(20_000)
    assert fidelity.level1_exact(reference, reference + 10**6) == (0, 19_999)
    assert fidelity.level1_exact(reference[:1], reference) == (0, 0)
    assert fidelity.level1_exact(reference, reference[:0]) == (0, 19_999)


def test_a_saturated_quantity_does_not_hide_a_crossed_book():
    top = np.array([[100, -(2**31), 100, 5], [100, 5, 99, 5], [0, 0, 100, 5]])
    assert fidelity.crossed_states(top, np.ones(3, bool)) == 1
