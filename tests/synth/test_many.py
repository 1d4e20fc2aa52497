"""A market's bytes depend on its number and the seed, and on nothing else."""

import jax
import numpy as np

from marsjax.synth.many import burnt
from tests.synth.zi_run import (
    NUM_MARKETS,
    NUM_ORDERS,
    default_run,
    jitted_step,
    opening,
    simulated,
)


def assert_equal(a, b):
    jax.tree.map(np.testing.assert_array_equal, a, b)


def test_same_seed_same_bytes_and_another_seed_others():
    _, run = default_run()
    seen = []
    again = simulated(progress_fn=lambda *x: seen.append(x))
    assert_equal(again, run)
    assert seen[-1] == (NUM_MARKETS * NUM_ORDERS,) * 2
    other = simulated(seed=7)
    assert (other.messages_BT.price_ticks != run.messages_BT.price_ticks).any()


def test_a_market_alone_order_by_order_is_the_one_of_many_on_threads_in_parts():
    """Market 4, past the end of the first part."""
    params, run = default_run()
    size = (2 * NUM_MARKETS - 1, 2 * NUM_ORDERS)
    many = simulated(size=size, num_threads=2, first_market=4)
    assert many.messages_BT.kind.shape == size and many.status_B.shape == size[:1]
    half = jax.tree.map(lambda x: x[: NUM_MARKETS - 4, :NUM_ORDERS], many[1:4])
    assert_equal(half, jax.tree.map(lambda x: x[4:], run[1:4]))
    state, key = opening(), jax.random.fold_in(jax.random.key(0), 4)
    for t in range(NUM_ORDERS + 9):
        state, out = jitted_step()(params, state, jax.random.fold_in(key, t))
        if t % 100 < 9 or t >= NUM_ORDERS:
            assert_equal(out, jax.tree.map(lambda x, t=t: x[0, t], many[1:4]))


def test_a_burn_in_leaves_out_whole_parts():
    """What is left goes on from the book after them, its time from theirs."""
    whole = simulated(size=(NUM_MARKETS, 2 * NUM_ORDERS))
    later = simulated(burn_in=NUM_ORDERS)
    assert burnt(NUM_ORDERS) == NUM_ORDERS and burnt(0) == 0 and burnt(4_097) == 4_098
    assert_equal(
        later.messages_BT, jax.tree.map(lambda x: x[:, NUM_ORDERS:], whole.messages_BT)
    )
    s_B1, ns_B1 = (x[:, NUM_ORDERS - 1, None] for x in whole[2:4])
    s_BT, ns_BT = (x[:, NUM_ORDERS:] for x in whole[2:4])
    gap_BT = (s_BT - s_B1).astype(np.int64) * 10**9 + ns_BT - ns_B1
    assert_equal((later.time_s_BT, later.time_ns_BT), np.divmod(gap_BT, 10**9))
    assert len({len(one.seeds_T.kind) for one in later.openings}) > 1
    assert all(one.rest.keys() == {"last_price_ticks"} for one in later.openings)
