"""Cells of the law: they sum to one, and draws of the market fall into them so."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax import book as mbook
from marsjax.synth import zi_draw
from marsjax.synth.flow_book import touch
from marsjax.synth.menu import law_of
from marsjax.tokens import orders
from marsjax.tokens.bins import to_bins
from marsjax.tokens.observe import anchor2
from marsjax.tokens.orders import BUY, CANCEL, SELL
from marsjax.tokens.token_law import (
    Bins,
    bin_of,
    cell_rates,
    interval_log_prob,
    make_bins,
    table,
    token_scores,
)
from marsjax.types import Kind, Side
from tests.synth.law_states import state_of

both = pytest.mark.parametrize("name", ["zi", "queue"])
NUM_DRAWS = 20_000


@cache
def tokenizer():
    """With bins of several prices and sizes."""
    rng = np.random.default_rng(0)
    price2 = rng.integers(-25, 26, 5_000)
    lots = rng.geometric(0.3, 5_000)
    wait = rng.exponential(1e9 / 25, 5_000).astype(np.int64)
    return orders.fit(orders.RawOrders(price2 % 3, price2, lots, wait), lots)


@cache
def drawn(name):
    """A market's parameters, a state of it, and many next events in that state."""
    market, params, state = state_of(name)

    def next_event(key):
        if name == "zi":  # drawn without the exchange, which takes long to compile
            draw_D = tuple(zi_draw.draws(key, params))
            rates, work = zi_draw.rates_of(params), mbook.state.working(state.book)
            return zi_draw.draw_event(rates, work, state.next_id, draw_D)
        _, (message, time_s, time_ns) = market.functions.step(params, state, key)
        ns = time_ns - state.time_ns
        return message, (time_s - state.time_s) + 1e-9 * ns

    keys = jax.random.split(jax.random.key(7), NUM_DRAWS)
    events = jax.jit(lambda keys: jax.lax.map(next_event, keys, batch_size=500))(keys)
    return market, params, state, jax.tree.map(np.asarray, events)


@cache
def rates_in(name):
    """Bins, rates of the cells in that state, the anchor there and the total rate."""
    market, params, state, _ = drawn(name)
    bins = make_bins(market, params, tokenizer())

    def rates_of(params, state):
        before2 = anchor2(state.book, touch(state.book))
        menu = law_of(market).menu(params, state)
        rates = cell_rates(menu, state.book, before2, bins)
        return rates, before2, market.functions.hazard(params, state, jnp.float32(1))

    return bins, *jax.jit(rates_of)(params, state)


@cache
def all_tokens(name):
    """Scores of every token there is, ``[3 * 32 * 32 * 16, C]`` each."""
    bins, rates, *_ = rates_in(name)
    token_AC = jnp.asarray(np.indices((3, 32, 32, 16)).reshape(4, -1).T, jnp.int32)
    score = jax.jit(jax.vmap(token_scores, in_axes=(None, None, 0)))
    return tuple(np.asarray(x, np.float64) for x in score(rates, bins, token_AC))


@both
def test_all_tokens_of_a_state_sum_to_one(name):
    bins, rates, _, total = rates_in(name)
    log_prob_AC, entropy_AC = all_tokens(name)
    chance_A = np.exp(log_prob_AC.sum(axis=-1))
    assert chance_A.size == 49_152
    assert abs(chance_A.sum() - 1) < 1e-4
    # The entropy is that of the list, field by field; the rates are the market's.
    chance = chance_A.reshape(3, 32, 32, 16)
    joint = [_entropy(chance.sum(axis=axes)) for axes in ((1, 2, 3), (2, 3), 3)]
    own = [*np.diff(joint, prepend=0), _entropy(chance.sum(axis=(0, 1, 2)))]
    np.testing.assert_allclose(entropy_AC[0], own, atol=1e-4)
    cell_TPV = np.asarray(table(rates, bins), np.float64)
    np.testing.assert_allclose(cell_TPV / cell_TPV.sum(), chance.sum(-1), atol=1e-6)
    np.testing.assert_allclose(cell_TPV.sum(), total, rtol=1e-5)


