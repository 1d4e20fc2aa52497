"""``marsjax synth``: a store like a real one, and what is true of it."""

import json

import pytest

from marsjax.cli import main
from marsjax.data import read_store
from marsjax.synth.truth import read_truth

SIZE = ["--market", "zi", "--markets", "2", "--orders", "400", "--slots", "64"]


def synth(out, *more):
    main(["synth", *SIZE, "--out", str(out), "--json", *more])


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    out = tmp_path_factory.mktemp("synth") / "store"
    synth(out)
    return out


def test_the_store_is_read_as_a_real_one(store):
    tapes = list(read_store(store))
    assert [tape.name for tape in tapes] == ["ZI_m0000", "ZI_m0001"]
    assert all(len(tape.messages) == 400 + tape.seed_rows for tape in tapes)
    assert "seed 0" in tapes[0].notes[0]


def test_the_truth_is_beside_the_tapes(store):
    truth = read_truth(store)
    assert truth.market.name == "zi" and truth.num_slots == 64
    entropy, cross = truth.nats["entropy"], truth.nats["cross_entropy"]
    assert truth.nats["orders"] == 800
    gap = abs(entropy["mean"] - cross["mean"])
    assert 0 < gap < 4 * (entropy["error"] + cross["error"]) < 1


def test_replay_takes_it(store, capsys):
    main(["replay", str(store), "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 2
    for row in rows:
        assert row["cancels_matched"] == row["cancels_total"] > 100
        assert row["crossed_states"] == 0 and row["status"] == []


def test_same_seed_same_tapes_and_a_fit_to_them(store, tmp_path, capsys):
    synth(tmp_path / "again", "--truth-orders", "0")
    both = zip(read_store(store), read_store(tmp_path / "again"), strict=True)
    for a, b in both:
        assert a.messages.equals(b.messages)
    capsys.readouterr()
    synth(tmp_path / "fit", "--truth-orders", "0", "--calibrate", str(store))
    printed = json.loads(capsys.readouterr().out)
    fit = {row["parameter"]: row["value"] for row in printed["fit"]["fit"]}
    assert fit["limit_k"] == pytest.approx(1.92, rel=0.3)
    assert all(row["real"] > 0 for row in printed["measures"])
    assert read_truth(tmp_path / "fit").params.limit_k == pytest.approx(fit["limit_k"])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--orders", "0"], "--orders is 0"),
        (["--tick-size", "nan"], "--tick-size is nan"),
        (["--symbol", "../x"], "cannot name a folder"),
        (["--seed", "-1"], "out of range"),
        (["--slots", "4"], "num_slots 4"),
        (["--calibrate", "nowhere"], "nowhere"),
    ],
)
def test_bad_options_are_one_line(more, words, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        synth(tmp_path / "out", *more)
    assert stop.value.code == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()
