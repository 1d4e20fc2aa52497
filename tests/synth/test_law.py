"""The law that is stated is the law that draws."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest

from marsjax import book as mbook
from marsjax.synth import law
from marsjax.synth import zero_intelligence as zi
from marsjax.synth.markets import Market, find_market
from marsjax.synth.opening import states_of
from marsjax.synth.tape import to_tapes
from marsjax.types import Kind, Message, Side
from tests.synth.zi_run import (
    NUM_ORDERS,
    NUM_SLOTS,
    ZI,
    default_run,
    opening,
    scores,
    simulated,
)

event_rates = jax.jit(zi.event_rates)


@pytest.fixture(scope="module")
def later():
    """The markets of the default run after its end."""
    return simulated(burn_in=NUM_ORDERS)


@pytest.fixture(scope="module")
def state(later):
    """A market's, in the middle."""
    params = default_run()[0]
    state_B = states_of(ZI, params, opening(), later.openings[:1])
    return jax.tree.map(lambda x: x[0], state_B)


@pytest.fixture(scope="module")
def log_prob_of(state):
    """Log density of each of many messages in that state, after no wait."""
    params = default_run()[0]
    fn = jax.jit(jax.vmap(lambda m: zi.log_prob(params, state, m, jnp.float32(0))))

    def log_prob_of(rows):
        fields = np.array(rows, np.int32).T
        return np.asarray(fn(Message(*fields, np.zeros_like(fields[0]))), np.float64)

    return log_prob_of


def live(book):
    """Side, price, quantity and id of each live order."""
    fields = (book.price_ticks_SN, book.qty_SN, book.order_id_SN)
    price, qty, order_id = (np.asarray(x) for x in fields)
    return [(s, price[s, n], qty[s, n], order_id[s, n]) for s, n in np.argwhere(qty)]


def test_probabilities_sum_to_one(state, log_prob_of):
    params = default_run()[0]
    bid, ask = (int(x) for x in zi.references(state.book))
    new = []
    for lots in range(1, 31):
        for i in range(1, 11):
            new.append((Kind.LIMIT, Side.BUY, ask - i, 100 * lots, 9_999))
            new.append((Kind.LIMIT, Side.SELL, bid + i, 100 * lots, 9_999))
        new.append((Kind.IOC, Side.BUY, ask, 100 * lots, 9_999))
        new.append((Kind.IOC, Side.SELL, bid, 100 * lots, 9_999))
    cancels = [(Kind.CANCEL, *order) for order in live(state.book)]
    density = np.exp(log_prob_of(new + cancels))
    total = sum(np.sum(x) for x in event_rates(params, state.book))
    assert len(cancels) > 10
    assert abs(density.sum() / total - 1) < 1e-5


def test_the_entropy_is_that_of_the_list_of_events(state):
    params = default_run()[0]
    rates = [np.asarray(x, float).ravel() for x in event_rates(params, state.book)]
    p = np.concatenate(rates)
    total = p.sum()
    p = p[p > 0] / total
    n = np.arange(1, 200)
    size = params.stop_prob * (1 - params.stop_prob) ** (n - 1)
    share_new = (rates[0].sum() + rates[1].sum()) / total
    expected = 1 - np.log(total) - p @ np.log(p) - share_new * (size @ np.log(size))
    entropy = jax.jit(zi.event_entropy)(params, state)
    assert float(entropy) == pytest.approx(expected, abs=1e-5)


def test_what_cannot_come_has_no_probability(state, log_prob_of):
    bid, ask = (int(x) for x in zi.references(state.book))
    side, price, qty, order_id = live(state.book)[0]
    rows = [
        (Kind.LIMIT, Side.BUY, ask, 100, 9_999),  # reaches the other side
        (Kind.LIMIT, Side.BUY, ask - 11, 100, 9_999),  # too far
        (Kind.LIMIT, Side.SELL, bid + 1, 150, 9_999),  # not whole lots
        (Kind.LIMIT, Side.SELL, bid + 1, 0, 9_999),
        (Kind.LIMIT, 2, ask - 1, 100, 9_999),  # no side
        (Kind.IOC, Side.BUY, ask + 1, 100, 9_999),  # not the best price
        (Kind.CANCEL, side, price, qty, 8_888),  # no such order
        (Kind.CANCEL, side, price, qty + 100, order_id),  # not what is left
        (Kind.MARKET, Side.BUY, ask, 100, 9_999),
        (Kind.NONE, 0, 0, 0, 0),
    ]
    assert (log_prob_of(rows) == -np.inf).all()
    assert np.isfinite(log_prob_of([(Kind.CANCEL, side, price, qty, order_id)])).all()


def test_no_market_order_into_an_empty_side():
    params = default_run()[0]
    book = mbook.init(NUM_SLOTS).replace(last_price_ticks=jnp.int32(500))
    assert (np.asarray(event_rates(params, book)[1]) == 0).all()


def test_the_true_law_beats_any_other():
    """By more than two standard errors, for a change of each parameter."""
    params = default_run()[0]
    true = scores(params).log_prob
    for name, factor in (
        ("limit_k", 1.2),
        ("limit_alpha", 0.8),
        ("market_rate", 1.4),
        ("cancel_rate_K", 0.8),
        ("stop_prob", 0.9),
    ):
        other = params.replace(**{name: getattr(params, name) * factor})
        gain = law.estimate(true - scores(other).log_prob)
        assert gain.mean > 2 * gain.error > 0, name


def test_minus_log_prob_agrees_with_the_entropy():
    true = scores(default_run()[0])
    gap = law.estimate(-true.log_prob - true.entropy)
    assert abs(gap.mean) < 4 * gap.error < 0.1


def test_waits_are_exponential_after_time_change():
    hazard = scores(default_run()[0]).hazard
    assert kstest(hazard.ravel(), "expon").pvalue > 1e-3


def test_a_tape_scores_as_the_run_that_made_it(later):
    """From the market's own opening, or from the middle: the book is all there is."""
    params, run = default_run()
    for made in (run, later):
        tape = to_tapes(ZI, params, made, symbol="ZI")[3]
        expected = scores(params, made).log_prob[3]
        got = law.score_tape(ZI, params, tape, num_slots=NUM_SLOTS).log_prob
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


def test_what_an_auction_leaves_is_an_opening():
    """Orders of all kinds before the first session only make the book."""
    params, run = default_run()
    tape = to_tapes(ZI, params, run, symbol="ZI")[3]
    begins = tape.messages["time_s"][1_000]
    late = replace(tape, sessions=((begins, tape.sessions[0][1]),), seed_rows=0)
    got = law.score_tape(ZI, params, late, num_slots=NUM_SLOTS).log_prob
    expected = scores(params).log_prob[3, -len(got) :]
    assert 0 < len(got) <= 1_000 + NUM_SLOTS
    np.testing.assert_allclose(got[1:], expected[1:], rtol=1e-4, atol=1e-4)


def test_estimate_of_blocks():
    values = np.repeat(np.arange(64.0), 10)[None]
    mean, error = law.estimate(values)
    assert mean == 31.5
    assert error == pytest.approx(np.arange(64.0).std(ddof=1) / 8)


def test_a_market_without_a_law_is_refused():
    with pytest.raises(ValueError, match="not known"):
        law.score(Market("x", "x", "marsjax.synth.tape"), None, None, None, None, None)
    assert find_market("zi").has_law
