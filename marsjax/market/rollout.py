"""Many markets: groups of fixed size through one compiled chunk of steps.

Markets are run in groups that share one compiled program, whatever their number, and
market i draws from ``fold_in(key, i)``. A market's integers therefore do not depend on
how many others run beside it. On several devices each runs groups of that size, with
the program that one device would run. On a CPU a group that fits the cache is also
faster than one big batch; on an accelerator make it as large as memory allows.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from marsjax.market.chunk import (
    copies,
    divided,
    market_mesh,
    num_shards,
    run_chunk,
    shared,
)
from marsjax.market.quotes import spread_and_mid
from marsjax.market.start import Start
from marsjax.market.state import Record
from marsjax.types import Array

GROUP_SIZE = 16


class Rollout(NamedTuple):
    """What a rollout did; numpy, B markets and T steps.

    ``records``: each ``[B, T]``. ``status``: ``[B]`` sticky bits of market and book.
    ``market_ids``: ``[B]``.
    """

    records: Record
    status: np.ndarray
    market_ids: np.ndarray

    @property
    def mid_ticks(self) -> np.ndarray:
        """Mid after each order, ``[B, T]``; NaN where the book was one-sided."""
        return spread_and_mid(self.records.bid_ticks, self.records.ask_ticks)[1]


RecordFn = Callable[[np.ndarray, int, Record], None]


def rollout(
    start: Start,
    key: Array,
    *,
    num_markets: int | None = None,
    num_orders: int,
    market_ids: np.ndarray | None = None,
    group_size: int = GROUP_SIZE,
    chunk_size: int = 250,
    devices: int | Mesh | None = None,
    progress_fn: Callable[[int, int], None] | None = None,
    record_fn: RecordFn | None = None,
) -> Rollout:
    """Run markets from one start.

    Args:
      start: see `marsjax.market.start`.
      key: typed key of the whole rollout.
      num_markets: how many; or name them by ``market_ids``.
      num_orders: steps of each market; memory on the device does not grow with it.
      market_ids: which markets; market i is the same whoever runs beside it.
      group_size: markets a device runs at once; part of what fixes the floats'
        rounding.
      chunk_size: steps a device call.
      devices: over how many to divide the markets, or a mesh; integers do not depend
        on it. By default the one that jax takes.
      progress_fn: called with orders done and orders in all.
      record_fn: takes what happened chunk by chunk instead of the result, whose records
        are then empty, so that memory on the host does not grow either: called with
        market ids ``[B]``, the number of the first step and records ``[B, T]``.

    Raises:
      InputError: more devices than there are.
    """
    if market_ids is None:
        if num_markets is None:
            raise ValueError("give num_markets or market_ids")
        market_ids = np.arange(num_markets)
    ids = np.asarray(market_ids, np.int32)
    if not len(ids) or num_orders < 1:
        raise ValueError("a rollout needs at least one market and one order")
    mesh = market_mesh(devices)
    start = start._replace(world=shared(start.world, mesh))
    size = group_size * num_shards(mesh)
    chunk_size = min(chunk_size, num_orders)
    total = num_orders * len(ids)

    groups, status = [], np.zeros(len(ids), np.uint32)
    for first in range(0, len(ids), size):
        group, chunks = ids[first : first + size], []
        padded = np.concatenate([group, np.repeat(group[-1:], size - len(group))])
        keys = jax.vmap(jax.random.fold_in, (None, 0))(key, jnp.asarray(padded))
        running = _chunks(start, keys, num_orders, chunk_size, mesh, len(group))
        for done, records, bits in running:
            status[first : first + size] = bits
            if record_fn is None:
                chunks.append(records)
            else:
                record_fn(group, done, records)
                chunks = [jax.tree.map(lambda x: x[:, :0], records)]
            if progress_fn is not None:
                steps = done + records.kind.shape[1]
                progress_fn(first * num_orders + len(group) * steps, total)
        groups.append(jax.tree.map(lambda *xs: np.concatenate(xs, axis=1), *chunks))
    return Rollout(
        records=jax.tree.map(lambda *xs: np.concatenate(xs), *groups),
        status=status,
        market_ids=ids,
    )


def _chunks(
    start: Start,
    keys_B: Array,
    num_orders: int,
    chunk_size: int,
    mesh: Mesh | None,
    num_real: int,
) -> Iterator[tuple[int, Record, np.ndarray]]:
    """Runs a group; yields of its first ``num_real`` markets the number of a chunk's
    first step, the records ``[B, T]`` and the status bits ``[B]`` after it."""

    def on_host(done, records, bits):
        steps = min(chunk_size, num_orders - done)
        records = jax.tree.map(lambda x: np.asarray(x)[:steps, :num_real].T, records)
        return done, records, np.asarray(bits)[:num_real]

    markets_B, waiting = copies(start.market, len(keys_B), mesh), None
    keys_B = divided(keys_B, mesh)
    for done in range(0, num_orders, chunk_size):
        markets_B, records = run_chunk(
            start.model,
            start.world,
            markets_B,
            keys_B,
            jnp.int32(done),
            start.position + done,
            num_steps=chunk_size,
            mesh=mesh,
        )
        # The device goes on while the host takes the chunk before.
        if waiting is not None:
            yield on_host(*waiting)
        waiting = (done, records, markets_B.status | markets_B.book.status)
    yield on_host(*waiting)
