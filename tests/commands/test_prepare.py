"""``marsjax prepare``: any source into a store, again and again."""

import json
from importlib import import_module

import pytest

from marsjax.cli import main
from marsjax.commands.sources import KINDS
from marsjax.data import read_store, verify_store
from tests.data.fixtures import MESSAGES, ORDERBOOK, ORDERS, TRADES, with_line, write
from tests.data.formats.itch_maker import small

BITSTAMP = """\
id,timestamp,exchange.timestamp,price,volume,action,direction
65,1430438400000,0,236.50,100000000,created,bid
66,1430438401000,0,237.00,200000000,created,ask
65,1430438402000,0,236.50,50000000,changed,bid
67,1430438403000,0,237.10,300000000,created,ask
66,1430438404000,0,237.00,200000000,deleted,ask
"""


@pytest.fixture
def sse(tmp_path):
    files = {"SSE_A_2024-01-02_orders": ORDERS, "SSE_A_2024-01-02_trades": TRADES}
    orders, trades = write(tmp_path, **files)
    return ["--source", "sse", "--orders", str(orders), "--trades", str(trades)]


def prepare(out, *args):
    main(["prepare", "--out", str(out), *map(str, args)])


def fails(capsys, out, *args) -> str:
    with pytest.raises(SystemExit) as stop:
        prepare(out, *args)
    assert stop.value.code == 2
    return " ".join(capsys.readouterr().err.strip().splitlines()[-1].split())


def told(capsys) -> dict:
    return json.loads(capsys.readouterr().out)


def test_one_tape_and_what_became_of_its_rows(sse, tmp_path, capsys):
    prepare(tmp_path / "store", *sse, "--json")
    out = told(capsys)
    assert out["tape"] == "A_2024-01-02" and out["counts"]["messages"] == 15
    assert out["split"] == out["tapes"][0]["split"] and out["embargo"] == 2
    prepare(tmp_path / "store", *sse, "--overwrite")
    out = capsys.readouterr()
    assert "A_2024-01-02 was in" in out.err and "split: embargo" in out.out
    assert "0.7 / 0.1 / 0.2 within-day, embargo 60 s" in out.out


def test_what_is_there_is_not_read_again(sse, tmp_path, capsys, monkeypatch):
    store = tmp_path / "store"
    prepare(store, *sse)
    before = (store / "manifest.json").read_bytes()

    def read(*_):
        raise AssertionError("read again")

    with monkeypatch.context() as patch:
        patch.setattr("marsjax.data.formats.sse.SseReader.pieces", read)
        capsys.readouterr()
        prepare(store, *sse, "--json")
        out = capsys.readouterr()
        assert json.loads(out.out)["tape"] == "A_2024-01-02"
        assert "already, from the same files" in out.err
        assert (store / "manifest.json").read_bytes() == before
        # Other options, other content, or asked for: read anew.
        for more in (["--symbol", "B"], ["--lenient"], ["--overwrite"]):
            with pytest.raises(AssertionError, match="read again"):
                prepare(store, *sse, *more)
        path = tmp_path / "SSE_A_2024-01-02_orders.csv"
        path.write_text(with_line(path.read_text(), 2, "500", "600"))
        with pytest.raises(AssertionError, match="read again"):
            prepare(store, *sse)
    assert (store / "manifest.json").read_bytes() == before
    prepare(store, *sse)
    assert "has been replaced" in capsys.readouterr().err


def test_an_interrupt_leaves_nothing_and_can_be_resumed(
    sse, tmp_path, capsys, monkeypatch
):
    def interrupted(*_):
        raise KeyboardInterrupt

    store = tmp_path / "store"
    with monkeypatch.context() as patch:
        patch.setattr("marsjax.data.store_writer.StoreWriter.commit", interrupted)
        with pytest.raises(SystemExit) as stop:
            prepare(store, *sse)
    assert stop.value.code == 130 and not store.exists()
    prepare(store, *sse)
    assert verify_store(store) == 2


def test_several_files_each_enter_by_themselves(tmp_path, capsys):
    paths = write(tmp_path, one=BITSTAMP, two=BITSTAMP.replace("14304384", "14305248"))
    store, args = tmp_path / "store", ["--source", "bitstamp", "--symbol", "BTCUSD"]
    prepare(store, *args, "--files", *paths, "--json")
    out = told(capsys)
    names = ["BTCUSD_2015-05-01", "BTCUSD_2015-05-02"]
    assert [tape["tape"] for tape in out["tapes"]] == names
    prepare(store, *args, "--files", *paths)
    out = capsys.readouterr()
    assert out.err.count("already, from the same files") == 2
    assert "2 tapes in" in out.out and "messages in all: 10" in out.out
    # Two files of one day: which of them should it be?
    (twin,) = write(tmp_path, three=BITSTAMP.replace("236.50", "236.40"))
    other = tmp_path / "other"
    error = fails(capsys, other, *args, "--files", paths[0], twin)
    assert "BTCUSD_2015-05-01 was in an earlier file too" in error
    assert len(read_store(other)) == 1


