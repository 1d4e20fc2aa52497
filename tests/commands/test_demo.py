"""The demo, from shipped weights and with training."""

import json

import numpy as np
import pytest

from marsjax.cli import main
from marsjax.commands.outcome import is_demo
from marsjax.data import read_store
from marsjax.market.invented import read_opening
from marsjax.market.summary import MEASURES
from marsjax.train.shipped import WEIGHTS


def fails(args, capsys):
    with pytest.raises(SystemExit) as stop:
        main([str(arg) for arg in args])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--steps", 3], "add --train"),
        (["--tape-orders", 3], "add --train"),
        (["--train", "--model", "zi"], "drop --train"),
        (["--markets", 0], "1 or more"),
        (["--seed", -1], "seed"),
        (["--model", "none-such"], "sse"),
    ],
)
def test_options_that_mean_nothing(options, told, tmp_path, capsys):
    assert told in fails(["demo", "--out", tmp_path / "demo", *options], capsys)
    assert not list(tmp_path.iterdir())


def test_only_an_earlier_demo_is_replaced(tmp_path, capsys):
    (tmp_path / "demo.json").write_text("{}")
    (tmp_path / "price_fan.png").write_text("")
    assert is_demo(tmp_path)
    (tmp_path / "notes").write_text("mine")
    assert not is_demo(tmp_path)
    assert "exists already" in fails(["demo", "--out", tmp_path], capsys)
    assert (tmp_path / "notes").read_text() == "mine"


@pytest.mark.slow
@pytest.mark.parametrize("model", ["sse", "zi"])
def test_from_shipped_weights(model, tmp_path, capsys):
    out = tmp_path / "demo"
    args = ["demo", "--model", model, "--out", str(out), "--markets", "4"]
    main([*args, "--orders", "60", "--json"])
    printed = capsys.readouterr()
    told = json.loads(printed.out)
    assert "First look" in printed.err
    assert told["orders_sent"] == 240 and told["crossed_states"] == 0
    assert told == json.loads((out / "demo.json").read_text())
    names = {path.name for path in out.iterdir()}
    assert {"price_fan.png", "heatmap.png", "depth.png", "simulated"} <= names
    # The true market is known of one, of the other only averages of real orders.
    assert ("comparison.png" in names) == (model == "zi")
    column = "true market" if model == "zi" else "real"
    assert all(np.isfinite(row[column]) for row in told["comparison"])
    assert len(read_store(out / "simulated")) == 4 and is_demo(out)


@pytest.mark.slow
def test_with_training(tmp_path, capsys):
    args = ["demo", "--train", "--out", str(tmp_path / "demo"), "--tape-orders", "2000"]
    args += ["--steps", "3", "--markets", "2", "--orders", "30"]
    main([*args, "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["orders_sent"] == 60 and told["crossed_states"] == 0
    assert (tmp_path / "demo/price_fan.png").is_file()
    (tmp_path / "demo/price_fan.png").write_text("an earlier demo's")
    main(args)  # an earlier demo is replaced
    assert (tmp_path / "demo/price_fan.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["demo"]


def test_measures_of_the_card_are_those_of_the_table():
    """What is shipped of real orders has a row for everything that is measured."""
    rows = read_opening(WEIGHTS / "sse").measured["rows"]
    assert list(rows) == list(MEASURES)
    assert all(low <= mean <= high for mean, low, high in rows.values())
