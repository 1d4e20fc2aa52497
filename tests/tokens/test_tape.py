"""Tokens of a tape: known answers, one meaning in tape and market, no leak of tests."""

import numpy as np

from marsjax.data.tape import Tape, message_frame
from marsjax.tokens import orders as tk
from marsjax.tokens.clock import NS, to_trading_ns, to_wall
from marsjax.tokens.observe import FEATURE_NAMES, MIRROR_PERM, MIRROR_SIGN
from marsjax.tokens.tape import observe_tape, tape_features
from marsjax.types import Kind


def small_tape(rows, seeds=0, **options) -> Tape:
    """A tape from ``(time_s, kind, side, price, qty, id)`` rows."""
    time_s, kind, side, price, qty, order_id = np.array(rows).T
    frame = message_frame(
        "TEST",
        None,
        time_s=time_s,
        time_ns=np.zeros_like(time_s),
        kind=kind,
        side=side,
        price_ticks=price,
        qty=qty,
        order_id=order_id,
        owner=np.zeros_like(time_s),
    )
    settings = {"tick_size": 0.01, "lot_size": 100, "sessions": ((0, 1000),)}
    return Tape(
        name="TEST",
        symbol="TEST",
        date=None,
        messages=frame,
        source="test",
        seed_rows=seeds,
        **{**settings, **options},
    )


ROWS = [
    (10, Kind.COLLECT, 0, 99, 500, 1),
    (10, Kind.COLLECT, 1, 101, 300, 2),
    (12, Kind.LIMIT, 0, 100, 250, 3),  # improves the bid: mid 100 -> 100.5
    (15, Kind.LIMIT, 1, 100, 150, 4),  # sells 150 to it
    (15, Kind.CANCEL, 0, 100, 100, 3),  # takes the rest off
    (20, Kind.CANCEL, 0, 100, 100, 77),  # unknown: refused, no token
    (21, Kind.HALT, 0, 0, 0, 0),
]


def test_raw_values_of_a_known_tape():
    seen = observe_tape(small_tape(ROWS, seeds=2))
    assert seen.row.tolist() == [2, 3, 4]
    assert seen.raw.type.tolist() == [tk.BUY, tk.SELL, tk.CANCEL]
    # Anchors before: 99 + 101, then 100 + 101 twice (100 shares of the bid are left).
    assert seen.before2.tolist() == [200, 201, 201]
    assert seen.raw.price2.tolist() == [0, -1, -1]
    assert seen.raw.lots.tolist() == [3, 2, 1]  # odd lots count as whole ones
    assert seen.raw.interval_ns.tolist() == [12 * NS, 3 * NS, 0]
    assert seen.traded.tolist() == [0, -150, 0]
    assert seen.open2 == 200
    assert sum(seen.left_out.values()) == 2


def test_features_of_a_known_tape():
    tape = small_tape(ROWS, seeds=2)
    seen = observe_tape(tape)
    # Bins that are lots themselves: edges 1..31, so n lots are bin n.
    values = np.arange(1, 33)
    tokenizer = tk.fit(
        tk.RawOrders(values % 3, values, values, values), np.arange(1, 33)
    )
    assert tokenizer.edges["book_lots"].tolist() == list(range(1, 32))
    table = dict(
        zip(FEATURE_NAMES, tape_features(seen, tokenizer, 100)[1], strict=True)
    )
    # After the sale: bid 100 x 100, 99 x 500; ask 101 x 300.
    assert table["volume at tick -1"] == 1
    assert table["volume at tick -2"] == 5
    assert table["volume at tick +1"] == 3
    assert table["volume at best bid"] == 1 and table["volume at best ask"] == 3
    assert table["spread"] == 1
    assert table["imbalance at the touch"] == -8
    assert table["mid change since the open"] == 50
    assert table["mid change of this order"] == 0
    assert table["time since the open"] == 3
    assert table["volume traded by this order"] == -2


def test_mirror_image_of_a_tape_has_mirrored_tokens_and_features():
    """Buy for sell, prices reflected: the symmetry training uses is the real one."""
    rows = np.array(ROWS[:5])
    mirrored = rows.copy()
    mirrored[:, 2] = 1 - rows[:, 2]
    mirrored[:, 3] = 200 - rows[:, 3]
    one, two = (observe_tape(small_tape(r, seeds=2)) for r in (rows, mirrored))
    values = np.arange(-40, 41)
    tokenizer = tk.fit(
        tk.RawOrders(values % 3, values, np.abs(values) + 1, np.abs(values)),
        np.arange(1, 33),
    )
    mirror = tk.ORDERS.mirror["fields"]
    tokens, image = (tk.encode(tokenizer, seen.raw) for seen in (one, two))
    assert np.array_equal(np.array(mirror[0])[tokens[:, 0]], image[:, 0])
    # An order at the very mid has two names; every other price mirrors exactly.
    off_mid = one.raw.price2 != 0
    assert np.array_equal(np.array(mirror[1])[tokens[off_mid, 1]], image[off_mid, 1])
    features = [tape_features(seen, tokenizer, 100) for seen in (one, two)]
    change = FEATURE_NAMES.index("mid change since the open")
    reflected = features[0][:, MIRROR_PERM] * np.array(MIRROR_SIGN)
    # The open is at 100 in both, so basis points mirror too.
    assert np.array_equal(reflected, features[1])
    assert np.any(features[0][:, change])


def test_lunch_has_no_length():
    sessions = ((100, 200), (300, 400))
    time_s = np.array([100, 199, 200, 250, 300, 399])
    trading = to_trading_ns(time_s, np.zeros(6), sessions) // NS
    assert trading.tolist() == [0, 99, 100, 100, 100, 199]
    wall_s, _ = to_wall(trading[[0, 1, 4, 5]], np.zeros(4), sessions)
    assert wall_s.tolist() == [100, 199, 300, 399]
