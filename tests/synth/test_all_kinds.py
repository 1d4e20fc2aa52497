"""Every kind comes, and what a row must look like for the exchange to take it."""

import numpy as np

from marsjax.synth.all_kinds import DISPLAY, ID, KIND, OWNER, PRICE, QTY, with_all_kinds
from marsjax.synth.random_stream import RandomStream
from marsjax.types import EventKind, Kind, Phase, Status
from tests.oracle import Oracle


def make_rows(num=30_000, **options):
    stream = RandomStream(0, 30, num_ids=240)
    rows = np.concatenate([stream.opening(), stream.rows(num)])
    return rows, with_all_kinds(np.random.default_rng(0), rows, 240, **options)


def test_all_kinds_come_and_the_rows_given_stay():
    before, rows = make_rows(rare=1e-2)
    assert set(before[:, KIND]) == {Kind.LIMIT, Kind.IOC, Kind.CANCEL}
    assert set(rows[:, KIND]) >= {int(kind) for kind in Kind}
    assert rows.dtype == np.int32 and rows.shape == before.shape
    assert set(range(8)) <= set(rows[:, OWNER].tolist())
    assert (rows[:, DISPLAY] > 0).mean() > 0.05


def test_nothing_odd_where_none_is_wanted():
    before, rows = make_rows(rare=0.0, bad=0.0)
    assert not set(rows[:, KIND]) & {Kind.FOK, Kind.PHASE, Kind.MASS_CANCEL, Kind.NONE}
    assert (rows[:, PRICE] > 0).all() and (rows[:, QTY] >= 0).all()
    assert ((rows[:, ID] >= 0) & (rows[:, ID] < 240)).all()
    assert (rows == before).all(axis=1).mean() > 0.1


def test_an_exchange_takes_most_of_it_and_refuses_some_of_it():
    """Seen by the oracle: every kind of event and most reasons for a reject."""
    _, rows = make_rows(rare=1e-2)
    oracle = Oracle(64)
    events = [event for row in rows.tolist() for event in oracle.submit(*row)]
    kinds, counts = np.unique([event[0] for event in events], return_counts=True)
    assert set(kinds) == set(EventKind) - {EventKind.NONE, EventKind.DECREMENT}
    assert counts[list(kinds).index(EventKind.REJECT)] < 0.4 * len(rows)
    wanted = Status.UNKNOWN_ID | Status.DUPLICATE_ID | Status.BAD_QTY | Status.BAD_PRICE
    wanted |= Status.PHASE | Status.WOULD_MATCH | Status.NOT_FILLABLE | Status.BAD_KIND
    assert wanted & ~oracle.status == 0
    assert oracle.phase in (Phase.CONTINUOUS, Phase.COLLECT, Phase.COLLECT_FINAL)
