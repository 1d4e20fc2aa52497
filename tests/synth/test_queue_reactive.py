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
from marsjax.types import Kind, Message, Side
from tests.synth.flow_runs import runner, scorer, stack, tape_of

NUM_MARKETS, NUM_ORDERS = 32, 800
Q = np.arange(25.0)
# Queues that forget within a second, around a reference that stands.
STILL = queue.Params(
    limit_rate_KQ=jnp.asarray(np.tile([[2.0], [3.0], [2.5]], 25), jnp.float32),
    cancel_rate_KQ=jnp.asarray(np.stack([0.8 * Q, Q, Q]), jnp.float32),
    market_rate_Q=jnp.asarray(1.5 / (1 + Q), jnp.float32),
    theta=0.0,
)


def run(seed, params):
    params = jax.tree.map(jnp.asarray, params)
    state, _ = queue.start(params, 128)
    keys = jax.random.split(jax.random.key(seed), NUM_MARKETS)
    return params, state, runner(queue, NUM_ORDERS)(keys, params, state)


@pytest.fixture(scope="module")
def still():
    return run(0, STILL)


@pytest.fixture(scope="module")
def moving():
    """The default market: a reference that moves, queues drawn anew."""
    return run(1, queue.Params())


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
    params, state, (end, (messages, time_s, time_ns, *_)) = still
    assert not np.asarray(end.book.status).any()
    assert (np.asarray(end.ref_ticks) == int(state.ref_ticks)).all()
    time = np.asarray(time_s) + 1e-9 * np.asarray(time_ns)
    kind, side, price = (np.asarray(x) for x in messages[:3])
    assert time[:, -1].min() > 24
    ref = int(state.ref_ticks)
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
    _, state, (_, (messages, time_s, time_ns, *_)) = still
    time = np.asarray(time_s) + 1e-9 * np.asarray(time_ns)
    is_third = np.asarray(messages.kind) == Kind.LIMIT
    is_third &= np.asarray(messages.price_ticks) == int(state.ref_ticks) - 2
    count, expected = (is_third & (time < 24)).sum(), 2.5 * 24 * NUM_MARKETS
    assert abs(count - expected) < 4 * np.sqrt(expected)


@pytest.mark.parametrize("which", ["still", "moving"])
def test_entropy_is_the_mean_surprise(which, request):
    _, _, (_, (*_, log_prob, entropy, _)) = request.getfixturevalue(which)
    gap = -np.asarray(log_prob, np.float64) - np.asarray(entropy)
    assert np.isfinite(gap).all()
    assert abs(gap.mean()) < 4 * gap.std() / np.sqrt(gap.size)


def test_waits_are_exponential_after_time_change(moving):
    hazard = np.asarray(moving[-1][1][-1]).ravel()
    assert kstest(hazard, "expon").pvalue > 1e-3


def test_true_law_beats_perturbed_laws_and_follow_repeats_the_run(still):
    params, state, (_, (messages, time_s, time_ns, log_prob, *_)) = still
    laws = [params]
    for name in ("limit_rate_KQ", "cancel_rate_KQ", "market_rate_Q"):
        value = getattr(params, name)
        laws += [params.replace(**{name: value * scale}) for scale in (0.6, 1.6)]
        tilt = jnp.linspace(0.4, 2.0, 25)
        laws.append(
            params.replace(**{name: value * jnp.broadcast_to(tilt, value.shape)})
        )
    score = scorer(queue)(stack(laws), state, messages, time_s, time_ns)
    score = np.asarray(score, np.float64)
    np.testing.assert_allclose(score[0], np.asarray(log_prob), rtol=1e-4, atol=2e-3)
    gain = (score[:1] - score[1:]).mean(-1)
    assert (gain.mean(-1) > 2 * gain.std(-1) / np.sqrt(NUM_MARKETS)).all(), gain.mean(
        -1
    )


def test_follow_finds_the_moves_of_the_reference(moving):
    """Nothing is hidden: the moves follow from the messages and their times."""
    params, state, (end, (messages, time_s, time_ns, log_prob, *_)) = moving
    assert not np.asarray(end.book.status).any()
    assert np.asarray(end.ref_ticks).std() > 0.5
    both = stack([params] * 10)
    score = scorer(queue)(both, state, messages, time_s, time_ns)
    np.testing.assert_allclose(score[0], log_prob, rtol=1e-4, atol=2e-3)


@pytest.mark.parametrize("is_redraw", [False, True])
def test_probabilities_of_all_events_sum_to_one(moving, is_redraw):
    """``sum r exp(-R w)`` is ``R exp(-R w)``, whatever w."""
    params, _, (end, _) = moving
    state = jax.tree.map(lambda x: x[0], end)
    ref = int(state.ref_ticks)
    target_SK = jnp.full((2, 3), -1)
    if is_redraw:  # the second bid queue shall be empty
        target_SK = target_SK.at[0, 1].set(0)
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
    columns = jnp.asarray(np.array(rows, np.int32).T)
    messages = Message(*columns, owner=jnp.zeros_like(columns[0]))
    log_prob = log_probs(params, state, messages, jnp.float32(0.01))
    total = float(queue.hazard(params, state, 1.0))
    mass = float(jnp.exp(log_prob).sum())
    assert mass == pytest.approx(total * np.exp(-0.01 * total), rel=1e-5)
    if is_redraw:
        assert total == pytest.approx(100)
        assert set(np.asarray(messages.kind)[np.isfinite(log_prob)]) == {Kind.CANCEL}


log_probs = jax.jit(jax.vmap(queue.log_prob, in_axes=(None, None, 0, None)))


def test_same_key_same_bytes_alone_or_in_a_batch(moving):
    params, state, (_, (messages, time_s, time_ns, *_)) = moving
    simulate = jax.jit(lambda key, *args: queue.simulate(key, *args, NUM_ORDERS))
    key = jax.random.split(jax.random.key(1), NUM_MARKETS)[3]
    for _ in range(2):
        _, alone = simulate(key, params, state)
        jax.tree.map(
            lambda x, y: np.testing.assert_array_equal(x[3], y),
            (messages, time_s, time_ns),
            alone,
        )


def test_coins_of_the_clock_are_uniform_and_independent():
    wait = jax.random.exponential(jax.random.key(0), (4000,)) * 0.1
    seconds, ns = flow_law.add_time(jnp.int32(0), jnp.int32(0), wait)
    u = np.asarray(jax.vmap(lambda s, n: flow_law.clock_uniforms(s, n, 4))(seconds, ns))
    for i in range(4):
        assert kstest(u[:, i], "uniform").pvalue > 1e-3
    others = np.corrcoef(np.c_[u, wait].T) - np.eye(5)
    assert np.abs(others).max() < 4 / np.sqrt(4000)


def tapes_of(runs):
    params, _, (_, (messages, time_s, time_ns, *_)) = runs
    _, seeds_T = queue.start(params, 128)
    return [
        tape_of(seeds_T, jax.tree.map(lambda x, b=b: np.asarray(x[b]), messages), s, ns)
        for b, (s, ns) in enumerate(zip(time_s, time_ns, strict=True))
    ]


def test_calibrate_recovers_the_rates(still):
    fitted, report = queue.calibrate(tapes_of(still)[:12])
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
    _, report = queue.calibrate(tapes_of(moving)[:16])
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
