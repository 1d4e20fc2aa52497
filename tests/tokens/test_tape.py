"""Tokens of a tape: known answers, one meaning in tape and market, no leak of tests."""

import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax import synth
from marsjax.data import read_store, write_tapes
from marsjax.data.tape import Tape, message_frame
from marsjax.errors import InputError
from marsjax.tokens import dataset as ds
from marsjax.tokens import tokenizer as tk
from marsjax.tokens.clock import NS, to_trading_ns, to_wall
from marsjax.tokens.decode import (
    draw_values,
    encode_order,
    on_tick,
    to_device,
)
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
    assert tokenizer.book_lots_edges.tolist() == list(range(1, 32))
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
    mirror = tk.mirror_json()
    tokens, image = tokenizer.encode(one.raw), tokenizer.encode(two.raw)
    assert np.array_equal(np.array(mirror["type"])[tokens[:, 0]], image[:, 0])
    # An order at the very mid has two names; every other price mirrors exactly.
    off_mid = one.raw.price2 != 0
    assert np.array_equal(
        np.array(mirror["price"])[tokens[off_mid, 1]], image[off_mid, 1]
    )
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


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    tapes = [synth.synthetic_tape(i, 800, symbol=f"ZI{i}") for i in range(2)]
    write_tapes(folder, tapes)
    return read_store(folder)


def test_dataset_on_disk(store, tmp_path):
    info = ds.write_dataset(store, tmp_path / "data")
    tokens = np.load(tmp_path / "data/tokens.npy", mmap_mode="r", allow_pickle=False)
    features = np.load(tmp_path / "data/features.npy", allow_pickle=False)
    assert tokens.shape == (1600, 4) and tokens.dtype == np.uint8
    assert features.shape == (1600, len(FEATURE_NAMES)) and features.dtype == np.int16
    assert (tokens < np.array(tk.FIELD_SIZES)).all()
    assert json.loads((tmp_path / "data/dataset.json").read_text()) == info
    spans = [(s["start"], s["stop"]) for s in info["segments"]]
    assert spans[0][0] == 0 and spans[-1][1] == 1600
    assert all(a[1] == b[0] for a, b in itertools.pairwise(spans))
    tokenizer = tk.from_json((tmp_path / "data/tokenizer.json").read_text())
    assert tokenizer.sha256 == info["tokenizer_sha256"]


def test_tokenizer_sees_the_training_part_only(store):
    """Changing what comes after the training part changes no bin."""
    seen = [observe_tape(tape) for tape in store]
    before = ds.fit_tokenizer(store, seen)
    cut = [ds.part_bounds(t, s)["train"][1] for t, s in zip(store, seen, strict=True)]
    changed = []
    for observed, stop in zip(seen, cut, strict=True):
        raw = observed.raw._replace(lots=observed.raw.lots.copy())
        raw.lots[stop:] = 10**6
        volume_K = observed.seen.volume_K.copy()
        volume_K[stop:] = 10**8
        changed.append(
            observed._replace(raw=raw, seen=observed.seen._replace(volume_K=volume_K))
        )
    assert ds.fit_tokenizer(store, changed).sha256 == before.sha256
    raw = seen[0].raw._replace(lots=seen[0].raw.lots + 7)
    other = ds.fit_tokenizer(store, [seen[0]._replace(raw=raw), seen[1]])
    assert other.sha256 != before.sha256


def test_decode_then_encode_is_the_same_token(store):
    """What a token decodes to falls back in its own bins, on tick and on lot."""
    tokenizer = ds.fit_tokenizer(store, [observe_tape(tape) for tape in store])
    device = to_device(tokenizer)

    def there_and_back(key):
        key_token, key_draw = jax.random.split(key)
        token = jax.random.randint(key_token, (4,), 0, jnp.array(tk.FIELD_SIZES))
        draw = draw_values(device, token, key_draw)
        again = encode_order(device, token[0], draw.price2, draw.lots, token[3])
        return token, again, draw

    keys = jax.random.split(jax.random.key(0), 500)
    token, again, draw = jax.vmap(there_and_back)(keys)
    assert (np.asarray(draw.lots) >= 1).all()
    # Bins that the training part left empty decode to a neighbour's values.
    raw = [observe_tape(tape).raw for tape in store]
    for field, values, edges in (
        (1, np.concatenate([r.price2 for r in raw]), tokenizer.price2_edges),
        (2, np.concatenate([r.lots for r in raw]), tokenizer.lots_edges),
    ):
        used = np.unique(np.searchsorted(edges, values))
        used = used if field == 2 else np.intersect1d(used, 31 - used)
        rows = np.isin(np.asarray(token[:, field]), used)
        assert rows.sum() > 20
        assert np.array_equal(token[rows, field], again[rows, field])


@pytest.mark.parametrize(
    ("anchor2", "price2", "type_", "expected"),
    [
        (201, -1, tk.BUY, 100),
        (201, 1, tk.BUY, 101),
        (200, -1, tk.BUY, 99),  # half a tick too near: away from the mid
        (200, 1, tk.SELL, 101),
        (201, 0, tk.BUY, 100),  # at the mid itself: the passive side
        (201, 0, tk.SELL, 101),
        (200, 0, tk.SELL, 100),
    ],
)
def test_prices_are_on_tick(anchor2, price2, type_, expected):
    got = on_tick(jnp.int32(anchor2), jnp.int32(price2), jnp.int32(type_))
    assert int(got) == expected


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{", "not a tokenizer"),
        ("[]", "not a tokenizer"),
        ('{"format": 2}', "format 2"),
        ('{"format": 1, "price2_edges": [1]}', "not a tokenizer"),
    ],
)
def test_a_broken_tokenizer_is_an_error(text, what):
    with pytest.raises(InputError, match=what):
        tk.from_json(text, "tokenizer.json")


def test_a_strange_folder_is_left_alone(store, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not a dataset"):
        ds.write_dataset(store, tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"
