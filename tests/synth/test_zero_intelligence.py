"""The zero-intelligence market has the rates it claims."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax import synth
from marsjax.data.replay import replay_tape
from marsjax.synth.zero_intelligence import event_rates, limit_rates
from marsjax.types import Kind, Side


@pytest.fixture(scope="module")
def long_run():
    """20,000 events of one market, and its length in seconds."""
    params = synth.ZIParams()

    def run(key):
        state, _ = synth.start(params, 128)
        return synth.simulate(key, params, state, 20_000)

    state, (messages, time_s, time_ns) = jax.jit(run)(jax.random.key(3))
    return params, state, messages, float(time_s[-1]) + float(time_ns[-1]) * 1e-9


def test_arrival_rates_agree_with_the_law(long_run):
    """Poisson counts within four standard deviations of rate times time."""
    params, _, messages, seconds = long_run
    kind, side = np.asarray(messages.kind), np.asarray(messages.side)
    rate = float(jnp.sum(limit_rates(params)))
    for each in Side:
        limits = ((kind == Kind.LIMIT) & (side == each)).sum()
        assert abs(limits - rate * seconds) < 4 * np.sqrt(rate * seconds)
        markets = ((kind == Kind.IOC) & (side == each)).sum()
        expected = params.market_rate * seconds
        assert abs(markets - expected) < 4 * np.sqrt(expected)


def test_sizes_are_geometric(long_run):
    params, _, messages, _ = long_run
    new = np.asarray(messages.kind) != Kind.CANCEL
    lots = np.asarray(messages.qty)[new] / params.lot_size
    for n in (1, 2, 3):
        share, n_orders = (lots > n).mean(), new.sum()
        expected = (1 - params.stop_prob) ** n
        error = np.sqrt(expected * (1 - expected) / n_orders)
        assert abs(share - expected) < 4 * error


def test_nothing_went_wrong_and_quotes_are_sane(long_run):
    _, state, messages, _ = long_run
    assert int(state.book.status) == 0
    assert (np.asarray(messages.qty) > 0).all()


def test_event_rates_of_a_known_book():
    params = synth.ZIParams()
    state, _ = synth.start(params, 32)
    limit_SK, market_S, cancel_SN = event_rates(params, state.book)
    np.testing.assert_allclose(limit_SK[0], 1.92 * np.arange(1, 11) ** -0.52, rtol=1e-5)
    np.testing.assert_allclose(market_S, [0.94, 0.94], rtol=1e-6)
    # One order at each distance 1..10 a side: theta(1..5), then theta(5) again.
    theta = [0.71, 0.81, 0.68, 0.56, 0.47] + [0.47] * 5
    np.testing.assert_allclose(np.sort(cancel_SN[0])[-10:], np.sort(theta), rtol=1e-6)


def test_same_seed_same_market_and_batch_of_any_size():
    params = synth.ZIParams()

    def run(key):
        state, _ = synth.start(params, 64)
        return synth.simulate(key, params, state, 200)[1]

    keys = jax.random.split(jax.random.key(0), 3)
    batched = jax.jit(jax.vmap(run))(keys)
    for b in range(3):
        alone = jax.jit(run)(keys[b])
        jax.tree.map(
            lambda x, y, b=b: np.testing.assert_array_equal(x, y[b]), alone, batched
        )


def test_tape_replays_without_a_reject():
    tape = synth.synthetic_tape(0, 500)
    result = replay_tape(tape)
    assert int(result.book.status) == 0
    assert len(tape.messages) == 500 + tape.seed_rows


def test_a_book_too_small_is_an_error():
    with pytest.raises(ValueError, match="num_slots"):
        synth.start(synth.ZIParams(), 8)
