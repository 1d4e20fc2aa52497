"""Markets on one device and on two, in a process that has two of them."""

import re

import jax
import jax.numpy as jnp
import numpy as np

from marsjax.config import ModelConfig
from marsjax.lmm import OrderModel
from marsjax.lmm.trained import TrainedModel
from marsjax.market import rollout, start_from_synthetic
from marsjax.market.chunk import copies, divided, market_mesh, run_chunk, shared
from marsjax.synth import synthetic_tape
from marsjax.tokens import orders
from marsjax.tokens.orders import ORDERS
from marsjax.tokens.tape import book_lots, observe_tape

KEY = jax.random.key(7)


def make_start():
    """A small model with random weights on a synthetic opening."""
    config = ModelConfig(
        num_features=len(ORDERS.features),
        feature_scale=ORDERS.feature_scale,
        d_model=16,
        num_layers=2,
        num_heads=2,
        window=16,
    )
    model = OrderModel(config)
    params = jax.tree.map(lambda x: x * np.float32(1.5), model.init(jax.random.key(1)))
    tape = synthetic_tape(0, 300)
    seen = observe_tape(tape)
    tokenizer = orders.fit(seen.raw, book_lots(seen, tape.lot_size))
    return start_from_synthetic(TrainedModel(model, params, tokenizer), 3, history=32)


def main() -> None:
    """Says what held."""
    start, size = make_start(), {"num_orders": 60, "group_size": 2, "chunk_size": 25}
    one = rollout(start, KEY, num_markets=6, **size)
    two = rollout(start, KEY, num_markets=6, devices=2, **size)
    jax.tree.map(np.testing.assert_array_equal, one, two)
    assert len({tuple(row) for row in one.records.price_ticks}) == 6
    print("same")

    mesh = market_mesh(2)
    keys_B = jax.vmap(jax.random.fold_in, (None, 0))(KEY, jnp.arange(4))
    args = (
        start.model,
        shared(start.world, mesh),
        copies(start.market, 4, mesh),
        divided(keys_B, mesh),
        jnp.int32(0),
        start.position,
    )
    ring = args[2].cache.k[0]
    assert {s.data.shape[0] for s in ring.addressable_shards} == {2}
    assert {s.device for s in ring.addressable_shards} == set(jax.devices())
    print("divided")

    text = run_chunk.lower(*args, num_steps=25, mesh=mesh).compile().as_text()
    assert not re.search("all-reduce|all-gather|all-to-all|collective-permute", text)
    print("alone")


if __name__ == "__main__":
    main()
