"""The ring is written in place inside a loop over a batch of markets."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from marsjax.config import ModelConfig
from marsjax.lmm import OrderModel
from marsjax.lmm.cache import seen_slots, slot_of


def test_slots_seen_are_the_last_orders_written():
    window = 5
    for position in range(12):
        slot = slot_of(jnp.int32(position), window)
        length = min(position + 1, window)
        seen = np.flatnonzero(seen_slots(slot, length, window))
        last = {p % window for p in range(max(0, position - window + 1), position + 1)}
        assert set(seen) == last


@pytest.mark.parametrize(("batch", "kv_heads"), [((3,), 2), ((3,), 1), ((), 1)])
def test_the_loop_over_steps_copies_no_ring(batch, kv_heads):
    """Many markets or one without an axis for it, many heads or one."""
    config = ModelConfig(
        d_model=32, num_layers=2, num_heads=2, num_kv_heads=kv_heads, window=64
    )
    model = OrderModel(config)
    step_fn = model.decode_step
    if batch:
        step_fn = jax.vmap(step_fn, in_axes=(None, 0, None, 0, 0))

    def rollout(params, cache, tokens, features):
        def step(carry, position):
            hidden, cache = step_fn(params, carry, position, tokens, features)
            return cache, hidden

        return jax.lax.scan(step, cache, jnp.arange(100))

    params = jax.eval_shape(model.init, jax.random.key(0))
    cache = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct((*batch, *x.shape), x.dtype), model.init_cache()
    )
    tokens = jax.ShapeDtypeStruct((*batch, 4), jnp.int32)
    features = jax.ShapeDtypeStruct((*batch, 16), jnp.int16)
    compiled = jax.jit(rollout).lower(params, cache, tokens, features).compile()
    body = compiled.as_text().split("ENTRY")[0]  # the entry may copy its arguments
    heads = (kv_heads,) if kv_heads > 1 else ()
    for row in ((16, 64), (64, 16)):  # keys, values
        ring = re.escape(f"f32[{','.join(map(str, (*batch, *heads, *row)))}]")
        assert re.search(rf"= {ring}.*dynamic-update-slice", body)
        assert not re.search(rf"= {ring}\S* (copy|transpose)\(", body)
