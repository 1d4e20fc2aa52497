"""What is counted of a tape, on one small enough to count by hand."""

import numpy as np

from marsjax.data.describe import TYPES, describe, summary
from marsjax.data.tape import Tape, message_frame
from marsjax.types import Kind, Side

ROWS = (  # seconds, kind, side, price, quantity, order
    (34_000, Kind.COLLECT, Side.BUY, 99, 300, 1),  # before the open
    (34_000, Kind.COLLECT, Side.SELL, 103, 300, 2),
    (34_200, Kind.LIMIT, Side.BUY, 100, 200, 3),
    (34_201, Kind.LIMIT, Side.SELL, 100, 100, 4),
    (34_201, Kind.CANCEL, Side.BUY, 100, 100, 3),
    (34_204, Kind.CANCEL, Side.BUY, 100, 100, 99),  # of no order
    (34_204, Kind.HIDDEN_FILL, Side.BUY, 101, 50, 0),
    (34_210, Kind.LIMIT, Side.SELL, 101, 400, 5),
)


def tape():
    columns = np.array([tuple(map(int, row)) for row in ROWS]).T
    names = ("time_s", "kind", "side", "price_ticks", "qty", "order_id")
    zeros = np.zeros(len(ROWS), np.int64)
    messages = message_frame(
        "X",
        None,
        time_ns=zeros,
        owner=zeros,
        **dict(zip(names, columns, strict=True)),
    )
    return Tape(
        name="X",
        symbol="X",
        date=None,
        messages=messages,
        tick_size=0.01,
        lot_size=100,
        sessions=((34_200, 57_600),),
        source="test",
    )


def test_counts():
    seen = describe(tape())
    names = [TYPES[i] for i in seen.type_M]
    expected = ["passive", "marketable", "cancel", "refused", "other", "passive"]
    assert names == expected
    # Best bid 100 against 103, then 99 against 103 once order 3 is gone, then 101.
    assert seen.spread_ticks_M.tolist() == [3, 3, 4, 4, 4, 2]
    assert seen.interval_s_M.tolist() == [0, 1, 0, 3, 0, 6]
    assert seen.lots_M[[0, 1, 5]].tolist() == [2, 1, 4]
    assert np.isnan(seen.lots_M[2:5]).all()
    assert seen.live_KS[-1].tolist() == [1, 2]
    assert seen.traded_lots == 1


def test_summary_of_a_tape_without_trading():
    quiet = tape()
    quiet = Tape(**{**vars(quiet), "sessions": ((50_000, 57_600),)})
    row = summary(quiet, describe(quiet))
    assert row["in continuous trading"] == 0
    assert row["spread, mean (ticks)"] is None
    assert row["slots a side needed"] >= 256
