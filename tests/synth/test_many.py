"""A market's bytes depend on its number and the seed, and on nothing else."""

import jax
import numpy as np

from marsjax.synth import many
from tests.synth.zi_run import NUM_SLOTS, ZI, default_run, simulated


def assert_equal(a, b):
    jax.tree.map(np.testing.assert_array_equal, a, b)


def test_same_seed_same_bytes_on_threads_or_not():
    _, run = default_run()
    assert_equal(simulated(num_threads=1), run)
    other = simulated(seed=7)
    assert (other.messages_BT.price_ticks != run.messages_BT.price_ticks).any()


def test_a_market_alone_order_by_order_is_the_one_of_many(monkeypatch):
    params, run = default_run()
    monkeypatch.setattr(many, "PART", 1)
    size, key = (3, 9), jax.random.key(0)
    some = many.simulate_many(
        ZI, params, key, *size, num_slots=NUM_SLOTS, first_market=4, num_threads=2
    )
    expected = jax.tree.map(lambda x: x[4:7, :9], run[1:4])
    assert_equal(some[1:4], expected)
    assert some.status_B.shape == (3,)


def test_progress_reaches_the_end():
    seen = []
    params = default_run()[0]
    many.simulate_many(
        ZI,
        params,
        jax.random.key(0),
        8,
        2_000,
        num_slots=NUM_SLOTS,
        num_threads=1,
        progress_fn=lambda done, total: seen.append((done, total)),
    )
    assert seen[-1] == (16_000, 16_000)
