"""Metaorders by hand, on a market of agents, and with an exact square-root law."""

import jax
import numpy as np
import pytest

from marsjax.data import Tape, message_frame
from marsjax.eval.metaorder_fit import fit_impact
from marsjax.eval.metaorders import (
    UNKNOWN_OWNERS,
    Executions,
    Market,
    Metaorders,
    executions_of_tape,
    group_executions,
    join_metaorders,
    metaorders_of_tape,
)
from marsjax.types import Kind

L, I = Kind.LIMIT, Kind.IOC  # noqa: E741
ROWS = [  # time, kind, side, price, quantity, id, owner
    (0.0, L, 0, 100, 50, 1, 0),
    (0.0, L, 1, 102, 10, 2, 0),
    (0.0, L, 1, 103, 10, 3, 5),
    (0.0, L, 1, 104, 90, 4, 0),
    (1.0, I, 0, 102, 4, 5, 7),
    (2.0, I, 0, 103, 9, 6, 7),  # 6 at 102, 3 at 103 of owner 5
    (9.0, I, 0, 103, 2, 7, 7),  # more than 5 s later
    (10.0, I, 0, 103, 5, 8, 7),  # the last ask at 103
    (11.0, I, 1, 100, 1, 9, 7),  # the other side
    (12.0, L, 0, 90, 1, 10, 7),  # rests
    (13.0, I, 0, 104, 6, 11, 0),
]


def owned_tape(rows=ROWS) -> Tape:
    columns = [np.array(x) for x in zip(*rows, strict=True)]
    names = ("kind", "side", "price_ticks", "qty", "order_id", "owner")
    frame = message_frame(
        "XX",
        None,
        time_s=34_200 + columns[0].astype(int),
        time_ns=np.zeros(len(rows), int),
        **dict(zip(names, columns[1:], strict=True)),
    )
    return Tape(
        name="XX",
        symbol="XX",
        date=None,
        messages=frame,
        tick_size=0.01,
        lot_size=1,
        sessions=((34_200, 34_300),),
        source="hand",
        seed_rows=4,
    )


def test_executions_and_metaorders_by_hand():
    executions, market = executions_of_tape(owned_tape())
    assert market.volume == 27
    is_seven = executions.owner_F == 7
    assert executions.qty_F[is_seven].tolist() == [4, 6, 3, 2, 5, 1]
    assert executions.side_F[is_seven].tolist() == [0, 0, 0, 0, 0, 1]
    assert executions.qty_F[executions.owner_F == 5].tolist() == [3, 2, 5]
    assert (executions.side_F[executions.owner_F == 5] == 1).all()

    found = metaorders_of_tape(owned_tape(), owners=[7], gap_s=5)
    assert found.qty_N.tolist() == [13, 7]
    assert found.num_children_N.tolist() == [2, 2]
    assert found.start_s_N.tolist() == [1, 9]
    assert found.end_s_N.tolist() == [2, 10]
    # 101 before; 101.5 after the ask at 102 is gone, 102 after the one at 103.
    moves = np.log([101.5 / 101, 102 / 101.5]) / market.volatility
    np.testing.assert_allclose(found.impact_N, moves)
    np.testing.assert_allclose(found.share_N, [13 / 27, 7 / 27])
    assert set(found.group_N) == {"XX/7"}
    assert "1 of fewer than 2 messages" in found.note

    longer = metaorders_of_tape(owned_tape(), owners=[7], gap_s=7, fewest_children=1)
    assert longer.qty_N.tolist() == [20, 1]
    # A seller is hurt by a falling mid; this sale moved nothing.
    assert longer.impact_N[1] == 0


def test_a_seller_s_impact_is_positive_when_the_mid_falls():
    zeros = np.zeros(2, int)
    executions = Executions(
        zeros + 1, zeros + 1, zeros + 5, np.arange(2), np.arange(2.0), *_mids(-1)
    )
    found = group_executions(executions, Market(100.0, 0.01))
    np.testing.assert_allclose(found.impact_N, np.log(100 / 98) / 0.01)


def _mids(step: int) -> tuple:
    return np.array([100.0, 100 + step]), np.array([100 + step, 100.0 + 2 * step])


def test_a_metaorder_that_ends_with_a_one_sided_book_is_left_out():
    before, after = _mids(1)
    executions = Executions(
        *(np.ones(2, int) for _ in range(3)),
        np.arange(2),
        np.arange(2.0),
        before,
        after,
    )
    executions.mid_after_F[1] = np.nan
    found = group_executions(executions, Market(100.0, 0.01))
    assert len(found.owner_N) == 0
    assert "one-sided" in found.note


