"""A menu lists the events that `log_prob` weighs, at the same rates."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.synth.markets import find_market
from marsjax.synth.menu import law_of
from marsjax.types import Kind, Message
from tests.synth.law_states import state_of

both = pytest.mark.parametrize("name", ["zi", "queue"])


@both
def test_rates_are_those_of_the_law(name):
    market, params, state = state_of(name)
    law = law_of(market)
    menu = jax.tree.map(np.asarray, jax.jit(law.menu)(params, state))
    book = state.book
    rows, expected = [], []
    for side in range(2):
        entries = zip(menu.new_SE[side], menu.price_ticks_SE[side], strict=True)
        for i, (rate, price) in enumerate(entries):
            kind = Kind.LIMIT if i else Kind.IOC
            rows.append((kind, side, price, 100, 9_999))
            expected.append(rate)
        for slot in np.flatnonzero(menu.cancel_SN[side]):
            fields = (book.price_ticks_SN, book.qty_SN, book.order_id_SN)
            rows.append((Kind.CANCEL, side, *(x[side, slot] for x in fields)))
            expected.append(menu.cancel_SN[side, slot])
    messages = Message(*np.array(rows, np.int32).T, np.zeros(len(rows), np.int32))
    of = jax.jit(
        jax.vmap(lambda m: market.functions.log_prob(params, state, m, jnp.float32(0)))
    )
    density = np.exp(np.asarray(of(messages), np.float64))
    # What is weighed are new orders of one lot.
    one_lot = law.size_tail(params, np.array([0]))[0]
    one_lot -= law.size_tail(params, np.array([1]))[0]
    is_new = messages.kind != Kind.CANCEL
    expected = np.where(is_new, one_lot, 1.0) * np.array(expected)
    np.testing.assert_allclose(density, expected, rtol=1e-4)
    assert (~is_new).sum() == 50 and (expected > 0).all()
    total = menu.new_SE.sum() + menu.cancel_SN.sum()
    hazard = market.functions.hazard(params, state, jnp.float32(1))
    np.testing.assert_allclose(total, hazard, rtol=1e-5)


def test_sizes():
    _, params, _ = state_of("zi")
    lots = np.array([0, 1, 2, 50])
    tail = law_of(find_market("zi")).size_tail(params, lots)
    np.testing.assert_allclose(tail, (1 - np.float64(params.stop_prob)) ** lots)
    one = law_of(find_market("zi")).size_tail(replace(params, stop_prob=1.0), lots)
    np.testing.assert_array_equal(one, [1, 0, 0, 0])
    _, params, _ = state_of("queue")
    odd = replace(params, unit_qty=150)
    tail = law_of(find_market("queue")).size_tail(odd, lots)
    np.testing.assert_array_equal(tail, [1, 1, 0, 0])


def test_a_market_whose_rates_move_has_no_menu():
    with pytest.raises(InputError, match="fixed rates"):
        law_of(find_market("hawkes"))
