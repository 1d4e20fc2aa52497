"""The command line: what users type, what they read, and how it fails."""

import json
import shlex
import shutil
import subprocess
import sys

import numpy as np
import pytest

from marsjax import synth
from marsjax.cli import COMMANDS, main
from marsjax.data import read_store, write_tapes

ORDERS = """\
MDTime,OrderType,OrderPrice,OrderQty,OrderBSFlag,OrderNO,ApplSeqNum
09:31:00.000,2,100000,500,1,1,1
09:31:01.000,2,100200,300,2,2,2
09:31:03.000,10,100000,300,1,1,4
"""
TRADES = """\
MDTime,TradeBuyNo,TradeSellNo,TradeBSFlag,TradePrice,TradeQty,ApplSeqNum
09:31:02.000,1,3,2,100000,200,3
"""


@pytest.fixture
def sse_files(tmp_path):
    orders = tmp_path / "SSE_600000.SH_2024-01-02_orders.csv"
    trades = tmp_path / "SSE_600000.SH_2024-01-02_trades.csv"
    orders.write_text(ORDERS)
    trades.write_text(TRADES)
    return orders, trades


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tapes") / "store"
    write_tapes(folder, [synth.synthetic_tape(5, 3_000)])
    return folder


TINY = shlex.split(
    "--model.d-model 16 --model.num-layers 1 --model.num-heads 2 --model.window 16 "
    "--train.steps 4 --train.seq-len 32 --train.batch-size 4 --train.warmup-steps 1"
)


@pytest.fixture(scope="module")
def run(store, tmp_path_factory):
    """A trained run; the real command."""
    out = tmp_path_factory.mktemp("runs") / "model"
    main(["train", "--data", str(store), "--out", str(out), *TINY])
    return out


def prepare(files, out, *more):
    orders, trades = (str(f) for f in files)
    args = ["prepare", "--source", "sse", "--orders", orders, "--trades", trades]
    main([*args, "--out", str(out), *more])


def fails(args, capsys) -> str:
    """The one line a command fails with; its exit code must be 2."""
    with pytest.raises(SystemExit) as stop:
        main([str(arg) for arg in args])
    assert stop.value.code == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ")
    return error


def test_prepare_and_replay(sse_files, tmp_path, capsys):
    prepare(sse_files, tmp_path / "store", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["tape"] == "600000.SH_2024-01-02"
    main(["replay", str(tmp_path / "store"), "--json"])
    (row,) = json.loads(capsys.readouterr().out)
    assert row["symbol"] == "600000.SH"
    assert (row["fills_identical"], row["fills_total"]) == (1, 1)
    assert (row["cancels_matched"], row["cancels_total"]) == (1, 1)
    assert row["crossed_states"] == 0 and row["quotes_exact"] is None
    main(["replay", str(tmp_path / "store")])
    assert "600000.SH" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        (0, "OrderQty,", "", "OrderQty"),
        (0, "09:31:03.000,10,100000,300,1,1,4", "09:31:03.000,10,1", ":4:"),
        (0, "09:31:01.000", "09:30:00.000", ":3:"),
        (0, ",500,", ",-500,", ":2:"),
        (0, "100200", "100250", ":3:"),
        (0, "300,1,1,4", "300,1,9,4", "9"),
        (0, "2,100200,300,2,2,2", "2,100200,300,2,1,2", "1"),
        (0, ORDERS, "", "empty"),
        (1, ",1,3,2,", ",1,3,7,", ":2:"),
    ],
)
def test_bad_files_name_file_and_line(
    sse_files, tmp_path, capsys, file, old, new, says
):
    path = sse_files[file]
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    args = ["prepare", "--source", "sse", "--orders", sse_files[0]]
    args += ["--trades", sse_files[1], "--out", tmp_path / "store"]
    error = fails(args, capsys)
    assert path.name in error and says in error
    assert not (tmp_path / "store").exists()


def test_options_of_another_source(sse_files, tmp_path, capsys):
    args = ["prepare", "--source", "lobster", "--orders", sse_files[0]]
    assert "--orders does not go" in fails([*args, "--out", tmp_path / "s"], capsys)
    args = ["prepare", "--source", "sse", "--orders", sse_files[0]]
    assert "needs --trades" in fails([*args, "--out", tmp_path / "s"], capsys)


def test_replay_of_no_store(tmp_path, capsys):
    assert str(tmp_path / "none") in fails(["replay", tmp_path / "none"], capsys)


def test_training_leaves_a_whole_run(run):
    report = json.loads((run / "evaluation.json").read_text())
    assert set(report["nats"]) >= {"model", "unigram", "bigram"}
    lines = (run / "metrics.jsonl").read_text().splitlines()
    assert any("valid_nats" in json.loads(line) for line in lines)


def test_training_into_a_full_folder(store, run, capsys):
    error = fails(["train", "--data", store, "--out", run], capsys)
    assert "--resume" in error


@pytest.mark.slow
def test_config_file_and_overrides(store, tmp_path, capsys):
    config = tmp_path / "small.py"
    config.write_text(
        "from marsjax.config import Config, ModelConfig, TrainConfig\n"
        "config = Config(ModelConfig(d_model=16, num_layers=1, num_heads=2, window=8),"
        " TrainConfig(steps=2, batch_size=4, seq_len=16, warmup_steps=1))\n"
    )
    args = ["train", "--data", str(store), "--out", str(tmp_path / "run")]
    main([*args, "--config", str(config), "--train.steps", "3", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["summary"]["step"] == 3
    written = json.loads((tmp_path / "run/config.json").read_text())
    assert written["model"]["d_model"] == 16
    missing = fails([*args[:3], tmp_path / "x", "--config", tmp_path / "no.py"], capsys)
    assert "no.py" in missing


def simulate(run, start, out, *more):
    args = ["simulate", "--checkpoint", str(run), "--from", str(start)]
    args += ["--out", str(out), "--markets", "3", "--orders", "40"]
    main([*args, "--group-size", "4", "--compare-trained", *more])


def test_simulate_from_a_tape(run, store, tmp_path, capsys):
    capsys.readouterr()
    out = tmp_path / "sim"
    simulate(run, f"{store}@09:31", out, "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["crossed_states"] == 0 and told["orders_sent"] == 120
    valid = next(r for r in told["comparison"] if r["measure"].startswith("valid"))
    assert valid["simulated"] == 1.0
    for name in ("price_fan", "depth", "heatmap", "comparison"):
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    tapes = read_store(out)
    assert len(tapes) == 3
    # What was simulated is a tape: it replays, and it can be started from.
    main(["replay", str(out), "--json"])
    assert all(r["crossed_states"] == 0 for r in json.loads(capsys.readouterr().out))
    assert "exists already" in fails(
        ["simulate", "--checkpoint", run, "--from", f"{store}@09:31", "--out", out],
        capsys,
    )


@pytest.mark.slow
def test_simulated_is_compared_with_what_the_model_has_not_seen(
    run, store, tmp_path, capsys
):
    args = ["simulate", "--checkpoint", run, "--out", tmp_path / "sim"]
    error = fails([*args, "--from", f"{store}@09:30:20"], capsys)
    assert "was trained on ZI from 09:30" in error and "--compare-trained" in error
    assert not (tmp_path / "sim").exists()
    (tape,) = read_store(store)
    start_s = tape.split_time["test"][0][0] + 1
    clock = f"{start_s // 3600:02d}:{start_s // 60 % 60:02d}:{start_s % 60:02d}"
    args += ["--from", f"{store}@{clock}", "--markets", "1", "--orders", "5"]
    main([*map(str, args), "--group-size", "4", "--no-pictures"])
    assert (tmp_path / "sim/simulation.json").is_file()


def test_simulate_to_lobster_and_back(run, store, tmp_path, capsys):
    out = tmp_path / "lobster"
    simulate(run, f"{store}@09:31", out, "--format", "lobster", "--no-pictures")
    messages = sorted(out.glob("*_message_10.csv"))
    books = sorted(out.glob("*_orderbook_10.csv"))
    assert len(messages) == len(books) == 3
    rows = [np.loadtxt(f, delimiter=",", ndmin=2) for f in (messages[0], books[0])]
    assert rows[0].shape == (len(rows[1]), 6) and rows[1].shape[1] == 40
    capsys.readouterr()
    args = ["prepare", "--source", "lobster", "--messages", str(messages[0])]
    main([*args, "--orderbook", str(books[0]), "--out", str(tmp_path / "back")])
    capsys.readouterr()
    main(["replay", str(tmp_path / "back"), "--json"])
    (row,) = json.loads(capsys.readouterr().out)
    assert row["quotes_exact"] == 1.0 and row["crossed_states"] == 0


def test_simulate_from_nothing(run, tmp_path, capsys):
    simulate(run, "synthetic@3", tmp_path / "sim", "--json", "--no-pictures")
    assert (tmp_path / "sim/manifest.json").is_file()


@pytest.mark.parametrize(
    ("start", "says"),
    [
        ("{store}@8 o'clock", "no tape and time"),
        ("{store}", "no tape and time"),
        ("{store}@03:00", "outside of continuous trading"),
        ("{store}/nothing@09:31", "nothing"),
        ("synthetic@x", "no seed"),
        ("synthetic@99999999999999999999", "out of range"),
        ("{store}@9:99", "no tape and time"),
        ("{store}@09:30", "no order before"),
    ],
)
def test_bad_starts(run, store, tmp_path, capsys, start, says):
    args = ["simulate", "--checkpoint", run, "--from", start.format(store=store)]
    assert says in fails([*args, "--out", tmp_path / "sim"], capsys)
    assert not (tmp_path / "sim").exists()
    assert not list(tmp_path.glob(".marsjax-*"))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--temperature", "nan"),
        ("--temperature", "1 2"),
        ("--top-k", "-1"),
        ("--top-p", "0.5 0.5 0.5 1.5"),
        ("--markets", "0"),
        ("--seed", "99999999999999999999"),
        ("--slots", "2"),
    ],
)
def test_bad_options(run, store, tmp_path, capsys, option, value):
    args = ["simulate", "--checkpoint", run, "--from", f"{store}@09:31"]
    args = [*args, "--out", tmp_path / "sim", option, *value.split()]
    assert fails(args, capsys)
    assert not list(tmp_path.iterdir())


def test_markets_that_send_nothing(run, store, tmp_path, capsys):
    """The session ends before the first order: nothing to draw, nothing lost."""
    simulate(run, f"{store}@23:59:59.999999", tmp_path / "sim", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["orders_sent"] <= 120
    assert (tmp_path / "sim/manifest.json").is_file()


def test_an_interrupt_leaves_nothing(run, store, tmp_path, monkeypatch, capsys):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("marsjax.commands.outcome.rollout", interrupted)
    args = ["simulate", "--checkpoint", str(run), "--from", f"{store}@09:31"]
    args += ["--compare-trained"]
    with pytest.raises(SystemExit) as stop:
        main([*args, "--out", str(tmp_path / "sim")])
    assert stop.value.code == 130
    assert capsys.readouterr().err.strip().splitlines()[-1] == "error: interrupted"
    assert not list(tmp_path.iterdir())


def test_bad_checkpoints(run, store, tmp_path, capsys):
    """None there, another tokenizer, a damaged file."""

    def attempt(checkpoint):
        args = ["simulate", "--checkpoint", checkpoint, "--from", f"{store}@09:31"]
        return fails([*args, "--out", tmp_path / "sim"], capsys)

    assert "no checkpoint" in attempt(tmp_path / "none")
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (step,) = (copy / "best").iterdir()
    text = (step / "tokenizer.json").read_text()
    (step / "tokenizer.json").write_text(text.replace("[1", "[2", 1))
    assert "tokenizer.json" in attempt(copy)
    (step / "tokenizer.json").write_text(text[: len(text) // 2])
    assert "tokenizer.json" in attempt(copy)
    (step / "config.json").write_text("{}{")
    assert "config.json" in attempt(copy)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_teaches(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*([command] if command else []), "--help"])
    assert stop.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 8


def test_conformance_command_fails_well(tmp_path):
    """The module's own entry point: exit code 2, one line, no file."""
    (tmp_path / "cases.jsonl").write_text('{"case": "a", "msgs": [[1, 2]]}\n')
    args = [sys.executable, "-m", "marsjax.book.reports", str(tmp_path / "cases.jsonl")]
    done = subprocess.run(
        [*args, "--out", str(tmp_path / "out.jsonl")], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "cases.jsonl:1" in done.stderr
    assert not (tmp_path / "out.jsonl").exists()