def test_unknown_owners_are_told():
    rows = [(*row[:-1], 0) for row in ROWS]
    found = metaorders_of_tape(owned_tape(rows))
    assert found.note == UNKNOWN_OWNERS
    fit = fit_impact(found)
    assert fit.num == 0
    assert np.isnan(fit.exponent.value)
    assert fit.exponent.note == UNKNOWN_OWNERS


def drawn(seed: int, exponent: float, noise: float, num=2000, owners=40) -> Metaorders:
    """Metaorders whose impact is ``0.8 (Q/V)**exponent`` plus noise."""
    rng = np.random.default_rng(seed)
    share = np.exp(rng.uniform(np.log(1e-4), np.log(0.1), size=num))
    zeros = np.zeros(num, int)
    impact = 0.8 * share**exponent + noise * rng.normal(size=num)
    owner = rng.integers(owners, size=num)
    return Metaorders(
        *(owner, zeros, zeros + 1, zeros + 2, zeros, zeros, impact, share),
        np.array([f"day/{x}" for x in owner]),
        "",
    )


@pytest.mark.parametrize("exponent", [0.5, 0.8])
def test_an_exact_law_is_found(exponent):
    fit = fit_impact(drawn(0, exponent, 0.0))
    assert fit.exponent.value == exponent
    np.testing.assert_allclose(fit.prefactor.value, 0.8)
    # Within bins the mean is not on the curve, but nearly.
    np.testing.assert_allclose(fit.log_exponent.value, exponent, atol=0.01)
    np.testing.assert_allclose(fit.impact_K, 0.8 * fit.share_K**exponent, rtol=0.02)


def test_the_interval_covers_the_exponent():
    hits, num, widths = np.zeros(3), 60, []
    for seed in range(num):
        fit = fit_impact(drawn(seed, 0.5, 0.05), num_draws=100)
        pairs = zip(
            (fit.exponent, fit.prefactor, fit.log_exponent),
            (0.5, 0.8, 0.5),
            strict=True,
        )
        hits += [x.low <= truth <= x.high for x, truth in pairs]
        widths.append(fit.exponent.high - fit.exponent.low)
    assert (hits >= 0.85 * num).all(), hits
    assert np.mean(widths) < 0.2


def test_few_owners_and_few_metaorders():
    few = fit_impact(drawn(0, 0.5, 0.05, owners=3))
    assert "2000 metaorders" in few.exponent.note
    none = fit_impact(drawn(0, 0.5, 0.05, num=20))
    assert np.isnan(none.exponent.value)
    assert "only 20 metaorders" in none.exponent.note
    same = drawn(0, 0.5, 0.05)._replace(share_N=np.full(2000, 0.1))
    assert np.isnan(fit_impact(same).exponent.value)


def test_no_impact_has_no_exponent_to_speak_of():
    noise = drawn(0, 0.5, 1.0)
    noise = noise._replace(impact_N=noise.impact_N - 0.8 * noise.share_N**0.5)
    fit = fit_impact(noise)
    exponent = fit.exponent
    assert np.isnan(exponent.value) or not exponent.high - exponent.low < 0.5


@pytest.mark.slow  # a market to compile
def test_executors_of_a_market_of_agents():
    from marsjax.synth.agents import Params, Trader
    from marsjax.synth.many import simulate_many
    from marsjax.synth.markets import MARKETS
    from marsjax.synth.tape import to_tapes

    params = Params(
        executor_gap_s=20.0,
        executor_duration_s=30,
        executor_interval_s=3,
        executor_lots=30.0,
        num_executors=4,
    )
    market = MARKETS["agents"]
    simulated = simulate_many(market, params, jax.random.key(0), 8, 20_000)
    tapes = to_tapes(market, params, simulated, symbol="AG")
    owners = range(params.firsts[Trader.EXECUTOR] + 1, params.outsider + 1)
    parts = [metaorders_of_tape(x, owners=owners, gap_s=10) for x in tapes]
    found = join_metaorders(parts)
    assert len(found.owner_N) > 150
    assert set(found.owner_N) <= set(owners)
    # TWAP in ten parts of three seconds: the schedule of most is seen.
    assert np.median(found.num_children_N) == 10
    np.testing.assert_allclose(np.median(found.end_s_N - found.start_s_N), 27, atol=1)
    fit = fit_impact(found)
    assert fit.low_K[-1] > 0  # the largest move the mid their way
    assert fit.log_exponent.high > 0.2
