"""The zero-intelligence market has the rates it claims."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from marsjax import synth
from marsjax.data.replay import replay_tape
from marsjax.errors import InputError
from marsjax.synth import zero_intelligence as zi
from marsjax.synth.tape import to_tapes
from marsjax.types import Kind, Side
from tests.synth.zi_run import NUM_MARKETS, ZI, default_run, opening, simulated

event_rates = jax.jit(zi.event_rates)


def seconds_of(run):
    """Length of all markets together."""
    return float(run.time_s_BT[:, -1].sum() + run.time_ns_BT[:, -1].sum() * 1e-9)


def test_arrival_rates_agree_with_the_law():
    """Poisson counts within four standard deviations of rate times time."""
    params, run = default_run()
    kind, side = run.messages_BT.kind, run.messages_BT.side
    rate, seconds = float(jnp.sum(zi.limit_rates(params))), seconds_of(run)
    for each in Side:
        limits = ((kind == Kind.LIMIT) & (side == each)).sum()
        assert abs(limits - rate * seconds) < 4 * np.sqrt(rate * seconds)
        markets = ((kind == Kind.IOC) & (side == each)).sum()
        expected = params.market_rate * seconds
        assert abs(markets - expected) < 4 * np.sqrt(expected)


def test_sizes_are_geometric():
    params, run = default_run()
    new = run.messages_BT.kind != Kind.CANCEL
    lots = run.messages_BT.qty[new] / params.lot_size
    for n in (1, 2, 3):
        share, n_orders = (lots > n).mean(), new.sum()
        expected = (1 - params.stop_prob) ** n
        error = np.sqrt(expected * (1 - expected) / n_orders)
        assert abs(share - expected) < 4 * error


def test_nothing_went_wrong_and_quotes_are_sane():
    _, run = default_run()
    assert (run.status_B == 0).all()
    assert (run.messages_BT.qty > 0).all()
    wait_ns = np.diff(run.time_s_BT) * 10**9 + np.diff(run.time_ns_BT)
    assert (wait_ns >= 0).all() and (run.time_ns_BT < 10**9).all()


def test_event_rates_of_a_known_book():
    params, state = synth.ZIParams(), opening()
    limit_SK, market_S, cancel_SN = event_rates(params, state.book)
    np.testing.assert_allclose(limit_SK[0], 1.92 * np.arange(1, 11) ** -0.52, rtol=1e-5)
    np.testing.assert_allclose(market_S, [0.94, 0.94], rtol=1e-6)
    # One order at each distance 1..10 a side: theta(1..5), then theta(5) again.
    theta = [0.71, 0.81, 0.68, 0.56, 0.47] + [0.47] * 5
    np.testing.assert_allclose(np.sort(cancel_SN[0])[-10:], np.sort(theta), rtol=1e-6)


def test_draws_from_one_state_are_in_proportion_to_their_rates():
    """Which of the 42 events comes next, and after how long: chi-square and mean."""
    params, num, state = synth.ZIParams(), 10_000, opening()
    keys = jax.random.split(jax.random.key(5), num)
    run = jax.jit(jax.vmap(lambda k: synth.step(params, state, k)[1]))
    message, time_s, time_ns = jax.tree.map(np.asarray, run(keys))
    limit_SK, market_S, cancel_SN = event_rates(params, state.book)
    total = float(limit_SK.sum() + market_S.sum() + cancel_SN.sum())

    drawn, expected = [], []
    for side in Side:
        for i in range(10):
            price = 10_000 - 1 - i if side == Side.BUY else 10_000 + i
            is_it = (message.side == side) & (message.price_ticks == price)
            drawn.append((is_it & (message.kind == Kind.LIMIT)).sum())
            expected.append(limit_SK[side, i])
        drawn.append(((message.kind == Kind.IOC) & (message.side == side)).sum())
        expected.append(market_S[side])
    ids = np.asarray(state.book.order_id_SN)
    for s, n in np.argwhere(np.asarray(state.book.qty_SN) > 0):
        is_it = (message.kind == Kind.CANCEL) & (message.order_id == ids[s, n])
        drawn.append(is_it.sum())
        expected.append(cancel_SN[s, n])
    share = np.array(expected, float) / total
    assert len(drawn) == 42 and sum(drawn) == num
    assert stats.chisquare(drawn, share / share.sum() * num).pvalue > 1e-4
    wait_s = time_s + time_ns * 1e-9
    assert abs(wait_s.mean() * total - 1) < 4 / np.sqrt(num)
    assert stats.kstest(wait_s * total, "expon").pvalue > 1e-4


def test_a_queue_of_one_price_is_poisson():
    """Without market orders and at one distance each side is a queue M/M/infinity.

    Its stationary law is Poisson with mean limit rate over cancel rate. (An exponent of
    60 leaves the other distances a rate of 1e-18.)
    """
    one = {"market_rate": 0.0, "limit_alpha": 60.0, "limit_k": 5.0}
    params = synth.ZIParams(cancel_rate_K=jnp.ones(5), **one)
    run = simulated(params, seed=1)
    time_s = run.time_s_BT + run.time_ns_BT * 1e-9
    change = np.where(run.messages_BT.kind == Kind.CANCEL, -1, 1)
    first = 200  # ten seconds, ten times the memory of the queue
    held_s = np.diff(time_s)[:, first:]
    means, squares = [], []
    for side in Side:
        live = 10 + np.cumsum(change * (run.messages_BT.side == side), axis=1)
        live = live[:, first:-1]
        assert (live >= 0).all()
        means += list((live * held_s).sum(1) / held_s.sum(1))
        squares += list((live * (live - 1.0) * held_s).sum(1) / held_s.sum(1))
    # Of a Poisson variable E[n] is the mean and E[n (n - 1)] its square.
    for values, expected in ((means, 5.0), (squares, 25.0)):
        assert len(values) == 2 * NUM_MARKETS
        error = np.std(values, ddof=1) / np.sqrt(len(values))
        assert abs(np.mean(values) - expected) < 4 * error
        assert error < expected / 10


def test_tape_replays_without_a_reject():
    params, run = default_run()
    tape = to_tapes(ZI, params, run, symbol="ZI")[1]
    result = replay_tape(tape)
    assert int(result.book.status) == 0
    assert tape.name == "ZI_m0001" and tape.seed_rows == 20
    assert len(tape.messages) == run.time_s_BT.shape[1] + tape.seed_rows


def test_a_book_too_small_is_an_error():
    with pytest.raises(InputError, match="num_slots"):
        synth.start(synth.ZIParams(), 8)


@pytest.mark.parametrize(
    "bad",
    [
        {"limit_k": -1.0},
        {"limit_k": np.nan},
        {"market_rate": -0.1},
        {"cancel_rate_K": jnp.array([0.5, -0.1])},
        {"stop_prob": 0.0},
        {"stop_prob": 1.5},
        {"mid_ticks": 5},
        {"lot_size": 0},
    ],
)
def test_parameters_that_make_no_market_are_refused(bad):
    zi.check(synth.ZIParams())
    with pytest.raises(InputError, match=next(iter(bad))):
        zi.check(synth.ZIParams(**bad))
