"""Stores are written whole or not at all, and say what is wrong with them."""

import json
from dataclasses import replace

import polars as pl
import pytest

from marsjax.data import (
    SplitSpec,
    read_store,
    read_tape,
    write_tape,
    write_tapes,
)
from marsjax.data.manifest_checks import TABLES
from marsjax.data.store_parts import TableParts
from marsjax.errors import InputError

HALVES = SplitSpec((0.5, 0.25, 0.25), embargo_s=0)
A, B = "symbol=A/date=unknown", "symbol=B/date=2024-01-02"
MESSAGES_OF_A = f"{A}/messages-00000.parquet"


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
    assert set(map(str, content(out))) == {
        *("manifest.json", f"{A}/messages-00000.parquet", f"{A}/fills-00000.parquet"),
        *(f"{B}/{table}-00000.parquet" for table in TABLES),
    }
    for tape, back in zip((sse, lobster), read_store(out), strict=True):
        assert set(back.hashes) == {file["sha256"] for file in tape.files}
        assert replace(back, split=None, split_time=None, hashes=()) == replace(
            tape, messages=back.messages, fills=back.fills, quotes=back.quotes,
            level1=back.level1,
        )  # fmt: skip
        for table in TABLES:
            old, new = getattr(tape, table), getattr(back, table)
            assert (old is None and new is None) or old.equals(new)
        assert list(back.split) == ["train", "valid", "test"]
    metadata = pl.read_parquet_metadata(out / MESSAGES_OF_A)
    assert metadata["tick_size"] == "0.01" and metadata["lot_size"] == "100"
    assert json.loads(metadata["sessions"]) == [[34200, 41400], [46800, 53820]]


def test_the_manifest_tells_sources_and_split(tmp_path, sse):
    write_tape(tmp_path / "store", sse, HALVES)
    manifest = json.loads((tmp_path / "store/manifest.json").read_text())
    assert manifest["format"] == 2
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
    assert not (out / A / "fills-00000.parquet").exists()


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
    write_part = TableParts._write_part

    def fail_second(self, frame, metadata):
        if metadata["symbol"] == "B":
            raise OSError(28, "No space left on device")
        return write_part(self, frame, metadata)

    monkeypatch.setattr(TableParts, "_write_part", fail_second)
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


@pytest.mark.parametrize("split", [(0.5, 0.5), (1.2, -0.1, -0.1)])
def test_shares_that_are_none(tmp_path, sse, split):
    with pytest.raises(InputError, match="not three shares"):
        write_tape(tmp_path / "store", sse, split)


def test_tapes_that_cannot_be_stored(tmp_path, sse):
    with pytest.raises(InputError, match="two tapes are named A"):
        write_tapes(tmp_path / "store", [sse, sse])
    with pytest.raises(InputError, match="tape A is empty"):
        write_tape(tmp_path / "store", replace(sse, messages=sse.messages.head(0)))
    assert not (tmp_path / "store").exists()
