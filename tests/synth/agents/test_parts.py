"""The formulas of the agents against known answers; nothing here simulates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.synth import agents
from marsjax.synth.agents import (
    executor,
    fundamental,
    maker,
    momentum,
    noise,
    profile,
    value,
    wish,
)
from marsjax.synth.agents.clock import Time, after, first_of
from marsjax.synth.agents.sight import TREND_UNIT, Sight
from marsjax.types import Kind, Side

PARAMS = agents.Params()


def sight(bid=9_999, ask=10_001, position=0, bid_qty=0, ask_qty=0, trend=0):
    return Sight(*(jnp.int32(x) for x in (bid, ask, trend, position, bid_qty, ask_qty)))


def test_maker_quotes_are_those_of_avellaneda_and_stoikov():
    """gamma 0.1, sigma 2, k 1.5, T - t = 1: a spread of 0.4 + 20 ln(16 / 15)."""
    np.testing.assert_allclose(maker.optimal_spread(PARAMS), 1.690770, rtol=1e-5)
    np.testing.assert_allclose(maker.reservation_price(PARAMS, 100.0, 5.0), 98.0)
    # 10,000 -+ 0.845, outwards; long 5 lots: around 9,998; short 5 lots: 10,002.
    for lots, bid, ask in (
        (0, 9_999, 10_001),
        (5, 9_997, 10_000),
        (-5, 10_000, 10_003),
    ):
        quotes = maker.quotes(PARAMS, sight(position=lots * 100))
        # It never crosses the market it sees.
        assert (int(quotes[0]), int(quotes[1])) == (min(bid, 10_000), max(ask, 10_000))


def test_maker_cancels_only_what_rests():
    for leg, bid_qty, ask_qty, sent in ((0, 1, 1, 0), (0, 0, 1, 1), (2, 1, 0, 3)):
        seen = sight(bid_qty=bid_qty, ask_qty=ask_qty)
        assert int(maker.leg_of(jnp.int32(leg), seen)) == sent
    kinds = [int(maker.decide(PARAMS, sight(), jnp.int32(x)).kind) for x in range(4)]
    assert kinds == [Kind.CANCEL, Kind.LIMIT] * 2


def test_fundamental_has_the_moments_of_an_ornstein_uhlenbeck_process():
    """After 40 s from 30 ticks off: mean and variance within four errors of theory."""
    params = agents.Params(fundamental_rate=0.05, fundamental_sigma=2.0)
    begin = fundamental.start_fundamental(params)
    begin = begin._replace(value=begin.value + 30)

    @jax.jit
    def run(keys_B):
        def one(key):
            at_once = fundamental.advance(params, key, begin, 40)
            half = fundamental.advance(params, key, begin, 13)
            return at_once, fundamental.advance(params, key, half, 40)

        return jax.vmap(one)(keys_B)

    keys_B = jax.random.split(jax.random.key(0), 4_000)
    at_once, in_parts = run(keys_B)
    jax.tree.map(np.testing.assert_array_equal, at_once, in_parts)
    moved_B = np.asarray(at_once.value) - 9_999.5
    variance = 2.0**2 / (2 * 0.05) * (1 - np.exp(-2 * 0.05 * 40))
    error = np.sqrt(variance / 4_000)
    assert abs(moved_B.mean() - 30 * np.exp(-0.05 * 40)) < 4 * error
    assert abs(moved_B.var() / variance - 1) < 4 * np.sqrt(2 / 4_000)
    step_B = at_once.value - (9_999.5 + np.exp(-0.05) * (at_once.before - 9_999.5))
    expected = 2.0**2 / (2 * 0.05) * (1 - np.exp(-2 * 0.05))
    assert abs(np.var(step_B) / expected - 1) < 4 * np.sqrt(2 / 4_000)


def test_noise_distances_follow_a_power_law():
    u = (jnp.arange(10_000) + 0.5) / 10_000
    distance = np.asarray(noise.distance(PARAMS, u))
    assert distance.min() == 1 and distance.max() == 41
    for d in (1, 5, 20):
        expected = (1 + d / 2.0) ** -0.6
        np.testing.assert_allclose((distance > d).mean(), expected, atol=2e-4)


def test_draws_belong_to_agent_and_decision():
    key = jax.random.key(0)
    drawn = [wish.draw(key, a, c) for a, c in ((1, 2), (2, 1), (1, 3), (1, 2))]
    assert drawn[0] == drawn[3]
    assert len({float(one.side) for one in drawn}) == 3


def draws(**u):
    return wish.Draws(**(dict.fromkeys(wish.Draws._fields, jnp.float32(0.5)) | u))


def told(one):
    return int(one.kind), int(one.side), int(one.price_ticks)


def test_value_traders_take_what_is_cheap_and_quote_around_their_value():
    def decide(v, **u):
        return told(value.decide(PARAMS, sight(**u), draws(), v))

    assert decide(10_002.5) == (Kind.IOC, Side.BUY, 10_001)
    assert decide(9_997.5) == (Kind.IOC, Side.SELL, 9_999)
    # An edge of a tick around 10,000.4, on the side that u = 1/2 draws.
    assert decide(10_000.4) == (Kind.LIMIT, Side.BUY, 9_999)
    assert decide(10_000.4, bid_qty=100)[:2] == (Kind.CANCEL, Side.BUY)


def test_momentum_traders_follow_and_then_wind_down():
    def decide(**u):
        return told(momentum.decide(PARAMS, sight(**u), draws()))

    assert decide(trend=4 * TREND_UNIT) == (Kind.IOC, Side.BUY, 10_001)
    assert decide(trend=-4 * TREND_UNIT) == (Kind.IOC, Side.SELL, 9_999)
    assert decide(trend=2 * TREND_UNIT, position=300) == (Kind.LIMIT, Side.SELL, 10_001)
    assert decide(position=-300) == (Kind.LIMIT, Side.BUY, 9_999)
    assert decide(position=-300, bid_qty=100)[:2] == (Kind.CANCEL, Side.BUY)


def parent(schedule, qty=1_000, **changes):
    fields = dict.fromkeys(executor.Parent._fields, 0)
    fields |= {"schedule": schedule, "qty": qty, "duration_s": 100, "interval_s": 10}
    return executor.Parent(**{k: jnp.int32(v) for k, v in (fields | changes).items()})


def test_twap_is_even_and_vwap_follows_the_profile():
    params = agents.Params(u_shape=0.5, day_s=100.0)
    looks = [Time(jnp.int32(s), jnp.int32(0)) for s in range(0, 100, 10)]
    twap, vwap = (
        np.array([executor.target_qty(params, parent(x), look) for look in looks])
        for x in (agents.Schedule.TWAP, agents.Schedule.VWAP)
    )
    np.testing.assert_array_equal(twap, np.arange(100, 1_001, 100))
    # The integral of 1 + u (12 (x - 1/2)**2 - 1), by hand.
    x = np.arange(1, 11) / 10
    expected = 1_000 * (x + 0.5 * (4 * (x - 0.5) ** 3 + 0.5 - x))
    np.testing.assert_allclose(vwap, expected, atol=0.6)
    assert vwap[-1] == 1_000
    noon = Time(jnp.int32(50), jnp.int32(0))
    np.testing.assert_allclose(profile.activity(params, looks[0]), 2.0)
    np.testing.assert_allclose(profile.activity(params, noon), 0.5)
    # After the end: all that is left.
    late = Time(jnp.int32(500), jnp.int32(0))
    assert int(executor.target_qty(params, parent(1), late)) == 1_000


def test_share_of_volume():
    pov = jax.tree.map(lambda x: x[None], parent(2, bps=1_000, done=30))
    for volume, is_due, child in (
        (800, False, 50),
        (1_300, True, 100),
        (10**6, True, 970),
    ):
        due_E, child_E = executor.due_by_volume(PARAMS, pov, jnp.int32(volume))
        assert bool(due_E[0]) == is_due and int(child_E[0]) == child


def test_times_are_exact():
    time = after(Time(jnp.int32(5), jnp.int32(900_000_000)), jnp.float32(2.25))
    assert (int(time.s), int(time.ns)) == (8, 150_000_000)
    times = Time(jnp.array([3, 2, 2, 9]), jnp.array([0, 7, 7, 1]))
    index, first = first_of(times)
    assert (int(index), int(first.s), int(first.ns)) == (1, 2, 7)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"lot_size": 0}, "lot_size"),
        ({"noise_market_prob": 1.5}, "noise_market_prob"),
        ({"fundamental_sigma": float("nan")}, "not finite"),
        ({"num_noise": 0}, "no noise trader"),
        ({"latency_s": jnp.ones((4,))}, "latencies"),
        ({"latency_s": jnp.full((5,), 0.8)}, "a message takes"),
        ({"maker_interval_s": 0.01}, "a message takes"),
    ],
)
def test_bad_parameters(change, text):
    agents.check(PARAMS)
    with pytest.raises(InputError, match=text):
        agents.check(PARAMS.replace(**change))


def test_bad_interventions():
    with pytest.raises(InputError, match="participation"):
        agents.metaorder(Side.BUY, 100, participation=1.5)
    with pytest.raises(InputError, match="duration"):
        agents.metaorder(Side.BUY, 100, duration_s=1, interval_s=5)
    with pytest.raises(InputError, match="no agent"):
        agents.removal(PARAMS, 10_000)
    with pytest.raises(InputError, match="slots"):
        agents.start(PARAMS, 16)