def _entropy(chance: np.ndarray) -> float:
    own = chance[chance > 0]
    return float(-(own * np.log(own)).sum())


@both
def test_draws_of_the_market_fall_into_the_cells(name):
    """Many draws from one state, binned on the host."""
    *_, (message, wait_s) = drawn(name)
    bins, rates, before2, _ = rates_in(name)
    is_cancel = message.kind == Kind.CANCEL
    type_ = np.where(message.side == Side.BUY, BUY, SELL)
    type_ = np.where(is_cancel, CANCEL, type_)
    edges = tokenizer().edges
    price = to_bins(2 * message.price_ticks - int(before2), edges["price"])
    volume = to_bins(-(-message.qty // 100), edges["volume"])
    interval = to_bins(np.floor(wait_s * 1e9).astype(np.int64), edges["interval"])

    expected = np.asarray(table(rates, bins), np.float64)
    assert (np.bincount(type_, minlength=3) > 500).all()
    _agree(np.ravel_multi_index((type_, price, volume), expected.shape), expected)
    _agree(interval, np.exp(interval_log_prob(expected.sum(), bins)))


def _agree(drawn, weight):
    """Counts lie within five standard errors, and nothing impossible was drawn."""
    chance = weight.ravel() / weight.sum()
    count = np.bincount(drawn, minlength=chance.size)
    assert count[chance == 0].sum() == 0
    error = np.sqrt(NUM_DRAWS * chance * (1 - chance)) + 1
    assert (np.abs(count - NUM_DRAWS * chance) / error).max() < 5
    frequent = NUM_DRAWS * chance > 5
    z2 = (count - NUM_DRAWS * chance)[frequent] ** 2 / (NUM_DRAWS * chance[frequent])
    assert z2.sum() < frequent.sum() + 6 * np.sqrt(2 * frequent.sum())


def test_intervals_are_cut_at_whole_nanoseconds():
    """Against doubles, with bins of a nanosecond, of none, and of an hour."""
    edges = np.array([0, 1, 1, 50, 10**9, 3_600 * 10**9])
    from_ns = np.append(0, edges + 1)
    to_ns = np.append(edges + 1, np.inf)
    bins = Bins(
        *[None] * 3,
        from_I=(from_ns * 1e-9).astype(np.float32),
        width_I=((to_ns - from_ns) * 1e-9).astype(np.float32),
        lot_size=None,
    )
    rate = 20.0
    expected = np.exp(-rate * from_ns * 1e-9) - np.exp(-rate * to_ns * 1e-9)
    found = np.exp(np.asarray(interval_log_prob(jnp.float32(rate), bins), np.float64))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-12)
    assert found[2] == 0


def test_bins_are_those_of_the_tokenizer():
    bins, *_ = rates_in("zi")
    values = np.arange(-40, 41)
    found = bin_of(jnp.asarray(values, jnp.int32), bins.price_P)
    np.testing.assert_array_equal(found, to_bins(values, tokenizer().edges["price"]))
    lots = np.arange(1, 2_000)
    chance = 0.6 * 0.4 ** (lots - 1.0)
    by_bin = np.bincount(to_bins(lots, tokenizer().edges["volume"]), chance, 32)
    np.testing.assert_allclose(bins.new_V, by_bin, atol=1e-6)
    assert rates_in("queue")[0].new_V[0] == 1


def test_what_cannot_come_has_no_probability():
    log_prob_AC, entropy_AC = all_tokens("queue")
    log_prob = log_prob_AC.sum(axis=-1).reshape(3, 32, 32, 16)
    assert np.isfinite(log_prob[BUY, :, 0].max(axis=0)).all()
    for cell in ((BUY, 31), (BUY, slice(None), 5), (CANCEL, slice(None), 5)):
        assert (log_prob[cell] == -np.inf).all()
    assert np.isfinite(entropy_AC).all()
