"""``marsjax data``: describe, split and verify a store."""

import json

import pytest

from marsjax.cli import main
from marsjax.data import write_tapes
from marsjax.synth import synthetic_tape


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "store"
    write_tapes(folder, [synthetic_tape(0, 400)])
    return folder


def test_describe(store, tmp_path, capsys):
    main(["data", "describe", str(store), "--out", str(tmp_path), "--json"])
    (row,) = json.loads(capsys.readouterr().out)
    assert row["in continuous trading"] == 400
    assert row["messages"] == 420
    assert 0.2 < row["passive (share)"] < 0.8
    assert [path.name for path in tmp_path.iterdir()] == ["ZI.png"]


def test_split_and_verify(store, capsys):
    args = ["data", "split", str(store), "--shares", "0.5", "0.25", "0.25"]
    main([*args, "--embargo", "0", "--json"])
    (row,) = json.loads(capsys.readouterr().out)
    assert abs(row["train"] - 200) <= 2 and row["embargo"] == 0
    main(["data", "split", str(store), "--test-symbols", "ZI", "--json"])
    (row,) = json.loads(capsys.readouterr().out)
    assert row["train"] == 0 and row["test"] == 400
    main(["data", "verify", str(store)])
    path = next(store.rglob("messages*.parquet"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(SystemExit) as caught:
        main(["data", "verify", str(store)])
    assert caught.value.code == 2
    assert "has changed" in capsys.readouterr().err
