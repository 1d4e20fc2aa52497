"""The queue-reactive market has the law it states."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.linalg import null_space
from scipy.stats import chisquare, kstest

from marsjax.errors import InputError
from marsjax.synth import flow_law
from marsjax.synth import queue_reactive as queue
from marsjax.synth.flow_book import touch
from marsjax.synth.law import score
from marsjax.synth.markets import find_market
from marsjax.synth.opening import Opening, states_of
from marsjax.types import Kind, Message, Side
from tests.synth.flow_runs import (
    NUM_MARKETS,
    NUM_ORDERS,
    assert_alone_as_in_a_batch,
    assert_entropy_is_mean_surprise,
    assert_law_goes_on_after_a_burn_in,
    assert_true_law_wins,
    run,
)

QUEUE = find_market("queue")
SLOTS = 128
Q = np.arange(25.0)
# Queues that forget within a second, around a reference that stands.
STILL = queue.Params(
    limit_rate_KQ=jnp.asarray(np.tile([[2.0], [3.0], [2.5]], 25), jnp.float32),
    cancel_rate_KQ=jnp.asarray(np.stack([0.8 * Q, Q, Q]), jnp.float32),
    market_rate_Q=jnp.asarray(1.5 / (1 + Q), jnp.float32),
    theta=0.0,
)


@pytest.fixture(scope="module")
def still():
    return run(QUEUE, STILL, SLOTS, seed=0)


@pytest.fixture(scope="module")
def moving():
    """The default market: a reference that moves, queues drawn anew."""
    return run(QUEUE, queue.Params(), SLOTS, seed=1)


@pytest.fixture(scope="module")
def later(moving):
    """What comes after it, as a run of its own."""
    return assert_law_goes_on_after_a_burn_in(moving)


def test_stationary_law_solves_the_master_equation():
    for params in (STILL, queue.Params()):
        birth_KQ = np.array(params.limit_rate_KQ, float)
        death_KQ = np.array(params.cancel_rate_KQ, float)
        death_KQ[0] += np.asarray(params.market_rate_Q)
        for k in range(3):
            up, down = np.diag(birth_KQ[k, :-1], 1), np.diag(death_KQ[k, 1:], -1)
            generator = up + down
            generator -= np.diag(generator.sum(1))
            law = null_space(generator.T)[:, 0]
            np.testing.assert_allclose(
                queue.stationary_law(params)[k], law / law.sum(), atol=1e-5
            )


def test_queue_sizes_have_their_stationary_law(still):
    """Chi-square over markets and times further apart than the queues remember."""
    params, time = still.params, still.time_BT
    assert not still.simulated.status_B.any()
    kind, side, price = still.simulated.messages_BT[:3]
    assert time[:, -1].min() > 24
    ref = int(still.start().ref_ticks)
    law_KQ = np.asarray(queue.stationary_law(params), np.float64)
    # A market order takes one from the other side's first queue.
    of_side = np.where(kind == Kind.IOC, 1 - side, side)
    of_queue = np.where(of_side == Side.BUY, ref - price, price - ref - 1)
    change = np.where(kind == Kind.LIMIT, 1, -1)
    for k in range(3):
        sizes = []
        for s in (0, 1):
            steps = np.where((of_side == s) & (of_queue == k), change, 0)
            for at in np.arange(6.0, 24.1, 4.5):
                sizes.append(5 + np.where(time <= at, steps, 0).sum(1))
        count_Q = np.bincount(np.concatenate(sizes), minlength=25)
        expected_Q = law_KQ[k] * count_Q.sum()
        last = np.flatnonzero(expected_Q >= 5)[-1]
        first = np.flatnonzero(expected_Q >= 5)[0]
        cut = [0, *range(first + 1, last + 1)]
        counts, expected = (np.add.reduceat(x, cut) for x in (count_Q, expected_Q))
        fit = chisquare(counts, expected * counts.sum() / expected.sum())
        assert fit.pvalue > 1e-3, (k, counts, expected)


def test_arrival_rates_are_those_of_the_stationary_law(still):
    """Limit orders into the third queue of each side come at a constant rate."""
    messages, time = still.simulated.messages_BT, still.time_BT
    is_third = messages.kind == Kind.LIMIT
    is_third &= messages.price_ticks == int(still.start().ref_ticks) - 2
    count, expected = (is_third & (time < 24)).sum(), 2.5 * 24 * NUM_MARKETS
    assert abs(count - expected) < 4 * np.sqrt(expected)


@pytest.mark.parametrize("which", ["still", "moving"])
def test_entropy_is_the_mean_surprise(which, request):
    assert_entropy_is_mean_surprise(request.getfixturevalue(which))


def test_waits_are_exponential_after_time_change(moving):
    assert kstest(moving.scores.hazard.ravel(), "expon").pvalue > 1e-3


def test_true_law_beats_perturbed_laws(still):
    params, laws = still.params, []
    for name in ("limit_rate_KQ", "cancel_rate_KQ", "market_rate_Q"):
        value = getattr(params, name)
        laws += [params.replace(**{name: value * scale}) for scale in (0.6, 1.6)]
        tilt = jnp.linspace(0.4, 2.0, 25)
        laws.append(
            params.replace(**{name: value * jnp.broadcast_to(tilt, value.shape)})
        )
    assert_true_law_wins(still, laws)


def test_follow_finds_the_moves_of_the_reference(later):
    """Nothing is hidden: where it stands follows from the messages and their times."""
    refs = [int(opening.rest["ref_ticks"]) for opening in later.simulated.openings]
    assert np.std(refs) > 0.5
    targets = [opening.rest["target_SK"] for opening in later.simulated.openings]
    assert any((target_SK >= 0).any() for target_SK in targets)


def test_a_book_of_another_market_sets_the_reference(later):
    """It stands where the quotes say, and the law is that of these queues."""
    openings = [Opening(one.seeds_T) for one in later.simulated.openings]
    start = later.start()
    state_B = states_of(QUEUE, later.params, start, openings)
    touch_B = jax.vmap(touch)(state_B.book)
    mid2_B = np.asarray(touch_B.bid_ticks + touch_B.ask_ticks)
    assert (touch_B.bid_ticks > 0).all() and (touch_B.ask_ticks > 0).all()
    assert (np.abs(2 * state_B.ref_ticks + 1 - mid2_B) <= 1).all()
    assert np.std(state_B.ref_ticks) > 0.5 and (state_B.target_SK == -1).all()
    # Where the real reference stands there too, the next event is as likely.
    true = np.array([one.rest["ref_ticks"] for one in later.simulated.openings])
    free = np.array([(one.rest["target_SK"] < 0).all() for one in later.simulated[0]])
    same = (true == state_B.ref_ticks) & free
    assert same.sum() > NUM_MARKETS / 4
    scores = score(
        QUEUE, later.params, openings, *later.simulated[1:4], num_slots=SLOTS
    )
    np.testing.assert_allclose(
        scores.log_prob[same, 0], later.scores.log_prob[same, 0], rtol=1e-5
    )


@pytest.mark.parametrize("is_redraw", [False, True])
def test_probabilities_of_all_events_sum_to_one(later, is_redraw):
    """``sum r exp(-R w)`` is ``R exp(-R w)``, whatever w."""
    params, openings = later.params, later.simulated.openings
    state_B = states_of(QUEUE, params, later.start(), openings[:1])
    state = jax.tree.map(lambda x: x[0], state_B)
    ref = int(state.ref_ticks)
    target_SK = np.full((2, 3), -1, np.int32)
    if is_redraw:  # the second bid queue shall be empty
        target_SK[0, 1] = 0
    state = state._replace(target_SK=target_SK)
    rows = []
    for side in (0, 1):
        for price in range(ref - 6, ref + 8):
            for qty in (0, 100, 200):
                rows.append((Kind.LIMIT, side, price, qty, 9))
                rows.append((Kind.IOC, side, price, qty, 9))
        for n in np.flatnonzero(np.asarray(state.book.qty_SN[side]) > 0):
            order_id = int(state.book.order_id_SN[side, n])
            rows += [(Kind.CANCEL, s, 0, 100, order_id) for s in (0, 1)]
    rows = rows + [(Kind.NONE, 0, 0, 0, 0)] * (300 - len(rows))
    columns = np.array(rows, np.int32).T
    messages = Message(*columns, owner=np.zeros_like(columns[0]))
    log_prob = log_probs(params, state, messages, jnp.float32(0.01))
    total = float(hazard(params, state, 1.0))
    mass = float(jnp.exp(log_prob).sum())
    assert mass == pytest.approx(total * np.exp(-0.01 * total), rel=1e-5)
    if is_redraw:
        assert total == pytest.approx(100)
        assert set(np.asarray(messages.kind)[np.isfinite(log_prob)]) == {Kind.CANCEL}


hazard = jax.jit(queue.hazard)
log_probs = jax.jit(jax.vmap(queue.log_prob, in_axes=(None, None, 0, None)))


def test_same_key_same_bytes_alone_or_in_a_batch(moving):
    simulate = jax.jit(lambda key, *args: queue.simulate(key, *args, NUM_ORDERS))
    assert_alone_as_in_a_batch(moving, simulate)


def test_coins_of_the_clock_are_uniform_and_independent():
    wait = jax.random.exponential(jax.random.key(0), (4000,)) * 0.1
    seconds, ns = flow_law.add_time(jnp.int32(0), jnp.int32(0), wait)
    u = np.asarray(jax.vmap(lambda s, n: flow_law.clock_uniforms(s, n, 4))(seconds, ns))
    for i in range(4):
        assert kstest(u[:, i], "uniform").pvalue > 1e-3
    others = np.corrcoef(np.c_[u, wait].T) - np.eye(5)
    assert np.abs(others).max() < 4 / np.sqrt(4000)


def test_calibrate_recovers_the_rates(still):
    fitted, report = queue.calibrate(still.tapes(12))
    queue.check(fitted)
    assert report["unit_qty"] == 100 and report["left_out"] == {}
    for name, truth in (
        ("limit", STILL.limit_rate_KQ),
        ("cancel", STILL.cancel_rate_KQ),
        ("market", STILL.market_rate_Q[None]),
    ):
        of = report[f"{name}_rate"]
        value, se, count = (np.array(of[x]) for x in ("value", "se", "count"))
        is_many = count[: len(truth)] >= 10
        z = ((value - np.asarray(truth)[:, : value.shape[1]]) / se)[: len(truth)]
        assert is_many.sum() >= 4 * len(truth)
        assert np.abs(z[is_many]).max() < 4.5
        assert np.mean(z[is_many] ** 2) < 2
    # These queues are often empty, so that the mid alone misleads at times.
    assert report["theta"]["value"] < 0.3


def test_calibrate_recovers_theta(moving):
    _, report = queue.calibrate(moving.tapes(16))
    theta = report["theta"]
    assert theta["se"] < 0.06
    assert abs(theta["value"] - 0.7) < 4 * theta["se"]


def test_impossible_parameters_are_refused():
    queue.check(queue.Params())
    with pytest.raises(InputError, match="market_rate_Q has shape"):
        queue.check(queue.Params(market_rate_Q=jnp.ones(3)))
    with pytest.raises(InputError, match="theta is"):
        queue.check(queue.Params(theta=1.5))
    with pytest.raises(InputError, match="no way"):
        queue.check(queue.Params(cancel_rate_KQ=jnp.zeros((3, 25))))
    with pytest.raises(InputError, match="num_slots"):
        queue.start(queue.Params(), 32)
