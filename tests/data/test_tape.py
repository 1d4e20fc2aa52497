"""What the exchange is given for a tape, and how a tape is split in time."""

from dataclasses import replace

import numpy as np
import pytest

from marsjax.data import Tape, dense_ids, encode_ids, message_frame, to_messages
from marsjax.data.tape import split_rows
from marsjax.types import Kind

COLUMNS = ("kind", "side", "price_ticks", "qty", "order_id", "owner")


def tape_of(time_s, kind=Kind.LIMIT, order_id=None, **options):
    num = len(time_s)
    frame = message_frame(
        "X",
        None,
        time_s=np.array(time_s),
        time_ns=np.zeros(num, int),
        kind=np.broadcast_to(kind, num),
        side=np.ones(num, int),
        price_ticks=np.full(num, 100),
        qty=np.full(num, 5),
        order_id=np.arange(num) if order_id is None else np.array(order_id),
        owner=np.full(num, 2),
    )
    given = {"sessions": ((10, 20), (30, 40)), **options}
    return Tape("X", "X", None, frame, 0.01, 1, source="made up", **given)


def test_messages_of_every_kind():
    kinds = np.array(list(Kind))
    sent = to_messages(tape_of([10] * len(kinds), kinds).messages)
    assert all(field.dtype == np.int32 for field in sent[:6])
    acts = [*range(6), Kind.CANCEL, 0, 0, 0, *range(Kind.MARKET, max(Kind) + 1)]
    assert sent.kind.tolist() == acts
    is_record = np.isin(kinds, (Kind.HIDDEN_FILL, Kind.CROSS, Kind.HALT))
    assert sent.qty.tolist() == np.where(is_record, 0, 5).tolist()
    assert sent.owner.tolist() == np.where(is_record, 0, 2).tolist()


def test_large_ids_are_numbered_densely():
    frame = tape_of([10] * 4, order_id=[2**40, 7, 2**40, 2**33]).messages
    table = dense_ids(frame)
    assert to_messages(frame).order_id.tolist() == [2, 0, 2, 1]
    assert table[to_messages(frame).order_id].tolist() == frame["order_id"].to_list()
    assert encode_ids(np.array([2**33]), table).tolist() == [1]


def test_small_ids_are_kept():
    frame = tape_of([10] * 2, order_id=[2**31 - 1, 7]).messages
    assert dense_ids(frame) is None
    assert to_messages(frame).order_id.tolist() == [2**31 - 1, 7]


def test_split_counts_continuous_rows_only():
    time_s = [5] * 10 + [*range(10, 20), 25, *range(30, 40)] + [50] * 30
    rows, times = split_rows(tape_of(time_s), (0.5, 0.25, 0.25))
    assert rows == {"train": [10, 21], "valid": [21, 26], "test": [26, 31]}
    assert times["train"] == [[10, 0], [30, 0]]
    assert times["test"] == [[35, 0], [50, 0]]


def test_split_never_cuts_through_one_time():
    time_s = [10] * 3 + [11] * 6 + [12]
    rows, _ = split_rows(tape_of(time_s), (0.5, 0.3, 0.2))
    assert rows == {"train": [0, 9], "valid": [9, 9], "test": [9, 10]}


@pytest.mark.parametrize("seed", range(5))
def test_split_of_random_times(seed):
    rng = np.random.default_rng(seed)
    time_s = np.sort(rng.integers(0, 45, 200))
    seeds = int(rng.integers(0, 90))
    tape = replace(tape_of(time_s), seed_rows=seeds)
    rows, times = split_rows(tape, (0.7, 0.1, 0.2))
    (a, b), (c, d), (e, f) = rows.values()
    assert b == c and d == e and a <= b <= d <= f
    assert a >= seeds
    for cut in (b, d):
        assert cut == f or time_s[cut] > time_s[cut - 1]
    inside = ((time_s >= 10) & (time_s < 20)) | ((time_s >= 30) & (time_s < 40))
    inside[:seeds] = False
    assert inside.sum() == inside[a:f].sum()
    # In time, the end is outside of the part and its start inside.
    seconds = {part: (start[0], end[0]) for part, (start, end) in times.items()}
    for part, (start, end) in rows.items():
        chosen = time_s[start:end][inside[start:end]]
        assert ((chosen >= seconds[part][0]) & (chosen < seconds[part][1])).all()


def test_a_tape_without_continuous_rows_has_empty_parts():
    rows, _ = split_rows(tape_of([5, 6]), (0.7, 0.1, 0.2))
    assert set(map(tuple, rows.values())) == {(0, 0)}
