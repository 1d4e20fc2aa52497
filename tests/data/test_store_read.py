"""What is read from a store, and what is said of one that is damaged."""

import json
from dataclasses import replace

import polars as pl
import pytest

from marsjax.data import (
    iter_store,
    manifest_sha256,
    read_store,
    scan_tape,
    verify_store,
    write_tape,
    write_tapes,
)
from marsjax.errors import InputError
from tests.data.test_store import MESSAGES_OF_A, B


def rewrite(out, frame):
    """Other messages, of the size that the manifest then says."""
    path = out / MESSAGES_OF_A
    frame.write_parquet(path)
    manifest = json.loads((out / "manifest.json").read_text())
    part = manifest["tapes"][0]["tables"]["messages"][0]
    part["bytes"] = path.stat().st_size
    (out / "manifest.json").write_text(json.dumps(manifest))


def manifest_says(text):
    return lambda out: (out / "manifest.json").write_text(text)


def change_one_byte(out):
    path = out / MESSAGES_OF_A
    path.write_bytes(path.read_bytes()[:-9] + b"x" + path.read_bytes()[-8:])


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (lambda out: (out / "manifest.json").unlink(), "no store of tapes here"),
        (manifest_says("{"), "manifest is damaged"),
        (manifest_says("{}"), "manifest is damaged"),
        (manifest_says('{"format": 2, "tapes": []}'), "manifest is damaged"),
        (manifest_says('{"format": 9, "tapes": []}'), "the store has format 9"),
        (
            manifest_says('{"format": 1, "tapes": [{"name": "A"}]}'),
            "the store has format 1, this version reads 2; prepare the tapes again",
        ),
        (lambda out: (out / MESSAGES_OF_A).unlink(), "file of the store is missing"),
        (lambda out: (out / MESSAGES_OF_A).write_text("x"), "it has 1 bytes, the man"),
        (lambda out: rewrite(out, of_a(out).head(3)), "has 3 rows, the manifest says"),
        (lambda out: rewrite(out, of_a(out).drop("qty")), "columns are not those of a"),
        (change_one_byte, "no readable parquet"),
    ],
)
def test_damaged_stores(tmp_path, sse, damage, error):
    out = tmp_path / "store"
    write_tape(out, sse)
    damage(out)
    with pytest.raises(InputError) as caught:
        read_store(out)
    assert error in str(caught.value) and str(out) in str(caught.value)


def of_a(out):
    return pl.read_parquet(out / MESSAGES_OF_A, hive_partitioning=False)


def test_a_store_without_tapes(tmp_path, sse):
    out = tmp_path / "store"
    write_tape(out, sse)
    manifest = json.loads((out / "manifest.json").read_text())
    manifest_says(json.dumps({**manifest, "tapes": []}))(out)
    with pytest.raises(InputError, match="the store has no tape"):
        read_store(out)


def test_every_byte_can_be_verified(tmp_path, sse, lobster):
    out = tmp_path / "store"
    write_tapes(out, [sse, lobster])
    told = []
    assert verify_store(out, lambda *args: told.append(args)) == 6
    assert told[-1] == ("files", 6, 6)
    frame = of_a(out).with_columns(qty=pl.col("qty") + 1)
    rewrite(out, frame)
    with pytest.raises(InputError, match="has changed since"):
        verify_store(out)


def test_tapes_come_one_at_a_time_and_again(tmp_path, sse, lobster):
    out = tmp_path / "store"
    write_tapes(out, [sse, lobster])
    tapes = iter_store(out)
    assert len(tapes) == 2 and tapes[1].name == "B_2024-01-02"
    for _ in range(2):
        assert [tape.symbol for tape in tapes] == ["A", "B"]


def test_other_tools_find_symbol_and_date_in_the_path(tmp_path, sse, lobster):
    odd = replace(sse, name="000001.SZ=", symbol="000001.SZ=")
    market = replace(lobster, name=f"{lobster.name}_m0001")
    write_tapes(tmp_path / "one", [sse, lobster, odd])
    path = tmp_path / "one/**/messages-*.parquet"
    found = pl.scan_parquet(path, hive_partitioning=True).collect()
    counts = found.group_by("symbol", "date").len().sort("symbol").rows()
    assert counts == [
        ("000001.SZ=", "unknown", 15), ("A", "unknown", 15), ("B", "2024-01-02", 12)
    ]  # fmt: skip
    write_tapes(tmp_path / "two", [market, lobster])
    assert (tmp_path / "two" / B / "market=m0001/messages-00000.parquet").is_file()
    # One in the folder of the other: each is replaced alone.
    write_tape(tmp_path / "two", lobster)
    assert [t.name for t in read_store(tmp_path / "two")] == [market.name, lobster.name]


def test_a_tape_can_be_read_in_part(tmp_path, sse):
    out = tmp_path / "store"
    write_tape(out, sse)
    scanned = scan_tape(out, "A")
    assert scanned.collect().equals(sse.messages)
    assert scan_tape(out, "A", "fills").collect().equals(sse.fills)
    assert scan_tape(out, "A", "quotes") is None


def test_the_hash_of_the_manifest_tells_stores_apart(tmp_path, sse, lobster):
    out = tmp_path / "store"
    write_tape(out, sse)
    before = manifest_sha256(out)
    assert manifest_sha256(out) == before
    write_tape(out, lobster)
    assert manifest_sha256(out) != before


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "../A"),
        ("name", ".A"),
        ("name", "A B"),
        ("name", 3),
        ("symbol", "A/B"),
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
        ("embargo", -1),
        ("options", None),
        ("skipped", "none"),
        ("trading", {"rows": [0, 1]}),
        ("tables", {}),
        ("tables", {"messages": []}),
        ("tables", {"messages": [{"name": "../../x", "rows": 15}]}),
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
        ("price_ticks", 0, "price of an order is outside of 1 to 2.*at row 3"),
        ("side", 3, "the side of an order is neither 0 nor 1 at row 3"),
        ("price_ticks", None, "column price_ticks has missing values"),
    ],
)
def test_damaged_messages(tmp_path, sse, column, value, error):
    out = tmp_path / "store"
    write_tape(out, sse)
    frame = of_a(out)
    values = frame[column].to_list()
    values[int(error[-1]) if error[-1].isdigit() else 4] = value
    rewrite(out, frame.with_columns(pl.Series(column, values, frame[column].dtype)))
    with pytest.raises(InputError, match=error):
        read_store(out)
    if value is not None:  # nor is such a tape written
        bad = sse.messages.with_columns(pl.Series(column, values, frame[column].dtype))
        with pytest.raises(InputError, match=f"tape A: .*{error}"):
            write_tape(tmp_path / "new", replace(sse, messages=bad))
        assert not (tmp_path / "new").exists()
