"""Datasets of orders: no leak of tests, one tape at a time, and what they are of."""

import dataclasses
import itertools
import json
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax import synth
from marsjax.data import read_store, write_tapes
from marsjax.errors import InputError
from marsjax.tokens import dataset as ds
from marsjax.tokens import orders as tk
from marsjax.tokens.decode import draw_values, encode_order, to_device
from marsjax.tokens.events import FILES
from marsjax.tokens.observe import FEATURE_NAMES
from marsjax.tokens.provenance import entry_sha256, training_span
from marsjax.tokens.tape import observe_tape
from marsjax.tokens.tokenizer import from_json
from marsjax.tokens.views import find_view, view_of


@pytest.fixture(scope="module")
def store_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    tapes = [synth.synthetic_tape(i, 800, symbol=f"ZI{i}") for i in range(2)]
    write_tapes(folder, tapes)
    return folder


@pytest.fixture(scope="module")
def store(store_dir):
    return read_store(store_dir)


@pytest.fixture(scope="module")
def seen(store):
    return [observe_tape(tape) for tape in store]


def test_dataset_on_disk(store, tmp_path):
    info = ds.write_dataset(store, tmp_path / "data")
    tokens = np.load(tmp_path / "data/tokens.npy", mmap_mode="r", allow_pickle=False)
    features = np.load(tmp_path / "data/features.npy", allow_pickle=False)
    assert tokens.shape == (1600, 4) and tokens.dtype == np.uint8
    assert features.shape == (1600, len(FEATURE_NAMES)) and features.dtype == np.int16
    assert (tokens < np.array(tk.FIELD_SIZES)).all()
    assert json.loads((tmp_path / "data/dataset.json").read_text()) == info
    spans = [(s["start"], s["stop"]) for s in info["segments"]]
    assert spans[0][0] == 0 and spans[-1][1] == 1600 == info["num_orders"]
    # In order; what lies between two parts of a tape is in none.
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))
    assert all(start <= stop for start, stop in spans)
    tokenizer = from_json((tmp_path / "data/tokenizer.json").read_text())
    assert tokenizer.sha256 == info["tokenizer_sha256"]


def test_tokenizer_sees_the_training_part_only(store, seen):
    """Changing what comes after the training part changes no bin."""
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


def test_decode_then_encode_is_the_same_token(store, seen):
    """What a token decodes to falls back in its own bins, on tick and on lot."""
    tokenizer = ds.fit_tokenizer(store, seen)
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
    raw = [observed.raw for observed in seen]
    for field, values, edges in (
        (1, np.concatenate([r.price2 for r in raw]), tokenizer.edges["price"]),
        (2, np.concatenate([r.lots for r in raw]), tokenizer.edges["volume"]),
    ):
        used = np.unique(np.searchsorted(edges, values))
        used = used if field == 2 else np.intersect1d(used, 31 - used)
        rows = np.isin(np.asarray(token[:, field]), used)
        assert rows.sum() > 20
        assert np.array_equal(token[rows, field], again[rows, field])


def test_a_strange_folder_is_left_alone(store, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="not a dataset"):
        ds.write_dataset(store, tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_one_tape_at_a_time_is_all_tapes_together(store, seen, tmp_path, monkeypatch):
    """A generator of tapes, each gone before the next, gives the same bytes."""
    observed = dict(zip((tape.name for tape in store), seen, strict=True))
    monkeypatch.setattr(ds, "observe_tape", lambda tape, *_: observed[tape.name])
    alive = []

    def lazily():
        for tape in store:
            copy = dataclasses.replace(tape)
            assert not any(reference() for reference in alive)
            alive.append(weakref.ref(copy))
            yield copy
            del copy

    info = ds.write_dataset(lazily(), tmp_path / "lazy")
    tapes, tokenizer = store, ds.fit_tokenizer(store, seen)
    assert info["tokenizer_sha256"] == tokenizer.sha256
    again = ds.write_dataset(tapes, tmp_path / "given", tokenizer=tokenizer)
    assert again["fitted_on"] is None
    train = [s for s in info["segments"] if s["part"] == "train"]
    orders = sum(s["stop"] - s["start"] for s in train)
    assert info["fitted_on"] == {"orders": orders, "used": orders}
    for name in ("tokens.npy", "features.npy", "tokenizer.json"):
        one, two = (tmp_path / x / name for x in ("lazy", "given"))
        assert one.read_bytes() == two.read_bytes()
    assert {p.name for p in (tmp_path / "lazy").iterdir()} == set(FILES)


def test_a_dataset_of_another_view(store, seen, tmp_path, monkeypatch):
    """Its tokenizer names the view, and a tokenizer that is given decides it."""
    view = find_view("ticks", merge_cancels=True)
    observed = dict(zip((tape.name for tape in store), seen, strict=True))
    asked = []

    def observe(tape, _, view):
        asked.append(view)
        return observed[tape.name]

    monkeypatch.setattr(ds, "observe_tape", observe)
    info = ds.write_dataset(store, tmp_path / "data", view=view)
    assert info["schema"] == "orders_merged"
    tokenizer = from_json((tmp_path / "data/tokenizer.json").read_text())
    assert view_of(tokenizer.schema) is view
    ds.write_dataset(store, tmp_path / "again", tokenizer=tokenizer)
    assert asked == [view] * 4


def test_bins_of_very_many_orders_are_fitted_on_an_even_sample(store, seen):
    training = ds.TrainingOrders(most=100)
    columns = []
    for tape, observed in zip(store, seen, strict=True):
        training.add(tape, observed)
        start, stop = ds.part_bounds(tape, observed)["train"]
        columns.append(observed.raw.interval_ns[start:stop])
    whole = np.concatenate(columns)
    assert training.count == len(whole) and 50 <= training.kept <= 100
    np.testing.assert_array_equal(
        np.concatenate([kept[3] for kept in training._kept]), whole[:: training.every]
    )
    training.fit()


def test_a_dataset_says_what_it_was_made_of(
    store_dir, store, seen, tmp_path, monkeypatch
):
    observed = dict(zip((tape.name for tape in store), seen, strict=True))
    monkeypatch.setattr(ds, "observe_tape", lambda tape, *_: observed[tape.name])
    tapes = store
    info = ds.write_dataset(tapes, tmp_path / "a")
    entries = json.loads((store_dir / "manifest.json").read_text())["tapes"]
    spans = training_span(info)
    assert list(spans) == [tape.name for tape in tapes]
    for tape, entry in zip(tapes, entries, strict=True):
        span = spans[tape.name]
        assert span["entry_sha256"] == entry_sha256(entry)
        for part in ("train", "valid"):
            assert span[part] == entry["split_time"][part]
        assert span["symbol"] == tape.symbol
    assert len({span["entry_sha256"] for span in spans.values()}) == 2
    assert [span["sha256"] for span in spans.values()] == [
        list(t.hashes) for t in tapes
    ]
    assert training_span({}) == {}
