"""Whole markets: invariants, common random numbers and true effects.

One compiled program runs them all: 32 pairs of markets with and without an
intervention, whose parts are all there but may do nothing.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.book import wide
from marsjax.synth import agents
from marsjax.synth.agents.clock import NEVER
from marsjax.synth.agents.state import Forced
from marsjax.types import EventKind, Kind, Message, Side, Status
from tests.oracle import Oracle

B, T = 32, 900
PARAMS = agents.Params(latency_jitter=0.0)
GUEST = PARAMS.guest + 1  # as an owner
TIMES_S = np.arange(1, 11, dtype=np.float32)

_start = jax.jit(agents.start, static_argnums=1)
_effect = jax.jit(
    jax.vmap(agents.effect, in_axes=(0, None, None, None, None, None)),
    static_argnums=3,
)


def whole(**parts):
    """An intervention whose parts are all there."""
    zeros_1 = jnp.zeros((1,), jnp.int32)
    nothing = agents.Intervention(
        metaorder=agents.metaorder(Side.BUY, 0).metaorder,
        removed_A=jnp.zeros((PARAMS.num_agents,), bool),
        forced=Forced(Message(*[zeros_1] * 6), zeros_1 + NEVER, zeros_1),
    )
    return nothing.replace(**parts)


def run(intervention=None, params=PARAMS, state=None, keys_B=None):
    if state is None:
        state = _start(params, 128)[0]
    if keys_B is None:
        keys_B = jax.random.split(jax.random.key(1), B)
    intervention = whole() if intervention is None else intervention
    out = _effect(keys_B, params, state, T, intervention, jnp.asarray(TIMES_S))
    return jax.tree.map(np.asarray, out)


@pytest.fixture(scope="module")
def null():
    return run()


@pytest.fixture(scope="module")
def bought():
    """4,000 shares bought evenly from second 2 to second 7."""
    order = agents.metaorder(Side.BUY, 4_000, start_s=2, duration_s=5, interval_s=1)
    return run(whole(metaorder=order.metaorder))


def rows_of(path, b):
    """Messages of market b as rows for the oracle, opening book first."""
    seeds = jax.tree.map(np.asarray, _start(PARAMS, 128)[1])
    both = [
        np.concatenate([x, y[b]])
        for x, y in zip(seeds[:6], path.messages_T[:6], strict=True)
    ]
    return np.stack([*both, np.zeros_like(both[0])], axis=1).tolist()


def nanoseconds(path):
    return path.time_s_T.astype(np.int64) * 10**9 + path.time_ns_T


def test_with_nothing_done_both_runs_are_the_same(null):
    jax.tree.map(np.testing.assert_array_equal, null.with_it, null.without)
    assert (null.difference_G == 0).all()


def test_same_seed_same_bytes_whatever_runs_beside_it(null):
    """The markets in another order: each has the same bytes, in its new place."""
    place_B = np.random.default_rng(0).permutation(B)
    mixed = run(keys_B=jax.random.split(jax.random.key(1), B)[place_B])
    jax.tree.map(lambda x, y: np.testing.assert_array_equal(x, y[place_B]), mixed, null)


@pytest.mark.slow  # another program to compile
def test_alone_and_in_parts_as_in_a_batch(null):
    key = jax.random.split(jax.random.key(1), B)[3]
    simulate = jax.jit(agents.simulate, static_argnums=3)
    state, first = simulate(key, PARAMS, _start(PARAMS, 128)[0], T // 2)
    _, second = simulate(key, PARAMS, state, T // 2)
    halves = jax.tree.map(lambda *x: np.concatenate(x), first, second)
    path = null.without
    batch = (path.messages_T, path.time_s_T, path.time_ns_T)
    jax.tree.map(lambda x, y: np.testing.assert_array_equal(x, y[3]), halves, batch)


def test_every_message_is_taken_or_a_cancel_that_came_too_late(null):
    """The oracle counts the same, and keeps the same accounts and resting orders."""
    path = null.without
    assert (path.state.rejected_R[:, 1] == 0).all()
    assert set(path.state.book.status.tolist()) <= {0, int(Status.UNKNOWN_ID)}
    assert 0 < path.state.rejected_R[:, 0].sum() < 0.01 * B * T
    kinds = set(np.unique(path.messages_T.kind))
    assert kinds == {Kind.LIMIT, Kind.IOC, Kind.CANCEL}
    num = PARAMS.num_agents + 1
    for b in (0, 7):
        oracle, late = Oracle(128), 0
        position, cash = np.zeros(num, int), np.zeros(num, int)
        owners = {}
        for row in rows_of(path, b):
            side, order_id, owner = row[1], row[4], row[5]
            owners.setdefault(order_id, owner)
            for kind, _, maker_id, price, qty, *_ in oracle.submit(*row):
                late += kind == EventKind.REJECT
                if kind == EventKind.FILL:
                    sign = 1 - 2 * side
                    for who, s in ((owner, sign), (owners[maker_id], -sign)):
                        position[who] += s * qty
                        cash[who] -= s * qty * price
        ledger = agents.Ledger(*path.state.ledger_LA[b])
        assert late == path.state.rejected_R[b, 0]
        np.testing.assert_array_equal(ledger.position, position)
        assert wide.to_int(ledger.cash) == cash.tolist()
        book = path.state.book
        for side, resting in ((0, ledger.bid_qty), (1, ledger.ask_qty)):
            order_CFW = book.order_SCFW[b, side]
            owner, qty = order_CFW[:, 4].ravel(), order_CFW[:, 1].ravel()
            live = np.bincount(owner[qty > 0], qty[qty > 0], minlength=num)
            np.testing.assert_array_equal(resting, live)


def test_shares_and_cash_are_conserved(bought):
    ledger_BLA = bought.with_it.state.ledger_LA
    assert (ledger_BLA[:, 0].sum(axis=1) == 0).all()
    for b in range(4):
        ledger = agents.Ledger(*ledger_BLA[b])
        assert sum(wide.to_int(ledger.cash)) == 0
        twice = agents.exact_profit(ledger, 20_001)
        assert sum(twice) == 0 and any(twice)
        gains = agents.profit(agents.Ledger(*map(jnp.asarray, ledger)), 20_001)
        np.testing.assert_allclose(2 * gains, twice, rtol=1e-6)


def test_a_buy_metaorder_raises_the_mid(bought):
    """Paired mean differences of 32 markets, four standard errors above zero."""
    at_end = bought.difference_G[:, 7]
    assert np.isfinite(at_end).all()
    error = at_end.std(ddof=1) / np.sqrt(B)
    assert at_end.mean() > 4 * error > 0
    assert (bought.difference_G[:, 0] == 0).all()  # before its start, exactly


def test_twap_is_on_schedule_to_the_nanosecond(bought):
    """A child order of 800 each second, a latency of a millisecond after it."""
    path = bought.with_it
    parent = agents.Parent(*np.moveaxis(path.state.parent_PE, 1, 0))
    np.testing.assert_array_equal(parent.done[:, -1], 4_000)
    np.testing.assert_array_equal(path.state.ledger_LA[:, 0, GUEST], 4_000)
    for b in range(B):
        own = path.messages_T.owner[b] == GUEST
        expected = np.arange(2, 7) * 10**9 + 1_000_000
        np.testing.assert_array_equal(nanoseconds(path)[b][own], expected)
        np.testing.assert_array_equal(path.messages_T.qty[b][own], 800)
        assert (path.messages_T.kind[b][own] == Kind.IOC).all()


def test_nothing_of_others_shifts(bought):
    """Who decides when, by which id, is the same; before the start all is the same."""
    for b in range(B):
        seen = []
        for path in (bought.with_it, bought.without):
            others = path.messages_T.owner[b] <= PARAMS.firsts[3]  # no makers' legs
            columns = (path.messages_T.owner[b], nanoseconds(path)[b])
            seen.append(np.stack([x[others] for x in columns]))
        num = min(x.shape[1] for x in seen)
        assert num > 200
        np.testing.assert_array_equal(seen[0][:, :num], seen[1][:, :num])
        early = nanoseconds(bought.with_it)[b] < 2 * 10**9
        for one, other in zip(
            bought.with_it.messages_T[:6], bought.without.messages_T[:6], strict=True
        ):
            np.testing.assert_array_equal(one[b][early], other[b][early])


def test_makers_requote_on_their_clock(null):
    """Maker 0 first at an eighth of a second; 0.2 ms, and a microsecond a message."""
    path, owner = null.without, PARAMS.firsts[3] + 1
    for b in range(4):
        own = path.messages_T.owner[b] == owner
        times = nanoseconds(path)[b][own]
        seconds, within = times // 10**9, times % 10**9 - 125_200_000
        assert set(within) <= {0, 1_000, 2_000, 3_000}
        assert (within[seconds == 0] == [0, 1_000]).all()  # nothing to cancel yet
        assert set(np.diff(np.unique(seconds))) == {1}


def test_agents_act_on_what_they_saw():
    """A TWAP child meets a book that has changed: its limit is from a second ago."""
    slow = PARAMS.replace(latency_s=PARAMS.latency_s.at[4].set(0.9))
    slow = slow.replace(maker_interval_s=1.0)
    order = agents.metaorder(Side.BUY, 100, start_s=2, duration_s=1, interval_s=1)
    path = run(whole(metaorder=order.metaorder), params=slow).with_it
    moved = 0
    for b in range(8):
        (at,) = np.flatnonzero(path.messages_T.owner[b] == GUEST)
        assert nanoseconds(path)[b][at] == 2_900_000_000
        oracle, asks = Oracle(128), []
        for row in rows_of(path, b):
            oracle.submit(*row)
            asks.append(oracle.quote()[1])
        asks = asks[2 * PARAMS.num_noise :]
        seen = asks[np.flatnonzero(nanoseconds(path)[b] <= 2 * 10**9)[-1]]
        assert path.messages_T.price_ticks[b][at] == seen + PARAMS.reach_ticks
        moved += asks[at - 1] != seen
    assert moved > 0  # else this shows nothing


def test_a_share_of_volume_is_kept():
    order = agents.metaorder(
        Side.SELL, 10**6, start_s=1, schedule=agents.Schedule.POV, participation=0.2
    )
    busy = PARAMS.replace(noise_market_prob=0.4)
    state = run(whole(metaorder=order.metaorder), params=busy).with_it.state
    guest = agents.Parent(*state.parent_PE[:, :, -1].T)
    share = guest.done / (state.volume - guest.start_volume)
    assert (guest.done > 1_000).all()
    np.testing.assert_allclose(share.mean(), 0.2, atol=0.02)
    assert (share < 0.25).all()


def test_who_is_removed_takes_its_orders_off_and_is_gone():
    makers = agents.removal(PARAMS, agents.Trader.MAKER)
    path = run(whole(removed_A=makers.removed_A)).with_it
    is_maker = np.isin(path.messages_T.owner, np.arange(*PARAMS.firsts[3:5]) + 1)
    assert (is_maker.sum(axis=1) == 4).all()  # one message each
    assert (path.messages_T.kind[is_maker] == Kind.MASS_CANCEL).all()
    assert (path.state.rejected_R[:, 1] == 0).all()


def test_forced_messages_come_at_their_time():
    """A wall of bids that no one could overlook, and then its cancel."""
    wall = Message(
        *(jnp.array([x], jnp.int32) for x in (1, 0, 10_020, 10**6, 2**30, 0))
    )
    forced = agents.forcing(wall, [3], [500]).forced
    out = run(whole(forced=forced))
    path, owner = out.with_it, PARAMS.outsider + 1
    for b in range(B):
        (at,) = np.flatnonzero(path.messages_T.owner[b] == owner)
        assert nanoseconds(path)[b][at] == 3_000_000_500
    assert (out.difference_G[:, 3] > 5).all()
    assert (out.difference_G[:, 1] == 0).all()


def test_makers_fear_of_inventory_brings_it_back():
    """With a hundred times the risk aversion inventories are much smaller."""
    spread = []
    for gamma in (0.002, 0.2):
        params = PARAMS.replace(maker_gamma=gamma, noise_market_prob=0.5)
        ledger_BLA = run(params=params).without.state.ledger_LA
        inventory = ledger_BLA[:, 0, PARAMS.firsts[3] + 1 : PARAMS.firsts[4] + 1]
        spread.append(inventory.std())
    assert spread[1] < 0.8 * spread[0]


def test_value_traders_pull_the_price_to_the_fundamental():
    params = PARAMS.replace(value_wait_s=0.5, fundamental_sigma=0.0)
    state = _start(params, 128)[0]
    mid = []
    for move in (-8.0, 8.0):
        value = state.fundamental.value + move
        away = state.fundamental._replace(value=value, before=value)
        path = run(params=params, state=state._replace(fundamental=away)).without
        mid.append(path.mid2_ticks_T[:, -1] / 2 - 9_999.5)
    assert mid[0].mean() < -3 and mid[1].mean() > 3
    assert np.abs(np.concatenate(mid)).mean() < 12
