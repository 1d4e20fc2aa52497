"""Parameters from tapes: what moves what, and a fit to a market that we know."""

import importlib

import jax
import pytest

from marsjax.errors import InputError
from marsjax.synth import agents
from marsjax.synth.agents.maker import optimal_spread
from marsjax.synth.many import simulate_many
from marsjax.synth.markets import find_market
from marsjax.synth.tape import to_tapes

fit = importlib.import_module("marsjax.synth.agents.calibrate")

MOMENTS = {
    fit.LIMITS: 10.0,
    fit.MARKETS: 2.0,
    fit.CANCELS: 8.0,
    fit.SIZE: 3.0,
    fit.SPREAD: 2.0,
    fit.LIVE: 60.0,
    fit.MOVES: 0.5,
}


def test_moments_that_agree_move_nothing():
    params = agents.Params()
    same = fit.moved(params, MOMENTS, MOMENTS)
    for name in fit._MOVED:
        value = pytest.approx(float(getattr(params, name)), rel=1e-4)
        assert float(getattr(same, name)) == value


def test_each_moment_moves_its_parameter():
    params = agents.Params()
    half = {name: value / 2 for name, value in MOMENTS.items()}
    moved = fit.moved(params, MOMENTS, half)
    assert moved.noise_wait_s == pytest.approx(params.noise_wait_s / 2)
    assert moved.stop_prob == pytest.approx(params.stop_prob / 2)
    assert moved.fundamental_sigma == pytest.approx(2 * params.fundamental_sigma)
    spread = float(optimal_spread(moved))
    assert spread == pytest.approx(2 * float(optimal_spread(params)), rel=1e-4)
    agents.check(moved)


def test_no_tapes():
    with pytest.raises(InputError, match="no tapes"):
        agents.calibrate([])


@pytest.mark.slow
def test_a_known_market_is_found_again():
    """Rates, size and spread of its own tape within a fifth."""
    true = agents.Params(
        noise_wait_s=10.0, maker_interval_s=8.0, stop_prob=0.3, u_shape=0.0, maker_k=0.8
    )
    market = find_market("agents")
    made = simulate_many(market, true, jax.random.key(5), 2, 5_000)
    tapes = to_tapes(market, true, made, symbol="AGENTS")
    params, report = agents.calibrate(tapes, num_markets=4)
    agents.check(params)
    for row in report["fit"]:
        if row["measure"] not in (fit.LIVE, fit.MOVES):
            assert row["simulated"] == pytest.approx(row["real"], rel=0.2), row