def test_some_stocks_of_a_file_of_many(tmp_path, capsys):
    path = tmp_path / "12302019.NASDAQ_ITCH50"
    path.write_bytes(small().bytes())
    args = ["--source", "itch", "--files", path, "--json"]
    prepare(tmp_path / "all", *args)
    names = [tape["tape"] for tape in told(capsys)["tapes"]]
    assert sorted(names) == ["AAA_2019-12-30", "BBB_2019-12-30"]
    prepare(tmp_path / "one", *args, "--symbols", "BBB")
    assert told(capsys)["tape"] == "BBB_2019-12-30"
    # The other one joins: the same file, read with other options.
    prepare(tmp_path / "one", *args, "--symbols", "AAA")
    assert [t.symbol for t in read_store(tmp_path / "one")] == ["BBB", "AAA"]
    assert "no stock CCC" in fails(capsys, tmp_path / "no", *args, "--symbols", "CCC")
    assert not (tmp_path / "no").exists()


MAPPING = """\
[tape]
symbol = "XYZ"
date = "2024-01-02"
[time]
column = "at"
unit = "midnight"
[action]
column = "what"
codes = { new = "add", gone = "delete" }
[side]
column = "side"
buy = ["B"]
sell = ["S"]
[price]
column = "price"
tick = "0.01"
[quantity]
column = "size"
[id]
column = "id"
"""
FEED = """\
at,what,side,price,size,id
34200.5,new,B,10.01,5,1
34201,new,S,10.05,7,2
"""


def test_files_of_one_feed_are_read_together(tmp_path, capsys):
    (mapping := tmp_path / "feed.toml").write_text(MAPPING)
    later = FEED.splitlines()[0] + "\n34300,gone,B,10.01,5,1\n"
    files = write(tmp_path, one=FEED, two=later)
    store, args = tmp_path / "store", ["--source", "mapping", "--mapping", mapping]
    prepare(store, *args, "--files", *files, "--json")
    assert told(capsys)["tape"] == "XYZ_2024-01-02"
    (tape,) = read_store(store)
    assert tape.messages["order_id"].to_list() == [1, 2, 1]
    prepare(store, *args, "--files", *files)
    assert "already, from the same files" in capsys.readouterr().err
    # Another mapping may read other rows.
    mapping.write_text(MAPPING.replace("0.01", "0.001"))
    prepare(store, *args, "--files", *files)
    assert "has been replaced" in capsys.readouterr().err


def test_lenient_tells_what_it_skipped(sse, tmp_path, capsys):
    path = tmp_path / "SSE_A_2024-01-02_orders.csv"
    path.write_text(with_line(path.read_text(), 3, "99900", "99950"))
    error = fails(capsys, tmp_path / "store", *sse)
    assert "orders.csv:3:" in error and not (tmp_path / "store").exists()
    prepare(tmp_path / "store", *sse, "--lenient", "--json")
    out = capsys.readouterr()
    assert "note: skipped 1 rows, first" in out.err and "orders.csv:3:" in out.err
    out = json.loads(out.out)
    assert "orders.csv:3:" in " ".join(out["skipped"])
    assert sum(n for k, n in out["counts"].items() if k.startswith("skipped: ")) >= 1


def test_how_a_store_is_split(sse, tmp_path, capsys):
    store = tmp_path / "store"
    rule = ["--split", "0.5", "0.25", "0.25", "--embargo", "0"]
    prepare(store, *sse, *rule, "--json")
    out = told(capsys)
    assert out["split"] == {"train": [6, 9], "valid": [9, 10], "test": [10, 12]}
    (lobster, _) = write(tmp_path, B_message=MESSAGES, B_orderbook=ORDERBOOK)
    more = ["--source", "lobster", "--messages", lobster]
    error = fails(capsys, store, *more, "--embargo", "5")
    assert "0.5 / 0.25 / 0.25 within-day, embargo 0 s, not 0.7" in error
    assert "is split" in fails(capsys, store, *sse, "--embargo", "5")
    prepare(store, *more)
    assert "0.5 / 0.25 / 0.25" in capsys.readouterr().out
    prepare(tmp_path / "days", *sse, "--split-by", "days", "--embargo", "1")
    assert "0.7 / 0.1 / 0.2 days, embargo 1 days" in capsys.readouterr().out
    prepare(tmp_path / "held", *sse, "--test-symbols", "A", "--json")
    assert told(capsys)["split"]["test"] == [6, 12]
    error = fails(capsys, tmp_path / "new", *sse, "--valid-symbols", "Z")
    assert "no tape has the symbol Z" in error and not (tmp_path / "new").exists()
    args = ["--split-by", "days", "--embargo", "0.5"]
    assert "whole number" in fails(capsys, tmp_path / "new", *sse, *args)


@pytest.mark.parametrize(
    ("args", "error"),
    [
        ("itch --orders x", "--orders does not go with --source itch"),
        ("sse --files x", "or use --source itch or databento or bitstamp or mapping"),
        ("szse --orders x", "--source szse needs --trades"),
        ("mapping --files x", "--source mapping needs --mapping"),
        ("mapping --mapping x", "--source mapping needs --files"),
        ("mapping --files x --mapping {none}", "cannot be read"),
        ("databento", "--source databento needs --files"),
        ("lobster --messages x --symbols A", "--symbols does not go"),
        ("bitstamp --files {none}", "no such file"),
    ],
)
def test_options_that_do_not_fit(tmp_path, capsys, args, error):
    args = args.format(none=tmp_path / "none").split()
    assert error in fails(capsys, tmp_path / "store", "--source", *args)
    assert not (tmp_path / "store").exists()


def test_every_source_has_a_reader():
    for kind in KINDS.values():
        module = import_module(f"marsjax.data.formats.{kind.module}")
        assert hasattr(module, kind.cls)
