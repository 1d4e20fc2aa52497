"""Long days in constant memory, on one device or several."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.errors import InputError
from marsjax.market import rollout
from marsjax.market.chunk import copies, run_chunk

KEY = jax.random.key(7)
SHAPE = {"group_size": 4, "chunk_size": 100}


def test_records_taken_chunk_by_chunk(start):
    """What a long day streams out is what a short one keeps."""
    size = {"num_markets": 6, "num_orders": 250, **SHAPE}
    kept, parts = rollout(start, KEY, **size), []
    seen = []
    streamed = rollout(
        start,
        KEY,
        **size,
        record_fn=lambda *part: parts.append(part),
        progress_fn=lambda done, total: seen.append((done, total)),
    )
    assert [(ids.tolist(), first) for ids, first, _ in parts] == [
        (ids, first) for ids in ([0, 1, 2, 3], [4, 5]) for first in (0, 100, 200)
    ]
    assert seen == [(n, 1500) for n in (400, 800, 1000, 1200, 1400, 1500)]
    groups = [
        jax.tree.map(lambda *x: np.concatenate(x, axis=1), *(p[2] for p in parts[i:j]))
        for i, j in ((0, 3), (3, 6))
    ]
    jax.tree.map(
        np.testing.assert_array_equal,
        jax.tree.map(lambda *x: np.concatenate(x), *groups),
        kept.records,
    )
    assert kept.records.kind.shape == (6, 250)
    assert streamed.records.kind.shape == (6, 0)
    np.testing.assert_array_equal(streamed.status, kept.status)


def test_a_chunk_uses_the_memory_of_the_one_before(start):
    """The state is donated and written in place: memory does not grow with the day."""
    keys_B = jax.vmap(jax.random.fold_in, (None, 0))(KEY, jnp.arange(4))
    markets_B, live, places = copies(start.market, 4), [], []
    for chunk in range(5):
        given = markets_B
        markets_B, records = run_chunk(
            start.model,
            start.world,
            given,
            keys_B,
            jnp.int32(100 * chunk),
            start.position + 100 * chunk,
            num_steps=100,
        )
        assert all(leaf.is_deleted() for leaf in jax.tree.leaves(given))
        jax.block_until_ready(records)
        rings = (*markets_B.cache.k, *markets_B.cache.v)
        places.append({ring.unsafe_buffer_pointer() for ring in rings})
        del given, records, rings
        live.append(sum(array.nbytes for array in jax.live_arrays()))
    assert len(set(live)) == 1
    assert all(place == places[0] for place in places)


def test_more_devices_than_there_are(start):
    with pytest.raises(InputError, match="jax has 1"):
        rollout(start, KEY, num_markets=4, num_orders=1, devices=2)


@pytest.mark.slow
def test_two_devices_make_the_same_markets():
    """In a process of its own, which sees two; see ``two_devices.py``."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.market.two_devices"],
        cwd=Path(__file__).parents[2],
        env={
            **os.environ,
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.split() == ["same", "divided", "alone"]
