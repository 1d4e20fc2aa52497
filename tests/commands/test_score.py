"""``marsjax score``: any checkpoint on any store, but for what it was trained on."""

import json
import shlex
import shutil

import pytest

from marsjax.cli import main
from marsjax.data import write_tapes
from marsjax.synth import synthetic_tape

TINY = shlex.split(
    "--model.d-model 16 --model.num-layers 1 --model.num-heads 2 --model.window 16 "
    "--train.steps 2 --train.seq-len 32 --train.batch-size 6 --train.warmup-steps 1"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A run, the store it was trained on, and one that holds another stock beside."""
    work = tmp_path_factory.mktemp("score")
    first, other = (synthetic_tape(i, 900, symbol=s) for i, s in enumerate("AB"))
    write_tapes(work / "store", [first])
    write_tapes(work / "both", [first, other])
    args = ["--data", work / "store", "--out", work / "run", *TINY]
    main(["train", *map(str, args)])
    return work


def score(made, capsys, data="store", run="run", *more) -> dict:
    capsys.readouterr()
    args = ["--checkpoint", made / run, "--data", made / data, "--json", *more]
    main(["score", *map(str, args)])
    return json.loads(capsys.readouterr().out)


def fails(made, capsys, *more, data="store") -> str:
    capsys.readouterr()
    args = ["--checkpoint", made / "run", "--data", made / data, *more]
    with pytest.raises(SystemExit) as stop:
        main(["score", *map(str, args)])
    assert stop.value.code == 2
    return " ".join(capsys.readouterr().err.split())


def test_the_test_part_as_training_scored_it(made, capsys):
    report = score(made, capsys)
    trained = json.loads((made / "run/evaluation.json").read_text())
    assert report["nats"] == trained["nats"] and report["gain"] == trained["gain"]
    assert report["orders"] == trained["orders"]
    assert {"trigram_fields", "logistic"} <= set(report["nats"])
    assert "the model's training data" in report["baselines_fitted_on"]


def test_a_stock_not_trained_on_as_a_whole(made, capsys):
    more = ["--part", "all", "--symbols", "B", "--baselines", "counts"]
    report = score(made, capsys, "both", "run", *more)
    assert report["part"] == "all"
    (count,) = report["orders"].values()
    assert count > 850 and "logistic" not in report["nats"]
    assert "trigram_fields" in report["nats"]
    # Its trained stock would be among all of the store.
    told = fails(made, capsys, "--part", "all", data="both")
    assert "was trained on" in told and "--symbols" in told
    assert "no symbol Z" in fails(made, capsys, "--symbols", "Z")


def test_a_checkpoint_without_its_dataset(made, capsys):
    (best,) = (made / "run/best").iterdir()
    shutil.copytree(best, made / "alone")
    more = ["--baselines", "counts"]
    report = score(made, capsys, "store", "alone", *more)
    assert "store's train part" in report["baselines_fitted_on"]
    assert "bigram" in report["nats"]
    more += ["--part", "all", "--symbols", "B"]
    report = score(made, capsys, "both", "alone", *more)
    assert report["baselines_fitted_on"].startswith("none")
    assert set(report["nats"]) == {"model"} and report["gain"] == {}


def test_what_was_seen_is_scored_when_named_alone(made, capsys):
    report = score(made, capsys, "store", "run", "--part", "valid", "--baselines")
    assert report["part"] == "valid" and set(report["nats"]) == {"model"}
    # The same tape, cut elsewhere: its test part has been trained on.
    shutil.copytree(made / "store", made / "recut")
    main(["data", "split", str(made / "recut"), "--shares", "0.1", "0.1", "0.8"])
    assert "was trained on" in fails(made, capsys, data="recut")
    main(["data", "split", str(made / "recut"), "--shares", "1", "0", "0"])
    assert "no test part" in fails(made, capsys, data="recut")
