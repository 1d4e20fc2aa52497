"""Other ways to show a market to the model, and the tokenizer that names them."""

import dataclasses

import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.tokens import orders as tk
from marsjax.tokens.decode import to_device
from marsjax.tokens.levels import LEVEL_FEATURE_NAMES
from marsjax.tokens.tape import observe_tape, tape_features
from marsjax.tokens.tokenizer import from_json
from marsjax.tokens.views import LEVELS, TICKS, VIEWS, find_view, view_of
from marsjax.types import Kind
from tests.tokens.server_log import SERVERS
from tests.tokens.test_tape import ROWS, small_tape

LEVEL_ROWS = [
    (10, Kind.COLLECT, 0, 99, 500, 1),
    (10, Kind.COLLECT, 0, 60, 200, 2),
    (10, Kind.COLLECT, 1, 101, 300, 3),
    (10, Kind.COLLECT, 1, 300, 100, 4),
    (12, Kind.LIMIT, 0, 100, 250, 5),
    (13, Kind.LIMIT, 1, 301, 1_000, 6),
]
VALUES = np.arange(1, 33)


def fitted(view):
    """Bins that are lots themselves: n lots are bin n."""
    raw = tk.RawOrders(VALUES % 3, VALUES, VALUES, VALUES)
    return tk.fit(raw, VALUES, view.schema)


def test_a_view_is_found_by_its_options_and_by_its_schema():
    assert find_view() is TICKS and find_view("levels") is LEVELS
    names = [view.schema.name for view in VIEWS]
    assert len(set(names)) == 4 and names[0] == "orders"
    for view in VIEWS:
        assert find_view(view.book, view.merges_cancels) is view
        again = from_json(fitted(view).to_json())
        assert view_of(again.schema) is view and to_device(again).view is view
    with pytest.raises(InputError, match=r"no view 'depth' .* ticks, levels"):
        find_view("depth")
    with pytest.raises(InputError, match="server events with the fields"):
        view_of(SERVERS)
    other = dataclasses.replace(tk.ORDERS, name="orders_levels")
    with pytest.raises(InputError, match="are not orders"):
        view_of(other)


def test_features_of_levels_of_a_known_tape():
    seen = observe_tape(small_tape(LEVEL_ROWS, seeds=4), view=LEVELS)
    table = tape_features(seen, fitted(LEVELS), 100)
    first, second = (dict(zip(LEVEL_FEATURE_NAMES, row, strict=True)) for row in table)
    names = ("bid level 1", "bid level 2", "bid level 3", "bid level 4", "ask level 2")
    assert [first[f"volume at {name}"] for name in names] == [3, 5, 2, 0, 1]
    # Ten lots bid, four asked: 16 * 6 / 14; then fourteen.
    assert first["imbalance of the levels"] == 7
    assert second["imbalance of the levels"] == -3
    assert second["volume at ask level 3"] == 10
    assert second["spread"] == 1 and second["time since the open"] == 2
    assert tk.ORDERS_LEVELS.feature_names == LEVEL_FEATURE_NAMES


def test_the_mirror_image_of_levels():
    rows = np.array(LEVEL_ROWS)
    mirrored = rows.copy()
    mirrored[:, 2] = 1 - rows[:, 2]
    mirrored[:, 3] = 400 - rows[:, 3]
    open_at = {"open2": 400}  # so that basis points mirror too
    one, two = (
        observe_tape(small_tape(r, seeds=4), view=LEVELS)._replace(**open_at)
        for r in (rows, mirrored)
    )
    mirror = tk.ORDERS_LEVELS.mirror
    tokenizer = fitted(LEVELS)
    features, image = (tape_features(seen, tokenizer, 100) for seen in (one, two))
    reflected = features[:, mirror["feature_perm"]] * np.array(mirror["feature_sign"])
    np.testing.assert_array_equal(reflected, image)


CANCELS = [
    (10, Kind.COLLECT, 0, 99, 500, 1),
    (10, Kind.COLLECT, 1, 101, 300, 2),
    (11, Kind.LIMIT, 0, 98, 250, 3),
    (11, Kind.LIMIT, 0, 98, 150, 4),
    (11, Kind.LIMIT, 0, 97, 100, 5),
    (12, Kind.LIMIT, 0, 98, 100, 6),
    (13, Kind.CANCEL, 0, 98, 250, 3),
    (13, Kind.CANCEL, 0, 98, 99, 77),  # refused: nothing stands between
    (13, Kind.CANCEL, 0, 98, 150, 4),
    (13, Kind.CANCEL, 0, 97, 100, 5),  # another price
    (14, Kind.CANCEL, 0, 98, 100, 6),  # another time
    (14, Kind.CANCEL, 1, 101, 100, 2),  # another side
    (14, Kind.CANCEL, 1, 101, 200, 2),
    (14, Kind.LIMIT, 1, 102, 100, 8),
]


def test_repeated_cancels_are_one_token():
    tape = small_tape(CANCELS, seeds=2)
    plain = observe_tape(tape)
    seen = observe_tape(tape, view=find_view(merge_cancels=True))
    assert plain.row.tolist() == [2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13]
    # The last row of each run; rows of any other kind are never merged.
    assert seen.row.tolist() == [2, 3, 4, 5, 8, 9, 10, 12, 13]
    told = "cancels merged with the one before"
    assert seen.left_out[told] == 2 and told not in plain.left_out
    assert seen.raw.type[4:].tolist() == [tk.CANCEL] * 4 + [tk.SELL]
    assert seen.raw.lots.tolist() == [3, 2, 1, 1, 4, 1, 1, 3, 1]
    first, last = [0, 1, 2, 3, 4, 6, 7, 8, 10], [0, 1, 2, 3, 5, 6, 7, 9, 10]
    np.testing.assert_array_equal(seen.raw.price2, plain.raw.price2[first])
    np.testing.assert_array_equal(seen.before2, plain.before2[first])
    np.testing.assert_array_equal(seen.seen.volume_K, plain.seen.volume_K[last])
    np.testing.assert_array_equal(seen.trading_ns, plain.trading_ns[last])
    assert seen.raw.interval_ns.sum() == plain.raw.interval_ns.sum()
    assert seen.raw.lots.dtype == plain.raw.lots.dtype


def test_cancels_of_different_owners_stay_apart():
    owners = np.array([0, 0, 5, 6, 0, 0] + [0] * 8)
    tape = small_tape(CANCELS, seeds=2)
    frame = tape.messages.with_columns(owner=owners.astype(np.int32))
    tape = dataclasses.replace(tape, messages=frame)
    seen = observe_tape(tape, view=find_view(merge_cancels=True))
    assert seen.row.tolist() == [2, 3, 4, 5, 6, 8, 9, 10, 12, 13]


def test_a_tape_without_cancels_to_merge_is_the_same():
    tape = small_tape(ROWS[:4], seeds=2)
    plain, seen = (
        observe_tape(tape, view=view) for view in (TICKS, find_view("ticks", True))
    )
    for a, b in zip(plain.raw, seen.raw, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype
