"""``marsjax bench book`` measures, tells the truth about it, and checks the trades."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from marsjax.cli import main
from marsjax.commands import book_speed
from marsjax.commands.book_speed import Mismatch, check_fills, measure
from marsjax.commands.machine import held_to_one_core
from marsjax.types import EventKind

TINY = ["bench", "book", "--books", "1", "3", "--slots", "16", "--messages", "90"]
TINY += ["--repeats", "2", "--no-pin"]


def test_rows_as_json(tmp_path, capsys):
    main([*TINY, "--json", str(tmp_path / "rows.json")])
    table = capsys.readouterr().out
    assert "messages/s" in table and "noise" in table and jax.__version__ in table
    rows = json.loads((tmp_path / "rows.json").read_text())
    assert [(r["books"], r["slots"], r["messages"]) for r in rows] == [
        (1, 16, 90),
        (3, 16, 90),
    ]
    for row in rows:
        low, high = row["min_messages_per_s"], row["max_messages_per_s"]
        assert 0 < low <= row["messages_per_s"] <= high
        assert row["us_per_message"] == pytest.approx(1e6 / row["messages_per_s"], 0.01)
        assert row["compile_s"] >= 0 and row["plain_messages_per_s"] > 0
        # Seven int32 a slot, and something for the cache and the rules.
        assert 28 < row["bytes_per_slot"] < 48
        assert row["state_bytes"] == row["books"] * row["bytes_per_slot"] * 32
        assert row["device"] and row["devices"] == 1 and not row["is_pinned"]
        assert row["implementation"] == "auto" and row["jax"] == jax.__version__


def test_json_to_standard_output_is_json_alone(capsys):
    main([*TINY, "--json", "-"])
    assert len(json.loads(capsys.readouterr().out)) == 2


def test_other_trades_are_an_error(monkeypatch, capsys):
    """A fast wrong book is worth nothing: here every number is one too large."""
    real = book_speed.run_many

    def wrong(*args, **options):
        result = real(*args, **options)
        return result._replace(rows_BVA=result.rows_BVA + 1)

    monkeypatch.setattr(book_speed, "run_many", wrong)
    with pytest.raises(SystemExit) as stop:
        main([*TINY, "--json", "-"])
    assert stop.value.code == 1
    told = capsys.readouterr()
    assert "the plain book" in told.err and told.out == ""


def test_a_refused_message_is_an_error():
    class Events:
        kind = np.array([[EventKind.FILL, EventKind.REST]])
        qty = np.array([[5, 7]])

    class Result:
        events = Events
        books = type("Books", (), {"status": np.array([0])})

    check_fills(Result, np.array([[1, 5]]))
    Result.books.status = np.array([1])
    with pytest.raises(Mismatch, match="refused"):
        check_fills(Result, np.array([[1, 5]]))


def test_more_books_than_streams_share_them(monkeypatch):
    monkeypatch.setattr(book_speed, "MOST_STREAMS", 2)
    speed = measure(3, 16, 90, repeats=1, seed=0)
    assert speed.num_messages == 90 and speed.plain_messages == 60
    assert len(speed.seconds) == 1


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--books", "0"], "--books"),
        (["--messages", "0"], "--messages"),
        (["--books", "3", "--devices", "2"], "divided"),
        (["--seed", "-1"], "out of range"),
        (["--json", "no/such/folder/rows.json"], "no such folder"),
        (["--slots", "24", "--implementation", "pallas"], "powers of two"),
        (["--slots", "2048", "--implementation", "pallas"], "at most"),
    ],
)
def test_bad_options(args, says, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*TINY, *args])
    assert stop.value.code == 2
    assert says in capsys.readouterr().err.strip().splitlines()[-1]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs Linux")
def test_held_to_one_core_and_back():
    before = os.sched_getaffinity(0)
    with held_to_one_core(True) as is_held:
        assert is_held and len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before
    with held_to_one_core(False) as is_held:
        assert not is_held and os.sched_getaffinity(0) == before


@pytest.mark.slow
def test_two_devices_in_a_process_of_its_own():
    args = [*TINY[:2], "--books", "4", "--slots", "16", "--messages", "80"]
    args += ["--repeats", "1", "--devices", "2", "--json", "-"]
    done = subprocess.run(
        [sys.executable, "-m", "marsjax", *args],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    (row,) = json.loads(done.stdout)
    assert row["devices"] == 2 and not row["is_pinned"]
