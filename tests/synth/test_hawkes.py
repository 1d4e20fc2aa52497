"""The Hawkes market has the law it states."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import kstest

from marsjax import book as mbook
from marsjax.errors import InputError
from marsjax.synth import hawkes
from marsjax.synth.many import make_start
from marsjax.synth.markets import find_market
from marsjax.types import Kind
from tests.synth.flow_runs import (
    NUM_MARKETS,
    NUM_ORDERS,
    assert_alone_as_in_a_batch,
    assert_entropy_is_mean_surprise,
    assert_law_goes_on_after_a_burn_in,
    assert_true_law_wins,
    run,
)

HAWKES = find_market("hawkes")
SLOTS = 256
DEEP = hawkes.Params(opening_orders=10)  # 100 orders a side at the start


@pytest.fixture(scope="module")
def plain():
    """A book that takes every event: a plain Hawkes process."""
    return run(HAWKES, DEEP.replace(depth_orders=1e-3), SLOTS, seed=0)


@pytest.fixture(scope="module")
def modulated():
    """A book that slows its cancels down."""
    return run(HAWKES, DEEP.replace(depth_orders=150.0), SLOTS, seed=1)


type_laws = jax.jit(hawkes.type_laws)


def types_of(messages):
    kind = np.asarray(messages.kind)
    class_ = np.where(kind == Kind.LIMIT, 0, np.where(kind == Kind.CANCEL, 2, 1))
    return 2 * class_ + np.asarray(messages.side)


def test_mean_rates_are_those_of_theory(plain):
    """Counts in a fixed time, within four standard errors of ``(I - G)**-1 base``."""
    params, time = plain.params, plain.time_BT
    assert not plain.simulated.status_B.any()
    end = time[:, -1].min()
    types = np.where(time < end, types_of(plain.simulated.messages_BT), -1)
    counts = np.stack([(types == i).sum(1) for i in range(6)], 1) / end
    error = counts.std(0) / np.sqrt(NUM_MARKETS)
    theory = np.asarray(hawkes.stationary_rates(params))
    assert (np.abs(counts.mean(0) - theory) < 4 * error).all()
    assert (error < 0.15 * theory).all()
    # The share of events that others excited is the branching ratio of the whole flow.
    share = 1 - float(jnp.sum(params.base_I)) / counts.sum(1)
    theory = 1 - float(jnp.sum(params.base_I)) / theory.sum()
    assert abs(share.mean() - theory) < 4 * share.std() / np.sqrt(NUM_MARKETS)


def test_stationary_rates_solve_their_equation():
    rate_I = hawkes.stationary_rates(DEEP)
    again_I = DEEP.base_I + hawkes.branching_ratio(DEEP) @ rate_I
    np.testing.assert_allclose(again_I, rate_I, rtol=1e-5)


@pytest.mark.parametrize("which", ["plain", "modulated"])
def test_entropy_is_the_mean_surprise(which, request):
    assert_entropy_is_mean_surprise(request.getfixturevalue(which))


def test_true_law_beats_perturbed_laws(modulated):
    """The past of each law is its own, but the same events."""
    params, laws = modulated.params, []
    for name in ("base_I", "offspring_MII", "decay_M"):
        value = getattr(params, name)
        laws += [params.replace(**{name: value * scale}) for scale in (0.85, 1.2)]
    for name, value in (
        ("offspring_MII", params.offspring_MII.swapaxes(1, 2)),
        ("distance_weight_K", jnp.ones(10)),
        ("cancel_weight_K", jnp.ones(5)),
        ("depth_orders", 120.0),
        ("limit_stop_prob", 0.55),
        ("market_stop_prob", 0.5),
    ):
        laws.append(params.replace(**{name: value}))
    assert_true_law_wins(modulated, laws)


def test_the_law_goes_on_after_a_burn_in(modulated):
    assert_law_goes_on_after_a_burn_in(modulated)


def test_waits_are_exponential_after_time_change(modulated):
    assert kstest(modulated.scores.hazard.ravel(), "expon").pvalue > 1e-3


@pytest.fixture(scope="module")
def small():
    """A thin market at the opening, its sides unlike each other."""
    params = hawkes.Params(
        distance_weight_K=jnp.array([0.5, 0.3, 0.2]),
        depth_orders=4.0,
        limit_stop_prob=0.9,
        market_stop_prob=0.8,
        opening_orders=1,
    )
    state, _ = make_start(HAWKES)(params, 8)
    excited_MI = state.excited_MI * jnp.arange(1.0, 7.0)[None]
    return params, state._replace(excited_MI=excited_MI)


def test_probabilities_of_all_events_sum_to_one(small):
    """Over every message and, by the trapezoidal rule, over the wait."""
    params, state = small
    view = jax.jit(hawkes.look)(state)
    rows = []
    for side in (0, 1):
        for away in range(-1, 6):
            price = int(view.ask) - away if side == 0 else int(view.bid) + away
            for lots in range(0, 9):
                rows.append((Kind.LIMIT, side, price, 100 * lots, 999))
                rows.append((Kind.IOC, side, price, 100 * lots, 999))
        for n in np.flatnonzero(np.asarray(state.book.qty_SN[side]) > 0):
            qty = int(state.book.qty_SN[side, n])
            rows.append(
                (Kind.CANCEL, side, 0, qty, int(state.book.order_id_SN[side, n]))
            )
            rows.append((Kind.CANCEL, 1 - side, 0, qty, rows[-1][-1]))
            rows.append((Kind.CANCEL, side, 0, qty + 1, rows[-1][-1]))
    columns = np.array(rows, np.int32).T
    messages = hawkes.Message(*columns, owner=np.zeros_like(columns[0]))
    log_w = np.linspace(-18, 4, 300, dtype=np.float32)
    log_prob = jax.jit(
        jax.vmap(
            jax.vmap(hawkes.log_prob, in_axes=(None, None, 0, None)),
            in_axes=(None, None, None, 0),
        )
    )(params, state, messages, np.exp(log_w))
    density = np.exp(np.asarray(log_prob, np.float64) + log_w[:, None])
    mass_M = density.sum(0) * (22 / 299)
    # Sizes above 8 lots are left out: 1e-8 of limit and 3e-6 of market orders.
    assert float(mass_M.sum()) == pytest.approx(1, abs=2e-5)
    # And the types' probabilities are those of the quadrature.
    _, prob_I = type_laws(params, state)
    types = types_of(messages)
    of_type = [float(mass_M[types == i].sum()) for i in range(6)]
    np.testing.assert_allclose(of_type, prob_I, atol=2e-5)


def test_entropy_of_the_wait_agrees_with_a_fine_quadrature(small):
    """In double precision, on a grid 50 times as fine."""
    params, state = small
    taken = jax.jit(lambda state: hawkes.taken(params, state, hawkes.look(state)))
    taken = np.array(taken(state), np.float64)
    taken[1:] *= 30  # a burst
    excited = jnp.asarray(state.excited_MI * 30)
    joint, _ = type_laws(params, state._replace(excited_MI=excited))
    decay = np.asarray(params.decay_M, np.float64)
    w = np.exp(np.linspace(-30, 6, 8000))
    left = np.concatenate([np.ones((1, len(w))), np.exp(-decay[:, None] * w)])
    length = np.concatenate([w[None], -np.expm1(-decay[:, None] * w) / decay[:, None]])
    a = np.einsum("ri,rx->ix", taken, left)
    density = a * np.exp(-taken.sum(1) @ length)
    log_density = np.log(np.maximum(a, 1e-300)) - taken.sum(1) @ length
    integrand = -(density * np.where(a > 0, log_density, 0)).sum(0) * w
    assert float(joint) == pytest.approx(np.trapezoid(integrand, np.log(w)), abs=2e-5)


@pytest.fixture(scope="module")
def simulate():
    """One market alone."""
    return jax.jit(lambda key, *args: hawkes.simulate(key, *args, NUM_ORDERS))


def test_same_key_same_bytes_alone_or_in_a_batch(modulated, simulate):
    assert_alone_as_in_a_batch(modulated, simulate)


def test_what_a_book_cannot_do_does_not_happen(modulated, simulate):
    """From an empty book: limit orders first, and no message is refused."""
    params, state = modulated.params, modulated.start()
    book = mbook.init(SLOTS).replace(last_price_ticks=jnp.int32(9))
    state = state._replace(book=book)
    share = hawkes.intake(params, hawkes.look(state), SLOTS)
    np.testing.assert_array_equal(share, [1, 1, 0, 0, 0, 0])
    end, (messages, *_) = simulate(jax.random.key(0), params, state)
    assert int(messages.kind[0]) == Kind.LIMIT
    assert (np.asarray(messages.price_ticks) >= 1).all()
    assert int(end.book.status) == 0


def test_calibrate_recovers_the_law_and_the_fit_is_good(modulated):
    params, tapes = modulated.params, modulated.tapes(16)
    fitted, report = hawkes.calibrate(tapes, depth_orders=150.0)
    hawkes.check(fitted)
    assert report["residuals"]["ks_p_value"] > 1e-3
    assert report["left_out"] == {}
    assert sum(report["events"].values()) == 16 * NUM_ORDERS
    assert abs(report["spectral_radius"] - hawkes.spectral_radius(params)) < 0.08
    weight_K = params.distance_weight_K / params.distance_weight_K.sum()
    for name, truth in (
        ("base", params.base_I),
        ("decay", params.decay_M),
        ("distance_weight", weight_K),
        ("limit_stop_prob", params.limit_stop_prob),
        ("market_stop_prob", params.market_stop_prob),
    ):
        value, se = (np.array(report[name][x]) for x in ("value", "se"))
        assert (np.abs(value - np.asarray(truth)) < 4.5 * se).all(), name
    error_II = hawkes.branching_ratio(fitted) - hawkes.branching_ratio(params)
    # Few market orders come, so what they excite is known less well.
    assert np.abs(np.asarray(error_II)[:, [0, 1, 4, 5]]).max() < 0.1
    weight_K = np.asarray(fitted.cancel_weight_K)
    truth_K = np.asarray(params.cancel_weight_K)[[0, 1, 2, 3] + [4] * 6]
    np.testing.assert_allclose(weight_K, truth_K / truth_K.mean(), rtol=0.25)

    closed = dataclasses.replace(tapes[0], sessions=((86_000, 86_400),))
    with pytest.raises(InputError, match="too few"):
        hawkes.calibrate([closed])


def test_unstable_and_impossible_parameters_are_refused():
    hawkes.check(hawkes.Params())
    assert hawkes.spectral_radius(hawkes.Params()) == pytest.approx(0.703, abs=1e-3)
    wild = hawkes.Params(offspring_MII=1.5 * hawkes.Params().offspring_MII)
    with pytest.raises(InputError, match="unstable"):
        hawkes.check(wild)
    with pytest.raises(InputError, match="base_I has shape"):
        hawkes.check(hawkes.Params(base_I=jnp.ones(4)))
    with pytest.raises(InputError, match="limit_stop_prob"):
        hawkes.check(hawkes.Params(limit_stop_prob=0.0))
    with pytest.raises(InputError, match="num_slots"):
        hawkes.start(hawkes.Params(), 16)
