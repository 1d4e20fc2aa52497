"""``marsjax train``: what it refuses, and what it leaves behind then."""

import json
import shlex

import pytest

from marsjax import synth
from marsjax.cli import main
from marsjax.data import write_tapes
from marsjax.errors import InputError
from marsjax.tokens.dataset import write_dataset
from marsjax.train import load_checkpoint

TINY = shlex.split(
    "--model.d-model 16 --model.num-layers 1 --model.num-heads 2 --model.window 16 "
    "--train.steps 2 --train.seq-len 32 --train.batch-size 6 --train.warmup-steps 1"
)


@pytest.fixture(scope="module")
def make_store(tmp_path_factory):
    """A store of one synthetic tape with the given split."""
    tapes = {seed: synth.synthetic_tape(seed, 2_000) for seed in (5, 6)}

    def make(split, seed=5):
        folder = tmp_path_factory.mktemp("tapes") / "store"
        write_tapes(folder, [tapes[seed]], split)
        return folder

    return make


@pytest.fixture(scope="module")
def store(make_store):
    return make_store((0.7, 0.1, 0.2))


def train(store, out, *more):
    args = ["--data", store, "--out", out, *TINY, *more]
    main(["train", *map(str, args)])


def fails(capsys, *args) -> list[str]:
    """Standard error of a command that exits with code 2."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as stop:
        main([str(arg) for arg in args])
    assert stop.value.code == 2
    return capsys.readouterr().err.splitlines()


def test_bad_input_leaves_nothing_and_an_aborted_run_begins_anew(
    store, tmp_path, capsys
):
    out = tmp_path / "runs/model"
    args = ["train", "--data", store, "--out", out, *TINY]
    told = fails(capsys, *args, "--train.seq-len", "100000")
    assert told[-1].startswith("error: ") and "lower seq_len" in told[-1]
    assert not out.parent.exists()
    (told,) = fails(capsys, *args, "--resume")
    assert "holds no run" in told
    # Killed between the dataset and config.json, and while tokenising.
    (out / ".dataset-abcd").mkdir(parents=True)
    (out / "dataset").mkdir()
    (out / "dataset/tokens.npy").write_text("half")
    train(store, out, "--resume")
    assert json.loads((out / "evaluation.json").read_text())["part"] == "test"
    assert {p.name for p in out.iterdir()} == {
        *("dataset", "config.json", "metrics.jsonl", "evaluation.json"),
        *("latest", "best"),
    }
    (told,) = fails(capsys, *args)
    assert "--resume" in told
    told = fails(capsys, *args, "--resume", "--train.seed", "3")
    assert "another config" in told[-1]
    assert (out / "evaluation.json").is_file() and (out / "dataset").is_dir()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--out", "{tmp}/file/run"], "file/run"),
        (["--out", "{tmp}/other"], "is not empty and holds no run"),
        (["--data", "{tmp}/none"], "none"),
        (["--config", "{tmp}/bad.py"], "bad.py:2: SyntaxError"),
    ],
)
def test_what_fails_before_work_begins_says_one_line(
    store, tmp_path, capsys, more, says
):
    (tmp_path / "file").write_text("x")
    (tmp_path / "other").mkdir()
    (tmp_path / "other/thesis.tex").write_text("x")
    (tmp_path / "bad.py").write_text("x = 1\nconfig = (\n")
    args = {"--data": store, "--out": tmp_path / "run"}
    args[more[0]] = more[1].format(tmp=tmp_path)
    flat = [word for pair in args.items() for word in pair]
    (told,) = fails(capsys, "train", *flat)
    assert told.startswith("error: ") and says in told
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_that_jax_does_not_take(store, tmp_path, capsys, seed):
    out = tmp_path / "run"
    told = fails(capsys, "train", "--data", store, "--out", out, "--train.seed", seed)
    assert f"seed {seed} is outside" in " ".join(told)
    assert not out.exists()


def test_a_config_file_leaves_data_and_out_required(store, tmp_path, capsys):
    config = tmp_path / "plain.py"
    config.write_text("from marsjax.config import Config as config\n")
    told = fails(capsys, "train", "--config", config, "--data", store)
    assert "--out" in "".join(told) and "--data" not in "".join(told)


def test_a_dry_run_writes_nothing_and_needs_neither_data_nor_out(
    store, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    main(["train", "--dry-run", "--data", str(store), *TINY, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["orders"] == 2 * 6 * 32 and found["steps"] == 2
    assert 1_000 < found["train_orders"] < 2_000
    assert found["epochs"] == pytest.approx(found["orders"] / found["train_orders"])
    memory = found["memory_bytes"]
    assert memory["parameters"] == memory["gradients"] == 4 * found["parameters"]
    assert memory["optimiser"] == 2 * memory["parameters"] + 8  # and two counters
    assert memory["activations"] > 0
    assert found["seconds"] > 0 and "timed" in found["how"]
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_begun_on_one_store_and_gone_on_with_it_mixed_into_another(
    make_store, store, tmp_path, capsys
):
    first, out = tmp_path / "first", tmp_path / "tuned"
    args = ["train", "--data", store, "--out", out, *TINY]
    told = fails(capsys, *args, "--mix-weights", "2")
    assert "1 weights of 0 stores" in told[-1]
    other = make_store((0.6, 0.2, 0.2), seed=6)
    train(other, first)
    mixed = ["--mix", str(other), "--mix-weights", "0.5", "--init", str(first)]
    train(store, out, *mixed)
    begun, tuned = load_checkpoint(first), load_checkpoint(out)
    assert tuned.meta["tokenizer_sha256"] == begun.meta["tokenizer_sha256"]
    weights = [each["weight"] for each in tuned.meta["data"]]
    tapes = [sorted(each["tapes"]) for each in tuned.meta["data"]]
    assert weights == [1.0, 0.5, 1.0] and tapes[1] == tapes[2]
    assert tuned.meta["data"][2]["tapes"] == begun.meta["data"][0]["tapes"]
    assert (out / "mix-0/dataset.json").is_file()

    # What the first model was trained on is not to be scored, begun with or mixed in.
    later = make_store((0.1, 0.1, 0.8), seed=6)
    args = ["train", "--data", later, "--out", tmp_path / "leak", *TINY]
    for more in (["--init", first], ["--mix", other]):
        told = fails(capsys, *args, *more)
        assert "the model was" in told[-1] and "would be scored" in told[-1]
        assert not (tmp_path / "leak").exists()


def test_a_store_without_a_test_part_trains_and_is_not_scored(
    make_store, tmp_path, capsys
):
    train(make_store((0.9, 0.1, 0)), tmp_path / "run", "--json")
    told = capsys.readouterr()
    assert "no test part" in told.err
    payload = json.loads(told.out)
    assert payload["evaluation"] is None and payload["summary"]["step"] == 2
    assert not (tmp_path / "run/evaluation.json").exists()
    train(make_store((1, 0, 0)), tmp_path / "run2")
    told = capsys.readouterr()
    assert "no valid part and no test part" in " ".join(told.out.split())


def test_a_dataset_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="file/run/dataset: cannot be made"):
        write_dataset([], tmp_path / "file/run/dataset")
