"""What the exchange is given for a tape."""

import numpy as np

from marsjax.data import Tape, dense_ids, encode_ids, message_frame, to_messages
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
