"""Stores are written whole or not at all, and say what is wrong with them."""

import json
from dataclasses import replace

import polars as pl
import pytest

from marsjax.data import (
    prepare_lobster,
    prepare_sse,
    read_store,
    read_tape,
    store,
    write_tape,
    write_tapes,
)
from marsjax.errors import InputError
from tests.data.fixtures import MESSAGES, ORDERBOOK, ORDERS, TRADES, write

HALVES = (0.5, 0.25, 0.25)


@pytest.fixture
def sse(tmp_path):
    return prepare_sse(*write(tmp_path, A_orders=ORDERS, A_trades=TRADES))


@pytest.fixture
def lobster(tmp_path):
    paths = write(tmp_path, B_message=MESSAGES, B_orderbook=ORDERBOOK)
    return prepare_lobster(*paths, level1=paths[1], date="2024-01-02")


def content(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_is_written_is_read(tmp_path, sse, lobster):
    out = tmp_path / "new" / "store"
    assert write_tape(out, sse, HALVES) == ()
    assert write_tape(out, lobster, HALVES) == ()
    assert {path.name for path in out.iterdir()} == {
        "manifest.json",
        "A",
        "B_2024-01-02",
    }
    for tape, back in zip((sse, lobster), read_store(out), strict=True):
        assert replace(back, split=None, split_time=None) == replace(
            tape, messages=back.messages, fills=back.fills, quotes=back.quotes,
            level1=back.level1,
        )  # fmt: skip
        for table in ("messages", "fills", "quotes", "level1"):
            old, new = getattr(tape, table), getattr(back, table)
            assert (old is None and new is None) or old.equals(new)
        assert list(back.split) == ["train", "valid", "test"]
    metadata = pl.read_parquet_metadata(out / "A" / "messages.parquet")
    assert metadata["tick_size"] == "0.01" and metadata["lot_size"] == "100"
    assert json.loads(metadata["sessions"]) == [[34200, 41400], [46800, 53820]]


def test_the_manifest_tells_sources_and_split(tmp_path, sse):
    write_tape(tmp_path / "store", sse, HALVES)
    manifest = json.loads((tmp_path / "store/manifest.json").read_text())
    assert manifest["format"] == 1
    (entry,) = manifest["tapes"]
    assert [file["name"] for file in entry["files"]] == ["A_orders.csv", "A_trades.csv"]
    assert entry["counts"] == sse.counts and entry["notes"] == list(sse.notes)
    assert entry["split"] == {"train": [6, 9], "valid": [9, 10], "test": [10, 12]}
    assert entry["split_time"] == {
        "train": [[34200, 0], [41399, 0]],
        "valid": [[41399, 0], [46800, 0]],
        "test": [[46800, 0], [53820, 0]],
    }


def test_the_same_name_is_replaced(tmp_path, sse, lobster):
    out = tmp_path / "store"
    write_tapes(out, [sse, lobster])
    shorter = replace(sse, messages=sse.messages.head(8), fills=None)
    assert write_tape(out, shorter) == ("A",)
    assert [len(tape.messages) for tape in read_store(out)] == [8, 12]
    assert not (out / "A" / "fills.parquet").exists()


def test_a_tape_by_name_or_symbol(tmp_path, sse, lobster):
    write_tapes(tmp_path / "store", [sse, lobster])
    assert read_tape(tmp_path / "store", "B_2024-01-02").symbol == "B"
    assert read_tape(tmp_path / "store", "B").name == "B_2024-01-02"
    with pytest.raises(
        InputError, match="no tape named C; use one of: A, B_2024-01-02"
    ):
        read_tape(tmp_path / "store", "C")


def test_a_failure_leaves_no_trace(tmp_path, sse, lobster, monkeypatch):
    out = tmp_path / "store"
    write_one = store._write

    def fail_second(folder, tape, split):
        if tape.symbol == "B":
            raise OSError(28, "No space left on device")
        return write_one(folder, tape, split)

    monkeypatch.setattr(store, "_write", fail_second)
    with pytest.raises(InputError, match="No space left"):
        write_tapes(out, [sse, lobster])
    assert not out.exists()
    write_tape(out, sse)
    before = content(out)
    with pytest.raises(InputError, match="No space left"):
        write_tapes(out, [replace(sse, messages=sse.messages.head(8)), lobster])
    assert content(out) == before


def test_a_failure_while_moving_puts_all_back(tmp_path, sse, lobster, monkeypatch):
    out = tmp_path / "store"
    write_tape(out, sse)
    before = content(out)
    rename = type(out).replace

    def fail_at_manifest(path, target):
        if path.name == "manifest.json":
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(type(out), "replace", fail_at_manifest)
    with pytest.raises(InputError, match="Input/output error"):
        write_tapes(out, [replace(sse, messages=sse.messages.head(8)), lobster])
    assert content(out) == before


def test_a_folder_of_something_else_is_left_alone(tmp_path, sse):
    (tmp_path / "thesis.tex").write_text("x")
    before = content(tmp_path)
    with pytest.raises(InputError, match=r"not empty and holds no manifest\.json"):
        write_tape(tmp_path, sse)
    with pytest.raises(InputError, match="this is no folder"):
        write_tape(tmp_path / "thesis.tex", sse)
    assert content(tmp_path) == before


def test_what_a_killed_writer_left_is_in_nobodys_way(tmp_path, sse):
    out = tmp_path / "store"
    (out / ".writing-1").mkdir(parents=True)
    write_tape(out, sse)
    assert len(read_store(out)) == 1


@pytest.mark.parametrize("split", [(0.5, 0.5), (0.5, 0.5, 0.5), (1.2, -0.1, -0.1)])
def test_shares_that_are_none(tmp_path, sse, split):
    with pytest.raises(InputError, match="not three shares"):
        write_tape(tmp_path / "store", sse, split)


def test_tapes_that_cannot_be_stored(tmp_path, sse):
    with pytest.raises(InputError, match="two tapes are named A"):
        write_tapes(tmp_path / "store", [sse, sse])
    with pytest.raises(InputError, match="tape A is empty"):
        write_tape(tmp_path / "store", replace(sse, messages=sse.messages.head(0)))
    assert not (tmp_path / "store").exists()


def damage_rows(out):
    messages = out / "A/messages.parquet"
    pl.read_parquet(messages).head(3).write_parquet(messages)


def damage_schema(out):
    messages = out / "A/messages.parquet"
    pl.read_parquet(messages).drop("qty").write_parquet(messages)


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (lambda out: (out / "manifest.json").unlink(), "no store of tapes here"),
        (lambda out: (out / "manifest.json").write_text("{"), "manifest is damaged"),
        (lambda out: (out / "manifest.json").write_text("{}"), "manifest is damaged"),
        (
            lambda out: (out / "manifest.json").write_text(
                '{"format": 1, "tapes": []}'
            ),
            "the store has no tape",
        ),
        (
            lambda out: (out / "manifest.json").write_text(
                '{"format": 9, "tapes": []}'
            ),
            "the store has format 9",
        ),
        (
            lambda out: (out / "A/messages.parquet").unlink(),
            "file of the store is missing",
        ),
        (lambda out: (out / "A/fills.parquet").write_text("x"), "no readable parquet"),
        (damage_rows, "it has 3 rows, the manifest says 15"),
        (damage_schema, "columns are not those of a canonical tape"),
    ],
)
def test_damaged_stores(tmp_path, sse, damage, error):
    out = tmp_path / "store"
    write_tape(out, sse)
    damage(out)
    with pytest.raises(InputError) as caught:
        read_store(out)
    assert error in str(caught.value) and str(out) in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "../A"),
        ("name", 3),
        ("symbol", None),
        ("date", "20240102"),
        ("date", 5),
        ("rows", "15"),
        ("tick_size", 0),
        ("tick_size", "0.01"),
        ("tick_size", float("nan")),
        ("lot_size", 0),
        ("lot_size", 1.5),
        ("lot_size", True),
        ("sessions", 5),
        ("sessions", [[34200]]),
        ("sessions", [["a", "b"]]),
        ("sessions", [[41400, 34200]]),
        ("seed_rows", -1),
        ("seed_rows", 16),
        ("source", None),
        ("files", "A"),
        ("counts", []),
        ("notes", [1]),
        ("split", {"train": [0, 1]}),
        ("split", {"train": [0, 5], "valid": [5, 6], "test": [6, 16]}),
        ("split", {"train": [0, 5], "valid": [4, 6], "test": [6, 15]}),
        ("split", {"train": [0, 5], "valid": [6, 5], "test": [6, 15]}),
        ("split_time", {"train": [0, 1], "valid": [1, 2], "test": [2, 3]}),
    ],
)
def test_a_manifest_with_a_wrong_field(tmp_path, sse, key, value):
    out = tmp_path / "store"
    write_tape(out, sse)
    path = out / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["tapes"][0][key] = value
    path.write_text(json.dumps(manifest))
    with pytest.raises(InputError, match=f"manifest is damaged: {key} of tape 1 is"):
        read_store(out)


def test_a_manifest_that_lists_a_tape_twice_or_none_at_all(tmp_path, sse):
    out = tmp_path / "store"
    write_tape(out, sse)
    path = out / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "tapes": manifest["tapes"] * 2}))
    with pytest.raises(InputError, match="two tapes have the same name"):
        read_store(out)
    for tapes in ({}, [list(manifest["tapes"][0])], None):
        path.write_text(json.dumps({**manifest, "tapes": tapes}))
        with pytest.raises(InputError, match="manifest is damaged"):
            read_store(out)


@pytest.mark.parametrize(
    ("column", "value", "error"),
    [
        ("time_s", 10, "the time goes backwards at row 4"),
        ("qty", -1, "the quantity is negative at row 4"),
        ("price_ticks", None, "column price_ticks has missing values"),
    ],
)
def test_damaged_messages(tmp_path, sse, column, value, error):
    out = tmp_path / "store"
    write_tape(out, sse)
    path = out / "A/messages.parquet"
    frame = pl.read_parquet(path)
    values = frame[column].to_list()
    values[4] = value
    series = pl.Series(column, values, dtype=frame[column].dtype)
    frame.with_columns(series).write_parquet(path)
    with pytest.raises(InputError, match=error):
        read_store(out)
