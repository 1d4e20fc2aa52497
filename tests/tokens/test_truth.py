"""The law of tokens is that of the market, and no table of counts beats it."""

import json
from dataclasses import replace

import numpy as np
import pytest

from marsjax.data import read_store, write_tapes
from marsjax.errors import InputError
from marsjax.synth.law import estimate, score_simulated
from marsjax.synth.markets import find_market
from marsjax.synth.truth import Truth, write_truth
from marsjax.tokens.dataset import write_dataset
from marsjax.tokens.orders import CANCEL
from marsjax.tokens.truth import dataset_truth, token_truth
from tests.tokens.truth_runs import NUM_ORDERS, SLOTS, made

both = pytest.mark.parametrize(
    "name", ["zi", pytest.param("queue", marks=pytest.mark.slow)]
)


@both
def test_minus_log_prob_agrees_with_the_entropy_field_by_field(name):
    run = made(name)
    log_prob, entropy = run.column("log_prob_TC"), run.column("entropy_TC")
    assert np.isfinite(log_prob).all()
    for field in range(4):
        gap = estimate(-log_prob[..., field] - entropy[..., field])
        assert abs(gap.mean) < 4 * gap.error + 1e-6, run.tokenizer.schema.field_names
    assert entropy.min() > -1e-5


@both
def test_tables_of_counts_do_worse_than_the_truth(name):
    """Fitted to the very orders that they are scored on, which flatters them."""
    run = made(name)
    log_prob = run.column("log_prob_TC").astype(np.float64)
    tokens = np.stack([each.tokens_TC for each in run.truths]).astype(int)
    type_, price, volume, interval = np.moveaxis(tokens, -1, 0)

    def gain(nats, fields):
        """Of the truth in those fields, which must be positive beyond its error."""
        found = estimate(nats + log_prob[..., fields].sum(axis=-1))
        assert found.mean > 2 * found.error, found
        return found.mean

    assert gain(_surprise(type_), [0]) > 0.003
    assert gain(_surprise(type_ * 32 + price), [0, 1]) > 0.03
    assert gain(_surprise((type_ * 32 + price) * 32 + volume), [0, 1, 2]) > 0.02
    gain(_surprise(interval), [3])
    before = np.pad(type_[:, :-1], ((0, 0), (1, 0)))
    gain(_surprise(3 * before + type_) - _surprise(before), [0])


def _surprise(key: np.ndarray) -> np.ndarray:
    """Nats of each key under the shares of all."""
    share = np.bincount(key.ravel()) / key.size
    return -np.log(share[key])


def test_bins_that_are_exact_cost_what_the_continuous_law_says():
    """What a tape of zero intelligence tells, taken apart.

    With bins of one value the token tells type, price and size of a new order to the
    last share. What the continuous law has beyond it is the waiting time in seconds
    instead of bins, and which of the orders alike a cancel takes.
    """
    run = made("zi")
    sure = score_simulated(run.market, run.params, run.simulated, num_slots=SLOTS["zi"])
    log_prob, tokens = run.column("log_prob_TC"), run.truths
    tokens = np.stack([each.tokens_TC for each in tokens])
    edges = run.tokenizer.edges
    price2 = np.stack([each.raw.price2 for each in run.observed])
    lots = np.stack([each.raw.lots for each in run.observed])
    # The wait costs (nats, seconds) log R - R w, with R the rate: hazard over wait.
    seconds = np.stack([each.raw.interval_ns for each in run.observed]) * 1e-9
    rate = sure.hazard / np.maximum(seconds, 1e-9)
    event = sure.log_prob - (np.log(rate) - sure.hazard)
    alone = np.isin(price2, edges["price"]) & np.isin(price2 - 1, edges["price"])
    alone &= np.isin(lots, edges["volume"])
    alone &= (lots == 1) | np.isin(lots - 1, edges["volume"])
    alone &= seconds > 1e-5
    is_new = alone & (tokens[..., 0] != CANCEL)
    gap = log_prob[..., :3].sum(-1) - event
    assert is_new.mean() > 0.2
    np.testing.assert_allclose(gap[is_new], 0, atol=2e-3)
    # Of a cancel the token leaves open which of the orders alike it takes.
    assert gap[alone & (tokens[..., 0] == CANCEL)].min() > -2e-3
    assert gap[alone & (tokens[..., 0] == CANCEL)].mean() > 0.01


def test_a_shorter_tape_is_as_the_whole_up_to_its_end():
    run = made("zi")
    tape = run.tapes[3]
    num = 1_500 - tape.seed_rows
    tapes = [*run.tapes]
    tapes[3] = replace(tape, messages=tape.messages.head(1_500))
    short = run.again(tapes)
    assert [len(each.row) for each in short] == 3 * [2_000] + [num] + 4 * [2_000]
    for x, y in zip(short[3], run.truths[3], strict=True):
        np.testing.assert_array_equal(x, y[:num])


@pytest.mark.slow  # compiles for a single tape
@both
def test_a_tape_alone_is_as_among_others(name):
    run = made(name)
    options = {"rest": run.rests[3], "num_slots": SLOTS[name]}
    alone = token_truth(run.market, run.params, run.tapes[3], run.tokenizer, **options)
    for x, y in zip(alone, run.truths[3], strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-5)


def test_a_dataset_has_its_truth_row_by_row(tmp_path):
    """Of eight tapes, which stand behind one that is not asked for."""
    run = made("zi")
    store, dataset = tmp_path / "store", tmp_path / "dataset"
    first = replace(run.tapes[0], name="X_first", messages=run.tapes[0].messages[:500])
    write_tapes(store, [first, *run.tapes])
    names = tuple(tape.name for tape in (first, *run.tapes))
    rests = (run.rests[0], *run.rests)
    write_truth(
        store, Truth(run.market, run.params, 1, SLOTS["zi"], names, rests=rests)
    )
    info = write_dataset(read_store(store), dataset, tokenizer=run.tokenizer)
    num = 500 - first.seed_rows
    assert info["num_orders"] == num + 8 * NUM_ORDERS
    told = []
    found = dataset_truth(
        store, dataset, tapes=names[1:], progress_fn=lambda *x: told.append(x)
    )
    assert told[-1] == (8 * NUM_ORDERS, 8 * NUM_ORDERS)
    for name in found._fields:
        whole = getattr(found, name)
        assert np.isnan(whole[:num]).all()
        each = np.stack(np.split(whole[num:], 8))
        np.testing.assert_array_equal(each, run.column(name))

    tokens = np.load(dataset / "tokens.npy")
    tokens[5, 1] += 1
    np.save(dataset / "tokens.npy", tokens)
    with pytest.raises(InputError, match="does not hold the tokens of X_first"):
        dataset_truth(store, dataset)
    with pytest.raises(InputError, match="cannot be read"):
        dataset_truth(store, tmp_path)
    info["segments"] = info["segments"][3:]
    (dataset / "dataset.json").write_text(json.dumps(info))
    with pytest.raises(InputError, match="does not hold the tokens of X_first"):
        dataset_truth(store, dataset, tapes=names[:1])


def test_what_has_no_law_of_tokens_is_refused():
    run = made("zi")
    for name in ("hawkes", "agents"):
        with pytest.raises(InputError, match="fixed rates"):
            token_truth(find_market(name), run.params, run.tapes[0], run.tokenizer)
    frame = run.tapes[0].messages
    twice = frame.head(30).vstack(frame[29:30]).vstack(frame[30:60])
    tape = replace(run.tapes[0], messages=twice)
    with pytest.raises(InputError, match="no orders, or were refused"):
        token_truth(run.market, run.params, tape, run.tokenizer)
