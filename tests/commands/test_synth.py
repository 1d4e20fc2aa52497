"""``marsjax synth``: a store like a real one, and what is true of it."""

import json
from functools import partial

import numpy as np
import polars as pl
import pytest

from marsjax.cli import main
from marsjax.commands import synth as command
from marsjax.data import read_store
from marsjax.errors import InputError
from marsjax.synth.law import score_tape
from marsjax.synth.markets import find_market
from marsjax.synth.tape import OPEN_S, BookFull
from marsjax.synth.truth import read_truth
from marsjax.types import Kind

# On two cores the groups and parts of the runs in `tests/synth/zi_run.py`: such a
# machine has compiled them.
NUM = 16
SIZE = ["--market", "zi", "--markets", str(NUM), "--orders", "2000", "--slots", "64"]


def synth(out, *more):
    main(["synth", *SIZE, "--out", str(out), "--json", *more])


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    out = tmp_path_factory.mktemp("synth") / "store"
    synth(out, "--truth-orders", "16000")
    return out


@pytest.fixture(scope="module")
def burnt_store(tmp_path_factory):
    """The second part of markets like those of the store."""
    out = tmp_path_factory.mktemp("synth") / "burnt"
    synth(out, "--truth-orders", "0", "--burn-in", "2000")
    return out


def test_the_store_is_read_as_a_real_one(store):
    tapes = list(read_store(store))
    assert [tape.name for tape in tapes] == [f"ZI_m{i:04d}" for i in range(NUM)]
    assert all(len(tape.messages) == 2_000 + tape.seed_rows for tape in tapes)
    assert "seed 0" in tapes[0].notes[0]


def test_the_truth_is_beside_the_tapes(store):
    truth = read_truth(store)
    assert truth.market.name == "zi" and truth.num_slots == 64
    entropy, cross = truth.nats["entropy"], truth.nats["cross_entropy"]
    assert truth.nats["orders"] == 16_000
    assert truth.burn_in == 0 and truth.rest_of("ZI_m0003") is None
    gap = abs(entropy["mean"] - cross["mean"])
    assert 0 < gap < 4 * (entropy["error"] + cross["error"]) < 1


def test_replay_takes_it_fill_for_fill(burnt_store, capsys):
    main(["replay", str(burnt_store), "--json"])
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == NUM
    for row in rows:
        assert row["fills_identical"] == row["fills_total"] > 50
        assert row["cancels_matched"] == row["cancels_total"] > 100
        assert row["crossed_states"] == 0 and row["status"] == []


def test_same_seed_same_tapes_and_a_fit_to_them(store, tmp_path, capsys):
    synth(tmp_path / "again", "--truth-orders", "0")
    both = zip(read_store(store), read_store(tmp_path / "again"), strict=True)
    for a, b in both:
        assert a.messages.equals(b.messages) and a.fills.equals(b.fills)
    capsys.readouterr()
    fitted = ["--burn-in", "2000", "--calibrate", str(store)]
    synth(tmp_path / "fit", "--truth-orders", "0", *fitted)
    printed = json.loads(capsys.readouterr().out)
    fit = {row["parameter"]: row["value"] for row in printed["fit"]["fit"]}
    assert fit["limit_k"] == pytest.approx(1.92, rel=0.1)
    # The train part, which is seven tenths.
    counts = printed["fit"]["counts"]
    total = sum(counts[name] for name in ("limit_orders", "market_orders", "cancels"))
    assert total == pytest.approx(0.7 * NUM * 2_000, rel=0.01)
    assert printed["fit"]["fitted_to"]["part"] == "train"
    assert printed["burn_in"] == 2_000
    assert all(row["real"] > 0 for row in printed["measures"])
    assert read_truth(tmp_path / "fit").params.limit_k == pytest.approx(fit["limit_k"])


def test_a_burn_in_goes_on_where_the_book_stands(store, burnt_store):
    """The law from the tape and its truth is that of the whole market's second half."""
    truth = read_truth(burnt_store)
    assert truth.burn_in == 2_000
    tape, *others = read_store(burnt_store)
    assert len({len(each.messages) for each in others}) > 1
    rest = truth.rest_of(tape.name)
    scored = score_tape(truth.market, truth.params, tape, rest=rest, num_slots=64)
    assert np.isfinite(scored.log_prob).all() and len(scored.log_prob) == 2_000
    last_id = read_store(store)[0].messages["order_id"].max()
    new = tape.messages.filter(pl.col("kind").is_in([int(Kind.LIMIT), int(Kind.IOC)]))
    assert new["order_id"].min() > last_id
    assert new["time_s"][0] == OPEN_S


def tried(monkeypatch, tmp_path, enough: int, real=None, slots=None) -> list[int]:
    """The slots that a run tries where so many are enough."""
    seen = []

    def write(*args, num_slots, **options):
        seen.append(num_slots)
        if num_slots < enough:
            raise BookFull("full", "give more")

    monkeypatch.setattr(command, "write_markets", write)
    made = command.Synth("queue", tmp_path, slots=slots)
    params = find_market("queue").functions.Params()
    made._simulate(find_market("queue"), params, 0.01, real, tmp_path)
    return seen


def test_slots_follow_the_market_and_are_doubled_until_all_orders_fit(
    monkeypatch, tmp_path
):
    run = partial(tried, monkeypatch, tmp_path)
    assert run(0) == [128]
    assert run(500) == [128, 256, 512]
    assert run(0, real={"live orders": 5_000.0}) == [512]
    assert run(0, slots=77) == [77]
    with pytest.raises(BookFull, match="give more"):
        run(500, slots=77)
    with pytest.raises(InputError, match="8,192 slots a side was full"):
        run(10**6)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--orders", "0"], "--orders is 0"),
        (["--tick-size", "nan"], "--tick-size is nan"),
        (["--symbol", "../x"], "cannot name a folder"),
        (["--seed", "-1"], "out of range"),
        (["--burn-in", "-5"], "--burn-in is -5"),
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
