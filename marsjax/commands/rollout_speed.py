"""Timing the market loop, with a cache and without, from the same synthetic start."""

import dataclasses
import time
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from marsjax.lmm import OrderModel
from marsjax.lmm.recompute import RecomputedModel
from marsjax.lmm.sizes import SIZES
from marsjax.lmm.trained import TrainedModel
from marsjax.market import Record, Start, start_from_synthetic
from marsjax.market.chunk import copies, divided, num_shards, run_chunk, shared
from marsjax.synth import synthetic_tape
from marsjax.tokens import orders
from marsjax.tokens.orders import encode
from marsjax.tokens.tape import book_lots, observe_tape, tape_features
from marsjax.train.load import load


def find_trained(name: str, context: int, kv_heads: int | None) -> TrainedModel:
    """A size of `marsjax.lmm.sizes` with random weights, or a trained model.

    Args:
      name: of a size, of a shipped model, or a folder.
      context: W, in place of the model's own.
      kv_heads: of a size, in place of its own.

    Raises:
      InputError: nothing of that name, or a shape that cannot be.
    """
    if name not in SIZES:
        trained = load(name)
        config = dataclasses.replace(trained.model.config, window=context)
        return trained._replace(model=OrderModel(config))
    config = dataclasses.replace(SIZES[name], window=context)
    if kv_heads is not None:
        config = dataclasses.replace(config, num_kv_heads=kv_heads)
    model = OrderModel(config)
    tape = synthetic_tape(0, 1_000)
    seen = observe_tape(tape)
    tokenizer = orders.fit(seen.raw, book_lots(seen, tape.lot_size))
    return TrainedModel(model, jax.jit(model.init)(jax.random.key(0)), tokenizer)


class Starts(NamedTuple):
    """The same book and moment: with a full window, and with a quarter of one."""

    full: Start
    quarter: Start


def make_starts(trained: TrainedModel, seed: int, num_slots: int | None) -> Starts:
    """Starts of a market with a cache."""
    window = trained.model.config.window
    many = {"num_orders": max(window, 1_000), "num_after": 1, "num_slots": num_slots}
    return Starts(
        *(
            start_from_synthetic(trained, seed, history=history, **many)
            for history in (window, max(window // 4, 1))
        )
    )


def recomputed(start: Start, trained: TrainedModel) -> Start:
    """The same start for a model without a cache."""
    model = RecomputedModel(start.model)
    observed, tokenizer = start.observed, trained.tokenizer
    stop = int(np.searchsorted(observed.row, start.row))
    span = slice(stop - start.history, stop)
    tokens_LC = encode(tokenizer, observed.raw)[span]
    features_LF = tape_features(observed, tokenizer, start.tape.lot_size)[span]
    market = start.market.replace(cache=model.context_of(tokens_LC, features_LF))
    return start._replace(model=model, market=market)


class Timed(NamedTuple):
    """Orders of all markets, the seconds they took, records ``[T, B]`` of the first
    group, and the status bits of all markets together."""

    num_orders: int
    seconds: float
    records: Record
    status: int


class Loop(NamedTuple):
    """A compiled chunk of the market loop.

    ``run``: times chunks from a start (of the shapes it was compiled for), as many as
    take some seconds, and until each market has sent some orders.
    """

    num_markets: int
    group_size: int
    compile_s: float
    run: Callable[..., Timed]


def make_loop(
    start: Start,
    num_markets: int,
    num_steps: int,
    mesh: Mesh | None = None,
    group_size: int | None = None,
) -> Loop:
    """Compile ``num_steps`` steps of ``num_markets`` markets.

    Args:
      start: what it runs from, or something of its shapes.
      mesh: devices that share the markets, where their number divides.
      group_size: most markets that a device runs at once; groups of the largest size
        that divides the markets take turns, chunk by chunk. By default all at once.
    """
    if num_markets % num_shards(mesh):
        mesh = None
    shards = num_shards(mesh)
    most = min(group_size or num_markets, num_markets // shards)
    size = max(n for n in range(1, most + 1) if num_markets // shards % n == 0)
    num_at_once = size * shards
    ids = jnp.arange(num_markets)
    keys_B = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(0), ids)
    keys_GB = [divided(keys, mesh) for keys in keys_B.reshape(-1, num_at_once)]
    world = shared(start.world, mesh)

    def fresh(start):
        return jax.block_until_ready(copies(start.market, num_at_once, mesh))

    began = time.perf_counter()
    compiled = run_chunk.lower(
        start.model,
        world,
        fresh(start),
        keys_GB[0],
        jnp.int32(0),
        start.position,
        num_steps=num_steps,
        mesh=mesh,
    ).compile()
    compile_s = time.perf_counter() - began

    def run(start: Start, seconds: float = 0.0, num_orders: int = 1) -> Timed:
        groups, done, chunks = [fresh(start) for _ in keys_GB], 0, []
        began = time.perf_counter()
        while done < num_orders or time.perf_counter() - began < seconds:
            at = (jnp.int32(done), start.position + done)
            for g, keys in enumerate(keys_GB):
                groups[g], records = compiled(world, groups[g], keys, *at)
                jax.block_until_ready(records)
                if g == 0:
                    chunks.append(records)
            done += num_steps
        taken = time.perf_counter() - began
        bits = [np.asarray(m.status | m.book.status) for m in groups]
        return Timed(
            num_orders=num_markets * done,
            seconds=taken,
            records=jax.tree.map(lambda *xs: np.concatenate(xs), *chunks),
            status=int(np.bitwise_or.reduce(np.concatenate(bits))),
        )

    return Loop(num_markets, size, compile_s, run)


def same_orders(one: Record, other: Record) -> tuple[int, int]:
    """Orders of the first market that are the same in both, and those in both.

    Args:
      one, other: records ``[T, B]``; T may differ.
    """
    num = min(len(one.kind), len(other.kind))
    equal = [
        np.asarray(a)[:num, 0] == np.asarray(b)[:num, 0]
        for a, b in zip(one, other, strict=True)
    ]
    return int(np.all(equal, axis=0).sum()), num
