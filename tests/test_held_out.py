"""The experiment that leaves each stock out, on two made-up tapes."""

import json

import pytest

from experiments import held_out
from experiments.held_out import Args, main
from marsjax.data import write_tapes
from marsjax.errors import InputError
from marsjax.synth import synthetic_tape
from marsjax.train.report import best_baseline

CONFIG = """
from marsjax.config import Config, ModelConfig, TrainConfig

config = Config(
    model=ModelConfig(d_model=16, num_layers=1, num_heads=2, window=16),
    train=TrainConfig(steps=2, seq_len=32, batch_size=6, warmup_steps=1),
)
"""


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """A store of two stocks and a config."""
    folder = tmp_path_factory.mktemp("held-out")
    tapes = [synthetic_tape(i, 900, symbol=name) for i, name in enumerate("AB")]
    write_tapes(folder / "store", tapes)
    (folder / "tiny.py").write_text(CONFIG)
    return folder


def check(run, symbol):
    """The stock is test as a whole, and of the other nothing is; its test orders."""
    info = json.loads((run / "dataset/dataset.json").read_text())
    orders = {}
    for segment in info["segments"]:
        of = info["tapes"][segment["tape"]]["symbol"], segment["part"]
        orders[of] = orders.get(of, 0) + segment["stop"] - segment["start"]
    assert {of for of, count in orders.items() if count} == {
        (symbol, "test"),
        *((other, part) for other in {"A", "B"} - {symbol} for part in PARTS),
    }
    return orders[symbol, "test"]


PARTS = ("train", "valid")


def test_each_stock_is_held_out_in_turn(work, monkeypatch, capsys):
    """With training and scoring left out."""
    trained = []
    monkeypatch.setattr(
        held_out, "train", lambda config, dataset, out, console: trained.append(out)
    )

    def told(run, part):
        """Its own name for a tape, and a gain on the better of two baselines."""
        assert part == "test" and check(run, run.name) > 850
        means = {"model": 6.0, "unigram": 8.0, "logistic": 7.0}
        nats = {name: {"mean": [x, x, x]} for name, x in means.items()}
        gain = {name: {"mean": [x - 6, x - 6, x - 6]} for name, x in means.items()}
        return {"orders": {run.name: 1_234}, "nats": nats, "gain": gain}

    monkeypatch.setattr(held_out, "score", told)
    main(Args(work / "store", work / "tiny.py", work / "quick"))
    assert [run.name for run in trained] == ["A", "B"]
    assert set(json.loads((work / "quick/held_out.json").read_text())) == {"A", "B"}
    told = capsys.readouterr().out
    assert told.count("1.000 [1.000, 1.000] on logistic") == 2
    assert told.count("1,234") == 2


def test_what_cannot_be_left_out(work):
    with pytest.raises(InputError, match="no symbol C"):
        main(Args(work / "store", work / "tiny.py", work / "none", symbols=("C",)))
    write_tapes(work / "single", [synthetic_tape(0, 900, symbol="A")])
    with pytest.raises(InputError, match="one stock alone"):
        main(Args(work / "single", work / "tiny.py", work / "none"))
    assert not (work / "none").exists()


@pytest.mark.slow
def test_in_full(work, capsys):
    main(Args(work / "store", work / "tiny.py", work / "out", symbols=("A",)))
    report = json.loads((work / "out/held_out.json").read_text())["A"]
    (count,) = report["orders"].values()
    assert count == check(work / "out/A", "A") - 1
    assert {"trigram_fields", "logistic"} <= set(report["nats"])
    assert f"on {best_baseline(report)}" in capsys.readouterr().out
